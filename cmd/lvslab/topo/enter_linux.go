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
// relative path or a goroutine that f starts is elsewhere again. Where there is
// systemd, /proc shows its processes, of which the thread is none: there is no
// /proc/self.
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
	words := []string{"nsenter", "--net=" + filepath.Join(netPins, h.Name), "--mount=" + filepath.Join(mountPins, h.Name)}
	if h.systemd != nil {
		words = append(words, "--pid="+filepath.Join(processPins, h.Name))
	}
	return append(words, "--")
}

// enter moves the calling thread into the host for good. A process namespace can only
// be entered by the processes that it starts.
func (h *Host) enter() error {
	if h.systemd != nil && h.systemd.processes != nil {
		if err := unix.Setns(int(h.systemd.processes.Fd()), unix.CLONE_NEWPID); err != nil {
			return fmt.Errorf("enter processes of %s: %w", h.Name, err)
		}
	}
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
