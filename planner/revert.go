package planner

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Undoing an apply.
//
// Hosts remember of their last apply what each object that it touched was before, and
// what the ledger said of it. That is a desired state like any other: it is compared with
// what is there now, and the order of an ordinary plan leads back to it. So it does not
// matter how far the apply got, or whether it was undone in part already; and what serves
// clients comes before what it replaces goes, here as well.

// Revert returns the plan that brings hosts back to where their last apply began. Hosts
// without a journal or a snapshot are left out. An object that was ours and yet not there
// takes a second plan after the first: it is removed, and then claimed. Real servers that
// go are drained for so long. Lost are the addresses of hosts that had part in the apply and are
// out of reach.
func Revert(journals map[string]*resource.Journal, snapshots map[string]*resource.Snapshot, drain time.Duration, lost ...netip.Addr) *Plan {
	r := newReversion(journals, snapshots)
	g := newGraph(r.Desired)
	g.lay(r.Desired, snapshots)
	plan := &Plan{}
	left := map[string]*resource.Snapshot{}
	for _, host := range r.Hosts {
		plan.Hosts = append(plan.Hosts, Host{Name: host, Foreign: r.foreign(host, snapshots[host], settled{})})
		left[host] = r.withoutRemade(host, snapshots[host])
	}
	for _, s := range r.steps {
		for _, key := range s.keys {
			if c, needed := r.restore(s, key, left[s.Host]); needed {
				g.setUp(s, c)
			}
		}
	}
	for _, host := range r.Hosts {
		r.reorder(g, host, left[host])
	}
	for _, host := range plan.Hosts {
		snap, shared := left[host.Name], sharedServices(host.Foreign)
		for _, e := range journals[host.Name].Entries() {
			if c, needed := r.takeAway(host.Name, e, snap, shared); needed {
				c.Drain = r.drain(host.Name, c, snap, drain)
				g.takeDown(resource.StepRef{Host: host.Name, Name: snap.Ledger.Claims.Get(e.Key).Step}, c)
			}
		}
	}
	g.readAgain(r.Desired, snapshots)
	g.connect(snapshots)
	unsure := map[netip.Addr]bool{}
	for _, addr := range lost {
		unsure[addr] = true
	}
	plan.Steps = meanwhile(r.relief(snapshots, drain).relieve(takenInLast(g.order(), snapshots, unsure)), snapshots)
	return plan
}

// A reversion is what hosts had before their last apply, as a desired state.
type reversion struct {
	*Desired
	journals map[string]*resource.Journal
}

func newReversion(journals map[string]*resource.Journal, snapshots map[string]*resource.Snapshot) *reversion {
	r := &reversion{&Desired{wants: map[string]*resource.ByKey[want]{}, parting: resource.RollingBack}, journals}
	for host := range journals {
		if snapshots[host] != nil {
			r.Hosts = append(r.Hosts, host)
			r.wants[host] = resource.NewByKey[want]()
		}
	}
	slices.Sort(r.Hosts)
	steps := r.pastSteps()
	for _, host := range r.Hosts {
		for _, e := range journals[host].Entries() {
			if !e.Claimed {
				continue
			}
			s := steps[resource.StepRef{Host: host, Name: e.Claim.Step}]
			s.keys = append(s.keys, e.Key)
			if e.Live != nil {
				r.wants[host].Put(e.Key, want{state: e.Live, step: s})
			}
		}
	}
	return r
}

// reorder makes a ledger remember again after what steps came of which the apply touched no
// object. It goes with any of a step's claims.
func (r *reversion) reorder(g *graph, host string, snap *resource.Snapshot) {
	other := map[string]*step{}
	for _, s := range r.steps {
		if s.Host == host && len(s.keys) == 0 && !slices.Equal(snap.Ledger.Steps[s.Name], s.edges) {
			other[s.Name] = s
		}
	}
	if len(other) == 0 {
		return
	}
	for _, claim := range snap.Ledger.Sorted() {
		key := claim.Want.Key()
		s := other[claim.Step]
		if _, touched := r.journals[host].Was.Find(key); s == nil || touched {
			continue
		}
		g.setUp(s, resource.Change{Action: resource.Adopt, Before: snap.Live.Get(key), After: claim.Want, Reason: resource.Reordered, Claim: &claim})
		delete(other, claim.Step)
	}
}

