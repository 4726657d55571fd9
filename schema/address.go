package schema

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// parseAddr reads an address that a host, a real server or a VIP can have, or says
// what is wrong with it.
func parseAddr(s string) (addr netip.Addr, problem string) {
	addr, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		problem = notAddr(s, err)
	case addr.Zone() != "":
		problem = fmt.Sprintf("%q has a zone, and IPVS knows addresses without one only. Use a global or unique local address.", s)
	case addr.Is4In6():
		problem = fmt.Sprintf("%q is an IPv4 address in IPv6 dress. Write %q.", s, addr.Unmap())
	case addr.IsUnspecified():
		problem = fmt.Sprintf("%q stands for any address, and here one is needed that packets can be sent to.", s)
	case addr.IsMulticast():
		problem = fmt.Sprintf("%q is a multicast address, and here one is needed that belongs to one machine.", s)
	case addr == broadcast:
		problem = fmt.Sprintf("%q is the broadcast address, and here one is needed that belongs to one machine.", s)
	}
	if problem != "" {
		return netip.Addr{}, problem
	}
	return addr, ""
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// notAddr says why a string is no address, and what to write in its place.
func notAddr(s string, err error) string {
	if p, err := netip.ParsePrefix(s); err == nil {
		return fmt.Sprintf("%q has a prefix length, and here an address stands alone: write %q. Where a prefix is needed, lvsctl knows which.", s, p.Addr())
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return fmt.Sprintf("%q has a port, and here an address stands alone: write %q. The port is an argument of its own.", s, ap.Addr())
	}
	switch {
	case s == "":
		return "The address is empty."
	case strings.ContainsAny(s, "[]"):
		return fmt.Sprintf("%q is not an IP address. Brackets go around an IPv6 address that has a port after it, as in \"[fd00::1]:80\".", s)
	case strings.Trim(s, "0123456789") == "":
		return fmt.Sprintf("%q is not an IP address, but a number.", s)
	}
	if !strings.Contains(s, ":") && strings.Trim(s, "0123456789./") != "" {
		return fmt.Sprintf("%q is not an IP address. Names are not looked up, so that a name server cannot change what a reviewed config means: write the address.", s)
	}
	reason := err.Error()
	if _, after, ok := strings.Cut(reason, "): "); ok {
		reason = after
	}
	return fmt.Sprintf("%q is not an IP address: %s.", s, reason)
}

// parseNetmask reads a netmask for persistence of clients of one family, or says what
// is wrong with it. The result is as in [Persistence].
func parseNetmask(s string, v6 bool) (mask uint32, problem string) {
	if bits, err := strconv.ParseUint(s, 10, 32); err == nil {
		return prefixMask(bits, v6)
	}
	addr, err := netip.ParseAddr(s)
	if err != nil || !addr.Is4() {
		return 0, fmt.Sprintf("%q is not a netmask. Write a dotted one such as \"255.255.255.0\", or a prefix length such as 24.", s)
	}
	if v6 {
		return 0, fmt.Sprintf("%q is a netmask for IPv4, and the VIP is an IPv6 address. Write a prefix length from 1 to 128.", s)
	}
	b := addr.As4()
	mask = uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	if mask == 0 || ^mask&(^mask+1) != 0 {
		return 0, fmt.Sprintf("%q is not a netmask that makes groups of neighbours: in binary it must be ones followed by zeros, as in \"255.255.255.0\", with at least one of them a one.", s)
	}
	return mask, ""
}

// prefixMask is the netmask of a prefix length: the bits themselves for IPv6, the mask
// they stand for in IPv4.
func prefixMask(bits uint64, v6 bool) (mask uint32, problem string) {
	most := uint64(32)
	if v6 {
		most = 128
	}
	if bits < 1 || bits > most {
		return 0, fmt.Sprintf("The prefix length of the netmask must be from 1 to %d for this VIP, and this is %d.", most, bits)
	}
	if v6 {
		return uint32(bits), ""
	}
	return ^uint32(0) << (32 - bits), ""
}
