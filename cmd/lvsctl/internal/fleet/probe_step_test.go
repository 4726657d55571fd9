package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// asking is a step in which a host probes real servers.
func asking(host string, servers ...string) resource.Step {
	s := resource.Step{StepRef: resource.StepRef{Host: host, Name: "probe"}}
	for _, name := range servers {
		s.Probes = append(s.Probes, resource.ServerProbe{Server: name, Probe: resource.Probe{Command: []string{"ask", name}}})
	}
	return s
}

// answering is a host of which some real servers answer the probes.
type answering struct {
	*fakeHost
	well []string
}

func (h answering) Probe(_ context.Context, probes []resource.Probe) ([]resource.ProbeOutcome, error) {
	outcomes := make([]resource.ProbeOutcome, len(probes))
	for i, p := range probes {
		if !strings.Contains(strings.Join(h.well, " "), p.Command[1]) {
			outcomes[i].Failure = "no\nanswer"
		}
	}
	return outcomes, h.note("probe", h.name, fmt.Sprint(len(probes)))
}

// A real server that does not answer ends the apply before it is taken in.
func TestApplyProbes(t *testing.T) {
	many := []string{"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10"}
	for _, test := range []struct {
		name, want string
		servers    []string
		fails      error
	}{
		{"all well", "", []string{"web1"}, nil},
		{"one fails", "lb1: probe: web2 does not answer lb1 as it should: ask web2: no; answer", []string{"web1", "web2"}, nil},
		{"many fail", "and 2 more", many, nil},
		{"the host is lost", "lb1: probe: lost the agent", []string{"web1"}, &agent.Error{Code: agent.Unreachable, Message: "lost the agent"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := &network{fails: map[string]error{"probe lb1 1": test.fails}}
			f := connected(t, n)
			f.hosts["lb1"] = answering{f.hosts["lb1"].(*fakeHost), []string{"web1"}}
			after := resource.Step{StepRef: resource.StepRef{Host: "lb1", Name: "take it in"}}
			err := f.Apply(t.Context(), &planner.Plan{Steps: []resource.Step{asking("lb1", test.servers...), after}}, &progress{})
			log := strings.Join(n.taken(false), "; ")
			switch {
			case test.want == "" && (err != nil || !strings.HasSuffix(log, "apply lb1 take it in")):
				t.Errorf("got %v, log %s", err, log)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %s", err, test.want)
			case test.want != "" && strings.Contains(log, "take it in"):
				t.Errorf("log %s", log)
			}
		})
	}
}

// Probes that were interrupted say nothing about real servers.
func TestApplyProbesInterrupted(t *testing.T) {
	f := connected(t, &network{})
	ctx, cancel := context.WithCancel(t.Context())
	f.hosts["lb1"] = interrupting{f.hosts["lb1"].(*fakeHost), cancel}
	if err := f.Apply(ctx, &planner.Plan{Steps: []resource.Step{asking("lb1", "web1")}}, &progress{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// interrupting is a host during whose probes somebody interrupts lvsctl.
type interrupting struct {
	*fakeHost
	cancel func()
}

func (h interrupting) Probe(context.Context, []resource.Probe) ([]resource.ProbeOutcome, error) {
	h.cancel()
	return []resource.ProbeOutcome{{Failure: "interrupted"}}, nil
}
