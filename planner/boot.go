package planner

import (
	"cmp"
	"maps"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Setting up again what a host had before it booted, by the host alone.
//
// Its ledger knows each object that it had, and with which step it came; and of each step
// after which others it comes. That is a desired state like any other. Edges that lead to
// steps on other hosts do not count: those boot by themselves, and nobody can tell whether
// they have.
//
// Within a step the recipe's order is not remembered. Objects are in the order of their
// kinds there, what others stand on first.

// A Boot is what a host had when it booted, as a desired state. If an apply was under way
// then, it is what the host had before that.
type Boot struct {
	*Desired
	host    string
	claims  *resource.ByKey[resource.Claim]
	touched map[resource.Key]bool // on disk, by an apply that is taken back
}

// NewBoot reads it from a host's ledger and its journal, which is nil for none.
func NewBoot(host string, ledger resource.Ledger, journal *resource.Journal) *Boot {
	b := &Boot{
		Desired: &Desired{Hosts: []string{host}, wants: map[string]*resource.ByKey[want]{host: resource.NewByKey[want]()}, parting: resource.RollingBack},
		host:    host, claims: resource.NewByKey[resource.Claim](), touched: map[resource.Key]bool{},
	}
	past := map[string][]resource.Edge{}
	b.claims.Copy(ledger.Claims)
	maps.Copy(past, ledger.Steps)
	if TakesBack(journal) {
		for key, was := range journal.Was.All() {
			b.touched[key] = true
			if b.claims.Delete(key); was.Claimed {
				b.claims.Put(key, was.Claim)
			}
		}
		for name, edges := range journal.Steps {
			if _, known := past[name]; !known {
				past[name] = edges
			}
		}
	}
	b.claims.Copy(ledger.Lost)
	b.declare(past)
	return b
}

// Pending tells whether a host has something to set up again, or to take back, after it
// booted.
func Pending(ledger resource.Ledger) bool {
	last := ledger.Last
	return ledger.Lost.Len() > 0 || last != nil && takesBack(last.Apply, last.Ending)
}

// TakesBack tells whether the apply that a journal is of was under way when the host booted.
func TakesBack(j *resource.Journal) bool { return j != nil && takesBack(j.Apply, j.Ending) }

func takesBack(apply resource.Apply, ending resource.Ending) bool {
	return ending == resource.Rebooted || apply.Boots && apply.Reverts && !ending.Final()
}

// declare declares the steps of what the host had, each after those that it comes after.
// Edges of several applies can lead in a circle; one that does is not kept to.
func (b *Boot) declare(past map[string][]resource.Edge) {
	keys := map[string][]resource.Key{}
	for key, claim := range b.claims.All() {
		keys[claim.Step] = append(keys[claim.Step], key)
	}
	names := slices.Collect(maps.Keys(keys))
	for _, name := range names {
		b.sort(keys[name])
	}
	slices.SortFunc(names, func(x, y string) int {
		return cmp.Or(keys[x][0].Compare(keys[y][0]), cmp.Compare(x, y))
	})
	declared, under := map[string]*step{}, map[string]bool{}
	var declare func(name string) *step
	declare = func(name string) *step {
		if s := declared[name]; s != nil || under[name] {
			return s
		}
		if _, known := past[name]; !known && keys[name] == nil {
			return nil
		}
		under[name] = true
		s := &step{StepRef: resource.StepRef{Host: b.host, Name: name}, edges: past[name], keys: keys[name]}
		for _, e := range s.edges {
			if e.Step.Host != b.host {
				continue
			}
			if first := declare(e.Step.Name); first != nil {
				s.after = append(s.after, edge{first, e.Why})
			}
		}
		s.index = len(b.steps)
		b.steps = append(b.steps, s)
		declared[name] = s
		for _, key := range s.keys {
			b.wants[b.host].Put(key, want{state: b.claims.Get(key).Want, step: s})
		}
		return s
	}
	for _, name := range names {
		declare(name)
	}
}

// sort brings the objects of a step in an order in which they can be set up: by kind, and
// what stands on another of its kind after that.
func (b *Boot) sort(keys []resource.Key) {
	slices.SortFunc(keys, func(x, y resource.Key) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(b.depth(x), b.depth(y)), x.Compare(y))
	})
}

