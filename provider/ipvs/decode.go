package ipvs

import (
	"fmt"
	"net/netip"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// The decoders take a message's payload without the generic netlink header. They
// skip attributes that they do not know, which newer kernels may send, and refuse
// known ones of a wrong size and objects without an identity.

// nested finds the attribute of a command that holds the object it is about.
func nested(b []byte, typ uint16) ([]byte, error) {
	attrs := attributes{rest: b}
	for attrs.next() {
		if attrs.typ == typ {
			return attrs.data, nil
		}
	}
	if attrs.err != nil {
		return nil, attrs.err
	}
	return nil, fmt.Errorf("%w: no attribute %d", ErrMalformed, typ)
}

// rawAddr is an address before its family is known.
type rawAddr struct {
	bytes [addrLen]byte
	set   bool
}

// read takes the address from the current attribute.
func (r *rawAddr) read(a *attributes) {
	if a.sized(addrLen) {
		copy(r.bytes[:], a.data)
		r.set = true
	}
}

// addr is the address, now that the family is known. An address that was never read
// stays invalid.
func (r *rawAddr) addr(f resource.Family) netip.Addr {
	switch {
	case !r.set:
		return netip.Addr{}
	case f == resource.IPv4:
		return netip.AddrFrom4([4]byte(r.bytes[:4]))
	}
	return netip.AddrFrom16(r.bytes)
}

// family reads an address family.
func (a *attributes) family() resource.Family {
	switch n := a.u16(); {
	case n == uint16(resource.IPv4), n == uint16(resource.IPv6):
		return resource.Family(n)
	case a.err == nil:
		a.err = fmt.Errorf("%w: address family %d", ErrMalformed, n)
	}
	return 0
}

// protocol reads a transport protocol.
func (a *attributes) protocol() resource.Protocol {
	n := a.u16()
	if n > 255 && a.err == nil {
		a.err = fmt.Errorf("%w: protocol %d", ErrMalformed, n)
	}
	return resource.Protocol(n)
}

// decodeService reads the service of a message, with its counters.
func decodeService(payload []byte) (Entry, error) {
	body, err := nested(payload, attrService)
	if err != nil {
		return Entry{}, err
	}
	var s resource.Service
	var stats Stats
	var vip rawAddr
	var mask [4]byte
	attrs := attributes{rest: body}
	for attrs.next() {
		switch attrs.typ {
		case svcFamily:
			s.Family = attrs.family()
		case svcProtocol:
			s.Protocol = attrs.protocol()
		case svcAddr:
			vip.read(&attrs)
		case svcPort:
			s.Port = attrs.be16()
		case svcMark:
			s.Mark = attrs.u32()
		case svcScheduler:
			s.Scheduler = attrs.text()
		case svcEngine:
			s.Engine = attrs.text()
		case svcFlags:
			s.Flags = attrs.serviceFlags()
		case svcTimeout:
			s.Timeout = attrs.u32()
		case svcNetmask:
			if attrs.sized(len(mask)) {
				copy(mask[:], attrs.data)
			}
		case svcStats:
			stats = attrs.stats()
		}
	}
	if attrs.err != nil {
		return Entry{}, attrs.err
	}
	s, err = finishService(s, vip, mask)
	return Entry{Service: s, Stats: stats}, err
}

// serviceFlags reads a struct ip_vs_flags, less the flags that the kernel keeps for
// itself.
func (a *attributes) serviceFlags() resource.ServiceFlags {
	if !a.sized(8) {
		return 0
	}
	return resource.ServiceFlags(native.Uint32(a.data)) & resource.FlagsSettable
}

// finishService gives meaning to the attributes whose form depends on the family, and
// makes sure that the service has a key.
func finishService(s resource.Service, vip rawAddr, mask [4]byte) (resource.Service, error) {
	if s.Family == 0 {
		return resource.Service{}, fmt.Errorf("%w: service without address family", ErrMalformed)
	}
	s.Netmask = uint32(mask[0])<<24 | uint32(mask[1])<<16 | uint32(mask[2])<<8 | uint32(mask[3])
	if s.Family == resource.IPv6 {
		s.Netmask = native.Uint32(mask[:])
	}
	if s.Mark != 0 {
		s.ServiceKey = resource.MarkService(s.Family, s.Mark)
		return s, nil
	}
	s.Addr = vip.addr(s.Family)
	if !s.Addr.IsValid() || s.Protocol == 0 {
		return resource.Service{}, fmt.Errorf("%w: service without firewall mark, address or protocol", ErrMalformed)
	}
	return s, nil
}

// decodeDestination reads the destination of a message, of the given service.
func decodeDestination(payload []byte, service resource.ServiceKey) (Destination, error) {
	body, err := nested(payload, attrDest)
	if err != nil {
		return Destination{}, err
	}
	d := Destination{Destination: resource.Destination{Service: service}}
	var rip rawAddr
	family := service.Family // of destinations on kernels that do not tell
	attrs := attributes{rest: body}
	for attrs.next() {
		switch attrs.typ {
		case destAddr:
			rip.read(&attrs)
		case destFamily:
			family = attrs.family()
		default:
			d.set(&attrs)
		}
	}
	if attrs.err != nil {
		return Destination{}, attrs.err
	}
	if d.Addr = rip.addr(family); !d.Addr.IsValid() {
		return Destination{}, fmt.Errorf("%w: destination without address", ErrMalformed)
	}
	return d, nil
}

// set reads the current attribute into the destination's field, if there is one for it.
func (d *Destination) set(a *attributes) {
	switch a.typ {
	case destPort:
		d.Port = a.be16()
	case destForward:
		d.Forward = resource.Forward(a.u32() & fwdMask)
	case destWeight:
		d.Weight = a.u32()
	case destUpper:
		d.UpperThreshold = a.u32()
	case destLower:
		d.LowerThreshold = a.u32()
	case destActive:
		d.Active = a.u32()
	case destInactive:
		d.Inactive = a.u32()
	case destPersistent:
		d.Persistent = a.u32()
	case destTunnelType:
		d.TunnelType = resource.TunnelType(a.u8())
	case destTunnelPort:
		d.TunnelPort = a.be16()
	case destTunnelFlags:
		d.TunnelFlags = a.u16()
	}
}

// decodeInfo reads the answer to a question for general information.
func decodeInfo(payload []byte) (Info, error) {
	var info Info
	attrs := attributes{rest: payload}
	for attrs.next() {
		switch attrs.typ {
		case infoVersion:
			v := attrs.u32()
			info.Version = fmt.Sprintf("%d.%d.%d", v>>16&0xff, v>>8&0xff, v&0xff)
		case infoConnTableSize:
			info.ConnTableSize = attrs.u32()
		}
	}
	if attrs.err != nil {
		return Info{}, attrs.err
	}
	return info, nil
}

// decodeTimeouts reads the answer to a question for the timeouts.
func decodeTimeouts(payload []byte) (Timeouts, error) {
	var t Timeouts
	attrs := attributes{rest: payload}
	for attrs.next() {
		switch attrs.typ {
		case attrTimeoutTCP:
			t.TCP = attrs.u32()
		case attrTimeoutTCPFin:
			t.TCPFin = attrs.u32()
		case attrTimeoutUDP:
			t.UDP = attrs.u32()
		}
	}
	if attrs.err != nil {
		return Timeouts{}, attrs.err
	}
	return t, nil
}
