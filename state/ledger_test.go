package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// object is state v of the test object number id; the kinds take turns.
func object(id, v int) resource.Resource {
	vip := resource.AddrService(resource.TCP, netip.AddrFrom4([4]byte{192, 0, 2, 1}), uint16(80+id/5))
	switch id % 5 {
	case 0:
		return resource.Sysctl{Name: fmt.Sprintf("net.ipv4.conf.eth%d.arp_ignore", id), Value: fmt.Sprint(v)}
	case 1:
		return resource.Service{ServiceKey: vip, Scheduler: fmt.Sprintf("s%d", v), Netmask: 0xffffffff}
	case 2:
		return resource.Destination{Service: vip, Addr: netip.AddrFrom4([4]byte{192, 0, 2, byte(id)}), Port: 80, Weight: uint32(v)}
	case 3:
		return resource.Address{Link: "lo", Prefix: netip.MustParsePrefix(fmt.Sprintf("2001:db8::%x/128", id)), Label: fmt.Sprint(v)}
	default:
		return resource.Route{Table: 254, Prefix: netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/16", id)), Link: fmt.Sprint("eth", v)}
	}
}

// step is a step with one edge and the given changes.
func step(name string, changes ...resource.Change) resource.Step {
	return resource.Step{
		StepRef: resource.StepRef{Host: "lb1", Name: name},
		After:   []resource.Edge{{Step: resource.StepRef{Host: "lb1", Name: "before " + name}, Why: "for the test"}},
		Changes: changes,
	}
}

func change(a resource.Action, before, after resource.Resource) resource.Change {
	return resource.Change{Action: a, Before: before, After: after}
}

func all(int) bool  { return true }
func none(int) bool { return false }

// open opens the ledger in dir and closes it with the test.
func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// carryOut begins and finishes a step that succeeds.
func carryOut(t testing.TB, s *Store, st resource.Step) {
	t.Helper()
	if err := s.Begin(st); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(st, all); err != nil {
		t.Fatal(err)
	}
}

// text is a ledger as JSON, to compare and to print.
func text(t testing.TB, l resource.Ledger) string {
	t.Helper()
	data, err := json.MarshalIndent(l, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// equal demands that two ledgers say the same.
func equal(t testing.TB, got, want resource.Ledger) {
	t.Helper()
	if diff := cmp.Diff(text(t, want), text(t, got)); diff != "" {
		t.Fatalf("ledger (-want +got):\n%s", diff)
	}
}

// claimed writes the claims in short: want<prior@step.
func claimed(l resource.Ledger) string {
	var out []string
	for _, c := range l.Sorted() {
		prior := "nothing"
		if c.Prior != nil {
			prior = c.Prior.String()
		}
		out = append(out, fmt.Sprintf("%s < %s @ %s", c.Want, prior, c.Step))
	}
	return strings.Join(out, "\n")
}

func TestStep(t *testing.T) {
	a := func(v int) resource.Resource { return resource.Sysctl{Name: "a", Value: fmt.Sprint(v)} }
	keeper := step("keeper", change(resource.Create, nil, resource.Module{Name: "k"}))
	ours := step("old", change(resource.Update, a(1), a(2)))
	made := step("old", change(resource.Create, nil, a(2)))
	onNewLink := change(resource.Create, nil, a(5))
	onNewLink.Reason = resource.WithItsLink
	tests := []struct {
		name                    string
		before                  []resource.Step
		change                  resource.Change
		begun, done, notInstead string
	}{
		{"create", nil, change(resource.Create, nil, a(5)), "a = 5 < nothing @ new", "a = 5 < nothing @ new", ""},
		{"update somebody else's", nil, change(resource.Update, a(1), a(5)), "a = 5 < a = 1 @ new", "a = 5 < a = 1 @ new", ""},
		{"adopt somebody else's", nil, change(resource.Adopt, a(5), a(5)), "a = 5 < a = 5 @ new", "a = 5 < a = 5 @ new", ""},
		{"update ours", []resource.Step{ours}, change(resource.Update, a(2), a(5)), "a = 5 < a = 1 @ new", "a = 5 < a = 1 @ new", "a = 2 < a = 1 @ old"},
		{"replace ours", []resource.Step{made}, change(resource.Replace, a(3), a(5)), "a = 5 < nothing @ new", "a = 5 < nothing @ new", "a = 2 < nothing @ old"},
		{"create ours again", []resource.Step{ours}, change(resource.Create, nil, a(5)), "a = 5 < a = 1 @ new", "a = 5 < a = 1 @ new", "a = 2 < a = 1 @ old"},
		{"ours on an interface that is made anew", []resource.Step{ours}, onNewLink, "a = 5 < nothing @ new", "a = 5 < nothing @ new", "a = 2 < a = 1 @ old"},
		{"delete ours", []resource.Step{made}, change(resource.Delete, a(2), nil), "a = 2 < nothing @ old", "", "a = 2 < nothing @ old"},
		{"restore", []resource.Step{ours}, change(resource.Restore, a(2), a(1)), "a = 2 < a = 1 @ old", "", "a = 2 < a = 1 @ old"},
		{"forget", []resource.Step{ours}, change(resource.Forget, a(1), nil), "a = 2 < a = 1 @ old", "", "a = 2 < a = 1 @ old"},
		{"delete somebody else's", nil, change(resource.Delete, a(1), nil), "", "", ""},
	}
	for _, tt := range tests {
		for _, done := range []bool{true, false} {
			t.Run(fmt.Sprint(tt.name, " done=", done), func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "lvsctl")
				s := open(t, dir)
				for _, st := range append([]resource.Step{keeper}, tt.before...) {
					carryOut(t, s, st)
				}
				st := step("new", tt.change)
				if err := s.Begin(st); err != nil {
					t.Fatal(err)
				}
				check := func(when, want string) {
					t.Helper()
					want = strings.TrimPrefix("k < nothing @ keeper\n"+want, "\n")
					for _, l := range []resource.Ledger{s.Ledger(), open(t, dir).Ledger()} {
						if diff := cmp.Diff(strings.TrimSpace(want), claimed(l)); diff != "" {
							t.Errorf("%s (-want +got):\n%s", when, diff)
						}
					}
				}
				check("after begin", tt.begun)
				if err := s.Finish(st, func(int) bool { return done }); err != nil {
					t.Fatal(err)
				}
				want := tt.notInstead
				if done {
					want = tt.done
				}
				check("after finish", want)
			})
		}
	}
}

func TestNothingLeft(t *testing.T) {
	tests := []struct {
		name string
		run  func(t *testing.T, s *Store, dir string)
	}{
		{"opened only", func(*testing.T, *Store, string) {}},
		{"empty step", func(t *testing.T, s *Store, _ string) { carryOut(t, s, step("empty")) }},
		{"change that failed", func(t *testing.T, s *Store, _ string) {
			st := step("a", change(resource.Create, nil, object(1, 1)))
			if err := errors.Join(s.Begin(st), s.Finish(st, none)); err != nil {
				t.Fatal(err)
			}
		}},
		{"last claim released", func(t *testing.T, s *Store, dir string) {
			s.minimum = 0
			for v := range 20 {
				carryOut(t, s, step("a", change(resource.Update, object(1, v), object(1, v+1))))
			}
			for _, name := range []string{ledgerFile, backupFile} {
				if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
					t.Error(err)
				}
			}
			carryOut(t, s, step("b", change(resource.Forget, object(1, 20), nil)))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "var", "lvsctl")
			s := open(t, dir)
			tt.run(t, s, dir)
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is there: %v", dir, err)
			}
			equal(t, s.Ledger(), open(t, dir).Ledger())
			carryOut(t, s, step("again", change(resource.Create, nil, object(2, 1))))
			if got := open(t, dir).Ledger().Claims.Len(); got != 1 {
				t.Errorf("%d claims after starting over, want 1", got)
			}
		})
	}
}

