package state

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// past is what a journal has to lead back to.
type past struct {
	claims *resource.ByKey[resource.Claim]
	live   resource.Set
	steps  map[string][]resource.Edge
}

func (w *world) present() past {
	l := w.store.Ledger()
	return past{l.Claims, w.live.Clone(), l.Steps}
}

// start begins an apply, after which there is no other past.
func (w *world) start(id string) error {
	before, last := w.present(), w.store.Journal()
	err := w.store.Start(resource.Apply{ID: id}, 10)
	if err != nil { // it may have reached the disk all the same
		w.recover()
	}
	if j := w.store.Journal(); j != nil && (last == nil || last.Ended()) && j.Apply.ID == id {
		w.past = before
	}
	return err
}

// leadsBack demands that the journal says of every object how it was when the apply began.
func (w *world) leadsBack() {
	w.t.Helper()
	j := w.store.Journal()
	if j == nil || j.Ending == resource.Reverted {
		return
	}
	now := w.store.Ledger()
	for id := range worldObjects {
		key := object(id, 0).Key()
		claim, held := w.past.claims.Find(key)
		was, touched := j.Was.Find(key)
		switch {
		case !touched && (w.live.Get(key) != w.past.live.Get(key) || now.Claims.Get(key) != claim):
			w.t.Fatalf("step %d: nothing is known of %s, which was %v and is %v", w.steps, key, w.past.live.Get(key), w.live.Get(key))
		case touched && was.Claimed != held, held && touched && (was.Claim != claim || was.Live != w.past.live.Get(key)):
			w.t.Fatalf("step %d: of %s the journal says %+v, it was %v with claim %v", w.steps, key, was, w.past.live.Get(key), claim)
		case touched && held:
			if diff := cmp.Diff(w.past.steps[claim.Step], j.Steps[claim.Step]); diff != "" {
				w.t.Fatalf("step %d: edges of %q (-want +got):\n%s", w.steps, claim.Step, diff)
			}
		}
	}
}

// Applies that succeed, fail and are cut off: the journal leads back to where the first
// one began that was not ended.
func TestJournalLeadsBack(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 8
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, seed)
			for n := range 40 {
				w.disk.failNext(0, false)
				if w.rnd.IntN(3) == 0 {
					w.disk.failNext(1+w.rnd.IntN(15), true)
				}
				if err := w.oneApply(fmt.Sprint("apply ", n)); err != nil {
					if !errors.Is(err, errCrash) && !errors.Is(err, syscall.ENOSPC) {
						t.Fatal(err)
					}
					w.recover()
				}
				w.leadsBack()
			}
		})
	}
}

// oneApply is an apply of some steps, which may be left without an end.
func (w *world) oneApply(id string) error {
	if err := w.start(id); err != nil {
		return err
	}
	for range 1 + w.rnd.IntN(4) {
		st := w.nextStep()
		st.After = []resource.Edge{{Step: resource.StepRef{Host: "h", Name: fmt.Sprint("some ", w.rnd.IntN(3))}, Why: "for the test"}}
		if err := w.run(st); err != nil {
			return err
		}
		w.leadsBack()
	}
	if w.rnd.IntN(3) == 0 {
		return nil // somebody pulled the plug
	}
	if err := w.store.End(resource.Applied, ""); err != nil {
		return err
	}
	w.leadsBack()
	return nil
}

// What a log is written anew with says the same of the journal.
func TestJournalIsWrittenAnew(t *testing.T) {
	for _, ended := range []bool{false, true} {
		dir := t.TempDir()
		s := open(t, dir)
		s.SetBoot("boot-1")
		carryOut(t, s, step("a", change(resource.Create, nil, object(0, 1)), change(resource.Create, nil, object(1, 1))))
		if err := s.Start(resource.Apply{ID: "one", Who: "me@here", Command: "lvsctl apply", Overrides: []string{"capacity"}}, 3); err != nil {
			t.Fatal(err)
		}
		other := step("a", change(resource.Update, object(0, 1), object(0, 2)), change(resource.Delete, object(1, 1), nil), change(resource.Create, nil, object(2, 1)))
		other.After = nil
		carryOut(t, s, other)
		if ended {
			if err := s.End(resource.Applied, "for the test"); err != nil {
				t.Fatal(err)
			}
		}
		want := s.Journal()
		if err := s.compact(); err != nil {
			t.Fatal(err)
		}
		again := open(t, dir)
		again.SetBoot("boot-1")
		if diff := cmp.Diff(want, again.Journal(), cmp.Comparer(func(a, b resource.Resource) bool { return a == b }), cmp.Comparer(func(a, b resource.Key) bool { return a == b }), resourcetest.AsMaps); diff != "" {
			t.Errorf("ended %v (-want +got):\n%s", ended, diff)
		}
		if !want.Began || want.Was.Len() != 3 || want.Was.Get(object(2, 1).Key()).Claimed || want.Was.Get(object(1, 1).Key()).Live == nil || len(want.Steps["a"]) != 1 {
			t.Errorf("journal %+v", want)
		}
	}
}

