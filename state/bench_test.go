package state

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// BenchmarkObjects is what the ledger takes for a step of many changes, without the disk, and
// to be read.
func BenchmarkObjects(b *testing.B) {
	resourcetest.Objects(b, "ledger, encode", func(_ *testing.B, n int) func() {
		claims := manyClaims(n)
		return func() { newBatch(0).add(claims...) }
	})
	resourcetest.Objects(b, "ledger, decode", func(b *testing.B, n int) func() {
		log := newBatch(0)
		log.add(record{word: wordLedger, says: headerBody{formatName, formatVersion}}, record{word: wordEnd, says: endBody{}})
		log.add(manyClaims(n)...)
		return func() {
			if _, err := parse(log.buf.Bytes()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// manyClaims are the records of so many claims.
func manyClaims(n int) []record {
	records := make([]record, n)
	for i := range records {
		d := resource.Destination{
			Service: resource.AddrService(resource.TCP, netip.AddrFrom4([4]byte{198, 51, 100, byte(i / 1000)}), 443),
			Addr:    netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), Port: 8443,
			Forward: resource.ForwardDirect, Weight: 10,
		}
		records[i] = record{word: wordClaim, claim: resource.Claim{Want: d, Step: "web: real servers in service"}}
	}
	return records
}

// manyChanges is a step as large as the largest directors: 37,000 destinations.
func manyChanges(a resource.Action, weight uint32) resource.Step {
	changes := make([]resource.Change, 0, 37_000)
	for i := range 37_000 {
		d := resource.Destination{
			Service: resource.AddrService(resource.TCP, netip.AddrFrom4([4]byte{198, 51, 100, byte(i / 1000)}), 443),
			Addr:    netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), Port: 8443,
			Forward: resource.ForwardDirect, Weight: weight,
		}
		if c := change(a, nil, d); a == resource.Create {
			changes = append(changes, c)
		} else {
			changes = append(changes, change(a, d, d))
		}
	}
	return step("balance web on every address", changes...)
}

func BenchmarkStep(b *testing.B) {
	for _, how := range []resource.Action{resource.Create, resource.Update} {
		b.Run(fmt.Sprint(how, "/37000"), func(b *testing.B) {
			s := open(b, b.TempDir())
			carryOut(b, s, step("other", change(resource.Create, nil, object(0, 1))))
			st := manyChanges(how, 1)
			s.minimum = 1 << 30
			for b.Loop() {
				carryOut(b, s, st)
			}
		})
	}
	b.Run("update/1 of 37000", func(b *testing.B) {
		s := open(b, b.TempDir())
		st := manyChanges(resource.Create, 1)
		carryOut(b, s, st)
		st.Changes = st.Changes[:1]
		for b.Loop() {
			carryOut(b, s, st)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	carryOut(b, open(b, dir), manyChanges(resource.Create, 1))
	info, err := os.Stat(filepath.Join(dir, ledgerFile))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		open(b, dir)
	}
}

func BenchmarkCompact(b *testing.B) {
	s := open(b, b.TempDir())
	carryOut(b, s, manyChanges(resource.Create, 1))
	for b.Loop() {
		if err := s.compact(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLedger(b *testing.B) {
	s := open(b, b.TempDir())
	carryOut(b, s, manyChanges(resource.Create, 1))
	for b.Loop() {
		s.Ledger()
	}
}