// pastSteps declares the steps that made what was there, each after those that it came
// after. Ledgers are made by several applies, so their edges can lead in a circle; one
// that does is not kept to.
func (r *reversion) pastSteps() map[resource.StepRef]*step {
	declared := map[resource.StepRef]*step{}
	under := map[resource.StepRef]bool{}
	var declare func(ref resource.StepRef) *step
	declare = func(ref resource.StepRef) *step {
		if s := declared[ref]; s != nil || under[ref] {
			return s
		}
		j := r.journals[ref.Host]
		if j == nil || r.wants[ref.Host] == nil {
			return nil
		}
		edges, known := j.Steps[ref.Name]
		if !known {
			return nil
		}
		under[ref] = true
		s := &step{StepRef: ref, edges: edges}
		for _, e := range edges {
			if first := declare(e.Step); first != nil {
				s.after = append(s.after, edge{first, e.Why})
			}
		}
		s.index = len(r.steps)
		r.steps = append(r.steps, s)
		declared[ref] = s
		return s
	}
	for _, host := range r.Hosts {
		for _, name := range slices.Sorted(maps.Keys(r.journals[host].Steps)) {
			declare(resource.StepRef{Host: host, Name: name})
		}
	}
	return declared
}

// restore is the change that makes an object of ours what it was, if one is needed.
func (r *reversion) restore(s *step, key resource.Key, snap *resource.Snapshot) (resource.Change, bool) {
	was := r.journals[s.Host].Was.Get(key)
	live := snap.Live.Get(key)
	claim, claimed := snap.Ledger.Claims.Find(key)
	c := resource.Change{Before: live, After: was.Live, Reason: resource.RollingBack, Claim: &was.Claim}
	switch {
	case live == was.Live && claimed && claim == was.Claim && slices.Equal(snap.Ledger.Steps[s.Name], s.edges):
		return resource.Change{}, false
	case live == was.Live:
		c.Action, c.After = resource.Adopt, was.Claim.Want
	case was.Live == nil:
		return resource.Change{}, false // see takeAway
	case live == nil:
		c.Action = resource.Create
	case key.Kind.Editable():
		c.Action = resource.Update
	default:
		c.Action = resource.Replace
	}
	return c, true
}

// takeAway is the change that gives up an object that was not ours, or removes one that
// was not there, if one is needed.
func (r *reversion) takeAway(host string, e resource.WasEntry, snap *resource.Snapshot, shared map[resource.ServiceKey]bool) (resource.Change, bool) {
	live := snap.Live.Get(e.Key)
	claim, claimed := snap.Ledger.Claims.Find(e.Key)
	switch {
	case e.Claimed && e.Live == nil && live != nil && !permanent(live):
		return resource.Change{Action: resource.Delete, Before: live, Reason: resource.RollingBack}, true
	case e.Claimed || !claimed:
		return resource.Change{}, false
	}
	if e.Live != nil {
		claim.Prior = e.Live // it was imported
	}
	c := release(claim, live, snap.Connections[e.Key], e.Key.Kind == resource.KindService && shared[e.Key.Service])
	if c.Action == resource.Restore && r.linkGoes(host, resource.LinkOfSetting(e.Key), snap) {
		c = resource.Change{Action: resource.Forget, Before: claim.Want, After: live}
	}
	if c.Reason == "" {
		c.Reason = resource.RollingBack
	}
	return c, true
}

// linkGoes tells whether an interface is deleted, and all that is set on it with it: nobody can
// set back what was set on it when it was new, as an MTU that its parent does not allow any more.
func (r *reversion) linkGoes(host, link string, snap *resource.Snapshot) bool {
	was, touched := r.journals[host].Was.Find(resource.Link{Name: link}.Key())
	return touched && was.Live == nil && r.Desired.linkGoes(host, link, snap)
}

// drain is what a change waits for, nothing unless it deletes a destination whose service
// stays and that may serve somebody.
func (r *reversion) drain(host string, c resource.Change, snap *resource.Snapshot, within time.Duration) resource.Drain {
	dest, is := c.Before.(resource.Destination)
	if !is || c.Action != resource.Delete || within == 0 || dest.Weight == 0 && c.Cuts == (resource.Connections{}) {
		return resource.Drain{}
	}
	return r.drainAt(host, dest.Service, snap, within)
}

