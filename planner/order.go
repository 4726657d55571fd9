package planner

import (
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Order.
//
// The graph's nodes are steps, each as something to set up, to take down, or both. Its
// edges come from:
//
//   - Setting up follows the edges of the recipes.
//   - Taking down follows them the other way, as they were when the objects were made:
//     the ledger has kept them, since the config that knew them may be gone. Where the
//     config still has the step, its edges of today count as well.
//   - An address that moves from one host to another is gone from the old one before
//     the new one has it.
//   - A destination of a service with a firewall mark goes before further packets get
//     that mark, and packets that do not get it any more stop to before the service has
//     further destinations: neither may be prepared for the other.
//   - A sync daemon stops before a service gets a destination of the other address family,
//     and such a destination goes before a sync daemon starts: the kernel refuses to have
//     both.
//   - A policy rule goes before one for more packets comes with the same priority: the
//     kernel would take the second for the first.
//   - What goes, goes before a route is changed that it stands on: a director that is
//     replaced sends nothing to a real server that answers through the new one.
//   - What is changed so that it no longer stands on something that goes, is changed
//     first.
//   - A real server gets connections when all that changes on it is changed.
//   - A unit reads its files again when all of them are as they will be, those that are
//     given up among them.
//
// Beyond that, setting up goes before taking down, so that a replacement serves before
// what it replaces goes; what is drained goes before what is not, so that nothing that was
// taken away is missed during the wait (an address that moves is on neither host); and
// steps keep the order in which recipes declare them.
//
// Edges of setting up lead to earlier declared steps and cannot form a cycle. Those of
// taking down come from several pasts and can contradict each other and the present;
// then the step of taking down goes first that would come first without edges.

// connect adds the edges that depend on what changes.
func (g *graph) connect(snapshots map[string]*resource.Snapshot) {
	g.handOver()
	g.takeInLast(snapshots)
	g.keepMarksApart()
	g.widenRules()
	g.keepSyncApart()
	g.stepAside()
	g.readLast()
}

// order sorts the graph and returns the steps that have something to do.
func (g *graph) order() []resource.Step {
	steps := make([]resource.Step, 0, g.busy())
	stages := stager{waved: g.waved}
	ready := newQueue(g.nodes)
	for _, n := range g.nodes {
		if n.waits == 0 {
			ready.push(n)
		}
	}
	for left, stuck := len(g.nodes), 0; left > 0; left-- {
		if ready.empty() {
			stuck = g.unblock(ready, stuck)
		}
		n := ready.pop()
		n.done = true
		if len(n.changes) > 0 {
			s := n.step()
			s.Stage, s.Wave = stages.next(n), stages.wave
			steps = append(steps, s)
		}
		for _, next := range n.blocks {
			next.behind.add(n.behind)
			if next.waits--; next.waits == 0 && !next.done {
				ready.push(next)
			}
		}
	}
	return byWave(steps, func(wave int, steps []resource.Step) []resource.Step {
		return g.quiesce(steps, stages.last+1+wave)
	})
}

// unblock makes the first node of taking down ready that a cycle holds back, looking
// from rank from on, and returns where to look next time.
func (g *graph) unblock(ready *queue, from int) int {
	for g.nodes[from].done || !g.nodes[from].down {
		from++
	}
	n := g.nodes[from]
	n.done = true
	ready.push(n)
	return from
}

// step is a node as data.
func (n *node) step() resource.Step {
	if n.down {
		slices.Reverse(n.changes)
		return resource.Step{StepRef: n.ref, Changes: n.changes}
	}
	return resource.Step{StepRef: n.ref, After: n.after, Changes: n.changes}
}

// stepAside orders what goes and what changes along the edges of the past: the first
// before a change of a route that it stands on, the second before what it stands on
// goes.
func (g *graph) stepAside() {
	for _, n := range g.nodes {
		if !n.down {
			continue
		}
		changed := g.named(n.ref)
		for _, e := range n.after {
			if base := g.named(e.Step); base != nil && len(n.changes) > 0 && slices.ContainsFunc(base.changes, reroutes) {
				n.before(base)
			}
			if base := g.down[e.Step]; base != nil && base != n && changed != nil && slices.ContainsFunc(changed.changes, edits) {
				changed.before(base)
			}
		}
	}
}

// edits tells changes that turn one state of an object into another. A file for the next
// boot stands on nothing: it comes after all that it is about.
func edits(c resource.Change) bool {
	return (c.Action == resource.Update || c.Action == resource.Replace) && !forBoot(c.After)
}

// forBoot tells a file for the next boot.
func forBoot(r resource.Resource) bool {
	f, is := r.(resource.File)
	return is && f.ForBoot()
}

// reroutes tells changes that make a route lead elsewhere.
func reroutes(c resource.Change) bool { return edits(c) && c.Key().Kind == resource.KindRoute }

// handOver orders taking an address down on one host before it is set up on another.
// Addresses on lo and on tunnels are not announced, and any number of hosts may have
// them.
func (g *graph) handOver() {
	leaving := map[resource.Key]*node{}
	for _, n := range g.nodes {
		for _, c := range n.changes {
			if n.down && c.Action == resource.Delete && announced(c.Before) {
				leaving[anywhere(c.Key())] = n
			}
		}
	}
	if len(leaving) == 0 {
		return
	}
	for _, n := range g.nodes {
		for _, c := range n.changes {
			if n.down || c.Action != resource.Create || !announced(c.After) {
				continue
			}
			if old := leaving[anywhere(c.Key())]; old != nil && old.ref.Host != n.ref.Host {
				old.before(n)
			}
		}
	}
}

// keepMarksApart orders what leaves a service with a firewall mark, destinations and
// packets, before what it gets anew of the other.
func (g *graph) keepMarksApart() {
	type marked struct {
		host string
		mark uint32
		kind resource.Kind
	}
	leaving := map[marked][]*node{}
	for _, n := range g.nodes {
		for _, c := range n.changes {
			if mark := markOf(c.Before); n.down && mark != 0 {
				at := marked{n.ref.Host, mark, c.Key().Kind}
				if list := leaving[at]; len(list) == 0 || list[len(list)-1] != n {
					leaving[at] = append(list, n)
				}
			}
		}
	}
	if len(leaving) == 0 {
		return
	}
	other := map[resource.Kind]resource.Kind{resource.KindMark: resource.KindDestination, resource.KindDestination: resource.KindMark}
	for _, n := range g.nodes {
		seen := map[marked]bool{}
		for _, c := range n.changes {
			at := marked{n.ref.Host, markOf(c.After), other[c.Key().Kind]}
			if n.down || at.mark == 0 || seen[at] {
				continue
			}
			seen[at] = true
			for _, old := range leaving[at] {
				old.before(n)
			}
		}
	}
}

// keepSyncApart orders sync daemons that stop before destinations of mixed address families
// that come, and such destinations that go before sync daemons that start.
func (g *graph) keepSyncApart() {
	leaving := g.rivals(true, func(c resource.Change) resource.Resource { return c.Before })
	if len(leaving) == 0 {
		return
	}
	for host, coming := range g.rivals(false, func(c resource.Change) resource.Resource { return c.After }) {
		inOrder(leaving[host].daemons, coming.mixed)
		inOrder(leaving[host].mixed, coming.daemons)
	}
}

// inOrder orders each of some nodes before each of others.
func inOrder(first, then []*node) {
	for _, a := range first {
		for _, b := range then {
			a.before(b)
		}
	}
}

// rivals are the nodes of one host with sync daemons, of which there are two at most, and
// those with destinations of mixed address families.
type rivals struct{ daemons, mixed []*node }

// rivals finds them by host, in one direction, by one of the states of their changes.
func (g *graph) rivals(down bool, state func(resource.Change) resource.Resource) map[string]rivals {
	found := map[string]rivals{}
	for _, n := range g.nodes {
		if n.down != down {
			continue
		}
		r := found[n.ref.Host]
		if slices.ContainsFunc(n.changes, func(c resource.Change) bool { return isDaemon(state(c)) }) {
			r.daemons = append(r.daemons, n)
		}
		if slices.ContainsFunc(n.changes, func(c resource.Change) bool { return isMixed(state(c)) }) {
			r.mixed = append(r.mixed, n)
		}
		if len(r.daemons)+len(r.mixed) > 0 {
			found[n.ref.Host] = r
		}
	}
	return found
}

func isDaemon(r resource.Resource) bool {
	_, ok := r.(resource.SyncDaemon)
	return ok
}

// isMixed tells a destination of another address family than its service's.
func isMixed(r resource.Resource) bool {
	d, ok := r.(resource.Destination)
	return ok && resource.FamilyOf(d.Addr) != d.Service.Family
}

// widenRules orders policy rules that go before those of the same priority and table that
// come and are for more packets (rule_exists in the kernel's net/core/fib_rules.c).
func (g *graph) widenRules() {
	type leaving struct {
		*node
		rule resource.Rule
	}
	byHost := map[string][]leaving{}
	for _, n := range g.nodes {
		for _, c := range n.changes {
			if r, ok := c.Before.(resource.Rule); ok && n.down && c.Action == resource.Delete {
				byHost[n.ref.Host] = append(byHost[n.ref.Host], leaving{n, r})
			}
		}
	}
	if len(byHost) == 0 {
		return
	}
	for _, n := range g.nodes {
		for _, c := range n.changes {
			if r, ok := c.After.(resource.Rule); ok && !n.down {
				for _, old := range byHost[n.ref.Host] {
					if wider(r, old.rule) {
						old.before(n)
					}
				}
			}
		}
	}
}

// wider tells whether a policy rule differs from another one in that it is for packets
// from or to more addresses.
func wider(r, than resource.Rule) bool {
	if r.From.IsValid() && r.From != than.From || r.To.IsValid() && r.To != than.To || r == than {
		return false
	}
	r.From, r.To = than.From, than.To
	return r == than
}

// markOf is the firewall mark that a destination or the marking of packets is for, 0 for
// none.
func markOf(r resource.Resource) uint32 {
	switch r := r.(type) {
	case resource.Mark:
		return r.Mark
	case resource.Destination:
		return r.Service.Mark
	}
	return 0
}

func announced(r resource.Resource) bool {
	a, ok := r.(resource.Address)
	return ok && a.Link != "lo" && !slices.Contains(receivers, a.Link)
}

// anywhere is an address's key without its interface.
func anywhere(k resource.Key) resource.Key {
	k.Name = ""
	return k
}
