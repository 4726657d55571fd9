package planner

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Any config can follow any other. Whatever was there before: after an apply a second
// plan is empty, what others made is still there, at no moment does a real server
// answer for the VIP by ARP or get packets it would drop, and destroy brings back what
// was there at the start.
func TestAnyConfigAfterAnyOther(t *testing.T) {
	for seed := range uint64(400) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			w := newWorld("h0", "h1", "h2", "h3", "h4")
			w.scatter(rng)
			_, last := load(t, randomConfig(rng))
			start := w.observe(last)
			for range 3 {
				text := randomConfig(rng)
				_, d := load(t, text)
				for name, h := range w.observe(d) { // sysctls that no config named so far
					for k, r := range h {
						if start[name][k] == nil && k.Kind == resource.KindSysctl && w[name].ledger.Claims[k].Want == nil {
							start[name][k] = r
						}
					}
				}
				if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				if again := Make(d, w.snapshots(d)); len(again.Steps) > 0 || again.Drifted() > 0 {
					t.Fatalf("the second plan is not empty:\n%s\n%s", render(again), text)
				}
				last = d
			}
			gone := last.Withdraw()
			if err := w.apply(Make(gone, w.snapshots(gone)), w.safe); err != nil {
				t.Fatal(err)
			}
			modules := cmpopts.IgnoreMapEntries(func(k resource.Key, _ resource.Resource) bool { return k.Kind == resource.KindModule })
			if diff := cmp.Diff(start, w.observe(last), modules, cmp.Comparer(func(a, b resource.Resource) bool { return a == b }), cmp.Comparer(func(a, b resource.Key) bool { return a == b })); diff != "" {
				t.Errorf("destroy does not bring back the start (-start +now):\n%s", diff)
			}
			for name, h := range w {
				if len(h.ledger.Claims) > 0 {
					t.Errorf("%s still has %d claims", name, len(h.ledger.Claims))
				}
			}
		})
	}
}

// observe copies what is on the hosts.
func (w world) observe(d *Desired) map[string]resource.Set {
	w.snapshots(d)
	sets := map[string]resource.Set{}
	for name, h := range w {
		sets[name] = maps.Clone(h.live)
	}
	return sets
}

// scatter puts objects of others on the hosts: some that no config wants, some that a
// config may come to want, in the same state or another.
func (w world) scatter(rng *rand.Rand) {
	for i := range 5 {
		own := netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)})
		w[fmt.Sprintf("h%d", i)].live.Add(resource.Address{Link: "own", Prefix: netip.PrefixFrom(own, 24)})
	}
	for _, h := range w {
		if rng.IntN(2) == 0 { // a default route of its own
			h.live.Add(resource.Route{
				Table: resource.TableMain, Prefix: netip.MustParsePrefix("0.0.0.0/0"), Link: "eth0",
				Gateway: netip.MustParseAddr("10.0.0.254"), Protocol: 3,
			})
		}
		for i := range rng.IntN(4) {
			key := resource.AddrService(resource.TCP, netip.AddrFrom4([4]byte{10, 1, 0, byte(rng.IntN(4))}), uint16(80+i))
			h.live.Add(resource.Service{ServiceKey: key, Scheduler: "sh", Netmask: resource.FullNetmask(resource.IPv4)})
			h.live.Add(resource.Destination{Service: key, Addr: netip.AddrFrom4([4]byte{10, 9, 9, 9}), Port: 80, Weight: 3})
		}
		for _, name := range []string{"net.ipv4.conf.all.arp_ignore", "net.ipv4.conf.all.send_redirects"} {
			h.live.Add(resource.Sysctl{Name: name, Value: fmt.Sprint(rng.IntN(3))})
		}
	}
}

