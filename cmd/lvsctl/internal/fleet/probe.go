package fleet

import (
	"context"
	"fmt"
	"slices"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/provider/probe"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Probe makes probes from their hosts, or from the machine that lvsctl runs on, all at once.
// The results are in the order of the probes. Those from hosts that the fleet does not have
// are skipped. An error is about a host or the link to it, or that the context ended, and not
// about what is probed. Like Read, it gives up a host when the context ends before it has
// answered.
func (f *Fleet) Probe(ctx context.Context, probes []*schema.Probe) ([]planner.Probed, error) {
	results := make([]planner.Probed, len(probes))
	from := map[string][]int{} // places of the probes from each host
	var asking []string
	for i, p := range probes {
		results[i] = planner.Probed{Probe: p, Skipped: !f.has(p.From)}
		if results[i].Skipped {
			continue
		}
		if from[p.Host()] == nil {
			asking = append(asking, p.Host())
		}
		from[p.Host()] = append(from[p.Host()], i)
	}
	err := f.each(asking, func(name string) error {
		outcomes, err := f.probeFrom(ctx, name, tries(probes, from[name]))
		if err != nil {
			return fmt.Errorf("probe: %w", err)
		}
		for n, i := range from[name] {
			results[i].ProbeOutcome = outcomes[n]
		}
		return nil
	})
	if err == nil {
		err = ctx.Err() // probes from here fail then
	}
	return results, err
}

// has tells whether probes can be made from a host, nil for the machine that lvsctl runs on.
func (f *Fleet) has(h *schema.Host) bool { return h == nil || slices.Contains(f.names, h.Name) }

// tries are what the probes at some places are about.
func tries(probes []*schema.Probe, places []int) []resource.Probe {
	list := make([]resource.Probe, len(places))
	for n, i := range places {
		list[n] = probes[i].Try
	}
	return list
}

// probeFrom makes probes from a host, or without a name from the machine that lvsctl runs on.
func (f *Fleet) probeFrom(ctx context.Context, name string, list []resource.Probe) ([]resource.ProbeOutcome, error) {
	if name == "" {
		return probe.Run(ctx, list), nil
	}
	return f.hosts[name].Probe(ctx, list)
}
