package view

import (
	"errors"
	"net/netip"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// What the tests print: one of everything.

var (
	web     = resource.AddrService(resource.TCP, netip.MustParseAddr("192.0.2.1"), 80)
	dns     = resource.AddrService(resource.UDP, netip.MustParseAddr("2001:db8::1"), 53)
	full    = resource.FullNetmask(resource.IPv4)
	service = resource.Service{ServiceKey: web, Scheduler: "rr", Netmask: full}
	named   = resource.Service{ServiceKey: dns, Scheduler: "wlc", Netmask: 128}
	marked  = resource.Service{
		ServiceKey: resource.MarkService(resource.IPv4, 7), Scheduler: "sh", Netmask: 0xffffff00, Timeout: 300, Engine: "sip",
		Flags: resource.FlagPersistent | resource.FlagSched1 | resource.FlagSched2,
	}
	one    = server(web, "10.0.0.1", 1)
	two    = server(web, "10.0.0.2", 1)
	three  = server(web, "10.0.0.3", 1)
	vip    = resource.Address{Link: "eth0", Prefix: netip.MustParsePrefix("192.0.2.1/32")}
	module = resource.Module{Name: "ip_vs_rr"}
	lines  = resource.Source{File: "examples/c.hcl", Line: 12}
)

func server(key resource.ServiceKey, addr string, weight uint32) resource.Destination {
	return resource.Destination{Service: key, Addr: netip.MustParseAddr(addr), Port: 80, Forward: resource.ForwardDirect, Weight: weight}
}

func sysctl(name, value string) resource.Sysctl { return resource.Sysctl{Name: name, Value: value} }

func weighing(d resource.Destination, weight uint32) resource.Destination {
	d.Weight = weight
	return d
}

func change(a resource.Action, before, after resource.Resource, reason resource.Reason) resource.Change {
	c := resource.Change{Action: a, Before: before, After: after, Reason: reason}
	if after != nil {
		c.Source = lines
	}
	return c
}

func step(host, name string, changes ...resource.Change) resource.Step {
	return resource.Step{StepRef: resource.StepRef{Host: host, Name: name}, Changes: changes}
}

// everything is a plan with all actions, in steps that go to and fro between hosts.
func everything() *planner.Plan {
	cut := change(resource.Delete, two, nil, resource.RemovedFromConfig)
	cut.Cuts = resource.Connections{Active: 12, Inactive: 3, Persistent: 1}
	labelled := vip
	labelled.Label = "eth0:vip"
	return &planner.Plan{
		Steps: []resource.Step{
			step("web1", "web: keep quiet about the VIP",
				change(resource.Update, sysctl("net.ipv4.conf.all.arp_ignore", "0"), sysctl("net.ipv4.conf.all.arp_ignore", "1"), resource.ChangedOnHost),
				change(resource.Adopt, sysctl("net.ipv4.conf.lo.arp_ignore", "1"), sysctl("net.ipv4.conf.lo.arp_ignore", "1"), resource.ThereBefore),
				change(resource.Update, sysctl("net.ipv4.tcp_rmem", "4096\t131072\t6291456"), sysctl("net.ipv4.tcp_rmem", "4096\t87380\t6291456"), resource.ChangedInConfig)),
			step("lb1", "web: load IPVS", change(resource.Create, nil, module, resource.NewInConfig)),
			step("lb1", "web: virtual services",
				change(resource.Create, nil, service, resource.NewInConfig),
				change(resource.Create, nil, marked, resource.NewInConfig),
				change(resource.Update, resource.Service{ServiceKey: dns, Scheduler: "rr", Netmask: 64, Flags: resource.FlagPersistent, Timeout: 60}, named, resource.ThereBefore),
				change(resource.Adopt, two, two, resource.Reordered)),
			step("lb1", "web: web1 in service",
				change(resource.Create, nil, one, resource.RemovedOnHost),
				cut,
				change(resource.Restore, weighing(three, 7), three, resource.RemovedFromConfig)),
			step("lb1", "web: take the VIP",
				change(resource.Replace, vip, labelled, resource.ChangedInConfig),
				change(resource.Forget, resource.Module{Name: "ip_vs"}, nil, resource.RemovedFromConfig),
				change(resource.Forget, resource.Sysctl{Name: "net.ipv4.ip_forward", Value: "1"}, nil, resource.Destroying)),
			step("web2", "web: order alone", change(resource.Adopt, module, module, resource.Reordered)),
			step("web1", "web: accept the VIP",
				change(resource.Create, nil, resource.Route{Table: 254, Prefix: vip.Prefix, Link: "lo", Scope: 253, Protocol: 4}, resource.NewInConfig),
				change(resource.Delete, vip, nil, resource.Destroying)),
		},
		Hosts: []planner.Host{
			{Name: "lb1", Foreign: []resource.Resource{marked, server(marked.ServiceKey, "10.0.0.9", 5)}, Drift: []planner.Drift{
				{Left: one}, {Left: two, Found: weighing(two, 9)},
			}},
			{Name: "web1", Drift: []planner.Drift{{Left: sysctl("net.ipv4.conf.all.arp_ignore", "1"), Found: sysctl("net.ipv4.conf.all.arp_ignore", "0")}}},
			{Name: "web2"},
		},
	}
}

// nothing is the plan of hosts that are as they should be.
func nothing(hosts ...string) *planner.Plan {
	p := &planner.Plan{}
	for _, name := range hosts {
		p.Hosts = append(p.Hosts, planner.Host{Name: name})
	}
	return p
}

// evil is text from a host that wants to repaint the terminal.
const evil = "x\x1b[2J\r\x00\x7f\u009b2J\ny"

// hostile is a plan in which everything that comes from a host is evil.
func hostile() *planner.Plan {
	name := "net." + evil
	return &planner.Plan{
		Steps: []resource.Step{step("lb1", evil,
			change(resource.Update, sysctl(name, evil), sysctl(name, "1"), resource.ChangedOnHost),
			change(resource.Delete, resource.Address{Link: evil, Prefix: vip.Prefix, Label: evil}, nil, resource.RemovedFromConfig),
			change(resource.Forget, resource.Module{Name: evil}, nil, resource.RemovedFromConfig))},
		Hosts: []planner.Host{{
			Name:    "lb1",
			Drift:   []planner.Drift{{Left: sysctl(name, "1"), Found: sysctl(name, evil)}, {Left: sysctl(name, evil)}},
			Foreign: []resource.Resource{resource.Service{ServiceKey: web, Scheduler: evil, Netmask: full}},
		}},
	}
}

// states are hosts as show prints them: one with objects in all conditions, one with
// nothing.
func states() []HostState {
	ledger := resource.Ledger{BootID: "b0a7", Claims: resource.NewByKey[resource.Claim]()}
	for _, c := range []resource.Claim{
		{Want: module, Step: "web: load IPVS"},
		{Want: sysctl("net.ipv4.conf.all.arp_ignore", "1"), Prior: sysctl("net.ipv4.conf.all.arp_ignore", "0"), Step: "web: keep quiet"},
		{Want: service, Step: "web: virtual services"},
		{Want: one, Step: "web: web1 in service"},
		{Want: two, Prior: weighing(two, 7), Step: "web: web2 in service"},
		{Want: vip, Step: "web: take the VIP"},
	} {
		ledger.Claims.Put(c.Want.Key(), c)
	}
	ledger.Last = &resource.Last{
		Apply:  resource.Apply{ID: "X", Who: "ann@desk", Command: "lvsctl apply --override capacity", Since: clock(), Hosts: []string{"lb1"}, Overrides: []string{"capacity"}},
		Ending: resource.Applied,
	}
	return []HostState{
		{"lb1", &resource.Snapshot{
			Facts:       resource.Facts{Version: "1.0", Kernel: "6.1.0-9-amd64", BootID: "b0a7", Schedulers: []string{"rr", "wlc"}, Links: []string{"eth0", "lo"}},
			Live:        resource.NewSet(module, sysctl("net.ipv4.conf.all.arp_ignore", "2"), service, one, weighing(two, 3), marked),
			Connections: map[resource.Key]resource.Connections{one.Key(): {Active: 5, Inactive: 2}, two.Key(): {Active: 1}},
			Ledger:      ledger,
		}},
		{"web1", &resource.Snapshot{Facts: resource.Facts{Kernel: "6.12.1"}}},
	}
}

// hostileState is a host of which everything is evil.
func hostileState() []HostState {
	left, found := sysctl("net."+evil, evil), sysctl("net."+evil, "2"+evil)
	return []HostState{{"lb1", &resource.Snapshot{
		Facts: resource.Facts{Kernel: evil}, Live: resource.NewSet(found),
		Ledger: resource.Ledger{
			Claims: resource.NewClaims(resource.Claim{Want: left, Step: evil}),
			Last:   &resource.Last{Apply: resource.Apply{Who: evil, Command: evil, Overrides: []string{evil}}},
		},
	}}}
}

// locks are those of hosts as unlock finds them.
func locks() []LockState {
	return []LockState{
		{Host: "lb1"},
		{Host: "web1", Removed: []string{"the name of ann@desk", "a directory\x1b[2J"}},
		{Host: "web2", Err: errors.New("web2: locked by ann@desk")},
	}
}

// pastApplies are applies that ended in all ways, newest first.
func pastApplies() []resource.Past {
	at := func(minutes int) time.Time { return clock().Add(-time.Duration(minutes) * time.Minute) }
	apply := func(id string, minutes int, who, command string, hosts ...string) resource.Apply {
		return resource.Apply{ID: id, Since: at(minutes), Who: who, Command: command, Hosts: hosts, Fence: &resource.Fence{Lock: "l", Token: 5}}
	}
	overriding := apply("B", 20, "jürgen@desk", "lvsctl apply --override capacity", "lb1", "web1")
	overriding.Overrides = []string{"capacity"}
	back := apply("B", 10, "ann@desk", "lvsctl rollback", "lb1", "web1")
	back.Reverts = true
	gone := apply("A", 50, "evil\x1b[2J@ci", "lvsctl destroy\x1b[2J", "lb1")
	gone.Destroys = true
	return []resource.Past{
		{Apply: apply("C", 5, "root@ci-1", "lvsctl apply --auto-approve", "lb1"), Running: true},
		{Apply: back, Ending: resource.Reverted, Ended: at(9)},
		{Apply: overriding, Ending: resource.Applied, Ended: at(19)},
		{Apply: apply("K", 30, "root@ci-1", "lvsctl apply", "lb1"), Ending: resource.Kept, Ended: at(29), Note: "the apply failed: web1: no route\nsee \x1b[2J"},
		{Apply: apply("D", 40, "root@ci-1", "lvsctl apply")},
		{Apply: gone, Ending: resource.Destroyed},
	}
}

// probed are probes that ended in all ways. What comes from a host is the text given.
func probed(said string) []planner.Probed {
	client := &schema.Host{Name: "client"}
	at := hcl.Range{Filename: "examples/c.hcl", Start: hcl.Pos{Line: 12}}
	probe := func(name string, from *schema.Host, try resource.Probe, out resource.ProbeOutcome) planner.Probed {
		return planner.Probed{Probe: &schema.Probe{Cluster: "web", Name: name, From: from, Try: try, Range: at}, ProbeOutcome: out}
	}
	skipped := probe("elsewhere", &schema.Host{Name: "far"}, resource.Probe{TCP: "192.0.2.1:80"}, resource.ProbeOutcome{})
	skipped.Skipped = true
	return []planner.Probed{
		probe("pages", client, resource.Probe{HTTP: "http://192.0.2.1/"}, resource.ProbeOutcome{Tries: 1, Took: 12345 * time.Microsecond}),
		probe("slow", client, resource.Probe{TCP: "[2001:db8::1]:80"}, resource.ProbeOutcome{Tries: 3, Took: 2345 * time.Millisecond}),
		probe("ftp", nil, resource.Probe{Command: []string{"curl", "-f", "ftp://192.0.2.1/"}}, resource.ProbeOutcome{Failure: said, Tries: 3, Took: time.Second}),
		probe("once", nil, resource.Probe{TCP: "192.0.2.1:80"}, resource.ProbeOutcome{Failure: "connection refused", Tries: 1}),
		skipped,
	}
}

// config is a file with two findings.
const config = "cluster \"web\" {\n  mode = \"bridge\"\n  vip  = \"192.0.2.1\"\n}\n"

func findings() (map[string]*hcl.File, hcl.Diagnostics) {
	at := func(line, from, to int) *hcl.Range {
		start := 0
		for range line - 1 {
			for config[start] != '\n' {
				start++
			}
			start++
		}
		return &hcl.Range{
			Filename: "c.hcl",
			Start:    hcl.Pos{Line: line, Column: from, Byte: start + from - 1}, End: hcl.Pos{Line: line, Column: to, Byte: start + to - 1},
		}
	}
	return map[string]*hcl.File{"c.hcl": {Bytes: []byte(config)}}, hcl.Diagnostics{
		{Severity: hcl.DiagError, Summary: "Unknown mode", Detail: "There is no mode \"bridge\". Modes are dr, nat and tun. A longer explanation goes on here, so that it has to be wrapped.", Subject: at(2, 10, 18)},
		{Severity: hcl.DiagWarning, Summary: "Address for documentation", Detail: "192.0.2.1 is <nobody's> address.\n\nSee RFC 5737.", Subject: at(3, 10, 21)},
		{Severity: hcl.DiagError, Summary: "Nowhere in particular"},
	}
}

var errBusy = errors.New("device or resource busy")
