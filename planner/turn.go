package planner

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A turn is the steps of one wave, on their way to what is done. Real servers whose hosts
// change are out of service from the first to the last of these changes: whatever directors are
// to send them comes with weight 0 until then, and gets its weight after their probes.
type turn struct {
	*rollout
	relief  *relief
	hosts   map[*rolled]bool // that change
	last    int              // step that changes one of them, -1 for none
	asked   map[*rolled]bool // they were probed
	back    map[place]back   // what is out of service, and is taken in again
	waiting []place          // of back, in their order
	out     []resource.Step
}

// A back is a change by which a destination is taken in again, in a step.
type back struct {
	step   resource.Step
	change resource.Change
}

// turn has the real servers of a wave out of service while they change, and probed before
// they are taken in.
func (r *rollout) turn(wave int, steps []resource.Step, rel *relief) []resource.Step {
	if r == nil || wave == 0 {
		return steps
	}
	rel.begin()
	clear(rel.rolled)
	t := &turn{rollout: r, relief: rel, hosts: map[*rolled]bool{}, last: -1, asked: map[*rolled]bool{}, back: map[place]back{}}
	first := t.window(wave, steps)
	for i, s := range steps {
		if i == first {
			t.stepOut()
		}
		t.add(i, s)
		if i == t.last {
			t.stepIn()
		}
	}
	return t.out
}

// window finds the hosts of real servers that change, and the last step that changes one. It
// returns the first that changes one of them or what directors send there, -1 for none. A real
// server that had to wait for this wave is in it, too.
func (t *turn) window(wave int, steps []resource.Step) (first int) {
	for i, step := range steps {
		s := t.byHost[step.Host]
		for _, c := range step.Changes {
			if s != nil && counts(c) && c.Key().Kind != resource.KindDestination && (s.wave == wave || t.server(step.StepRef, c) == s) {
				t.hosts[s], t.last = true, i
			}
		}
	}
	return slices.IndexFunc(steps[:t.last+1], func(step resource.Step) bool {
		return slices.ContainsFunc(step.Changes, func(c resource.Change) bool {
			return counts(c) && (t.hosts[t.server(step.StepRef, c)] || t.hosts[t.byHost[step.Host]])
		})
	})
}

// stepOut takes the real servers out of service that have others to take over.
func (t *turn) stepOut() {
	addresses := map[netip.Addr]bool{}
	for s := range t.hosts {
		addresses[s.addr] = true
		for _, a := range t.snapshots[s.host].Facts.Addresses {
			addresses[a.Prefix.Addr()] = true
		}
	}
	before, wait, after := t.relief.sides(addresses, resource.RollingOut)
	for _, s := range slices.Concat(before, wait) {
		t.relief.pass(s)
		t.out = append(t.out, s)
	}
	for _, s := range after {
		for _, c := range s.Changes {
			t.putBack(s, c)
			if of := t.byAddr[c.Key().Prefix.Addr()]; of != nil {
				t.relief.rolled[of.host] = true
			}
		}
	}
}

// putBack notes how a destination is taken in again.
func (t *turn) putBack(s resource.Step, c resource.Change) {
	at := place{s.Host, c.Key()}
	if _, known := t.back[at]; !known {
		t.waiting = append(t.waiting, at)
	}
	t.back[at] = back{s, c}
}

// add adds a step, after the probes of those that it takes in. As long as their hosts change
// nobody is taken in.
func (t *turn) add(i int, s resource.Step) {
	changes := s.Changes
	s.Changes = nil
	var taken []*rolled // some several times
	for _, c := range changes {
		if c.Key().Kind != resource.KindDestination || !c.Action.TouchesHost() {
			s.Changes = append(s.Changes, c)
			continue
		}
		if quiet, out := t.back[place{s.Host, c.Key()}]; out {
			c.Before = quiet.change.Before
			delete(t.back, place{s.Host, c.Key()})
		}
		of := t.server(s.StepRef, c)
		dest, up := c.After.(resource.Destination)
		switch {
		case of == nil || !up || dest.Weight == 0:
		case t.hosts[of] && i <= t.last && t.relief.now[s.Host][c.Key()].Weight > 0: // nobody else could stand in for it
		case t.hosts[of] && i <= t.last:
			c = t.hold(s, c, dest)
		default:
			taken = append(taken, of)
		}
		if c.Before == nil || c.Before != c.After {
			s.Changes = append(s.Changes, c)
		}
	}
	if len(s.Changes) > 0 || len(changes) == 0 {
		t.ask(taken)
		t.relief.pass(s)
		t.out = append(t.out, s)
	}
}

