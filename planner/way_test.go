package planner

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Whatever the config: a packet goes from machine to machine without a gap, the client
// gets its answer from where it asked, every real server is on one way, and what a way
// says about managed real servers is what their recipe sets up there.
func TestWays(t *testing.T) {
	seen := map[schema.Mode]int{}
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 2))
		text := randomModes(rng)
		cfg, _ := load(t, text)
		for _, c := range cfg.Clusters {
			e := Explain(c)
			for i := range e.Ways {
				seen[e.Ways[i].Mode]++
				if err := checkWay(&e.Ways[i]); err != nil {
					t.Fatalf("seed %d, %s: %v\n%s", seed, c.Name, err, text)
				}
				if err := checkSetUp(e, &e.Ways[i]); err != nil {
					t.Fatalf("seed %d, %s: %v\n%s", seed, c.Name, err, text)
				}
			}
			var got []string
			for _, w := range e.Ways {
				for _, s := range w.Alike {
					got = append(got, machineOf(c, s.RealServer))
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(machines(c), got); diff != "" {
				t.Fatalf("seed %d, %s: real servers on ways (-want +got):\n%s", seed, c.Name, diff)
			}
		}
	}
	for mode := range recipes {
		if seen[mode] == 0 {
			t.Errorf("no config had a real server in mode %s", mode)
		}
	}
}

// checkWay finds what no way of a packet can be like.
func checkWay(w *Way) error {
	first, last := w.Hops[0], w.Hops[len(w.Hops)-1]
	if first.From != clientName || last.To != clientName || first.To != w.Director.Name {
		return fmt.Errorf("it goes from %s to %s, and ends at %s", first.From, first.To, last.To)
	}
	if last.Packet != first.Packet.back() || !last.Answer || first.Answer {
		return fmt.Errorf("asked %v, answered %v", first.Packet, last.Packet)
	}
	through := 0
	for i, h := range w.Hops {
		if i > 0 && w.Hops[i-1].To != h.From {
			return fmt.Errorf("hop %d begins at %s, and the one before ended at %s", i+1, h.From, w.Hops[i-1].To)
		}
		if i > 0 && w.Hops[i-1].Answer && !h.Answer {
			return fmt.Errorf("hop %d is no answer, and the one before was", i+1)
		}
		if h.Answer && h.To == w.Director.Name {
			through++
		}
		if h.Why == "" || strings.ContainsAny(h.Why, "{}") {
			return fmt.Errorf("hop %d: %q", i+1, h.Why)
		}
		if (h.Outer != nil) != (w.Mode == schema.TUN && i == 1) {
			return fmt.Errorf("hop %d is wrapped in %v", i+1, h.Outer)
		}
	}
	if masquerades := w.Mode == schema.NAT || w.Mode == schema.FULLNAT; masquerades != (through > 0) {
		return fmt.Errorf("in mode %s answers come through the director %d times", w.Mode, through)
	}
	return nil
}

// checkSetUp finds a managed real server that could not answer the way that is said.
func checkSetUp(e *Explanation, w *Way) error {
	for _, s := range w.Alike {
		if s.Host == nil || w.Local {
			continue
		}
		var vip, route bool
		for _, step := range e.Steps {
			for _, o := range step.Objects {
				a, isAddress := o.State.(resource.Address)
				r, isRoute := o.State.(resource.Route)
				here := step.Host == s.Host.Name
				vip = vip || here && isAddress && a.Prefix.Addr() == e.Cluster.VIPs[0]
				route = route || here && isRoute && r.Prefix.Bits() == 0
			}
		}
		if owns := w.Mode == schema.DR || w.Mode == schema.TUN; owns != vip || (w.Mode == schema.NAT) != route {
			return fmt.Errorf("in mode %s %s gets a VIP: %t, a default route: %t", w.Mode, s.Host.Name, vip, route)
		}
	}
	return nil
}