// What is imported was there, and not ours: its journal says so, as its claim does not.
func TestImported(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.Start(resource.Apply{ID: "one", Imports: true}, 2); err != nil {
		t.Fatal(err)
	}
	obj, adopted := object(0, 1), object(1, 1)
	imported := change(resource.Adopt, obj, obj)
	imported.Claim = &resource.Claim{Want: obj, Step: "a"}
	carryOut(t, s, step("a", imported, change(resource.Adopt, adopted, adopted)))
	for _, s := range []*Store{s, open(t, dir)} {
		j := s.Journal()
		if was := j.Was.Get(obj.Key()); was.Claimed || was.Live != obj || !j.Began {
			t.Errorf("imported: %+v", was)
		}
		if was := j.Was.Get(adopted.Key()); was.Claimed || was.Live != nil {
			t.Errorf("adopted: %+v", was)
		}
		if claim := s.Ledger().Claims.Get(obj.Key()); claim.Prior != nil || claim.Want != obj {
			t.Errorf("claim %+v", claim)
		}
	}
}

// An apply that was taken back leaves nothing to undo, and says why.
func TestReverted(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	carryOut(t, s, step("a", change(resource.Create, nil, object(0, 1))))
	before := s.Ledger()
	if err := s.Start(resource.Apply{ID: "one"}, 3); err != nil {
		t.Fatal(err)
	}
	carryOut(t, s, step("b", change(resource.Update, object(0, 1), object(0, 2))))
	was := s.Journal().Was.Get(object(0, 1).Key())
	if err := s.Start(resource.Apply{ID: "one", Reverts: true}, 3); err != nil {
		t.Fatal(err)
	}
	back := change(resource.Update, object(0, 2), was.Live)
	back.Claim = &was.Claim
	undo := step(was.Claim.Step, back)
	undo.After = s.Journal().Steps[was.Claim.Step]
	carryOut(t, s, undo)
	if err := s.End(resource.Reverted, "nobody confirmed it"); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir).Ledger()
	if l.Last == nil || l.Last.Ending != resource.Reverted || l.Last.Note != "nobody confirmed it" || l.Last.Touched != 0 {
		t.Errorf("last %+v", l.Last)
	}
	l.Last = nil
	equal(t, l, before)
}

// An apply that leaves nothing leaves no file, but not before it has ended.
func TestLastApply(t *testing.T) {
	dir := t.TempDir() + "/lvsctl"
	s := open(t, dir)
	for _, id := range []string{"one", "two"} {
		ending := resource.Applied
		if err := s.Start(resource.Apply{ID: id}, 1); err != nil {
			t.Fatal(err)
		}
		if id == "one" {
			carryOut(t, s, step("a", change(resource.Create, nil, object(0, 1))))
		} else {
			carryOut(t, s, step("a", change(resource.Delete, object(0, 1), nil)))
			ending = resource.Destroyed
		}
		if j := open(t, dir).Journal(); j == nil || j.Ended() || j.Was.Len() != 1 {
			t.Errorf("%s: journal %+v", id, j)
		}
		if err := s.End(ending, ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", dir, err)
	}
	if err := s.End(resource.Applied, ""); err == nil {
		t.Error("an apply ended twice")
	}
}

// An apply that is taken back before it did anything leaves the one before to be undone,
// also where that has taken away all there was.
func TestNotBegun(t *testing.T) {
	one, two := object(0, 1), object(1, 1)
	make2 := step("a", change(resource.Create, nil, one), change(resource.Create, nil, two))
	for name, last := range map[string]resource.Step{
		"something is left": step("a", change(resource.Delete, two, nil)),
		"nothing is left":   step("a", change(resource.Delete, one, nil), change(resource.Delete, two, nil)),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir() + "/lvsctl"
			s := open(t, dir)
			apply := func(id string, ending resource.Ending, steps ...resource.Step) {
				t.Helper()
				if err := s.Start(resource.Apply{ID: id}, 2); err != nil {
					t.Fatal(err)
				}
				for _, st := range steps {
					carryOut(t, s, st)
				}
				if err := s.End(ending, ""); err != nil {
					t.Fatal(err)
				}
			}
			apply("one", resource.Applied, make2)
			apply("two", resource.Applied, last)
			want := s.Journal()
			apply("three", resource.Reverted)
			for name, got := range map[string]*resource.Journal{"at once": s.Journal(), "read again": open(t, dir).Journal()} {
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s: got %+v, want %+v", name, got, want)
				}
			}
		})
	}
}

// A host that a kept apply did not get to remembers it all the same: it can only be undone
// if all of its hosts do. Undone, it leaves no file.
func TestKeptBeforeFirstStep(t *testing.T) {
	dir := t.TempDir() + "/lvsctl"
	s := open(t, dir)
	if err := s.Start(resource.Apply{ID: "one"}, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.End(resource.Kept, "cut off"); err != nil {
		t.Fatal(err)
	}
	if j := open(t, dir).Journal(); j == nil || j.Apply.ID != "one" || j.Ending != resource.Kept {
		t.Errorf("journal %+v", j)
	}
	if err := s.Start(resource.Apply{ID: "one", Reverts: true}, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.End(resource.Reverted, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", dir, err)
	}
}

// A disk that has no room left stops an apply before its first change.
func TestNoRoomForApply(t *testing.T) {
	d := newFaultyDisk(t)
	s, err := openStore(d, t.TempDir()+"/lvsctl")
	if err != nil {
		t.Fatal(err)
	}
	d.reserve = syscall.ENOSPC
	if err := s.Start(resource.Apply{ID: "one"}, 1000); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
}
