package planner

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// reboot does to a host what a boot does to it and to its ledger: others have what they had
// at the start, and of ours there is what is on disk, and settings that a file of ours sets.
func (h *fakeHost) reboot(start resource.Set) {
	kept, modules := resource.NewSet(), resource.NewSet()
	for _, claim := range h.ledger.Claims.All() {
		if f, is := claim.Want.(resource.File); is && h.live.Get(f.Key()) != nil {
			for _, s := range f.Sysctls() {
				kept.Put(s.Key(), s)
			}
			if strings.HasPrefix(f.Path, "/etc/modules-load.d/") {
				for line := range strings.Lines(string(f.Content)) {
					if name := strings.TrimSpace(line); !strings.HasPrefix(name, "#") {
						modules.Add(resource.Module{Name: name})
					}
				}
			}
		}
	}
	outlives := func(k resource.Key) bool { return !k.Kind.Volatile() || kept.Get(k) != nil }
	live := start.Clone()
	live.DeleteFunc(func(k resource.Key, _ resource.Resource) bool {
		return k.Kind == resource.KindService || k.Kind == resource.KindDestination
	})
	for k, r := range h.live.All() {
		if !k.Kind.Volatile() {
			live.Put(k, r)
		}
	}
	live.Copy(modules.ByKey)
	h.live = live
	for k, r := range kept.All() {
		if h.provides(k) {
			live.Put(k, r)
		}
	}

	before := h.ledger.Claims.Clone()
	if h.journal != nil {
		for key, was := range h.journal.Was.All() {
			if before.Delete(key); was.Claimed {
				before.Put(key, was.Claim)
			}
		}
		maps.Copy(h.ledger.Steps, h.journal.Steps)
		h.journal.Was.DeleteFunc(func(k resource.Key, _ resource.Was) bool { return !outlives(k) })
		h.journal.Ending = resource.Rebooted
	}
	if h.lost == nil {
		h.lost = resource.NewByKey[resource.Claim]()
	}
	for key, claim := range before.All() {
		if !outlives(key) {
			h.lost.Put(key, claim)
		}
	}
	h.ledger.Claims.DeleteFunc(func(k resource.Key, _ resource.Claim) bool { return !outlives(k) })
}

// boot has a host set up again by itself what it had, cut off now and then.
func (w world) boot(t *testing.T, rng *rand.Rand, name string) {
	t.Helper()
	h := w[name]
	for {
		b := NewBoot(name, h.remembered(), h.journal)
		snap := w.snapshots(b.Desired)[name]
		plan := b.Plan(snap)
		if len(plan.Steps) == 0 {
			break
		}
		left := rng.IntN(60)
		err := w.apply(plan, func() error {
			if left--; left < 0 {
				return errCutOff
			}
			return nil
		})
		if err != nil && err.Error() != "" && !strings.Contains(err.Error(), errCutOff.Error()) {
			t.Fatalf("%v\n%s", err, render(plan))
		}
	}
	h.lost, h.journal = nil, nil
}

// Any host with any config, some of them rebooted: each has its part back by itself, the
// plan is empty after that, and destroy brings back what was there at the start.
func TestBootAnyConfig(t *testing.T) {
	for seed := range uint64(200) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 7))
			w := newWorld("h0", "h1", "h2", "h3", "h4")
			w.scatter(rng)
			text := kept(randomConfig(rng))
			_, d := load(t, text)
			start := w.observe(d)
			for range 1 + rng.IntN(2) {
				text = kept(randomConfig(rng))
				_, d = load(t, text)
				if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
					t.Fatal(err)
				}
			}
			cutOff := rng.IntN(2) == 0
			names := slices.Sorted(maps.Keys(w))
			if cutOff { // then all of them go down, and nobody knows of it any more
				w.begin()
				_, next := load(t, kept(randomConfig(rng)))
				left := rng.IntN(100)
				_ = w.apply(Make(next, w.snapshots(next)), func() error {
					if left--; left < 0 {
						return errCutOff
					}
					return nil
				})
			}
			for _, name := range names {
				if cutOff || rng.IntN(2) == 0 {
					w[name].reboot(start[name])
					w.boot(t, rng, name)
				}
			}
			if again := Make(d, w.snapshots(d)); len(again.Steps) > 0 || again.Drifted() > 0 {
				t.Fatalf("the plan is not empty:\n%s\n%s", render(again), text)
			}
			gone := d.Withdraw()
			if err := w.apply(Make(gone, w.snapshots(gone)), w.safe); err != nil {
				t.Fatal(err)
			}
			other := cmpopts.IgnoreMapEntries(func(k resource.Key, r resource.Resource) bool {
				return k.Kind == resource.KindModule || k.Kind == resource.KindService || k.Kind == resource.KindDestination || r == defaultOf(k)
			})
			if diff := cmp.Diff(start, w.observe(d), other, cmp.Comparer(func(a, b resource.Resource) bool { return a == b }), cmp.Comparer(func(a, b resource.Key) bool { return a == b }), resourcetest.AsMaps); diff != "" {
				t.Errorf("destroy does not bring back the start (-start +now):\n%s\n%s", diff, text)
			}
		})
	}
}

// kept is a config whose hosts keep their part.
func kept(text string) string {
	return strings.ReplaceAll(text, "  netns =", "  persist = true\n  netns =")
}
