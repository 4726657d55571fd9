package planner

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// An apply that is cut off is gone on with by another one, of the same config or another,
// and at no moment is there what must not be.
func TestAnyConfigAfterOneCutOff(t *testing.T) {
	for seed := range uint64(400) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 3))
			w := newWorld("h0", "h1", "h2", "h3", "h4")
			w.scatter(rng)
			_, first := load(t, randomConfig(rng))
			if err := w.apply(Make(first, w.snapshots(first)), w.safe); err != nil {
				t.Fatal(err)
			}
			w.begin()
			text := randomConfig(rng)
			_, d := load(t, text)
			for range 1 + rng.IntN(3) {
				left := rng.IntN(100)
				err := w.apply(Make(d, w.snapshots(d)), func() error {
					if left--; left < 0 {
						return errCutOff
					}
					return w.safe()
				})
				if err != nil && !errors.Is(err, errCutOff) {
					t.Fatal(err)
				}
				if rng.IntN(3) == 0 {
					text = randomConfig(rng)
					_, d = load(t, text)
				}
			}
			plan := Make(d, w.snapshots(d))
			if err := w.apply(plan, w.safe); err != nil {
				t.Fatalf("%v\n%s\n%s", err, render(plan), text)
			}
			if again := Make(d, w.snapshots(d)); len(again.Steps) > 0 {
				t.Fatalf("the second plan is not empty:\n%s\n%s", render(again), text)
			}
		})
	}
}
