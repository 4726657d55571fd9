package provider

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// errToolTimeout is what a program that did not end in time fails with.
var errToolTimeout = errors.New("did not end in time")

// A tool is a program of another package that does a part of our work.
type tool struct {
	name    string
	pkg     string // the Debian package that it is in
	timeout time.Duration
}

// path finds the program. An agent's PATH may lack the directories of administrators.
func (t tool) path() (string, error) {
	if path, err := exec.LookPath(t.name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, t.name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not installed: Debian has it in the package %s", t.name, t.pkg)
}

// run runs the program to its end and returns what it prints. If it fails the error says
// that in its words. What has not ended after the timeout is killed with all that it has
// started. A daemon that it leaves behind holds nothing up.
func (t tool) run(args ...string) (string, error) {
	path, err := t.path()
	if err != nil {
		return "", err
	}
	fd, err := unix.MemfdCreate("output", unix.MFD_CLOEXEC)
	if err != nil {
		return "", fmt.Errorf("make a place for what %s prints: %w", t.name, err)
	}
	out := os.NewFile(uintptr(fd), "output")
	defer out.Close()
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	err = t.wait(cmd)
	text := t.words(out)
	var exit *exec.ExitError
	switch {
	case errors.Is(err, errToolTimeout):
		return text, fmt.Errorf("%s %w: it was given %s", t.name, err, t.timeout)
	case errors.As(err, &exit) && text != "":
		return text, fmt.Errorf("%s: %s", t.name, text)
	case err != nil:
		return text, fmt.Errorf("%s: %w", t.name, err)
	}
	return text, nil
}

// wait runs cmd until it ends, or for as long as it may take.
func (t tool) wait(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	ended, result := make(chan struct{}), error(nil)
	go func() {
		result = cmd.Wait()
		close(ended)
	}()
	expired := time.NewTimer(t.timeout)
	defer expired.Stop()
	select {
	case <-ended:
		return result
	case <-expired.C:
	}
	if err := unix.Kill(-cmd.Process.Pid, unix.SIGKILL); err != nil {
		return fmt.Errorf("%w, and cannot be killed: %w", errToolTimeout, err)
	}
	select {
	case <-ended:
		return errToolTimeout
	case <-time.After(5 * time.Second): // the kernel does not let go of it
		return fmt.Errorf("%w, and does not die", errToolTimeout)
	}
}

// words is what a program printed, in one line and without its own name.
func (t tool) words(out io.ReaderAt) string {
	text, err := io.ReadAll(io.NewSectionReader(out, 0, 1<<16))
	if err != nil {
		return ""
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		line = strings.TrimPrefix(line, t.name+": ")
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
