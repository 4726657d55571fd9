package planner

import (
	"maps"
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Rolling out in waves.
//
// A cluster with a rollout block has few of its real servers change at a time. Each wave is
// carried out like a plan of its own: its real servers get no new connections and theirs
// come to an end, they are changed, directors probe them by their own addresses, and they are
// taken in again. Only when all of that went well comes the next wave. One that fails is
// undone, and those before it stay.
//
// What changes on directors beside belongs to the first wave that it is needed for: what
// nothing waits for goes with the first one, what comes after real servers, as the VIP of a
// new cluster, with the last, and so does what is taken away. A cluster whose VIP goes to another
// director moves as a whole: in waves it would have no VIP for all but the last. And where a
// real server has to wait for one of another cluster in a later wave, it changes with that one.

// A Wave is some of the real servers of a plan, which change together.
type Wave struct {
	Servers []string      `json:"servers"`         // managed ones by the names of their hosts, others by address
	Pause   time.Duration `json:"pause,omitempty"` // after it, if there is another one, ns
	Keep    bool          `json:"keep,omitempty"`  // it is left as it is when it fails
}

// Next is the next wave of a plan as a plan of its own, or all of a plan without waves. It is
// for the snapshots that the plan was made of: while there are more waves, steps come after all
// that they came after so far, too, since what of them is left for a later wave is to be taken
// down as it was set up. With the last one the ledger gets their edges as they are to be.
func (p *Plan) Next(snapshots map[string]*resource.Snapshot) *Plan {
	n, does := 0, false
	for n < len(p.Steps) && (!does || p.Steps[n].Wave == p.Steps[n-1].Wave) {
		does = does || slices.ContainsFunc(p.Steps[n].Changes, resource.Change.Visible)
		n++
	}
	if n == len(p.Steps) {
		return p
	}
	next := &Plan{Hosts: p.Hosts, Steps: slices.Clone(p.Steps[:n]), Waves: p.Waves}
	for i := range next.Steps {
		s := &next.Steps[i]
		s.After = slices.Clip(s.After)
		for _, e := range snapshots[s.Host].Ledger.Steps[s.Name] {
			if !slices.Contains(s.After, e) {
				s.After = append(s.After, e)
			}
		}
	}
	return next
}

// Wave is the wave that comes next, nil for a plan without waves.
func (p *Plan) Wave() *Wave {
	if len(p.Steps) == 0 || p.Steps[0].Wave == 0 {
		return nil
	}
	return &p.Waves[p.Steps[0].Wave-1]
}

// CountWaves is in how many waves a plan is carried out, 0 for one without.
func (p *Plan) CountWaves() int {
	n, last := 0, 0
	for _, s := range p.Steps {
		if s.Wave != last {
			n, last = n+1, s.Wave
		}
	}
	return n
}

// Beyond is what a plan has beside the rest of one that is being carried out, of which a wave
// was to be done: nothing, if it was.
func (p *Plan) Beyond(rest *Plan) *Plan {
	later := map[string]map[resource.Key]bool{}
	for _, s := range rest.Steps {
		if later[s.Host] == nil {
			later[s.Host] = map[resource.Key]bool{}
		}
		for _, c := range s.Changes {
			later[s.Host][c.Key()] = true
		}
	}
	out := &Plan{Hosts: p.Hosts}
	for _, s := range p.Steps {
		s.Changes = slices.DeleteFunc(slices.Clone(s.Changes), func(c resource.Change) bool {
			return later[s.Host][c.Key()] || c.Reason.Passing() || !c.Visible()
		})
		if len(s.Changes) > 0 {
			s.Wave, s.Probes = 0, nil
			out.Steps = append(out.Steps, s)
		}
	}
	return out
}

// A rollout knows which real servers change together.
type rollout struct {
	clusters map[serviceAt]*schema.Cluster // those with a rollout block, by director and service
	byAddr   map[netip.Addr]*rolled
	byHost   map[string]*rolled
	list     []*rolled               // in the order of the config, then those that are removed
	names    map[netip.Addr][]string // of hosts, which may be real servers that go
	probes   map[*schema.Cluster]map[netip.Addr][]resource.Probe
	// needs are clusters, by name, for which real servers may have to change, and directors
	// the hosts that are director of any.
	needs, directors map[string]bool
	atOnce           []string // those with a rollout that move all the same
	snapshots        map[string]*resource.Snapshot
}

// A place is where a destination is to be found.
type place struct {
	director string
	key      resource.Key
}

// A rolled real server is one of clusters with a rollout block.
type rolled struct {
	name     string
	addr     netip.Addr
	host     string // that changes in waves, empty for one that is not managed, or its own director
	clusters []*schema.Cluster
	places   []place // of its destinations, which are to get connections
	changes  bool
	wave     int // 0 while it has none
}

// rolling is what a config says of waves in a plan, nil where it says nothing.
func (d *Desired) rolling(g *graph, snapshots map[string]*resource.Snapshot) *rollout {
	if len(d.clusters) == 0 {
		return nil
	}
	r := &rollout{
		snapshots: snapshots, names: hostsAt(snapshots), needs: map[string]bool{hostBlock: true}, directors: map[string]bool{},
		clusters: map[serviceAt]*schema.Cluster{}, byAddr: map[netip.Addr]*rolled{}, byHost: map[string]*rolled{}, probes: map[*schema.Cluster]map[netip.Addr][]resource.Probe{},
	}
	for _, c := range d.clusters {
		for _, h := range c.Directors {
			r.directors[h.Name] = true
		}
		r.needs[c.Name] = !g.moves(c)
	}
	for _, c := range d.clusters {
		switch {
		case c.Rollout == nil:
			continue
		case !r.needs[c.Name]:
			r.atOnce = append(r.atOnce, c.Name)
			continue
		}
		r.probes[c] = c.ServerProbes()
		for _, svc := range c.Services {
			for _, at := range servicesAt(c, svc) {
				r.clusters[at] = c
			}
			for i := range svc.RealServers {
				r.add(c, svc, &svc.RealServers[i])
			}
		}
	}
	return r
}

// moving are the clusters with a rollout that move, by name.
func (r *rollout) moving() []string {
	if r == nil {
		return nil
	}
	return r.atOnce
}

// moves tells whether a cluster's VIP leaves a host that is no director of it any more.
func (g *graph) moves(c *schema.Cluster) bool {
	return slices.ContainsFunc(g.nodes, func(n *node) bool {
		stays := slices.ContainsFunc(c.Directors, func(h *schema.Host) bool { return h.Name == n.ref.Host })
		return n.down && !stays && n.ref.Name == c.Name+": "+takesVIP && slices.ContainsFunc(n.changes, counts)
	})
}

// servicesAt are a service on the directors of its cluster.
func servicesAt(c *schema.Cluster, svc *schema.Service) []serviceAt {
	var list []serviceAt
	for _, h := range c.Directors {
		for _, key := range svc.Keys() {
			list = append(list, serviceAt{h.Name, key})
		}
	}
	return list
}

// add notes a real server of a service.
func (r *rollout) add(c *schema.Cluster, svc *schema.Service, rs *schema.RealServer) {
	s := r.at(rs.Addr, c)
	for _, at := range servicesAt(c, svc) {
		if rs.Weight > 0 {
			s.places = append(s.places, place{at.host, destination(at.key, rs).Key()})
		}
	}
	if rs.Host != nil {
		s.isHost(rs.Host.Name, r)
	}
}

// isHost notes which host a real server is. What a director of its own cluster does as such is
// not for waves.
func (s *rolled) isHost(name string, r *rollout) {
	s.name = name
	own := func(c *schema.Cluster) bool {
		return slices.ContainsFunc(c.Directors, func(h *schema.Host) bool { return h.Name == name })
	}
	if slices.ContainsFunc(s.clusters, own) {
		s.host = ""
		delete(r.byHost, name)
		return
	}
	s.host = name
	r.byHost[name] = s
}

// at is the real server at an address, as one of a cluster.
func (r *rollout) at(addr netip.Addr, c *schema.Cluster) *rolled {
	s := r.byAddr[addr]
	if s == nil {
		s = &rolled{name: addr.String(), addr: addr}
		r.byAddr[addr] = s
		r.list = append(r.list, s)
	}
	if !slices.Contains(s.clusters, c) {
		s.clusters = append(s.clusters, c)
		if names := r.names[addr]; len(names) == 1 {
			s.isHost(names[0], r)
		}
	}
	return s
}

// server is the real server that a change of a step is about, nil for none that changes in
// waves: by what directors send there, or what changes on its host, unless that is for a
// cluster that moves or goes. A host that is a director of others has more to do.
func (r *rollout) server(of resource.StepRef, c resource.Change) *rolled {
	key := c.Key()
	if key.Kind == resource.KindDestination {
		if in := r.clusters[serviceAt{of.Host, key.Service}]; in != nil {
			return r.at(key.Prefix.Addr(), in)
		}
	}
	s := r.byHost[of.Host]
	cluster := clusterOf(of)
	its := func(c *schema.Cluster) bool { return c.Name == cluster }
	if s == nil || !r.needs[cluster] || cluster != hostBlock && r.directors[of.Host] && !slices.ContainsFunc(s.clusters, its) {
		return nil
	}
	return s
}

// counts tells changes that real servers notice, or their clients. A file for the next boot is
// none of them.
func counts(c resource.Change) bool {
	return c.Action.TouchesHost() && !forBoot(c.Before) && !forBoot(c.After)
}

// waves gives each real server that changes its wave: the first with room for it in all of
// its clusters, and not before those that come before it there.
func (r *rollout) waves(g *graph) []Wave {
	for range 2 { // in the first round those turn up that are removed
		for _, n := range g.nodes {
			for _, c := range n.changes {
				if s := r.server(n.ref, c); s != nil && counts(c) {
					s.changes = true
				}
			}
		}
	}
	slices.SortStableFunc(r.list, func(a, b *rolled) int { return r.out(b) - r.out(a) })
	type room struct {
		cluster *schema.Cluster
		wave    int
	}
	taken, sizes, last := map[room]int{}, map[*schema.Cluster]int{}, map[*schema.Cluster]int{}
	var waves []Wave
	for _, s := range r.list {
		if !s.changes {
			continue
		}
		s.wave = 1
		for _, c := range s.clusters {
			s.wave = max(s.wave, last[c])
		}
		full := func(c *schema.Cluster) bool { return taken[room{c, s.wave}] >= r.size(c, sizes) }
		for slices.ContainsFunc(s.clusters, full) {
			s.wave++
		}
		for _, c := range s.clusters {
			taken[room{c, s.wave}]++
			last[c] = s.wave
		}
		if s.wave > len(waves) {
			waves = append(waves, Wave{Keep: true})
		}
		waves[s.wave-1].take(s)
	}
	return waves
}

// out tells whether a real server is out of service that is to be in it, as 1 or 0. It comes
// first, as it is missing already.
func (r *rollout) out(s *rolled) int {
	for _, p := range s.places {
		if snap := r.snapshots[p.director]; snap != nil {
			if dest, there := snap.Live.Get(p.key).(resource.Destination); there && dest.Weight == 0 {
				return 1
			}
		}
	}
	return 0
}

// take adds a real server to a wave.
func (w *Wave) take(s *rolled) {
	w.Servers = append(w.Servers, s.name)
	for _, c := range s.clusters {
		w.Pause = max(w.Pause, c.Rollout.Pause)
		w.Keep = w.Keep && c.Rollout.Keep
	}
}

// size is how many real servers of a cluster may change at a time.
func (r *rollout) size(c *schema.Cluster, known map[*schema.Cluster]int) int {
	if known[c] == 0 {
		servers := map[netip.Addr]bool{}
		for _, svc := range c.Services {
			for i := range svc.RealServers {
				servers[svc.RealServers[i].Addr] = true
			}
		}
		known[c] = c.Rollout.Size(len(servers))
	}
	return known[c]
}

// inWaves puts the nodes of real servers in their waves.
func (g *graph) inWaves(r *rollout) []Wave {
	if r == nil {
		return nil
	}
	waves := r.waves(g)
	if len(waves) == 0 {
		return nil
	}
	g.split(r)
	known := map[*node]int{}
	for _, n := range g.nodes {
		settle(n, known)
	}
	g.waved = true
	return waves
}

// split makes nodes with changes of several waves one for each.
func (g *graph) split(r *rollout) {
	var before map[*node][]*node // those that block a node
	for _, n := range slices.Clone(g.nodes) {
		parts := map[int][]resource.Change{}
		for _, c := range n.changes {
			wave := 0
			if s := r.server(n.ref, c); s != nil {
				wave = s.wave
			}
			parts[wave] = append(parts[wave], c)
		}
		for i, wave := range slices.Sorted(maps.Keys(parts)) {
			if i == 0 {
				n.wave = wave
				n.take(parts[wave])
				continue
			}
			if before == nil {
				before = g.blockers()
			}
			clone := &node{ref: n.ref, after: n.after, down: n.down, rank: n.rank, wave: wave}
			clone.take(parts[wave])
			g.nodes = append(g.nodes, clone)
			for _, b := range before[n] {
				b.before(clone)
			}
			for _, next := range n.blocks {
				clone.before(next)
				before[next] = append(before[next], clone)
			}
			before[clone] = before[n]
		}
	}
}

// take is what a node has left of its changes.
func (n *node) take(changes []resource.Change) {
	n.changes = changes
	n.drains = slices.ContainsFunc(changes, func(c resource.Change) bool { return c.Drain.Within > 0 })
}

// blockers are the nodes that each node has to wait for.
func (g *graph) blockers() map[*node][]*node {
	list := map[*node][]*node{}
	for _, n := range g.nodes {
		for _, next := range n.blocks {
			list[next] = append(list[next], n)
		}
	}
	return list
}

// noWave is the wave of what is taken away when all else is done.
const noWave = math.MaxInt

// settle finds the wave of the first real server that waits for a node, and puts what is taken
// away beside real servers into that one.
func settle(n *node, known map[*node]int) int {
	if n.wave > 0 {
		return n.wave
	}
	if first, found := known[n]; found {
		return first
	}
	known[n] = noWave // for those in a circle
	first := noWave
	for _, next := range n.blocks {
		first = min(first, settle(next, known))
	}
	if n.down {
		n.wave = first
	}
	known[n] = first
	return first
}

// byWave calls a function with the steps of each wave, and puts what it returns together.
func byWave(steps []resource.Step, of func(wave int, steps []resource.Step) []resource.Step) []resource.Step {
	if len(steps) == 0 || steps[len(steps)-1].Wave == 0 {
		return of(0, steps)
	}
	var out []resource.Step
	for len(steps) > 0 {
		wave, n := steps[0].Wave, 1
		for n < len(steps) && steps[n].Wave == wave {
			n++
		}
		for _, s := range of(wave, steps[:n:n]) {
			s.Wave = wave
			out = append(out, s)
		}
		steps = steps[n:]
	}
	return out
}
