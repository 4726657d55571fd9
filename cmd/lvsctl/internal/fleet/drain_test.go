package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// server is the destination with a number.
func server(n byte) resource.Destination {
	return resource.Destination{
		Service: resource.AddrService(resource.TCP, netip.MustParseAddr("192.0.2.1"), 80),
		Addr:    netip.AddrFrom4([4]byte{10, 0, 0, n}), Port: 80, Weight: 1,
	}
}

// quiet is a step that sets the weights of servers to 0.
func quiet(host string, servers ...byte) resource.Step {
	s := resource.Step{StepRef: resource.StepRef{Host: host, Name: "quiet"}}
	for _, n := range servers {
		after := server(n)
		after.Weight = 0
		s.Changes = append(s.Changes, resource.Change{Action: resource.Update, Before: server(n), After: after, Reason: resource.Draining})
	}
	return s
}

// gone is a step that deletes servers when they are drained.
func gone(host string, drain resource.Drain, servers ...byte) resource.Step {
	s := resource.Step{StepRef: resource.StepRef{Host: host, Name: "gone"}}
	for _, n := range servers {
		before := server(n)
		before.Weight = 0
		s.Changes = append(s.Changes, resource.Change{Action: resource.Delete, Before: before, Drain: drain})
	}
	return s
}

// serves is a server whose connections are as given from some moment on, in seconds since
// the run began.
type serves []struct {
	from   float64
	active uint32
	idle   uint32
}

func (s serves) at(t time.Duration) (c resource.Connections) {
	for _, phase := range s {
		if t.Seconds() >= phase.from {
			c = resource.Connections{Active: phase.active, Inactive: phase.idle}
		}
	}
	return c
}

// A clocked progress logs how each wait begins and ends, and when steps do, in seconds. Of
// what is in between it logs the number.
type clocked struct {
	start time.Time
	log   []string
	looks int
}

func (c *clocked) note(format string, args ...any) {
	c.log = append(c.log, fmt.Sprintf("%.1fs ", time.Since(c.start).Seconds())+fmt.Sprintf(format, args...))
}

func (c *clocked) StepStarted(resource.Step) {}

func (c *clocked) StepDone(s resource.Step, _ resource.Outcome, _ error) { c.note("%s", s) }

func (c *clocked) Draining(w resource.Wait) {
	if w.Phase == resource.Waiting {
		c.looks++
		return
	}
	c.note("%s %s: %d, %s", phases[w.Phase], w.Step, w.Left, w.AtMost)
}

