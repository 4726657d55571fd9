package topo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// Do runs f on a thread inside the host's network namespace: sockets that f
// opens are the host's, and /proc/sys/net shows the host's parameters. Files are
// the machine's; see Inside. A goroutine that f starts is elsewhere again.
func (h *Host) Do(f func()) {
	h.net.t.Helper()
	leave, err := enterNetwork(h.network)
	h.net.must(err)
	defer leave()
	f()
}

// Inside runs f on a thread inside the host's network and mount namespaces, at
// the root directory. It suits code that reads or writes the host's files; a
// relative path or a goroutine that f starts is elsewhere again.
func (h *Host) Inside(f func()) {
	h.net.t.Helper()
	completed, entered := false, error(nil)
	var thrown any
	onThread(func() error {
		if entered = h.enter(); entered != nil {
			return entered
		}
		defer func() { thrown = recover() }()
		f()
		completed = true
		return nil
	})
	h.net.must(entered)
	if thrown != nil {
		panic(thrown)
	}
	if !completed {
		runtime.Goexit() // f ended its test
	}
}

// Enter returns the words to put before a command line to have it run in the
// host: what an operator would type.
func (h *Host) Enter() []string {
	return []string{"nsenter", "--net=" + filepath.Join(netPins, h.Name),
		"--mount=" + filepath.Join(mountPins, h.Name), "--"}
}

// enter moves the calling thread into the host for good.
func (h *Host) enter() error {
	if err := unix.Setns(int(h.network.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network of %s: %w", h.Name, err)
	}
	if err := unix.Unshare(unix.CLONE_FS); err != nil { // a shared root directory cannot change
		return fmt.Errorf("enter mounts of %s: %w", h.Name, err)
	}
	if err := unix.Setns(int(h.mounts.Fd()), unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("enter mounts of %s: %w", h.Name, err)
	}
	return nil
}

// enterNetwork moves the calling goroutine's thread into a network until leave.
// A thread that cannot be brought back stays locked and ends with its goroutine.
func enterNetwork(ns *os.File) (leave func(), err error) {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("remember network: %w", err)
	}
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return nil, errors.Join(fmt.Errorf("enter network %s: %w", ns.Name(), err), home.Close())
	}
	return func() {
		if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		home.Close()
	}, nil
}

// inNetwork runs f inside a network.
func inNetwork(ns *os.File, f func() error) error {
	leave, err := enterNetwork(ns)
	if err != nil {
		return err
	}
	defer leave()
	return f()
}
