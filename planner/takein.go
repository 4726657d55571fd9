package planner

import (
	"net/netip"

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
	hosts := map[netip.Addr]string{}
	for name := range changing {
		if snap := snapshots[name]; snap != nil {
			for _, a := range snap.Facts.Addresses {
				hosts[a.Prefix.Addr()] = name
			}
		}
	}
	for _, n := range g.nodes {
		seen := map[string]bool{}
		for _, c := range n.changes {
			host, known := hosts[c.Key().Prefix.Addr()]
			if n.down || !known || seen[host] || !takesIn(c) {
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