func TestDrain(t *testing.T) {
	halfMinute := resource.Drain{Within: 30 * time.Second}
	for3 := serves{{from: 0, active: 2}, {from: 3}}
	forEver := serves{{from: 0, active: 5}}
	tests := []struct {
		name    string
		steps   []resource.Step
		serving map[byte]serves
		want    []string
		looks   int // at the most
	}{
		{
			name:  "nothing to wait for",
			steps: []resource.Step{quiet("lb1", 1), gone("lb1", halfMinute, 1)},
			want:  []string{"0.0s lb1: quiet", "0.0s lb1: gone"},
		},
		{
			name:  "connections that end",
			steps: []resource.Step{quiet("lb1", 1), gone("lb1", halfMinute, 1)}, serving: map[byte]serves{1: for3},
			want: []string{"0.0s lb1: quiet", "0.0s begun lb1: gone: 2, 30s", "3.5s over lb1: gone: 0, 0s", "3.5s lb1: gone"}, looks: 6,
		},
		{
			name:  "connections that do not",
			steps: []resource.Step{quiet("lb1", 1), gone("lb1", halfMinute, 1)}, serving: map[byte]serves{1: forEver},
			want: []string{"0.0s lb1: quiet", "0.0s begun lb1: gone: 5, 30s", "30.0s over lb1: gone: 5, 0s", "30.0s lb1: gone"}, looks: 34,
		},
		{
			name: "many servers on many hosts wait together",
			steps: []resource.Step{
				quiet("lb1", 1, 2), quiet("web1", 3), quiet("web2", 4),
				gone("lb1", halfMinute, 1, 2), gone("web1", halfMinute, 3), gone("web2", halfMinute, 4),
			},
			serving: map[byte]serves{1: forEver, 2: for3, 3: forEver, 4: for3},
			want: []string{
				"0.0s lb1: quiet", "0.0s web1: quiet", "0.0s web2: quiet",
				"0.0s begun lb1: gone: 7, 30s", "30.0s over lb1: gone: 5, 0s", "30.0s lb1: gone",
				"30.0s over web1: gone: 5, 0s", "30.0s web1: gone", "30.0s web2: gone",
			}, looks: 34,
		},
		{
			name:    "a client that is still shaking hands",
			steps:   []resource.Step{quiet("lb1", 1), gone("lb1", halfMinute, 1)},
			serving: map[byte]serves{1: {{from: 0, idle: 1}, {from: 0.5, active: 1}, {from: 5, idle: 1}}},
			want:    []string{"0.0s lb1: quiet", "0.7s begun lb1: gone: 1, 29.3s", "5.5s over lb1: gone: 0, 0s", "5.5s lb1: gone"}, looks: 5,
		},
		{
			name:  "connections that are over",
			steps: []resource.Step{quiet("lb1", 1), gone("lb1", halfMinute, 1)}, serving: map[byte]serves{1: {{from: 0, idle: 9}}},
			want: []string{"0.0s lb1: quiet", "2.5s lb1: gone"},
		},
		{
			name:    "datagrams",
			steps:   []resource.Step{quiet("lb1", 1), gone("lb1", resource.Drain{Within: time.Minute, Inactive: true}, 1)},
			serving: map[byte]serves{1: {{from: 0, idle: 9}, {from: 40}}},
			want:    []string{"0.0s lb1: quiet", "0.0s begun lb1: gone: 9, 1m0s", "40.5s over lb1: gone: 0, 0s", "40.5s lb1: gone"}, looks: 44,
		},
		{
			name:  "a drain that an earlier run began",
			steps: []resource.Step{gone("lb1", halfMinute, 1)}, serving: map[byte]serves{1: forEver},
			want: []string{"0.0s begun lb1: gone: 5, 30s", "30.0s over lb1: gone: 5, 0s", "30.0s lb1: gone"}, looks: 34,
		},
		{
			name:    "times of their own",
			steps:   []resource.Step{quiet("lb1", 1, 2), {StepRef: resource.StepRef{Host: "lb1", Name: "gone"}, Changes: append(gone("lb1", halfMinute, 1).Changes, gone("lb1", resource.Drain{Within: 250 * time.Millisecond}, 2).Changes...)}},
			serving: map[byte]serves{1: for3, 2: forEver},
			want:    []string{"0.0s lb1: quiet", "0.0s begun lb1: gone: 7, 30s", "3.5s over lb1: gone: 5, 0s", "3.5s lb1: gone"}, looks: 8,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &clocked{start: time.Now()}
				n := &network{serving: func(_ string, key resource.Key) resource.Connections {
					return test.serving[key.Prefix.Addr().As4()[3]].at(time.Since(p.start))
				}}
				if err := connected(t, n).Apply(t.Context(), &planner.Plan{Steps: test.steps}, p); err != nil {
					t.Error(err)
				}
				expect(t, "progress", test.want, p.log)
				if p.looks > test.looks {
					t.Errorf("looked %d times in between, want %d at the most", p.looks, test.looks)
				}
			})
		})
	}
}

// An interruption ends a wait at once, and nothing is deleted.
func TestDrainInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &clocked{start: time.Now()}
		n := &network{serving: func(string, resource.Key) resource.Connections { return resource.Connections{Active: 2} }}
		f := connected(t, n)
		ctx, cancel := context.WithTimeout(t.Context(), 4200*time.Millisecond)
		defer cancel()
		steps := []resource.Step{quiet("lb1", 1), gone("lb1", resource.Drain{Within: time.Minute}, 1)}
		if err := f.Apply(ctx, &planner.Plan{Steps: steps}, p); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		expect(t, "progress", []string{"0.0s lb1: quiet", "0.0s begun lb1: gone: 2, 1m0s", "4.2s stopped lb1: gone: 2, 0s"}, p.log)
		expect(t, "applied", []string{"apply lb1 quiet"}, n.taken(false))
	})
}

// A host that cannot be asked stops the apply before the deletion.
func TestDrainUnknown(t *testing.T) {
	n, p := &network{fails: map[string]error{"count lb1": errors.New("lost the agent")}}, &progress{}
	steps := []resource.Step{quiet("lb1", 1), gone("lb1", resource.Drain{Within: time.Minute}, 1)}
	err := connected(t, n).Apply(t.Context(), &planner.Plan{Steps: steps}, p)
	if err == nil || err.Error() != "lb1: gone: lost the agent" {
		t.Errorf("got %v", err)
	}
	expect(t, "applied", []string{"apply lb1 quiet"}, n.taken(false))
}
