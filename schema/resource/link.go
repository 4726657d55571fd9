package resource

import (
	"net/netip"
	"strconv"
	"strings"
)

// The types of links that can be made, as ip(8) names them.
const (
	LinkDummy  = "dummy"
	LinkIPIP   = "ipip"   // IPv4 in IPv4
	LinkSIT    = "sit"    // IPv6 in IPv4
	LinkIP6Tnl = "ip6tnl" // IPv4 or IPv6 in IPv6
	LinkGRE    = "gre"    // anything in IPv4
	LinkIP6GRE = "ip6gre" // anything in IPv6
	LinkVLAN   = "vlan"
)

// A Link is a virtual network interface that is made and deleted. Physical ones, and
// those that the kernel makes with a module (tunl0, sit0, …), are there or are not:
// what can be set on them is a [LinkSetting].
type Link struct {
	Name   string     `json:"name"`
	Type   string     `json:"type"`             // one of the above, or another that was found
	Parent string     `json:"parent,omitempty"` // the link below: of a VLAN always, of a tunnel if it is bound to one
	Local  netip.Addr `json:"local,omitzero"`   // of a tunnel: its own end; not valid is any
	Remote netip.Addr `json:"remote,omitzero"`  // of a tunnel: the other end; not valid is any
	GREKey uint32     `json:"key,omitempty"`    // of gre and ip6gre, both ways; 0 is none
	Inner  Family     `json:"inner,omitempty"`  // what an ip6tnl carries; 0 is either family
	VLAN   uint16     `json:"vlan,omitempty"`   // the id of a VLAN
	TTL    uint8      `json:"ttl,omitempty"`    // of a tunnel's packets; 0 is that of what they carry
	// Checksum says whether gre and ip6gre packets have a checksum, both ways. Others are
	// dropped.
	Checksum bool `json:"checksum,omitempty"`
}

// Key implements [Resource].
func (l Link) Key() Key { return Key{Kind: KindLink, Name: l.Name} }

// Attributes implements [Resource].
func (l Link) Attributes() []Attribute {
	return []Attribute{
		{"type", l.Type}, {"parent", l.Parent}, {"local", addrOrNone(l.Local)}, {"remote", addrOrNone(l.Remote)},
		{"key", number(l.GREKey)}, {"inner", l.inner()}, {"vlan", number(uint32(l.VLAN))}, {"ttl", number(uint32(l.TTL))},
		{"checksum", yes(l.Checksum)},
	}
}

// String implements [Resource].
func (l Link) String() string {
	s := l.Name
	for _, a := range l.Attributes() {
		if a.Value != "" {
			s += " " + a.Name + " " + a.Value
		}
	}
	return s
}

// inner names the family that an ip6tnl carries.
func (l Link) inner() string {
	switch l.Inner {
	case 0:
		return ""
	case IPv4:
		return "ipv4"
	case IPv6:
		return "ipv6"
	}
	return strconv.Itoa(int(l.Inner))
}

// yes writes what is so, and nothing for what is not.
func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// number writes a number of which 0 means that there is none.
func number(n uint32) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(n), 10)
}

// LinkOf is the network interface that an object is on and goes with, empty for none. Of a
// VLAN it is the one that it stands on.
func LinkOf(r Resource) string {
	switch r := r.(type) {
	case Address:
		return r.Link
	case Route:
		return r.Link
	case Link:
		if r.Type == LinkVLAN {
			return r.Parent
		}
		return ""
	}
	return LinkOfSetting(r.Key())
}

// LinkOfSetting is the network interface that a setting belongs to, empty for none.
func LinkOfSetting(k Key) string {
	if k.Kind == KindLinkSetting {
		link, _, _ := strings.Cut(k.Name, " ")
		return link
	}
	// net.ipv4.conf.LINK.SETTING, a dot in LINK being a slash
	if parts := strings.Split(k.Name, "."); k.Kind == KindSysctl && len(parts) == 5 && parts[0] == "net" {
		return strings.ReplaceAll(parts[3], "/", ".")
	}
	return ""
}
