package planner

import (
	"slices"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Units that read files.
//
// A unit is told to read its files again after any of them is written: as the config wants
// it, or as it was before when lvsctl gives it up. Somebody may have changed a file by hand
// and had the unit read it. When lvsctl puts the file back the unit has to read it once
// more, although it had already read what is in the config.

// readBy notes the files of which a setting says that a unit has read them.
func (d *Desired) readBy(h *schema.Host, r resource.Resource) {
	if u, is := r.(resource.Unit); is && u.Setting == resource.UnitFiles {
		w := d.wants[h.Name][u.Key()]
		w.reads = h.Reads[u.Name]
		d.wants[h.Name][u.Key()] = w
	}
}

// rewrites tells whether any of some files or blocks of a host is written anew, as far as the
// plan is made.
func (d *Desired) rewrites(g *graph, host string, files []resource.Key) bool {
	return slices.ContainsFunc(files, func(key resource.Key) bool {
		w, wanted := d.wants[host][key]
		return wanted && slices.ContainsFunc(g.up[w.step.StepRef].changes, func(c resource.Change) bool { return c.Key() == key && writes(c) })
	})
}

// writes tells a change after which other bytes are in a file.
func writes(c resource.Change) bool {
	before, was := textIn(c.Before)
	after, is := textIn(c.After)
	return (was || is) && c.Action.TouchesHost() && (before != after || was != is)
}

// textIn is what a file has, or a block in one; is is false for what is neither.
func textIn(r resource.Resource) (text resource.Text, is bool) {
	switch r := r.(type) {
	case resource.File:
		return r.Content, true
	case resource.Block:
		return r.Content, true
	}
	return "", false
}

// readLast orders that units which are given up read their files after these are what they
// were before.
func (g *graph) readLast() {
	for _, n := range slices.Clip(g.nodes) {
		if !n.down || !slices.ContainsFunc(n.changes, readsFiles) {
			continue
		}
		last := &node{ref: n.ref, down: true, rank: len(g.nodes)}
		g.nodes = append(g.nodes, last)
		n.changes = slices.DeleteFunc(n.changes, func(c resource.Change) bool {
			if readsFiles(c) {
				last.changes = append(last.changes, c)
			}
			return readsFiles(c)
		})
		n.before(last)
		for _, other := range g.nodes {
			if other.ref.Host == n.ref.Host && other != last && slices.ContainsFunc(other.changes, writes) {
				other.before(last)
			}
		}
	}
}

// readsFiles tells a change after which a unit has read its files.
func readsFiles(c resource.Change) bool {
	u, is := c.Before.(resource.Unit)
	return is && u.Setting == resource.UnitFiles
}
