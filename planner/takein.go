package planner

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// takeInLast orders what changes on real servers before they get connections, or more of
// them: a page is written before anybody is sent there for it. Steps of the recipes say so
// themselves; this is for what host blocks ask for, and for the way back. A step of a host that
// is declared after that of the destination may have to come after it: a real server can be
// the director of something else.
func (g *graph) takeInLast(snapshots map[string]*resource.Snapshot) {
	changing := map[string][]*node{}
	for _, n := range g.nodes {
		if !n.down && changesServer(n) {
			changing[n.ref.Host] = append(changing[n.ref.Host], n)
		}
	}
	if len(changing) == 0 {
		return
	}
	hosts := hostsAt(snapshots)
	for _, n := range g.nodes {
		seen := map[string]bool{}
		for _, c := range n.changes {
			if n.down || !takesIn(c) {
				continue
			}
			for _, host := range hosts[c.Key().Prefix.Addr()] {
				if seen[host] {
					continue
				}
				seen[host] = true
				for _, first := range changing[host] {
					if first.rank < n.rank {
						first.before(n)
					}
				}
			}
		}
	}
}

// hostsAt are the hosts that have an address as their own. Some have the same, as those of
// bridges that programs make.
func hostsAt(snapshots map[string]*resource.Snapshot) map[netip.Addr][]string {
	hosts := map[netip.Addr][]string{}
	for _, name := range slices.Sorted(maps.Keys(snapshots)) {
		for _, a := range snapshots[name].Facts.Addresses {
			if addr := a.Prefix.Addr(); !slices.Contains(hosts[addr], name) {
				hosts[addr] = append(hosts[addr], name)
			}
		}
	}
	return hosts
}

// changesServer tells nodes with changes that a real server notices as such.
func changesServer(n *node) bool {
	for _, c := range n.changes {
		kind := c.Key().Kind
		if counts(c) && kind != resource.KindService && kind != resource.KindDestination {
			return true
		}
	}
	return false
}

// takesIn tells changes by which a real server gets connections that it did not get before.
func takesIn(c resource.Change) bool {
	after, is := c.After.(resource.Destination)
	before, was := c.Before.(resource.Destination)
	return is && after.Weight > 0 && (!was || before.Weight == 0)
}

// takenInLast moves what takes real servers in to after the last change on their hosts, also
// where that takes something away. It is for the way back, where a real server may be out of
// service since it does not work: what it was changed by goes first. Those at addresses of
// hosts that are out of reach stay out while others are there, as nobody knows what is there.
func takenInLast(steps []resource.Step, snapshots map[string]*resource.Snapshot, lost map[netip.Addr]bool) []resource.Step {
	hosts, last := hostsAt(snapshots), map[string]int{}
	for i, s := range steps {
		if changesServer(&node{changes: s.Changes}) {
			last[s.Host] = i
		}
	}
	when := func(i int, c resource.Change) int {
		at := i
		for _, host := range hosts[c.Key().Prefix.Addr()] {
			at = max(at, last[host])
		}
		return at
	}
	later := map[int][]resource.Step{}
	var out []resource.Step
	for i, s := range steps {
		now, then := s, resource.Step{StepRef: s.StepRef, After: s.After}
		now.Changes = nil
		at := i
		for _, c := range s.Changes {
			if !takesIn(c) {
				now.Changes = append(now.Changes, c)
				continue
			}
			switch n := when(i, c); {
			case lost[c.Key().Prefix.Addr()] && standIns(snapshots[s.Host], c.Key()):
			case n > i:
				then.Changes, at = append(then.Changes, c), max(at, n)
			default:
				now.Changes = append(now.Changes, c)
			}
		}
		if len(now.Changes) > 0 {
			out = append(out, now)
		}
		if len(then.Changes) > 0 {
			later[at] = append(later[at], then)
		}
		out = append(out, later[i]...)
	}
	return out
}

// standIns tells whether a service has another destination that gets connections.
func standIns(snap *resource.Snapshot, key resource.Key) bool {
	for live := range snap.Live.Behind(key.Service).All() {
		if dest := live.(resource.Destination); dest.Key() != key && dest.Weight > 0 {
			return true
		}
	}
	return false
}
