package topo

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// runLimit is how long Run lets a command take.
const runLimit = time.Minute

// CommandError is a command that failed in a host.
type CommandError struct {
	Host   string
	Args   []string
	Code   int // exit code, -1 if a signal ended it or it did not start
	Stdout string
	Stderr string
	Err    error
}

func (e *CommandError) Error() string {
	text := fmt.Sprintf("%s: %s: %v", e.Host, strings.Join(e.Args, " "), e.Err)
	for _, out := range []string{e.Stdout, e.Stderr} {
		if out = strings.TrimSpace(out); out != "" {
			text += "\n" + out
		}
	}
	return text
}

func (e *CommandError) Unwrap() error { return e.Err }

// Run runs a command in the host and returns its standard output. The test ends
// if the command fails.
func (h *Host) Run(name string, args ...string) string {
	h.net.t.Helper()
	out, err := h.RunErr(name, args...)
	if err != nil {
		h.net.t.Fatal(err)
	}
	return out
}

// RunErr runs a command in the host and returns its standard output; a failure
// is a *CommandError.
func (h *Host) RunErr(name string, args ...string) (string, error) {
	return h.RunInput("", name, args...)
}

// RunInput is RunErr with something to read for the command.
func (h *Host) RunInput(input, name string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	cmd.WaitDelay = time.Second // a daemon it leaves behind may hold on to its output
	err := h.StartCmd(cmd)
	if err == nil {
		expiry := time.AfterFunc(runLimit, func() { cmd.Process.Kill() })
		err = cmd.Wait()
		expiry.Stop()
	}
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return stdout.String(), nil
	}
	code := -1
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	}
	return stdout.String(), &CommandError{h.Name, cmd.Args, code, stdout.String(), stderr.String(), err}
}

// StartCmd starts cmd in the host's namespaces. Its directory is the test's
// unless cmd says otherwise.
func (h *Host) StartCmd(cmd *exec.Cmd) error {
	if cmd.Dir == "" {
		dir, err := os.Getwd()
		if err != nil {
			return fmt.Errorf("find working directory: %w", err)
		}
		cmd.Dir = dir
	}
	return onThread(func() error {
		if err := h.enter(); err != nil {
			return err
		}
		return cmd.Start()
	})
}

// Process is a command that runs in the background.
type Process struct {
	cmd   *exec.Cmd
	out   output
	ended chan struct{}
	err   error
}

// Start starts a command in the host. It is killed when the test ends, if it has
// not ended by then.
func (h *Host) Start(name string, args ...string) *Process {
	h.net.t.Helper()
	p := &Process{cmd: exec.Command(name, args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.cmd.WaitDelay = time.Second
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
func (p *Process) Output() string { return p.out.String() }

// output is a buffer that may be read while it is written.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(data)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

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
