package view

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// rolling is a plan in two waves, the second of many real servers.
func rolling() *planner.Plan {
	ask := resource.Step{StepRef: resource.StepRef{Host: "lb1", Name: "web: probe web1"}, Probes: []resource.ServerProbe{
		{Server: "web1", Probe: resource.Probe{HTTP: "http://10.0.0.1/health"}},
		{Server: "web1", Probe: resource.Probe{TCP: "10.0.0.1:443"}},
	}}
	quiet := weighing(one, 0)
	plan := &planner.Plan{
		Hosts:  []planner.Host{{Name: "lb1"}, {Name: "web1"}},
		AtOnce: []string{"mail"},
		Waves:  []planner.Wave{{Servers: []string{"web1"}, Pause: 90 * time.Second}, {Keep: true}},
		Steps: []resource.Step{
			step("lb1", "web: web1 in service", resource.Change{Action: resource.Update, Before: one, After: quiet, Reason: resource.RollingOut}),
			step("web1", "host: settings", change(resource.Update, sysctl("net.core.somaxconn", "128"), sysctl("net.core.somaxconn", "4096"), resource.ChangedInConfig)),
			ask,
			step("lb1", "web: web1 in service", resource.Change{Action: resource.Update, Before: quiet, After: one, Reason: resource.RollingOut}),
			step("lb1", "web: real servers in service", change(resource.Create, nil, two, resource.NewInConfig)),
		},
	}
	for i := range plan.Steps {
		plan.Steps[i].Wave = 1
	}
	plan.Steps[len(plan.Steps)-1].Wave = 2
	for i := range 20 {
		plan.Waves[1].Servers = append(plan.Waves[1].Servers, fmt.Sprintf("10.0.1.%d", i+1))
	}
	return plan
}

// A plan with waves says who changes together, and what they are asked.
func TestRollingPlan(t *testing.T) {
	golden(t, "rollout.txt", printed(true, func(p *Printer) { p.Plan(rolling(), false) }))
	golden(t, "rollout.md", markdown(&Report{Plan: rolling()}))
	var b bytes.Buffer
	if err := WriteJSON(&b, PlanJSON(rolling(), nil, clock())); err != nil {
		t.Fatal(err)
	}
	golden(t, "rollout.json", b.String())
}

// Probes of real servers pass or fail.
func TestProbeSteps(t *testing.T) {
	golden(t, "rollout-steps.txt", printed(true, func(p *Printer) {
		pr := NewProgress(p, nil, 2)
		defer pr.End()
		ask := rolling().Steps[2]
		pr.StepStarted(ask)
		pr.StepDone(ask, resource.Outcome{}, nil)
		pr.StepStarted(ask)
		pr.StepDone(ask, resource.Outcome{}, errors.New("web1 does not answer"))
	}))
}