func TestModes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := filepath.Join(t.TempDir(), "lvsctl")
	s := open(t, dir)
	s.minimum = 0
	for v := range 20 {
		carryOut(t, s, step("a", change(resource.Update, object(0, v), object(0, v+1))))
	}
	want := map[string]os.FileMode{"": os.ModeDir | 0o700, ledgerFile: 0o600, backupFile: 0o600}
	for name, mode := range want {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != mode {
			t.Errorf("%s: mode %v, want %v", info.Name(), info.Mode(), mode)
		}
	}
}

func TestStaysBesideOthers(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	carryOut(t, s, step("a", change(resource.Create, nil, object(0, 1))))
	carryOut(t, s, step("a", change(resource.Delete, object(0, 1), nil)))
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "other" {
		t.Errorf("left %v, %v; want other alone", entries, err)
	}
}

func TestStepsAndBoot(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	s.SetBoot("boot-1")
	carryOut(t, s, step("a", change(resource.Create, nil, object(0, 1))))
	carryOut(t, s, step("b", change(resource.Create, nil, object(1, 1)), change(resource.Create, nil, object(2, 1))))
	reversed := step("b", change(resource.Delete, object(1, 1), nil))
	reversed.After = nil
	carryOut(t, s, reversed)
	want := map[string][]resource.Edge{"a": step("a").After, "b": step("b").After}
	for _, l := range []resource.Ledger{s.Ledger(), open(t, dir).Ledger()} {
		if diff := cmp.Diff(want, l.Steps); diff != "" {
			t.Errorf("steps (-want +got):\n%s", diff)
		}
		if l.BootID != "boot-1" {
			t.Errorf("boot %q", l.BootID)
		}
	}
	carryOut(t, s, step("c", change(resource.Delete, object(2, 1), nil)))
	delete(want, "b")
	if diff := cmp.Diff(want, open(t, dir).Ledger().Steps); diff != "" {
		t.Errorf("steps after b was given up (-want +got):\n%s", diff)
	}
}

