package provider

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// ipRoute is a route as ip -j route prints it.
type ipRoute struct {
	Type     string `json:"type"`
	Dst      string `json:"dst"`
	Gateway  string `json:"gateway"`
	Dev      string `json:"dev"`
	Table    string `json:"table"`
	Protocol string `json:"protocol"`
	Scope    string `json:"scope"`
	Source   string `json:"prefsrc"`
	Metric   int    `json:"metric"`
}

// routes lists the routes that an administrator set, in ip(8)'s words.
func routes(t *testing.T) []string {
	t.Helper()
	lines := []string{}
	for _, family := range []string{"-4", "-6"} {
		for _, r := range runJSON[[]ipRoute](t, "ip -j "+family+" route show table all") {
			if r.Protocol != "static" {
				continue
			}
			lines = append(lines, fmt.Sprintf("%s via %s dev %s src %s table %s metric %d scope %s",
				r.Dst, cmp.Or(r.Gateway, "-"), r.Dev, cmp.Or(r.Source, "-"), cmp.Or(r.Table, "main"), r.Metric, cmp.Or(r.Scope, "global")))
		}
	}
	slices.Sort(lines)
	return lines
}

func expectRoutes(t *testing.T, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := gocmp.Diff(append([]string{}, want...), routes(t)); diff != "" {
		t.Errorf("ip route show table all (-want +got):\n%s", diff)
	}
}

// route is a static route of the main table.
func route(p string) resource.Route {
	r := resource.Route{Table: resource.TableMain, Prefix: prefix(p), Link: "eth0", Protocol: resource.ProtocolStatic}
	if r.Prefix.Addr().Is6() {
		r.Metric = resource.DefaultMetricIPv6
	}
	return r
}

// addressed is a machine with addresses for gateways and sources to stand on.
func addressed(t *testing.T) *Machine {
	m := kernel(t)
	run(t, "ip addr add 192.0.2.1/24 dev eth0")
	run(t, "ip addr add 192.0.2.2/24 dev eth0")
	run(t, "ip addr add 2001:db8::1/64 dev eth0 nodad")
	run(t, "ip addr add 2001:db8::2/64 dev eth0 nodad")
	return m
}

func TestKernelRoutes(t *testing.T) {
	with := func(p string, set func(*resource.Route)) resource.Route {
		r := route(p)
		set(&r)
		return r
	}
	tests := []struct {
		route resource.Route
		want  string
	}{
		{with("198.51.100.1/32", func(r *resource.Route) { r.Link, r.Scope = "lo", resource.ScopeLink }),
			"198.51.100.1 via - dev lo src - table main metric 0 scope link"},
		{with("198.51.100.0/24", func(r *resource.Route) { r.Gateway = addr("192.0.2.254") }),
			"198.51.100.0/24 via 192.0.2.254 dev eth0 src - table main metric 0 scope global"},
		{with("0.0.0.0/0", func(r *resource.Route) { r.Gateway, r.Metric = addr("192.0.2.254"), 50 }),
			"default via 192.0.2.254 dev eth0 src - table main metric 50 scope global"},
		{with("198.51.100.0/24", func(r *resource.Route) { r.Scope, r.Source = resource.ScopeLink, addr("192.0.2.2") }),
			"198.51.100.0/24 via - dev eth0 src 192.0.2.2 table main metric 0 scope link"},
		{with("0.0.0.0/0", func(r *resource.Route) { r.Gateway, r.Table = addr("192.0.2.254"), 100 }),
			"default via 192.0.2.254 dev eth0 src - table 100 metric 0 scope global"},
		{with("198.51.100.0/24", func(r *resource.Route) { r.Scope, r.Table = resource.ScopeLink, 100000 }),
			"198.51.100.0/24 via - dev eth0 src - table 100000 metric 0 scope link"},
		{with("2001:db8:1::1/128", func(r *resource.Route) { r.Link = "lo" }),
			"2001:db8:1::1 via - dev lo src - table main metric 1024 scope global"},
		{with("2001:db8:1::/48", func(r *resource.Route) { r.Gateway, r.Metric = addr("2001:db8::ff"), 7 }),
			"2001:db8:1::/48 via 2001:db8::ff dev eth0 src - table main metric 7 scope global"},
		{with("::/0", func(r *resource.Route) { r.Gateway = addr("fe80::1") }),
			"default via fe80::1 dev eth0 src - table main metric 1024 scope global"},
		{with("::/0", func(r *resource.Route) { r.Gateway, r.Table, r.Source = addr("2001:db8::ff"), 100, addr("2001:db8::2") }),
			"default via 2001:db8::ff dev eth0 src 2001:db8::2 table 100 metric 1024 scope global"},
	}
	m := addressed(t)
	for _, test := range tests { // no subtests: they would run in another namespace
		t.Log(test.route)
		apply(t, m, create(test.route))
		expectRoutes(t, test.want)
		expectRead(t, m, test.route)
		fails(t, m, "file exists", create(test.route))
		apply(t, m, remove(test.route))
		expectRoutes(t)
		if got := read(t, m, test.route); got.Len() != 0 {
			t.Errorf("read after it was removed: %v", got)
		}
		apply(t, m, remove(test.route)) // gone already
	}
}

