package planner

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// What hosts cannot give is found before anything is touched, with the config line.
func TestCheck(t *testing.T) {
	cfg, d := load(t, manyServers(16)+`
host "web" {
  address = "10.255.0.2"
  netns   = "web"
}
cluster "managed" {
  mode      = "dr"
  vip       = "10.201.0.1"
  algorithm = "twos"
  directors = [host.lb]
  service "s" {
    port = 80
  }
  real_server "web" {
    host = host.web
  }
}
`)
	good := resource.Facts{Kernel: "6.1", Schedulers: []string{"rr", "twos", "wlc"}, Links: []string{"eth0", "lo"}}
	with := func(edit func(*resource.Facts)) resource.Facts {
		f := good
		edit(&f)
		return f
	}
	for name, test := range map[string]struct {
		lb, web resource.Facts
		want    []string // the beginning of each finding
	}{
		"all there": {good, good, nil},
		"no ipvs":   {with(func(f *resource.Facts) { f.Schedulers = nil }), good, []string{"c.hcl:1,1-10: Kernel without IPVS"}},
		"no twos":   {with(func(f *resource.Facts) { f.Schedulers = []string{"wlc"} }), good, []string{"c.hcl:26,15-21: Algorithm not available"}},
		"no eth0":   {with(func(f *resource.Facts) { f.Links = []string{"ens33"} }), good, []string{"c.hcl:1,1-10: No such network interface"}},
		"eth0 down": {with(func(f *resource.Facts) { f.Down = []string{"eth0"} }), good, []string{"c.hcl:1,1-10: Network interface is down"}},
		"vip on web": {good, with(func(f *resource.Facts) {
			f.Addresses = []resource.Address{{Link: "eth0", Prefix: netip.MustParsePrefix("10.201.0.1/24")}}
		}), []string{"c.hcl:19,1-11: Real server answers for the VIP"}},
		"lo of web down": {good, with(func(f *resource.Facts) { f.Down = []string{"lo"} }), []string{"c.hcl:19,1-11: Network interface is down"}},
	} {
		t.Run(name, func(t *testing.T) {
			diags := Check(cfg, d, map[string]*resource.Snapshot{"lb": furnished(d, "lb", test.lb), "web": furnished(d, "web", test.web)})
			if len(diags) != len(test.want) {
				t.Fatalf("%d findings, want %d: %v", len(diags), len(test.want), diags)
			}
			if down := strings.HasPrefix(name, "eth0 down"); down && diags[0].Severity != hcl.DiagWarning {
				t.Error("a director's interface that is down is an error")
			}
			for i, want := range test.want {
				if !strings.HasPrefix(diags[i].Error(), want) {
					t.Errorf("finding %d is %v, want %s…", i, diags[i], want)
				}
			}
		})
	}
	if diags := Check(cfg, d, nil); len(diags) > 0 {
		t.Errorf("findings on hosts that were not read: %v", diags)
	}
	past := resource.Ledger{Steps: map[string][]resource.Edge{"s": {{Step: resource.StepRef{Host: "web9", Name: "s"}}}}}
	rebuilt := furnished(d, "lb", good)
	rebuilt.Ledger = past
	if diags := Check(cfg, d, map[string]*resource.Snapshot{"lb": rebuilt}); len(diags) != 1 || diags.HasErrors() || !strings.Contains(diags[0].Detail, `"web9"`) {
		t.Errorf("a host that is no longer in the config: %v", diags)
	}
}

// furnished is a host that has all settings that the config needs, but for those of
// interfaces that it does not have.
func furnished(d *Desired, host string, facts resource.Facts) *resource.Snapshot {
	snap := &resource.Snapshot{Facts: facts, Live: resource.NewSet()}
	for _, k := range d.Keys(host) {
		link := resource.LinkOfSetting(k)
		if r := defaultOf(k); r != nil && (link == "" || link == "all" || link == "default" || slices.Contains(facts.Links, link)) {
			snap.Live.Add(r)
		}
	}
	return snap
}

