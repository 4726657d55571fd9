package planner

import (
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// twoOfMany is a director of four services with three real servers each.
func twoOfMany(weight int) string {
	var b strings.Builder
	b.WriteString("host \"lb\" {\n  address = \"192.0.2.1\"\n  interface = \"eth0\"\n  local = true\n}\n")
	for i := range 4 {
		fmt.Fprintf(&b, "cluster \"c%d\" {\n  mode = \"dr\"\n  vip = \"192.0.2.10%d\"\n  services_only = true\n  algorithm = \"rr\"\n  directors = [host.lb]\n", i, i)
		fmt.Fprintf(&b, "  service \"http\" {\n    port = 80\n    pool \"all\" {\n      servers = [\"10.0.%d.1\", \"10.0.%d.2 weight %d\", \"10.0.%d.3\"]\n    }\n  }\n}\n", i, i, 1+i/3*weight, i)
	}
	return b.String()
}

// What is read again after a plan, with what was read before of the rest, is all that is there.
func TestTouched(t *testing.T) {
	w := newWorld("lb")
	_, first := load(t, twoOfMany(0))
	if err := w.apply(Make(first, w.snapshots(first)), func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	_, second := load(t, twoOfMany(5))
	before := w.snapshots(second)
	busy := before["lb"].Live.Sorted()
	idle := busy[len(busy)-1].Key() // what is behind the last service changes
	serving := resource.DestinationKey(resource.AddrService(resource.TCP, netip.MustParseAddr("192.0.2.100"), 80), netip.MustParseAddr("10.0.0.1"), 80)
	before["lb"].Connections = map[resource.Key]resource.Connections{serving: {Active: 5}, idle: {Active: 7}}
	plan := Make(second, before)
	touched := plan.Touched(before)["lb"]
	if len(touched) != 1 || len(touched.Keys()) != 2 {
		t.Fatalf("touched: %v, to be read: %v", touched, touched.Keys())
	}
	if err := w.apply(plan, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	whole := w.snapshots(second)["lb"]
	read := *whole
	read.Live = whole.Live.Clone()
	read.Live.DeleteFunc(func(k resource.Key, _ resource.Resource) bool {
		return k.Kind == resource.KindDestination && !touched[k.Service]
	})
	read.Connections = nil // as it comes from another host
	if read.Live.Len() != whole.Live.Len()-9 {
		t.Fatalf("%d of %d objects were read", read.Live.Len(), whole.Live.Len())
	}
	touched.Complete(&read, before["lb"])
	if !maps.Equal(maps.Collect(read.Live.All()), maps.Collect(whole.Live.All())) {
		t.Errorf("%d objects in the end, want %d", read.Live.Len(), whole.Live.Len())
	}
	if len(read.Connections) != 1 || read.Connections[serving].Active != 5 {
		t.Errorf("connections: %v", read.Connections)
	}
	if left := Make(second, map[string]*resource.Snapshot{"lb": &read}); len(left.Steps) > 0 {
		t.Errorf("left to do:\n%s", render(left))
	}

	// A service that is gone by then is gone with all that was behind it.
	for key := range before["lb"].Live.Services() {
		if !touched[key] {
			read.Live = whole.Live.Clone()
			read.Live.Delete(resource.Service{ServiceKey: key}.Key())
			read.Live.DeleteFunc(func(k resource.Key, _ resource.Resource) bool {
				return k.Kind == resource.KindDestination && !touched[k.Service]
			})
			touched.Complete(&read, before["lb"])
			if left := Make(second, map[string]*resource.Snapshot{"lb": &read}); left.Summary().Add != 4 {
				t.Errorf("a service is gone, and left to do is:\n%s", render(left))
			}
			break
		}
	}
}

// All is read again where most of it changed, or IPVS itself was loaded.
func TestTouchedAll(t *testing.T) {
	w := newWorld("lb")
	_, d := load(t, twoOfMany(0))
	before := w.snapshots(d)
	if touched := Make(d, before).Touched(before)["lb"]; touched != nil || touched.Keys() != nil {
		t.Errorf("touched: %v", touched)
	}
	if err := w.apply(Make(d, before), func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	_, many := load(t, strings.ReplaceAll(twoOfMany(0), ".2 weight 1", ".2 weight 7"))
	before = w.snapshots(many)
	if touched := Make(many, before).Touched(before)["lb"]; touched != nil {
		t.Errorf("touched: %v", touched)
	}
}
