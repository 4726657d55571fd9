package resource

import (
	"net/netip"
	"strconv"
)

// Routing table numbers and protocol from the kernel's rtnetlink.h.
const (
	TableMain      uint32 = 254 // RT_TABLE_MAIN
	ScopeLink      uint8  = 253 // RT_SCOPE_LINK
	ScopeHost      uint8  = 254 // RT_SCOPE_HOST
	ProtocolBoot   uint8  = 3   // RTPROT_BOOT: what ip(8) writes unless it is told otherwise
	ProtocolStatic uint8  = 4   // RTPROT_STATIC: set by an administrator
	ProtocolRA     uint8  = 9   // RTPROT_RA: learnt from a router advertisement

	DefaultMetricIPv6 uint32 = 1024 // IP6_RT_PRIO_USER: what an IPv6 route without a metric gets
)

// A Route is a unicast entry of a routing table. Its destination, table and metric
// identify it; where it leads can be replaced in place.
type Route struct {
	Table    uint32       `json:"table"`
	Prefix   netip.Prefix `json:"prefix"` // 0.0.0.0/0 or ::/0 for the default route
	Metric   uint32       `json:"metric,omitempty"`
	Link     string       `json:"link,omitempty"`
	Gateway  netip.Addr   `json:"gateway,omitzero"`
	Source   netip.Addr   `json:"source,omitzero"` // preferred source address
	Scope    uint8        `json:"scope"`           // RT_SCOPE_*
	Protocol uint8        `json:"protocol"`        // RTPROT_*, who installed it
	// Beyond names what a route on a host has that the fields above cannot say, such as
	// several next hops or an MTU. Such a route cannot be put back once it is replaced.
	Beyond string `json:"beyond,omitempty"`
}

// Key implements [Resource].
func (r Route) Key() Key {
	return Key{Kind: KindRoute, Prefix: r.Prefix, Table: r.Table, Metric: r.Metric}
}

// Attributes implements [Resource].
func (r Route) Attributes() []Attribute {
	return []Attribute{
		{"dev", r.Link}, {"via", addrOrNone(r.Gateway)}, {"src", addrOrNone(r.Source)},
		{"scope", scopeName(r.Scope)}, {"proto", strconv.Itoa(int(r.Protocol))}, {"beyond", r.Beyond},
	}
}

// String implements [Resource].
func (r Route) String() string {
	s := routeWords(r.Key())
	if r.Gateway.IsValid() {
		s += " via " + r.Gateway.String()
	}
	if r.Link != "" {
		s += " dev " + r.Link
	}
	if r.Source.IsValid() {
		s += " src " + r.Source.String()
	}
	if r.Beyond != "" {
		s += " " + r.Beyond
	}
	return s
}

// routeWords writes what identifies a route, leaving out the usual table and metric.
func routeWords(k Key) string {
	s := k.Prefix.String()
	if k.Prefix.Bits() == 0 {
		s = "default"
		if k.Prefix.Addr().Is6() {
			s = "default (IPv6)"
		}
	}
	if k.Table != TableMain {
		s += " table " + strconv.FormatUint(uint64(k.Table), 10)
	}
	if k.Metric != 0 {
		s += " metric " + strconv.FormatUint(uint64(k.Metric), 10)
	}
	return s
}

// addrOrNone writes an address, or nothing where there is none.
func addrOrNone(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
