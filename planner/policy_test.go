package planner

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// site is a config of three machines with a policy and some clusters.
func site(policy, clusters string) string {
	host := `
host %q {
  address   = %q
  interface = "eth0"
  command   = ["ssh", %[1]q]
}
`
	return fmt.Sprintf(host, "lb1", "10.0.0.1") + fmt.Sprintf(host, "lb2", "10.0.0.2") + fmt.Sprintf(host, "web1", "10.0.0.11") + `
defaults {
  mode      = "nat"
  algorithm = "wrr"
  directors = [host.lb1]
}
policy "p" {
  message = "Ask first."
  ` + policy + `
}
` + clusters
}

// web is a cluster with one service and a pool, or something else.
func web(servers ...string) string { return cluster("web", "10.0.1.1", service(80, servers...)) }

func cluster(name, vip, body string) string {
	return fmt.Sprintf("cluster %q {\n  vip = [\"%s\"]\n%s}\n", name, strings.ReplaceAll(vip, " ", `", "`), body)
}

func service(port int, servers ...string) string {
	pool := ""
	if len(servers) > 0 {
		pool = fmt.Sprintf("    pool \"all\" {\n      servers = [\"%s\"]\n    }\n", strings.Join(servers, `", "`))
	}
	return fmt.Sprintf("  service \"s%d\" {\n    port = %[1]d\n%s  }\n", port, pool)
}

