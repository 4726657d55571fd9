package schema

import (
	"iter"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// probes goes through all probes of an address, with their clusters.
func (f *finder) probes() iter.Seq2[*clusterDecl, *probeDecl] {
	return func(yield func(*clusterDecl, *probeDecl) bool) {
		for _, c := range f.clusters {
			for _, p := range c.probes {
				if p.target.addr().IsValid() && len(c.VIPs) > 0 && !yield(c, p) {
					return
				}
			}
		}
	}
}

// ofVIP tells whether a probe is about a VIP of its cluster.
func (p *probeDecl) ofVIP(c *clusterDecl) bool { return slices.Contains(c.VIPs, p.target.addr()) }

// questionAt is where it is written what a probe connects to.
func (p *probeDecl) questionAt() hcl.Range {
	if p.content.given("tcp") {
		return p.content.at("tcp")
	}
	return p.content.at("http")
}

// checkProbeAddress: a real server that is asked directly answers as well while the director
// does not.
func checkProbeAddress(f *finder) {
	for c, p := range f.probes() {
		if !p.ofVIP(c) {
			f.find(p, p.questionAt(), "The probe asks %s, and clients of the cluster ask %s. It does not tell whether the cluster works.", p.target.host, listAddrs(c.VIPs))
		}
	}
}

// checkProbePort: nobody answers there, whatever is applied.
func checkProbePort(f *finder) {
	for c, p := range f.probes() {
		if p.ofVIP(c) && p.target.port != 0 && !c.broken && !c.serves(p.target) {
			f.find(p, p.questionAt(), "The cluster has no service for TCP port %d of %s, so that the director itself would have to answer. Probe a port that a service is for.", p.target.port, p.target.addr())
		}
	}
}

// serves tells whether a service of the cluster is for connections to a target. Packets with
// a mark that somebody else sets can be any.
func (c *clusterDecl) serves(t endpoint) bool {
	return slices.ContainsFunc(c.services, func(s *serviceDecl) bool {
		switch {
		case !slices.Contains(s.VIPs, t.addr()):
			return false
		case s.Mark != 0:
			return len(s.Packets) == 0 || slices.ContainsFunc(s.Packets, func(p Packets) bool { return p.has(t) })
		}
		return s.Protocol == resource.TCP && (s.Port == 0 || s.Port == t.port)
	})
}

// has tells whether connections to a target are among the packets.
func (p Packets) has(t endpoint) bool {
	return p.Protocol == resource.TCP && (p.Last == 0 || p.First <= t.port && t.port <= p.Last)
}

// checkProbeFrom: in dr and tun answers come with the VIP as source. A director does not
// take such packets from others, as it is its own address, and a real server with the VIP
// answers itself.
func checkProbeFrom(f *finder) {
	for c, p := range f.probes() {
		h := p.From
		if h == nil {
			h = f.ownHost()
		}
		if h == nil || !p.ofVIP(c) {
			continue
		}
		at := p.content.at("from")
		switch {
		case c.hasVIPOnLo(h):
			f.find(p, at, "The host %q is a real server in mode dr or tun. It has the VIP itself and would be asking itself, so that the probe does not tell whether the cluster works. Probe from a host that is a client.", h.Name)
		case slices.Contains(c.Directors, h) && (c.uses(DR) || c.uses(TUN)):
			f.find(p, at, "The host %q is a director. In mode dr or tun answers come from real servers with the VIP as their source, and a machine that has the VIP itself drops them. Probe from a host that is a client.", h.Name)
		}
	}
}

// ownHost is the host that is the machine which lvsctl runs on, nil for none.
func (f *finder) ownHost() *Host {
	i := slices.IndexFunc(f.hostList, func(h *hostDecl) bool { return h.Reach.Local })
	if i < 0 {
		return nil
	}
	return f.hostList[i].Host
}

// hasVIPOnLo tells whether a host is a managed real server of the cluster that takes packets
// for the VIP.
func (c *clusterDecl) hasVIPOnLo(h *Host) bool {
	for _, s := range c.services {
		for _, r := range s.servers() {
			if r.Host == h && (r.Mode == DR || r.Mode == TUN) {
				return true
			}
		}
	}
	return false
}
