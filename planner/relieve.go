package planner

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Mounting something else on a real server without failing anybody.
//
// To mount something else at the same place, what is there has to be unmounted first, and
// for a moment the real server has no pages to show. So it gets no new connections before:
// its weight becomes 0, its connections come to an end, as far as they do in time, and when
// it has its new mount it gets its weight back. Real servers take turns, as the plan has one
// step after the other.
//
// That is for services that have another real server. With only one, clients would be
// refused instead of seeing no pages, which is no better.

// A relief takes real servers out of service around steps of a plan.
type relief struct {
	snapshots map[string]*resource.Snapshot
	// place is the step that a destination belongs to, with what it comes after.
	place func(director string, key resource.Key) resource.Step
	// drain is what its connections are given to end.
	drain func(director string, dest resource.Destination) resource.Drain
	now   map[string]map[resource.Key]resource.Destination // by director, as far as the plan got
	// byAddr are the destinations that were there at any time, and taking how many of each
	// service get connections.
	byAddr map[string]map[netip.Addr][]resource.Key
	taking map[serviceAt]int
	// rolled are hosts that are out of service already while they change.
	rolled map[string]bool
}

// begin notes what directors have before the plan.
func (r *relief) begin() {
	if r.now != nil {
		return
	}
	r.now, r.byAddr = map[string]map[resource.Key]resource.Destination{}, map[string]map[netip.Addr][]resource.Key{}
	r.taking = map[serviceAt]int{}
	for host, snap := range r.snapshots {
		r.now[host], r.byAddr[host] = map[resource.Key]resource.Destination{}, map[netip.Addr][]resource.Key{}
		for _, live := range snap.Live.All() {
			if dest, is := live.(resource.Destination); is {
				r.put(host, dest)
			}
		}
	}
}

// put notes that a director has a destination.
func (r *relief) put(director string, dest resource.Destination) {
	key := dest.Key()
	if r.now[director] == nil { // it was not looked at
		r.now[director], r.byAddr[director] = map[resource.Key]resource.Destination{}, map[netip.Addr][]resource.Key{}
	}
	if _, had := r.now[director][key]; !had && !slices.Contains(r.byAddr[director][dest.Addr], key) {
		r.byAddr[director][dest.Addr] = append(r.byAddr[director][dest.Addr], key)
	}
	r.drop(director, key)
	r.now[director][key] = dest
	if dest.Weight > 0 {
		r.taking[serviceAt{director, dest.Service}]++
	}
}

// drop notes that a director does not have a destination any more.
func (r *relief) drop(director string, key resource.Key) {
	if dest, had := r.now[director][key]; had && dest.Weight > 0 {
		r.taking[serviceAt{director, dest.Service}]--
	}
	delete(r.now[director], key)
}

// relief is that of an ordinary plan.
func (d *Desired) relief(snapshots map[string]*resource.Snapshot) *relief {
	return &relief{
		snapshots: snapshots, rolled: map[string]bool{},
		place: func(director string, key resource.Key) resource.Step {
			if w, wanted := d.wants[director].Find(key); wanted {
				return resource.Step{StepRef: w.step.StepRef, After: w.step.edges}
			}
			at := claimedBy(snapshots[director], director, key)
			for _, s := range d.steps { // it may have got other edges by then
				if s.StepRef == at.StepRef {
					at.After = s.edges
				}
			}
			return at
		},
		drain: func(director string, dest resource.Destination) resource.Drain {
			return d.drainAt(director, dest.Service, snapshots[director])
		},
	}
}

// claimedBy is the step that made an object of ours.
func claimedBy(snap *resource.Snapshot, host string, key resource.Key) resource.Step {
	name := snap.Ledger.Claims.Get(key).Step
	return resource.Step{StepRef: resource.StepRef{Host: host, Name: name}, After: snap.Ledger.Steps[name]}
}

// relieve puts steps around those that interrupt real servers.
func (r *relief) relieve(steps []resource.Step) []resource.Step {
	if !slices.ContainsFunc(steps, r.interrupts) {
		return steps
	}
	steps = r.backFirst(steps)
	r.begin()
	var out []resource.Step
	for len(steps) > 0 {
		n := 1
		if r.interrupts(steps[0]) { // all that is to be mounted on one host at once
			for n < len(steps) && steps[n].Host == steps[0].Host && r.interrupts(steps[n]) {
				n++
			}
			out = append(out, r.around(steps[:n])...)
		} else {
			out = append(out, steps[0])
			r.pass(steps[0])
		}
		steps = steps[n:]
	}
	return out
}

// backFirst brings steps that take real servers in again before the first that interrupts
// one, if nothing else happens to them before. An apply that failed while a real server was
// out of service is undone like this: the others need it.
func (r *relief) backFirst(steps []resource.Step) []resource.Step {
	first := slices.IndexFunc(steps, r.interrupts)
	out := slices.Clone(steps[:first])
	var rest []resource.Step
	touched := map[string]bool{}
	for i, s := range steps {
		switch host := r.takesIn(s); {
		case i < first:
		case host != "" && !touched[host]:
			out = append(out, s)
			continue
		default:
			rest = append(rest, s)
		}
		touched[s.Host] = touched[s.Host] || slices.ContainsFunc(s.Changes, func(c resource.Change) bool { return c.Action.TouchesHost() })
	}
	return append(out, rest...)
}

