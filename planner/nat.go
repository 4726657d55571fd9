package planner

import (
	"fmt"
	"net/netip"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Masquerading (LVS-NAT).
//
// A client asks for the VIP. The director picks a real server, writes its address and
// port over the VIP's, and routes the packet on. The real server sees the client, and
// answers to it; the answer must pass through the director, which writes the VIP back
// over the real server's address. A client that got an answer from anybody else would
// drop it. Since both addresses are rewritten, the ports may differ. Hence:
//
// On the director: ip_forward=1, for without it the kernel drops what is not for
// itself, answers included; send_redirects=0, for where clients and real servers share
// an interface it would tell the real server of a shorter way. A VIP may be the
// director's own address.
//
// On each real server: the default route through the director. It is set only when the
// director forwards, or the real server would be cut off, and the former default route
// comes back when it is given up. A real server that needs its own default route gets
// one through the director in a table of its own instead (policy routing), and rules that
// send its answers there, by the port that they come from.

// forwardPackets makes a director a router.
func forwardPackets(d *Desired, c *schema.Cluster, h *schema.Host, _ *step) []edge {
	source := schema.SourceOf(c.Range)
	s := d.step(h, c.Name, "forward packets")
	if c.Family() == resource.IPv6 {
		d.want(s, resource.Sysctl{Name: "net.ipv6.conf.all.forwarding", Value: "1"}, source)
	} else {
		for _, link := range []string{"all", "default", h.Interface} {
			if link != "" {
				d.linkSysctl(s, link, "send_redirects", "0", source)
			}
		}
		d.want(s, resource.Sysctl{Name: "net.ipv4.ip_forward", Value: "1"}, source)
	}
	return []edge{{s, "answers pass through the director"}}
}

// answerThrough makes a real server answer through the director. With several directors
// it is the first.
func answerThrough(d *Desired, c *schema.Cluster, jobs []job, directors map[role][]edge) *step {
	director, host := c.Directors[0], jobs[0].Host
	gateway := c.Gateway
	if !gateway.IsValid() {
		gateway = director.Address
	}
	s := d.step(host, c.Name, "answer through the director")
	for _, e := range directors[role{director, schema.NAT}] {
		s.comesAfter(e.step, "a gateway that does not forward cuts the real server off")
	}
	route := defaultRoute(gateway, host.Interface)
	if c.GatewayTable != 0 {
		route.Table = c.GatewayTable
	}
	d.want(s, route, jobs[0].Source)
	if c.GatewayTable != 0 {
		for _, j := range jobs {
			d.want(s, answers(c, j), j.Source)
		}
	}
	return s
}

// answers is the rule for what a real server says behind a service. With a firewall mark
// that may be of any protocol, and from any port unless it is mapped.
func answers(c *schema.Cluster, j job) resource.Rule {
	r := resource.Rule{Family: c.Family(), Priority: answersFirst, From: hostOnly(j.Addr), Table: c.GatewayTable}
	if j.service.Mark == 0 {
		r.Protocol, r.SourcePort = j.service.Protocol, j.Port
	}
	return r
}

// masqueradedWay follows a packet from a director to a real server, and the answer back.
func masqueradedWay(w *walk) {
	passed := Packet{w.asked.Source, w.listening()}
	w.send(w.server, passed, "IPVS picks {server}, writes its address and port over the VIP's, and routes the packet on. {server} sees the client's own address.")
	gateway := w.cluster.Gateway
	if !gateway.IsValid() {
		gateway = w.cluster.Directors[0].Address
	}
	why := fmt.Sprintf("{server} answers the client, and its default route leads through {director} (%s).", gateway)
	switch table := w.cluster.GatewayTable; {
	case !w.managed():
		why = fmt.Sprintf("{server} answers the client, and its route there must lead through {director} (%s).", gateway)
	case table != 0:
		why = fmt.Sprintf("{server} answers the client. What it sends from %s goes by the routing table %d, whose default route leads through {director} (%s).", passed.Destination, table, gateway)
	}
	w.answer(w.director.Name, passed.back(), why)
	w.answer(clientName, w.asked.back(), "{director} knows the connection and writes the VIP back. The client would drop an answer from {address}, which it never asked.")
	w.needs = fmt.Sprintf("a route to all clients through %s, so that answers pass through the director", gateway)
}

// answersFirst is the priority of the rule that sends answers through the director: after
// the kernel's own for local addresses, 0, and before that for the main table, 32766.
const answersFirst = 1000

// answersMetric puts the default route of an IPv6 real server before those that router
// advertisements bring, again and again: with their metric, 1024, it would be one of
// several ways, and the kernel would take any. The one of IPv4 has no metric, which comes
// before all others.
const answersMetric = 1

// defaultRoute is the way to everywhere, with what the kernel fills in by itself.
func defaultRoute(gateway netip.Addr, link string) resource.Route {
	r := resource.Route{Table: resource.TableMain, Link: link, Gateway: gateway, Protocol: resource.ProtocolStatic}
	if gateway.Is6() {
		r.Prefix = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		r.Metric = answersMetric
	} else {
		r.Prefix = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return r
}
