package provider

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// ipDetails is all that ip -d link shows of an interface, but for what is different each
// time one is made.
func ipDetails(t *testing.T, name string) string {
	t.Helper()
	link := runJSON[[]map[string]any](t, "ip -d -j link show dev "+name)[0]
	for _, member := range []string{"ifindex", "permaddr"} {
		delete(link, member)
	}
	if link["link_type"] == "ether" {
		delete(link, "address")
	}
	text, err := json.MarshalIndent(link, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// linkExists asks ip(8).
func linkExists(t *testing.T, name string) bool {
	t.Helper()
	out, err := exec.Command("ip", "link", "show", "dev", name).CombinedOutput()
	if err != nil && !strings.Contains(string(out), "does not exist") {
		t.Fatalf("ip link show dev %s: %v\n%s", name, err, out)
	}
	return err == nil
}

// A link that we make is in every detail the one that ip(8) makes, and one that ip(8)
// makes is read as the one that we would make.
func TestKernelLinks(t *testing.T) {
	m := kernel(t)
	run(t, "ip link add link eth0 name eth0.7 type vlan id 7")
	a4, b4, a6, b6 := addr("192.0.2.1"), addr("192.0.2.2"), addr("2001:db8::1"), addr("2001:db8::2")
	tests := []struct {
		link resource.Link
		ip   string // what ip(8) is told after "ip link add"
	}{
		{resource.Link{Name: "d1", Type: resource.LinkDummy}, "d1 type dummy"},
		{resource.Link{Name: "eth0.8", Type: resource.LinkVLAN, Parent: "eth0", VLAN: 8}, "link eth0 name eth0.8 type vlan id 8"},
		{resource.Link{Name: "v", Type: resource.LinkVLAN, Parent: "eth0.7", VLAN: 4094}, "link eth0.7 name v type vlan id 4094"},

		{resource.Link{Name: "t1", Type: resource.LinkIPIP, Local: a4}, "t1 type ipip local 192.0.2.1"},
		{resource.Link{Name: "t1", Type: resource.LinkIPIP, Remote: b4, TTL: 64, Parent: "eth0"}, "t1 type ipip remote 192.0.2.2 ttl 64 dev eth0"},
		{resource.Link{Name: "s1", Type: resource.LinkSIT, Local: a4, Remote: b4}, "s1 type sit local 192.0.2.1 remote 192.0.2.2"},
		{resource.Link{Name: "s1", Type: resource.LinkSIT, Local: a4, TTL: 255, Parent: "lo"}, "s1 type sit local 192.0.2.1 ttl 255 dev lo"},

		{resource.Link{Name: "g1", Type: resource.LinkGRE, Local: a4}, "g1 type gre local 192.0.2.1"},
		{resource.Link{Name: "g1", Type: resource.LinkGRE, GREKey: 1}, "g1 type gre key 1"},
		{resource.Link{Name: "g1", Type: resource.LinkGRE, Local: a4, Checksum: true}, "g1 type gre local 192.0.2.1 csum"},
		{resource.Link{Name: "g1", Type: resource.LinkGRE, Remote: b4, GREKey: 1<<32 - 1, TTL: 1, Parent: "eth0"}, "g1 type gre remote 192.0.2.2 key 4294967295 ttl 1 dev eth0"},

		{resource.Link{Name: "t6", Type: resource.LinkIP6Tnl, Local: a6}, "t6 type ip6tnl local 2001:db8::1 hoplimit 0"},
		{resource.Link{Name: "t6", Type: resource.LinkIP6Tnl, Local: a6, Remote: b6, TTL: 64, Inner: resource.IPv4, Parent: "eth0"},
			"t6 type ip6tnl local 2001:db8::1 remote 2001:db8::2 mode ipip6 dev eth0"}, // ip(8)'s own hop limit is 64
		{resource.Link{Name: "t6", Type: resource.LinkIP6Tnl, Remote: b6, TTL: 1, Inner: resource.IPv6}, "t6 type ip6tnl remote 2001:db8::2 mode ip6ip6 hoplimit 1"},
		{resource.Link{Name: "g6", Type: resource.LinkIP6GRE, Local: a6}, "g6 type ip6gre local 2001:db8::1 hoplimit 0"},
		{resource.Link{Name: "g6", Type: resource.LinkIP6GRE, Local: a6, Remote: b6, GREKey: 9, TTL: 64, Parent: "eth0"},
			"g6 type ip6gre local 2001:db8::1 remote 2001:db8::2 key 9 dev eth0"},
		{resource.Link{Name: "g6", Type: resource.LinkIP6GRE, Local: a6, GREKey: 9, Checksum: true}, "g6 type ip6gre local 2001:db8::1 key 9 csum hoplimit 0"},
		{resource.Link{Name: "g6", Type: resource.LinkIP6GRE, GREKey: 1<<32 - 1}, "g6 type ip6gre key 4294967295 hoplimit 0"},
	}
	for _, test := range tests { // no subtests: they would run in another namespace
		t.Log(test.link)
		apply(t, m, create(test.link))
		ours := ipDetails(t, test.link.Name)
		expectRead(t, m, test.link)
		fails(t, m, "file exists", create(test.link))
		apply(t, m, remove(test.link))
		if got := read(t, m, test.link); got.Len() != 0 {
			t.Errorf("read after it was removed: %v", got)
		}
		apply(t, m, remove(test.link)) // gone already

		run(t, "ip link add "+test.ip) // which fails if it is still there
		if diff := cmp.Diff(ipDetails(t, test.link.Name), ours); diff != "" {
			t.Errorf("ip -d link show (-made by ip +made by us):\n%s", diff)
		}
		expectRead(t, m, test.link)
		apply(t, m, remove(test.link))
	}
}

func TestKernelLinkReplace(t *testing.T) {
	m := kernel(t)
	plain := resource.Link{Name: "g1", Type: resource.LinkGRE, Local: addr("192.0.2.1")}
	keyed, other := plain, resource.Link{Name: "g1", Type: resource.LinkDummy}
	keyed.GREKey = 7
	apply(t, m, create(plain), update(plain, keyed))
	expectRead(t, m, keyed)
	apply(t, m, resource.Change{Action: resource.Replace, Before: keyed, After: other})
	expectRead(t, m, other)
	run(t, "ip link del g1")
	apply(t, m, update(other, plain)) // what is to be replaced is gone
	expectRead(t, m, plain)
	if got := ipDetails(t, "g1"); !strings.Contains(got, `"local": "192.0.2.1"`) {
		t.Errorf("ip -d link show: %s", got)
	}
	// What cannot be made is found out before anything is deleted.
	fails(t, m, "cannot make a link of type bridge", update(plain, resource.Link{Name: "g1", Type: "bridge"}))
	expectRead(t, m, plain)
}

// Links that we could not have made are shown as what they are, and stay.
func TestKernelLinksOfOthers(t *testing.T) {
	m := kernel(t)
	run(t, "ip link add br0 type bridge")
	run(t, "ip link add x1 type gre local 192.0.2.1 ikey 5 okey 0.0.0.6")
	run(t, "ip link add x2 type gre local 192.0.2.2 ikey 5")
	run(t, "ip link add x3 type ip6gre local 2001:db8::1 okey 7 hoplimit 0")
	run(t, "ip link add x4 type gre local 192.0.2.3 key 0")
	run(t, "ip link add y1 type gre local 192.0.2.4 icsum")
	run(t, "ip link add y2 type gre local 192.0.2.5 seq csum")
	run(t, "ip link add y3 type ip6gre local 2001:db8::2 oseq key 8 hoplimit 0")
	run(t, "ip link add link eth0 name x5 type vlan proto 802.1ad id 7")
	run(t, "ip link add x6 type veth peer name x7")
	run(t, "ip link add x8 type ipip external")
	gre := func(name, typ, local string) resource.Link {
		return resource.Link{Name: name, Type: typ, Local: addr(local)}
	}
	expectRead(t, m,
		resource.Link{Name: "lo", Type: "device"},
		resource.Link{Name: "br0", Type: "bridge"},
		gre("x1", "gre ikey 5 okey 6", "192.0.2.1"), gre("x2", "gre ikey 5", "192.0.2.2"), gre("x3", "ip6gre okey 7", "2001:db8::1"),
		gre("x4", "gre ikey 0 okey 0", "192.0.2.3"), gre("y1", "gre icsum", "192.0.2.4"),
		gre("y2", "gre iseq icsum oseq ocsum", "192.0.2.5"), gre("y3", "ip6gre ikey 8 okey 8 oseq", "2001:db8::2"),
		resource.Link{Name: "x5", Type: "vlan 802.1ad", Parent: "eth0", VLAN: 7},
		resource.Link{Name: "x6", Type: "veth", Parent: "x7"},
		resource.Link{Name: "x8", Type: "ipip"},
		// Those that the kernel made along with the first tunnel.
		resource.Link{Name: "gre0", Type: "gre"}, resource.Link{Name: "tunl0", Type: "ipip"},
	)
	for _, name := range []string{"lo", "br0", "x6"} {
		fails(t, m, "cannot delete a link of type", update(resource.Link{Name: name}, resource.Link{Name: name, Type: resource.LinkDummy}))
		if !linkExists(t, name) {
			t.Errorf("%s was deleted", name)
		}
	}
	fails(t, m, "cannot make a link of type bridge", create(resource.Link{Name: "br1", Type: "bridge"}))
}

// The link below is named only if it is in the same network namespace: its number means
// another one elsewhere.
func TestKernelLinkParentElsewhere(t *testing.T) {
	m := kernel(t)
	run(t, "ip netns add elsewhere")
	defer run(t, "ip netns del elsewhere")
	run(t, "ip -n elsewhere link add below type dummy")
	run(t, "ip -n elsewhere link add link below name above type vlan id 7")
	below := runJSON[[]struct {
		Index int `json:"ifindex"`
	}](t, "ip -n elsewhere -j link show below")[0].Index
	run(t, fmt.Sprintf("ip link add here index %d type dummy", below+50))
	run(t, fmt.Sprintf("ip -n elsewhere link set above netns %d", unix.Gettid())) // that of this thread
	expectRead(t, m, resource.Link{Name: "above", Type: resource.LinkVLAN, Parent: fmt.Sprintf("if%d", below), VLAN: 7})
}

func TestKernelLinkFails(t *testing.T) {
	m := kernel(t)
	vlan := resource.Link{Name: "v7", Type: resource.LinkVLAN, Parent: "eth9", VLAN: 7}
	fails(t, m, "interface eth9: Link not found", create(vlan))
	vlan.Parent = "eth0"
	apply(t, m, create(vlan))
	again := vlan
	again.Name = "w7"
	fails(t, m, "another link has VLAN 7 of eth0: file exists", create(again))
	tunnel := resource.Link{Name: "t1", Type: resource.LinkIPIP, Local: addr("192.0.2.1")}
	apply(t, m, create(tunnel))
	tunnel.Name = "t2"
	fails(t, m, "another tunnel has the same ends: file exists", create(tunnel))
	fails(t, m, "another tunnel has the same ends: file exists", create(resource.Link{Name: "t3", Type: resource.LinkIPIP})) // tunl0
	for _, test := range []struct{ typ, end, text string }{
		{resource.LinkIPIP, "2001:db8::1", "address 2001:db8::1 is not one of type ipip"},
		{resource.LinkGRE, "2001:db8::1", "address 2001:db8::1 is not one of type gre"},
		{resource.LinkIP6Tnl, "192.0.2.9", "address 192.0.2.9 is not one of type ip6tnl"},
		{resource.LinkIP6GRE, "::ffff:192.0.2.9", "address ::ffff:192.0.2.9 is not one of type ip6gre"},
		{resource.LinkDummy, "192.0.2.9", "address 192.0.2.9 is not one of type dummy"},
	} {
		link := resource.Link{Name: "bad", Type: test.typ, Local: addr(test.end)}
		fails(t, m, test.text, create(link))
		link.Local, link.Remote = netip.Addr{}, link.Local
		fails(t, m, test.text, create(link))
	}
	if linkExists(t, "bad") {
		t.Error("a link that cannot be made was made")
	}
	run(t, "ip link del eth0") // and with it what stood on it
	apply(t, m, remove(vlan))
}

// Whatever link is made comes back as it was asked for.
func TestKernelRandomLinks(t *testing.T) {
	m := kernel(t)
	run(t, "ip link add eth1 type dummy")
	for seed := range uint64(60) {
		link := randomLink(rand.New(rand.NewPCG(seed, 1)))
		apply(t, m, create(link))
		expectRead(t, m, link)
		expectIPLink(t, link)
		apply(t, m, remove(link))
		if got := read(t, m, link); got.Len() != 0 {
			t.Errorf("read after it was removed: %v", got)
		}
		if t.Failed() {
			t.Fatalf("seed %d: %s", seed, link)
		}
	}
}

func pick[T any](rng *rand.Rand, list ...T) T { return list[rng.IntN(len(list))] }

// randomLink is a link that can be made where there are lo, eth0 and eth1. A tunnel needs an
// end or a key that tells it from those of the kernel's own.
func randomLink(rng *rand.Rand) resource.Link {
	l := resource.Link{
		Name: pick(rng, "a", "tun-1", "x.100", "fifteen-letters"),
		Type: pick(rng, resource.LinkDummy, resource.LinkIPIP, resource.LinkSIT, resource.LinkIP6Tnl, resource.LinkGRE, resource.LinkIP6GRE, resource.LinkVLAN),
	}
	switch l.Type {
	case resource.LinkDummy:
		return l
	case resource.LinkVLAN:
		l.Parent, l.VLAN = pick(rng, "eth0", "eth1"), uint16(rng.IntN(4095))
		return l
	case resource.LinkGRE, resource.LinkIP6GRE:
		l.GREKey, l.Checksum = pick(rng, 0, 1, rng.Uint32()), rng.IntN(2) == 0
	case resource.LinkIP6Tnl:
		l.Inner = pick(rng, 0, resource.IPv4, resource.IPv6)
	}
	l.Parent, l.TTL = pick(rng, "", "lo", "eth0"), pick(rng, 0, uint8(rng.UintN(256)))
	local, remote := randomEnd(rng, linkTypes[l.Type]), randomEnd(rng, linkTypes[l.Type])
	switch rng.IntN(3) {
	case 0:
		l.Local = local
	case 1:
		l.Remote = remote
	case 2:
		l.Local, l.Remote = local, remote
	}
	return l
}

// randomEnd is a unicast address.
func randomEnd(rng *rand.Rand, family resource.Family) netip.Addr {
	if family == resource.IPv4 {
		return netip.AddrFrom4([4]byte{10, byte(rng.Uint32()), byte(rng.Uint32()), byte(1 + rng.IntN(254))})
	}
	return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(rng.Uint32()), byte(rng.Uint32()), 15: byte(1 + rng.IntN(254))})
}

