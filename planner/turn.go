package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A turn is the steps of one wave, on their way to what is done.
type turn struct {
	*rollout
	relief  *relief
	wave    int
	servers []*rolled
	asked   map[*rolled]bool          // they were probed, or need not be
	back    []resource.Step           // by which those that are out of service are taken in again
	aside   map[place]resource.Change // of those steps, unless something else has taken them in
	out     []resource.Step
}

// turn has the real servers of a wave out of service while they change, and probed before
// they are taken in.
func (r *rollout) turn(wave int, steps []resource.Step, rel *relief) []resource.Step {
	if r == nil || wave == 0 {
		return steps
	}
	t := &turn{rollout: r, relief: rel, wave: wave, servers: r.inWave[wave-1], asked: map[*rolled]bool{}}
	for _, s := range t.servers {
		rel.rolled[s.host] = true
	}
	rel.begin()
	first, last := t.window(steps)
	for i, s := range steps {
		if i == first {
			t.stepOut()
		}
		t.add(s)
		if i == last {
			t.stepIn()
		}
	}
	return t.out
}

// window is from the first to the last step that changes one of the real servers, -1 for
// none.
func (t *turn) window(steps []resource.Step) (first, last int) {
	first, last = -1, -1
	for i, step := range steps {
		ours := func(c resource.Change) bool {
			s := t.server(step.StepRef, c)
			return counts(c) && c.Key().Kind != resource.KindDestination && s != nil && s.wave == t.wave
		}
		if !slices.ContainsFunc(step.Changes, ours) {
			continue
		}
		if first < 0 {
			first = i
		}
		last = i
	}
	return first, last
}

// stepOut takes the real servers out of service that have others to take over.
func (t *turn) stepOut() {
	var hosts []string
	for _, s := range t.servers {
		if s.host != "" {
			hosts = append(hosts, s.host)
		}
	}
	before, wait, after := t.relief.sides(hosts, resource.RollingOut)
	for _, s := range slices.Concat(before, wait) {
		t.relief.pass(s)
		t.out = append(t.out, s)
	}
	t.back, t.aside = after, map[place]resource.Change{}
	for _, s := range after {
		for _, c := range s.Changes {
			t.aside[place{s.Host, c.Key()}] = c
		}
	}
}

// add adds a step, after the probes of those that it takes in.
func (t *turn) add(s resource.Step) {
	var taken []*rolled // some several times
	for i, c := range s.Changes {
		dest, up := c.After.(resource.Destination)
		if !up || !c.Action.TouchesHost() {
			continue
		}
		if in := t.server(s.StepRef, c); dest.Weight > 0 && in != nil && in.wave == t.wave {
			taken = append(taken, in)
		}
		if quiet, is := t.aside[place{s.Host, c.Key()}]; is {
			s.Changes = slices.Clone(s.Changes)
			s.Changes[i].Before = quiet.Before
			if quiet.Before == c.After {
				s.Changes[i].Action = resource.Adopt
			}
			delete(t.aside, place{s.Host, c.Key()})
		}
	}
	t.ask(taken)
	t.relief.pass(s)
	t.out = append(t.out, s)
}

// stepIn takes the real servers in again that no step has taken in meanwhile.
func (t *turn) stepIn() {
	var changed []*rolled
	for _, s := range t.servers {
		if s.host != "" && t.serves(s) {
			changed = append(changed, s)
		}
	}
	t.ask(changed)
	for _, s := range t.back {
		s.Changes = slices.DeleteFunc(slices.Clone(s.Changes), func(c resource.Change) bool {
			_, still := t.aside[place{s.Host, c.Key()}]
			return !still
		})
		if len(s.Changes) > 0 {
			t.relief.pass(s)
			t.out = append(t.out, s)
		}
	}
	t.aside = nil
}

// serves tells whether a real server has connections of a director, or is about to have them
// again.
func (t *turn) serves(s *rolled) bool {
	return slices.ContainsFunc(s.places, func(p place) bool {
		_, again := t.aside[p]
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
