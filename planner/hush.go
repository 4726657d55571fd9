package planner

import (
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Changing an algorithm without refusing anybody.
//
// The kernel replaces a service's scheduler in place, and connections and counters
// stay. But it takes the old scheduler away, waits until nobody uses it any more (an RCU
// grace period, some hundredths of a second), and only then puts in the new one
// (ip_vs_edit_service in net/netfilter/ipvs/ip_vs_ctl.c). A connection that begins in
// between finds no destination and is answered with an ICMP port unreachable: the
// client is told "connection refused".
//
// A client that hears nothing instead asks again a second later, and is served. So for
// that moment the host is kept from sending such answers: its limit on ICMP errors to
// any one address is set so high that none is sent, and set back right after. Path MTU
// discovery is exempt from that limit. Both changes are part of the plan and go through
// the ledger like all others, so that the limit comes back even after a crash in
// between.

// hushed is the limit, in milliseconds between two answers, at which none is sent.
const hushed = "2000000000"

// hushSettings are the limits, by the address family of the service.
var hushSettings = map[resource.Family]resource.Key{
	resource.IPv4: resource.Sysctl{Name: "net.ipv4.icmp_ratelimit"}.Key(),
	resource.IPv6: resource.Sysctl{Name: "net.ipv6.icmp.ratelimit"}.Key(),
}

// passing are the settings that may have to change for a moment while a plan is carried out.
var passing = []resource.Key{hushSettings[resource.IPv4], hushSettings[resource.IPv6], forgets.Key()}

// meanwhile adds to steps what is changed only for as long as they last.
func meanwhile(steps []resource.Step, snapshots map[string]*resource.Snapshot) []resource.Step {
	return hush(forget(steps, snapshots), snapshots)
}

// hush puts a step before and one after each step that changes algorithms. A host that
// was left hushed by a crash is hushed already.
func hush(steps []resource.Step, snapshots map[string]*resource.Snapshot) []resource.Step {
	if !slices.ContainsFunc(steps, func(s resource.Step) bool { return slices.ContainsFunc(s.Changes, changesAlgorithm) }) {
		return steps
	}
	settled := chosen(steps)
	var out []resource.Step
	for _, s := range steps {
		on, off := hushChanges(s, snapshots[s.Host], settled)
		ref := resource.StepRef{Host: s.Host, Name: "refuse nobody meanwhile"}
		if len(on) > 0 {
			out = append(out, resource.Step{StepRef: ref, Changes: on})
		}
		out = append(out, s)
		if len(off) > 0 {
			out = append(out, resource.Step{StepRef: ref, Changes: off})
		}
	}
	return out
}

// A settingAt is a setting of a host.
type settingAt struct {
	host string
	key  resource.Key
}

// chosen are those of the passing settings that steps change for good, as the config has
// begun to want another value, or none.
func chosen(steps []resource.Step) map[settingAt]bool {
	set := map[settingAt]bool{}
	for _, s := range steps {
		for _, c := range s.Changes {
			if key := c.Key(); key.Kind == resource.KindSysctl && !c.Reason.Passing() && slices.Contains(passing, key) {
				set[settingAt{s.Host, key}] = true
			}
		}
	}
	return set
}

// hushChanges are the changes before and after a step. A limit that the config chooses
// stays as it is chosen.
func hushChanges(s resource.Step, snap *resource.Snapshot, chosen map[settingAt]bool) (on, off []resource.Change) {
	families := map[resource.Family]bool{}
	for _, c := range s.Changes {
		if changesAlgorithm(c) {
			families[c.Key().Service.Family] = true
		}
	}
	for _, family := range []resource.Family{resource.IPv4, resource.IPv6} {
		key := hushSettings[family]
		before, known := snap.Live.Get(key).(resource.Sysctl)
		if _, ours := snap.Ledger.Claims.Find(key); !families[family] || !known || ours || chosen[settingAt{s.Host, key}] {
			continue
		}
		quiet := resource.Sysctl{Name: key.Name, Value: hushed}
		on = append(on, resource.Change{Action: resource.Update, Before: before, After: quiet, Reason: resource.Meanwhile})
		off = append(off, resource.Change{Action: resource.Restore, Before: quiet, After: before, Reason: resource.Meanwhile})
	}
	return on, off
}

// changesAlgorithm tells an edit that gives a service another scheduler.
func changesAlgorithm(c resource.Change) bool {
	before, was := c.Before.(resource.Service)
	after, is := c.After.(resource.Service)
	return was && is && before.Scheduler != after.Scheduler
}