// expectIPLink compares a link with what ip -d link shows of it.
func expectIPLink(t *testing.T, l resource.Link) {
	t.Helper()
	link := runJSON[[]struct {
		Parent string `json:"link"`
		Info   struct {
			Kind string         `json:"info_kind"`
			Data map[string]any `json:"info_data"`
		} `json:"linkinfo"`
	}](t, "ip -d -j link show dev "+l.Name)[0]
	got := map[string]string{"type": link.Info.Kind, "parent": link.Parent}
	for _, member := range []string{"local", "remote", "ikey", "okey", "icsum", "ocsum", "proto", "id", "ttl"} {
		if value := fmt.Sprint(link.Info.Data[member]); value != "<nil>" && value != "any" && value != "0" {
			got[member] = value
		}
	}
	want := map[string]string{"type": l.Type, "parent": l.Parent}
	add := func(member string, there bool, value any) {
		if there {
			want[member] = fmt.Sprint(value)
		}
	}
	add("local", l.Local.IsValid(), l.Local)
	add("remote", l.Remote.IsValid(), l.Remote)
	add("ttl", l.TTL != 0, l.TTL)
	key := netip.AddrFrom4([4]byte{byte(l.GREKey >> 24), byte(l.GREKey >> 16), byte(l.GREKey >> 8), byte(l.GREKey)}) // as ip(8) writes it
	add("ikey", l.GREKey != 0, key)
	add("okey", l.GREKey != 0, key)
	add("icsum", l.Checksum, true)
	add("ocsum", l.Checksum, true)
	add("proto", l.Inner != 0, map[resource.Family]string{resource.IPv4: "ipip6", resource.IPv6: "ip6ip6"}[l.Inner])
	add("id", l.VLAN != 0, l.VLAN)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ip -d -j link show (-want +got):\n%s\n%s", diff, ipDetails(t, l.Name))
	}
}
