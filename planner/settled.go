package planner

import (
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Most of what a large plan is made from is as it was left, and most of that are destinations.
// So services are compared whole first: of one behind which all is as it is wanted, and as the
// ledger says, nothing more has to be looked at one by one. Where that is so of all, and of all
// that is no destination, and there is nothing else, the whole host is at rest.

// settled is what of a host need not be looked at.
type settled struct {
	services map[resource.ServiceKey]bool // behind which all is as it should be
	all      bool
}

// settle finds out what is settled, by host.
func (d *Desired) settle(snapshots map[string]*resource.Snapshot) map[string]settled {
	hosts := map[string]settled{}
	ordered := make([]bool, len(d.steps)) // those that ledgers know the order of
	for _, s := range d.steps {
		if snap := snapshots[s.Host]; snap != nil {
			ordered[s.index] = slices.Equal(snap.Ledger.Steps[s.Name], s.edges)
		}
	}
	for host, snap := range snapshots {
		is := settled{map[resource.ServiceKey]bool{}, true}
		for service, wanted := range d.wants[host].Services() {
			is.services[service] = resource.AlikeBehind(wanted, snap.Live.Behind(service), func(w *want, live *resource.Resource) bool {
				return w.state == *live
			}) && resource.AlikeBehind(wanted, snap.Ledger.Claims.Behind(service), func(w *want, claim *resource.Claim) bool {
				return ordered[w.step.index] && w.state == claim.Want && w.step.Name == claim.Step
			})
			is.all = is.all && is.services[service]
		}
		is.all = is.all && d.atRest(host, snap)
		hosts[host] = is
	}
	return hosts
}

// atRest tells whether a host on which destinations are as wanted has all else that is wanted,
// and nothing that is ours or IPVS's beside.
func (d *Desired) atRest(host string, snap *resource.Snapshot) bool {
	wants := d.wants[host]
	if wants.Len() != snap.Ledger.Claims.Len() || balanced(wants) != balanced(snap.Live.ByKey) {
		return false
	}
	for key, w := range wants.Others() {
		// What serves as it is may have no claim, so that one is on something else, or have gone.
		asIs := w.loose && snap.Live.Get(key) != snap.Ledger.Claims.Get(key).Want
		if _, needed := d.converge(w, key, snap); needed || asIs {
			return false
		}
	}
	return true
}

// balanced is how many services and destinations there are.
func balanced[V any](t *resource.ByKey[V]) (n int) {
	for _, behind := range t.Services() {
		n += behind.Len()
	}
	for key := range t.Others() {
		if key.Kind == resource.KindService {
			n++
		}
	}
	return n
}