// hold is a change with weight 0, which gets its weight later.
func (t *turn) hold(s resource.Step, c resource.Change, dest resource.Destination) resource.Change {
	quiet := dest
	quiet.Weight = 0
	later := resource.Change{Action: resource.Update, Before: quiet, After: dest, Reason: resource.RollingOut}
	if c.Before == resource.Resource(quiet) { // it is nothing but the weight
		later.Reason, later.Source = c.Reason, c.Source
	}
	t.putBack(s, later)
	c.After = quiet
	return c
}

// stepIn takes the real servers in again, after their probes.
func (t *turn) stepIn() {
	var changed []*rolled
	for _, s := range slices.SortedFunc(maps.Keys(t.hosts), func(a, b *rolled) int { return strings.Compare(a.name, b.name) }) {
		if t.serves(s) {
			changed = append(changed, s)
		}
	}
	t.ask(changed)
	var steps []resource.Step
	for _, at := range t.waiting {
		b, still := t.back[at]
		if !still {
			continue
		}
		delete(t.back, at)
		n := slices.IndexFunc(steps, func(s resource.Step) bool { return s.StepRef == b.step.StepRef })
		if n < 0 {
			n = len(steps)
			steps = append(steps, resource.Step{StepRef: b.step.StepRef, After: b.step.After})
		}
		steps[n].Changes = append(steps[n].Changes, b.change)
	}
	for _, s := range steps {
		t.relief.pass(s)
		t.out = append(t.out, s)
	}
}

// serves tells whether a real server has connections of a director, or is about to have them
// again.
func (t *turn) serves(s *rolled) bool {
	return slices.ContainsFunc(s.places, func(p place) bool {
		_, again := t.back[p]
		return again || t.relief.now[p.director][p.key].Weight > 0
	})
}

// ask has the directors probe real servers that they have not probed yet.
func (t *turn) ask(servers []*rolled) {
	servers = slices.DeleteFunc(slices.Clone(servers), func(s *rolled) bool {
		known := t.asked[s]
		t.asked[s] = true
		return known
	})
	var clusters []*schema.Cluster
	for _, s := range servers {
		for _, c := range s.clusters {
			if !slices.Contains(clusters, c) {
				clusters = append(clusters, c)
			}
		}
	}
	for _, c := range clusters {
		t.askIn(c, servers)
	}
}

// askIn has the directors of a cluster probe those of some real servers that are its own.
func (t *turn) askIn(c *schema.Cluster, servers []*rolled) {
	step := resource.Step{}
	var names []string
	for _, s := range servers {
		if !slices.Contains(s.clusters, c) {
			continue
		}
		probes := t.probes[c][s.addr]
		for _, p := range probes {
			step.Probes = append(step.Probes, resource.ServerProbe{Server: s.name, Probe: p})
		}
		if len(probes) > 0 {
			names = append(names, s.name)
		}
	}
	if len(names) == 0 {
		return
	}
	step.Name = c.Name + ": probe " + some(names)
	for _, h := range c.Directors {
		if t.relief.snapshots[h.Name] != nil {
			step.Host = h.Name
			t.out = append(t.out, step)
		}
	}
}

// some lists names, unless there are too many.
func some(names []string) string {
	if len(names) > 4 {
		return fmt.Sprintf("%d real servers", len(names))
	}
	return strings.Join(names, ", ")
}
