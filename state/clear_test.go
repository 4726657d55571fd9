package state

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// leave makes a directory with files as somebody left them.
func leave(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "lvsctl")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestClear(t *testing.T) {
	const name = `{"who":"root@ci-1","since":"2026-01-02T15:04:05Z","command":"lvsctl apply","pid":4711}` + "\n"
	const named = "the name of root@ci-1 since 2026-01-02 15:04:05 UTC (pid 4711: lvsctl apply), who ended without giving the lock back"
	const fresh = "ledger.new, which was never finished"
	const empty = "DIR, which had nothing in it"
	tests := []struct {
		name  string
		files map[string]string
		want  []string
		left  []string // nil: not even the directory
	}{
		{"nothing", nil, []string{empty}, nil},
		{"a lock of nobody", map[string]string{"lock": ""}, []string{empty}, nil},
		{"a lock", map[string]string{"lock": name}, []string{named, empty}, nil},
		{"a lock that says nothing of use", map[string]string{"lock": "{"}, []string{empty}, nil},
		{"a ledger", map[string]string{"ledger": "x", "ledger.bak": "y", "lock": ""}, nil, []string{"ledger", "ledger.bak", "lock"}},
		{"a ledger and a lock", map[string]string{"ledger": "x", "lock": name}, []string{named}, []string{"ledger", "lock"}},
		{"a ledger being written", map[string]string{"ledger": "x", "ledger.new": "z"}, []string{fresh}, []string{"ledger", "lock"}},
		{"the first ledger being written", map[string]string{"ledger.new": "z", "lock": name}, []string{named, fresh, empty}, nil},
		{"something of others", map[string]string{"notes": "x", "lock": name}, []string{named, "lock, which locks no ledger"}, []string{"notes"}},
	}
	for _, test := range tests {
		dir := leave(t, test.files)
		got, err := Clear(bg, dir)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		for i := range got {
			got[i] = strings.Replace(got[i], dir, "DIR", 1)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: removed (-want +got):\n%s", test.name, diff)
		}
		if diff := cmp.Diff(test.left, names(t, dir)); diff != "" {
			t.Errorf("%s: left (-want +got):\n%s", test.name, diff)
		}
		inspect(t, dir, nil)
		if again, err := Clear(bg, dir); err != nil || len(again) > 0 {
			t.Errorf("%s: again: %v, %v", test.name, again, err)
		}
	}
}

// names lists the files in a directory, nil if it is not there.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	list := []string{}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// The lock of somebody who lives is not touched, and goes with its holder.
func TestClearHeld(t *testing.T) {
	dir := leave(t, nil)
	l := acquire(t, dir, somebody)
	var held *HeldError
	if removed, err := Clear(bg, dir); !errors.As(err, &held) || held.Holder != somebody || len(removed) > 0 {
		t.Fatalf("got %v, %v", removed, err)
	}
	inspect(t, dir, &somebody)
	if err := l.Unlock(); err != nil {
		t.Fatal(err)
	}
	if _, err := Clear(bg, dir); err != nil {
		t.Error(err)
	}
}

// A holder that was killed leaves its name and no lock.
func TestClearKilled(t *testing.T) {
	dir := leave(t, nil)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), lockEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if n, err := out.Read(make([]byte, 16)); n == 0 {
		t.Fatal(err)
	}
	inspect(t, dir, &somebody)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	removed, err := Clear(bg, dir)
	if err != nil || len(removed) != 2 || !strings.Contains(removed[0], "root@ci-1") {
		t.Errorf("got %v, %v", removed, err)
	}
	if left := names(t, dir); left != nil {
		t.Errorf("left %v", left)
	}
}
