package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// lockEnv makes the test binary take the lock in the directory that it names, say so,
// and wait to be killed.
const lockEnv = "LVSCTL_TEST_HOLD_LOCK"

func TestMain(m *testing.M) {
	dir := os.Getenv(lockEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	if _, err := Acquire(context.Background(), dir, somebody, 0); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("held")
	time.Sleep(time.Minute)
}

var (
	somebody = Holder{Who: "root@ci-1", Since: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), Command: "lvsctl apply", PID: 4711}
	bg       = context.Background()
)

func acquire(t *testing.T, dir string, who Holder) *Lock {
	t.Helper()
	l, err := Acquire(bg, dir, who, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Unlock() })
	return l
}

// inspect demands what Inspect says; nil is not held.
func inspect(t *testing.T, dir string, want *Holder) {
	t.Helper()
	got, held, err := Inspect(dir)
	if err != nil || held != (want != nil) {
		t.Fatalf("inspect: held %v, %v", held, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("holder (-want +got):\n%s", diff)
	}
}

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run", "lvsctl")
	inspect(t, dir, nil)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Inspect created %s: %v", dir, err)
	}
	l := acquire(t, dir, somebody)
	inspect(t, dir, &somebody)
	_, err := Acquire(bg, dir, Holder{}, 0)
	var held *HeldError
	if !errors.As(err, &held) || held.Holder != somebody {
		t.Fatalf("second: %v", err)
	}
	if want := "locked by root@ci-1 since 2026-01-02 15:04:05 UTC (pid 4711: lvsctl apply)"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if err := errors.Join(l.Unlock(), l.Unlock()); err != nil {
		t.Error(err)
	}
	inspect(t, dir, nil)
	acquire(t, dir, Holder{Who: "me"})
	h, _, err := Inspect(dir)
	if err != nil || h.Who != "me" || h.PID != os.Getpid() || time.Since(h.Since) > time.Minute {
		t.Errorf("filled in: %v, %v", h, err)
	}
	for name, mode := range map[string]fs.FileMode{dir: fs.ModeDir | 0o700, filepath.Join(dir, lockFile): 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestHolderUnknown(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir, somebody)
	if err := l.file.Load().Truncate(0); err != nil {
		t.Fatal(err)
	}
	_, err := Acquire(bg, dir, Holder{}, 0)
	if want := "locked by another process"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWait(t *testing.T) {
	dir := t.TempDir()
	l := acquire(t, dir, somebody)
	time.AfterFunc(100*time.Millisecond, func() { l.Unlock() })
	second, err := Acquire(bg, dir, Holder{}, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Unlock()
	start := time.Now()
	var held *HeldError
	if _, err := Acquire(bg, dir, Holder{}, 200*time.Millisecond); !errors.As(err, &held) || time.Since(start) < 200*time.Millisecond {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
	ctx, cancel := context.WithTimeout(bg, 100*time.Millisecond)
	defer cancel()
	if _, err := Acquire(ctx, dir, Holder{}, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a deadline: %v", err)
	}
}

// HoldLock starts a process that takes the lock in dir, as somebody, and returns when it has it.
func HoldLock(t *testing.T, dir string) *os.Process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), lockEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	buf := make([]byte, 100)
	if n, err := out.Read(buf); err != nil || strings.TrimSpace(string(buf[:n])) != "held" {
		t.Fatalf("child: %q, %v", buf[:n], err)
	}
	return cmd.Process
}

// TestOneAtATime has many goroutines want the lock while others look at it, and its
// file be removed whenever nobody holds it.
func TestOneAtATime(t *testing.T) {
	dir := t.TempDir()
	var holders, turns atomic.Int32
	stop := make(chan struct{})
	var looking, working sync.WaitGroup
	looking.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				if _, _, err := Inspect(dir); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for range 8 {
		working.Go(func() {
			for range 10 {
				l, err := Acquire(bg, dir, Holder{}, time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d holders at once", n)
				}
				holders.Add(-1)
				if turns.Add(1)%3 == 0 { // which lets others in
					os.Remove(filepath.Join(dir, lockFile))
				}
				l.Unlock()
			}
		})
	}
	working.Wait()
	close(stop)
	looking.Wait()
	if turns.Load() != 80 {
		t.Errorf("%d turns, want 80", turns.Load())
	}
}

func TestLockErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(bg, path, Holder{}, 0); err == nil || !strings.HasPrefix(err.Error(), "lock: ") {
		t.Errorf("a file for a directory: %v", err)
	}
	if _, _, err := Inspect(path); err == nil || !strings.HasPrefix(err.Error(), "inspect lock: ") {
		t.Errorf("a file for a directory: %v", err)
	}
}
