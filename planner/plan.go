package planner

import (
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// A Plan is what has to be done on which host in which order, as data: it can be
// shown, compared, and handed to the hosts step by step.
type Plan struct {
	Hosts []Host          `json:"hosts"` // every host that was looked at, by name
	Steps []resource.Step `json:"steps"` // in the order of execution; none is empty
	// LeftOut are the steps that wait for hosts that cannot be reached.
	LeftOut []LeftOut `json:"left_out,omitempty"`
	// Waves are those that steps belong to, in their order; none: all is done at once.
	Waves []Wave `json:"waves,omitempty"`
	// AtOnce are clusters, by name, whose rollout is set aside since they move to another
	// director.
	AtOnce []string `json:"at_once,omitempty"`
}

// A Host is what a plan says about one host beside its changes.
type Host struct {
	Name  string
	Drift []Drift
	// Rebooted is how many objects of ours went when the host booted after the last apply.
	Rebooted int
	Foreign  []resource.Resource // IPVS objects that nobody's config knows, in the order of their keys
}

// A Drift is an object of ours that is not as lvsctl left it.
type Drift struct {
	Left  resource.Resource // how lvsctl left it
	Found resource.Resource // how it is now; nil: gone
}

// Summary counts a plan's changes by what they do to the hosts.
type Summary struct {
	Add    int `json:"add"`
	Change int `json:"change"`
	Drain  int `json:"drain"` // removed when their connections are over, or have had their time
	Remove int `json:"remove"`
	Record int `json:"record"` // only remembered or forgotten, nothing is touched
	Hosts  int `json:"hosts"`  // hosts with changes to them
	// Lost is what cannot be brought back, not even by undoing the plan.
	Lost Lost `json:"lost,omitzero"`
}

// Lost counts what cannot be brought back.
type Lost struct {
	// Connections are those that are cut, as of when the plan was made. What is left when
	// real servers have been drained is not among them.
	Connections uint64 `json:"connections,omitempty"`
	// Services and Destinations are those that lose their counters: they go, or come back
	// without them.
	Services     int `json:"services,omitempty"`
	Destinations int `json:"destinations,omitempty"`
}

// add counts what a change loses.
func (l *Lost) add(c resource.Change) {
	gone := c.Action == resource.Delete || c.Action == resource.Replace
	if !gone && (c.Action != resource.Create || c.Reason != resource.RollingBack) {
		return
	}
	switch c.Key().Kind {
	case resource.KindService:
		l.Services++
	case resource.KindDestination:
		l.Destinations++
	}
	if c.Drain.Within == 0 {
		l.Connections += c.Cuts.Total()
	}
}

// Summary counts the plan's changes.
func (p *Plan) Summary() Summary {
	var s Summary
	hosts := map[string]bool{}
	for _, step := range p.Steps {
		for _, c := range step.Changes {
			if c.Reason.Passing() {
				continue
			}
			s.Lost.add(c)
			switch c.Action {
			case resource.Create:
				s.Add++
			case resource.Update, resource.Replace, resource.Restore:
				s.Change++
			case resource.Delete:
				if c.Drain.Within > 0 {
					s.Drain++
				} else {
					s.Remove++
				}
			default:
				if c.Visible() {
					s.Record++
				}
				continue
			}
			hosts[step.Host] = true
		}
	}
	s.Hosts = len(hosts)
	return s
}

// Touches tells whether carrying out the plan changes any host, and not just what
// ledgers remember.
func (p *Plan) Touches() bool {
	s := p.Summary()
	return s.Add+s.Change+s.Drain+s.Remove > 0
}

// Asks tells whether the plan has anything that a human has to agree to.
func (p *Plan) Asks() bool { return p.Touches() || p.Summary().Record > 0 }

// Equal tells whether two plans do the same. Why they do it and how many connections
// that costs may differ.
func (p *Plan) Equal(o *Plan) bool {
	return slices.EqualFunc(p.Steps, o.Steps, func(a, b resource.Step) bool {
		sameProbes := slices.EqualFunc(a.Probes, b.Probes, func(x, y resource.ServerProbe) bool { return x.Server == y.Server && x.String() == y.String() })
		return a.StepRef == b.StepRef && a.Wave == b.Wave && sameProbes && slices.EqualFunc(a.Changes, b.Changes, func(x, y resource.Change) bool {
			return x.Action == y.Action && x.Before == y.Before && x.After == y.After
		})
	})
}

// Drifted counts the objects of all hosts that are not as lvsctl left them.
func (p *Plan) Drifted() int {
	n := 0
	for _, h := range p.Hosts {
		n += len(h.Drift)
	}
	return n
}

// Rebooted lists the hosts that were rebooted since the last apply, by name.
func (p *Plan) Rebooted() []Host {
	var list []Host
	for _, h := range p.Hosts {
		if h.Rebooted > 0 {
			list = append(list, h)
		}
	}
	return list
}

// Pending lists the changes that are needed because the config moved, not the host.
func (p *Plan) Pending() []resource.Change {
	var pending []resource.Change
	for _, step := range p.Steps {
		for _, c := range step.Changes {
			switch c.Reason {
			case resource.NewInConfig, resource.ChangedInConfig, resource.RemovedFromConfig, resource.ThereBefore:
				if c.Action.TouchesHost() {
					pending = append(pending, c)
				}
			}
		}
	}
	return pending
}

func compareRefs(a, b resource.StepRef) int {
	if c := strings.Compare(a.Host, b.Host); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}
