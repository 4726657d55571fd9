package ipvs

import (
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// BenchmarkObjects is what destinations take to be written as messages of the kernel, checks
// included, and to be read from such.
func BenchmarkObjects(b *testing.B) {
	resourcetest.Objects(b, "netlink, encode", func(b *testing.B, n int) func() {
		ops := addDestinations(n)
		f := &fakeKernel{serve: ackOnly}
		c := newConn(f, testFamily)
		return func() {
			if _, failures := c.apply(ops); len(failures) > 0 {
				b.Fatal(failures)
			}
		}
	})
	resourcetest.Objects(b, "netlink, decode", func(b *testing.B, n int) func() {
		g := newGenerator(1)
		key := g.key()
		payloads := make([][]byte, n)
		for i := range payloads {
			d := g.destination(key)
			payloads[i] = appendDestination(nil, &d, true)
		}
		return func() {
			for _, p := range payloads {
				if _, err := decodeDestination(p, key); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
