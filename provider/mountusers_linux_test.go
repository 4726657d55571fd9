package provider

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// userOf starts a process that does something with a directory and then waits. Its number
// is returned when it has done so.
func userOf(t *testing.T, dir, script string) int {
	t.Helper()
	cmd := exec.Command("sh", "-c", script+"; echo; read line")
	cmd.Dir = dir
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

// Who uses something is named with what they use, up to five of them.
func TestBusyError(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "in use")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	beside := dir + "-beside"
	if err := os.Mkdir(beside, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := busyError(dir).Error(); !strings.Contains(got, "by no process that can be seen") {
		t.Errorf("nobody: %s", got)
	}
	userOf(t, beside, "true")
	opened := userOf(t, "/", "exec 3<'"+file+"'")
	in := userOf(t, dir, "true")
	got := busyError(dir).Error()
	for _, want := range []string{fmt.Sprintf("sh (pid %d) has %s open", opened, file), fmt.Sprintf("sh (pid %d) is in %s", in, dir)} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	for range 5 {
		userOf(t, dir, "true")
	}
	if got := busyError(dir).Error(); strings.Count(got, "(pid ") != 5 || !strings.HasSuffix(got, ", and 2 more") {
		t.Errorf("seven of them: %s", got)
	}
}
