// Package statetest has the tests that every [state.Backend] passes.
package statetest

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/state"
)

// A Place is one for a lock and a history, in which nobody has been.
type Place struct {
	// Open opens it, as another run would.
	Open func(t *testing.T) state.Backend
	// Hold starts a process that takes the lock in the name of Somebody, and returns when it
	// has it.
	Hold func(t *testing.T) *os.Process
	// Frees is how long it may take until the lock of a process that died is free.
	Frees time.Duration
	// Remembers is how many applies the history has at least before it forgets the first.
	Remembers int
}

// Somebody is who holds locks in tests.
var Somebody = state.Holder{Who: "root@ci-1", Since: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), Command: "lvsctl apply", PID: 4711}

// me is who wants them.
var me = state.Holder{Who: "me@desk", Since: Somebody.Since.Add(time.Minute), Command: "lvsctl apply --auto-approve", PID: 4712}

// aWhile is long enough for anything that takes no time of its own.
const aWhile = 30 * time.Second

// Run runs all tests, each in a place of its own.
func Run(t *testing.T, fresh func(t *testing.T) Place) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Place)
	}{
		{"one holds it", testHold},
		{"who waits is refused when the time is up", testTimeout},
		{"who waits gets it", testHandOver},
		{"who waits can be interrupted", testInterrupt},
		{"one at a time", testOneAtATime},
		{"the dead hold nothing", testDead},
		{"who had it cannot go on", testStale},
		{"leftovers", testClear},
		{"history", testHistory},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, fresh(t)) })
	}
}

// acquire takes the lock.
func acquire(t *testing.T, b state.Backend, who state.Holder, timeout time.Duration) state.Hold {
	t.Helper()
	h, err := b.Acquire(t.Context(), who, timeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Unlock() })
	if err := h.Err(); err != nil {
		t.Fatal(err)
	}
	return h
}

// refused demands that the lock is refused, in the name of who holds it.
func refused(t *testing.T, b state.Backend, holder state.Holder, timeout time.Duration) {
	t.Helper()
	_, err := b.Acquire(t.Context(), me, timeout)
	var held *state.HeldError
	if !errors.As(err, &held) {
		t.Fatalf("got %v, want that it is held", err)
	}
	if diff := cmp.Diff(holder, held.Holder); diff != "" {
		t.Errorf("holder (-want +got):\n%s", diff)
	}
}

// inspected demands who holds the lock, nil for nobody.
func inspected(t *testing.T, b state.Backend, want *state.Holder) {
	t.Helper()
	got, err := b.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("holder (-want +got):\n%s", diff)
	}
}

func testHold(t *testing.T, p Place) {
	first, second := p.Open(t), p.Open(t)
	inspected(t, first, nil)
	h := acquire(t, first, Somebody, 0)
	inspected(t, first, &Somebody)
	inspected(t, second, &Somebody)
	refused(t, first, Somebody, 0)
	refused(t, second, Somebody, 0)
	for range 2 {
		if err := h.Unlock(); err != nil {
			t.Error(err)
		}
	}
	if err := h.Err(); !errors.Is(err, state.ErrLost) {
		t.Errorf("given back: %v", err)
	}
	inspected(t, second, nil)
	acquire(t, second, state.Holder{Who: "me"}, 0)
	holder, err := first.Inspect(t.Context())
	if err != nil || holder == nil || holder.Who != "me" || holder.PID != os.Getpid() || time.Since(holder.Since) > time.Minute {
		t.Errorf("filled in: %v, %v", holder, err)
	}
}

func testTimeout(t *testing.T, p Place) {
	b := p.Open(t)
	acquire(t, b, Somebody, 0)
	start := time.Now()
	refused(t, p.Open(t), Somebody, 300*time.Millisecond)
	if past := time.Since(start); past < 300*time.Millisecond || past > aWhile {
		t.Errorf("waited %v", past)
	}
}

func testHandOver(t *testing.T, p Place) {
	first, second := p.Open(t), p.Open(t)
	h := acquire(t, first, Somebody, 0)
	time.AfterFunc(200*time.Millisecond, func() { _ = h.Unlock() })
	next := acquire(t, second, me, aWhile)
	inspected(t, first, &me)
	if fence := h.Fence(); fence != nil && !fence.Before(next.Fence()) {
		t.Errorf("the fence is %v, and then %v", fence, next.Fence())
	}
}

