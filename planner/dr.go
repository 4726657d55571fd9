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
// came from, and the kernel would tell the client to talk to the real server directly;
// the service and its destinations; last the VIP, so that the first client that finds
// it finds servers behind it. ip_forward is left as it is: IPVS passes packets on by
// itself, and the director may have other duties.
//
// IPv6 needs less: neighbour discovery answers only for addresses of the interface that
// was asked, so nothing has to be suppressed, and there is no switch for redirects.
//
// Real servers are ready before the director sends to them. Taking down runs the
// other way on every edge.
func (d *Desired) directRouting(c *schema.Cluster) {
	ready := map[*schema.Host]*step{}
	for _, rs := range managedServers(c) {
		ready[rs.Host] = d.directRealServer(c, rs.Host, rs.Source)
	}
	for _, director := range c.Directors {
		d.directDirector(c, director, ready)
	}
}

// directRealServer prepares one managed real server and returns the step after which
// it can take traffic.
func (d *Desired) directRealServer(c *schema.Cluster, h *schema.Host, source resource.Source) *step {
	quiet := d.step(h, c.Name, "keep quiet about the VIP")
	if c.VIP.Is4() {
		for _, link := range []string{"all", "lo"} {
			d.linkSysctl(quiet, link, "arp_ignore", "1", source)
			d.linkSysctl(quiet, link, "arp_announce", "2", source)
		}
	}
	vip := d.step(h, c.Name, "accept the VIP")
	vip.comesAfter(quiet, "a VIP on lo would answer ARP requests meant for the director")
	d.want(vip, resource.Address{Link: "lo", Prefix: hostOnly(c.VIP)}, source)
	d.want(vip, loopbackRoute(c.VIP), source)
	return vip
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

// directDirector sets up one director; ready says when each managed real server is.
func (d *Desired) directDirector(c *schema.Cluster, h *schema.Host, ready map[*schema.Host]*step) {
	source := schema.SourceOf(c.Range)
	modules := d.ipvsModules(c, h)
	services := d.services(c, h)
	services.comesAfter(modules, "IPVS must be loaded with the scheduler")

	redirects := d.step(h, c.Name, "send no ICMP redirects")
	if c.VIP.Is4() {
		for _, link := range []string{"all", "default", c.VIPInterface(h)} {
			d.linkSysctl(redirects, link, "send_redirects", "0", source)
		}
	}
	inService := d.destinations(c, h, services, ready, resource.ForwardDirect)
	vip := d.step(h, c.Name, "take the VIP")
	vip.comesAfter(redirects, "a redirected client would bypass the director")
	vip.comesAfter(services, "a client that finds the VIP must find the service")
	for _, s := range inService {
		vip.comesAfter(s, "a client that finds the VIP must find a real server")
	}
	d.want(vip, resource.Address{Link: c.VIPInterface(h), Prefix: hostOnly(c.VIP)}, source)
}

// hostOnly is the prefix of one address alone, /32 or /128.
func hostOnly(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }
