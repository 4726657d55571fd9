package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// labDir is where the command under test is built.
var labDir string

// buildLab builds the command under test and has it prepare the machine, once.
var buildLab = sync.OnceValues(func() (string, error) {
	path := filepath.Join(labDir, "lvslab")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	if out, err := exec.Command(path, "setup").CombinedOutput(); err != nil {
		return "", fmt.Errorf("setup: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	var err error
	if labDir, err = os.MkdirTemp("", "lvslab-test"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(labDir)
	return m.Run()
}

// labCommand returns a command that runs in a guest.
func labCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	switch {
	case os.Getenv("LVSLAB") != "":
		t.Skip("this is the guest")
	case os.Geteuid() != 0:
		t.Skip("needs root")
	case testing.Short():
		t.Skip("boots guests")
	}
	path, err := buildLab()
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command(path, append([]string{"run"}, args...)...)
}

// result is how a command ended.
type result struct {
	stdout, stderr string
	code           int
}

func finish(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// TestRunPassesThrough looks at everything that a program and its caller share.
func TestRunPassesThrough(t *testing.T) {
	dir := t.TempDir()
	writable := filepath.Join(dir, "writable")
	if err := os.Mkdir(writable, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "file"), "from the machine")
	script := `
printf 'out\r\n\0end'
printf 'err' >&2
cat file > writable/copy
echo lost > lost
echo $WORD $LVSLAB "$1" $(pwd) $(id -u) > writable/facts
ipvsadm -Sn > writable/ipvs && ip link > writable/links
cat > writable/stdin
exit 7`
	cmd := labCommand(t, "--writable", writable, "sh", "-c", script, "sh", "an argument")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "WORD=word", "PWD="+dir)
	input := strings.Repeat("0123456789abcde\n", 1<<14)
	cmd.Stdin = strings.NewReader(input)
	got := finish(t, cmd)
	if want := (result{"out\r\n\x00end", "err", 7}); got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	for name, want := range map[string]string{
		"writable/copy":  "from the machine",
		"writable/facts": "word 1 an argument " + dir + " 0\n",
		"writable/ipvs":  "",
		"writable/stdin": input,
		"lost":           "",
	} {
		if got := read(t, filepath.Join(dir, name)); got != want {
			t.Errorf("%s: got %.100q, want %.100q", name, got, want)
		}
	}
	if links := read(t, filepath.Join(writable, "links")); strings.Count(links, "\n") != 2 {
		t.Errorf("the guest has more links than the loopback:\n%s", links)
	}
}

// TestRunSideBySide has two guests that know nothing of each other. Each moves
// more output than fits into any buffer, dies by a signal, and leaves a process.
func TestRunSideBySide(t *testing.T) {
	var both sync.WaitGroup
	for i := range 2 {
		cmd := labCommand(t, "sh", "-c", fmt.Sprintf(`
echo %d > /tmp/lvslab-side; sleep 1000 &
head -c 3000000 /dev/zero; cat /tmp/lvslab-side >&2; kill -TERM $$`, i))
		both.Go(func() {
			got := finish(t, cmd)
			if len(got.stdout) != 3000000 || got.stderr != fmt.Sprintf("%d\n", i) || got.code != 143 {
				t.Errorf("guest %d: %d bytes, %q, code %d", i, len(got.stdout), got.stderr, got.code)
			}
		})
	}
	both.Wait()
	if _, err := os.Stat("/tmp/lvslab-side"); err == nil {
		t.Error("the machine sees a guest's file")
	}
}

func TestRunTimeout(t *testing.T) {
	got := finish(t, labCommand(t, "--timeout", "15s", "sh", "-c",
		"trap '' QUIT; echo '<3>the last words' > /dev/kmsg; sleep 1000"))
	if got.code != exitTimeout || !strings.Contains(got.stderr, "did not end within 15s") ||
		!strings.Contains(got.stderr, "the last words") {
		t.Errorf("got %+v", got)
	}
}

func TestRunPanic(t *testing.T) {
	got := finish(t, labCommand(t, "sh", "-c", "echo c > /proc/sysrq-trigger; sleep 1000"))
	if got.code != exitTrouble || !strings.Contains(got.stderr, "Kernel panic") {
		t.Errorf("got %+v", got)
	}
}

func TestRunNotFound(t *testing.T) {
	got := finish(t, labCommand(t, "/nonesuch/program"))
	if got.code != 127 || !strings.Contains(got.stderr, "/nonesuch/program") {
		t.Errorf("got %+v", got)
	}
}

// TestRunInterrupted ends the runner by a signal it can catch and by one it
// cannot; the emulator goes with it.
func TestRunInterrupted(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		cmd := labCommand(t, "sh", "-c", "echo started; sleep 1000")
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := stdout.Read(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		emulator := childOf(t, cmd.Process.Pid)
		start := time.Now()
		cmd.Process.Signal(sig)
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); sig == syscall.SIGTERM && code != 143 {
			t.Errorf("exit code %d, want 143", code)
		}
		for deadline := start.Add(10 * time.Second); alive(emulator); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%v: the emulator lives on", sig)
			}
		}
	}
}

// childOf finds the one child of a process.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	out, err := exec.Command("pgrep", "-P", fmt.Sprint(pid)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Sscan(string(out), &child); err != nil {
		t.Fatalf("children %q: %v", out, err)
	}
	return child
}

// alive tells whether a process runs; a zombie does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}
