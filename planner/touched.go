package planner

import (
	"maps"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// After a plan was carried out it is verified that nothing is left to do. For that the hosts
// are read again, but of IPVS only what is behind services that the plan did something to:
// what is behind others was read moments ago, and a change to one service does nothing to
// another.

// Touched are the services of a host that a plan does something to.
type Touched map[resource.ServiceKey]bool

// Touched says what has to be read again of each host after the plan, nil for all.
func (p *Plan) Touched(before map[string]*resource.Snapshot) map[string]Touched {
	all := map[string]Touched{}
	for name := range before {
		all[name] = Touched{}
	}
	for _, step := range p.Steps {
		t := all[step.Host]
		if t == nil {
			continue
		}
		for i := range step.Changes {
			switch key := step.Changes[i].Key(); key.Kind {
			case resource.KindModule: // it may have brought IPVS itself
				all[step.Host] = nil
			case resource.KindService, resource.KindDestination:
				t[key.Service] = true
			}
		}
	}
	for name, t := range all {
		services := 0
		for range before[name].Live.Services() {
			services++
		}
		if 2*len(t) > services {
			all[name] = nil
		}
	}
	return all
}

// Keys are what has to be read for it.
func (t Touched) Keys() []resource.Key {
	if t == nil {
		return nil
	}
	keys := []resource.Key{resource.AllBehind(resource.ServiceKey{})} // nothing else, if it is the only one
	for service := range t {
		keys = append(keys, resource.AllBehind(service))
	}
	return keys
}

// Complete adds to what was read so what is behind all other services that are still there.
func (t Touched) Complete(snap, before *resource.Snapshot) {
	if t == nil {
		return
	}
	untouched := func(service resource.ServiceKey) bool {
		return !t[service] && snap.Live.Has(resource.Service{ServiceKey: service}.Key())
	}
	for service, behind := range before.Live.Services() {
		if untouched(service) {
			snap.Live.Share(service, behind)
		}
	}
	conns := resource.Counts{}
	maps.Copy(conns, snap.Connections)
	for key, n := range before.Connections {
		if untouched(key.Service) {
			conns[key] = n
		}
	}
	snap.Connections = conns
}
