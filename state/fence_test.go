package state

import (
	"errors"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// A host takes no apply of who had a shared lock before somebody that it has seen, whatever
// became of the applies and of the log in between.
func TestFence(t *testing.T) {
	dir := t.TempDir()
	var s *Store
	reopen := func() {
		if s != nil {
			s.Close()
		}
		var err error
		if s, err = Open(dir); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
	}
	start := func(id, lock string, token int64) error {
		apply := resource.Apply{ID: id, Hosts: []string{"lb1"}}
		if token > 0 {
			apply.Fence = &resource.Fence{Lock: lock, Token: token}
		}
		return s.Start(apply, 1)
	}
	claim := resource.Step{StepRef: resource.StepRef{Host: "lb1", Name: "a"}, Changes: []resource.Change{{Action: resource.Create, After: resource.Sysctl{Name: "x", Value: "1"}}}}
	all := func(int) bool { return true }
	reopen()
	if err := errors.Join(start("A", "l", 10), s.Begin(claim), s.Finish(claim, all), s.End(resource.Applied, "")); err != nil {
		t.Fatal(err)
	}
	refused := func(when string) {
		t.Helper()
		err := start("stale", "l", 19)
		if err == nil || !strings.Contains(err.Error(), "another run has got the shared lock since, and has been here (l, its number is 20 and ours 19)") {
			t.Errorf("%s: %v", when, err)
		}
	}
	if err := start("B", "l", 20); err != nil {
		t.Fatal(err)
	}
	refused("while it is under way")
	reopen()
	refused("after it was cut off")
	if err := start("B", "l", 20); err != nil {
		t.Errorf("itself: %v", err)
	}
	if err := s.End(resource.Reverted, "it was not begun"); err != nil { // A is the last one again
		t.Fatal(err)
	}
	refused("after it was taken back")
	reopen()
	refused("after it was taken back, read again")
	if err := errors.Join(start("C", "", 0), s.End(resource.Kept, "")); err != nil {
		t.Errorf("without a lock: %v", err)
	}
	refused("after one without a shared lock")
	if err := s.compact(); err != nil {
		t.Fatal(err)
	}
	reopen()
	refused("in a log that was written anew")
	if err := errors.Join(start("D", "another", 5), start("E", "l", 21)); err != nil {
		t.Errorf("later: %v", err)
	}
}
