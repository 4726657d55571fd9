package planner

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
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
				plan := Make(d, w.snapshots(d))
				if err := drainsTogether(plan); err != nil {
					t.Fatalf("%v\n%s\n%s", err, render(plan), text)
				}
				if err := w.apply(&Plan{Steps: atOnce(rng, plan.Steps)}, w.safe); err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				if again := Make(d, w.snapshots(d)); len(again.Steps) > 0 || again.Drifted() > 0 {
					t.Fatalf("the second plan is not empty:\n%s\n%s", render(again), text)
				}
				last = d
			}
			gone := last.Withdraw()
			if err := w.apply(&Plan{Steps: atOnce(rng, Make(gone, w.snapshots(gone)).Steps)}, w.safe); err != nil {
				t.Fatal(err)
			}
			// Modules stay, and settings may have come with them.
			left := cmpopts.IgnoreMapEntries(func(k resource.Key, r resource.Resource) bool {
				return k.Kind == resource.KindModule || r == defaultOf(k)
			})
			if diff := cmp.Diff(start, w.observe(last), left, cmp.Comparer(func(a, b resource.Resource) bool { return a == b }), cmp.Comparer(func(a, b resource.Key) bool { return a == b }), resourcetest.AsMaps); diff != "" {
				t.Errorf("destroy does not bring back the start (-start +now):\n%s", diff)
			}
			for name, h := range w {
				if h.ledger.Claims.Len() > 0 {
					t.Errorf("%s still has %d claims", name, h.ledger.Claims.Len())
				}
			}
		})
	}
}

// atOnce is one of the orders that steps can have whose stages are carried out on all hosts
// at once.
func atOnce(rng *rand.Rand, steps []resource.Step) []resource.Step {
	var order []resource.Step
	for len(steps) > 0 {
		n := 1
		for n < len(steps) && steps[n].Stage == steps[0].Stage && steps[0].Stage != 0 {
			n++
		}
		byHost := map[string][]resource.Step{}
		for _, s := range steps[:n] {
			byHost[s.Host] = append(byHost[s.Host], s)
		}
		for len(byHost) > 0 {
			hosts := slices.Sorted(maps.Keys(byHost))
			host := hosts[rng.IntN(len(hosts))]
			order = append(order, byHost[host][0])
			if byHost[host] = byHost[host][1:]; len(byHost[host]) == 0 {
				delete(byHost, host)
			}
		}
		steps = steps[n:]
	}
	return order
}

// drainsTogether finds a weight that is set to 0 after something was waited for, and a
// destination that is waited for and still gets connections.
func drainsTogether(plan *Plan) error {
	waited, wave := false, 0
	for _, s := range plan.Steps {
		if s.Wave != wave {
			waited, wave = false, s.Wave
		}
		waited = waited || s.Changes != nil && waits(s) && s.Changes[0].Action == resource.Delete
		for _, c := range s.Changes {
			dest, _ := c.Before.(resource.Destination)
			switch {
			case waited && c.Reason == resource.Draining: // within a wave
				return fmt.Errorf("%s: the weight of %s is set to 0 after something was waited for", s.StepRef, c.Key())
			case c.Drain.Within > 0 && dest.Weight > 0:
				return fmt.Errorf("%s: %s still gets connections", s.StepRef, c.Key())
			}
		}
	}
	return nil
}

// observe copies what is on the hosts.
func (w world) observe(d *Desired) map[string]resource.Set {
	w.snapshots(d)
	sets := map[string]resource.Set{}
	for name, h := range w {
		sets[name] = h.live.Clone()
	}
	return sets
}

// scatter puts objects of others on the hosts: some that no config wants, some that a
// config may come to want, in the same state or another.
func (w world) scatter(rng *rand.Rand) {
	for i := range 5 {
		own := netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)})
		h, a := w[fmt.Sprintf("h%d", i)], resource.Address{Link: "own", Prefix: netip.PrefixFrom(own, 24)}
		h.live.Add(a)
		h.own = append(h.own, a)
	}
	for _, name := range slices.Sorted(maps.Keys(w)) {
		h := w[name]
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
		for _, name := range []string{"net.ipv4.conf.all.arp_ignore", "net.ipv4.conf.all.send_redirects", "net.ipv4.conf.all.rp_filter"} {
			h.live.Add(resource.Sysctl{Name: name, Value: fmt.Sprint(rng.IntN(3))})
		}
	}
}

