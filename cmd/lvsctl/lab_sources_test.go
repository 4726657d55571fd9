package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// maxRange bounds how many addresses or ports a range in a lab script has.
const maxRange = 1024

// sources reads the addresses that a lab script asks from, between commas: ADDR,
// ADDR-ADDR, ADDR:PORT or ADDR:PORT-PORT, with brackets around IPv6 addresses that a
// port follows. Where the port is left open it is 0.
func sources(list string) (all []netip.AddrPort, err error) {
	for text := range strings.SplitSeq(list, ",") {
		some, err := source(text)
		if err != nil {
			return nil, fmt.Errorf("source %q: %w", text, err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// source reads one entry of such a list.
func source(text string) (all []netip.AddrPort, err error) {
	if host, ports, err := net.SplitHostPort(text); err == nil {
		return portRange(host, ports)
	}
	addrs, err := addrRange(text)
	for _, addr := range addrs {
		all = append(all, netip.AddrPortFrom(addr, 0))
	}
	return all, err
}

// prefixes reads the addresses of an interface, between commas: ADDR/LEN or
// ADDR-ADDR/LEN.
func prefixes(list string) (all []string, err error) {
	for text := range strings.SplitSeq(list, ",") {
		addrs, length, _ := strings.Cut(text, "/")
		each, err := addrRange(addrs)
		if err != nil {
			return nil, fmt.Errorf("addresses %q: %w", text, err)
		}
		for _, addr := range each {
			all = append(all, addr.String()+"/"+length)
		}
	}
	return all, nil
}

// addrRange reads ADDR or ADDR-ADDR, the first and the last.
func addrRange(text string) (all []netip.Addr, err error) {
	from, to, isRange := strings.Cut(text, "-")
	first, err := netip.ParseAddr(from)
	if err != nil || !isRange {
		return []netip.Addr{first}, err
	}
	last, err := netip.ParseAddr(to)
	if err != nil {
		return nil, err
	}
	if first.BitLen() != last.BitLen() || last.Less(first) {
		return nil, errors.New("a range goes from an address to a higher one")
	}
	for addr := first; addr.IsValid() && !last.Less(addr); addr = addr.Next() {
		if all = append(all, addr); len(all) > maxRange {
			return nil, fmt.Errorf("more than %d addresses", maxRange)
		}
	}
	return all, nil
}

// portRange reads PORT or PORT-PORT of an address.
func portRange(host, ports string) (all []netip.AddrPort, err error) {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return nil, err
	}
	from, to, isRange := strings.Cut(ports, "-")
	if !isRange {
		to = from
	}
	first, err := strconv.ParseUint(from, 10, 16)
	if err != nil {
		return nil, err
	}
	last, err := strconv.ParseUint(to, 10, 16)
	if err != nil {
		return nil, err
	}
	if last < first || last-first >= maxRange {
		return nil, fmt.Errorf("a range has 1 to %d ports", maxRange)
	}
	for port := first; port <= last; port++ {
		all = append(all, netip.AddrPortFrom(addr, uint16(port)))
	}
	return all, nil
}

func TestSources(t *testing.T) {
	tests := []struct{ list, want string }{
		{"10.0.0.1", "10.0.0.1:0"},
		{"10.0.0.254-10.0.1.1", "10.0.0.254:0 10.0.0.255:0 10.0.1.0:0 10.0.1.1:0"},
		{"fd00::9-fd00::a", "[fd00::9]:0 [fd00::a]:0"},
		{"10.0.0.1:4000-4001,10.0.0.2", "10.0.0.1:4000 10.0.0.1:4001 10.0.0.2:0"},
		{"[fd00::1]:4000", "[fd00::1]:4000"},
	}
	for _, test := range tests {
		got, err := sources(test.list)
		if diff := cmp.Diff("["+test.want+"]", fmt.Sprint(got)); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", test.list, err, diff)
		}
	}
	for _, list := range []string{
		"", "x", "x:1", "10.0.0.1-x", "10.0.0.1:x", "10.0.0.1:1-x", "10.0.0.1:70000", "10.0.0.1:9-8", "10.0.0.1:1-9999",
		"fd00::1:4000-4001", "10.0.0.0-10.0.9.0", "10.0.0.2-10.0.0.1", "10.0.0.1-fd00::1",
	} {
		if got, err := sources(list); err == nil {
			t.Errorf("%q: %v, no error", list, got)
		}
	}
}

func TestPrefixes(t *testing.T) {
	got, err := prefixes("10.0.0.1-10.0.0.2/24,fd00::1/64")
	want := []string{"10.0.0.1/24", "10.0.0.2/24", "fd00::1/64"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
