package resource

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Protocol is the transport protocol of an IPVS service, by its IANA number.
// It is zero for a service that is selected by firewall mark.
type Protocol uint8

// The protocols IPVS balances.
const (
	TCP  Protocol = 6
	UDP  Protocol = 17
	SCTP Protocol = 132
)

// Protocols lists the protocols that can be written in a config, by name.
var Protocols = map[string]Protocol{"tcp": TCP, "udp": UDP, "sctp": SCTP}

// String returns the protocol's name in lower case.
func (p Protocol) String() string {
	switch p {
	case TCP:
		return "tcp"
	case UDP:
		return "udp"
	case SCTP:
		return "sctp"
	}
	return "proto" + strconv.Itoa(int(p))
}

// Family is an address family, by its kernel number (AF_INET, AF_INET6).
type Family uint8

// The two families.
const (
	IPv4 Family = 2
	IPv6 Family = 10
)

// FamilyOf is the family of a valid address.
func FamilyOf(a netip.Addr) Family {
	if a.Is4() {
		return IPv4
	}
	return IPv6
}

// A ServiceKey selects the packets of an IPVS service: protocol, address and port,
// or a firewall mark alone. It cannot be changed once the service exists.
type ServiceKey struct {
	Addr     netip.Addr `json:"address,omitzero"`
	Mark     uint32     `json:"fwmark,omitempty"` // 0 where Addr is set
	Port     uint16     `json:"port,omitempty"`   // 0 is every port
	Protocol Protocol   `json:"protocol,omitempty"`
	Family   Family     `json:"family"`
}

// AddrService is the key of the service at one virtual address and port.
func AddrService(p Protocol, addr netip.Addr, port uint16) ServiceKey {
	return ServiceKey{Addr: addr, Port: port, Protocol: p, Family: FamilyOf(addr)}
}

// MarkService is the key of the service for packets with a firewall mark.
func MarkService(f Family, mark uint32) ServiceKey {
	return ServiceKey{Mark: mark, Family: f}
}

// Compare orders service keys: by family, then marks before addresses.
func (k ServiceKey) Compare(o ServiceKey) int {
	return cmp.Or(
		cmp.Compare(k.Family, o.Family),
		cmp.Compare(k.Mark, o.Mark),
		k.Addr.Compare(o.Addr),
		cmp.Compare(k.Port, o.Port),
		cmp.Compare(k.Protocol, o.Protocol),
	)
}

// String writes the key as "tcp 192.0.2.1:80" or "fwmark 7".
func (k ServiceKey) String() string { return string(k.append(nil)) }

// append appends what String returns.
func (k ServiceKey) append(b []byte) []byte {
	if !k.Addr.IsValid() {
		b = strconv.AppendUint(append(b, "fwmark "...), uint64(k.Mark), 10)
		if k.Family == IPv6 {
			b = append(b, " (IPv6)"...)
		}
		return b
	}
	return netip.AddrPortFrom(k.Addr, k.Port).AppendTo(append(append(b, k.Protocol.String()...), ' '))
}

// ServiceFlags are the flags of an IPVS service as in the kernel's ip_vs.h.
// IP_VS_SVC_F_HASHED is the kernel's own business and never part of them.
type ServiceFlags uint32

// The flags that can be set.
const (
	FlagPersistent ServiceFlags = 0x01 // the same client goes to the same real server
	FlagOnePacket  ServiceFlags = 0x04 // every datagram is scheduled on its own; UDP only
	FlagSched1     ServiceFlags = 0x08 // sh-fallback, mh-fallback
	FlagSched2     ServiceFlags = 0x10 // sh-port, mh-port
	FlagSched3     ServiceFlags = 0x20
	FlagsSettable               = FlagPersistent | FlagOnePacket | FlagSched1 | FlagSched2 | FlagSched3
)

// A Service is an IPVS virtual service without its destinations.
type Service struct {
	ServiceKey
	Scheduler string       `json:"scheduler"`
	Flags     ServiceFlags `json:"flags,omitempty"`
	// Timeout is how long a persistent client sticks, in seconds.
	Timeout uint32 `json:"timeout,omitempty"`
	// Netmask says which clients persistence treats as one: for IPv4 the mask as a
	// number in host byte order (0xffffffff is every address for itself), for IPv6
	// a prefix length, 128 likewise. The kernel wants it of services without
	// persistence too.
	Netmask uint32 `json:"netmask"`
	// Engine is the persistence engine, "sip" or none.
	Engine string `json:"engine,omitempty"`
}

// Key implements [Resource].
func (s Service) Key() Key { return Key{Kind: KindService, Service: s.ServiceKey} }

// FullNetmask is the netmask that tells all clients of a family apart.
func FullNetmask(f Family) uint32 {
	if f == IPv6 {
		return 128
	}
	return 0xffffffff
}

// Attributes implements [Resource].
func (s Service) Attributes() []Attribute {
	return []Attribute{
		{"algorithm", s.Scheduler},
		{"flags", strings.Join(s.flagNames(), ",")},
		{"persistence", s.persistence()},
		{"engine", s.Engine},
	}
}

// String implements [Resource].
func (s Service) String() string {
	words := []string{s.ServiceKey.String(), s.Scheduler}
	if p := s.persistence(); p != "" {
		words = append(words, "persistent "+p)
	}
	if s.Engine != "" {
		words = append(words, "engine "+s.Engine)
	}
	return strings.Join(append(words, s.flagNames()...), " ")
}

// persistence writes timeout and granularity, nothing for a service that is not
// persistent and has the mask every such service has.
func (s Service) persistence() string {
	full := s.Netmask == FullNetmask(s.Family)
	if s.Flags&FlagPersistent == 0 && s.Timeout == 0 && full {
		return ""
	}
	out := fmt.Sprintf("%ds", s.Timeout)
	switch {
	case full:
	case s.Family == IPv6:
		out += fmt.Sprintf(" netmask /%d", s.Netmask)
	default:
		m := s.Netmask
		out += " netmask " + netip.AddrFrom4([4]byte{byte(m >> 24), byte(m >> 16), byte(m >> 8), byte(m)}).String()
	}
	return out
}

// flagNames lists the flags that persistence does not already show, by the names of
// the scheduler that gives them a meaning.
func (s Service) flagNames() []string {
	var names []string
	if s.Flags&FlagOnePacket != 0 {
		names = append(names, "one-packet")
	}
	for i, f := range []ServiceFlags{FlagSched1, FlagSched2, FlagSched3} {
		if s.Flags&f != 0 {
			names = append(names, schedFlagName(s.Scheduler, i))
		}
	}
	return names
}

// schedFlagName names the scheduler flag number i (from 0).
func schedFlagName(scheduler string, i int) string {
	if i < 2 && slices.Contains([]string{"sh", "mh"}, scheduler) {
		return scheduler + [...]string{"-fallback", "-port"}[i]
	}
	return "flag-" + strconv.Itoa(i+1)
}
