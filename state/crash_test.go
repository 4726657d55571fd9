package state

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// world is a host with objects on it, some from before lvsctl, and the ledger on its
// disk. It is given random configs and crashes, and checks after each of them what the
// ledger is for: that whatever is not as it was before lvsctl is claimed, with the
// state to go back to.
type world struct {
	t     *testing.T
	rnd   *rand.Rand
	dir   string
	disk  *faultyDisk
	store *Store
	base  resource.Set // what stood there before
	live  resource.Set
	steps int
	past  past // where the journal has to lead back to
}

const worldObjects = 24

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), dir: filepath.Join(t.TempDir(), "lvsctl"), base: resource.NewSet()}
	for id := range worldObjects {
		if w.rnd.IntN(3) == 0 {
			w.base.Add(object(id, w.rnd.IntN(3)))
		}
	}
	w.live = w.base.Clone()
	w.disk = newFaultyDisk(t)
	w.disk.part = func(n int) int { return w.rnd.IntN(n + 1) }
	w.open()
	return w
}

func (w *world) open() {
	w.t.Helper()
	s, err := openStore(w.disk, w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	s.minimum = 40
	w.store = s
	w.check()
}

// check demands that the ledger knows every object that we changed.
func (w *world) check() {
	w.t.Helper()
	l := w.store.Ledger()
	for id := range worldObjects {
		key := object(id, 0).Key()
		claim, held := l.Claims.Find(key)
		if !held && w.live.Get(key) != w.base.Get(key) {
			w.t.Fatalf("step %d: %v was %v and is not claimed", w.steps, w.live.Get(key), w.base.Get(key))
		}
		if held && claim.Prior != w.base.Get(key) {
			w.t.Fatalf("step %d: %s claimed with prior %v, was %v", w.steps, key, claim.Prior, w.base.Get(key))
		}
		if _, known := l.Steps[claim.Step]; held && !known {
			w.t.Fatalf("step %d: step %q of %s is not known", w.steps, claim.Step, key)
		}
	}
}

// plan is the change that brings one object to what is wanted, nil for not to be ours.
func (w *world) plan(key resource.Key, want resource.Resource) (resource.Change, bool) {
	claim, held := w.store.Ledger().Claims.Find(key)
	have := w.live.Get(key)
	switch {
	case want != nil && have == nil:
		return change(resource.Create, nil, want), true
	case want != nil && have == want:
		return change(resource.Adopt, want, want), !held || claim.Want != want
	case want != nil:
		return change(resource.Update, have, want), true
	case !held:
		return resource.Change{}, false
	case have == claim.Prior:
		return change(resource.Forget, claim.Want, have), true
	case claim.Prior == nil:
		return change(resource.Delete, have, nil), true
	default:
		return change(resource.Restore, have, claim.Prior), true
	}
}

// nextStep wants something new of a few objects.
func (w *world) nextStep() resource.Step {
	w.steps++
	var changes []resource.Change
	for _, id := range w.rnd.Perm(worldObjects)[:1+w.rnd.IntN(8)] {
		var want resource.Resource
		if w.rnd.IntN(3) > 0 {
			want = object(id, w.rnd.IntN(4))
		}
		if c, needed := w.plan(object(id, 0).Key(), want); needed {
			changes = append(changes, c)
		}
	}
	return step(fmt.Sprint("step ", w.rnd.IntN(6)), changes...)
}

var errCrash = errors.New("crash")

// run carries a step out, unless the disk fails or the host does.
func (w *world) run(st resource.Step) error {
	if err := w.store.Begin(st); err != nil {
		return err
	}
	w.check()
	done := make(map[int]bool)
	for i, c := range st.Changes {
		switch w.rnd.IntN(60) {
		case 0:
			return errCrash
		case 1:
			continue // this change fails
		}
		done[i] = true
		if w.live.Delete(c.Key()); c.Action == resource.Forget {
			w.live.Put(c.Key(), w.base.Get(c.Key()))
		} else if c.After != nil {
			w.live.Add(c.After)
		}
		if w.live.Get(c.Key()) == nil {
			w.live.Delete(c.Key())
		}
	}
	return w.store.Finish(st, func(i int) bool { return done[i] })
}

// recover is what happens after a crash: the disk loses what it may, and the ledger
// is opened again.
func (w *world) recover() {
	w.t.Helper()
	w.store.Close()
	w.disk.failNext(0, false)
	w.disk.crash(w.dir, w.rnd)
	w.open()
}

func TestCrashes(t *testing.T) {
	groups, seeds := uint64(8), uint64(12)
	if testing.Short() {
		seeds = 2
	}
	for group := range groups {
		t.Run(fmt.Sprint("group ", group), func(t *testing.T) {
			t.Parallel()
			for i := range seeds {
				seed := group*seeds + i
				t.Log("seed", seed)
				newWorld(t, seed).live60()
			}
		})
	}
}

// live60 lets a world see sixty steps, with faults and crashes among them, and its end.
func (w *world) live60() {
	for range 60 {
		w.disk.failNext(0, false)
		if w.rnd.IntN(3) == 0 {
			w.disk.failNext(1+w.rnd.IntN(12), true)
		}
		err := w.run(w.nextStep())
		switch {
		case err != nil:
			if !errors.Is(err, errCrash) && !errors.Is(err, syscall.ENOSPC) {
				w.t.Fatal(err)
			}
			w.recover()
		case w.rnd.IntN(8) == 0:
			w.recover()
		}
		w.check()
	}
	w.disk.failNext(0, false)
	w.recover()
	w.destroy()
}

// destroy gives everything up and demands that nothing is left.
func (w *world) destroy() {
	w.t.Helper()
	for w.store.Ledger().Claims.Len() > 0 {
		var changes []resource.Change
		for _, c := range w.store.Ledger().Sorted() {
			if c, needed := w.plan(c.Want.Key(), nil); needed {
				changes = append(changes, c)
			}
		}
		if err := w.run(step("destroy", changes...)); err != nil {
			w.recover()
		}
	}
	w.store.Close()
	if !maps.Equal(maps.Collect(w.live.All()), maps.Collect(w.base.All())) {
		w.t.Fatalf("left %v, was %v", w.live.Sorted(), w.base.Sorted())
	}
	if _, err := os.Stat(w.dir); !errors.Is(err, os.ErrNotExist) {
		w.t.Fatalf("%s is there: %v", w.dir, err)
	}
}

// TestEveryCut cuts the log off at every byte of every append.
func TestEveryCut(t *testing.T) {
	for seed := range uint64(2) {
		w := newWorld(t, seed)
		w.store.minimum = 1 << 30
		path := filepath.Join(w.dir, ledgerFile)
		before, size := w.store.Ledger(), 0
		verify := func() {
			t.Helper()
			data, err := os.ReadFile(path)
			after := w.store.Ledger()
			if err == nil && size > 0 {
				everyCut(t, data, size, before, after)
			}
			before, size = after, len(data)
		}
		for range 10 {
			st := w.nextStep()
			if err := w.store.Begin(st); err != nil {
				t.Fatal(err)
			}
			verify()
			done := func(i int) bool { return i%3 != 0 }
			if err := w.store.Finish(st, done); err != nil {
				t.Fatal(err)
			}
			verify()
		}
	}
}

// everyCut cuts the append that starts at from off at every byte. Each object is then
// claimed as before the append or as after it, and the log can be written on.
func everyCut(t *testing.T, data []byte, from int, before, after resource.Ledger) {
	t.Helper()
	for cut := from; cut <= len(data); cut++ {
		m, err := parse(data[:cut])
		if err != nil {
			t.Fatalf("cut to %d of %d bytes: %v", cut, len(data), err)
		}
		if whole := data[cut-1] == '\n'; m.stale == whole {
			t.Fatalf("cut to %d of %d bytes: stale %v", cut, len(data), m.stale)
		}
		keys := slices.Concat(before.Claims.Keys(), after.Claims.Keys(), m.claims.Keys())
		for _, key := range keys {
			got, held := m.claims.Find(key)
			b, inBefore := before.Claims.Find(key)
			a, inAfter := after.Claims.Find(key)
			if (held != inBefore || got != b) && (held != inAfter || got != a) {
				t.Fatalf("cut to %d of %d bytes: %s is %v, was %v and became %v", cut, len(data), key, got, b, a)
			}
		}
	}
}

func TestWrittenOnAfterCut(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	carryOut(t, s, step("a", change(resource.Create, nil, object(0, 1))))
	path := filepath.Join(dir, ledgerFile)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Begin(step("b", change(resource.Create, nil, object(1, 1)))); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()+40); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if len(s.Notices()) != 1 {
		t.Errorf("notices %q", s.Notices())
	}
	carryOut(t, s, step("c", change(resource.Create, nil, object(2, 1))))
	again := open(t, dir)
	equal(t, again.Ledger(), s.Ledger())
	if n := again.Notices(); again.Ledger().Claims.Len() != 2 || len(n) != 0 {
		t.Errorf("then %s, notices %q", claimed(again.Ledger()), n)
	}
}

// TestCompaction carries the same steps out with a log that is written anew all the
// time and one that never is.
func TestCompaction(t *testing.T) {
	for seed := range uint64(4) {
		often, never := newWorld(t, seed), newWorld(t, seed)
		never.store.minimum = 1 << 30
		for range 50 {
			often.store.minimum = 0
			st := often.nextStep()
			done := func(i int) bool { return i%4 != 0 }
			for _, w := range []*world{often, never} {
				if err := errors.Join(w.store.Begin(st), w.store.Finish(st, done)); err != nil {
					t.Fatal(err)
				}
			}
			equal(t, often.store.Ledger(), never.store.Ledger())
			equal(t, open(t, often.dir).Ledger(), often.store.Ledger())
			equal(t, open(t, never.dir).Ledger(), never.store.Ledger())
			if live := often.store.image.claims.Len() + len(often.store.image.steps) + 3; often.store.image.lines > 2*live {
				t.Fatalf("%d lines for %d live ones", often.store.image.lines, live)
			}
		}
	}
}
