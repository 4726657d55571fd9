package planner

import (
	"maps"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Importing.
//
// What an apply finds on a host and the config wants, it adopts: given up, it stays as it was
// found, for it was somebody else's. To import an object is to say that it is lvsctl's own, as
// if lvsctl had made it: it goes when the config does not want it any more. Only the ledger
// changes. Settings have no maker and are always there, so that there is nothing to import.

// An Importable is an object on a host that is, or can be made, lvsctl's own.
type Importable struct {
	Host   string
	Live   resource.Resource
	Wanted bool // by the config
	Same   bool // as the config wants it
	Own    bool // already
}

// Address names the object in a config: its host and its key.
func (i Importable) Address() string { return i.Host + ":" + i.Live.Key().String() }

// Importables lists what can be imported, by host and key: what the config wants and is
// there, whoever made it, and services and destinations of others.
func (d *Desired) Importables(snapshots map[string]*resource.Snapshot) []Importable {
	var list []Importable
	for _, host := range slices.Sorted(maps.Keys(snapshots)) {
		snap := snapshots[host]
		for _, r := range snap.Live.Sorted() {
			key := r.Key()
			w, wanted := d.wants[host].Find(key)
			claim, claimed := snap.Ledger.Claims.Find(key)
			balances := key.Kind == resource.KindService || key.Kind == resource.KindDestination
			if !permanent(r) && (wanted || claimed || balances) {
				list = append(list, Importable{host, r, wanted, wanted && asFound(w.state, r) == r, claimed && claim.Prior == nil})
			}
		}
	}
	return list
}

// Import is the plan that makes objects lvsctl's own. Those that are so already are left out.
func Import(d *Desired, snapshots map[string]*resource.Snapshot, objects []Importable) *Plan {
	plan := &Plan{}
	for _, name := range d.Hosts {
		if snap, ok := snapshots[name]; ok {
			plan.Hosts = append(plan.Hosts, d.look(name, snap, settled{}))
		}
	}
	for _, o := range objects {
		if o.Own {
			continue
		}
		step, source := d.importStep(o, snapshots[o.Host])
		plan.add(step, resource.Change{
			Action: resource.Adopt, Before: o.Live, After: o.Live, Reason: resource.Imported, Source: source,
			Claim: &resource.Claim{Want: o.Live, Step: step.Name},
		})
	}
	d.foresee(plan, snapshots)
	return plan
}

// The steps of what no config wants and nobody claimed.
const (
	importedServices = "imported: virtual services"
	importedServers  = "imported: real servers in service"
)

// importStep is the step that an object belongs to: the one that wants it, or the one that
// claimed it. Other destinations come after their service.
func (d *Desired) importStep(o Importable, snap *resource.Snapshot) (resource.Step, resource.Source) {
	key := o.Live.Key()
	if w, wanted := d.wants[o.Host].Find(key); wanted {
		return resource.Step{StepRef: w.step.StepRef, After: w.step.edges}, w.source
	}
	name := importedServices
	claim, claimed := snap.Ledger.Claims.Find(key)
	if claimed {
		name = claim.Step
	} else if key.Kind == resource.KindDestination {
		name = importedServers
	}
	step := resource.Step{StepRef: resource.StepRef{Host: o.Host, Name: name}, After: slices.Clone(snap.Ledger.Steps[name])}
	if name == importedServers {
		service := d.stepOf(o.Host, resource.Key{Kind: resource.KindService, Service: key.Service}, snap)
		step.After = append(step.After, resource.Edge{Step: service, Why: "a destination belongs to its service"})
	}
	return step, resource.Source{}
}

// stepOf is the step that a service belongs to, once it is imported.
func (d *Desired) stepOf(host string, key resource.Key, snap *resource.Snapshot) resource.StepRef {
	ref := resource.StepRef{Host: host, Name: importedServices}
	if w, wanted := d.wants[host].Find(key); wanted {
		ref.Name = w.step.Name
	} else if claim, claimed := snap.Ledger.Claims.Find(key); claimed {
		ref.Name = claim.Step
	}
	return ref
}

// add adds a change to a step, which becomes the last one if the plan does not have it yet.
func (p *Plan) add(step resource.Step, c resource.Change) {
	i := slices.IndexFunc(p.Steps, func(s resource.Step) bool { return s.StepRef == step.StepRef })
	if i < 0 {
		i = len(p.Steps)
		p.Steps = append(p.Steps, resource.Step{StepRef: step.StepRef})
	}
	for _, e := range step.After {
		if !slices.ContainsFunc(p.Steps[i].After, func(o resource.Edge) bool { return o.Step == e.Step }) {
			p.Steps[i].After = append(p.Steps[i].After, e)
		}
	}
	p.Steps[i].Changes = append(p.Steps[i].Changes, c)
}

// foresee notes in a plan of imports what the next apply will make of them.
func (d *Desired) foresee(plan *Plan, snapshots map[string]*resource.Snapshot) {
	after := maps.Clone(snapshots)
	for _, step := range plan.Steps {
		snap := *after[step.Host]
		snap.Ledger.Claims, snap.Ledger.Steps = snap.Ledger.Claims.Clone(), maps.Clone(snap.Ledger.Steps)
		for _, c := range step.Changes {
			snap.Ledger.Claims.Put(c.Key(), *c.Claim)
		}
		snap.Ledger.Steps[step.Name] = step.After
		after[step.Host] = &snap
	}
	type object struct {
		host string
		key  resource.Key
	}
	fate := map[object]resource.Reason{}
	for _, step := range Make(d, after).Steps {
		for _, c := range step.Changes {
			switch {
			case c.Action == resource.Delete:
				fate[object{step.Host, c.Key()}] = resource.ImportedToGo
			case c.Action == resource.Forget && c.Reason == resource.SharedWithOthers:
				fate[object{step.Host, c.Key()}] = resource.SharedWithOthers
			}
		}
	}
	for _, step := range plan.Steps {
		for i, c := range step.Changes {
			if reason, known := fate[object{step.Host, c.Key()}]; known {
				step.Changes[i].Reason = reason
			}
		}
	}
}