// randomConfig writes a valid config over five hosts. Any of them may be director of
// one cluster and real server of another.
func randomConfig(rng *rand.Rand) string {
	var b strings.Builder
	daemon, mixed := pick(rng, "", "", synchronised), "" // a host can have one of both
	if daemon == "" {
		mixed = pick(rng, "", mixedPool)
	}
	for i := range 5 {
		fmt.Fprintf(&b, "host \"h%d\" {\n  address = \"10.0.0.%d\"\n  interface = \"eth0\"\n  netns = \"h%d\"\n%s%s}\n", i, i+1, i, daemon, pick(rng, "", "  sysctl \"net.core.somaxconn\" {\n    value = 4096\n  }\n"))
	}
	for c := range rng.IntN(4) {
		randomCluster(&b, rng, c, mixed)
	}
	return b.String()
}

const (
	synchronised = "  ipvs {\n    sync_daemon \"master\" {\n      interface = \"eth0\"\n    }\n  }\n"
	mixedPool    = "  pool \"mixed\" {\n    servers = [\"fd00::7\"]\n    mode = \"tun\"\n  }\n"
)

// randomCluster writes one cluster, which may have a pool of the other address family.
// Only the second masquerades: a host has one default route.
func randomCluster(b *strings.Builder, rng *rand.Rand, c int, mixed string) {
	modes := []string{"dr", "tun", "fullnat"}
	if c == 1 {
		modes = append(modes, "nat", "nat")
	}
	mode, director := pick(rng, modes...), rng.IntN(5)
	fmt.Fprintf(b, "cluster \"c%d\" {\n  mode = %q\n  vip = [\"10.1.0.%d\"%s]\n  algorithm = %q\n  directors = [host.h%d]\n",
		c, mode, c, pick(rng, "", fmt.Sprintf(", \"10.1.1.%d\"", c)), pick(rng, "rr", "wlc", "sh"), director)
	switch mode {
	case "nat":
		b.WriteString(pick(rng, "", "  gateway_table = 100\n"))
	case "fullnat":
		b.WriteString(pick(rng, "", fmt.Sprintf("  source = \"10.2.%d.1-10.2.%[1]d.3\"\n", c)))
	case "tun":
		b.WriteString(pick(rng, "", "  mss = 1400\n", "  tunnel {\n    type = \"gue\"\n    port = 6080\n  }\n", "  tunnel {\n    type = \"gre\"\n  }\n"))
	}
	b.WriteString(pick(rng, "", "", "  rollout {\n    wave = 1\n  }\n", "  rollout {\n    wave = \"50%\"\n  }\n"))
	for s := range 1 + rng.IntN(2) {
		fmt.Fprintf(b, "  service \"s%d\" {\n%s  }\n", s, pick(rng, fmt.Sprintf("    port = %d\n", 80+s), fmt.Sprintf("    fwmark = %d\n    packets = [\"tcp/%d\"]\n", 10*c+s+1, 90+s)))
	}
	for h := range 5 {
		if h == director || rng.IntN(2) != 0 {
			continue
		}
		own := ""
		if mode == "dr" || mode == "tun" {
			own = pick(rng, "", "", "    mode = \"dr\"\n", "    mode = \"tun\"\n")
		}
		fmt.Fprintf(b, "  real_server \"r%d\" {\n    host = host.h%d\n    weight = %d\n%s  }\n", h, h, rng.IntN(3), own)
	}
	fmt.Fprintf(b, "  pool \"p\" {\n    servers = [\"10.0.7.1\", \"10.0.7.%d weight 2\"]\n  }\n", 2+rng.IntN(3))
	if mode != "fullnat" {
		b.WriteString(mixed)
	}
	b.WriteString("}\n")
}

func pick(rng *rand.Rand, words ...string) string { return words[rng.IntN(len(words))] }

// safe finds what must not be at any moment, not even between two changes.
func (w world) safe() error {
	for name, h := range w {
		for k, r := range h.live.All() {
			switch r := r.(type) {
			case resource.Address:
				if slices.Contains([]string{"lo", "tunl0", "lvs-gre"}, r.Link) && !h.quiet() {
					return fmt.Errorf("%s has %s on %s and answers ARP requests for it", name, k.Prefix, r.Link)
				}
			case resource.Destination:
				if err := w.reached(h, r); err != nil {
					return fmt.Errorf("%s: %s: %w", name, r, err)
				}
			case resource.Route:
				if router := w.at(r.Gateway); router != nil && router.live.Get(forwarding.Key()) != resource.Resource(forwarding) {
					return fmt.Errorf("%s has a gateway that does not forward", name)
				}
			}
		}
	}
	return nil
}

