package schema

import (
	"iter"
	"net/netip"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// checkAllPorts: the kernel schedules what comes to a service for all ports only by the
// persistence of its clients.
func checkAllPorts(f *finder) {
	for _, s := range f.services() {
		if s.Port == 0 && s.content.given("port") && s.Persistence.Timeout == 0 && !s.broken {
			f.find(s, s.content.at("port"), "The service %q is for all ports, and IPVS schedules those only for persistent clients: nothing would be served. Add a persistence block, or name a port.", s.Name)
		}
	}
}

// checkOnePacket: only datagrams stand for themselves.
func checkOnePacket(f *finder) {
	for _, s := range f.services() {
		if s.Flags&resource.FlagOnePacket != 0 && s.Protocol != 0 && s.Protocol != resource.UDP {
			f.find(s, s.content.at("one_packet"), "The service %q is %s, whose packets belong to connections. Only UDP can be scheduled packet by packet.", s.Name, s.Protocol)
		}
	}
}

// checkOnePacketNAT: the director forgets the packet at once, and cannot write the VIP over
// the real server's address in the answer.
func checkOnePacketNAT(f *finder) {
	for c, s := range f.services() {
		if s.Flags&resource.FlagOnePacket == 0 {
			continue
		}
		for _, server := range s.servers() {
			if server.Mode.translates() {
				f.find(c, s.content.at("one_packet"), "The service %q is scheduled packet by packet, so the director remembers no connection. In mode %q it needs that to write the VIP back into the answer of the real server %s: clients get none. Use another mode, or leave one_packet out, unless nobody answers, as with syslog.", s.Name, server.Mode, server.Addr)
				break
			}
		}
	}
}

// checkSIP: the engine reads SIP over UDP.
func checkSIP(f *finder) {
	for _, s := range f.services() {
		if s.Persistence.Engine == "sip" && s.Protocol != 0 && s.Protocol != resource.UDP {
			f.find(s, s.content.at("protocol"), "The service %q keeps clients together by the Call-ID of SIP, which IPVS reads in UDP only, and it is %s. Use protocol = \"udp\".", s.Name, s.Protocol)
		}
	}
}

// kernelTCPTimeout is how many seconds the kernel remembers an idle TCP connection where
// nobody says otherwise.
const kernelTCPTimeout = 900

// tcpTimeout is how long a director remembers an idle TCP connection, in seconds, as far as
// the config tells.
func (h *hostDecl) tcpTimeout() uint32 {
	for _, s := range h.IPVS {
		if t, ok := s.Resource.(resource.Timeout); ok && t.Name == "tcp" {
			return t.Seconds
		}
	}
	return kernelTCPTimeout
}

// checkTimeouts: a client that is to come back to its real server finds its connection
// forgotten.
func checkTimeouts(f *finder) {
	const detail = "A client of the service %q stays with its real server for %d seconds, but the director %q forgets a TCP connection that was idle for %d, and what comes on it later is refused. Set tcp_timeout = %[2]d in its ipvs block, or make the persistence shorter."
	for c, s := range f.services() {
		for _, director := range c.Directors {
			h := f.hosts[director.Name]
			if t := h.tcpTimeout(); s.carriesTCP() && s.Persistence.Timeout > t && !h.broken {
				f.find(pair{s, h}, s.timeout, detail, s.Name, s.Persistence.Timeout, h.Name, t)
			}
		}
	}
}

// carriesTCP tells whether packets of a service are known to be TCP.
func (s *serviceDecl) carriesTCP() bool {
	return s.Protocol == resource.TCP || slices.ContainsFunc(s.Packets, func(p Packets) bool { return p.Protocol == resource.TCP })
}

// A marked is a service that gets packets by a firewall mark that the director sets.
type marked struct {
	*serviceDecl
	packets Packets
}

// A target is a VIP on a director.
type target struct {
	director *Host
	vip      netip.Addr
}

// targets goes through the VIPs of a service on all its directors.
func (s *serviceDecl) targets(c *clusterDecl) iter.Seq[target] {
	return func(yield func(target) bool) {
		for _, director := range c.Directors {
			for _, vip := range s.VIPs {
				if !yield(target{director, vip}) {
					return
				}
			}
		}
	}
}

// marks are the packets that get a firewall mark, by where they are addressed to.
func (f *finder) marks() map[target][]marked {
	marks := map[target][]marked{}
	for c, s := range f.services() {
		for t := range s.targets(c) {
			for _, p := range s.Packets {
				marks[t] = append(marks[t], marked{s, p})
			}
		}
	}
	return marks
}

// checkShadowed: IPVS looks for a service by the mark first.
func checkShadowed(f *finder) {
	marks := f.marks()
	for c, s := range f.services() {
		if s.Protocol == 0 || s.broken {
			continue
		}
		for t := range s.targets(c) {
			for _, m := range marks[t] {
				if m.packets.cover(Packets{s.Protocol, s.Port, s.Port}) {
					f.find(pair{s, m}, s.selectorAt(), "Packets for %s get the firewall mark %d of the service %q at %s, and IPVS looks at the mark first: the service %q gets none of them. Remove it, or the packets from the other one.", resource.AddrService(s.Protocol, t.vip, s.Port), m.Mark, m.Name, place(m.Range), s.Name)
				}
			}
		}
	}
}

// checkSamePackets: a packet has one mark.
func checkSamePackets(f *finder) {
	marks := map[target][]marked{}
	for c, s := range f.services() {
		for t := range s.targets(c) {
			for _, p := range s.Packets {
				f.markedBefore(s, t, p, marks[t])
				marks[t] = append(marks[t], marked{s, p})
			}
		}
	}
}

// markedBefore finds packets that get another mark already.
func (f *finder) markedBefore(s *serviceDecl, t target, p Packets, marks []marked) {
	for _, m := range marks {
		if m.Mark != s.Mark && p.overlaps(m.packets) {
			f.find(pair{s, m}, s.content.at("packets"), "Some of these packets to %s get the firewall mark %d of the service %q at %s already, and a packet has one mark. Remove them from one of the two.", t.vip, m.Mark, m.Name, place(m.Range))
		}
	}
}
