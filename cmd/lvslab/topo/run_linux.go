package topo

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
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
	stdin, stdout, stderr, err := standardFiles(input)
	if err != nil {
		return "", fmt.Errorf("run %s: %w", name, err)
	}
	defer closeAll(stdin, stdout, stderr)
	cmd := exec.Command(name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	err = h.StartCmd(cmd)
	if err == nil {
		expiry := time.AfterFunc(runLimit, func() { cmd.Process.Kill() })
		err = cmd.Wait()
		expiry.Stop()
	}
	if err == nil {
		return content(stdout), nil
	}
	code := -1
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	}
	return content(stdout), &CommandError{h.Name, cmd.Args, code, content(stdout), content(stderr), err}
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