func TestJudge(t *testing.T) {
	const (
		quarter = `max_removed = "25%"`
		servers = "keep_servers = true"
		vips    = "keep_vips = true"
		one     = "10.0.0.21"
		two     = "10.0.0.22"
		three   = "10.0.0.23"
		four    = "10.0.0.24"
		managed = "  real_server \"web1\" {\n    host = host.web1\n  }\n  real_server \"other\" {\n    address = \"10.0.0.30\"\n  }\n"
	)
	found := func(at, n string) []string { return []string{"lb1: tcp 10.0.1.1:" + at + ": " + n} }
	tests := []struct {
		name, policy  string
		before, after string
		between       func(w world)
		destroy       bool
		hosts         []string // of the run, all where there are none
		want          []string
	}{
		{name: "a quarter goes", policy: quarter, before: web(one, two, three, four), after: web(one, two, three)},
		{name: "more than a quarter goes", policy: quarter, before: web(one, two, three, four), after: web(one, two), want: found("80", "2 of 4 real servers (50 %)")},
		{name: "one of three goes", policy: quarter, before: web(one, two, three), after: web(one, two), want: found("80", "1 of 3 real servers (33.3 %)")},
		{name: "one of two goes", policy: quarter, before: web(one, two), after: web(one), want: found("80", "1 of 2 real servers (50 %)")},
		{name: "none may go", policy: `max_removed = "0%"`, before: web(one, two, three, four), after: web(one, two, three), want: found("80", "1 of 4 real servers (25 %)")},
		{name: "they get weight 0", policy: quarter, before: web(one, two, three, four), after: web(one+" weight 0", two+" weight 0", three, four), want: found("80", "2 of 4 real servers (50 %)")},
		{name: "they get less weight", policy: quarter, before: web(one+" weight 9", two+" weight 9"), after: web(one, two)},
		{name: "others take their place", policy: quarter, before: web(one, two), after: web(three, four), want: found("80", "2 of 2 real servers (100 %)")},
		{name: "they come", policy: quarter, before: web(one), after: web(one, two, three, four)},
		{
			name: "they go to another service", policy: quarter,
			before: cluster("web", "10.0.1.1", service(80, one, two)+service(81, three)), after: cluster("web", "10.0.1.1", service(80, one)+service(81, two, three)),
			want: found("80", "1 of 2 real servers (50 %)"),
		},
		{name: "they had weight 0", policy: quarter, before: web(one+" weight 0", two+" weight 0", three), after: web(three)},
		{
			name: "somebody gave them weight 0", policy: quarter, before: web(one, two, three), after: web(one),
			between: func(w world) { w.weigh("lb1", two, 0); w.weigh("lb1", three, 0) },
		},
		{name: "those of others do not count", policy: quarter, before: web(one, two, three), after: web(one, two), between: func(w world) { w.weigh("lb1", four, 1) }, want: found("80", "1 of 3 real servers (33.3 %)")},
		{name: "what was there before goes to weight 0", policy: quarter, after: web(one, two+" weight 0"), between: found80(one, 1, two, 1), want: found("80", "1 of 2 real servers (50 %)")},
		{name: "what had weight 0 before has it again", policy: quarter, before: web(one, two), after: web(one), between: func(w world) { w.had("lb1", two, 0) }, want: found("80", "1 of 2 real servers (50 %)")},
		{name: "what was there before stays", policy: quarter, before: web(one, two), after: web(one), between: func(w world) { w.had("lb1", two, 1) }},
		{name: "the service goes", policy: quarter, before: cluster("web", "10.0.1.1", service(80, one)+service(81, two)), after: web(one), want: found("81", "1 of 1 real server (100 %)")},
		{name: "all is destroyed", policy: quarter, before: web(one, two), after: web(one, two), destroy: true, want: found("80", "2 of 2 real servers (100 %)")},
		{name: "in another cluster", policy: quarter + "\n clusters = [\"other\"]", before: web(one, two) + cluster("other", "10.0.1.2", service(80, one)), after: web(one) + cluster("other", "10.0.1.2", service(80, one))},
		{name: "in the cluster that it is about", policy: quarter + "\n clusters = [\"web\"]", before: web(one, two), after: web(one), want: found("80", "1 of 2 real servers (50 %)")},

		{name: "the last one goes", policy: servers, before: web(one, two), after: web(), want: found("80", "none of 2 real servers")},
		{name: "all get weight 0", policy: servers, before: web(one, two), after: web(one+" weight 0", two+" weight 0"), want: found("80", "none of 2 real servers")},
		{name: "one stays", policy: servers, before: web(one, two, three, four), after: web(one, two+" weight 0")},
		{name: "others are there instead", policy: servers, before: web(one), after: web(two)},
		{name: "a new service has none", policy: servers, before: web(one), after: cluster("web", "10.0.1.1", service(80, one)+service(81)), want: []string{"lb1: tcp 10.0.1.1:81, which is new"}},
		{name: "there was none", policy: servers, before: web(one + " weight 0"), after: web()},
		{name: "the service goes with them", policy: servers, before: cluster("web", "10.0.1.1", service(80, one)+service(81, two)), after: web(one)},
		{name: "one of others is left", policy: servers, before: web(one), after: web(), between: func(w world) { w.weigh("lb1", four, 1) }, want: found("80", "none of 1 real server")},

		{name: "a VIP goes", policy: vips, before: cluster("web", "10.0.1.1 10.0.1.2", service(80, one)), after: web(one), want: []string{"lb1: 10.0.1.2 on eth0"}},
		{name: "the cluster goes", policy: vips, before: web(one), want: []string{"lb1: 10.0.1.1 on eth0"}},
		{name: "another VIP", policy: vips, before: web(one), after: cluster("web", "10.0.1.9", service(80, one)), want: []string{"lb1: 10.0.1.1 on eth0"}},
		{name: "another name for the cluster", policy: vips, before: web(one), after: cluster("www", "10.0.1.1", service(80, one))},
		{name: "another director", policy: vips, before: web(one), after: cluster("web", "10.0.1.1", "directors = [host.lb2]\n"+service(80, one))},
		{name: "another director that is left out", policy: vips, before: web(one), after: cluster("web", "10.0.1.1", "directors = [host.lb2]\n"+service(80, one)), hosts: []string{"lb1"}, want: []string{"lb1: 10.0.1.1 on eth0"}},
		{name: "another interface", policy: vips, before: web(one), after: cluster("web", "10.0.1.1", "interface = \"eth1\"\n"+service(80, one))},
		{name: "one of two directors", policy: vips, before: cluster("web", "10.0.1.1", "directors = [host.lb1, host.lb2]\n"+service(80, one)), after: web(one)},
		{name: "a real server goes with its VIP", policy: vips, before: cluster("web", "10.0.1.1", "mode = \"dr\"\n"+service(80)+managed), after: cluster("web", "10.0.1.1", "mode = \"dr\"\n"+service(80, one))},
		{name: "the VIP is destroyed", policy: vips, before: web(one), after: web(one), destroy: true, want: []string{"lb1: 10.0.1.1 on eth0"}},
		{name: "the VIP of another cluster", policy: vips + "\n clusters = [\"web\"]", before: web(one) + cluster("other", "10.0.1.2", service(80, one)), after: web(one)},

		{name: "on the host that may be changed", policy: "hosts = [host.lb1]", before: web(one, two), after: web(one)},
		{
			name: "on another host", policy: "hosts = [host.lb2]", before: web(one), after: cluster("web", "10.0.1.1", "mode = \"dr\"\n"+service(80)+managed),
			want: []string{"web1: web: keep quiet about the VIP, and 1 more", "lb1: web: web1 in service, and 3 more"},
		},
		{name: "what only the ledger remembers", policy: "hosts = [host.lb2]", before: web(one), after: cluster("www", "10.0.1.1", service(80, one))},
		{name: "elsewhere for another cluster", policy: "hosts = [host.lb2]\n clusters = [\"other\"]", before: web(one) + cluster("other", "10.0.1.2", service(80, one)), after: web(two) + cluster("other", "10.0.1.2", service(80, one))},

		{name: "in its time", policy: "window { days = [\"tue\"] }", before: web(one), after: web(one, two)},
		{name: "in one of its times", policy: "window { days = [\"mon\"] }\n window { from = \"12:00\" }", before: web(one), after: web(one, two)},
		{name: "at another time", policy: "window {\n days = [\"mon\"]\n zone = \"Asia/Tokyo\"\n }\n window { from = \"13:00\" }", before: web(one), after: web(one, two), want: []string{"Tue 2026-11-24 21:30 JST"}},
		{name: "nothing to do", policy: "window { days = [\"mon\"] }\n hosts = [host.lb2]\n " + servers, before: web(one), after: web(one)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld("lb1", "lb2", "web1")
			if test.before != "" {
				_, d := load(t, site("keep_vips = true", test.before))
				if err := w.apply(Make(d, w.snapshots(d)), func() error { return nil }); err != nil {
					t.Fatal(err)
				}
			}
			if test.between != nil {
				test.between(w)
			}
			cfg, d := load(t, site(test.policy, test.after))
			if test.destroy {
				d = d.Withdraw()
			}
			snaps := w.snapshots(d)
			for name := range snaps {
				if len(test.hosts) > 0 && !slices.Contains(test.hosts, name) {
					delete(snaps, name)
				}
			}
			for how, d := range map[string]*Desired{"drained": d, "at once": d.AtOnce()} {
				plan := Make(d, snaps)
				got := offencesOf(Judge(cfg, d, plan, snaps, time.Date(2026, 11, 24, 12, 30, 0, 0, time.UTC)))
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s\nof the plan\n%s", how, diff, render(plan))
				}
			}
		})
	}
}