// Settings that a host does not have are found, unless something brings them along.
func TestCheckSettings(t *testing.T) {
	cfg, d := load(t, `
host "lb" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb"
  ipvs {
    est_nice    = 5
    tcp_timeout = 600
  }
  sysctl "net.ipv4.no_such_setting" {
    value = 1
  }
  sysctl "net.ipv4.conf.eth9.rp_filter" {
    value = 1
  }
  link "vip0" {
    type = "dummy"
  }
  sysctl "net.ipv4.conf.vip0.rp_filter" {
    value = 1
  }
}
`)
	facts := resource.Facts{Kernel: "6.1", Schedulers: []string{"rr"}, Links: []string{"eth0", "lo"}}
	find := func(live ...resource.Resource) (got []string) {
		for _, diag := range Check(cfg, d, map[string]*resource.Snapshot{"lb": {Facts: facts, Live: resource.NewSet(live...)}}) {
			got = append(got, diag.Subject.String()+" "+diag.Summary)
		}
		return got
	}
	unloaded := []string{"c.hcl:10,1-1 No such setting", "c.hcl:13,1-1 No such network interface"}
	if diff := cmp.Diff(unloaded, find()); diff != "" {
		t.Errorf("before IPVS is loaded (-want +got):\n%s", diff)
	}
	loaded := append(slices.Clone(unloaded), "c.hcl:7,1-1 No such setting")
	if diff := cmp.Diff(loaded, find(resource.Module{Name: "ip_vs"}, resource.Timeout{Name: "tcp", Seconds: 900})); diff != "" {
		t.Errorf("with IPVS (-want +got):\n%s", diff)
	}
}

// A unit that is not there is found, unless a file of the config makes it.
func TestCheckUnits(t *testing.T) {
	cfg, d := load(t, `
host "web" {
  address = "10.0.0.1"
  netns   = "web"
  unit "bind9.service" {
    enabled = true
    running = true
  }
  unit "nfs-server.service" {
    running = true
  }
  unit "rpcbind.service" {
    enabled = true
  }
  unit "pages@1.service" {
    running = true
  }
  unit "pages.timer" {
    running = true
  }
  file "/etc/systemd/system/pages@.service" {
    content = "[Service]"
  }
  file "/usr/local/lib/systemd/system/pages.timer" {
    content = "[Timer]"
  }
  unit "pages.socket" {
    running = true
  }
  file "/opt/pages.socket" {
    content = "[Socket]"
  }
}
`)
	bind := resource.Unit{Name: "bind9.service", Setting: resource.UnitRunning, Value: "no"}
	atBoot := resource.Unit{Name: "bind9.service", Setting: resource.UnitEnabled, Value: "no"}
	server := resource.Unit{Name: "nfs-server.service", Setting: resource.UnitRunning, Value: "no"}
	for name, test := range map[string]struct {
		systemd bool
		live    []resource.Resource
		want    []string
	}{
		"with systemd":    {true, []resource.Resource{bind, atBoot, server}, []string{"12,1-1: No such unit; The config needs the unit rpcbind.service", "27,1-1: No such unit; The config needs the unit pages.socket"}},
		"nothing there":   {true, []resource.Resource{server}, []string{"5,1-1: No such unit; The config needs the unit bind9.service", "12,1-1: ", "27,1-1: "}},
		"without systemd": {false, []resource.Resource{server}, []string{"5,1-1: Host without systemd; The config needs the unit bind9.service on host web", "12,1-1: Host without systemd; The config needs the unit rpcbind.service", "15,1-1: ", "18,1-1: ", "27,1-1: "}},
	} {
		snap := &resource.Snapshot{Facts: resource.Facts{Kernel: "6.1", Systemd: test.systemd}, Live: resource.NewSet(test.live...)}
		diags := Check(cfg, d, map[string]*resource.Snapshot{"web": snap})
		if len(diags) != len(test.want) {
			t.Errorf("%s: %d findings, want %d: %v", name, len(diags), len(test.want), diags)
			continue
		}
		for i, want := range test.want {
			if got := diags[i].Error(); diags[i].Severity != hcl.DiagError || !strings.HasPrefix(got, "c.hcl:"+want) {
				t.Errorf("%s: finding %d is %s, want %s…", name, i, got, want)
			}
		}
	}
}