func TestRefused(t *testing.T) {
	a := step("a", change(resource.Create, nil, object(0, 1)))
	tests := []struct {
		name string
		run  func(s *Store) error
		want string
	}{
		{"no object", func(s *Store) error { return s.Begin(step("a", resource.Change{Action: resource.Create})) },
			`record step "a": change 0 is about no object`},
		{"no state", func(s *Store) error { return s.Begin(step("a", change(resource.Update, object(0, 1), nil))) },
			`record step "a": update sysctl net.ipv4.conf.eth0.arp_ignore: no state to reach`},
		{"not UTF-8", func(s *Store) error {
			return s.Begin(step("a", change(resource.Create, nil, resource.Sysctl{Name: "\xff"})))
		}, `record step "a": a name is not valid UTF-8 and would not be found again:  claim {"want":{"kind":"sysctl","state":{"name":"\ufffd","value":""}},"step":"a"}`},
		{"finish first", func(s *Store) error { return s.Finish(a, all) }, `record the end of step "a": it was not begun`},
		{"finish another", func(s *Store) error { s.Begin(a); return s.Finish(step("b"), all) }, `record the end of step "b": it was not begun`},
		{"begin two", func(s *Store) error { s.Begin(a); return s.Begin(step("b")) }, `record step "b": step "a" is not finished yet`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.run(open(t, t.TempDir()))
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestChangedUnderfoot(t *testing.T) {
	st := step("b", change(resource.Create, nil, object(9, 1)))
	for _, before := range []int{0, 1} {
		t.Run(fmt.Sprint(before, " claims"), func(t *testing.T) {
			dir := t.TempDir()
			if before > 0 {
				carryOut(t, open(t, dir), step("a", change(resource.Create, nil, object(0, 1))))
			}
			one, two := open(t, dir), open(t, dir)
			carryOut(t, one, st)
			if err := two.Begin(st); !errors.Is(err, errChanged) {
				t.Errorf("begin: %v", err)
			}
			equal(t, open(t, dir).Ledger(), one.Ledger())
		})
	}
}

// TestFaults lets every single operation on the disk fail once, in turn.
func TestFaults(t *testing.T) {
	run := func(t *testing.T, failAt int, err error) (ops int) {
		disk := newFaultyDisk(t)
		disk.err = err
		dir := filepath.Join(t.TempDir(), "lvsctl")
		s, openErr := openStore(disk, dir)
		if openErr != nil {
			t.Fatal(openErr)
		}
		defer s.Close()
		s.minimum = 0
		disk.failNext(failAt, false)
		try := func(call func() error) {
			before := s.Ledger()
			err := call()
			if err == nil {
				return
			}
			equal(t, s.Ledger(), before)
			if onDisk := open(t, dir).Ledger(); onDisk.Claims.Len() < before.Claims.Len() {
				t.Fatalf("claims lost after %v:\n%s", err, claimed(onDisk))
			}
			if err := call(); err != nil {
				t.Fatalf("once more: %v", err)
			}
		}
		for v := range 12 {
			st := step("a", change(resource.Update, object(0, v), object(0, v+1)))
			try(func() error { return s.Begin(st) })
			try(func() error { return s.Finish(st, all) })
		}
		equal(t, open(t, dir).Ledger(), s.Ledger())
		end := step("z", change(resource.Delete, object(0, 12), nil))
		try(func() error { return s.Begin(end) })
		if err := s.Finish(end, all); err != nil {
			if err := s.Finish(end, all); err != nil {
				t.Fatalf("remove once more: %v", err)
			}
		}
		if got := open(t, dir).Ledger(); got.Claims.Len() != 0 {
			t.Fatalf("left: %s", claimed(got))
		}
		return disk.ops
	}
	ops := run(t, 0, nil)
	for _, err := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EIO} {
		for i := 1; i <= ops; i++ {
			t.Run(fmt.Sprint(err, " at ", i), func(t *testing.T) {
				t.Parallel()
				run(t, i, err)
			})
		}
	}
}

// TestFullDisk is about a disk that stays full: it shows before anything is changed.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	disk := newFaultyDisk(t)
	s, err := openStore(disk, dir)
	if err != nil {
		t.Fatal(err)
	}
	a, b := step("a", change(resource.Create, nil, object(0, 1))), step("b", change(resource.Delete, object(0, 1), nil))
	disk.failNext(1, true)
	if err := s.Begin(a); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("begin: %v", err)
	}
	disk.failNext(0, false)
	carryOut(t, s, a)
	disk.failNext(1, true)
	if err := s.Begin(b); !errors.Is(err, syscall.ENOSPC) || err.Error() != `record step "b": no space left on device` {
		t.Fatalf("begin of a removal: %v", err)
	}
	if got := open(t, dir).Ledger(); claimed(got) != claimed(s.Ledger()) {
		t.Errorf("claims after: %s", claimed(got))
	}
}

