package schema

import (
	"net/netip"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// tunnel reads the tunnel block of a cluster or of real servers, or takes what stands for
// a missing one.
func (c *content) tunnel(otherwise Tunnel) Tunnel {
	t := c.only(tunnelSpec)
	if t == nil {
		return otherwise
	}
	var out Tunnel
	if s, ok := t.str("type"); ok {
		out.Type = resource.TunnelType(max(0, slices.Index(tunnelTypes, t.word("type", s))))
	}
	out.Port = t.uint16("port")
	if s, ok := t.str("checksum"); ok {
		out.Flags = uint16(max(0, slices.Index(checksumWords, t.word("checksum", s))))
	}
	t.checkTunnel(out)
	return out
}

// checkTunnel finds what the kernel refuses or ignores.
func (c *content) checkTunnel(t Tunnel) {
	find := func(arg, detail string) { c.add(ruleTunnel.Finding(c.at(arg), detail)) }
	switch {
	case t.Type == resource.TunnelGUE && t.Port == 0 && !c.given("port") && !c.misspelt("port"):
		find("type", "A GUE tunnel is UDP, and nothing says which port of the real servers it goes to. Add port = 6080, or another.")
	case t.Type != resource.TunnelGUE && t.Port != 0:
		find("port", "Only GUE tunnels have a port. Remove it, or use type = \"gue\".")
	case t.Type == resource.TunnelIPIP && t.Flags != 0:
		find("checksum", "A packet in an IP packet has no place for a checksum. Remove it, or use type = \"gue\" or \"gre\".")
	case t.Type == resource.TunnelGRE && t.Flags&resource.TunnelRemoteChecksum != 0:
		find("checksum", "GRE cannot leave the inner checksum to the receiver. Use checksum = \"csum\", or type = \"gue\".")
	}
}

// ethernetMTU is how many bytes an IP packet has at most nearly everywhere.
const ethernetMTU = 1500

// ipHeader is the length of the IP header of packets to an address.
func ipHeader(to netip.Addr) uint16 {
	if to.Is6() {
		return 40
	}
	return 20
}

// packetHeaders is the length of the IP and UDP headers of packets to an address.
func packetHeaders(to netip.Addr) uint16 { return ipHeader(to) + 8 }

// Overhead is how many bytes longer a packet becomes on its way to a real server.
func (t Tunnel) Overhead(realServer netip.Addr) uint16 {
	n := ipHeader(realServer)
	switch t.Type {
	case resource.TunnelGUE:
		n += 8 + 4 // UDP and GUE
		if t.Flags&resource.TunnelRemoteChecksum != 0 {
			n += 4 + 4 // the private flags and what says where the inner checksum is
		}
	case resource.TunnelGRE:
		n += 4
		if t.Flags&resource.TunnelChecksum != 0 {
			n += 4
		}
	}
	return n
}

// segment is how many bytes of payload fit in a TCP segment to the VIP that is wrapped
// and sent to a real server over Ethernet.
func (t Tunnel) segment(vip, realServer netip.Addr) uint16 {
	const tcpHeader = 20
	return ethernetMTU - t.Overhead(realServer) - ipHeader(vip) - tcpHeader
}
