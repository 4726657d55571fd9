package planner

import (
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Most of what a large plan is made from is as it was left, and most of that are destinations.
// So services are compared whole first: of one behind which all is as it is wanted, and as the
// ledger says, nothing more has to be looked at one by one.

// settled are those services, by host.
type settled map[string]map[resource.ServiceKey]bool

// settled finds them.
func (d *Desired) settled(snapshots map[string]*resource.Snapshot) settled {
	all := settled{}
	ordered := make([]bool, len(d.steps)) // those that ledgers know the order of
	for _, s := range d.steps {
		if snap := snapshots[s.Host]; snap != nil {
			ordered[s.index] = slices.Equal(snap.Ledger.Steps[s.Name], s.edges)
		}
	}
	for host, snap := range snapshots {
		services := map[resource.ServiceKey]bool{}
		for service, wanted := range d.wants[host].Services() {
			services[service] = resource.AlikeBehind(wanted, snap.Live.Behind(service), func(w *want, live *resource.Resource) bool {
				return w.state == *live
			}) && resource.AlikeBehind(wanted, snap.Ledger.Claims.Behind(service), func(w *want, claim *resource.Claim) bool {
				return ordered[w.step.index] && w.state == claim.Want && w.step.Name == claim.Step
			})
		}
		all[host] = services
	}
	return all
}
