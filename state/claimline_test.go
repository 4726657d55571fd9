package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// randomClaim is a claim on a service or destination, with all that it can have.
func randomClaim(r *rand.Rand) resource.Claim {
	addr := func() netip.Addr {
		if r.IntN(2) == 0 {
			return netip.AddrFrom4([4]byte{10, byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
		}
		return netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", r.IntN(1<<16)))
	}
	some := func(n int) int { return r.IntN(2) * r.IntN(n) }
	protocol := []resource.Protocol{resource.TCP, resource.UDP, resource.SCTP}[r.IntN(3)]
	d := resource.Destination{
		Service: resource.AddrService(protocol, addr(), uint16(some(1<<16))), Addr: addr(), Port: uint16(some(1 << 16)),
		Forward: resource.Forward(r.IntN(5)), Weight: uint32(some(1 << 31)),
		UpperThreshold: uint32(some(1 << 31)), LowerThreshold: uint32(some(1 << 31)),
		TunnelType: resource.TunnelType(some(3)), TunnelPort: uint16(some(1 << 16)), TunnelFlags: uint16(some(3)),
	}
	c := resource.Claim{Want: d, Step: []string{"", "web: real servers in service", "web: web1 in service"}[r.IntN(3)]}
	prior := d
	prior.Weight++
	if c.Prior = prior; r.IntN(3) == 0 {
		s := resource.Service{
			ServiceKey: d.Service, Scheduler: []string{"rr", "wlc", ""}[r.IntN(3)], Flags: resource.ServiceFlags(some(64)),
			Timeout: uint32(some(1 << 31)), Netmask: uint32(some(1 << 31)), Engine: []string{"", "sip"}[r.IntN(2)],
		}
		c.Want = s
		s.Timeout++
		c.Prior = s
	}
	if r.IntN(2) == 0 {
		c.Prior = nil
	}
	return c
}

// Claims are written as encoding/json writes them, and read as it reads them.
func TestClaimLines(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var reader claimReader
	for range 10_000 {
		c := randomClaim(r)
		rec := record{word: wordClaim, claim: c}
		want, err := json.Marshal(rec.body())
		if err != nil {
			t.Fatal(err)
		}
		got, ok := appendClaim(nil, c, false)
		if !ok || !bytes.Equal(got, want) {
			t.Fatalf("written as\n%s\nand not\n%s", got, want)
		}
		if back, ok := reader.read(got); !ok || back != c {
			t.Fatalf("%s is read as\n%v\nand not\n%v", got, back, c)
		}
	}
}

// So are releases, and what services and destinations were.
func TestOtherLinesOfDestinations(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var reader claimReader
	for range 10_000 {
		c := randomClaim(r)
		for _, rec := range []record{
			{word: wordRelease, claim: c},
			{word: wordWas, says: resource.WasEntry{Key: c.Want.Key(), Was: resource.Was{Claimed: true, Claim: c, Live: c.Want}}},
		} {
			want, err := json.Marshal(rec.body())
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := rec.appendBody(nil); !ok || !bytes.Equal(got, want) {
				t.Fatalf("written as\n%s\nand not\n%s", got, want)
			}
			if was, is := rec.says.(resource.WasEntry); is {
				if back, ok := reader.readWas(want); !ok || back != was {
					t.Fatalf("%s is read as\n%v\nand not\n%v", want, back, was)
				}
			}
		}
	}
}

// What is not written by appendClaim is left to encoding/json, whatever is different.
func TestOtherClaimLines(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var reader claimReader
	for range 10_000 {
		body, _ := appendClaim(nil, randomClaim(r), false)
		at := r.IntN(len(body))
		switch r.IntN(3) {
		case 0:
			body[at] = byte(' ' + r.IntN(95))
		case 1:
			body = append(body[:at], body[at+1:]...)
		case 2:
			body = append(body[:at], append([]byte{body[at]}, body[at:]...)...)
		}
		got, ok := reader.read(body)
		if !ok {
			continue
		}
		var want resource.Claim
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("%s was read, and should not: %v", body, err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b resource.Claim) bool { return a == b })); diff != "" {
			t.Fatalf("%s is read as something else (-want +got):\n%s", body, diff)
		}
	}
	for _, c := range []resource.Claim{
		{Want: resource.Module{Name: "ip_vs"}, Step: "web: load IPVS"},
		{Want: randomClaim(r).Want, Step: `a "quoted" step`},
		{Want: randomClaim(r).Want, Step: "étape"},
		{Want: resource.Destination{Service: resource.MarkService(resource.IPv4, 7), Addr: netip.MustParseAddr("10.0.0.1")}},
		{Want: resource.Destination{}},
	} {
		if body, ok := appendClaim(nil, c, false); ok {
			t.Errorf("written without encoding/json: %s", body)
		}
	}
}

func FuzzClaimLine(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		body, _ := appendClaim(nil, randomClaim(r), false)
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var reader claimReader
		got, ok := reader.read(body)
		if !ok {
			return
		}
		var want resource.Claim
		if err := json.Unmarshal(body, &want); err != nil || want != got {
			t.Fatalf("read as %v, and not as %v, %v", got, want, err)
		}
	})
}
