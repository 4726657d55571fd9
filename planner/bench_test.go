package planner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource"
)

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
