package planner

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// It gives out what was put in, the first one first, whatever is put in meanwhile.
func TestQueue(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 1))
		nodes := make([]*node, []int{1, 2, 63, 64, 65, 4096, 4097, 10_000}[seed%8])
		for i := range nodes {
			nodes[i] = &node{rank: i, down: rng.IntN(2) == 0, drains: rng.IntN(4) == 0, wave: rng.IntN(3)}
		}
		rng.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
		q := newQueue(nodes)
		var in []*node
		for len(nodes)+len(in) > 0 {
			if q.empty() != (len(in) == 0) {
				t.Fatalf("seed %d: empty is %t with %d in it", seed, q.empty(), len(in))
			}
			if len(nodes) > 0 && (len(in) == 0 || rng.IntN(2) == 0) {
				q.push(nodes[0])
				at, _ := slices.BinarySearchFunc(in, nodes[0], (*node).compare)
				in, nodes = slices.Insert(in, at, nodes[0]), nodes[1:]
				continue
			}
			if got := q.pop(); got != in[0] {
				t.Fatalf("seed %d: got %d, want %d", seed, got.place, in[0].place)
			}
			in = in[1:]
		}
	}
}
