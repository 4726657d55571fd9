package planner

import (
	"cmp"
	"math/bits"
	"slices"
)

// A queue is the nodes that can be next: those of the first wave, setting up first, then what
// is drained, then by rank. Which of two comes first never changes, so that each node has a
// place, and the queue is a bit for each: whether the node can be next. Above 64 bits is one
// that says whether any of them is set, and so on up to a single word.
type queue struct {
	nodes  []*node // by place
	levels [][]uint64
}

func newQueue(nodes []*node) *queue {
	q := &queue{nodes: slices.Clone(nodes)}
	slices.SortFunc(q.nodes, (*node).compare)
	for i, n := range q.nodes {
		n.place = i
	}
	for size := len(nodes); ; {
		size = (size + 63) / 64
		q.levels = append(q.levels, make([]uint64, max(1, size)))
		if size <= 1 {
			return q
		}
	}
}

// compare orders nodes that no edge orders.
func (n *node) compare(o *node) int {
	return cmp.Or(cmp.Compare(n.wave, o.wave), falseFirst(n.down, o.down), falseFirst(o.drains, n.drains), cmp.Compare(n.rank, o.rank))
}

func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func (q *queue) empty() bool { return q.levels[len(q.levels)-1][0] == 0 }

// push says that a node can be next.
func (q *queue) push(n *node) {
	at := n.place
	for _, level := range q.levels {
		level[at/64] |= 1 << (at % 64)
		at /= 64
	}
}

// pop takes the first of the nodes that can be next.
func (q *queue) pop() *node {
	at := 0
	for _, level := range slices.Backward(q.levels) {
		at = 64*at + bits.TrailingZeros64(level[at])
	}
	n := q.nodes[at]
	for _, level := range q.levels {
		if level[at/64] &^= 1 << (at % 64); level[at/64] != 0 {
			break
		}
		at /= 64
	}
	return n
}
