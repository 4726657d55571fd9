package planner

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Tunnelling (LVS-TUN).
//
// A client asks for the VIP. The director picks a real server, puts the packet as it is
// into another one to the real server's address, and sends it there: over any number of
// routers. The real server takes it out again, finds the VIP among its own addresses,
// and answers the client itself, with the VIP as source. Hence, on each real server:
//
// The kernel's receiving end of the tunnel. For a packet right within another one (ipip)
// that is an interface that comes with the module: tunl0 for IPv4 in IPv4, ip6tnl0 and
// sit0 for IPv6 in IPv6 and IPv4. It takes tunnels from anybody once it is up. The one for
// IPv4 in IPv6, and those for GRE, are made. GUE is UDP around all that: a port on which
// the kernel takes off UDP and GUE, and goes on with the rest as above.
//
// The VIP on that interface, as /32. As in direct routing the real server must not be
// found under it: arp_ignore=1 and arp_announce=2, since the director may be on the same
// segment.
//
// rp_filter=0 on "all", the tunnel and the network interface: packets come out of the
// tunnel from clients that are reached another way, and the kernel takes the larger
// value of "all" and the interface.
//
// A full-sized packet does not fit through the network any more when it is in another
// one. With an mss, the real server asks its clients for shorter TCP segments.
//
// The director needs nothing for tunnels: IPVS wraps packets itself.

// openTunnel prepares a real server. Behind several services it may have several tunnels.
func openTunnel(d *Desired, c *schema.Cluster, jobs []job, _ map[role][]edge) *step {
	host, source := jobs[0].Host, jobs[0].Source
	tunnels := receiversOf(c, jobs)

	made := d.step(host, c.Name, "make the tunnel")
	for _, t := range tunnels {
		for _, m := range t.modules {
			d.want(made, resource.Module{Name: m}, source)
		}
		if t.link != nil {
			d.want(made, *t.link, source)
		}
	}
	lenient := d.step(host, c.Name, "keep quiet about the VIP in the tunnel")
	lenient.comesAfter(made, "the settings of an interface come with it")
	if c.Family() == resource.IPv4 {
		d.takeFromTunnel(lenient, "all", source)
		for _, t := range tunnels {
			d.takeFromTunnel(lenient, t.name, source)
		}
		d.takeFromTunnel(lenient, host.Interface, source)
	}
	opened := d.step(host, c.Name, "open the tunnel")
	opened.comesAfter(lenient, "the VIP would answer ARP requests meant for the director")
	for _, t := range tunnels {
		d.want(opened, resource.LinkSetting{Link: t.name, Name: resource.LinkState, Value: "up"}, source)
		if t.port != nil {
			d.want(opened, *t.port, source)
		}
		for _, vip := range c.VIPs {
			d.want(opened, vipAddress(t.name, vip), source)
		}
	}
	for _, vip := range c.VIPs {
		if c.MSS != 0 {
			d.want(opened, resource.MSS{From: vip, Size: c.MSS}, source)
		}
	}
	return opened
}

// takeFromTunnel lets an interface take what comes out of a tunnel, and keeps it quiet
// about the VIP.
func (d *Desired) takeFromTunnel(s *step, link string, source resource.Source) {
	d.quietLink(s, link, source)
	d.linkSysctl(s, link, "rp_filter", "0", source)
}

// receiversOf are the receiving ends that a real server needs, each once.
func receiversOf(c *schema.Cluster, jobs []job) []receiver {
	type end struct {
		addr   netip.Addr
		tunnel schema.Tunnel
	}
	seen := map[end]bool{}
	var list []receiver
	for _, j := range jobs {
		if e := (end{j.Addr, j.Tunnel}); !seen[e] {
			seen[e] = true
			list = append(list, receiverOf(c, j.RealServer))
		}
	}
	return list
}

