package planner

// queue is the nodes that can be next: those of the first wave, setting up first, then what is drained, then by
// rank.
type queue []*node

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].wave != q[j].wave {
		return q[i].wave < q[j].wave
	}
	if q[i].down != q[j].down {
		return q[j].down
	}
	if q[i].drains != q[j].drains {
		return q[i].drains
	}
	return q[i].rank < q[j].rank
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(*node)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	n := (*q)[last]
	*q = (*q)[:last]
	return n
}
