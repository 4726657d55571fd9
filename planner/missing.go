package planner

import (
	"cmp"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Hosts that cannot be reached.
//
// Nobody knows what is there. So whatever comes after something on such a host is left out of
// the plan, and so is what comes after that: a director sends nothing to a real server that
// may not be ready, and a real server keeps the VIP while a director may still send to it. What
// no edge leads to is planned as ever.

// A LeftOut is a step that the plan does not have.
type LeftOut struct {
	resource.StepRef
	Changes int    `json:"changes"`
	For     string `json:"for"` // the host that cannot be reached
}

// Without is the desired state while some hosts cannot be reached.
func (d *Desired) Without(hosts []string) *Desired {
	out := *d
	out.missing = hosts
	return &out
}

// leaveOut takes away what has to wait for a missing host.
func (g *graph) leaveOut(d *Desired) []LeftOut {
	if len(d.missing) == 0 {
		return nil
	}
	waits := map[*node]string{}
	var mark func(n *node, host string)
	mark = func(n *node, host string) {
		if n == nil || waits[n] != "" {
			return
		}
		waits[n] = host
		for _, next := range n.blocks {
			mark(next, host)
		}
	}
	for _, s := range d.steps {
		if !slices.Contains(d.missing, s.Host) {
			continue
		}
		mark(g.up[s.index], s.Host)
		for _, e := range s.edges { // what it stands on stays as long as it may be there
			mark(g.down[e.Step], s.Host)
		}
	}
	var out []LeftOut
	for _, n := range g.nodes {
		if waits[n] != "" && len(n.changes) > 0 {
			out = append(out, LeftOut{n.ref, len(n.changes), waits[n]})
			n.changes = nil
		}
	}
	slices.SortStableFunc(out, func(a, b LeftOut) int { return cmp.Compare(a.For, b.For) })
	return out
}
