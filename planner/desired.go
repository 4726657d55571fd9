// Package planner decides what has to change, where, and in which order.
//
// It is pure: a config and the snapshots of the hosts go in, a plan comes out, and
// nothing in between touches a machine. A recipe (one file a mode) writes down what a
// role needs as steps on hosts; the diff compares that with what each host has and
// with what its ledger remembers; the order turns both into one list of steps.
package planner

import (
	"fmt"
	"iter"
	"maps"
	"net/netip"
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
	wants     map[string]*resource.ByKey[want] // by host
	drains    map[serviceAt]resource.Drain     // for which destinations of a service wait before they go
	mounts    map[*schema.Host][]*step         // after which a host has all that it mounts
	parting   resource.Reason                  // why objects that are not wanted go
	missing   []string                         // hosts that cannot be reached
	clusters  []*schema.Cluster                // where real servers of some change in waves
	conflicts hcl.Diagnostics
}

// A step groups what is set up together on one host for one purpose.
type step struct {
	resource.StepRef
	index      int
	after      []edge
	edges      []resource.Edge // after, as ledgers remember it
	keys       []resource.Key  // in the order in which they are to be set up
	serverList                 // then the destinations that are not among them

	firsts map[*step]bool // the steps of after, where they are many, as far as they were looked at
	looked int

	fits   bool   // some of it depends on the host, see want
	server string // the managed real server that the step is for on another host, for people
}

// A serverList is destinations in the order in which they are to be set up, tens of thousands of
// them, in a third of the room that keys take.
type serverList struct {
	list []server
	of   []resource.ServiceKey // those that the list has, in turns
}

type server struct {
	addr    netip.Addr
	port    uint16
	service int32 // index of its service
}

// add adds a destination.
func (s *serverList) add(d resource.Destination) {
	if n := len(s.of); n == 0 || s.of[n-1] != d.Service {
		s.of = append(s.of, d.Service)
	}
	s.list = append(s.list, server{d.Addr, d.Port, int32(len(s.of) - 1)})
}

// but are the keys of a step in their order, without destinations behind some services.
func (s *step) but(settled map[resource.ServiceKey]bool) iter.Seq[resource.Key] {
	return func(yield func(resource.Key) bool) {
		for _, key := range s.keys {
			if !yield(key) {
				return
			}
		}
		skip := make([]bool, len(s.of))
		for i, service := range s.of {
			skip[i] = settled[service]
		}
		for _, d := range s.list {
			if !skip[d.service] && !yield(resource.DestinationKey(s.of[d.service], d.addr, d.port)) {
				return
			}
		}
	}
}

// empty tells whether a step has nothing to set up.
func (s *step) empty() bool { return len(s.keys)+len(s.list) == 0 }

type edge struct {
	step *step
	why  string
}

// A want is one resource that the config asks for.
type want struct {
	state  resource.Resource
	step   *step
	source resource.Source
	loose  bool // an address that may have another prefix or be on another interface, or a directory as it is found
	// fit is the state on a host as it turns out to be, nil for not wanted there. Without it
	// the state is the same on all.
	fit func(resource.Facts) resource.Resource
}

