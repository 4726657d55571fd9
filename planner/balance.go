package planner

import (
	"cmp"
	"slices"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A balance is what a plan does to the real servers of a service on a director: to those that
// are lvsctl's or wanted, and take new connections.
type balance struct {
	serviceAt
	clusters []string // in whose steps that is

	before, after int
	removed       int  // of those before
	stays         bool // the service is there afterwards
	made          bool // it was not there before
}

// about tells whether a policy is about it.
func (b *balance) about(p *schema.Policy) bool { return slices.ContainsFunc(b.clusters, p.About) }

// balances are those of the services that the plan does something to, by host and service.
func (j *judge) balances() []*balance {
	if j.services != nil {
		return j.services
	}
	touched, ends := j.touched()
	for host, end := range ends {
		if snap := j.snapshots[host]; snap != nil {
			j.count(host, snap.Live, end, touched)
		}
	}
	j.services = make([]*balance, 0, len(touched))
	for at, b := range touched {
		b.see(j.snapshots[at.host], ends[at.host])
		j.services = append(j.services, b)
	}
	slices.SortFunc(j.services, func(a, b *balance) int { return cmp.Or(cmp.Compare(a.host, b.host), a.key.Compare(b.key)) })
	return j.services
}

// touched are the services that the plan does something to, and for each host what becomes of
// the services and destinations that it changes there, nil for those that go.
func (j *judge) touched() (map[serviceAt]*balance, map[string]resource.Set) {
	touched := map[serviceAt]*balance{}
	ends := map[string]resource.Set{}
	for _, step := range j.plan.Steps {
		for _, c := range step.Changes {
			key := c.Key()
			if !c.Action.TouchesHost() || key.Kind != resource.KindDestination && key.Kind != resource.KindService {
				continue
			}
			if ends[step.Host] == nil {
				ends[step.Host] = resource.Set{}
			}
			ends[step.Host][key] = c.After
			at := serviceAt{step.Host, key.Service}
			if touched[at] == nil {
				touched[at] = &balance{serviceAt: at}
			}
			touched[at].noteCluster(clusterOf(step.StepRef))
		}
	}
	return touched, ends
}

// noteCluster notes that a step of a cluster does something to the service.
func (b *balance) noteCluster(name string) {
	if !slices.Contains(b.clusters, name) {
		b.clusters = append(b.clusters, name)
	}
}

// count counts the real servers of a host's services as they are, and as they will be.
func (j *judge) count(host string, live, end resource.Set, touched map[serviceAt]*balance) {
	for key, was := range live {
		b := touched[serviceAt{host, key.Service}]
		if b == nil || key.Kind != resource.KindDestination || !j.knows(host, key) {
			continue
		}
		left, changed := end[key]
		if !changed {
			left = was
		}
		b.add(was, left)
	}
	for key, left := range end {
		if _, there := live[key]; !there && key.Kind == resource.KindDestination {
			touched[serviceAt{host, key.Service}].add(nil, left)
		}
	}
}

// see notes whether the service itself is there.
func (b *balance) see(snap *resource.Snapshot, end resource.Set) {
	if snap == nil {
		return
	}
	key := resource.Key{Kind: resource.KindService, Service: b.key}
	left, changed := end[key]
	b.made = snap.Live[key] == nil
	b.stays = left != nil || !changed && !b.made
}

// knows tells whether an object is wanted on a host, or lvsctl's there.
func (j *judge) knows(host string, key resource.Key) bool {
	_, wanted := j.desired.wants[host][key]
	_, ours := j.snapshots[host].Ledger.Claims[key]
	return wanted || ours
}

// add counts a real server that is in one state before and in another afterwards.
func (b *balance) add(before, after resource.Resource) {
	was, is := takesConnections(before), takesConnections(after)
	switch {
	case was && is:
		b.before++
		b.after++
	case was:
		b.before++
		b.removed++
	case is:
		b.after++
	}
}

// takesConnections tells whether new connections go to a destination, which is nil where there
// is none.
func takesConnections(r resource.Resource) bool {
	d, is := r.(resource.Destination)
	return is && d.Weight > 0
}
