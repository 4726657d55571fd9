package topo

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Process is a command that runs in the background.
type Process struct {
	cmd   *exec.Cmd
	out   *os.File
	ended chan struct{}
	err   error
}

// Start starts a command in the host. It is killed when the test ends, if it has
// not ended by then.
func (h *Host) Start(name string, args ...string) *Process {
	h.net.t.Helper()
	out, err := memoryFile("output")
	if err != nil {
		h.net.t.Fatalf("%s: start %s: %v", h.Name, name, err)
	}
	h.net.t.Cleanup(func() { out.Close() })
	p := &Process{cmd: exec.Command(name, args...), out: out, ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := h.StartCmd(p.cmd); err != nil {
		h.net.t.Fatalf("%s: start %s: %v", h.Name, name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	h.net.t.Cleanup(func() { p.Signal(unix.SIGKILL); p.Wait() })
	return p
}

// Signal sends a signal to the process; one that has ended gets none.
func (p *Process) Signal(sig unix.Signal) {
	select {
	case <-p.ended:
	default:
		p.cmd.Process.Signal(sig)
	}
}

// Wait waits until the process has ended and returns how.
func (p *Process) Wait() error {
	<-p.ended
	return p.err
}

// Output returns what the process has printed so far, on both streams.
func (p *Process) Output() string { return content(p.out) }

// killAll ends the processes whose network is ns, daemons included.
func killAll(ns *os.File) error {
	var want, got unix.Stat_t
	if err := unix.Fstat(int(ns.Fd()), &want); err != nil {
		return fmt.Errorf("find processes: %w", err)
	}
	links, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		return err
	}
	for _, link := range links {
		pid, err := strconv.Atoi(strings.Split(link, "/")[2])
		if err != nil || pid == os.Getpid() || unix.Stat(link, &got) != nil {
			continue
		}
		if got.Ino == want.Ino && got.Dev == want.Dev {
			unix.Kill(pid, unix.SIGKILL)
		}
	}
	return nil
}