// Every real server of a cluster is in one group of its topology.
func TestTopology(t *testing.T) {
	for seed := range uint64(300) {
		text := randomModes(rand.New(rand.NewPCG(seed, 3)))
		cfg, _ := load(t, text)
		topology := NewTopology(cfg)
		busy := map[string]bool{}
		for i, ct := range topology.Clusters {
			var got []string
			for _, g := range ct.Groups {
				if len(g.Services) == 0 || len(g.Servers) == 0 {
					t.Fatalf("seed %d: an empty group in %s\n%s", seed, ct.Name, text)
				}
				for _, s := range g.Servers {
					got = append(got, machineOf(ct.Cluster, s.RealServer))
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(machines(cfg.Clusters[i]), got); diff != "" {
				t.Fatalf("seed %d, %s (-want +got):\n%s\n%s", seed, ct.Name, diff, text)
			}
			for _, h := range hostsOf(ct.Cluster) {
				busy[h.Name] = true
			}
		}
		if len(busy)+len(topology.Idle) != len(cfg.Hosts) {
			t.Fatalf("seed %d: %d hosts are busy and %d idle, of %d", seed, len(busy), len(topology.Idle), len(cfg.Hosts))
		}
	}
}

// machines lists the real servers of a cluster, each once, straight from its services.
func machines(c *schema.Cluster) []string {
	var list []string
	for _, svc := range c.Services {
		for i := range svc.RealServers {
			list = append(list, machineOf(c, &svc.RealServers[i]))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// machineOf tells real servers of a cluster apart. How packets would be sent to one that
// is a director itself does not matter, unless they are rewritten.
func machineOf(c *schema.Cluster, rs *schema.RealServer) string {
	local := rs.Mode == schema.Local || slices.ContainsFunc(c.Directors, func(h *schema.Host) bool { return h.Address == rs.Addr })
	if local && rs.Mode != schema.NAT && rs.Mode != schema.FULLNAT {
		return fmt.Sprintf("%s local", rs.Addr)
	}
	return fmt.Sprintf("%s %s %v", rs.Addr, rs.Mode, rs.Tunnel)
}

// The steps of an explanation are those of a plan for hosts that have nothing, in its
// order. Waves are left aside: they are about hosts that have something.
func TestStepsAreThoseOfAPlan(t *testing.T) {
	for seed := range uint64(100) {
		text := randomConfig(rand.New(rand.NewPCG(seed, 4)))
		_, d := load(t, text)
		d.clusters = nil
		w := newWorld("h0", "h1", "h2", "h3", "h4")
		var want, got []string
		for _, s := range Make(d, w.snapshots(d)).Steps {
			want = append(want, fmt.Sprint(s.StepRef, s.After, len(s.Changes)))
		}
		for _, s := range d.Steps() {
			got = append(got, fmt.Sprint(s.StepRef, s.After, len(s.Objects)))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d (-plan +steps):\n%s\n%s", seed, diff, text)
		}
	}
}

// What a config says of a service, in sentences.
func TestBehaviour(t *testing.T) {
	vip := []netip.Addr{netip.MustParseAddr("10.0.0.100")}
	vip6 := []netip.Addr{netip.MustParseAddr("fd00::100")}
	servers := make([]schema.RealServer, 1)
	tests := []struct {
		name string
		svc  schema.Service
		want []string // in this order
	}{
		{"plain", schema.Service{Protocol: resource.TCP, Port: 80, Algorithm: "rr"}, []string{"New connections go to each real server in turn (rr)."}},
		{"every port", schema.Service{Protocol: resource.TCP, Algorithm: "rr"}, []string{"It is for every port that", "New connections"}},
		{"marked by us", schema.Service{Mark: 7, Packets: []schema.Packets{{Protocol: resource.TCP, First: 80, Last: 80}, {Protocol: resource.UDP, First: 5, Last: 9}, {Protocol: resource.SCTP}}, Algorithm: "rr"}, []string{"nftables gives the firewall mark 7 to tcp/80, udp/5-9 and all of sctp for 10.0.0.100", "New connections"}},
		{"marked by others", schema.Service{Mark: 7, Algorithm: "rr"}, []string{"somebody else has to", "New connections"}},
		{"udp", schema.Service{Protocol: resource.UDP, Port: 53, Algorithm: "sh"}, []string{"UDP has no connections"}},
		{"hash of ports", schema.Service{Protocol: resource.TCP, Port: 80, Algorithm: "mh", Flags: resource.FlagSched2}, []string{"address and port picks (mh)"}},
		{"one packet", schema.Service{Protocol: resource.UDP, Port: 53, Algorithm: "rr", Flags: resource.FlagOnePacket}, []string{"Each datagram by itself"}},
		{"persistent", schema.Service{Protocol: resource.TCP, Port: 80, Algorithm: "rr", Persistence: schema.Persistence{Timeout: 30, Netmask: 0xffffffff}}, []string{"New connections", "A client stays with its real server until 30 s"}},
		{"network", schema.Service{Protocol: resource.TCP, Port: 80, Algorithm: "rr", Persistence: schema.Persistence{Timeout: 30, Netmask: 0xffffff00}}, []string{"New connections", "All clients of one /24"}},
		{"network in IPv6", schema.Service{VIPs: vip6, Protocol: resource.TCP, Port: 80, Algorithm: "rr", Persistence: schema.Persistence{Timeout: 30, Netmask: 64}}, []string{"New connections", "All clients of one /64"}},
		{"client in IPv6", schema.Service{VIPs: vip6, Protocol: resource.TCP, Port: 80, Algorithm: "rr", Persistence: schema.Persistence{Timeout: 30, Netmask: 128}}, []string{"New connections", "A client stays"}},
		{"calls", schema.Service{Protocol: resource.UDP, Port: 5060, Algorithm: "rr", Persistence: schema.Persistence{Timeout: 30, Netmask: 0xffffffff, Engine: "sip"}}, []string{"UDP has no connections", "A call (by its SIP Call-ID)"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.svc.RealServers = servers
			if test.svc.VIPs == nil {
				test.svc.VIPs = vip
			}
			got := Behaviour(&test.svc)
			if len(got) != len(test.want) {
				t.Fatalf("got %q", got)
			}
			for i, want := range test.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("got %q, want %q in it", got[i], want)
				}
			}
		})
	}
	if got := Behaviour(&schema.Service{VIPs: vip, Protocol: resource.TCP, Port: 80, Algorithm: "rr"}); !strings.Contains(got[0], "refused") {
		t.Errorf("without real servers: %q", got)
	}
}

// Every algorithm of the language can be explained, and no other.
func TestChoices(t *testing.T) {
	for _, name := range schema.Algorithms() {
		if choices[name] == "" {
			t.Errorf("nothing says what %s chooses", name)
		}
	}
	if got, want := len(choices), len(schema.Algorithms()); got != want {
		t.Errorf("%d choices for %d algorithms", got, want)
	}
}

// randomModes writes a valid config of two clusters over five hosts, with real servers in
// all modes.
func randomModes(rng *rand.Rand) string {
	var b strings.Builder
	for i := range 5 {
		fmt.Fprintf(&b, "host \"h%d\" {\n  address = \"10.0.0.%d\"\n  interface = \"eth0\"\n  netns = \"h%d\"\n}\n", i, i+1, i)
	}
	for i, hosts := range [][]int{{0, 2}, {1, 3, 4}} {
		mode := pick(rng, "dr", "nat", "tun", "fullnat")
		fmt.Fprintf(&b, "cluster \"c%d\" {\n  mode = %q\n  vip = [\"10.1.%d.1\", \"10.1.%d.2\"]\n  algorithm = \"rr\"\n  directors = [host.h%d]\n", i, mode, i, i, hosts[0])
		randomServers(rng, &b, mode, "c", hosts)
		for s := range 1 + rng.IntN(3) {
			fmt.Fprintf(&b, "  service \"s%d\" {\n    port = %d\n", s, 80+s)
			if rng.IntN(2) == 0 {
				randomServers(rng, &b, mode, fmt.Sprintf("s%d", s), nil)
			}
			b.WriteString("  }\n")
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// randomServers writes real servers with addresses of their own, and some of the given
// hosts.
func randomServers(rng *rand.Rand, b *strings.Builder, mode, name string, hosts []int) {
	own := func() string {
		words := []string{"", `mode = "dr"`, `mode = "nat"`, `mode = "tun"`, `mode = "bypass"`, "mode = \"tun\"\n    tunnel {\n      type = \"gue\"\n      port = 6080\n    }"}
		if mode == "fullnat" {
			words = []string{"", `mode = "local"`}
		}
		return pick(rng, words...)
	}
	for _, h := range hosts {
		if rng.IntN(2) == 0 {
			fmt.Fprintf(b, "  real_server \"h%d\" {\n    host = host.h%d\n    %s\n  }\n", h, h, own())
		}
	}
	subnet := map[string]int{"c": 10, "s0": 20, "s1": 30, "s2": 40}[name]
	if name != "c" && rng.IntN(3) == 0 {
		subnet = 20 // real servers of two services
	}
	for i := range rng.IntN(3) {
		fmt.Fprintf(b, "  real_server \"%s-%d\" {\n    address = \"10.7.%d.%d\"\n    %s\n  }\n", name, i, subnet, i+1, own())
	}
	if rng.IntN(2) == 0 {
		fmt.Fprintf(b, "  pool \"%s\" {\n    servers = [\"10.8.%d.1\", \"10.8.%d.2 weight 2\"]\n  }\n", name, subnet, subnet)
	}
}
