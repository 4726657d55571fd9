package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// drain is how long is waited for the output of a program that has ended, and whose
// children may hold it.
const drain = time.Second

// execute runs a program as it stands, without a shell and without input. It must exit 0.
// It has a process group of its own, which ends with the context as a whole.
func execute(ctx context.Context, argv []string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	kill := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = kill
	cmd.WaitDelay = drain
	var said tail
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) { // it passed, and left others behind that hold its output
		_ = kill()
		return nil
	}
	if err != nil && len(said.text) > 0 {
		return fmt.Errorf("%w: %s", err, said.String())
	}
	return err
}

// A tail keeps the end of what is written to it.
type tail struct{ text []byte }

const tailSize = 512 // bytes

// Write implements [io.Writer].
func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p[max(0, len(p)-tailSize):]...)
	t.text = t.text[max(0, len(t.text)-tailSize):]
	return len(p), nil
}

// String is the tail in one line.
func (t *tail) String() string {
	return string(bytes.Join(bytes.FieldsFunc(t.text, func(r rune) bool { return r == '\n' }), []byte("; ")))
}
