package resource

import (
	"net/netip"
	"strconv"
)

// Forward is how IPVS passes packets on to a destination (IP_VS_CONN_F_* in the
// kernel's ip_vs.h).
type Forward uint8

// The forwarding methods.
const (
	ForwardMasquerade Forward = 0 // NAT
	ForwardLocal      Forward = 1 // the director itself
	ForwardTunnel     Forward = 2 // encapsulated
	ForwardDirect     Forward = 3 // direct routing: only the link-layer address changes
	ForwardBypass     Forward = 4 // to the packet's own destination (transparent cache)
)

var forwardNames = [...]string{"masq", "local", "tunnel", "dr", "bypass"}

// String returns the method's name as plans print it.
func (f Forward) String() string {
	if int(f) < len(forwardNames) {
		return forwardNames[f]
	}
	return "forward" + strconv.Itoa(int(f))
}

// TunnelType is the encapsulation of a tunnelling destination.
type TunnelType uint8

// The tunnel types of the kernel's ip_vs.h.
const (
	TunnelIPIP TunnelType = 0
	TunnelGUE  TunnelType = 1
	TunnelGRE  TunnelType = 2
)

// String returns the type's name as ipvsadm writes it.
func (t TunnelType) String() string {
	switch t {
	case TunnelIPIP:
		return "ipip"
	case TunnelGUE:
		return "gue"
	case TunnelGRE:
		return "gre"
	}
	return "tunnel" + strconv.Itoa(int(t))
}

// The flags of a tunnelling destination.
const (
	TunnelChecksum       uint16 = 1 // IP_VS_TUNNEL_ENCAP_FLAG_CSUM
	TunnelRemoteChecksum uint16 = 2 // IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM
)

// A Destination is a real server of one IPVS service.
type Destination struct {
	Service        ServiceKey `json:"service"`
	Addr           netip.Addr `json:"address"`
	Port           uint16     `json:"port"`
	Forward        Forward    `json:"forward"`
	Weight         uint32     `json:"weight"`                    // 0 to 2³¹-1; 0 takes no new connections
	UpperThreshold uint32     `json:"upper_threshold,omitempty"` // connections above which it takes no more; 0 is no limit
	LowerThreshold uint32     `json:"lower_threshold,omitempty"` // connections below which it takes some again
	TunnelType     TunnelType `json:"tunnel_type,omitempty"`
	TunnelPort     uint16     `json:"tunnel_port,omitempty"`
	TunnelFlags    uint16     `json:"tunnel_flags,omitempty"`
}

// Key implements [Resource].
func (d Destination) Key() Key {
	return Key{Kind: KindDestination, Service: d.Service, Prefix: hostPrefix(d.Addr), Port: d.Port}
}

// Attributes implements [Resource].
func (d Destination) Attributes() []Attribute {
	return []Attribute{
		{"method", d.method()},
		{"weight", strconv.FormatUint(uint64(d.Weight), 10)},
		{"upper threshold", strconv.FormatUint(uint64(d.UpperThreshold), 10)},
		{"lower threshold", strconv.FormatUint(uint64(d.LowerThreshold), 10)},
	}
}

// String implements [Resource].
func (d Destination) String() string {
	b := make([]byte, 0, 80)
	b = append(d.Service.append(b), " → "...)
	b = append(netip.AddrPortFrom(d.Addr, d.Port).AppendTo(b), ' ')
	b = append(append(b, d.method()...), " weight "...)
	b = strconv.AppendUint(b, uint64(d.Weight), 10)
	if d.UpperThreshold != 0 {
		b = strconv.AppendUint(append(b, " upper "...), uint64(d.UpperThreshold), 10)
	}
	if d.LowerThreshold != 0 {
		b = strconv.AppendUint(append(b, " lower "...), uint64(d.LowerThreshold), 10)
	}
	return string(b)
}

// method writes the forwarding method with its tunnel.
func (d Destination) method() string {
	if d.Forward != ForwardTunnel {
		return d.Forward.String()
	}
	s := "tunnel " + d.TunnelType.String()
	if d.TunnelPort != 0 {
		s += " port " + strconv.Itoa(int(d.TunnelPort))
	}
	switch {
	case d.TunnelFlags&TunnelRemoteChecksum != 0:
		s += " remcsum"
	case d.TunnelFlags&TunnelChecksum != 0:
		s += " csum"
	}
	return s
}
