package resource

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInvert(t *testing.T) {
	one, two := Sysctl{"a", "1"}, Sysctl{"a", "2"}
	source := Source{"c.hcl", 4}
	tests := []struct {
		name         string
		change, want Change
	}{
		{"create", Change{Action: Create, After: one, Reason: NewInConfig, Source: source}, Change{Action: Delete, Before: one, Reason: NewInConfig, Source: source}},
		{"delete", Change{Action: Delete, Before: one, Cuts: Connections{Active: 3}}, Change{Action: Create, After: one}}, // connections do not come back
		{"update", Change{Action: Update, Before: one, After: two}, Change{Action: Update, Before: two, After: one}},
		{"replace", Change{Action: Replace, Before: one, After: two}, Change{Action: Replace, Before: two, After: one}},
		{"restore", Change{Action: Restore, Before: one, After: two}, Change{Action: Restore, Before: two, After: one}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.change.Invert(), alike); diff != "" {
				t.Errorf("inverse (-want +got):\n%s", diff)
			}
		})
	}
}

// Undoing what undid a change is making it, on the same object all the time.
func TestInvertTwice(t *testing.T) {
	for seed := range uint64(300) {
		c := randomChange(rand.New(rand.NewPCG(seed, 2)))
		if c.Before != nil && c.After != nil && c.Before.Key() != c.After.Key() {
			continue
		}
		c.Cuts, c.Drain = Connections{}, Drain{}
		if diff := cmp.Diff(c, c.Invert().Invert(), alike); diff != "" {
			t.Fatalf("seed %d: inverted twice (-change +got):\n%s", seed, diff)
		}
		if c.Invert().Key() != c.Key() {
			t.Fatalf("seed %d: %s becomes %s", seed, c.Key(), c.Invert().Key())
		}
	}
}

// A destination waits for what would notice that it goes, and not for what is over.
func TestDrainLeft(t *testing.T) {
	serving := Connections{Active: 1, Inactive: 20, Persistent: 300}
	tests := []struct {
		name  string
		drain Drain
		want  uint64
	}{
		{"tcp", Drain{}, 1},
		{"udp", Drain{Inactive: true}, 21},
		{"persistent", Drain{Persistent: true}, 301},
		{"persistent udp", Drain{Inactive: true, Persistent: true}, 321},
	}
	for _, test := range tests {
		if got := test.drain.Left(serving); got != test.want {
			t.Errorf("%s: waits for %d connections, want %d", test.name, got, test.want)
		}
	}
	full := Connections{Active: 1<<32 - 1, Inactive: 1<<32 - 1, Persistent: 1<<32 - 1}
	if got := (Drain{Inactive: true, Persistent: true}).Left(full); got != 3*(1<<32-1) {
		t.Errorf("%d connections are too many to count", got)
	}
}

func TestActions(t *testing.T) {
	tests := []struct {
		action            Action
		touches, releases bool
	}{
		{Create, true, false}, {Update, true, false}, {Replace, true, false}, {Delete, true, true},
		{Restore, true, true}, {Adopt, false, false}, {Forget, false, true},
	}
	for _, test := range tests {
		if test.action.TouchesHost() != test.touches || test.action.Releases() != test.releases {
			t.Errorf("%s touches the host: %v, releases: %v", test.action, test.action.TouchesHost(), test.action.Releases())
		}
	}
	if len(tests) != len(actionNames)-1 {
		t.Errorf("%d actions of %d", len(tests), len(actionNames)-1)
	}
}

func TestOutcome(t *testing.T) {
	busy, silence := errors.New("busy"), errors.New("no answer")
	a, b := Sysctl{"a", "1"}, Sysctl{"b", "1"}
	changes := []Change{{Action: Create, After: a}, {Action: Update, Before: b, After: b}, {Action: Delete, Before: a}, {Action: Create, After: b, Source: Source{"c.hcl", 12}}}
	tests := []struct {
		name         string
		out          Outcome
		took, leaves [4]bool
		err          string
	}{
		{"all went well", Outcome{Attempted: 4}, [4]bool{true, true, true, true}, [4]bool{true, true, true, true}, ""},
		{"none was begun", Outcome{}, [4]bool{}, [4]bool{}, ""},
		{"stopped at the second", Outcome{Attempted: 2, Failures: []Failure{{Index: 1, Err: busy}}},
			[4]bool{true}, [4]bool{true}, "update sysctl b: busy"},
		{"went on after the second", Outcome{Attempted: 4, Failures: []Failure{{Index: 1, Err: busy}}},
			[4]bool{true, false, true, true}, [4]bool{true, false, true, true}, "update sysctl b: busy"},
		{"could not even be tried", Outcome{Attempted: 1, Failures: []Failure{{Index: 1, Err: busy}}},
			[4]bool{true}, [4]bool{true}, "update sysctl b: busy"},
		{"wanted by a line of the config", Outcome{Attempted: 4, Failures: []Failure{{Index: 3, Err: busy}}},
			[4]bool{true, true, true}, [4]bool{true, true, true}, "create sysctl b (c.hcl:12): busy"},
		// What may be ours is remembered, what may be gone is not forgotten.
		{"nobody answered", Outcome{Attempted: 4, Failures: []Failure{{0, silence, true}, {1, silence, true}, {2, silence, true}, {3, silence, true}}},
			[4]bool{}, [4]bool{true, true, false, true}, "create sysctl a: no answer"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for i, c := range changes {
				if got := test.out.TookEffect(i); got != test.took[i] {
					t.Errorf("change %d took effect: %v", i, got)
				}
				if got := test.out.Leaves(i, c); got != test.leaves[i] {
					t.Errorf("change %d is to be remembered: %v", i, got)
				}
			}
			err := test.out.Err(changes)
			if (err == nil) != (test.err == "") || err != nil && err.Error() != test.err {
				t.Errorf("got error %v, want %q", err, test.err)
			}
			if err := test.out.Check(changes); err != nil {
				t.Error(err)
			}
		})
	}
	for name, out := range map[string]Outcome{
		"more than there are": {Attempted: 5}, "less than none": {Attempted: -1},
		"failure beyond": {Failures: []Failure{{Index: 4, Err: busy}}}, "failure before": {Failures: []Failure{{Index: -1, Err: busy}}},
	} {
		if out.Check(changes) == nil {
			t.Errorf("%s: an outcome that cannot be is taken", name)
		}
	}
}