func testInterrupt(t *testing.T, p Place) {
	first, second := p.Open(t), p.Open(t)
	acquire(t, first, Somebody, 0)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := second.Acquire(ctx, me, aWhile); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	inspected(t, second, &Somebody)
}

func testOneAtATime(t *testing.T, p Place) {
	var holders, turns atomic.Int32
	var wg sync.WaitGroup
	for range 5 {
		b := p.Open(t)
		wg.Go(func() {
			for range 3 {
				h, err := b.Acquire(t.Context(), me, aWhile)
				if err != nil {
					t.Error(err)
					return
				}
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d hold it", n)
				}
				time.Sleep(time.Millisecond)
				turns.Add(1)
				holders.Add(-1)
				if err := h.Unlock(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := turns.Load(); n != 15 {
		t.Errorf("%d turns", n)
	}
}

func testDead(t *testing.T, p Place) {
	b := p.Open(t)
	process := p.Hold(t)
	refused(t, b, Somebody, 0)
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	acquire(t, b, me, p.Frees+aWhile)
	if past := time.Since(start); past > p.Frees {
		t.Errorf("it took %v until the lock was free, want %v at the most", past, p.Frees)
	}
	inspected(t, b, &me)
}

func testStale(t *testing.T, p Place) {
	first, second := p.Open(t), p.Open(t)
	h := acquire(t, first, Somebody, 0)
	if err := h.Record(t.Context(), resource.Past{Apply: apply("A")}); err != nil {
		t.Fatal(err)
	}
	if err := h.Unlock(); err != nil {
		t.Fatal(err)
	}
	now := acquire(t, second, me, 0)
	if err := now.Record(t.Context(), resource.Past{Apply: apply("B")}); err != nil {
		t.Fatal(err)
	}
	for _, past := range []resource.Past{{Apply: apply("A"), Ending: resource.Applied}, {Apply: apply("C")}} {
		if err := h.Record(t.Context(), past); !errors.Is(err, state.ErrLost) {
			t.Errorf("record: %v", err)
		}
	}
	_ = h.Unlock()
	inspected(t, first, &me)
	refused(t, first, me, 0)
	if err := now.Err(); err != nil {
		t.Error(err)
	}
	if past, err := first.History(t.Context(), 1); err != nil || len(past) != 1 || past[0].Apply.ID != "B" || !past[0].Running {
		t.Errorf("history: %+v, %v", past, err)
	}
}

func testClear(t *testing.T, p Place) {
	b := p.Open(t)
	clear := func() error {
		_, err := b.Clear(t.Context())
		return err
	}
	if err := clear(); err != nil {
		t.Error(err)
	}
	process := p.Hold(t)
	var held *state.HeldError
	if err := clear(); !errors.As(err, &held) || held.Holder != Somebody {
		t.Errorf("held: %v", err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); clear() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Since(start) > p.Frees {
			t.Fatalf("after %v: %v", p.Frees, clear())
		}
	}
	inspected(t, b, nil)
}

// apply is one for a history.
func apply(id string) resource.Apply {
	return resource.Apply{ID: id, Who: me.Who, Command: me.Command, Since: me.Since, Hosts: []string{"lb1", "web1"}}
}

func testHistory(t *testing.T, p Place) {
	b := p.Open(t)
	expect := func(n int, want ...string) {
		t.Helper()
		list, err := b.History(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]string, len(list))
		for i, past := range list {
			got[i] = past.Apply.ID + " " + string(past.Ending) + " " + past.Note
			if past.Running {
				got[i] += "running"
			}
		}
		if want = want[:min(len(want), p.Remembers)]; !slices.Equal(want, got) {
			t.Errorf("history: got %q, want %q", got, want)
		}
	}
	record := func(h state.Hold, past resource.Past) {
		t.Helper()
		if err := h.Record(t.Context(), past); err != nil {
			t.Fatal(err)
		}
	}
	expect(0)
	h := acquire(t, b, me, 0)
	record(h, resource.Past{Apply: apply("A")})
	expect(0, "A  running")
	record(h, resource.Past{Apply: apply("A"), Ending: resource.Kept, Note: "it failed", Ended: time.Now()})
	expect(0, "A kept it failed")
	_ = h.Unlock()
	h = acquire(t, b, me, 0)
	record(h, resource.Past{Apply: apply("B")})
	_ = h.Unlock() // cut off
	expect(1, "B  ")
	expect(0, "B  ", "A kept it failed")
}
