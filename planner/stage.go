package planner

// Stages.
//
// A plan is one order of all its steps. Hosts need not wait for each other all the time,
// though: a stage is as many steps in a row as do not depend on each other unless they are on
// one host, where they stay in order. Setting up and taking down are not in one stage, nor is
// what is drained with what is not: of these the order says which should come first, and no
// edge does.

// A stager numbers stages, from 1.
type stager struct {
	last   int
	down   bool
	drains bool
	waved  bool
	wave   int // of the plan's that is being numbered, 0 in a plan without
}

// next is the stage of the node that comes next in the order.
func (s *stager) next(n *node) int {
	wave := s.wave
	if s.waved {
		wave = max(1, wave)
	}
	if n.wave != noWave {
		wave = max(wave, n.wave)
	}
	if s.last == 0 || wave != s.wave || n.down != s.down || n.drains != s.drains || n.behind.elsewhere(n.ref.Host) >= s.last {
		s.last++
	}
	s.down, s.drains, s.wave = n.down, n.drains, wave
	n.behind.add(behind{host: n.ref.Host, stage: s.last})
	return s.last
}

// behind is what a node comes after, directly or by way of nodes that have nothing to do: the
// last stage in which there is some of it, on which host, and the last one in which there is
// some on another host.
type behind struct {
	host         string
	stage, other int
}

// add takes over what somebody comes after.
func (b *behind) add(o behind) {
	switch {
	case o.host == b.host:
		b.stage, b.other = max(b.stage, o.stage), max(b.other, o.other)
	case o.stage > b.stage:
		b.host, b.stage, b.other = o.host, o.stage, max(b.stage, o.other)
	default:
		b.other = max(b.other, o.stage)
	}
}

// elsewhere is the last stage in which there is something on other hosts than one.
func (b *behind) elsewhere(host string) int {
	if b.host == host {
		return b.other
	}
	return b.stage
}
