package ipvs

import (
	"encoding/binary"
	"net/netip"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Messages are built by appending to a buffer that the caller keeps. Sizes are not
// known until what they count is there, so every begin leaves a hole and every end
// fills it.

// beginMessage appends the headers of a message to the given family. It returns
// where the message starts.
func beginMessage(b []byte, family uint16, cmd uint8, flags uint16, seq uint32) ([]byte, int) {
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	b = native.AppendUint16(b, family)
	b = native.AppendUint16(b, flags)
	b = native.AppendUint32(b, seq)
	b = append(b, 0, 0, 0, 0) // the sender's port, filled in by the kernel
	return append(b, cmd, familyVersion, 0, 0), start
}

// endMessage fills in the size of the message that begins at start.
func endMessage(b []byte, start int) []byte {
	native.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// beginNest appends the header of an attribute made of attributes. It returns where
// the attribute starts.
func beginNest(b []byte, typ uint16) ([]byte, int) {
	return appendAttr(b, typ|attrNested, 0), len(b)
}

// endNest fills in the size of the attribute that begins at start.
func endNest(b []byte, start int) []byte {
	native.PutUint16(b[start:], uint16(len(b)-start))
	return b
}

// appendAttr appends the header of an attribute of n bytes.
func appendAttr(b []byte, typ uint16, n int) []byte {
	b = native.AppendUint16(b, uint16(attrHeaderLen+n))
	return native.AppendUint16(b, typ)
}

// appendU8 appends an attribute that is a byte.
func appendU8(b []byte, typ uint16, v uint8) []byte {
	return append(appendAttr(b, typ, 1), v, 0, 0, 0)
}

// appendU16 appends an attribute that is a number of two bytes.
func appendU16(b []byte, typ, v uint16) []byte {
	b = native.AppendUint16(appendAttr(b, typ, 2), v)
	return append(b, 0, 0)
}

// appendBE16 appends an attribute that is a number of two bytes in network byte order.
func appendBE16(b []byte, typ, v uint16) []byte {
	b = binary.BigEndian.AppendUint16(appendAttr(b, typ, 2), v)
	return append(b, 0, 0)
}

// appendU32 appends an attribute that is a number of four bytes.
func appendU32(b []byte, typ uint16, v uint32) []byte {
	return native.AppendUint32(appendAttr(b, typ, 4), v)
}

// appendBE32 appends an attribute that is a number of four bytes in network byte order.
func appendBE32(b []byte, typ uint16, v uint32) []byte {
	return binary.BigEndian.AppendUint32(appendAttr(b, typ, 4), v)
}

// appendText appends an attribute that is a string, with the NUL that the kernel's
// parser asks for.
func appendText(b []byte, typ uint16, s string) []byte {
	b = append(appendAttr(b, typ, len(s)+1), s...)
	for range pad(len(s)+1) - len(s) {
		b = append(b, 0)
	}
	return b
}

// appendAddr appends an attribute that is a union nf_inet_addr: 16 bytes, of which an
// IPv4 address takes the first four.
func appendAddr(b []byte, typ uint16, addr netip.Addr) []byte {
	b = appendAttr(b, typ, addrLen)
	if addr.Is4() {
		a := addr.As4()
		b = append(b, a[:]...)
		return append(b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	a := addr.As16()
	return append(b, a[:]...)
}

// appendKey appends the attribute that tells which service a command is about.
func appendKey(b []byte, k *resource.ServiceKey) []byte {
	b, start := beginNest(b, attrService)
	return endNest(appendKeyAttrs(b, k), start)
}

// appendKeyAttrs appends what identifies a service: its firewall mark, or its
// protocol, address and port.
func appendKeyAttrs(b []byte, k *resource.ServiceKey) []byte {
	b = appendU16(b, svcFamily, uint16(k.Family))
	if k.Mark != 0 {
		return appendU32(b, svcMark, k.Mark)
	}
	b = appendU16(b, svcProtocol, uint16(k.Protocol))
	b = appendAddr(b, svcAddr, k.Addr)
	return appendBE16(b, svcPort, k.Port)
}

// appendService appends a service with all its attributes. Those that are empty are
// there as well, except for the persistence engine, which is cleared by leaving it out.
func appendService(b []byte, s *resource.Service) []byte {
	b, start := beginNest(b, attrService)
	b = appendKeyAttrs(b, &s.ServiceKey)
	b = appendText(b, svcScheduler, s.Scheduler)
	if s.Engine != "" {
		b = appendText(b, svcEngine, s.Engine)
	}
	b = native.AppendUint32(appendAttr(b, svcFlags, 8), uint32(s.Flags))
	b = native.AppendUint32(b, uint32(resource.FlagsSettable)) // flags outside this mask stay as they are
	b = appendU32(b, svcTimeout, s.Timeout)
	if s.Family == resource.IPv6 {
		b = appendU32(b, svcNetmask, s.Netmask)
	} else {
		b = appendBE32(b, svcNetmask, s.Netmask)
	}
	return endNest(b, start)
}

// appendDestination appends a destination: what identifies it and, unless it is to be
// deleted, all its attributes.
func appendDestination(b []byte, d *resource.Destination, full bool) []byte {
	b, start := beginNest(b, attrDest)
	b = appendU16(b, destFamily, uint16(resource.FamilyOf(d.Addr)))
	b = appendAddr(b, destAddr, d.Addr)
	b = appendBE16(b, destPort, d.Port)
	if !full {
		return endNest(b, start)
	}
	b = appendU32(b, destForward, uint32(d.Forward))
	b = appendU32(b, destWeight, d.Weight)
	b = appendU32(b, destUpper, d.UpperThreshold)
	b = appendU32(b, destLower, d.LowerThreshold)
	b = appendU8(b, destTunnelType, uint8(d.TunnelType))
	b = appendBE16(b, destTunnelPort, d.TunnelPort)
	b = appendU16(b, destTunnelFlags, d.TunnelFlags)
	return endNest(b, start)
}

// appendOp appends the message that carries out an operation.
func appendOp(b []byte, family, flags uint16, seq uint32, op Op) []byte {
	b, start := beginMessage(b, family, op.command(), flags, seq)
	switch r := op.Object.(type) {
	case resource.Service:
		if op.Verb == Delete {
			b = appendKey(b, &r.ServiceKey)
		} else {
			b = appendService(b, &r)
		}
	case resource.Destination:
		b = appendKey(b, &r.Service)
		b = appendDestination(b, &r, op.Verb != Delete)
	}
	return endMessage(b, start)
}

// appendTimeouts appends the timeouts as attributes of their command.
func appendTimeouts(b []byte, t Timeouts) []byte {
	b = appendU32(b, attrTimeoutTCP, t.TCP)
	b = appendU32(b, attrTimeoutTCPFin, t.TCPFin)
	return appendU32(b, attrTimeoutUDP, t.UDP)
}
