package planner

import (
	"iter"
	"net/netip"
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
	d = d.on(snapshots)
	g := newGraph(d)
	plan := &Plan{}
	settled := d.settle(snapshots)
	remade := map[string]*resource.Snapshot{}
	for _, name := range d.Hosts {
		snap, ok := snapshots[name]
		if !ok {
			continue
		}
		plan.Hosts = append(plan.Hosts, d.look(name, snap, settled[name]))
		if !settled[name].all {
			remade[name] = d.withoutRemade(name, snap)
		}
	}
	for _, s := range d.steps {
		if snap, ok := remade[s.Host]; ok {
			d.setUp(g, s, snap, snapshots[s.Host], settled[s.Host])
		}
	}
	if g.busy() > 0 {
		g.lay(d, snapshots)
	}
	for _, host := range plan.Hosts {
		snap := remade[host.Name]
		if snap == nil {
			continue
		}
		shared := sharedServices(host.Foreign)
		for key, claim := range d.unwanted(host.Name, snap, settled[host.Name]) {
			if g.down == nil {
				g.lay(d, snapshots)
			}
			c := release(claim, snap.Live.Get(key), snap.Connections[key], key.Kind == resource.KindService && shared[key.Service])
			if c.Action == resource.Restore && d.linkGoes(host.Name, resource.LinkOfSetting(key), snap) {
				c = resource.Change{Action: resource.Forget, Before: claim.Want, After: snap.Live.Get(key)}
			}
			if c.Reason == "" {
				c.Reason = d.parting
			}
			c.Drain = d.drain(host.Name, c, snap)
			g.takeDown(resource.StepRef{Host: host.Name, Name: claim.Step}, c)
		}
	}
	if g.busy() == 0 {
		return plan
	}
	g.readAgain(d, snapshots)
	g.connect(snapshots)
	plan.LeftOut = g.leaveOut(d)
	rollout, relief := d.rolling(g, snapshots), d.relief(snapshots)
	plan.Waves, plan.AtOnce = g.inWaves(rollout), rollout.moving()
	plan.Steps = byWave(g.order(), func(wave int, steps []resource.Step) []resource.Step {
		return meanwhile(relief.relieve(rollout.turn(wave, steps, relief)), snapshots)
	})
	return plan
}

// setUp adds what a step has to change on a host, which has found and of which remade is
// left when the links that have to be made anew are.
func (d *Desired) setUp(g *graph, s *step, remade, found *resource.Snapshot, settled settled) {
	wants := d.wants[s.Host]
	for key := range s.but(settled.services) {
		c, needed := d.converge(wants.Get(key), key, remade)
		if !needed {
			continue
		}
		if c.Before == nil && found.Live.Get(key) != nil {
			c.Reason = resource.WithItsLink
		}
		if wentWithBoot(c, remade.Ledger) {
			c.Reason = resource.LostAtBoot
		}
		g.setUp(s, c)
	}
}

// look is what a plan says about a host beside its changes.
func (d *Desired) look(name string, snap *resource.Snapshot, settled settled) Host {
	h := Host{Name: name, Rebooted: snap.Ledger.Lost.Len()}
	if !settled.all {
		h.Drift, h.Foreign = drift(snap, settled), d.foreign(name, snap, settled)
	}
	return h
}

// withoutRemade is what will be left of a host when the links that have to be made anew
// are: what is on a link goes with it.
func (d *Desired) withoutRemade(host string, snap *resource.Snapshot) *resource.Snapshot {
	gone := map[string]bool{}
	for key, w := range d.wants[host].Others() {
		if live := snap.Live.Get(key); key.Kind == resource.KindLink && live != nil && live != w.state {
			gone[key.Name] = true
		}
	}
	if len(gone) == 0 {
		return snap
	}
	left := *snap
	left.Live = snap.Live.Clone()
	for withoutStacked(left.Live, gone) {
	}
	left.Live.DeleteFunc(func(k resource.Key, r resource.Resource) bool {
		return gone[linkOf(r)] || gone[resource.LinkOfSetting(k)]
	})
	return &left
}

// withoutStacked takes away the VLANs that stand on links that go, notes that they go
// too, and tells whether there were any. Tunnels stay without the link that they are
// bound to.
func withoutStacked(live resource.Set, gone map[string]bool) bool {
	before := live.Len()
	live.DeleteFunc(func(_ resource.Key, r resource.Resource) bool {
		l, ok := r.(resource.Link)
		if !ok || l.Type != resource.LinkVLAN || !gone[l.Parent] || gone[l.Name] {
			return false
		}
		gone[l.Name] = true
		return true
	})
	return live.Len() < before
}

