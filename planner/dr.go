package planner

import (
	"net/netip"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Direct routing.
//
// A client asks for the VIP. The director picks a real server and sends the packet on
// unchanged but for the MAC address, so all of them must sit on one layer 2 segment.
// The real server answers the client itself, with the VIP as source: it must own the
// VIP too, or it would drop the packet. Two machines now own one address on one
// segment, and only the director may be found under it. Hence:
//
// On each real server: first arp_ignore=1 (answer ARP only for addresses of the
// interface that was asked) and arp_announce=2 (never name the VIP as sender), on
// "all" and "lo", since the kernel takes the larger of "all" and the interface. Only
// then the VIP, as /32 on lo, so that it brings no subnet along, and a host route to
// it through lo.
//
// On the director: send_redirects=0, since it sends packets out of the interface they
// came from, and the kernel would tell the client to talk to the real server directly.
// ip_forward is left as it is: IPVS passes packets on by itself, and the director may
// have other duties.
//
// IPv6 needs less: neighbour discovery answers only for addresses of the interface that
// was asked, so nothing has to be suppressed, and there is no switch for redirects.

// directDirector prepares a director.
func directDirector(d *Desired, c *schema.Cluster, h *schema.Host, _ *step) []edge {
	if c.Family() == resource.IPv6 {
		return nil
	}
	s := d.step(h, c.Name, "send no ICMP redirects")
	for _, link := range []string{"all", "default", c.VIPInterface(h)} {
		d.linkSysctl(s, link, "send_redirects", "0", schema.SourceOf(c.Range))
	}
	return []edge{{s, "a redirected client would bypass the director"}}
}

// directRealServer prepares a real server.
func directRealServer(d *Desired, c *schema.Cluster, jobs []job, _ map[role][]edge) *step {
	rs := jobs[0]
	quiet := d.step(rs.Host, c.Name, "keep quiet about the VIP")
	if c.Family() == resource.IPv4 {
		for _, link := range []string{"all", "lo"} {
			d.quietLink(quiet, link, rs.Source)
		}
	}
	vip := d.step(rs.Host, c.Name, "accept the VIP")
	vip.comesAfter(quiet, "a VIP on lo would answer ARP requests meant for the director")
	for _, addr := range c.VIPs {
		d.want(vip, labelledVIP(c, "lo", addr), rs.Source)
		d.want(vip, loopbackRoute(addr), rs.Source)
	}
	return vip
}

// directWay follows a packet from a director to a real server, and the answer back.
func directWay(w *walk) {
	w.send(w.server, w.asked, "IPVS picks {server} and sends the packet on as it is, only to another MAC address, that of {server}. So both must be on one segment, and the port is the one that the client asked for.")
	silent := "silent about it in ARP"
	w.needs = "the VIP on lo, and arp_ignore = 1 and arp_announce = 2 so that ARP says nothing of it"
	if w.family() == resource.IPv6 {
		silent = "where neighbour discovery does not tell of it"
		w.needs = "the VIP on lo"
	}
	w.answer(clientName, w.asked.back(), "{server} "+w.has()+" the VIP too, on lo, "+silent+". So it takes the packet as its own and answers the client itself, past {director}: from the VIP, since the client takes an answer from no other address.")
}

// quietLink keeps an interface from answering ARP for addresses of others, and from
// naming them.
func (d *Desired) quietLink(s *step, link string, source resource.Source) {
	d.linkSysctl(s, link, "arp_ignore", "1", source)
	d.linkSysctl(s, link, "arp_announce", "2", source)
}

// loopbackRoute is the host route to the VIP through lo, with what the kernel fills in
// by itself.
func loopbackRoute(vip netip.Addr) resource.Route {
	r := resource.Route{Table: resource.TableMain, Prefix: hostOnly(vip), Link: "lo", Protocol: resource.ProtocolStatic}
	if vip.Is4() {
		r.Scope = resource.ScopeLink
	} else {
		r.Metric = resource.DefaultMetricIPv6
	}
	return r
}