// Want writes down what host blocks ask for and runs the recipes of each cluster. Its
// diagnostics name objects that are wanted in different states.
func Want(cfg *schema.Config) (*Desired, hcl.Diagnostics) {
	d := &Desired{wants: map[string]*resource.ByKey[want]{}, drains: map[serviceAt]resource.Drain{}, mounts: map[*schema.Host][]*step{}, parting: resource.RemovedFromConfig}
	for _, h := range cfg.Hosts {
		d.Hosts = append(d.Hosts, h.Name)
		d.wants[h.Name] = resource.NewByKey[want]()
	}
	slices.Sort(d.Hosts)
	for _, h := range cfg.Hosts {
		d.hostSettings(h)
	}
	for _, c := range cfg.Clusters {
		d.shares(c)
	}
	for _, c := range cfg.Clusters {
		d.cluster(c)
	}
	if slices.ContainsFunc(cfg.Clusters, func(c *schema.Cluster) bool { return c.Rollout != nil }) {
		d.clusters = cfg.Clusters
	}
	for _, h := range cfg.Hosts {
		d.persist(h)
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
	seen := map[resource.StepRef]bool{} // a step may come after those of thousands of clusters
	add := func(e resource.Edge) {
		if !seen[e.Step] {
			seen[e.Step] = true
			edges = append(edges, e)
		}
	}
	for _, e := range s.after {
		if !e.step.empty() {
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
	out := &Desired{Hosts: d.Hosts, wants: map[string]*resource.ByKey[want]{}, parting: resource.Destroying, missing: d.missing}
	for _, s := range d.steps {
		out.steps = append(out.steps, &step{StepRef: s.StepRef, index: s.index, after: s.after, edges: s.edges})
	}
	return out
}

// AtOnce is the desired state in which nothing is drained: what goes, goes at once.
func (d *Desired) AtOnce() *Desired {
	out := *d
	out.drains = nil
	return &out
}

// Keys lists what has to be read on a host, in no particular order: what the config
// wants there but for destinations, which are read anyway, what may have to change for a
// moment, and what is worth a warning.
func (d *Desired) Keys(host string) []resource.Key {
	var keys []resource.Key
	for k := range d.wants[host].Others() {
		keys = append(keys, k)
	}
	keys = append(keys, passing...)
	worth := map[resource.Key]bool{reuseMode: true, quiescentTemplate: true}
	if _, forwards := d.wants[host].Find(forwardIPv6.Key()); forwards {
		worth[advertisedDefault] = true
		for _, w := range d.wants[host].Others() {
			if link := linkOf(w.state); link != "" {
				worth[acceptAdvertised(link)] = true
			}
		}
	}
	for k := range worth {
		if _, wanted := d.wants[host].Find(k); !wanted {
			keys = append(keys, k)
		}
	}
	return keys
}

// Destinations lists the destinations that the config wants on a host.
func (d *Desired) Destinations(host string) []resource.Key {
	var keys []resource.Key
	for _, behind := range d.wants[host].Services() {
		for w := range behind.All() {
			keys = append(keys, w.state.Key())
		}
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
	if s == first || s.isAfter(first) {
		return
	}
	if first.index > s.index {
		panic(fmt.Sprintf("step %q is declared before %q, which it comes after", s.StepRef, first.StepRef))
	}
	s.after = append(s.after, edge{first, why})
}

// isAfter tells whether s comes after an earlier step. One that comes after those of
// thousands of clusters looks it up.
func (s *step) isAfter(first *step) bool {
	const few = 16
	if len(s.after) <= few {
		return slices.ContainsFunc(s.after, func(e edge) bool { return e.step == first })
	}
	if s.firsts == nil {
		s.firsts = map[*step]bool{}
	}
	for ; s.looked < len(s.after); s.looked++ {
		s.firsts[s.after[s.looked].step] = true
	}
	return s.firsts[first]
}

// want adds a resource to step s. Where an earlier step already has it in the same
// state, it stays there and s comes after that step.
func (d *Desired) want(s *step, r resource.Resource, source resource.Source) {
	key := r.Key()
	other, taken := d.wants[s.Host].LoadOrStore(key, want{state: r, step: s, source: source})
	switch {
	case !taken:
		d.standOn(s, r)
		s.keys = append(s.keys, key)
	case other.state == r:
		s.comesAfter(other.step, "shares "+key.String())
	default:
		d.conflicts = append(d.conflicts, conflict(s.Host, other, want{state: r, step: s, source: source}))
	}
}

// wantServer is want for a destination, with those that are wanted behind its service.
func (d *Desired) wantServer(behind *resource.Behind[want], s *step, r resource.Destination, source resource.Source) {
	w := want{state: r, step: s, source: source}
	switch other, taken := behind.LoadOrStore(r.Addr, r.Port, w); {
	case !taken:
		s.add(r)
	case other.state == w.state:
		s.comesAfter(other.step, "shares "+r.Key().String())
	default:
		d.conflicts = append(d.conflicts, conflict(s.Host, other, w))
	}
}

// wantAnyhow is want for what is good enough as it is where the host has it already: an
// address with whatever prefix and on whatever interface, or a directory, whoever may use
// it.
func (d *Desired) wantAnyhow(s *step, r resource.Resource, source resource.Source) {
	d.want(s, r, source)
	w := d.wants[s.Host].Get(r.Key())
	w.loose = true
	d.wants[s.Host].Put(r.Key(), w)
}

// wantFitting is want for an object whose state depends on the host as it turns out to be:
// fit says what it is there, nil for not wanted. Where the host is not known yet it is r.
func (d *Desired) wantFitting(s *step, r resource.Resource, source resource.Source, fit func(resource.Facts) resource.Resource) {
	d.want(s, r, source)
	d.fit(s, r.Key(), fit)
}

// fit says what becomes of an object of a step on a host as it turns out to be. One of an
// earlier step is as that one says.
func (d *Desired) fit(s *step, key resource.Key, fit func(resource.Facts) resource.Resource) {
	if w := d.wants[s.Host].Get(key); w.step == s {
		w.fit = fit
		d.wants[s.Host].Put(key, w)
		s.fits = true
	}
}

// wantWhere is want for what is wanted only on hosts of which something is so.
func (d *Desired) wantWhere(s *step, r resource.Resource, source resource.Source, where func(resource.Facts) bool) {
	d.wantFitting(s, r, source, only(r, where))
}

// only is a state on hosts of which something is so.
func only(r resource.Resource, where func(resource.Facts) bool) func(resource.Facts) resource.Resource {
	return func(f resource.Facts) resource.Resource {
		if !where(f) {
			return nil
		}
		return r
	}
}

// withSystemd tells hosts that systemd boots.
func withSystemd(f resource.Facts) bool { return f.Systemd }

// on is what is wanted of hosts as they turned out to be.
func (d *Desired) on(snapshots map[string]*resource.Snapshot) *Desired {
	if !slices.ContainsFunc(d.steps, func(s *step) bool { return s.fits && snapshots[s.Host] != nil }) {
		return d
	}
	out := *d
	out.steps = slices.Clone(d.steps)
	out.wants = maps.Clone(d.wants)
	fitted := map[string]bool{} // hosts whose wants are a copy already
	for i, s := range d.steps {
		snap := snapshots[s.Host]
		if !s.fits || snap == nil {
			continue
		}
		if !fitted[s.Host] {
			fitted[s.Host], out.wants[s.Host] = true, d.wants[s.Host].Clone()
		}
		out.steps[i] = s.on(snap.Facts, out.wants[s.Host])
	}
	return &out
}

// on is a step with what it wants on a host. The host's wants are changed accordingly.
func (s *step) on(facts resource.Facts, wants *resource.ByKey[want]) *step {
	fitting := *s
	fitting.keys = nil
	for _, key := range s.keys {
		if w := wants.Get(key); w.fit != nil {
			if w.state = w.fit(facts); w.state == nil {
				wants.Delete(key)
				continue
			}
			wants.Put(key, w)
		}
		fitting.keys = append(fitting.keys, key)
	}
	return &fitting
}

// standOn orders s after the step that makes the interface of an address or route.
func (d *Desired) standOn(s *step, r resource.Resource) {
	link := linkOf(r)
	if link == "" {
		return
	}
	for _, base := range []resource.Resource{resource.Link{Name: link}, resource.LinkSetting{Link: link, Name: resource.LinkState}} {
		if w, wanted := d.wants[s.Host].Find(base.Key()); wanted {
			s.comesAfter(w.step, "it is on "+link)
		}
	}
}

// linkOf is the interface that an address or route is on.
func linkOf(r resource.Resource) string {
	switch r := r.(type) {
	case resource.Address:
		return r.Link
	case resource.Route:
		return r.Link
	}
	return ""
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