// randomConfig writes a valid config over five hosts. Any of them may be director of
// one cluster and real server of another.
func randomConfig(rng *rand.Rand) string {
	var b strings.Builder
	for i := range 5 {
		fmt.Fprintf(&b, "host \"h%d\" {\n  address = \"10.0.0.%d\"\n  interface = \"eth0\"\n  netns = \"h%d\"\n}\n", i, i+1, i)
	}
	for c := range rng.IntN(3) {
		director := rng.IntN(5)
		// Only one of the clusters masquerades: a host has one default route.
		mode := "dr"
		if c == 1 && rng.IntN(2) == 0 {
			mode = "nat"
		}
		fmt.Fprintf(&b, "cluster \"c%d\" {\n  mode = %q\n  vip = \"10.1.0.%d\"\n  algorithm = %q\n  directors = [host.h%d]\n",
			c, mode, c, pick(rng, "rr", "wlc", "sh"), director)
		for s := range 1 + rng.IntN(2) {
			fmt.Fprintf(&b, "  service \"s%d\" {\n    port = %d\n  }\n", s, 80+s)
		}
		for h := range 5 {
			if h != director && rng.IntN(2) == 0 {
				fmt.Fprintf(&b, "  real_server \"r%d\" {\n    host = host.h%d\n    weight = %d\n  }\n", h, h, rng.IntN(3))
			}
		}
		fmt.Fprintf(&b, "  pool \"p\" {\n    servers = [\"10.0.7.1\", \"10.0.7.%d weight 2\"]\n  }\n}\n", 2+rng.IntN(3))
	}
	return b.String()
}

func pick(rng *rand.Rand, words ...string) string { return words[rng.IntN(len(words))] }

// safe finds what must not be at any moment, not even between two changes.
func (w world) safe() error {
	for name, h := range w {
		for k, r := range h.live {
			switch r := r.(type) {
			case resource.Address:
				if r.Link == "lo" && !h.quiet() {
					return fmt.Errorf("%s has %s on lo and answers ARP requests for it", name, k.Prefix)
				}
			case resource.Destination:
				target := w.at(r.Addr)
				if target == nil || target == h {
					continue
				}
				switch {
				case r.Forward == resource.ForwardDirect && !target.has(r.Service.Addr):
					return fmt.Errorf("%s sends %s to a real server that would drop it", name, r.Service)
				case r.Forward == resource.ForwardMasquerade && !target.answersThrough(h):
					return fmt.Errorf("%s sends %s to a real server that answers past it", name, r.Service)
				}
			case resource.Route:
				if router := w.at(r.Gateway); router != nil && router.live[forwarding.Key()] != resource.Resource(forwarding) {
					return fmt.Errorf("%s has a gateway that does not forward", name)
				}
			}
		}
	}
	return nil
}

var forwarding = resource.Sysctl{Name: "net.ipv4.ip_forward", Value: "1"}

// answersThrough tells whether a host's default route leads through a director.
func (h *fakeHost) answersThrough(director *fakeHost) bool {
	for _, r := range director.live {
		if a, ok := r.(resource.Address); ok && a.Link == "own" {
			for _, route := range h.live {
				if route, ok := route.(resource.Route); ok && route.Prefix.Bits() == 0 && route.Gateway == a.Prefix.Addr() {
					return true
				}
			}
		}
	}
	return false
}

// quiet tells whether ARP is suppressed the way direct routing needs it.
func (h *fakeHost) quiet() bool {
	for _, s := range []resource.Sysctl{
		{Name: "net.ipv4.conf.all.arp_ignore", Value: "1"}, {Name: "net.ipv4.conf.all.arp_announce", Value: "2"},
	} {
		if h.live[s.Key()] != resource.Resource(s) {
			return false
		}
	}
	return true
}

// at is the host with an address of the random configs.
func (w world) at(addr netip.Addr) *fakeHost {
	for i := range 5 {
		if addr == netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}) {
			return w[fmt.Sprintf("h%d", i)]
		}
	}
	return nil
}

func (h *fakeHost) has(addr netip.Addr) bool {
	for _, r := range h.live {
		if a, ok := r.(resource.Address); ok && a.Prefix.Addr() == addr {
			return true
		}
	}
	return false
}
