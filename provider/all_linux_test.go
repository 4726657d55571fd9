package provider

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// What can be listed is all there, whoever made it, and each rule in one spelling.
func TestKernelAll(t *testing.T) {
	m := addressed(t)
	run(t, "ip link add dummy7 type dummy")
	run(t, "ip route add 198.51.100.0/24 via 192.0.2.254")
	run(t, "ip route add default via 192.0.2.254 table 100 metric 9 proto static")
	run(t, "ip -6 route add 2001:db8:1::/48 via 2001:db8::ff")
	run(t, "ip rule add fwmark 7 table 100 priority 1000")
	run(t, "ip -6 rule add from 2001:db8::/32 table 100 priority 1001")
	tests := map[resource.Kind][]string{
		resource.KindLink:    {"dummy7 type dummy"},
		resource.KindAddress: {"192.0.2.1/24 on eth0", "2001:db8::1/64 on eth0", "127.0.0.1/8 on lo scope host"},
		resource.KindRoute:   {"198.51.100.0/24 via 192.0.2.254 dev eth0", "default table 100 metric 9 via 192.0.2.254 dev eth0", "2001:db8:1::/48 metric 1024 via 2001:db8::ff dev eth0"},
		resource.KindRule:    {"1000: from all fwmark 0x7 table 100", "1001: from 2001:db8::/32 (IPv6) table 100"},
	}
	for kind, want := range tests {
		snap, err := m.Read(t.Context(), []resource.Key{resource.All(kind)})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for key, r := range snap.Live.All() {
			if key.Kind != kind || key != r.Key() {
				t.Errorf("read %s under the key %s", r, key)
			}
			if slices.Contains(want, r.String()) {
				got = append(got, r.String())
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("all of kind %s (-want +got):\n%s\nin %v", kind, diff, snap.Live.Sorted())
		}
		if kind == resource.KindRule && snap.Live.Len() != 2+3+2 {
			t.Errorf("%d rules, and every host has 5: %v", snap.Live.Len(), snap.Live.Sorted())
		}
	}
}
