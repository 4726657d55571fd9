package planner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// BenchmarkObjects is the work of the planner by its parts: the recipe; the diff of a host
// that has all that is wanted; the diff and the order of one that has nothing; and the order
// alone, of as many steps as there are objects.
func BenchmarkObjects(b *testing.B) {
	resourcetest.Objects(b, "recipe", func(b *testing.B, n int) func() {
		cfg, _ := load(b, manyServers(n))
		return func() { Want(cfg) }
	})
	resourcetest.Objects(b, "diff, nothing to do", func(b *testing.B, n int) func() {
		_, d := load(b, manyServers(n))
		snaps := map[string]*resource.Snapshot{"lb": atRest(Make(d, map[string]*resource.Snapshot{"lb": {}}))}
		return func() {
			if plan := Make(d, snaps); len(plan.Steps) > 0 {
				b.Fatal("not empty")
			}
		}
	})
	resourcetest.Objects(b, "diff, all to do", func(b *testing.B, n int) func() {
		_, d := load(b, manyServers(n))
		return func() { Make(d, map[string]*resource.Snapshot{"lb": {}}) }
	})
	resourcetest.Objects(b, "order", func(b *testing.B, n int) func() {
		d := manySteps(n)
		return func() {
			g := newGraph(d)
			g.lay(d, nil)
			for _, s := range d.steps {
				g.setUp(s, resource.Change{Action: resource.Create, After: resource.Module{Name: s.Name}})
			}
			g.connect(nil)
			if len(g.order()) != n {
				b.Fatal("steps are missing")
			}
		}
	})
}

// atRest is a host on which a plan that sets up all was carried out.
func atRest(plan *Plan) *resource.Snapshot {
	snap := &resource.Snapshot{Live: resource.NewSet(), Ledger: resource.Ledger{Claims: resource.NewByKey[resource.Claim](), Steps: map[string][]resource.Edge{}}}
	for _, s := range plan.Steps {
		for _, c := range s.Changes {
			snap.Live.Add(c.After)
			snap.Ledger.Claims.Put(c.Key(), resource.Claim{Want: c.After, Step: s.Name})
		}
		snap.Ledger.Steps[s.Name] = s.After
	}
	return snap
}

// manySteps are steps that come after up to three that were declared before.
func manySteps(n int) *Desired {
	d := &Desired{Hosts: []string{"lb"}}
	for i := range n {
		s := &step{StepRef: resource.StepRef{Host: "lb", Name: fmt.Sprint("step ", i)}, index: i}
		for _, before := range []int{1, 7, 100} {
			if i >= before {
				s.after = append(s.after, edge{d.steps[i-before], "it has to"})
			}
		}
		d.steps = append(d.steps, s)
	}
	return d
}

// The work of the planner for a growing number of real servers, 16 to a cluster: from
// the config to a plan for an empty host, and to the empty plan afterwards. ns/server
// must not grow.
func BenchmarkPlan(b *testing.B) {
	for _, servers := range []int{1_000, 10_000, 100_000} {
		cfg, _ := load(b, manyServers(servers))
		b.Run(fmt.Sprintf("cold/%d", servers), func(b *testing.B) {
			perServer(b, servers, func() {
				d, _ := Want(cfg)
				Make(d, map[string]*resource.Snapshot{"lb": {}})
			})
		})
		b.Run(fmt.Sprintf("nothing/%d", servers), func(b *testing.B) {
			w := newWorld("lb")
			d, _ := Want(cfg)
			if err := w.apply(Make(d, w.snapshots(d)), func() error { return nil }); err != nil {
				b.Fatal(err)
			}
			snaps := w.snapshots(d)
			perServer(b, servers, func() {
				d, _ := Want(cfg)
				if plan := Make(d, snaps); len(plan.Steps) > 0 {
					b.Fatal("not empty")
				}
			})
		})
	}
}

// perServer runs f and reports its cost for each of n servers.
func perServer(b *testing.B, n int, f func()) {
	b.ReportAllocs()
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/server")
}

func manyServers(n int) string {
	var b strings.Builder
	b.WriteString("host \"lb\" {\n  address = \"10.255.0.1\"\n  interface = \"eth0\"\n  local = true\n}\n")
	for c := range n / 16 {
		fmt.Fprintf(&b, "cluster \"c%d\" {\n  mode = \"dr\"\n  vip = \"10.200.%d.%d\"\n  algorithm = \"wlc\"\n  directors = [host.lb]\n", c, c/250, c%250+1)
		b.WriteString("  service \"s\" {\n    port = 80\n  }\n  pool \"p\" {\n    servers = [")
		for s := range 16 {
			n := c*16 + s
			fmt.Fprintf(&b, "%q, ", fmt.Sprintf("10.%d.%d.%d", n/62500, n/250%250, n%250+1))
		}
		b.WriteString("]\n  }\n}\n")
	}
	return b.String()
}

// What binds a saved plan to a config and to a host that has all of it. ns/server must
// not grow.
func BenchmarkBasis(b *testing.B) {
	for _, servers := range []int{1_000, 10_000, 40_000} {
		cfg, _ := load(b, manyServers(servers))
		w := newWorld("lb")
		d, _ := Want(cfg)
		if err := w.apply(Make(d, w.snapshots(d)), func() error { return nil }); err != nil {
			b.Fatal(err)
		}
		snap := w.snapshots(d)["lb"]
		b.Run(fmt.Sprint(servers), func(b *testing.B) {
			perServer(b, servers, func() {
				d.Digest()
				d.Basis("lb", snap)
			})
		})
	}
}
