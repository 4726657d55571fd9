package fleet

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema/resource"
)

var errLost = errors.New("the lock was lost")

// Who loses the lock finishes the step in flight, and begins no other.
func TestApplyLost(t *testing.T) {
	lost := false
	n, p := &network{}, &progress{}
	n.onApply = func(_ context.Context, _, step string) { lost = lost || step == "b" }
	f := connected(t, n)
	f.Under(func() error {
		if lost {
			return errLost
		}
		return nil
	})
	if err := f.Apply(t.Context(), plan(), p); !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	expect(t, "applied", []string{"apply web1 a", "apply lb1 b"}, n.taken(false))
	if err := f.Start(t.Context(), agent.Holder{Who: "me"}, resource.Apply{}, []string{"lb1"}, plan()); !errors.Is(err, errLost) {
		t.Errorf("start: %v", err)
	}
	execute := func(context.Context, *planner.Plan) error { return nil }
	if err := f.RollBack(t.Context(), agent.Holder{Who: "me"}, resource.Apply{}, []string{"lb1"}, "why", 0, execute); !errors.Is(err, errLost) {
		t.Errorf("roll back: %v", err)
	}
	expect(t, "asked", nil, n.taken(false))
}

// A lock that is lost ends the wait for connections, and nothing is deleted.
func TestDrainLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &clocked{start: time.Now()}
		n := &network{serving: func(string, resource.Key) resource.Connections { return resource.Connections{Active: 2} }}
		f := connected(t, n)
		f.Under(func() error {
			if time.Since(p.start) > 10*time.Second {
				return errLost
			}
			return nil
		})
		steps := []resource.Step{quiet("lb1", 1), gone("lb1", resource.Drain{Within: time.Minute}, 1)}
		if err := f.Apply(t.Context(), &planner.Plan{Steps: steps}, p); !errors.Is(err, errLost) {
			t.Errorf("got %v", err)
		}
		expect(t, "progress", []string{"0.0s lb1: quiet", "0.0s begun lb1: gone: 2, 1m0s", "10.5s stopped lb1: gone: 2, 0s"}, p.log)
		expect(t, "applied", []string{"apply lb1 quiet"}, n.taken(false))
	})
}
