package adopt

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

var (
	addr   = netip.MustParseAddr
	prefix = netip.MustParsePrefix
	web    = resource.AddrService(resource.TCP, addr("192.0.2.100"), 80)
)

// director is a host with an address and a service with a real server, and whatever else.
func director(more ...resource.Resource) *resource.Snapshot {
	own := resource.Address{Link: "eth0", Prefix: prefix("192.0.2.1/24")}
	snap := &resource.Snapshot{
		Facts: resource.Facts{Links: []string{"eth0", "lo"}, Addresses: []resource.Address{own}},
		Live: resource.NewSet(own, resource.Module{Name: "ip_vs"}, resource.Module{Name: "ip_vs_rr"},
			resource.Service{ServiceKey: web, Scheduler: "rr", Netmask: 1<<32 - 1},
			resource.Destination{Service: web, Addr: addr("192.0.2.10"), Port: 80, Forward: resource.ForwardDirect, Weight: 1}),
	}
	for _, r := range more {
		snap.Live.Add(r)
		if a, ok := r.(resource.Address); ok {
			snap.Facts.Addresses = append(snap.Facts.Addresses, a)
		}
	}
	return snap
}

func describe(t *testing.T, snap *resource.Snapshot) (*Description, error) {
	t.Helper()
	read := func(context.Context, []resource.Key) (*resource.Snapshot, error) { return snap, nil }
	return Describe(t.Context(), Subject{"lb", schema.Reach{Local: true}}, read)
}

func setting(name, value string) resource.Resource { return resource.Sysctl{Name: name, Value: value} }

// A cluster is one of its mode exactly where nothing is missing for that.
func TestModes(t *testing.T) {
	vip := resource.Address{Link: "eth0", Prefix: prefix("192.0.2.100/32")}
	quiet := []resource.Resource{
		setting("net.ipv4.conf.all.send_redirects", "0"), setting("net.ipv4.conf.default.send_redirects", "0"), setting("net.ipv4.conf.eth0.send_redirects", "0"),
	}
	elsewhere := vip
	elsewhere.Link = "eth1"
	wide := resource.Address{Link: "eth0", Prefix: prefix("192.0.2.100/24")}
	tests := []struct {
		name  string
		there []resource.Resource
		alone bool
	}{
		{"nothing beside", nil, true},
		{"the VIP alone", []resource.Resource{vip}, true},
		{"settings without the VIP", quiet, true},
		{"all of it", append([]resource.Resource{vip}, quiet...), false},
		{"the VIP is on another interface", append([]resource.Resource{elsewhere, setting("net.ipv4.conf.eth1.send_redirects", "0")}, quiet...), false},
		{"one setting is another", append([]resource.Resource{vip, quiet[0], quiet[1]}, setting("net.ipv4.conf.eth0.send_redirects", "1")), true},
		{"the VIP has another prefix", append([]resource.Resource{wide}, quiet...), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			desc, err := describe(t, director(test.there...))
			if err != nil {
				t.Fatal(err)
			}
			if alone := strings.Contains(string(desc.Config), "services_only = true"); alone != test.alone {
				t.Errorf("services alone: %v\n%s", alone, desc.Config)
			}
			if desc.Plan.Touches() || !desc.Plan.Asks() {
				t.Error("the plan is more, or less, than taking note")
			}
		})
	}
}

