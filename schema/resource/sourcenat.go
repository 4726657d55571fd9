package resource

import "net/netip"

// A SourceNAT writes an address of the director over the client's in packets that IPVS
// sends to the real servers of one service by masquerading: a rule of our own nftables
// table. It needs net.ipv4.vs.conntrack. Of a service by firewall mark it means every
// packet with the mark that leaves the host, also one that is only routed.
type SourceNAT struct {
	Service ServiceKey `json:"service"`
	First   netip.Addr `json:"first"` // the addresses to choose from, in a row
	Last    netip.Addr `json:"last"`  // the same as First for one address
}

// Key implements [Resource].
func (n SourceNAT) Key() Key { return Key{Kind: KindSourceNAT, Service: n.Service} }

// Attributes implements [Resource].
func (n SourceNAT) Attributes() []Attribute { return []Attribute{{"source", n.source()}} }

// String implements [Resource].
func (n SourceNAT) String() string { return n.Service.String() + " source " + n.source() }

func (n SourceNAT) source() string {
	if n.First == n.Last {
		return addrOrNone(n.First)
	}
	return addrOrNone(n.First) + "-" + addrOrNone(n.Last)
}
