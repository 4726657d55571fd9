package planner

import (
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// A Plan is what has to be done on which host in which order, as data: it can be
// shown, compared, and handed to the hosts step by step.
type Plan struct {
	Hosts []Host          // every host that was looked at, by name
	Steps []resource.Step // in the order of execution; none is empty
}

// A Host is what a plan says about one host beside its changes.
type Host struct {
	Name    string
	Drift   []Drift
	Foreign []resource.Resource // IPVS objects that nobody's config knows, in the order of their keys
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
	Remove int `json:"remove"`
	Record int `json:"record"` // only remembered or forgotten, nothing is touched
	Hosts  int `json:"hosts"`  // hosts with changes to them
}

// Summary counts the plan's changes.
func (p *Plan) Summary() Summary {
	var s Summary
	hosts := map[string]bool{}
	for _, step := range p.Steps {
		for _, c := range step.Changes {
			if c.Reason == resource.Meanwhile {
				continue // gone when the step is done
			}
			switch c.Action {
			case resource.Create:
				s.Add++
			case resource.Update, resource.Replace, resource.Restore:
				s.Change++
			case resource.Delete:
				s.Remove++
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
	return s.Add+s.Change+s.Remove > 0
}

// Asks tells whether the plan has anything that a human has to agree to.
func (p *Plan) Asks() bool { return p.Touches() || p.Summary().Record > 0 }

// Equal tells whether two plans do the same. Why they do it and how many connections
// that costs may differ.
func (p *Plan) Equal(o *Plan) bool {
	return slices.EqualFunc(p.Steps, o.Steps, func(a, b resource.Step) bool {
		return a.StepRef == b.StepRef && slices.EqualFunc(a.Changes, b.Changes, func(x, y resource.Change) bool {
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
