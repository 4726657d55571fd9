package view

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// draining is a plan that removes three real servers, two of them with connections.
func draining() *planner.Plan {
	gone := func(d resource.Destination, cuts resource.Connections, drain resource.Drain) resource.Change {
		c := change(resource.Delete, weighing(d, 0), nil, resource.RemovedFromConfig)
		c.Cuts, c.Drain = cuts, drain
		return c
	}
	return &planner.Plan{
		Hosts: []planner.Host{{Name: "lb1"}},
		Steps: []resource.Step{
			step("lb1", "web: real servers in service",
				resource.Change{Action: resource.Update, Before: one, After: weighing(one, 0), Reason: resource.Draining},
				resource.Change{Action: resource.Update, Before: two, After: weighing(two, 0), Reason: resource.Draining}),
			step("lb1", "web: real servers in service",
				gone(one, resource.Connections{Active: 3, Inactive: 1, Persistent: 7}, resource.Drain{Within: 30 * time.Second}),
				gone(two, resource.Connections{Persistent: 2}, resource.Drain{Within: 90 * time.Minute, Persistent: true}),
				gone(three, resource.Connections{}, resource.Drain{Within: time.Minute})),
		},
	}
}

func TestDrainingPlan(t *testing.T) {
	golden(t, "drain.txt", printed(true, func(p *Printer) {
		p.Plan(draining(), false)
		p.Applied(draining())
	}))
	var b bytes.Buffer
	if err := WriteJSON(&b, PlanJSON(draining(), nil, clock())); err != nil {
		t.Fatal(err)
	}
	golden(t, "drain.json", b.String())
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", 30 * time.Second: "30s", time.Minute: "1m", 90 * time.Second: "1m30s", 100 * time.Second: "1m40s",
		10 * time.Minute: "10m", time.Hour: "1h", 20 * time.Hour: "20h", time.Hour + time.Second: "1h0m1s", 90 * time.Minute: "1h30m",
	} {
		if got := span(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}

// waits tells of two waits: one that ends, and one whose time is over.
func waits(pr interface{ Draining(resource.Wait) }) {
	s := draining().Steps[1]
	for i := range 5 {
		phase := resource.Waiting
		if i == 0 {
			phase = resource.Begun
		}
		pr.Draining(resource.Wait{Step: s, Phase: phase, Left: uint64(5 - i), AtMost: 30*time.Second - time.Duration(i)*400*time.Millisecond})
		time.Sleep(400 * time.Millisecond)
		synctest.Wait()
	}
	pr.Draining(resource.Wait{Step: s, Phase: resource.Over})
	pr.Draining(resource.Wait{Step: s, Phase: resource.Begun, Left: 1, AtMost: time.Second})
	pr.Draining(resource.Wait{Step: s, Phase: resource.Over, Left: 1})
	pr.Draining(resource.Wait{Step: s, Phase: resource.Begun, Left: 4, AtMost: time.Minute})
	pr.Draining(resource.Wait{Step: s, Phase: resource.Stopped, Left: 4})
}

// Without a terminal there is a line when a wait begins and one when it ends.
func TestDrainingLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		golden(t, "drain-lines.txt", printed(false, func(p *Printer) {
			pr := NewProgress(p, nil, 7)
			waits(pr)
			pr.End()
		}))
	})
}

// On a terminal the bar shows how a wait goes.
func TestDrainingBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(100)
		live := NewLiveLine(s, func() int { return s.width })
		pr := NewProgress(NewPrinter(live.Over(s), false, s.width), live, 4)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		pr.Draining(resource.Wait{Step: draining().Steps[1], Phase: resource.Begun, Left: 5, AtMost: 30 * time.Second})
		s.shows(t, "begun", "[────────────────] 0/4  lb1  web: real servers in service  5 connections left, 30s at most")
		pr.Draining(resource.Wait{Step: draining().Steps[1], Phase: resource.Waiting, Left: 1, AtMost: 1100 * time.Millisecond})
		s.shows(t, "going on", "[────────────────] 0/4  lb1  web: real servers in service  1 connection left, 2s at most")
		pr.Draining(resource.Wait{Step: draining().Steps[1], Phase: resource.Stopped, Left: 1})
		pr.End()
		s.shows(t, "stopped", "⤳ lb1  web: real servers in service  1 connection left, nothing is removed", "")
	})
}

// Programs are told when waits begin and end, and once a second at the most in between.
func TestDrainingEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		start := time.Now()
		now := func() time.Time { return clock().Add(time.Since(start)) }
		waits(NewEvents(&b, now).Steps(7))
		golden(t, "drain-events.json", b.String())
		if n := strings.Count(b.String(), "\n"); n != 7 {
			t.Errorf("%d events, want 7", n)
		}
	})
}
