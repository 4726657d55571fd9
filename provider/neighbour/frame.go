package neighbour

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
)

// The numbers of Ethernet, ARP, IPv6 and ICMPv6 that are used here.
const (
	etherARP  = 0x0806
	etherIPv6 = 0x86dd

	arpEthernet = 1
	arpIPv4     = 0x0800
	arpRequest  = 1

	icmpv6               = 58
	neighbourSolicit     = 135
	neighbourAdvertise   = 136
	flagRouter           = 0x80
	flagOverride         = 0x20
	optionTargetLinkAddr = 2
	hopLimit             = 255 // another one came through a router, and is not heeded

	hwLen     = 6 // bytes of an Ethernet address
	etherLen  = 2*hwLen + 2
	arpLen    = 8 + 2*(hwLen+4)
	ipv6Len   = 40
	icmpLen   = 24 // with the target
	optionLen = 2 + hwLen
)

var (
	broadcast = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	nobody    = make(net.HardwareAddr, hwLen)
	allNodes  = netip.MustParseAddr("ff02::1")
)

// Announcement is the Ethernet frame that tells all machines on a segment that an address
// is now found at hw, so that those that knew another place for it forget that: a
// gratuitous ARP request, or an unsolicited neighbour advertisement. The latter says
// whether its sender is a router, since who hears otherwise takes it out of its routes.
func Announcement(hw net.HardwareAddr, addr netip.Addr, router bool) []byte {
	if addr.Is4() {
		return arp(hw, addr, addr)
	}
	flags := byte(flagOverride)
	if router {
		flags |= flagRouter
	}
	option := append([]byte{optionTargetLinkAddr, optionLen / 8}, hw...)
	return discovery(hw, addr, allNodes, neighbourAdvertise, flags, addr, option)
}

// Question is the frame that asks whether anybody has an address, and says nothing of who
// asks, so that no machine takes hw for its place: an ARP probe, or the solicitation of
// duplicate address detection.
func Question(hw net.HardwareAddr, addr netip.Addr) []byte {
	if addr.Is4() {
		return arp(hw, netip.IPv4Unspecified(), addr)
	}
	return discovery(hw, netip.IPv6Unspecified(), solicitedNode(addr), neighbourSolicit, 0, addr, nil)
}

// Answer is the address that a frame says its sender has, and where; not ok for a frame
// that says no such thing. An ARP packet says it whether it answers or asks.
func Answer(frame []byte) (addr netip.Addr, hw net.HardwareAddr, ok bool) {
	if len(frame) < etherLen {
		return addr, nil, false
	}
	packet := frame[etherLen:]
	switch binary.BigEndian.Uint16(frame[2*hwLen:]) {
	case etherARP:
		return arpSender(packet)
	case etherIPv6:
		return advertised(packet, frame[hwLen:2*hwLen])
	}
	return addr, nil, false
}

// arp is an ARP request in an Ethernet frame to everybody.
func arp(hw net.HardwareAddr, sender, target netip.Addr) []byte {
	b := ethernet(broadcast, hw, etherARP)
	b = binary.BigEndian.AppendUint16(b, arpEthernet)
	b = binary.BigEndian.AppendUint16(b, arpIPv4)
	b = append(b, hwLen, 4)
	b = binary.BigEndian.AppendUint16(b, arpRequest)
	b = append(append(b, hw...), sender.AsSlice()...)
	return append(append(b, nobody...), target.AsSlice()...)
}

// arpSender reads who sends an ARP packet. A probe is from nobody.
func arpSender(b []byte) (addr netip.Addr, hw net.HardwareAddr, ok bool) {
	head := []byte{0, arpEthernet, arpIPv4 >> 8, arpIPv4 & 0xff, hwLen, 4}
	if len(b) < arpLen || !bytes.Equal(b[:len(head)], head) {
		return addr, nil, false
	}
	addr = netip.AddrFrom4([4]byte(b[8+hwLen:]))
	return addr, slices.Clone(b[8 : 8+hwLen]), !addr.IsUnspecified()
}

// discovery is a packet of neighbour discovery in an Ethernet frame.
func discovery(hw net.HardwareAddr, from, to netip.Addr, kind, flags byte, target netip.Addr, option []byte) []byte {
	icmp := append([]byte{kind, 0, 0, 0, flags, 0, 0, 0}, target.AsSlice()...)
	icmp = append(icmp, option...)
	binary.BigEndian.PutUint16(icmp[2:], checksum(from, to, icmp))

	b := ethernet(multicast(to), hw, etherIPv6)
	b = append(b, 6<<4, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(icmp)))
	b = append(b, icmpv6, hopLimit)
	b = append(append(b, from.AsSlice()...), to.AsSlice()...)
	return append(b, icmp...)
}

// advertised reads what a neighbour advertisement is about. Where it does not say where
// that is, it is at who sent it.
func advertised(b []byte, sender net.HardwareAddr) (addr netip.Addr, hw net.HardwareAddr, ok bool) {
	if len(b) < ipv6Len+icmpLen || b[6] != icmpv6 || b[7] != hopLimit {
		return addr, nil, false
	}
	icmp := b[ipv6Len:]
	if icmp[0] != neighbourAdvertise || icmp[1] != 0 {
		return addr, nil, false
	}
	hw = sender
	if o := icmp[icmpLen:]; len(o) >= optionLen && o[0] == optionTargetLinkAddr && o[1] == optionLen/8 {
		hw = o[2:optionLen]
	}
	return netip.AddrFrom16([16]byte(icmp[8:])), slices.Clone(hw), true
}

// ethernet is the header of a frame.
func ethernet(to, from net.HardwareAddr, packet uint16) []byte {
	b := make([]byte, 0, etherLen+ipv6Len+icmpLen+optionLen)
	b = append(append(b, to...), from...)
	return binary.BigEndian.AppendUint16(b, packet)
}

// multicast is where Ethernet carries packets to an IPv6 multicast address (RFC 2464,
// section 7).
func multicast(to netip.Addr) net.HardwareAddr {
	a := to.As16()
	return append(net.HardwareAddr{0x33, 0x33}, a[12:]...)
}

// solicitedNode is the multicast address that who has addr listens to (RFC 4291, section
// 2.7.1).
func solicitedNode(addr netip.Addr) netip.Addr {
	a, group := addr.As16(), netip.MustParseAddr("ff02::1:ff00:0").As16()
	copy(group[13:], a[13:])
	return netip.AddrFrom16(group)
}

// checksum is that of an ICMPv6 packet, whose own is 0 (RFC 4443, section 2.3).
func checksum(from, to netip.Addr, icmp []byte) uint16 {
	sum := uint32(len(icmp)) + icmpv6
	for _, part := range [][]byte{from.AsSlice(), to.AsSlice(), icmp} { // each of an even length
		for i := 0; i < len(part); i += 2 {
			sum += uint32(binary.BigEndian.Uint16(part[i:]))
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
