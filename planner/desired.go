// Package planner decides what has to change, where, and in which order.
//
// It is pure: a config and the snapshots of the hosts go in, a plan comes out, and
// nothing in between touches a machine. A recipe (one file a mode) writes down what a
// role needs as steps on hosts; the diff compares that with what each host has and
// with what its ledger remembers; the order turns both into one list of steps.
package planner

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Desired is what a config asks of its hosts: resources, grouped in steps that are
// ordered by edges. A step's edges lead only to steps declared before it, so the
// order of declaration is always a possible order of execution.
type Desired struct {
	Hosts []string // every host of the config, sorted

	steps     []*step
	wants     map[string]map[resource.Key]want // by host
	parting   resource.Reason                  // why objects that are not wanted go
	conflicts hcl.Diagnostics
}

// A step groups what is set up together on one host for one purpose.
type step struct {
	resource.StepRef
	index int
	after []edge
	edges []resource.Edge // after, as ledgers remember it
	keys  []resource.Key  // in the order in which they are to be set up
}

type edge struct {
	step *step
	why  string
}

// A want is one resource that the config asks for.
type want struct {
	state  resource.Resource
	step   *step
	source resource.Source
}

// Want runs the recipe of each cluster's mode. Its diagnostics name objects that two
// clusters want in different states.
func Want(cfg *schema.Config) (*Desired, hcl.Diagnostics) {
	d := &Desired{wants: map[string]map[resource.Key]want{}, parting: resource.RemovedFromConfig}
	for _, h := range cfg.Hosts {
		d.Hosts = append(d.Hosts, h.Name)
		d.wants[h.Name] = map[resource.Key]want{}
	}
	slices.Sort(d.Hosts)
	for _, c := range cfg.Clusters {
		switch c.Mode {
		case schema.DR:
			d.directRouting(c)
		case schema.NAT:
			d.masquerading(c)
		default:
			panic(fmt.Sprintf("no recipe for mode %q", c.Mode))
		}
	}
	for _, s := range d.steps {
		s.edges = s.remembered()
	}
	return d, d.conflicts
}

// remembered is what a ledger has to remember of a step's edges. A step that has no
// objects of its own, since it shares all of them with earlier ones, will not be in
// any ledger: what it comes after counts in its place.
func (s *step) remembered() []resource.Edge {
	var edges []resource.Edge
	add := func(e resource.Edge) {
		if !slices.ContainsFunc(edges, func(o resource.Edge) bool { return o.Step == e.Step }) {
			edges = append(edges, e)
		}
	}
	for _, e := range s.after {
		if len(e.step.keys) > 0 {
			add(resource.Edge{Step: e.step.StepRef, Why: e.why})
			continue
		}
		for _, inherited := range e.step.edges {
			add(inherited)
		}
	}
	return edges
}

// Withdraw is the desired state of a config that is given up: the same hosts and
// order, and nothing wanted any more.
func (d *Desired) Withdraw() *Desired {
	out := &Desired{Hosts: d.Hosts, wants: map[string]map[resource.Key]want{}, parting: resource.Destroying}
	for _, s := range d.steps {
		out.steps = append(out.steps, &step{StepRef: s.StepRef, index: s.index, after: s.after, edges: s.edges})
	}
	return out
}

// Keys lists what has to be read on a host, in no particular order: what the config
// wants there, and what may have to change for a moment.
func (d *Desired) Keys(host string) []resource.Key {
	keys := make([]resource.Key, 0, len(d.wants[host])+len(hushSettings))
	for k := range d.wants[host] {
		keys = append(keys, k)
	}
	for _, k := range hushSettings {
		keys = append(keys, k)
	}
	return keys
}

// step declares a step of a cluster on a host. What it is for is what people read in
// the plan, and together with cluster and host it is the step's name in ledgers.
func (d *Desired) step(h *schema.Host, cluster, purpose string) *step {
	s := &step{
		StepRef: resource.StepRef{Host: h.Name, Name: cluster + ": " + purpose},
		index:   len(d.steps),
	}
	d.steps = append(d.steps, s)
	return s
}

// comesAfter orders s after an earlier step, and says why.
func (s *step) comesAfter(first *step, why string) {
	if s == first || slices.ContainsFunc(s.after, func(e edge) bool { return e.step == first }) {
		return
	}
	if first.index > s.index {
		panic(fmt.Sprintf("step %q is declared before %q, which it comes after", s.StepRef, first.StepRef))
	}
	s.after = append(s.after, edge{first, why})
}

// want adds a resource to step s. Where an earlier step already has it in the same
// state, it stays there and s comes after that step.
func (d *Desired) want(s *step, r resource.Resource, source resource.Source) {
	key := r.Key()
	other, taken := d.wants[s.Host][key]
	switch {
	case !taken:
		d.wants[s.Host][key] = want{r, s, source}
		s.keys = append(s.keys, key)
	case other.state == r:
		s.comesAfter(other.step, "shares "+key.String())
	default:
		d.conflicts = append(d.conflicts, conflict(s.Host, other, want{r, s, source}))
	}
}

// conflict reports two wants that exclude each other.
func conflict(host string, a, b want) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Conflicting requirements",
		Detail: fmt.Sprintf("On host %s, %q (%s) needs %s, but %q (%s) needs %s. One host can only do one of the two.",
			host, a.step.Name, a.source, a.state, b.step.Name, b.source, b.state),
		Subject: lineOf(b.source),
	}
}

// lineOf is a place in the config as a range.
func lineOf(s resource.Source) *hcl.Range {
	start := hcl.Pos{Line: s.Line, Column: 1}
	return &hcl.Range{Filename: s.File, Start: start, End: start}
}

// linkSysctl wants one IPv4 setting of a network interface, or of "all" or "default".
func (d *Desired) linkSysctl(s *step, link, setting, value string, source resource.Source) {
	d.want(s, resource.Sysctl{Name: resource.LinkSysctl("net.ipv4.conf", link, setting), Value: value}, source)
}
