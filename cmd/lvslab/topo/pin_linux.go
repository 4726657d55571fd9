package topo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// Where namespaces are pinned: the first is iproute2's, the others its likeness.
const (
	netPins     = "/run/netns"
	mountPins   = "/run/mntns"
	processPins = "/run/pidns"
)

// preparePins makes the directories mount points. Pins of mount namespaces must
// not propagate, or the kernel refuses them; those of networks are shared between
// mount namespaces, as iproute2 has it.
func preparePins() error {
	for dir, propagation := range map[string]uintptr{netPins: unix.MS_SHARED, mountPins: unix.MS_PRIVATE, processPins: unix.MS_PRIVATE} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make pin directory: %w", err)
		}
		err := unix.Mount("", dir, "", propagation|unix.MS_REC, "")
		if errors.Is(err, unix.EINVAL) { // not a mount point yet
			if err := unix.Mount(dir, dir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
				return fmt.Errorf("make pin directory: %w", err)
			}
			err = unix.Mount("", dir, "", propagation|unix.MS_REC, "")
		}
		if err != nil {
			return fmt.Errorf("make pin directory %s: %w", dir, err)
		}
	}
	return nil
}

// pin keeps the namespace that link names alive under path, in place of what an
// earlier run may have left there, and opens it.
func pin(link, path string) (*os.File, error) {
	if err := unpin(path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDONLY, 0o444)
	if err != nil {
		return nil, fmt.Errorf("pin namespace: %w", err)
	}
	f.Close()
	if err := unix.Mount(link, path, "", unix.MS_BIND, ""); err != nil {
		return nil, fmt.Errorf("pin namespace at %s: %w", path, err)
	}
	return os.Open(path)
}

// unpin lets go of the namespace at path.
func unpin(path string) error {
	for {
		err := unix.Unmount(path, unix.MNT_DETACH)
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
			break
		}
		if err != nil {
			return fmt.Errorf("unpin %s: %w", path, err)
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("unpin %s: %w", path, err)
	}
	return nil
}

// newNetwork makes a network namespace and pins it under name.
func newNetwork(name string) (f *os.File, err error) {
	err = onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make network namespace: %w", err)
		}
		f, err = pin("/proc/thread-self/ns/net", filepath.Join(netPins, name))
		return err
	})
	return f, err
}

// init keeps the process's first thread with the main goroutine. That thread
// cannot end, and what /proc/self and other processes see of this one is what it
// sees: it must never visit a host.
func init() { runtime.LockOSThread() }

// onThread runs f on a thread that ends afterwards, whatever f did to it.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := errors.New("ended early")
		defer func() { done <- err }()
		err = f()
	}()
	return <-done
}