// takesIn is the host of the real server that a step gives its weight back, and does nothing
// else; empty for other steps.
func (r *relief) takesIn(s resource.Step) string {
	host := ""
	for _, c := range s.Changes {
		before, was := c.Before.(resource.Destination)
		after, is := c.After.(resource.Destination)
		if !was || !is || c.Action != resource.Update || before.Weight > 0 || after.Weight == 0 {
			return ""
		}
		before.Weight = after.Weight
		name := r.hostOf(after)
		if before != after || name == "" || host != "" && host != name {
			return ""
		}
		host = name
	}
	return host
}

// hostOf is the host that is the real server of a destination, empty for none that is known.
func (r *relief) hostOf(dest resource.Destination) string {
	for _, name := range slices.Sorted(maps.Keys(r.snapshots)) {
		if r.has(name, dest) {
			return name
		}
	}
	return ""
}

// has tells whether a host is the real server of a destination.
func (r *relief) has(host string, dest resource.Destination) bool {
	return slices.ContainsFunc(r.snapshots[host].Facts.Addresses, func(a resource.Address) bool { return a.Prefix.Addr() == dest.Addr })
}

// interrupts tells whether a step takes a mount away and puts another in its place, on a host
// that is in service.
func (r *relief) interrupts(s resource.Step) bool {
	return !r.rolled[s.Host] && slices.ContainsFunc(s.Changes, func(c resource.Change) bool {
		before, was := c.Before.(resource.Mount)
		after, is := c.After.(resource.Mount)
		return was && is && c.Action.TouchesHost() && !before.InPlace(after)
	})
}

// pass notes what a step does to destinations.
func (r *relief) pass(s resource.Step) {
	for _, c := range s.Changes {
		if c.Key().Kind != resource.KindDestination || !c.Action.TouchesHost() {
			continue
		}
		if after, stays := c.After.(resource.Destination); stays {
			r.put(s.Host, after)
		} else {
			r.drop(s.Host, c.Key())
		}
	}
}

// around puts steps around those of one real server.
func (r *relief) around(steps []resource.Step) []resource.Step {
	addresses := map[netip.Addr]bool{}
	for _, a := range r.snapshots[steps[0].Host].Facts.Addresses {
		addresses[a.Prefix.Addr()] = true
	}
	before, wait, after := r.sides(addresses, resource.Remounting)
	return slices.Concat(before, wait, steps, after)
}

// sides are the steps that take real servers out of service, wait for their connections, and
// take them in again.
func (r *relief) sides(addresses map[netip.Addr]bool, why resource.Reason) (before, wait, after []resource.Step) {
	for _, director := range slices.Sorted(maps.Keys(r.snapshots)) {
		for _, out := range r.outOfService(director, addresses, why) {
			before, after = append(before, out[0]), append(after, out[2])
			if waits(out[1]) {
				wait = append(wait, out[1])
			}
		}
	}
	return before, wait, after
}

// outOfService are the steps on a director that take real servers out of service, wait for
// their connections, and take them in again.
func (r *relief) outOfService(director string, addresses map[netip.Addr]bool, why resource.Reason) [][3]resource.Step {
	places := map[resource.StepRef]int{}
	var list [][3]resource.Step
	for _, dest := range r.serving(director, addresses, why) {
		at := r.place(director, dest.Key())
		i, known := places[at.StepRef]
		if !known {
			i = len(list)
			places[at.StepRef] = i
			list = append(list, [3]resource.Step{at, at, at})
		}
		quiet := dest
		quiet.Weight = 0
		list[i][0].Changes = append(list[i][0].Changes, resource.Change{Action: resource.Update, Before: dest, After: quiet, Reason: why})
		list[i][1].Changes = append(list[i][1].Changes, resource.Change{Action: resource.Adopt, Before: quiet, After: quiet, Reason: why, Drain: r.drain(director, dest)})
		list[i][2].Changes = append(list[i][2].Changes, resource.Change{Action: resource.Update, Before: quiet, After: dest, Reason: why})
	}
	return list
}

// serving are the destinations of ours on a director at some addresses, whose services have
// another real server to take over, in the order of their keys. For a remount those that are
// not drained stay.
func (r *relief) serving(director string, addresses map[netip.Addr]bool, why resource.Reason) []resource.Destination {
	own := map[resource.ServiceKey]int{}
	var list []resource.Destination
	for addr := range addresses {
		for _, key := range r.byAddr[director][addr] {
			dest := r.now[director][key]
			if dest.Weight == 0 {
				continue
			}
			own[dest.Service]++
			_, ours := r.snapshots[director].Ledger.Claims.Find(key)
			if ours && (why == resource.RollingOut || r.drain(director, dest).Within > 0) {
				list = append(list, dest)
			}
		}
	}
	list = slices.DeleteFunc(list, func(d resource.Destination) bool {
		return r.taking[serviceAt{director, d.Service}] <= own[d.Service]
	})
	slices.SortFunc(list, func(a, b resource.Destination) int { return a.Key().Compare(b.Key()) })
	return list
}
