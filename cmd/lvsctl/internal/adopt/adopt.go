// Package adopt describes a host as it is, in the language of configurations.
//
// What it writes is held to one promise: a plan with it changes nothing on the host. So
// it does not guess. IPVS is written down as it stands, cluster by cluster. For each
// cluster the planner is asked what its mode would need around the services; where the
// host has all of that, the cluster is written as one of that mode, and else as its
// services alone. What is left of VIPs, kernel settings, interfaces, routes and rules
// stands in the host block, by itself.
//
// It is pure: how a host is read is a function, and the result is text.
package adopt

import (
	"context"
	"fmt"
	"slices"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A Subject is a host by the name that it is to have in the config, and how it is reached.
type Subject struct {
	Name  string
	Reach schema.Reach
}

// A Reader reads a host, as [provider.Machine.Read] does.
type Reader func(context.Context, []resource.Key) (*resource.Snapshot, error)

// A Description is a host as a configuration.
type Description struct {
	Config []byte        // one file, in the canonical layout
	Left   []Omission    // what is there and not in it
	Plan   *planner.Plan // with the config, for the host as it was read
}

// An Omission is an object that the config does not have, and why.
type Omission struct {
	Object resource.Resource
	Why    string // lower case, no period
}

// Describe reads a host and writes it down. An error that wraps [ErrTouches] comes with
// the description.
func Describe(ctx context.Context, subject Subject, read Reader) (*Description, error) {
	first, err := read(ctx, lists())
	if err != nil {
		return nil, err
	}
	keys := append(lists(), settings(first.Facts)...)
	seen, err := read(ctx, keys)
	if err != nil {
		return nil, err
	}
	d := newDraft(subject, seen)
	keys = slices.Concat(keys, modules(seen), d.needs())
	if seen, err = read(ctx, keys); err != nil {
		return nil, err
	}
	return d.finish(seen)
}

// A draft is a description that is being made.
type draft struct {
	subject  Subject
	homes    []home       // what the host's own address can be, the likeliest first
	clusters [][]*cluster // each in the ways that it can be written, the best first
	left     []Omission
	known    map[attempt]*planner.Desired
}

// newDraft sorts what is there into clusters.
func newDraft(subject Subject, snap *resource.Snapshot) *draft {
	d := &draft{subject: subject, homes: homes(snap), known: map[attempt]*planner.Desired{}}
	for _, c := range d.sort(snap) {
		d.clusters = append(d.clusters, c.ways(snap))
	}
	return d
}

// needs lists what has to be read to tell which ways are open.
func (d *draft) needs() []resource.Key {
	var keys []resource.Key
	for _, at := range d.homes {
		for _, ways := range d.clusters {
			for _, c := range ways {
				if c.servicesOnly {
					continue // needs nothing around it
				}
				if want := d.wants(at, c); want != nil {
					keys = append(keys, want.Keys(d.subject.Name)...)
				}
			}
		}
	}
	return keys
}

// finish chooses how each cluster is written, and writes.
func (d *draft) finish(snap *resource.Snapshot) (*Description, error) {
	at, clusters := d.choose(snap)
	desc, err := d.describe(at, clusters, snap)
	if err == nil {
		return desc, nil
	}
	// Together they may be too much, where each by itself was not.
	return d.describe(at, d.alone(), snap)
}

// alone is all clusters as their services alone.
func (d *draft) alone() []*cluster {
	list := make([]*cluster, len(d.clusters))
	for i, ways := range d.clusters {
		list[i] = ways[len(ways)-1]
	}
	return list
}

// describe writes clusters and all that they leave to the host, and makes sure of it.
func (d *draft) describe(at home, clusters []*cluster, snap *resource.Snapshot) (*Description, error) {
	covered := map[resource.Key]bool{}
	for _, c := range clusters {
		if c.servicesOnly {
			continue
		}
		for _, k := range wanted(d.wants(at, c), d.subject.Name) {
			covered[k] = true
		}
	}
	h := pickHost(at, clusters, covered, snap)
	desc := &Description{Left: append(d.left, h.left...)}
	desc.Left = append(desc.Left, rulesLeft(covered, snap)...)
	desc.Config = write(d.subject, h, clusters, desc.Left)
	cfg, _, diags := schema.Parse(map[string][]byte{"adopt.hcl": desc.Config}, nil)
	if diags.HasErrors() {
		return desc, fmt.Errorf("what was written cannot be read: %w", diags)
	}
	desired, diags := planner.Want(cfg)
	if diags.HasErrors() {
		return desc, fmt.Errorf("what was written contradicts itself: %w", diags)
	}
	desc.Plan = planner.Make(desired, map[string]*resource.Snapshot{d.subject.Name: snap})
	if desc.Plan.Touches() {
		return desc, fmt.Errorf("%w: %s", ErrTouches, firstChange(desc.Plan))
	}
	return desc, nil
}
