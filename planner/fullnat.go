package planner

import (
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Masquerading of both sides (LVS-FULLNAT).
//
// A client asks for the VIP. The director picks a real server, writes its address and
// port over the VIP's, as in NAT, and its own address over the client's. The real server
// sees a connection from the director and answers there, whatever network it is in and
// whatever its default route: nothing has to be set up on it. The director writes both
// back, and the client sees an answer from the VIP.
//
// The mainline kernel has no such forwarding method, but all its parts. Hence, on the
// director: masquerading destinations; net.ipv4.vs.conntrack=1, so that netfilter takes
// part in the connections of IPVS; in nftables a source NAT for exactly those that came
// in for one of the services (IPVS changes where a connection is answered from, and
// netfilter remembers where it was addressed to, so it is known by the VIP and port
// that the client used); ip_forward=1 and send_redirects=0 as in NAT. Addresses to
// choose from, if there are any but the director's own, are set up on its interface.

// rewriteSources prepares a director.
func rewriteSources(d *Desired, c *schema.Cluster, h *schema.Host, loaded *step) []edge {
	source := schema.SourceOf(c.Range)
	edges := forwardPackets(d, c, h, loaded)

	track := d.step(h, c.Name, "track connections")
	track.comesAfter(loaded, "the setting comes with IPVS")
	d.want(track, resource.Sysctl{Name: "net.ipv4.vs.conntrack", Value: "1"}, source)

	from := c.Source
	if !from.IsValid() {
		from = schema.AddrRange{First: h.Address, Last: h.Address}
	}
	rewrite := d.step(h, c.Name, "rewrite the source")
	rewrite.comesAfter(track, "netfilter would not see the packets")
	for a := from.First; ; a = a.Next() {
		if a != h.Address {
			d.wantAnyhow(rewrite, vipAddress(h.Interface, a), source)
		}
		if a == from.Last {
			break
		}
	}
	for _, svc := range c.Services {
		for _, key := range svc.Keys() {
			d.want(rewrite, resource.SourceNAT{Service: key, First: from.First, Last: from.Last}, schema.SourceOf(svc.Range))
		}
	}
	return append(edges, edge{rewrite, "real servers would answer the client past the director"})
}

// fullNATWay follows a packet from a director to a real server, and the answer back.
func fullNATWay(w *walk) {
	from := w.cluster.Source
	if !from.IsValid() {
		from = schema.AddrRange{First: w.director.Address, Last: w.director.Address}
	}
	own := from.First.String()
	if from.First != from.Last {
		own = "one of " + own + " to " + from.Last.String()
	}
	passed := Packet{Endpoint{from.First.String(), unknownPort}, w.listening()}
	w.send(w.server, passed, "IPVS picks {server} and writes its address and port over the VIP's. Then netfilter writes an address of {director} over the client's, "+own+", and keeps the port unless it is in use. So {server} does not get to see the client.")
	w.answer(w.director.Name, passed.back(), "{server} answers who asked, {director}, by whatever route it has. Nothing is set up there.")
	w.answer(clientName, w.asked.back(), "{director} knows the connection and writes both back: for the client the answer comes from the VIP.")
}