// tunnelledWay follows a packet from a director to a real server, and the answer back.
func tunnelledWay(w *walk) {
	outer, how := w.wrapping()
	w.hop(Hop{
		From: w.at(), To: w.server, Packet: w.asked, Outer: &outer,
		Why: fmt.Sprintf("IPVS picks {server} and puts the packet as it is into another one to {address}: %s. Routers may lie in between. The packet is %d bytes longer there.", how, w.rs.Tunnel.Overhead(w.rs.Addr)),
	})
	end := "at " + receiverOf(w.cluster, w.rs).name
	if !w.managed() {
		end = "at its end of the tunnel"
	}
	why := "{server} takes it out again " + end + ", where it " + w.has() + " the VIP too. So it answers the client itself, past {director} and by its own routes: from the VIP, since the client takes an answer from no other address."
	if w.cluster.MSS != 0 && w.managed() {
		why += fmt.Sprintf(" It asks its clients for TCP segments of %d bytes at most, so that they fit when they are wrapped.", w.cluster.MSS)
	}
	w.answer(clientName, w.asked.back(), why)
	w.needs = "the receiving end of the tunnel with the VIP on it, no rp_filter, and silence about the VIP in ARP"
	if w.family() == resource.IPv6 {
		w.needs = "the receiving end of the tunnel with the VIP on it"
	}
}

// familyNames are the address families in words.
var familyNames = map[resource.Family]string{resource.IPv4: "IPv4", resource.IPv6: "IPv6"}

// wrapping is the outer packet to a real server, and what it is in words.
func (w *walk) wrapping() (outer Packet, how string) {
	outer = Packet{Endpoint{Address: unknownDirector}, Endpoint{Address: w.rs.Addr.String()}}
	if resource.FamilyOf(w.director.Address) == resource.FamilyOf(w.rs.Addr) {
		outer.Source.Address = w.director.Address.String()
	}
	switch w.rs.Tunnel.Type {
	case resource.TunnelGUE:
		outer.Source.Port, outer.Destination.Port = anyPort, strconv.Itoa(int(w.rs.Tunnel.Port))
		return outer, "UDP with a GUE header, from a port that stays the same for a connection"
	case resource.TunnelGRE:
		return outer, "IP with a GRE header"
	}
	return outer, familyNames[w.family()] + " right within " + familyNames[resource.FamilyOf(w.rs.Addr)]
}

// A receiver is where a real server takes packets out of a tunnel.
type receiver struct {
	modules []string
	name    string         // of the interface
	link    *resource.Link // the interface, where it does not come with a module
	port    *resource.FOU  // the UDP port, for GUE
}

// receivers are the names that the interface can have.
var receivers = []string{"tunl0", "sit0", "ip6tnl0", "lvs-ip6tnl", "lvs-gre", "lvs-gre6"}

// receiverOf is the receiving end for a real server of a cluster.
func receiverOf(c *schema.Cluster, rs *schema.RealServer) receiver {
	if rs.Tunnel.Type == resource.TunnelGRE {
		return greReceiver(rs)
	}
	r := ipReceiver(c.Family(), rs.Addr)
	if rs.Tunnel.Type == resource.TunnelGUE {
		outer := resource.FamilyOf(rs.Addr)
		r.modules = append(r.modules, map[resource.Family]string{resource.IPv4: "fou", resource.IPv6: "fou6"}[outer])
		r.port = &resource.FOU{Family: outer, Port: rs.Tunnel.Port, GUE: true}
	}
	return r
}

// ipReceiver is for packets right within another one.
func ipReceiver(inner resource.Family, own netip.Addr) receiver {
	switch outer := resource.FamilyOf(own); {
	case inner == resource.IPv4 && outer == resource.IPv4:
		return receiver{modules: []string{"ipip"}, name: "tunl0"}
	case inner == resource.IPv6 && outer == resource.IPv4:
		return receiver{modules: []string{"sit"}, name: "sit0"}
	case inner == resource.IPv6 && outer == resource.IPv6:
		return receiver{modules: []string{"ip6_tunnel"}, name: "ip6tnl0"}
	}
	// ip6tnl0 takes IPv6 alone. This one has its own end, so that packets come here and not
	// to ip6tnl0, and must take what is meant for that too.
	l := resource.Link{Name: "lvs-ip6tnl", Type: resource.LinkIP6Tnl, Local: own}
	return receiver{modules: []string{"ip6_tunnel"}, name: l.Name, link: &l}
}

// greReceiver is for packets in GRE, which says by itself what is inside.
func greReceiver(rs *schema.RealServer) receiver {
	l := resource.Link{Name: "lvs-gre", Type: resource.LinkGRE, Local: rs.Addr, Checksum: rs.Tunnel.Flags&resource.TunnelChecksum != 0}
	module := "ip_gre"
	if rs.Addr.Is6() {
		l.Name, l.Type, module = "lvs-gre6", resource.LinkIP6GRE, "ip6_gre"
	}
	return receiver{modules: []string{module}, name: l.Name, link: &l}
}
