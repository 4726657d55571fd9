package planner

import (
	"maps"
	"slices"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Serving clients that use a port again.
//
// IPVS remembers a connection for two minutes after its end. A client that begins a new one
// from the same port meanwhile, as clients with many connections do, is sent where the old
// one went, even to a real server whose weight is 0 by now. Once that is deleted nobody
// answers it at all, until it gives up. The kernel's way out, conn_reuse_mode, is for
// connections in TIME_WAIT, which a director that does not see the answers (dr, tun) never
// finds them in.
//
// With net.ipv4.vs.expire_nodest_conn a new connection is given to another real server as
// soon as the weight of the old one is 0, and what is known of connections to a real server
// goes when that is deleted (ip_vs_in and expire_nodest_conn_handler in net/netfilter/ipvs,
// the latter since Linux 5.9). So the setting is on from before the first weight
// becomes 0 until the last real server is gone, unless the config has it as it wants it.

// forgets is the setting, on.
var forgets = resource.Sysctl{Name: schema.IPVSSettings + "expire_nodest_conn", Value: "1"}

// forgetful is the name of the steps that turn it on and back.
const forgetful = "serve everybody meanwhile"

// forget puts a step before the first and one after the last step by which real servers
// leave services that stay, on each host that has any. Where an apply that was cut off has
// left the setting on, that it is set back comes last, too.
func forget(steps []resource.Step, snapshots map[string]*resource.Snapshot) []resource.Step {
	left := map[string]resource.Step{}
	steps = slices.DeleteFunc(slices.Clone(steps), func(s resource.Step) bool {
		if s.Name == forgetful {
			left[s.Host] = s
		}
		return s.Name == forgetful
	})
	first, last := departures(steps)
	settled := chosen(steps)
	out := make([]resource.Step, 0, len(steps)+2*len(first)+len(left))
	for i, s := range steps {
		begin, departs := first[s.Host]
		if !departs || i != begin && i != last[s.Host] {
			out = append(out, s)
			continue
		}
		on, off := forgetting(s.Host, snapshots[s.Host])
		if settled[settingAt{s.Host, forgets.Key()}] {
			on, off = nil, nil
		}
		if i == begin && on != nil {
			out = append(out, *on)
		}
		out = append(out, s)
		if i == last[s.Host] {
			if back, known := left[s.Host]; known {
				off = &back
				delete(left, s.Host)
			}
			if off != nil {
				out = append(out, *off)
			}
		}
	}
	for _, host := range slices.Sorted(maps.Keys(left)) {
		out = append(out, left[host])
	}
	return out
}

// departures are the indices of the first and the last step on each host by which real
// servers leave services that stay.
func departures(steps []resource.Step) (first, last map[string]int) {
	gone := map[serviceAt]bool{}
	for _, s := range steps {
		for _, c := range s.Changes {
			if svc, is := c.Before.(resource.Service); is && c.Action == resource.Delete {
				gone[serviceAt{s.Host, svc.ServiceKey}] = true
			}
		}
	}
	first, last = map[string]int{}, map[string]int{}
	for i, s := range steps {
		if !slices.ContainsFunc(s.Changes, func(c resource.Change) bool { return departs(c) && !gone[serviceAt{s.Host, c.Key().Service}] }) {
			continue
		}
		if _, known := first[s.Host]; !known {
			first[s.Host] = i
		}
		last[s.Host] = i
	}
	return first, last
}

// departs tells a change by which a real server leaves a service, for a while or for good.
func departs(c resource.Change) bool {
	_, is := c.Before.(resource.Destination)
	return is && (c.Action == resource.Delete || c.Reason == resource.Draining || c.Reason.PutsAside())
}

// forgetting is what comes before and after; nil on a host that forgets by itself, or as the
// config wants it.
func forgetting(host string, snap *resource.Snapshot) (on, off *resource.Step) {
	before, known := snap.Live.Get(forgets.Key()).(resource.Sysctl)
	if _, ours := snap.Ledger.Claims.Find(forgets.Key()); !known || ours || before == forgets {
		return nil, nil
	}
	step := func(action resource.Action, before, after resource.Resource) *resource.Step {
		return &resource.Step{
			StepRef: resource.StepRef{Host: host, Name: forgetful},
			Changes: []resource.Change{{Action: action, Before: before, After: after, Reason: resource.Leaving}},
		}
	}
	return step(resource.Update, before, forgets), step(resource.Restore, forgets, before)
}
