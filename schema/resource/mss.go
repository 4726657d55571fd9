package resource

import (
	"net/netip"
	"strconv"
)

// An MSS bounds the TCP segments that a host asks its peers for in connections from one
// of its addresses: a rule of our own nftables table. Tunnels need it, since what they
// carry is larger on the way than when it arrives.
type MSS struct {
	From netip.Addr `json:"from"`
	Size uint16     `json:"size"` // bytes of payload in one segment at most
}

// Key implements [Resource].
func (m MSS) Key() Key { return Key{Kind: KindMSS, Prefix: hostPrefix(m.From)} }

// Attributes implements [Resource].
func (m MSS) Attributes() []Attribute { return []Attribute{{"size", strconv.Itoa(int(m.Size))}} }

// String implements [Resource].
func (m MSS) String() string { return m.Key().Words() + " size " + strconv.Itoa(int(m.Size)) }
