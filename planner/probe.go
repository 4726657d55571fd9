package planner

import (
	"net/netip"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A Probed is a probe with what became of it.
type Probed struct {
	*schema.Probe
	resource.ProbeOutcome
	Skipped bool // it was not made: the run does not go to the host that asks
}

// Passed tells whether the probe was made and passed.
func (p Probed) Passed() bool { return !p.Skipped && p.ProbeOutcome.Passed() }

// Failed tells whether the probe was made and failed.
func (p Probed) Failed() bool { return !p.Skipped && !p.ProbeOutcome.Passed() }

// ProbesBefore are the probes of a config as they are made before a plan is carried out, in
// the same order. Those of a cluster that has no VIP yet fail then, and are tried once.
func ProbesBefore(cfg *schema.Config, plan *Plan) []*schema.Probe {
	var list []*schema.Probe
	for _, c := range cfg.Clusters {
		if len(c.Probes) == 0 {
			continue // to look through the plan takes time
		}
		isNew := plan.bringsUp(c)
		for _, p := range c.Probes {
			before := *p
			if isNew {
				before.Try.Tries = 1
			}
			list = append(list, &before)
		}
	}
	return list
}

// bringsUp tells whether the plan makes all VIPs of a cluster, which no host has before.
func (p *Plan) bringsUp(c *schema.Cluster) bool {
	makes, had := map[netip.Addr]int{}, map[netip.Addr]bool{}
	directors := map[string]bool{}
	for _, h := range c.Directors {
		directors[h.Name] = true
	}
	for _, step := range p.Steps {
		for _, change := range step.Changes {
			key := change.Key()
			switch {
			case key.Kind != resource.KindAddress:
			case change.Before != nil:
				had[key.Prefix.Addr()] = true
			case directors[step.Host]:
				makes[key.Prefix.Addr()]++
			}
		}
	}
	for _, vip := range c.VIPs {
		if makes[vip] < len(c.Directors) || had[vip] {
			return false
		}
	}
	return len(c.VIPs) > 0
}

// Broken lists the probes that passed before a plan was carried out and fail after it. What
// failed before is not to blame on the plan, and what was not made tells nothing.
func Broken(before, after []Probed) []Probed {
	passed := make(map[*schema.Probe]bool, len(before))
	for _, p := range before {
		passed[p.Probe] = p.Passed()
	}
	var broken []Probed
	for _, p := range after {
		if p.Failed() && passed[p.Probe] {
			broken = append(broken, p)
		}
	}
	return broken
}