// linkGoes tells whether an interface is deleted, and all that is set on it with it.
func (d *Desired) linkGoes(host, link string, snap *resource.Snapshot) bool {
	key := resource.Link{Name: link}.Key()
	claim, ours := snap.Ledger.Claims.Find(key)
	_, wanted := d.wants[host].Find(key)
	return link != "" && ours && !wanted && claim.Prior == nil && snap.Live.Get(key) != nil
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

// unwanted is what is ours on a host and no longer wanted, in order.
func (d *Desired) unwanted(host string, snap *resource.Snapshot, settled settled) iter.Seq2[resource.Key, resource.Claim] {
	return snap.Ledger.Claims.Where(settled.services, func(key resource.Key, _ resource.Claim) bool { return !d.wants[host].Has(key) })
}

// converge is the change that brings a wanted object about, if one is needed.
func (d *Desired) converge(w want, key resource.Key, snap *resource.Snapshot) (resource.Change, bool) {
	live := snap.Live.Get(key)
	claim, claimed := snap.Ledger.Claims.Find(key)
	wanted := asFound(w.state, live)
	c := resource.Change{Before: live, After: wanted, Source: w.source, Reason: reason(wanted, live, claim, claimed)}
	switch {
	case w.loose && servesAsIs(key, live, claimed, snap):
		return resource.Change{}, false
	case live == nil:
		c.Action = resource.Create
	case live != wanted && key.Kind.Editable():
		c.Action = resource.Update
	case live != wanted:
		c.Action = resource.Replace
	case !claimed || claim.Want != wanted:
		c.Action = resource.Adopt
	case claim.Step != w.step.Name || !slices.Equal(snap.Ledger.Steps[claim.Step], w.step.edges):
		c.Action, c.Reason = resource.Adopt, resource.Reordered
	default:
		return resource.Change{}, false
	}
	return c, true
}

// servesAsIs tells whether a host has something in the place of an object that it need not
// have from us: an address of its own, or a directory.
func servesAsIs(key resource.Key, live resource.Resource, claimed bool, snap *resource.Snapshot) bool {
	if key.Kind == resource.KindDirectory {
		return live != nil && !claimed
	}
	return live == nil && hasOwn(snap, key.Prefix.Addr())
}

// hasOwn tells whether a host has an address that it does not have from us, whatever its
// prefix and interface.
func hasOwn(snap *resource.Snapshot, addr netip.Addr) bool {
	return slices.ContainsFunc(snap.Facts.Addresses, func(a resource.Address) bool {
		_, ours := snap.Ledger.Claims.Find(a.Key())
		return a.Prefix.Addr() == addr && !ours
	})
}

// asFound is a wanted object with those properties that recipes leave open as they are
// found on the host. An address that is there serves whatever its scope is, and its label
// unless the config has one, and to change them means to take it away for a moment. A route serves as well if
// its note of origin is the one that ip(8) makes by itself. The timeout and the netmask of a
// service without persistence mean nothing, and every program has its own idea of them. A
// mount of others serves if it has the options that were asked for, whatever else it has.
func asFound(wanted, live resource.Resource) resource.Resource {
	switch found := live.(type) {
	case resource.Address:
		if label := wanted.(resource.Address).Label; label != "" {
			found.Label = label
		}
		return found
	case resource.Route:
		if byHand(found) == wanted {
			return found
		}
	case resource.Mount:
		if wanted.(resource.Mount).Serves(found) {
			return found
		}
	case resource.Service:
		if w := wanted.(resource.Service); (w.Flags|found.Flags)&resource.FlagPersistent == 0 {
			w.Timeout, w.Netmask = found.Timeout, found.Netmask
			return w
		}
	}
	return wanted
}

// byHand is a route that was set by hand with the origin that it gets from us.
func byHand(r resource.Route) resource.Route {
	if r.Protocol == resource.ProtocolBoot {
		r.Protocol = resource.ProtocolStatic
	}
	return r
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
		c = resource.Change{Action: resource.Forget, Before: claim.Want, After: live}
		if shared && live != nil && claim.Prior == nil {
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
	kind := r.Key().Kind
	return kind == resource.KindModule || kind.Setting()
}

// wentWithBoot tells whether a change brings back what a host had until it booted.
func wentWithBoot(c resource.Change, ledger resource.Ledger) bool {
	claim, ours := ledger.Claims.Find(c.Key())
	lost, was := ledger.Lost.Find(c.Key())
	switch {
	case ledger.Lost.Empty():
		return false
	case ours:
		return claim.Want == c.After && !onDisk(c.Key().Kind)
	}
	return was && lost.Want == c.After
}

// onDisk tells the kinds whose objects only somebody can have changed, and no reboot.
func onDisk(k resource.Kind) bool {
	return k == resource.KindFile || k == resource.KindDirectory || k == resource.KindBlock
}

// drift lists what is ours and not as we left it, in the order of the keys. On a host that
// was rebooted that is what is on disk: the rest is to be set up again.
func drift(snap *resource.Snapshot, settled settled) []Drift {
	var list []Drift
	rebooted := !snap.Ledger.Lost.Empty()
	drifted := func(key resource.Key, claim resource.Claim) bool {
		return (!rebooted || onDisk(key.Kind)) && snap.Live.Get(key) != claim.Want
	}
	for key, claim := range snap.Ledger.Claims.Where(settled.services, drifted) {
		list = append(list, Drift{Left: claim.Want, Found: snap.Live.Get(key)})
	}
	return list
}

// foreign lists the IPVS objects of a host that are neither wanted nor ours.
func (d *Desired) foreign(host string, snap *resource.Snapshot, settled settled) []resource.Resource {
	var list []resource.Resource
	foreign := func(key resource.Key, _ resource.Resource) bool {
		ipvs := key.Kind == resource.KindService || key.Kind == resource.KindDestination
		return ipvs && !d.wants[host].Has(key) && !snap.Ledger.Claims.Has(key)
	}
	for _, r := range snap.Live.Where(settled.services, foreign) {
		list = append(list, r)
	}
	return list
}
