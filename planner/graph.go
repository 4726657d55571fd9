package planner

import (
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// A node is one step in one direction.
type node struct {
	ref     resource.StepRef
	after   []resource.Edge // of the step; when taking down, as it was recorded
	changes []resource.Change
	down    bool
	drains  bool // something that is taken down is drained first
	rank    int
	wave    int // of the plan's, 0 for what can be in any
	place   int // in the queue

	waits  int // nodes that must come before and have not
	blocks []*node
	done   bool
	behind behind // the stages of what came before
}

type graph struct {
	up    []*node // of the steps of the config, by their index
	down  map[resource.StepRef]*node
	names map[resource.StepRef]*node // up by what ledgers call them, see named
	nodes []*node                    // by rank
	waved bool                       // nodes have waves
}

// newGraph lays out the nodes of the config's steps.
func newGraph(d *Desired) *graph {
	g := &graph{up: make([]*node, len(d.steps)), nodes: make([]*node, 0, len(d.steps))}
	nodes := make([]node, len(d.steps))
	for i, s := range d.steps {
		n := &nodes[i]
		*n = node{ref: s.StepRef, after: s.edges, rank: i}
		g.up[s.index] = n
		g.nodes = append(g.nodes, n)
	}
	return g
}

// lay lays out the nodes of the ledgers' steps, and the edges between all of them.
func (g *graph) lay(d *Desired, snapshots map[string]*resource.Snapshot) {
	for _, s := range d.steps {
		for _, e := range s.after {
			g.up[e.step.index].before(g.up[s.index])
		}
	}
	past := pastSteps(d, snapshots)
	g.down = make(map[resource.StepRef]*node, len(past))
	for _, p := range past {
		n := &node{ref: p.StepRef, down: true, rank: len(g.nodes)}
		g.down[p.StepRef] = n
		g.nodes = append(g.nodes, n)
	}
	for _, p := range past {
		n := g.down[p.StepRef]
		n.after = p.After
		for _, e := range p.After {
			for _, first := range g.meant(d, e.Step, snapshots) {
				if first != n {
					n.before(first)
				}
			}
		}
	}
}

// meant are the nodes of taking down that a remembered step stands for. Ledgers know
// hosts by the names they had; of one that the config no longer has, a step of that
// name on any host may be meant. An apply that was cut off may have given its objects to
// other steps.
func (g *graph) meant(d *Desired, ref resource.StepRef, snapshots map[string]*resource.Snapshot) []*node {
	if snap := snapshots[ref.Host]; snap != nil && snap.Ledger.Moves != nil {
		var list []*node
		for _, name := range snap.Ledger.Moves.Heirs(ref.Name) {
			if n := g.down[resource.StepRef{Host: ref.Host, Name: name}]; n != nil {
				list = append(list, n)
			}
		}
		if len(list) > 0 {
			return list
		}
	}
	if n := g.down[ref]; n != nil {
		return []*node{n}
	}
	if _, known := slices.BinarySearch(d.Hosts, ref.Host); known {
		return nil
	}
	var list []*node
	for _, n := range g.nodes {
		if n.down && n.ref.Name == ref.Name {
			list = append(list, n)
		}
	}
	return list
}

// named is the node of a step of the config by what ledgers call it, nil for none.
func (g *graph) named(ref resource.StepRef) *node {
	if g.names == nil {
		g.names = make(map[resource.StepRef]*node, len(g.up))
		for _, n := range g.up {
			g.names[n.ref] = n
		}
	}
	return g.names[ref]
}

// before orders n before next.
func (n *node) before(next *node) {
	n.blocks = append(n.blocks, next)
	next.waits++
}

// pastSteps lists the steps that can have something to take down: those of the
// ledgers, with the edges of the config where it still has them. Later declared steps
// come first, unknown ones before all, by name.
func pastSteps(d *Desired, snapshots map[string]*resource.Snapshot) []resource.Step {
	byRef := map[resource.StepRef]*resource.Step{}
	rank := map[resource.StepRef]int{}
	for host, snap := range snapshots {
		for name, edges := range snap.Ledger.Steps {
			ref := resource.StepRef{Host: host, Name: name}
			byRef[ref] = &resource.Step{StepRef: ref, After: slices.Concat(edges, snap.Ledger.Moves.Of(name))}
			rank[ref] = len(d.steps)
		}
		last := "" // many claims in a row are of one step
		for _, claim := range snap.Ledger.Claims.All() {
			if claim.Step == last && last != "" {
				continue
			}
			last = claim.Step
			ref := resource.StepRef{Host: host, Name: claim.Step}
			if byRef[ref] == nil {
				byRef[ref] = &resource.Step{StepRef: ref}
				rank[ref] = len(d.steps)
			}
		}
	}
	for _, s := range d.steps {
		if p := byRef[s.StepRef]; p != nil {
			rank[s.StepRef] = s.index
			p.After = append(p.After, s.edges...)
		}
	}
	list := make([]resource.Step, 0, len(byRef))
	for _, p := range byRef {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b resource.Step) int {
		if ra, rb := rank[a.StepRef], rank[b.StepRef]; ra != rb {
			return rb - ra
		}
		return compareRefs(a.StepRef, b.StepRef)
	})
	return list
}

// setUp adds a change to a step of the config.
func (g *graph) setUp(s *step, c resource.Change) {
	n := g.up[s.index]
	n.changes = append(n.changes, c)
}

// takeDown adds a change to a step of a ledger. Changes arrive in the order of their
// keys and are carried out the other way round.
func (g *graph) takeDown(ref resource.StepRef, c resource.Change) {
	n := g.down[ref]
	n.changes = append(n.changes, c)
	n.drains = n.drains || c.Drain.Within > 0
}

// busy is how many nodes have something to do.
func (g *graph) busy() (n int) {
	for _, node := range g.nodes {
		if len(node.changes) > 0 {
			n++
		}
	}
	return n
}
