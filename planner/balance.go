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
	for at, b := range touched {
		if snap := j.snapshots[at.host]; snap != nil {
			j.count(b, snap.Live.Behind(at.key), ends[at.host].Behind(at.key))
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
func (j *judge) touched() (map[serviceAt]*balance, map[string]*resource.ByKey[resource.Resource]) {
	touched := map[serviceAt]*balance{}
	ends := map[string]*resource.ByKey[resource.Resource]{}
	for _, step := range j.plan.Steps {
		for _, c := range step.Changes {
			key := c.Key()
			if !c.Action.TouchesHost() || key.Kind != resource.KindDestination && key.Kind != resource.KindService {
				continue
			}
			if ends[step.Host] == nil {
				ends[step.Host] = resource.NewByKey[resource.Resource]()
			}
			ends[step.Host].Put(key, c.After)
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

// count counts the real servers of a service as they are, and as those that change will be.
func (j *judge) count(b *balance, live, end *resource.Behind[resource.Resource]) {
	for was := range live.All() {
		key := was.Key()
		if !j.knows(b.host, key) {
			continue
		}
		left, changed := end.Find(key.Prefix.Addr(), key.Port)
		if !changed {
			left = was
		}
		b.add(was, left)
	}
	for left := range end.All() {
		if left == nil {
			continue
		}
		key := left.Key()
		if _, there := live.Find(key.Prefix.Addr(), key.Port); !there {
			b.add(nil, left)
		}
	}
}

// see notes whether the service itself is there.
func (b *balance) see(snap *resource.Snapshot, end *resource.ByKey[resource.Resource]) {
	if snap == nil {
		return
	}
	key := resource.Key{Kind: resource.KindService, Service: b.key}
	left, changed := end.Find(key)
	b.made = snap.Live.Get(key) == nil
	b.stays = left != nil || !changed && !b.made
}

// knows tells whether an object is wanted on a host, or lvsctl's there.
func (j *judge) knows(host string, key resource.Key) bool {
	_, wanted := j.desired.wants[host].Find(key)
	_, ours := j.snapshots[host].Ledger.Claims.Find(key)
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
