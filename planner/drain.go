package planner

import (
	"slices"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Taking real servers out of service without cutting anybody off.
//
// The kernel forgets nothing that it knows of a destination when that is deleted, but it
// sends nothing to it any more: packets of its connections are dropped, or, with
// net.ipv4.vs.expire_nodest_conn, the connections are ended. So a destination whose
// service stays is deleted in two steps. First its weight becomes 0, and it gets no new
// connections. Later, when those that it has are over or have had their time, it is
// deleted; whoever carries out the plan waits before that step.
//
// All weights become 0 before the first wait, so that real servers that go together are
// waited for together, and not before what takes their place is in service, as far as the
// order allows that. Where no other real server is left new clients are refused from then
// on: that is what the config says.
//
// With a service that goes itself nothing is drained. Its VIP goes first, as a rule, and
// without that no packet of a connection arrives.

// A serviceAt is a service on one director.
type serviceAt struct {
	host string
	key  resource.ServiceKey
}

// quiescentTemplate is the setting that decides whether clients with a persistence
// template come back to a destination with weight 0.
var quiescentTemplate = resource.Sysctl{Name: schema.IPVSSettings + "expire_quiescent_template"}.Key()

// drainOf is what destinations of a service wait for.
func drainOf(svc *schema.Service) resource.Drain {
	return resource.Drain{Within: svc.Drain, Inactive: mayBeUDP(svc), Persistent: svc.Persistence.Timeout > 0}
}

// mayBeUDP tells services whose connections IPVS may never count as active. What somebody
// else marks can be anything.
func mayBeUDP(svc *schema.Service) bool {
	if svc.Mark == 0 {
		return svc.Protocol == resource.UDP
	}
	return len(svc.Packets) == 0 || slices.ContainsFunc(svc.Packets, func(p schema.Packets) bool { return p.Protocol == resource.UDP })
}

// drain is what a change waits for, nothing unless it deletes a destination whose service
// stays and that may serve somebody.
func (d *Desired) drain(host string, c resource.Change, snap *resource.Snapshot) resource.Drain {
	dest, is := c.Before.(resource.Destination)
	if !is || c.Action != resource.Delete || dest.Weight == 0 && c.Cuts == (resource.Connections{}) {
		return resource.Drain{}
	}
	return d.drainAt(host, dest.Service, snap)
}

// drainAt is what destinations of a service wait for before they go.
func (d *Desired) drainAt(host string, service resource.ServiceKey, snap *resource.Snapshot) resource.Drain {
	drain := d.drains[serviceAt{host, service}]
	if drain.Within == 0 {
		return resource.Drain{}
	}
	drain.Persistent = drain.Persistent && !d.expiresTemplates(host, snap)
	return drain
}

// expiresTemplates tells whether clients with a persistence template leave a destination
// when its weight is 0.
func (d *Desired) expiresTemplates(host string, snap *resource.Snapshot) bool {
	setting := snap.Live.Get(quiescentTemplate)
	if w, wanted := d.wants[host].Find(quiescentTemplate); wanted {
		setting = w.state
	}
	s, known := setting.(resource.Sysctl)
	return known && s.Value == "1"
}

// quiesce puts the steps that set weights to 0 before the first step that waits, as a stage
// of their own.
func (g *graph) quiesce(steps []resource.Step, stage int) []resource.Step {
	first := slices.IndexFunc(steps, waits)
	if first < 0 {
		return steps
	}
	var quiet []resource.Step
	for _, s := range steps[first:] {
		if changes := quieted(s.Changes); len(changes) > 0 {
			quiet = append(quiet, resource.Step{StepRef: s.StepRef, After: g.remembered(s.StepRef), Changes: changes, Stage: stage})
		}
	}
	return slices.Insert(steps, first, quiet...)
}

// quieted are the changes that set the weights of destinations to 0 which are drained, and
// notes that the deletions will find them so.
func quieted(deletions []resource.Change) []resource.Change {
	var changes []resource.Change
	for i, c := range deletions {
		dest, is := c.Before.(resource.Destination)
		if !is || c.Drain.Within == 0 || dest.Weight == 0 {
			continue
		}
		dest.Weight = 0
		changes = append(changes, resource.Change{Action: resource.Update, Before: c.Before, After: dest, Reason: resource.Draining})
		deletions[i].Before = dest
	}
	return changes
}

// waits tells whether a step waits for connections.
func waits(s resource.Step) bool {
	return slices.ContainsFunc(s.Changes, func(c resource.Change) bool { return c.Drain.Within > 0 })
}

// remembered is what the ledger knows that a step comes after, when what is set up has
// been.
func (g *graph) remembered(ref resource.StepRef) []resource.Edge {
	if n := g.named(ref); n != nil {
		return n.after
	}
	return g.down[ref].after
}