func TestCompactionFails(t *testing.T) {
	dir := t.TempDir()
	disk := newFaultyDisk(t)
	s, err := openStore(disk, dir)
	if err != nil {
		t.Fatal(err)
	}
	carryOut(t, s, step("a", change(resource.Create, nil, object(0, 1))))
	s.minimum = 0
	for range 3 {
		st := step("a", change(resource.Update, object(0, 1), object(0, 2)))
		if err := s.Begin(st); err != nil {
			t.Fatal(err)
		}
		disk.failNext(3, true) // after Finish's own write and fsync
		if err := s.Finish(st, all); err != nil {
			t.Fatal(err)
		}
		disk.failNext(0, false)
	}
	want := []string{filepath.Join(dir, ledgerFile) + " could not be written anew and goes on growing: " +
		"open " + filepath.Join(dir, freshFile) + ": no space left on device"}
	if diff := cmp.Diff(want, s.Notices()); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	equal(t, open(t, dir).Ledger(), s.Ledger())
}

func TestReadersDuringAppends(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	s.minimum = 100
	carryOut(t, s, step("fixed", change(resource.Create, nil, object(0, 1))))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				r, err := Open(dir)
				if err != nil {
					t.Error(err)
					return
				}
				if _, there := r.Ledger().Claims.Find(object(0, 1).Key()); !there || len(r.Notices()) > 0 {
					t.Errorf("claim there: %v, notices %v", there, r.Notices())
					return
				}
			}
		})
	}
	for v := range 30 {
		var changes []resource.Change
		for id := 1; id < 200; id++ {
			changes = append(changes, change(resource.Update, object(id, v), object(id, v+1)))
		}
		carryOut(t, s, step("moving", changes...))
	}
	close(stop)
	wg.Wait()
}