// offencesOf are those of all policies.
func offencesOf(violations []Violation) []string {
	var list []string
	for _, v := range violations {
		for _, o := range slices.Concat(v.Plan, v.Time) {
			list = append(list, o.Found...)
		}
	}
	return list
}

// real is a real server of the service on port 80.
func real(addr string, weight uint32) resource.Destination {
	key := resource.AddrService(resource.TCP, netip.MustParseAddr("10.0.1.1"), 80)
	return resource.Destination{Service: key, Addr: netip.MustParseAddr(addr), Port: 80, Forward: resource.ForwardMasquerade, Weight: weight}
}

// weigh gives a real server a weight, past lvsctl.
func (w world) weigh(host, addr string, weight uint32) { w[host].live.Add(real(addr, weight)) }

// had makes a real server one that stood there before lvsctl with a weight.
func (w world) had(host, addr string, weight uint32) {
	key := real(addr, 0).Key()
	claim := w[host].ledger.Claims.Get(key)
	claim.Prior = real(addr, weight)
	w[host].ledger.Claims.Put(key, claim)
}

// found80 makes a service with two real servers that nobody claimed.
func found80(one string, weight uint32, two string, other uint32) func(w world) {
	return func(w world) {
		w["lb1"].live.Add(resource.Service{ServiceKey: real(one, 0).Service, Scheduler: "wrr", Netmask: resource.FullNetmask(resource.IPv4)})
		w.weigh("lb1", one, weight)
		w.weigh("lb1", two, other)
	}
}