// drainAt is what destinations of a service wait for before they go, nothing if it goes
// itself.
func (r *reversion) drainAt(host string, of resource.ServiceKey, snap *resource.Snapshot, within time.Duration) resource.Drain {
	key := resource.Service{ServiceKey: of}.Key()
	service, there := snap.Live.Get(key).(resource.Service)
	if was, touched := r.journals[host].Was.Find(key); !there || touched && was.Live == nil {
		return resource.Drain{}
	}
	persistent := service.Timeout > 0 && !r.expiresTemplates(host, snap)
	return resource.Drain{Within: within, Inactive: service.Protocol == resource.UDP || service.Mark != 0, Persistent: persistent}
}

// relief takes real servers out of service that get their former mounts back.
func (r *reversion) relief(snapshots map[string]*resource.Snapshot, within time.Duration) *relief {
	return &relief{
		snapshots: snapshots, rolled: map[string]bool{},
		place: func(director string, key resource.Key) resource.Step {
			return claimedBy(snapshots[director], director, key)
		},
		drain: func(director string, dest resource.Destination) resource.Drain {
			return r.drainAt(director, dest.Service, snapshots[director], within)
		},
	}
}

// Rolled lists the keys that have to be read on a host before its last apply can be
// undone.
func Rolled(j *resource.Journal) []resource.Key {
	keys := make([]resource.Key, 0, j.Was.Len()+len(passing)+1)
	for key := range j.Was.All() {
		keys = append(keys, key)
	}
	keys = append(keys, passing...)
	if _, touched := j.Was.Find(quiescentTemplate); !touched {
		keys = append(keys, quiescentTemplate)
	}
	slices.SortFunc(keys, resource.Key.Compare)
	return keys
}

// LastApply is the latest of the applies that hosts remember, and the hosts that it can
// be undone on; a host that remembers none has no journal. Where the apply was cut off while
// its hosts were told of it, those that did not hear of it have part in it with what it was
// to go on with there. It is an error if there is none, if it was undone already, if it was
// a destroy that some hosts have forgotten, or if one of the hosts that it went to has been
// changed by another one since, or has forgotten it.
func LastApply(journals map[string]*resource.Journal) (*resource.Apply, map[string]*resource.Journal, error) {
	last := latest(journals)
	if last == nil {
		return nil, nil, errNothingToUndo
	}
	part, began := map[string]*resource.Journal{}, false
	for host, j := range journals {
		if j != nil && j.Apply.ID == last.ID && j.Ending != resource.Reverted {
			part[host] = j
			began = began || j.Began
		}
	}
	if len(part) == 0 {
		return nil, nil, errNothingToUndo
	}
	for _, host := range last.Hosts {
		j, asked := journals[host]
		switch {
		case !asked, j == nil && (last.Reverts || !began), j != nil && j.Apply.ID == last.ID:
		case j != nil && !began && !j.Ended():
			part[host] = j
		case j != nil && !began:
		case j == nil && last.Destroys:
			return nil, nil, fmt.Errorf("there is no way back: the destroy of %s was done on all hosts when it was cut off, and %s has forgotten it already; \"lvsctl destroy\" has the others forget it too", last.Who, host)
		case j == nil:
			return nil, nil, fmt.Errorf("host %s does not remember the apply of %s that would be undone: it was rebooted since, or its ledger is gone", host, last.Who)
		default:
			return nil, nil, fmt.Errorf("host %s was changed by another apply after the one of %s that would be undone", host, last.Who)
		}
	}
	return last, part, nil
}

var errNothingToUndo = errors.New("there is nothing to go back to: no host remembers an apply that was not undone")

// latest is the latest apply that a host remembers, nil if none does.
func latest(journals map[string]*resource.Journal) *resource.Apply {
	var last *resource.Apply
	for _, j := range journals {
		if j == nil {
			continue
		}
		if last == nil || j.Apply.Since.After(last.Since) || j.Apply.Since.Equal(last.Since) && j.Apply.ID > last.ID {
			last = &j.Apply
		}
	}
	return last
}
