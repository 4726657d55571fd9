package provider

import (
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// newLink makes a link, with the number of the one below or 0. What a resource does not
// say is as if ip(8) had made it.
//
// The message is our own. The library leaves out of it that a sit tunnel takes the TTL of
// what it carries, which then is 64, and the encapsulation limit of ip6gre, which then is
// 0 and keeps packets out of any other tunnel on their way.
func newLink(l resource.Link, parent int) error {
	req := nl.NewNetlinkRequest(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK)
	req.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	req.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(l.Name)))
	info := nl.NewRtAttr(unix.IFLA_LINKINFO, nil)
	info.AddRtAttr(nl.IFLA_INFO_KIND, nl.NonZeroTerminated(l.Type))
	switch l.Type {
	case resource.LinkVLAN:
		req.AddData(nl.NewRtAttr(unix.IFLA_LINK, nl.Uint32Attr(uint32(parent))))
		info.AddRtAttr(nl.IFLA_INFO_DATA, nil).AddRtAttr(nl.IFLA_VLAN_ID, nl.Uint16Attr(l.VLAN))
	case resource.LinkIPIP, resource.LinkSIT, resource.LinkIP6Tnl:
		data := info.AddRtAttr(nl.IFLA_INFO_DATA, nil)
		addTunnel(data, l, parent, ipTunnel)
		data.AddRtAttr(nl.IFLA_IPTUN_PROTO, nl.Uint8Attr(innerProtocols[l.Inner]))
	case resource.LinkGRE, resource.LinkIP6GRE:
		data := info.AddRtAttr(nl.IFLA_INFO_DATA, nil)
		addTunnel(data, l, parent, greTunnel)
		addGRE(data, l)
	}
	req.AddData(info)
	_, err := req.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

// tunnelAttrs are the numbers of what all tunnels have, for which there are two sets.
type tunnelAttrs struct{ link, local, remote, ttl, pmtuDiscovery, encapLimit int }

var (
	ipTunnel = tunnelAttrs{
		nl.IFLA_IPTUN_LINK, nl.IFLA_IPTUN_LOCAL, nl.IFLA_IPTUN_REMOTE, nl.IFLA_IPTUN_TTL, nl.IFLA_IPTUN_PMTUDISC, nl.IFLA_IPTUN_ENCAP_LIMIT,
	}
	greTunnel = tunnelAttrs{
		nl.IFLA_GRE_LINK, nl.IFLA_GRE_LOCAL, nl.IFLA_GRE_REMOTE, nl.IFLA_GRE_TTL, nl.IFLA_GRE_PMTUDISC, nl.IFLA_GRE_ENCAP_LIMIT,
	}
)

// encapLimit is how many more tunnels a packet may enter after one over IPv6 (RFC 2473,
// section 4.1.1).
const encapLimit = 4

// addTunnel says what all tunnels have. Over IPv4 they discover the MTU of their path;
// over IPv6 there is no other way.
func addTunnel(data *nl.RtAttr, l resource.Link, parent int, attrs tunnelAttrs) {
	data.AddRtAttr(attrs.link, nl.Uint32Attr(uint32(parent)))
	if l.Local.IsValid() {
		data.AddRtAttr(attrs.local, l.Local.AsSlice())
	}
	if l.Remote.IsValid() {
		data.AddRtAttr(attrs.remote, l.Remote.AsSlice())
	}
	data.AddRtAttr(attrs.ttl, nl.Uint8Attr(l.TTL))
	if linkTypes[l.Type] == resource.IPv4 {
		data.AddRtAttr(attrs.pmtuDiscovery, nl.Uint8Attr(1))
	} else {
		data.AddRtAttr(attrs.encapLimit, nl.Uint8Attr(encapLimit))
	}
}

// addGRE says what packets carry both ways.
func addGRE(data *nl.RtAttr, l resource.Link) {
	var flags uint16
	if l.Checksum {
		flags |= nl.GRE_CSUM
	}
	if l.GREKey != 0 {
		flags |= nl.GRE_KEY
		data.AddRtAttr(nl.IFLA_GRE_IKEY, nl.BEUint32Attr(l.GREKey))
		data.AddRtAttr(nl.IFLA_GRE_OKEY, nl.BEUint32Attr(l.GREKey))
	}
	data.AddRtAttr(nl.IFLA_GRE_IFLAGS, nl.BEUint16Attr(flags))
	data.AddRtAttr(nl.IFLA_GRE_OFLAGS, nl.BEUint16Attr(flags))
}
