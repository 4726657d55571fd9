package resource

import (
	"net/netip"
	"strconv"
	"strings"
)

// A Rule sends packets to a routing table (policy routing). Which packets, and when
// the kernel looks at it, identify it; the table can be changed.
type Rule struct {
	Family    Family       `json:"family"`
	Priority  uint32       `json:"priority"`
	From      netip.Prefix `json:"from,omitzero"` // not valid is from all
	To        netip.Prefix `json:"to,omitzero"`   // not valid is to all
	Mark      uint32       `json:"fwmark,omitempty"`
	Mask      uint32       `json:"mask,omitempty"` // of Mark; all bits where there is one and none is given
	Interface string       `json:"iif,omitempty"`  // that the packets came in by
	Protocol  Protocol     `json:"ipproto,omitempty"`
	// SourcePort is that of packets of the Protocol, 0 for any.
	SourcePort uint16 `json:"sport,omitempty"`
	Table      uint32 `json:"table"`
}

// Key implements [Resource].
func (r Rule) Key() Key {
	return Key{Kind: KindRule, Service: ServiceKey{Family: r.Family}, Metric: r.Priority, Name: r.selector()}
}

// Attributes implements [Resource].
func (r Rule) Attributes() []Attribute {
	return []Attribute{{"table", strconv.FormatUint(uint64(r.Table), 10)}}
}

// String implements [Resource].
func (r Rule) String() string {
	return r.Key().Words() + " table " + strconv.FormatUint(uint64(r.Table), 10)
}

// selector writes which packets are meant, as ip(8) does.
func (r Rule) selector() string {
	words := []string{"from all"}
	if r.From.IsValid() {
		words[0] = "from " + r.From.String()
	}
	if r.To.IsValid() {
		words = append(words, "to "+r.To.String())
	}
	if r.Mark != 0 || r.Mask != 0 {
		mark := "fwmark 0x" + strconv.FormatUint(uint64(r.Mark), 16)
		if r.Mask != 1<<32-1 {
			mark += "/0x" + strconv.FormatUint(uint64(r.Mask), 16)
		}
		words = append(words, mark)
	}
	if r.Interface != "" {
		words = append(words, "iif "+r.Interface)
	}
	if r.Protocol != 0 {
		words = append(words, "ipproto "+r.Protocol.String())
	}
	if r.SourcePort != 0 {
		words = append(words, "sport "+strconv.Itoa(int(r.SourcePort)))
	}
	return strings.Join(words, " ")
}

// ruleWords writes what identifies a rule.
func ruleWords(k Key) string {
	s := strconv.FormatUint(uint64(k.Metric), 10) + ": " + k.Name
	if k.Service.Family == IPv6 {
		s += " (IPv6)"
	}
	return s
}
