package planner

import (
	"slices"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A recipe is what a mode asks of the two sides of a cluster.
type recipe struct {
	forward resource.Forward
	// director prepares a director: what must be so before it has services. It comes after
	// the given step, with which IPVS is loaded. Nil is nothing.
	director func(d *Desired, c *schema.Cluster, h *schema.Host, loaded *step) []edge
	// realServer prepares a managed real server, and returns the step after which it can
	// take traffic. It may come after what directors were prepared with for the mode. Nil is
	// nothing.
	realServer func(d *Desired, c *schema.Cluster, jobs []job, directors map[role][]edge) *step
	// unprepared is what a real server would do with packets before that step.
	unprepared string
	// way follows a packet from the director to a real server, and the answer back.
	way func(*walk)
}

// recipes are the modes that there are. Each has a file, but for those that need nothing.
var recipes = map[schema.Mode]recipe{
	schema.DR:      {resource.ForwardDirect, directDirector, directRealServer, "would drop packets for the VIP", directWay},
	schema.NAT:     {resource.ForwardMasquerade, forwardPackets, answerThrough, "would answer past the director", masqueradedWay},
	schema.TUN:     {resource.ForwardTunnel, nil, openTunnel, "would drop packets in a tunnel", tunnelledWay},
	schema.FULLNAT: {resource.ForwardMasquerade, rewriteSources, nil, "", fullNATWay},
	schema.Local:   {resource.ForwardLocal, nil, nil, "", localWay},
	schema.Bypass:  {resource.ForwardBypass, nil, nil, "", bypassWay},
}

// A role is a managed host as a director or real server in one mode.
type role struct {
	host *schema.Host
	mode schema.Mode
}

// A job is what a managed host does in one role: being behind one service.
type job struct {
	*schema.RealServer
	service *schema.Service
}

// cluster sets up a cluster: directors as far as real servers need them, then real
// servers, then the services, the destinations and last the VIPs, so that the first
// client that finds one finds servers behind it. Taking down runs the other way on
// every edge.
func (d *Desired) cluster(c *schema.Cluster) {
	if c.ServicesOnly {
		d.servicesOnly(c)
		return
	}
	directors := map[role][]edge{}
	for _, h := range c.Directors {
		d.prepareDirector(c, h, directors)
	}
	ready := d.realServers(c, directors)
	for _, h := range c.Directors {
		d.serve(c, h, directors, ready)
	}
}

// servicesOnly sets up the services of a cluster and what is behind them. All that its
// modes need beside is somebody else's work.
func (d *Desired) servicesOnly(c *schema.Cluster) {
	for _, h := range c.Directors {
		loaded := d.ipvsModules(c, h)
		services := d.services(c, h)
		services.comesAfter(loaded, "IPVS must be loaded with the scheduler")
		d.destinations(c, h, services, nil)
	}
}

// anyMode is what directors are prepared with whatever the mode.
const anyMode schema.Mode = ""

// prepareDirector sets up what comes before services on a director, and notes by mode
// what that is.
func (d *Desired) prepareDirector(c *schema.Cluster, h *schema.Host, directors map[role][]edge) {
	loaded := d.ipvsModules(c, h)
	directors[role{h, anyMode}] = []edge{{loaded, "IPVS must be loaded with the scheduler"}}
	for _, m := range modesOf(c) {
		if prepare := recipes[m].director; prepare != nil {
			directors[role{h, m}] = prepare(d, c, h, loaded)
		}
	}
}

// modesOf lists the modes that the real servers of a cluster are in, and its own, each
// once and always in the same order.
func modesOf(c *schema.Cluster) []schema.Mode {
	used := map[schema.Mode]bool{c.Mode: true}
	for _, svc := range c.Services {
		for i := range svc.RealServers {
			used[svc.RealServers[i].Mode] = true
		}
	}
	var list []schema.Mode
	for _, m := range []schema.Mode{schema.DR, schema.NAT, schema.TUN, schema.FULLNAT} {
		if used[m] {
			list = append(list, m)
		}
	}
	return list
}

// realServers prepares the managed real servers of a cluster, and says after which step
// each can take traffic. Directors of the same cluster are left out: they own the VIP
// already, and IPVS hands them their share without sending it anywhere.
func (d *Desired) realServers(c *schema.Cluster, directors map[role][]edge) map[role]*step {
	jobs := map[role][]job{}
	var roles []role
	for _, svc := range c.Services {
		for i := range svc.RealServers {
			rs := &svc.RealServers[i]
			if rs.Host == nil || slices.Contains(c.Directors, rs.Host) {
				continue
			}
			r := role{rs.Host, rs.Mode}
			if jobs[r] == nil {
				roles = append(roles, r)
			}
			jobs[r] = append(jobs[r], job{rs, svc})
		}
	}
	ready := map[role]*step{}
	for _, r := range roles {
		if prepare := recipes[r.mode].realServer; prepare != nil {
			ready[r] = prepare(d, c, jobs[r], directors)
		}
	}
	return ready
}

// takesVIP is what the step is for with which a director gets the VIPs of a cluster. Ledgers
// have it in names of steps.
const takesVIP = "take the VIP"

// serve sets up the services of a director, what is behind them, and the VIPs.
func (d *Desired) serve(c *schema.Cluster, h *schema.Host, directors map[role][]edge, ready map[role]*step) {
	services := d.services(c, h)
	for _, m := range append([]schema.Mode{anyMode}, modesOf(c)...) {
		for _, e := range directors[role{h, m}] {
			services.comesAfter(e.step, e.why)
		}
	}
	inService := d.destinations(c, h, services, ready)
	marks := d.marks(c, h, services, inService)
	vip := d.step(h, c.Name, takesVIP)
	vip.comesAfter(services, "a client that finds the VIP must find the service")
	for _, s := range inService {
		vip.comesAfter(s, "a client that finds the VIP must find a real server")
	}
	if marks != nil {
		vip.comesAfter(marks, "a client that finds the VIP must find the service")
	}
	for _, addr := range c.VIPs {
		switch a := labelledVIP(c, c.VIPInterface(h), addr); {
		case addr == h.Address: // in NAT it may be, and has always been there then
		case addr.Is6(): // an interface cannot have it twice, with two prefixes
			d.wantAnyhow(vip, a, schema.SourceOf(c.Range))
		default:
			d.want(vip, a, schema.SourceOf(c.Range))
		}
	}
}
