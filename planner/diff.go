package planner

import (
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Make compares what is wanted with what each host has, and returns the plan that
// makes them equal. Hosts without a snapshot are left out.
//
// Three states of each object decide: what the config wants, what the host has, and
// what the ledger says we left there. Objects that are neither wanted nor in the
// ledger belong to somebody else and are not touched, whatever they are.
func Make(d *Desired, snapshots map[string]*resource.Snapshot) *Plan {
	g := newGraph(d, snapshots)
	plan := &Plan{}
	for _, name := range d.Hosts {
		snap, ok := snapshots[name]
		if !ok {
			continue
		}
		plan.Hosts = append(plan.Hosts, Host{Name: name, Drift: drift(snap), Foreign: d.foreign(name, snap)})
	}
	for _, s := range d.steps {
		snap, ok := snapshots[s.Host]
		if !ok {
			continue
		}
		for _, key := range s.keys {
			if c, needed := d.converge(d.wants[s.Host][key], key, snap); needed {
				g.setUp(s, c)
			}
		}
	}
	for _, host := range plan.Hosts {
		snap := snapshots[host.Name]
		shared := sharedServices(host.Foreign)
		for _, key := range d.unwanted(host.Name, snap) {
			claim := snap.Ledger.Claims[key]
			c := release(claim, snap.Live[key], snap.Connections[key], key.Kind == resource.KindService && shared[key.Service])
			if c.Reason == "" {
				c.Reason = d.parting
			}
			g.takeDown(resource.StepRef{Host: host.Name, Name: claim.Step}, c)
		}
	}
	plan.Steps = hush(g.order(), snapshots)
	return plan
}

// sharedServices are the services that have destinations of others.
func sharedServices(foreign []resource.Resource) map[resource.ServiceKey]bool {
	shared := map[resource.ServiceKey]bool{}
	for _, r := range foreign {
		if d, ok := r.(resource.Destination); ok {
			shared[d.Service] = true
		}
	}
	return shared
}

// unwanted lists what is ours on a host and no longer wanted, in order.
func (d *Desired) unwanted(host string, snap *resource.Snapshot) []resource.Key {
	var keys []resource.Key
	for key := range snap.Ledger.Claims {
		if _, wanted := d.wants[host][key]; !wanted {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, resource.Key.Compare)
	return keys
}

// converge is the change that brings a wanted object about, if one is needed.
func (d *Desired) converge(w want, key resource.Key, snap *resource.Snapshot) (resource.Change, bool) {
	live := snap.Live[key]
	claim, claimed := snap.Ledger.Claims[key]
	wanted := asFound(w.state, live)
	c := resource.Change{Before: live, After: wanted, Source: w.source, Reason: reason(wanted, live, claim, claimed)}
	switch {
	case live == nil:
		c.Action = resource.Create
	case live != wanted:
		c.Action = resource.Update
	case !claimed || claim.Want != wanted:
		c.Action = resource.Adopt
	case claim.Step != w.step.Name || !slices.Equal(snap.Ledger.Steps[claim.Step], w.step.edges):
		c.Action, c.Reason = resource.Adopt, resource.Reordered
	default:
		return resource.Change{}, false
	}
	return c, true
}

// asFound is a wanted object with those properties that recipes leave open as they are
// found on the host. An address that is there serves whatever its label and scope are,
// and to change them would mean to take it away for a moment.
func asFound(wanted, live resource.Resource) resource.Resource {
	if found, ok := live.(resource.Address); ok {
		return found
	}
	return wanted
}

// reason says why a wanted object is not as it should be.
func reason(wanted, live resource.Resource, claim resource.Claim, claimed bool) resource.Reason {
	switch {
	case !claimed && (live == nil || permanent(wanted)):
		return resource.NewInConfig
	case !claimed:
		return resource.ThereBefore
	case claim.Want != wanted:
		return resource.ChangedInConfig
	case live == nil:
		return resource.RemovedOnHost
	default:
		return resource.ChangedOnHost
	}
}

// release is the change that gives up an object of ours: it goes back to what stood
// there before us, which for most is nothing. What is gone stays gone, whoever took it.
// A service that others have put destinations in stays for them.
func release(claim resource.Claim, live resource.Resource, conns resource.Connections, shared bool) resource.Change {
	c := resource.Change{Before: live, After: claim.Prior}
	switch {
	case live == nil, live == claim.Prior, claim.Prior == nil && (permanent(claim.Want) || shared):
		c = resource.Change{Action: resource.Forget, Before: claim.Want}
		if shared && live != nil {
			c.Reason = resource.SharedWithOthers
		}
	case claim.Prior == nil:
		c.Action = resource.Delete
		c.Cuts = conns
	default:
		c.Action = resource.Restore
	}
	return c
}

// permanent tells the kinds that cannot be deleted, or that stay since others may have
// come to need them.
func permanent(r resource.Resource) bool {
	switch r.(type) {
	case resource.Module, resource.Sysctl:
		return true
	}
	return false
}

// drift lists what is ours and not as we left it, in the order of the keys.
func drift(snap *resource.Snapshot) []Drift {
	var list []Drift
	for key, claim := range snap.Ledger.Claims {
		if live := snap.Live[key]; live != claim.Want {
			list = append(list, Drift{Left: claim.Want, Found: live})
		}
	}
	slices.SortFunc(list, func(a, b Drift) int { return a.Left.Key().Compare(b.Left.Key()) })
	return list
}

// foreign lists the IPVS objects of a host that are neither wanted nor ours.
func (d *Desired) foreign(host string, snap *resource.Snapshot) []resource.Resource {
	var list []resource.Resource
	for key, r := range snap.Live {
		if key.Kind != resource.KindService && key.Kind != resource.KindDestination {
			continue
		}
		_, wanted := d.wants[host][key]
		if _, ours := snap.Ledger.Claims[key]; !wanted && !ours {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b resource.Resource) int { return a.Key().Compare(b.Key()) })
	return list
}
