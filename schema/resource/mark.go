package resource

import (
	"fmt"
	"net/netip"
	"strconv"
)

// A Mark gives incoming packets a firewall mark, and those that the host sends to an
// address of its own: a rule of our own nftables table. Which packets identifies it. Of
// several that fit a packet the one with the longest prefix counts; of those with the same
// prefix one with a protocol, and then the one with fewer ports.
type Mark struct {
	To       netip.Prefix `json:"to"`                 // the packets' destination
	Protocol Protocol     `json:"protocol,omitempty"` // 0 is every protocol
	First    uint16       `json:"first,omitempty"`    // destination ports, 0 to 0 is all
	Last     uint16       `json:"last,omitempty"`
	Mark     uint32       `json:"fwmark"`
}

// Key implements [Resource].
func (m Mark) Key() Key {
	return Key{Kind: KindMark, Service: ServiceKey{Protocol: m.Protocol, Family: FamilyOf(m.To.Addr())}, Prefix: m.To, Port: m.First, Metric: uint32(m.Last)}
}

// Attributes implements [Resource].
func (m Mark) Attributes() []Attribute {
	return []Attribute{{"fwmark", strconv.FormatUint(uint64(m.Mark), 10)}}
}

// String implements [Resource].
func (m Mark) String() string {
	return m.Key().Words() + " fwmark " + strconv.FormatUint(uint64(m.Mark), 10)
}

// markWords writes which packets a mark is for.
func markWords(k Key) string {
	s := "to " + k.Prefix.String()
	if k.Prefix.IsSingleIP() {
		s = "to " + k.Prefix.Addr().String()
	}
	if k.Service.Protocol != 0 {
		s = k.Service.Protocol.String() + " " + s
	}
	switch {
	case k.Port == 0 && k.Metric == 0:
		return s
	case uint32(k.Port) == k.Metric:
		return fmt.Sprintf("%s port %d", s, k.Port)
	}
	return fmt.Sprintf("%s port %d-%d", s, k.Port, k.Metric)
}
