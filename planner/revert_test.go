package planner

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// begin starts to remember on all hosts what objects were.
func (w world) begin() {
	for _, h := range w {
		h.moves = resource.NewMoves()
		h.journal = &resource.Journal{Was: resource.NewByKey[resource.Was](), Steps: map[string][]resource.Edge{}}
	}
}

// journals are what the hosts remember, with the edges of all steps that matter.
func (w world) journals() map[string]*resource.Journal {
	journals := map[string]*resource.Journal{}
	for name, h := range w {
		j := *h.journal
		j.Steps = maps.Clone(j.Steps)
		for _, was := range j.Was.All() {
			edges, overwritten := h.journal.Steps[was.Claim.Step]
			if !overwritten {
				edges = h.ledger.Steps[was.Claim.Step]
			}
			if was.Claimed {
				j.Steps[was.Claim.Step] = edges
			}
		}
		journals[name] = &j
	}
	return journals
}

// revert undoes what was done since begin, and looks after every change.
func (w world) revert(look func() error) error {
	for range 2 {
		plan := Revert(w.journals(), w.all(), 30*time.Second)
		if err := w.apply(plan, look); err != nil {
			return fmt.Errorf("%w\n%s", err, render(plan))
		}
	}
	return nil
}

// all is a snapshot of all hosts with all that they have.
func (w world) all() map[string]*resource.Snapshot {
	snaps := map[string]*resource.Snapshot{}
	for name, h := range w {
		for k := range h.ledger.Claims.All() {
			h.settings(k)
		}
		snaps[name] = &resource.Snapshot{Live: h.live.Clone(), Ledger: h.remembered()}
	}
	return snaps
}

// A pastWorld is what hosts have and remember.
type pastWorld struct {
	Live   map[string]resource.Set
	Claims map[string]*resource.ByKey[resource.Claim]
	Edges  map[string]map[string][]resource.Edge // of the steps of claims
}

func (w world) past() pastWorld {
	p := pastWorld{map[string]resource.Set{}, map[string]*resource.ByKey[resource.Claim]{}, map[string]map[string][]resource.Edge{}}
	for name, snap := range w.all() {
		p.Live[name], p.Claims[name], p.Edges[name] = snap.Live, snap.Ledger.Claims, map[string][]resource.Edge{}
		for _, c := range snap.Ledger.Claims.All() {
			p.Edges[name][c.Step] = snap.Ledger.Steps[c.Step]
		}
	}
	return p
}

var errCutOff = errors.New("cut off")

// However far an apply got, and however often it was gone on with by others: undoing it
// brings back what was there when it began, the ledger included, and at no moment what
// must not be. Somebody's own changes to what the apply did not touch stay.
func TestRevertAnyApply(t *testing.T) {
	for seed := range uint64(400) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 2))
			w := newWorld("h0", "h1", "h2", "h3", "h4")
			w.scatter(rng)
			if rng.IntN(4) > 0 {
				_, first := load(t, randomConfig(rng))
				if err := w.apply(Make(first, w.snapshots(first)), w.safe); err != nil {
					t.Fatal(err)
				}
			}
			drifts(rng, w)
			start := w.past()
			w.begin()
			applies, cuts := 1+rng.IntN(2), rng.IntN(3)
			for range applies {
				text := randomConfig(rng)
				_, d := load(t, text)
				left := rng.IntN(120)
				err := w.apply(Make(d, w.snapshots(d)), func() error {
					if left--; left < 0 {
						return errCutOff
					}
					return w.safe()
				})
				if err != nil && !errors.Is(err, errCutOff) {
					t.Fatal(err)
				}
			}
			for range cuts { // what undoes can be cut off as well
				left := rng.IntN(20)
				if err := w.revert(func() error {
					if left--; left < 0 {
						return errCutOff
					}
					return w.safe()
				}); err != nil && !errors.Is(err, errCutOff) {
					t.Fatal(err)
				}
			}
			if err := w.revert(w.safe); err != nil {
				t.Fatal(err)
			}
			came := cmpopts.IgnoreMapEntries(func(k resource.Key, r resource.Resource) bool {
				return k.Kind == resource.KindModule || r == defaultOf(k)
			})
			if diff := cmp.Diff(start, w.past(), came, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b resource.Resource) bool { return a == b }), cmp.Comparer(func(a, b resource.Key) bool { return a == b }), resourcetest.AsMaps); diff != "" {
				t.Errorf("it does not lead back (-start +now):\n%s", diff)
			}
			if again := Revert(w.journals(), w.all(), 30*time.Second); len(again.Steps) > 0 {
				t.Errorf("the second plan is not empty:\n%s", render(again))
			}
		})
	}
}

// drifts lets somebody change and remove a little of what is ours.
func drifts(rng *rand.Rand, w world) {
	for _, name := range slices.Sorted(maps.Keys(w)) {
		h := w[name]
		for _, r := range h.live.Sorted() {
			d, is := r.(resource.Destination)
			key := r.Key()
			if _, ours := h.ledger.Claims.Find(key); !is || !ours {
				continue
			}
			switch rng.IntN(6) {
			case 0:
				d.Weight += 7
				h.live.Put(key, d)
			case 1:
				h.live.Delete(key)
			}
		}
	}
}

// An interface that goes takes along what was set on it. Nobody sets that back first: a VLAN
// cannot have the MTU that it was made with once its parent has a smaller one again.
func TestRevertSettingsOfWhatGoes(t *testing.T) {
	const small = `
host "lb1" {
  address = "10.0.0.1"
  netns   = "lb1"
  link "eth1" {
    mtu = 1431
  }
}
`
	vlan := strings.Replace(small, "1431\n  }\n", "1461\n  }\n  link \"vip0\" {\n    type = \"vlan\"\n    parent = \"eth1\"\n    vlan = 7\n    mtu = 1303\n  }\n", 1)
	w := newWorld("lb1")
	_, d := load(t, small)
	if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
		t.Fatal(err)
	}
	before := w.observe(d)
	_, with := load(t, vlan)
	w.begin()
	if err := w.apply(Make(with, w.snapshots(with)), w.safe); err != nil {
		t.Fatal(err)
	}
	plan := Revert(w.journals(), w.all(), 0)
	if !strings.Contains(listed(plan), "forget vip0 mtu") {
		t.Errorf("the VLAN's MTU is set back:\n%s", listed(plan))
	}
	if err := w.revert(w.safe); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, w.observe(d), resourcetest.AsMaps); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
