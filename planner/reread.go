package planner

import (
	"maps"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Units that read files.
//
// A unit is told to read its files again after any of them is written: as the config wants
// it, or as it was before when lvsctl gives it up or an apply is undone. That it has read
// what is wanted by now is no reason not to: somebody may have changed the file by hand, had
// the unit read that, and now the file is put back.

// readAgain adds that units read files which are written, where the plan has them unchanged.
func (g *graph) readAgain(d *Desired, snapshots map[string]*resource.Snapshot) {
	for host, f := range g.files() {
		snap := snapshots[host]
		var more []func() // what is added would move the changes that f points to
		for _, unit := range readingUnits(snap.Live) {
			key := unit.Key()
			claim := snap.Ledger.Claims.Get(key)
			if !reads(unit, f.written) && !reads(claim.Want, f.written) {
				continue
			}
			c := f.rereads[key]
			w, wanted := d.wants[host].Find(key)
			switch {
			case c != nil && c.Action.TouchesHost():
			case c != nil && c.Action == resource.Forget:
				*c = resource.Change{Action: resource.Restore, Before: unit, After: unit, Reason: resource.FilesWritten}
			case c != nil:
				c.Action, c.Before, c.After, c.Reason = resource.Update, unit, unit, resource.FilesWritten
			case wanted:
				again := resource.Change{Action: resource.Update, Before: unit, After: unit, Source: w.source, Reason: resource.FilesWritten, Claim: keepingClaim(claim)}
				more = append(more, func() { g.setUp(w.step, again) })
			}
		}
		for _, add := range more {
			add()
		}
	}
}

// readingUnits are the units of a host of which it is known what they have read, by name.
func readingUnits(live resource.Set) []resource.Unit {
	var list []resource.Unit
	for _, r := range live.All() {
		if u, is := r.(resource.Unit); is && u.Setting == resource.UnitFiles {
			list = append(list, u)
		}
	}
	slices.SortFunc(list, func(a, b resource.Unit) int { return a.Key().Compare(b.Key()) })
	return list
}

// keepingClaim is a claim that stays as it is, nil for none.
func keepingClaim(claim resource.Claim) *resource.Claim {
	if claim.Want == nil {
		return nil
	}
	return &claim
}

// reads tells whether a unit reads one of some files.
func reads(r resource.Resource, paths map[string]bool) bool {
	unit, is := r.(resource.Unit)
	return is && unit.Reads != "" && slices.ContainsFunc(strings.Split(unit.Reads, "\n"), func(p string) bool { return paths[p] })
}

// A fileWork is what a plan does with the files of a host, and with units that read some.
type fileWork struct {
	written map[string]bool                   // in which other bytes will be
	rereads map[resource.Key]*resource.Change // after which units have read theirs
}

// files is that of all hosts on which any file is written.
func (g *graph) files() map[string]fileWork {
	work := map[string]fileWork{}
	for _, n := range g.nodes {
		for i := range n.changes {
			c := &n.changes[i]
			path := c.Writes()
			if path == "" && !rereads(*c) {
				continue
			}
			f, known := work[n.ref.Host]
			if !known {
				f = fileWork{map[string]bool{}, map[resource.Key]*resource.Change{}}
				work[n.ref.Host] = f
			}
			if path == "" {
				f.rereads[c.Key()] = c
				continue
			}
			f.written[path] = true
		}
	}
	maps.DeleteFunc(work, func(_ string, f fileWork) bool { return len(f.written) == 0 })
	return work
}

// rereads tells a change after which a unit has read its files.
func rereads(c resource.Change) bool {
	for _, r := range []resource.Resource{c.Before, c.After} {
		if u, is := r.(resource.Unit); is && u.Setting == resource.UnitFiles {
			return true
		}
	}
	return false
}

// readLast orders that units read their files after all that is given up and written: what
// they do on the way up comes before that.
func (g *graph) readLast() {
	givenUp := map[string]bool{}
	writes := map[string][]*node{}
	for _, n := range g.nodes {
		if slices.ContainsFunc(n.changes, func(c resource.Change) bool { return c.Writes() != "" }) {
			writes[n.ref.Host] = append(writes[n.ref.Host], n)
			givenUp[n.ref.Host] = givenUp[n.ref.Host] || n.down
		}
	}
	for _, n := range slices.Clip(g.nodes) {
		if !givenUp[n.ref.Host] || !slices.ContainsFunc(n.changes, rereads) {
			continue
		}
		last := &node{ref: n.ref, after: n.after, down: n.down, rank: len(g.nodes)}
		g.nodes = append(g.nodes, last)
		n.changes = slices.DeleteFunc(n.changes, func(c resource.Change) bool {
			if rereads(c) {
				last.changes = append(last.changes, c)
			}
			return rereads(c)
		})
		n.before(last)
		for _, first := range writes[n.ref.Host] {
			first.before(last)
		}
	}
}
