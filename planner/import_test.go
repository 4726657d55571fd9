package planner

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// Whatever is imported: nothing changes on the hosts, undoing it brings back what ledgers
// said, and an apply after it deletes what the config does not want.
func TestImportAnything(t *testing.T) {
	for seed := range uint64(200) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 3))
			w := newWorld("h0", "h1", "h2", "h3", "h4")
			w.scatter(rng)
			if rng.IntN(2) == 0 {
				_, first := load(t, randomConfig(rng))
				if err := w.apply(Make(first, w.snapshots(first)), w.safe); err != nil {
					t.Fatal(err)
				}
			}
			_, d := load(t, randomConfig(rng))
			start := w.past()
			w.begin()
			w.importAll(t, d)
			same := cmp.Options{
				cmpopts.EquateEmpty(),
				cmpopts.IgnoreMapEntries(func(k resource.Key, r resource.Resource) bool { return r == defaultOf(k) }), // come when they are looked at
				cmp.Comparer(func(a, b resource.Resource) bool { return a == b }), cmp.Comparer(func(a, b resource.Key) bool { return a == b }),
			}
			if diff := cmp.Diff(start.Live, w.past().Live, same, resourcetest.AsMaps); diff != "" {
				t.Errorf("hosts changed (-before +after):\n%s", diff)
			}
			if err := w.revert(w.safe); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(start, w.past(), same, resourcetest.AsMaps); diff != "" {
				t.Errorf("it does not lead back (-start +now):\n%s", diff)
			}
			w.importAll(t, d)
			if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
				t.Fatal(err)
			}
			for _, o := range d.Importables(w.snapshots(d)) {
				if !o.Wanted || !o.Same {
					t.Errorf("after an apply there is %s, wanted %t", o.Address(), o.Wanted)
				}
			}
		})
	}
}

// importAll imports all that can be, and expects that nothing is left to import.
func (w world) importAll(t *testing.T, d *Desired) {
	t.Helper()
	plan := Import(d, w.snapshots(d), d.Importables(w.snapshots(d)))
	if plan.Touches() {
		t.Errorf("an import that changes hosts:\n%s", render(plan))
	}
	if err := w.apply(plan, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, o := range d.Importables(w.snapshots(d)) {
		if claim := w[o.Host].ledger.Claims.Get(o.Live.Key()); !o.Own || claim.Prior != nil {
			t.Errorf("%s is not lvsctl's own: %v", o.Address(), claim)
		}
	}
	if again := Import(d, w.snapshots(d), d.Importables(w.snapshots(d))); len(again.Steps) > 0 {
		t.Errorf("imported twice:\n%s", render(again))
	}
}

// What the next apply makes of an import stands in the plan: it deletes what no config wants,
// and keeps a service for the destinations of others.
func TestImportForesees(t *testing.T) {
	_, d := load(t, "host \"lb1\" {\n  address = \"192.0.2.1\"\n  netns = \"lb1\"\n}")
	w := newWorld("lb1")
	key := resource.AddrService(resource.TCP, netip.MustParseAddr("192.0.2.9"), 80)
	service := resource.Service{ServiceKey: key, Scheduler: "rr", Netmask: resource.FullNetmask(resource.IPv4)}
	dest := resource.Destination{Service: key, Addr: netip.MustParseAddr("192.0.2.7"), Port: 80}
	w["lb1"].live.Copy(resource.NewSet(service, dest).ByKey)
	all := d.Importables(w.snapshots(d))
	for _, tt := range []struct {
		name    string
		objects []Importable
		want    string
	}{
		{"all", all, "lb1: imported: virtual services\n  adopt service tcp 192.0.2.9:80 (imported, the next apply deletes it)\nlb1: imported: real servers in service\n  adopt destination tcp 192.0.2.9:80 → 192.0.2.7:80 (imported, the next apply deletes it)\n"},
		{"the service alone", all[:1], "lb1: imported: virtual services\n  adopt service tcp 192.0.2.9:80 (others have put destinations in it)\n"},
		{"the destination alone", all[1:], "lb1: imported: real servers in service\n  adopt destination tcp 192.0.2.9:80 → 192.0.2.7:80 (imported, the next apply deletes it)\n"},
	} {
		if diff := cmp.Diff(tt.want, render(Import(d, w.snapshots(d), tt.objects))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
