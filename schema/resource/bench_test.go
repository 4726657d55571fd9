package resource_test

import (
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// BenchmarkObjects is what it takes to write and to read what a host says of itself, as it goes
// through a pipe.
func BenchmarkObjects(b *testing.B) {
	resourcetest.Objects(b, "host, encode", func(b *testing.B, n int) func() {
		snap := director(n)
		return func() { encode(b, snap) }
	})
	resourcetest.Objects(b, "host, decode", func(b *testing.B, n int) func() {
		text := encode(b, director(n))
		return func() {
			var snap resource.Snapshot
			if err := json.Unmarshal(text, &snap); err != nil || snap.Live.Len() != n {
				b.Fatal(err)
			}
		}
	})
}

func encode(b *testing.B, snap *resource.Snapshot) []byte {
	b.Helper()
	text, err := json.Marshal(snap)
	if err != nil {
		b.Fatal(err)
	}
	return text
}

// director is one with so many real servers, all of them lvsctl's, 16 to a service.
func director(n int) *resource.Snapshot {
	s := &resource.Snapshot{Live: resource.NewSet(), Ledger: resource.Ledger{Claims: resource.NewByKey[resource.Claim]()}}
	for i := range n {
		service := resource.AddrService(resource.TCP, netip.AddrFrom4([4]byte{10, 200, byte(i / 16 >> 8), byte(i / 16)}), 80)
		d := resource.Destination{Service: service, Addr: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), Port: 80, Forward: resource.ForwardDirect, Weight: 10}
		s.Live.Add(d)
		s.Ledger.Claims.Put(d.Key(), resource.Claim{Want: d, Step: "web: real servers in service"})
	}
	return s
}