// What is imported changes nothing on a host, and a policy has nothing against it.
func TestJudgeImports(t *testing.T) {
	w := newWorld("lb1", "lb2", "web1")
	found80("10.0.0.21", 1, "10.0.0.22", 1)(w)
	cfg, d := load(t, site("max_removed = \"0%\"\n keep_servers = true\n keep_vips = true\n hosts = [host.lb2]\n window { days = [\"mon\"] }", web("10.0.0.21")))
	snaps := w.snapshots(d)
	plan := Import(d, snaps, d.Importables(snaps))
	if len(plan.Steps) == 0 {
		t.Fatal("nothing is imported")
	}
	if got := Judge(cfg, d, plan, snaps, time.Date(2026, 11, 24, 12, 30, 0, 0, time.UTC)); len(got) > 0 {
		t.Errorf("found %v", got)
	}
}

// What a policy has to say, in whole.
func TestViolationSays(t *testing.T) {
	w := newWorld("lb1", "lb2", "web1")
	_, d := load(t, site("keep_vips = true", web("10.0.0.21", "10.0.0.22")))
	if err := w.apply(Make(d, w.snapshots(d)), func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	cfg, d := load(t, site("max_removed = \"25%\"\n keep_servers = true\n keep_vips = true\n hosts = [host.lb2, host.web1]\n window { from = \"22:00\" }", cluster("web", "10.0.1.2", service(80))))
	snaps := w.snapshots(d)
	found := Judge(cfg, d, Make(d, snaps), snaps, time.Date(2026, 11, 24, 12, 30, 0, 0, time.UTC))
	if len(found) != 1 {
		t.Fatalf("found %v", found)
	}
	v := found[0]
	const plan = `Policy "p": no more than 25 % of a service's real servers may go at once. With this plan go:
  lb1: tcp 10.0.1.1:80: 2 of 2 real servers (100 %)
Policy "p": no service may be left without a real server that takes connections. With this plan are left:
  lb1: tcp 10.0.1.2:80, which is new
Policy "p": no VIP may be removed. With this plan go:
  lb1: 10.0.1.1 on eth0
Policy "p": nothing may be changed but on lb2, web1. This plan changes:
  lb1: web: virtual services, and 2 more
`
	const now = `Policy "p": hosts may be changed every day from 22:00 to 24:00 (UTC). Now it is:
  Tue 2026-11-24 12:30 UTC
It says: Ask first.
`
	for name, test := range map[string]struct{ got, want string }{
		"refused":    {v.Refusal().Error(), "c.hcl:25,1-11: Policy refuses the plan; " + plan + now + "To do it all the same, add --override p. That is recorded."},
		"overridden": {v.Overridden().Error(), "c.hcl:25,1-11: Policy is overridden; " + plan + now + "It is overridden with --override p."},
		"untimely":   {v.Untimely().Error(), "c.hcl:25,1-11: Policy would refuse an apply now; " + now + "The time counts when the plan is applied."},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Of many things that are found not all are listed.
func TestViolationSaysNotAll(t *testing.T) {
	cfg, _ := load(t, site("keep_vips = true", web("10.0.0.21")))
	v := Violation{Policy: cfg.Policies[0], Plan: []Offence{{Condition: "no VIP may be removed. With this plan go:", Found: make([]string, maxFound+5)}}}
	if got := v.Refusal().Detail; !strings.Contains(got, "\n  and 5 more\n") || strings.Count(got, "\n  ") != maxFound+1 {
		t.Errorf("it says\n%s", got)
	}
}

// Half of all real servers go from a host that has many.
func BenchmarkJudge(b *testing.B) {
	const policy = "policy \"p\" {\n message = \"m\"\n max_removed = \"25%\"\n keep_servers = true\n keep_vips = true\n}\n"
	for _, servers := range []int{1_000, 10_000, 40_000} {
		_, d := load(b, manyServers(servers))
		snaps := map[string]*resource.Snapshot{"lb": {Live: resource.NewSet(), Ledger: resource.Ledger{Claims: resource.NewByKey[resource.Claim]()}}}
		for _, step := range Make(d, snaps).Steps {
			for _, c := range step.Changes {
				snaps["lb"].Live.Add(c.After)
				snaps["lb"].Ledger.Claims.Put(c.Key(), resource.Claim{Want: c.After, Step: step.Name})
			}
		}
		cfg, d := load(b, manyServers(servers/2)+policy)
		plan := Make(d, snaps)
		b.Run(fmt.Sprint(servers), func(b *testing.B) {
			perServer(b, servers, func() {
				if len(Judge(cfg, d, plan, snaps, time.Time{})) != 1 {
					b.Fatal("not found")
				}
			})
		})
	}
}