// An IPv6 address of somebody else keeps its prefix length.
func TestCheckAddresses(t *testing.T) {
	cfg, d := load(t, `
host "lb" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb"
  address "fd00::1/64" {
  }
  address "10.9.9.9/24" {
  }
}
`)
	six := resource.Address{Link: "eth0", Prefix: netip.MustParsePrefix("fd00::1/48")}
	four := resource.Address{Link: "eth0", Prefix: netip.MustParsePrefix("10.9.9.9/16")}
	wanted := resource.Address{Link: "eth0", Prefix: netip.MustParsePrefix("fd00::1/64")}
	elsewhere := resource.Address{Link: "eth1", Prefix: six.Prefix}
	ours := resource.Ledger{Claims: resource.NewClaims(resource.Claim{Want: six})}
	for name, test := range map[string]struct {
		addresses []resource.Address
		ledger    resource.Ledger
		findings  int
	}{
		"nothing there":        {},
		"as wanted":            {addresses: []resource.Address{wanted}},
		"IPv4":                 {addresses: []resource.Address{four}},
		"on another interface": {addresses: []resource.Address{elsewhere}},
		"somebody else's":      {addresses: []resource.Address{six}, findings: 1},
		"ours":                 {addresses: []resource.Address{six}, ledger: ours},
	} {
		snap := furnished(d, "lb", resource.Facts{Kernel: "6.1", Links: []string{"eth0", "lo"}, Addresses: test.addresses})
		snap.Ledger = test.ledger
		diags := Check(cfg, d, map[string]*resource.Snapshot{"lb": snap})
		if len(diags) != test.findings || test.findings > 0 && diags[0].Summary != "An address is in the way" {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

// An interface of somebody else stays, and so does one that others stand on.
func TestCheckLinks(t *testing.T) {
	cfg, d := load(t, `
host "lb" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb"
  link "vip0" {
    type = "dummy"
  }
  link "vlan5" {
    type   = "vlan"
    parent = "base"
    vlan   = 5
  }
  address "10.9.9.9/24" {
    interface = "base"
  }
  link "base" {
    mtu = 1400
  }
}
`)
	facts := resource.Facts{Kernel: "6.1", Links: []string{"eth0", "lo", "vip0", "base"}}
	dummy := resource.Link{Name: "vip0", Type: resource.LinkDummy}
	other := resource.Link{Name: "vip0", Type: "bridge"}
	base := resource.Link{Name: "base", Type: resource.LinkDummy}
	const inTheWay = "c.hcl:6,1-1 An interface is in the way"
	goesAway := []string{"c.hcl:14,1-1 Interface goes away", "c.hcl:17,1-1 Interface goes away", "c.hcl:9,1-1 Interface goes away"}
	claimed := func(prior resource.Resource, r resource.Resource) resource.Ledger {
		return resource.Ledger{Claims: resource.NewClaims(resource.Claim{Want: r, Prior: prior})}
	}
	for name, test := range map[string]struct {
		live   resource.Resource
		ledger resource.Ledger
		want   []string
	}{
		"nothing there":                 {live: base},
		"as wanted":                     {live: dummy},
		"somebody else's":               {live: other, want: []string{inTheWay}},
		"ours, changed by hand":         {live: other, ledger: claimed(nil, dummy)},
		"ours, and no longer wanted":    {live: base, ledger: claimed(nil, base), want: goesAway},
		"taken over, no longer wanted":  {live: base, ledger: claimed(base, base)},
		"no longer wanted, and is gone": {live: dummy, ledger: claimed(nil, base)},
	} {
		t.Run(name, func(t *testing.T) {
			snap := furnished(d, "lb", facts)
			snap.Live.Add(test.live)
			snap.Ledger = test.ledger
			var got []string
			for _, diag := range Check(cfg, d, map[string]*resource.Snapshot{"lb": snap}) {
				got = append(got, diag.Subject.String()+" "+diag.Summary)
			}
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What can be told of directors is told once for each cluster.
func TestCheckDirector(t *testing.T) {
	cfg, d := load(t, `
host "lb" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb"
}
cluster "far" {
  mode      = "dr"
  vip       = "10.0.0.9"
  algorithm = "rr"
  directors = [host.lb]
  service "s" {
    port = 80
  }
  pool "p" {
    servers = ["10.0.0.5", "10.0.1.5", "10.0.1.6"]
  }
  real_server "tun" {
    address = "10.0.1.7"
    mode    = "tun"
  }
  real_server "self" {
    host = host.lb
  }
}
cluster "full" {
  mode      = "fullnat"
  vip       = "10.0.0.10"
  algorithm = "rr"
  directors = [host.lb]
  service "s" {
    port = 80
  }
  pool "p" {
    servers = ["10.0.1.5"]
  }
}
`)
	facts := resource.Facts{
		Kernel: "6.1", Schedulers: []string{"rr"}, Links: []string{"eth0", "lo"},
		Addresses: []resource.Address{{Link: "eth0", Prefix: netip.MustParsePrefix("10.0.0.1/24")}, {Link: "lo", Prefix: netip.MustParsePrefix("10.0.1.1/8")}},
	}
	find := func(edit func(*resource.Facts, resource.Set)) (got []string) {
		snap := furnished(d, "lb", facts)
		edit(&snap.Facts, snap.Live)
		for _, diag := range Check(cfg, d, map[string]*resource.Snapshot{"lb": snap}) {
			if diag.Severity != hcl.DiagWarning {
				t.Errorf("an error: %v", diag)
			}
			got = append(got, diag.Subject.String()+" "+diag.Summary)
		}
		return got
	}
	far := "c.hcl:16,1-1 Real server on another segment"
	reuse := resource.Sysctl{Name: reuseMode.Name, Value: "1"}
	for name, test := range map[string]struct {
		edit func(*resource.Facts, resource.Set)
		want []string
	}{
		"as it is":            {func(*resource.Facts, resource.Set) {}, []string{far}},
		"one network for all": {func(f *resource.Facts, _ resource.Set) { f.Addresses[0].Prefix = netip.MustParsePrefix("10.0.0.1/16") }, nil},
		"ignored": {func(_ *resource.Facts, _ resource.Set) {
			cfg.Clusters[0].Ignores = []schema.Ignore{{Rule: "other-segment", Reason: "proxy ARP"}}
		}, nil},
		"keepalived":               {func(f *resource.Facts, _ resource.Set) { f.Balancers = []string{"keepalived"} }, []string{"c.hcl:2,1-10 Another program balances here", far}},
		"an old kernel":            {func(f *resource.Facts, live resource.Set) { f.Kernel = "5.4.0-42-generic"; live.Add(reuse) }, []string{far, "c.hcl:26,1-1 Connections that wait for a second"}},
		"an old one, set up right": {func(f *resource.Facts, _ resource.Set) { f.Kernel = "5.4.0-42-generic" }, []string{far}},
		"the kernel of the fix":    {func(f *resource.Facts, live resource.Set) { f.Kernel = "5.9"; live.Add(reuse) }, []string{far}},
	} {
		t.Run(name, func(t *testing.T) {
			addresses := slices.Clone(facts.Addresses)
			got := find(test.edit)
			facts.Addresses, cfg.Clusters[0].Ignores = addresses, nil
			slices.Sort(got)
			want := slices.Clone(test.want)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Clients beside the real servers are answered past the director in masquerading.
func TestCheckNearClients(t *testing.T) {
	config := func(cluster, server string) string {
		return `
host "lb" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb"
}
host "web" {
  address   = "10.0.0.5"
  interface = "eth0"
  netns     = "web"
}
cluster "web" {
  mode      = "nat"
  vip       = "10.0.0.9"
  algorithm = "rr"
  directors = [host.lb]
  service "s" {
    port = 80
  }
` + cluster + `
  real_server "web" {
    host = host.web
` + server + `
  }
}
`
	}
	near := "10.0.0.1/24"
	for name, test := range map[string]struct {
		cluster, server, network string
		found                    bool
	}{
		"one network":         {network: near, found: true},
		"the VIP elsewhere":   {network: "10.0.0.1/29"},
		"no network at all":   {network: "10.0.0.1/32"},
		"a table for answers": {network: near, cluster: "gateway_table = 100"},
		"another mode":        {network: near, server: `mode = "dr"`},
		"meant to be so":      {network: near, cluster: "ignore \"near-clients\" {\n reason = \"all clients are far\"\n }"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, d := load(t, config(test.cluster, test.server))
			facts := resource.Facts{
				Kernel: "6.1", Schedulers: []string{"rr"}, Links: []string{"eth0", "lo"},
				Addresses: []resource.Address{{Link: "eth0", Prefix: netip.MustParsePrefix(test.network)}},
			}
			diags := Check(cfg, d, map[string]*resource.Snapshot{"lb": furnished(d, "lb", facts)})
			found := slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool {
				return d.Summary == schema.RuleNear.Summary && d.Subject.Start.Line == 21
			})
			if found != test.found {
				t.Errorf("found is %v: %v", found, diags)
			}
		})
	}
}

// A director that becomes a router loses what routers have told it.
func TestCheckAdvertisedRoute(t *testing.T) {
	cfg, d := load(t, `
host "lb" {
  address   = "fd00::1"
  interface = "eth0"
  netns     = "lb"
}
cluster "six" {
  mode      = "nat"
  vip       = "fd00::9"
  algorithm = "rr"
  directors = [host.lb]
  service "s" {
    port = 80
  }
  pool "p" {
    servers = ["fd00:1::5"]
  }
}
`)
	heed := func(value string) resource.Resource {
		return resource.Sysctl{Name: "net.ipv6.conf.eth0.accept_ra", Value: value}
	}
	learnt := resource.Route{Table: resource.TableMain, Prefix: netip.MustParsePrefix("::/0"), Metric: 1024, Link: "eth0", Gateway: netip.MustParseAddr("fe80::1"), Protocol: resource.ProtocolRA}
	static := learnt
	static.Protocol = resource.ProtocolStatic
	for _, r := range []resource.Resource{heed("1"), learnt} {
		if !slices.Contains(d.Keys("lb"), r.Key()) {
			t.Errorf("%s is not read", r.Key())
		}
	}
	for name, test := range map[string]struct {
		live []resource.Resource
		want int
	}{
		"no route":         {[]resource.Resource{heed("1")}, 0},
		"of its own":       {[]resource.Resource{heed("1"), static}, 0},
		"learnt":           {[]resource.Resource{heed("1"), learnt}, 1},
		"heeds as router":  {[]resource.Resource{heed("2"), learnt}, 0},
		"is router by now": {[]resource.Resource{heed("1"), learnt, forwardIPv6}, 0},
	} {
		snap := furnished(d, "lb", resource.Facts{Kernel: "6.1", Schedulers: []string{"rr"}, Links: []string{"eth0", "lo"}})
		for _, r := range test.live {
			snap.Live.Add(r)
		}
		diags := Check(cfg, d, map[string]*resource.Snapshot{"lb": snap})
		if len(diags) != test.want || diags.HasErrors() {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

func TestNotices(t *testing.T) {
	sysctl := resource.Sysctl{Name: "a", Value: "1"}
	claims := resource.NewClaims(resource.Claim{Want: sysctl})
	lost := resource.NewByKey[resource.Claim]()
	for port := range uint16(7) {
		fou := resource.FOU{Port: port}
		lost.Put(fou.Key(), resource.Claim{Want: fou})
	}
	now := resource.Facts{BootID: "second"}
	overriding := resource.Apply{Who: "bob@desk", Command: "lvsctl destroy", Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Overrides: []string{"capacity", "vips"}}
	apply := resource.Apply{ID: "x", Who: "ann@desk", Command: "lvsctl apply", Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	reverting := resource.Apply{ID: "x", Who: "ann@desk", Command: "lvsctl apply", Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Reverts: true}
	diags := Notices(map[string]*resource.Snapshot{
		"up":       {Facts: now, Ledger: resource.Ledger{BootID: "second", Claims: claims}},
		"rebooted": {Facts: now, Ledger: resource.Ledger{BootID: "first", Lost: lost}},
		"done":     {Ledger: resource.Ledger{Last: &resource.Last{Apply: apply, Ending: resource.Applied}}},
		"cut off":  {Ledger: resource.Ledger{Last: &resource.Last{Apply: apply}}},
		"failed":   {Ledger: resource.Ledger{Last: &resource.Last{Apply: apply, Ending: resource.Kept, Note: "no route"}}},
		"half":     {Ledger: resource.Ledger{Last: &resource.Last{Apply: reverting, Ending: resource.Kept, Note: "it is taken back here, and not yet on web1"}}},
		"reverted": {Ledger: resource.Ledger{Last: &resource.Last{Apply: apply, Ending: resource.Reverted, Note: "nobody confirmed it"}}},
		"risky":    {Ledger: resource.Ledger{Last: &resource.Last{Apply: overriding}}},
		"undone":   {Ledger: resource.Ledger{Last: &resource.Last{Apply: apply, Ending: resource.Reverted}}},
		"cut down": {Ledger: resource.Ledger{Last: &resource.Last{Apply: apply, Ending: resource.Rebooted}}},
		"empty":    {Facts: now, Ledger: resource.Ledger{BootID: "first"}},
		"new":      {Facts: now},
		"torn":     {Facts: now, Notices: []string{"the last entry is cut off"}},
	})
	var got []string
	for _, d := range diags {
		got = append(got, d.Summary+": "+d.Detail)
	}
	want := []string{
		`Apply was not finished: The apply of ann@desk since 2026-01-02 03:04:05 UTC (lvsctl apply) was not finished when host cut down was rebooted. "lvsctl boot" on that host takes it back there; apply goes on from there.`,
		`Apply was not finished: The apply of ann@desk since 2026-01-02 03:04:05 UTC (lvsctl apply) was not finished on host cut off. Apply goes on from there; "lvsctl rollback" goes back to before it.`,
		`Last apply failed: The apply of ann@desk since 2026-01-02 03:04:05 UTC (lvsctl apply) failed, and what it did on host failed is left: no route. Apply goes on from there; "lvsctl rollback" goes back to before it.`,
		`Apply was not taken back everywhere: The apply of ann@desk since 2026-01-02 03:04:05 UTC (lvsctl apply) failed. On host half it is taken back here, and not yet on web1. "lvsctl rollback" goes on with that; apply goes on from there.`,
		"Host was rebooted: Host rebooted was rebooted since the last apply. The 7 objects that lvsctl had there went with the reboot, and the next apply sets up again what the config asks for.",
		"Last apply was taken back: The apply of ann@desk since 2026-01-02 03:04:05 UTC (lvsctl apply) was taken back on host reverted: nobody confirmed it.",
		`Apply was not finished: The apply of bob@desk since 2026-01-02 03:04:05 UTC (lvsctl destroy, overriding policies capacity, vips) was not finished on host risky. Apply goes on from there; "lvsctl rollback" goes back to before it.`,
		"Ledger of host torn: the last entry is cut off",
	}
	if diff := cmp.Diff(want, got); diff != "" || diags.HasErrors() {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}