// What the language has no words for is left out with a reason, and all else is there.
func TestLeftOut(t *testing.T) {
	service := func(change func(*resource.Service)) resource.Service {
		s := resource.Service{ServiceKey: resource.AddrService(resource.TCP, addr("192.0.2.100"), 443), Scheduler: "rr", Netmask: 1<<32 - 1}
		change(&s)
		return s
	}
	server := func(change func(*resource.Destination)) resource.Destination {
		d := resource.Destination{Service: web, Addr: addr("192.0.2.11"), Port: 80, Forward: resource.ForwardTunnel, Weight: 1}
		change(&d)
		return d
	}
	persistent := func(seconds, mask uint32) resource.Service {
		return service(func(s *resource.Service) { s.Flags, s.Timeout, s.Netmask = resource.FlagPersistent, seconds, mask })
	}
	tests := map[string]resource.Resource{
		"a scheduler of somebody": service(func(s *resource.Service) { s.Scheduler = "mine" }),
		"an unknown engine":       service(func(s *resource.Service) { s.Engine = "mine" }),
		"connections by packets":  service(func(s *resource.Service) { s.Flags = resource.FlagOnePacket }),
		"all ports":               service(func(s *resource.Service) { s.Port = 0 }),
		"a multicast service":     service(func(s *resource.Service) { s.Addr = addr("224.0.0.1") }),
		"a broadcast service":     service(func(s *resource.Service) { s.Addr = addr("255.255.255.255") }),
		"another protocol":        service(func(s *resource.Service) { s.Protocol = 47 }),
		"persistent for ever":     persistent(2678400, 1<<32-1),
		"persistent for no time":  persistent(0, 1<<32-1),
		"a netmask with holes":    persistent(300, 0xff00ff00),
		"no netmask":              persistent(300, 0),
		"no port":                 server(func(d *resource.Destination) { d.Port = 0 }),
		"no address":              server(func(d *resource.Destination) { d.Addr = addr("0.0.0.0") }),
		"a broadcast server":      server(func(d *resource.Destination) { d.Addr = addr("255.255.255.255") }),
		"a strange tunnel":        server(func(d *resource.Destination) { d.TunnelPort = 9 }),
		"a GUE without a port":    server(func(d *resource.Destination) { d.TunnelType = resource.TunnelGUE }),
		"a new tunnel":            server(func(d *resource.Destination) { d.TunnelType = 9 }),
		"a new way":               server(func(d *resource.Destination) { d.Forward = 9 }),
		"a low upper threshold":   server(func(d *resource.Destination) { d.LowerThreshold = 9 }),
		"a huge weight":           server(func(d *resource.Destination) { d.Weight = 1 << 31 }),
		"another family":          server(func(d *resource.Destination) { d.Addr, d.Forward = addr("2001:db8::1"), resource.ForwardDirect }),
		"several next hops":       resource.Route{Table: resource.TableMain, Prefix: prefix("10.0.0.0/8"), Link: "eth0", Scope: resource.ScopeLink, Protocol: resource.ProtocolBoot, Beyond: "2 next hops"},
		"a rule before all":       resource.Rule{Family: resource.IPv4, From: prefix("10.0.0.0/8"), Table: 100},
		"a mark without service":  resource.Mark{To: prefix("192.0.2.100/32"), Protocol: resource.TCP, First: 80, Last: 80, Mark: 7},
		"checksums":               resource.Link{Name: "gre1", Type: resource.LinkGRE, Checksum: true},
		"a short sync packet":     resource.SyncDaemon{Role: resource.SyncMaster, Interface: "eth0", MaxLen: 100, Group: addr("224.0.0.81"), Port: 8848, TTL: 1},
	}
	for name, odd := range tests {
		t.Run(name, func(t *testing.T) {
			desc, err := describe(t, director(odd))
			if err != nil {
				t.Fatal(err)
			}
			if len(desc.Left) != 1 || desc.Left[0].Object != odd || desc.Left[0].Why == "" {
				t.Errorf("left out: %v", desc.Left)
			}
			if !strings.Contains(string(desc.Config), "# Left out") || !strings.Contains(string(desc.Config), `service "http"`) {
				t.Errorf("it does not say what is left out, or not all else:\n%s", desc.Config)
			}
		})
	}
}