// Where a route leads is replaced in place: at no time there is none, and there are
// never two.
func TestKernelRouteReplace(t *testing.T) {
	m := addressed(t)
	for _, test := range []struct {
		route            resource.Route
		gateway, source  string
		created, changed string
	}{
		{route("0.0.0.0/0"), "192.0.2.254", "192.0.2.2",
			"default via - dev eth0 src - table main metric 0 scope link",
			"default via 192.0.2.254 dev eth0 src 192.0.2.2 table main metric 0 scope global"},
		{route("2001:db8:1::/48"), "2001:db8::ff", "2001:db8::2",
			"2001:db8:1::/48 via - dev eth0 src - table main metric 1024 scope global",
			"2001:db8:1::/48 via 2001:db8::ff dev eth0 src 2001:db8::2 table main metric 1024 scope global"},
	} {
		before, after := test.route, test.route
		if before.Prefix.Addr().Is4() {
			before.Scope = resource.ScopeLink
		}
		after.Gateway, after.Source = addr(test.gateway), addr(test.source)
		apply(t, m, create(before))
		expectRoutes(t, test.created)
		apply(t, m, update(before, after))
		expectRoutes(t, test.changed)
		expectRead(t, m, after)
		apply(t, m, update(after, before))
		expectRoutes(t, test.created)
		apply(t, m, remove(before))
	}
}

// Routes of one prefix in several tables and with several metrics are told apart, and a
// removal takes the one that is meant.
func TestKernelRouteKeys(t *testing.T) {
	m := addressed(t)
	var list []resource.Resource
	for _, p := range []string{"198.51.100.0/24", "2001:db8:1::/48", "0.0.0.0/0", "::/0"} {
		for _, metric := range []uint32{10, 20} {
			for _, table := range []uint32{resource.TableMain, 100} {
				r := route(p)
				r.Metric, r.Table = metric, table
				if r.Prefix.Addr().Is4() {
					r.Scope = resource.ScopeLink
				}
				list = append(list, r)
				apply(t, m, create(r))
			}
		}
	}
	expectRead(t, m, list...)
	for i, r := range list {
		apply(t, m, remove(r))
		if diff := gocmp.Diff(resource.NewSet(list[i+1:]...), read(t, m, list...), alike, resourcetest.AsMaps); diff != "" {
			t.Fatalf("after %s was removed (-want +got):\n%s", r, diff)
		}
		if i%4 != 3 {
			continue // ip(8) takes its time where the kernel is emulated
		}
		if got := routes(t); len(got) != len(list)-i-1 {
			t.Fatalf("%d routes after %s was removed", len(got), r)
		}
	}
}

func TestKernelRouteFails(t *testing.T) {
	m := kernel(t)
	far := route("198.51.100.0/24")
	far.Gateway = addr("203.0.113.1")
	fails(t, m, "network is unreachable", create(far))
	nowhere := route("198.51.100.0/24")
	nowhere.Link = "eth9"
	fails(t, m, "interface eth9: Link not found", create(nowhere))
	expectRoutes(t)
}
