package roundtrip

import (
	"testing"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
)

// Whatever the generator makes is valid.
func TestGenerated(t *testing.T) {
	for seed := range uint64(100) {
		g := newGenerator(seed)
		for range 10 {
			m := g.next()
			text := m.hcl()
			cfg, _, diags := schema.Parse(map[string][]byte{"c.hcl": []byte(text)}, nil)
			if diags.HasErrors() {
				t.Fatalf("seed %d: %v\n%s", seed, diags.Errs(), text)
			}
			if _, diags := planner.Want(cfg); diags.HasErrors() {
				t.Fatalf("seed %d: %v\n%s", seed, diags, text)
			}
		}
	}
}