// depth is how many objects of its own kind an object stands on: a VLAN on its parent, and
// a route through a gateway on the one that leads there. A directory comes after the one
// that it is in by its name.
func (b *Boot) depth(key resource.Key) int {
	switch r := b.claims.Get(key).Want.(type) {
	case resource.Link:
		n := 0
		for parent, ok := r, true; ok && parent.Parent != "" && n < b.claims.Len(); n++ {
			parent, ok = b.claims.Get(resource.Link{Name: parent.Parent}.Key()).Want.(resource.Link)
		}
		return n
	case resource.Route:
		if r.Gateway.IsValid() {
			return 1
		}
	}
	return 0
}

// Plan is the plan that sets up what is missing. What is on disk and was changed by
// somebody stays as it is: only a reboot is made good here, and drift tells of the rest.
func (b *Boot) Plan(snap *resource.Snapshot) *Plan {
	asLeft := *snap
	asLeft.Live = snap.Live.Clone()
	for key, claim := range b.claims.All() {
		if onDisk(key.Kind) && asLeft.Live.Get(key) != nil && !b.touched[key] {
			asLeft.Live.Put(key, claim.Want)
		}
	}
	plan := Make(b.Desired, map[string]*resource.Snapshot{b.host: &asLeft})
	for _, s := range plan.Steps {
		for i, c := range s.Changes {
			if _, wanted := b.wants[b.host].Find(c.Key()); wanted && c.Reason != resource.Reordered {
				s.Changes[i].Reason = resource.LostAtBoot
			}
		}
	}
	return plan
}

// A Late is an object that has to wait for a network interface that is not there yet.
type Late struct {
	Step string
	Key  resource.Key
	Link string
}

// Late lists what of a plan cannot be done yet on a host with these network interfaces.
func (b *Boot) Late(plan *Plan, facts resource.Facts) []Late {
	there := map[string]bool{"": true, "all": true, "default": true}
	for _, names := range [][]string{facts.Links, receivers} {
		for _, name := range names {
			there[name] = true
		}
	}
	var late []Late
	for _, s := range plan.Steps {
		for _, c := range s.Changes {
			if link := standsOn(c.After); c.Action.TouchesHost() && !there[link] {
				late = append(late, Late{s.Name, c.Key(), link})
			} else if l, is := c.After.(resource.Link); is {
				there[l.Name] = true
			}
		}
	}
	return late
}

// standsOn is the interface that an object cannot be set up without, empty for none.
func standsOn(r resource.Resource) string {
	switch r := r.(type) {
	case nil:
		return ""
	case resource.SyncDaemon:
		return r.Interface
	}
	return under(r)
}

// Without is a plan without the given steps and all that come after them, directly or not,
// and without the objects that are late.
func (b *Boot) Without(plan *Plan, held map[string]bool, late []Late) *Plan {
	behind := maps.Clone(held)
	for _, s := range b.steps {
		if slices.ContainsFunc(s.after, func(e edge) bool { return behind[e.step.Name] }) {
			behind[s.Name] = true
		}
	}
	left := &Plan{Hosts: plan.Hosts}
	for _, s := range plan.Steps {
		if behind[s.Name] {
			continue
		}
		s.Changes = slices.DeleteFunc(slices.Clone(s.Changes), func(c resource.Change) bool {
			return slices.ContainsFunc(late, func(l Late) bool { return l.Step == s.Name && l.Key == c.Key() })
		})
		if len(s.Changes) > 0 {
			left.Steps = append(left.Steps, s)
		}
	}
	return left
}
