package planner

import (
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
// an interface it would tell the real server of a shorter way; the service and its
// destinations; last the VIP, unless it is the director's own address.
//
// On each real server: the default route through the director. It is set only when the
// director forwards, or the real server would be cut off, and the former default route
// comes back when it is given up.
//
// Real servers are ready before the director sends to them. Taking down runs the other
// way on every edge.
func (d *Desired) masquerading(c *schema.Cluster) {
	forwarding := map[*schema.Host]*step{}
	for _, director := range c.Directors {
		forwarding[director] = d.forwardPackets(c, director)
	}
	ready := map[*schema.Host]*step{}
	for _, rs := range managedServers(c) {
		// With several directors answers go through the first: there is one default route.
		ready[rs.Host] = d.answerThrough(c, rs, c.Directors[0], forwarding[c.Directors[0]])
	}
	for _, director := range c.Directors {
		d.masqueradingDirector(c, director, forwarding[director], ready)
	}
}

// forwardPackets makes a director a router.
func (d *Desired) forwardPackets(c *schema.Cluster, h *schema.Host) *step {
	source := schema.SourceOf(c.Range)
	s := d.step(h, c.Name, "forward packets")
	if c.VIP.Is6() {
		d.want(s, resource.Sysctl{Name: "net.ipv6.conf.all.forwarding", Value: "1"}, source)
		return s
	}
	for _, link := range []string{"all", "default", h.Interface} {
		if link != "" {
			d.linkSysctl(s, link, "send_redirects", "0", source)
		}
	}
	d.want(s, resource.Sysctl{Name: "net.ipv4.ip_forward", Value: "1"}, source)
	return s
}

// answerThrough gives one managed real server its default route through the director,
// and returns the step after which it can take traffic.
func (d *Desired) answerThrough(c *schema.Cluster, rs *schema.RealServer, director *schema.Host, forwarding *step) *step {
	gateway := c.Gateway
	if !gateway.IsValid() {
		gateway = director.Address
	}
	s := d.step(rs.Host, c.Name, "answer through the director")
	s.comesAfter(forwarding, "a gateway that does not forward cuts the real server off")
	d.want(s, defaultRoute(gateway, rs.Host.Interface), rs.Source)
	return s
}

// defaultRoute is the way to everywhere, with what the kernel fills in by itself.
func defaultRoute(gateway netip.Addr, link string) resource.Route {
	r := resource.Route{Table: resource.TableMain, Link: link, Gateway: gateway, Protocol: resource.ProtocolStatic}
	if gateway.Is6() {
		r.Prefix = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		r.Metric = resource.DefaultMetricIPv6
	} else {
		r.Prefix = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return r
}

// masqueradingDirector sets up one director; ready says when each managed real server
// is.
func (d *Desired) masqueradingDirector(c *schema.Cluster, h *schema.Host, forwarding *step, ready map[*schema.Host]*step) {
	modules := d.ipvsModules(c, h)
	services := d.services(c, h)
	services.comesAfter(modules, "IPVS must be loaded with the scheduler")
	services.comesAfter(forwarding, "answers pass through the director")
	inService := d.destinations(c, h, services, ready, resource.ForwardMasquerade)
	if c.VIP == h.Address {
		return // it has always been there
	}
	vip := d.step(h, c.Name, "take the VIP")
	vip.comesAfter(services, "a client that finds the VIP must find the service")
	for _, s := range inService {
		vip.comesAfter(s, "a client that finds the VIP must find a real server")
	}
	d.want(vip, resource.Address{Link: c.VIPInterface(h), Prefix: hostOnly(c.VIP)}, schema.SourceOf(c.Range))
}
