package fleet

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// A stocked host has what it is asked for, as the config wants it.
type stocked struct {
	fakeHost
	plan planner.Plan // that sets all up
}

func (h *stocked) Read(context.Context, []resource.Key) (*resource.Snapshot, error) {
	snap := &resource.Snapshot{Live: resource.NewSet(), Ledger: resource.Ledger{Claims: resource.NewByKey[resource.Claim](), Steps: map[string][]resource.Edge{}}}
	for _, s := range h.plan.Steps {
		for _, c := range s.Changes {
			snap.Live.Add(c.After)
			snap.Ledger.Claims.Put(c.Key(), resource.Claim{Want: c.After, Step: s.Name})
		}
		snap.Ledger.Steps[s.Name] = s.After
	}
	return snap, nil
}

// directors is a config of so many directors, each with 100 services of two real servers.
func directors(n int) []byte {
	var b strings.Builder
	for i := range n {
		addr := netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
		fmt.Fprintf(&b, "host \"lb%d\" {\n  address = %q\n  netns = \"lb%[1]d\"\n}\n", i, addr)
		fmt.Fprintf(&b, "cluster \"c%d\" {\n  mode = \"nat\"\n  services_only = true\n  vip = \"10.2.%d.%d\"\n  algorithm = \"wlc\"\n  directors = [host.lb%[1]d]\n", i, i>>8, i&255)
		for s := range 100 {
			fmt.Fprintf(&b, "  service \"s%d\" {\n    port = %d\n    pool \"all\" {\n      servers = [\"10.3.%[1]d.1\", \"10.3.%[1]d.2\"]\n    }\n  }\n", s, 80+s)
		}
		b.WriteString("}\n")
	}
	return []byte(b.String())
}

// BenchmarkFleet is a plan with nothing to do for many hosts: all of them are connected to and
// read, which takes no time here, and planned for. What a host takes must not grow with their
// number.
func BenchmarkFleet(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint("hosts/", n), func(b *testing.B) {
			files := map[string][]byte{"fleet.hcl": directors(n)}
			hosts := stock(b, files)
			connect := func(_ context.Context, h *schema.Host) (agent.Host, error) { return hosts[h.Name], nil }
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var held any
			took, bytes := resourcetest.Best(b, func() {
				held = nil
				plan, snapshots := planFleet(b, files, connect)
				if len(plan.Steps) > 0 {
					b.Fatal("not empty")
				}
				held = snapshots
			})
			runtime.GC()
			runtime.ReadMemStats(&after)
			runtime.KeepAlive(held)
			b.ReportMetric(0, "ns/op") // says nothing
			b.ReportMetric(float64(took.Nanoseconds())/float64(n), "ns/host")
			b.ReportMetric(float64(bytes)/float64(n), "B/host")
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "live-B/host")
		})
	}
}

// planFleet plans as lvsctl plan does.
func planFleet(b *testing.B, files map[string][]byte, connect Connector) (*planner.Plan, any) {
	cfg, _, diags := schema.Parse(files, nil)
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	d, diags := planner.Want(cfg)
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	f, err := Connect(context.Background(), connect, cfg.Hosts, Options{AtOnce: 10})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	snapshots, err := f.Read(context.Background(), d.Keys)
	if err != nil {
		b.Fatal(err)
	}
	return planner.Make(d, snapshots), []any{cfg, d, snapshots}
}

// stock makes hosts that have all that a config wants.
func stock(b *testing.B, files map[string][]byte) map[string]*stocked {
	cfg, _, diags := schema.Parse(files, nil)
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	d, _ := planner.Want(cfg)
	hosts, empty := map[string]*stocked{}, map[string]*resource.Snapshot{}
	for _, h := range cfg.Hosts {
		hosts[h.Name] = &stocked{fakeHost: fakeHost{&network{}, h.Name}}
		empty[h.Name] = &resource.Snapshot{}
	}
	for _, s := range planner.Make(d, empty).Steps {
		h := hosts[s.Host]
		h.plan.Steps = append(h.plan.Steps, s)
	}
	return hosts
}
