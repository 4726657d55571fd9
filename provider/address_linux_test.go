package provider

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// ipLink is an interface as ip -j addr prints it.
type ipLink struct {
	Addresses []struct {
		Local     string `json:"local"`
		Length    int    `json:"prefixlen"`
		Scope     string `json:"scope"`
		Label     string `json:"label"`
		NoDAD     bool   `json:"nodad"`
		Tentative bool   `json:"tentative"`
	} `json:"addr_info"`
}

// addressesOf lists the addresses of an interface in ip(8)'s words, but not those that
// every loopback has.
func addressesOf(t *testing.T, link string) []string {
	t.Helper()
	lines := []string{}
	for _, a := range runJSON[[]ipLink](t, "ip -j addr show dev "+link)[0].Addresses {
		if a.Local == "127.0.0.1" || a.Local == "::1" {
			continue
		}
		line := fmt.Sprintf("%s/%d scope %s", a.Local, a.Length, a.Scope)
		if a.Label != "" {
			line += " label " + a.Label
		}
		if a.NoDAD {
			line += " nodad"
		}
		if a.Tentative {
			line += " tentative"
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func expectAddresses(t *testing.T, link string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(append([]string{}, want...), addressesOf(t, link)); diff != "" {
		t.Errorf("ip addr show dev %s (-want +got):\n%s", link, diff)
	}
}

func TestKernelAddresses(t *testing.T) {
	m := kernel(t)
	tests := []struct {
		name    string
		address resource.Address
		want    string // as ip(8) has it
	}{
		{"vip on lo", resource.Address{Link: "lo", Prefix: prefix("192.0.2.1/32")}, "192.0.2.1/32 scope global label lo"},
		{"with a subnet", resource.Address{Link: "eth0", Prefix: prefix("192.0.2.2/24")}, "192.0.2.2/24 scope global label eth0"},
		{"label", resource.Address{Link: "eth0", Prefix: prefix("192.0.2.3/32"), Label: "eth0:vip"}, "192.0.2.3/32 scope global label eth0:vip"},
		{"scope link", resource.Address{Link: "eth0", Prefix: prefix("192.0.2.4/32"), Scope: 253}, "192.0.2.4/32 scope link label eth0"},
		{"scope host", resource.Address{Link: "lo", Prefix: prefix("192.0.2.5/32"), Scope: 254, Label: "lo:1"}, "192.0.2.5/32 scope host label lo:1"},
		{"IPv6 on lo", resource.Address{Link: "lo", Prefix: prefix("2001:db8::1/128")}, "2001:db8::1/128 scope global nodad"},
		{"IPv6 with a subnet", resource.Address{Link: "eth0", Prefix: prefix("2001:db8::2/64")}, "2001:db8::2/64 scope global nodad"},
		{"IPv6 of a link", resource.Address{Link: "eth0", Prefix: prefix("fe80::5/64"), Scope: 253}, "fe80::5/64 scope link nodad"},
	}
	for _, test := range tests { // no subtests: they would run in another namespace
		t.Log(test.name)
		link := test.address.Link
		apply(t, m, create(test.address))
		expectAddresses(t, link, test.want)
		expectRead(t, m, test.address)
		fails(t, m, "file exists", create(test.address))
		apply(t, m, remove(test.address))
		expectAddresses(t, link)
		if got := read(t, m, test.address); got.Len() != 0 {
			t.Errorf("read after it was removed: %v", got)
		}
		apply(t, m, remove(test.address)) // gone already
	}
}

func TestKernelAddressReplace(t *testing.T) {
	m := kernel(t)
	plain := resource.Address{Link: "eth0", Prefix: prefix("192.0.2.1/24")}
	labelled, narrow := plain, plain
	labelled.Label, narrow.Scope = "eth0:vip", 253
	apply(t, m, create(plain), update(plain, labelled))
	expectAddresses(t, "eth0", "192.0.2.1/24 scope global label eth0:vip")
	apply(t, m, update(labelled, narrow))
	expectAddresses(t, "eth0", "192.0.2.1/24 scope link label eth0")
	expectRead(t, m, narrow)
	run(t, "ip addr del 192.0.2.1/24 dev eth0")
	apply(t, m, update(narrow, plain)) // what is to be replaced is gone
	expectAddresses(t, "eth0", "192.0.2.1/24 scope global label eth0")
}

// One address on two interfaces, and with two lengths, are different objects.
func TestKernelAddressKeys(t *testing.T) {
	m := kernel(t)
	on := func(link, p string) resource.Address { return resource.Address{Link: link, Prefix: prefix(p)} }
	apply(t, m, create(on("lo", "192.0.2.1/32")), create(on("eth0", "192.0.2.1/32")), create(on("eth0", "192.0.2.1/24")))
	expectRead(t, m, on("lo", "192.0.2.1/32"), on("eth0", "192.0.2.1/32"), on("eth0", "192.0.2.1/24"))
	apply(t, m, remove(on("eth0", "192.0.2.1/32")))
	expectAddresses(t, "lo", "192.0.2.1/32 scope global label lo")
	expectAddresses(t, "eth0", "192.0.2.1/24 scope global label eth0")
	if got := read(t, m, on("eth0", "192.0.2.1/32")); got.Len() != 0 {
		t.Errorf("read %v", got)
	}
}

func TestKernelAddressFails(t *testing.T) {
	m := kernel(t)
	vip := resource.Address{Link: "eth9", Prefix: prefix("192.0.2.1/32")}
	fails(t, m, "interface eth9: Link not found", create(vip))
	expectOutcome(t, m.Apply(t.Context(), []resource.Change{remove(vip)}), 1, nil) // gone with its interface
	run(t, "sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1")
	fails(t, m, "denied", create(resource.Address{Link: "eth0", Prefix: prefix("2001:db8::1/128")}))
}

// An address that goes takes no other along, though the kernel would delete all of its
// network with the first one there.
func TestKernelAddressWithSecondaries(t *testing.T) {
	m := kernel(t)
	first := resource.Address{Link: "eth0", Prefix: prefix("10.9.9.9/24")}
	apply(t, m, create(first))
	run(t, "ip addr add 10.9.9.10/24 dev eth0")
	run(t, "ip addr add 10.9.9.11/24 dev eth0")
	apply(t, m, remove(first))
	expectAddresses(t, "eth0", "10.9.9.10/24 scope global label eth0", "10.9.9.11/24 scope global label eth0")
	expectSysctl(t, resource.Sysctl{Name: "net.ipv4.conf.eth0.promote_secondaries", Value: "0"})
}

// An IPv6 address gets another prefix length: the new state is made before the old one is
// deleted, and an interface cannot have both.
func TestKernelAddressLength(t *testing.T) {
	m := kernel(t)
	before := resource.Address{Link: "eth0", Prefix: prefix("fd00:99::1/64")}
	after := resource.Address{Link: "eth0", Prefix: prefix("fd00:99::1/48")}
	apply(t, m, create(before))
	apply(t, m, create(after), remove(before))
	expectRead(t, m, after)
	fails(t, m, "file exists", create(after))
}

// An address that gets another label keeps its broadcast address, or has none still.
func TestKernelAddressBroadcast(t *testing.T) {
	m := kernel(t)
	run(t, "ip addr add 192.0.2.1/24 dev eth0")
	run(t, "ip addr add 198.51.100.1/24 brd 198.51.100.77 dev eth0")
	for _, p := range []string{"192.0.2.1/24", "198.51.100.1/24"} {
		before := resource.Address{Link: "eth0", Prefix: prefix(p)}
		after := before
		after.Label = "eth0:0"
		apply(t, m, update(before, after))
	}
	expectAddresses(t, "eth0", "192.0.2.1/24 scope global label eth0:0", "198.51.100.1/24 scope global label eth0:0")
	out := run(t, "ip -o addr show dev eth0")
	if strings.Count(out, "brd") != 1 || !strings.Contains(out, "198.51.100.1/24 brd 198.51.100.77") {
		t.Error(out)
	}
}