// What every host has, or has from somewhere else, is not worth a word.
func TestNotWorthAWord(t *testing.T) {
	plain, err := describe(t, director())
	if err != nil {
		t.Fatal(err)
	}
	usual := []resource.Resource{
		resource.Timeout{Name: resource.TimeoutTCP, Seconds: 900},
		setting("net.ipv4.vs.conn_reuse_mode", "1"), setting("net.ipv4.vs.sync_qlen_max", "12345"), setting("net.ipv4.ip_forward", "0"),
		setting("net.ipv4.conf.eth0.rp_filter", "0"), setting("net.ipv4.conf.eth0.send_redirects", "1"),
		resource.Link{Name: "eth0", Type: "device"}, resource.Link{Name: "veth1", Type: "veth", Parent: "if7"},
		resource.Link{Name: "tunl0", Type: resource.LinkIPIP}, resource.LinkSetting{Link: "tunl0", Name: resource.LinkState, Value: "down"},
		resource.Address{Link: "lo", Prefix: prefix("127.0.0.1/8")}, resource.Address{Link: "eth0", Prefix: prefix("fe80::1/64"), Scope: resource.ScopeLink},
		resource.Address{Link: "eth1", Prefix: prefix("203.0.113.1/24")},
		resource.Route{Table: resource.TableMain, Prefix: prefix("192.0.2.0/24"), Link: "eth0", Scope: resource.ScopeLink, Protocol: 2},
		resource.Route{Table: resource.TableMain, Prefix: prefix("::/0"), Link: "eth0", Gateway: addr("fe80::9"), Metric: 1024, Protocol: resource.ProtocolRA},
		resource.Rule{Family: resource.IPv4, Table: 255}, resource.Rule{Family: resource.IPv4, Priority: 32766, Table: 254}, resource.Rule{Family: resource.IPv4, Priority: 32767, Table: 253},
	}
	desc, err := describe(t, director(usual...))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(plain.Config), string(desc.Config)); diff != "" {
		t.Errorf("(-without +with what is usual):\n%s", diff)
	}
}

// Every setting of IPVS that the language has is either read, or known to depend on the
// machine.
func TestKernelDefaults(t *testing.T) {
	block := find(schema.Language(), "ipvs")
	ofMachine := []string{"sync_qlen_max", "est_cpulist"}
	for _, a := range block.Args {
		_, setting := kernelDefaults[a.Name]
		_, timeout := timeoutDefaults[strings.TrimSuffix(a.Name, "_timeout")]
		if !setting && !timeout && !slices.Contains(ofMachine, a.Name) {
			t.Errorf("what the kernel begins with is not known of %s", a.Name)
		}
	}
	for _, a := range find(schema.Language(), "cluster").Args {
		if a.Name == "algorithm" {
			for _, name := range a.Words {
				if !algorithms[name] {
					t.Errorf("the algorithm %s is left out", name)
				}
			}
		}
	}
}

// find is the block of a type, below another one.
func find(in *schema.Block, kind string) *schema.Block {
	for _, b := range in.Blocks {
		if b.Type == kind {
			return b
		}
		if below := find(b, kind); below != nil {
			return below
		}
	}
	return nil
}

// Where lvsctl has something already that the language cannot say by itself, the plan would
// take it away: that is an error, and not a file.
func TestOursAlready(t *testing.T) {
	mss := resource.MSS{From: addr("192.0.2.100"), Size: 1440}
	snap := director(mss)
	snap.Ledger.Claims = resource.NewClaims(resource.Claim{Want: mss, Step: "web: open the tunnel"})
	if _, err := describe(t, snap); !errors.Is(err, ErrTouches) {
		t.Errorf("got %v", err)
	}
}

// The same host gives the same text, in whatever order things were read.
func TestDeterministic(t *testing.T) {
	var last []byte
	for range 10 {
		snap := director()
		for i := range 40 {
			key := resource.AddrService(resource.TCP, addr("192.0.2.100"), uint16(1000+i%4))
			snap.Live.Add(resource.Service{ServiceKey: key, Scheduler: []string{"rr", "wlc"}[i%2], Netmask: 1<<32 - 1})
			snap.Live.Add(resource.Destination{Service: key, Addr: addr("192.0.2.10").Next(), Port: uint16(80 + i), Forward: resource.ForwardMasquerade, Weight: uint32(i)})
		}
		snap.Live.Add(resource.Module{Name: "ip_vs_wlc"})
		desc, err := describe(t, snap)
		if err != nil {
			t.Fatal(err)
		}
		if last != nil && string(last) != string(desc.Config) {
			t.Fatal(cmp.Diff(string(last), string(desc.Config)))
		}
		last = desc.Config
	}
}
