package resource

import (
	"net/netip"
	"strconv"
)

// An Address is an IP address on a network interface.
type Address struct {
	Link   string       `json:"link"`
	Prefix netip.Prefix `json:"prefix"`          // the address itself with its prefix length
	Label  string       `json:"label,omitempty"` // IPv4 only; empty where it is the link's own name
	Scope  uint8        `json:"scope,omitempty"` // RT_SCOPE_*, 0 is global
	// Deprecated keeps the host from choosing an IPv6 address as the source of what it
	// sends by itself (RFC 4862, section 5.5.4). It answers from it all the same.
	Deprecated bool `json:"deprecated,omitempty"`
}

// Key implements [Resource].
func (a Address) Key() Key { return Key{Kind: KindAddress, Name: a.Link, Prefix: a.Prefix} }

// Attributes implements [Resource].
func (a Address) Attributes() []Attribute {
	return []Attribute{{"label", a.Label}, {"scope", scopeName(a.Scope)}, {"deprecated", yes(a.Deprecated)}}
}

// String implements [Resource].
func (a Address) String() string {
	s := a.Prefix.String() + " on " + a.Link
	if a.Label != "" {
		s += " label " + a.Label
	}
	if a.Scope != 0 {
		s += " scope " + scopeName(a.Scope)
	}
	if a.Deprecated {
		s += " deprecated"
	}
	return s
}

// scopeName names a scope as ip(8) does.
func scopeName(scope uint8) string {
	switch scope {
	case 0:
		return "global"
	case 200:
		return "site"
	case 253:
		return "link"
	case 254:
		return "host"
	}
	return strconv.Itoa(int(scope))
}