// reached finds a real server that cannot take what its director sends.
func (w world) reached(director *fakeHost, r resource.Destination) error {
	target := w.at(r.Addr)
	if target == nil || target == director {
		return nil
	}
	for _, vip := range director.vipsOf(r.Service) {
		switch {
		case r.Forward == resource.ForwardDirect && !target.has(vip):
			return fmt.Errorf("it would drop packets for %s", vip)
		case r.Forward == resource.ForwardTunnel && !target.takesTunnel(r, vip):
			return fmt.Errorf("it would not take %s out of the tunnel", vip)
		}
	}
	if r.Forward != resource.ForwardMasquerade {
		return nil
	}
	if director.live.Get(resource.SourceNAT{Service: r.Service}.Key()) == nil && !target.answersThrough(director) {
		return errors.New("it would answer past the director")
	}
	if s := director.live.Get(tracking.Key()); director.live.Get(resource.SourceNAT{Service: r.Service}.Key()) != nil && s != resource.Resource(tracking) {
		return errors.New("sources would not be rewritten")
	}
	return nil
}

// vipsOf are the addresses that a service is for.
func (h *fakeHost) vipsOf(s resource.ServiceKey) []netip.Addr {
	if s.Mark == 0 {
		return []netip.Addr{s.Addr}
	}
	var vips []netip.Addr
	for _, r := range h.live.All() {
		if m, ok := r.(resource.Mark); ok && m.Mark == s.Mark {
			vips = append(vips, m.To.Addr())
		}
	}
	return vips
}

// takesTunnel tells whether a host takes packets for a VIP out of the tunnel of a
// destination.
func (h *fakeHost) takesTunnel(r resource.Destination, vip netip.Addr) bool {
	link := "tunl0"
	if r.TunnelType == resource.TunnelGRE {
		link = "lvs-gre"
	}
	if r.TunnelType == resource.TunnelGUE && h.live.Get(resource.FOU{Family: resource.IPv4, Port: r.TunnelPort}.Key()) == nil {
		return false
	}
	for _, s := range []resource.Resource{
		resource.LinkSetting{Link: link, Name: resource.LinkState, Value: "up"},
		resource.Sysctl{Name: "net.ipv4.conf.all.rp_filter", Value: "0"}, resource.Sysctl{Name: "net.ipv4.conf." + link + ".rp_filter", Value: "0"},
		resource.Sysctl{Name: "net.ipv4.conf.eth0.rp_filter", Value: "0"},
	} {
		if h.live.Get(s.Key()) != s {
			return false
		}
	}
	return h.live.Get(resource.Address{Link: link, Prefix: hostOnly(vip)}.Key()) != nil
}

var tracking = resource.Sysctl{Name: "net.ipv4.vs.conntrack", Value: "1"}

var forwarding = resource.Sysctl{Name: "net.ipv4.ip_forward", Value: "1"}

// answersThrough tells whether a host answers through a director: by its default route,
// or by one in a table of its own with a rule that leads there.
func (h *fakeHost) answersThrough(director *fakeHost) bool {
	tables := map[uint32]bool{resource.TableMain: true}
	for _, r := range h.live.All() {
		if rule, ok := r.(resource.Rule); ok && h.has(rule.From.Addr()) {
			tables[rule.Table] = true
		}
	}
	for _, r := range h.live.All() {
		if route, ok := r.(resource.Route); ok && route.Prefix.Bits() == 0 && tables[route.Table] && director.has(route.Gateway) {
			return true
		}
	}
	return false
}

// quiet tells whether ARP is suppressed the way direct routing needs it.
func (h *fakeHost) quiet() bool {
	for _, s := range []resource.Sysctl{
		{Name: "net.ipv4.conf.all.arp_ignore", Value: "1"}, {Name: "net.ipv4.conf.all.arp_announce", Value: "2"},
	} {
		if h.live.Get(s.Key()) != resource.Resource(s) {
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
	for _, r := range h.live.All() {
		if a, ok := r.(resource.Address); ok && a.Prefix.Addr() == addr {
			return true
		}
	}
	return false
}
