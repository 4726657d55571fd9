package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A Progress is told how an apply goes, one word at a time.
type Progress interface {
	StepStarted(resource.Step)
	StepDone(resource.Step, resource.Outcome, error)
	Draining(resource.Wait)
}

// A run is an apply at work. Hosts whose steps are of one stage work at once, each in the
// order of its own.
type run struct {
	*Fleet
	drains *drains

	mu       sync.Mutex // for those below
	progress Progress
	failed   bool  // begin nothing more
	stopped  error // why something was not begun, although nothing had failed
}

// Apply carries out a plan. At the first step that fails, or when the context ends, the steps
// in flight are finished and no other begun. Before a step that removes what has to be
// drained it waits.
func (f *Fleet) Apply(ctx context.Context, plan *planner.Plan, progress Progress) error {
	r := &run{Fleet: f, progress: progress}
	r.drains = newDrains(f, r.draining)
	for steps := plan.Steps; len(steps) > 0; {
		n := 1 // one host at a time is one step after the other
		if f.AtOnce > 1 {
			n = stage(steps)
		}
		if err := r.stage(ctx, steps[:n]); err != nil {
			return err
		}
		steps = steps[n:]
	}
	return nil
}

// stage is how many of the first steps are of one stage.
func stage(steps []resource.Step) int {
	n := 1
	for n < len(steps) && steps[0].Stage != 0 && steps[n].Stage == steps[0].Stage {
		n++
	}
	return n
}

// stage carries out the steps of one stage.
func (r *run) stage(ctx context.Context, steps []resource.Step) error {
	var names []string // in the order of their first steps
	byHost := map[string][]resource.Step{}
	for _, s := range steps {
		if byHost[s.Host] == nil {
			names = append(names, s.Host)
		}
		byHost[s.Host] = append(byHost[s.Host], s)
	}
	err := r.each(names, func(name string) error {
		for _, s := range byHost[name] {
			if err := r.step(ctx, s); err != nil {
				r.stop(nil)
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = r.stopped
	}
	return err
}

// step carries out one step, unless another one has failed meanwhile, or the context ended.
func (r *run) step(ctx context.Context, s resource.Step) error {
	err := r.drains.wait(ctx, s)
	if ctx.Err() != nil {
		r.stop(ctx.Err())
		return nil //nolint:nilerr // the run knows that it was stopped, and what it failed with otherwise
	}
	if err == nil {
		err = r.stillHeld()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	if !r.begin(s) {
		return nil
	}
	var out resource.Outcome
	if len(s.Probes) > 0 {
		err = r.probe(ctx, s)
	} else if out, err = r.hosts[s.Host].Apply(context.WithoutCancel(ctx), s); err == nil {
		err = out.Err(s.Changes)
	}
	if ctx.Err() != nil && len(s.Probes) > 0 {
		r.stop(ctx.Err())
		return nil // probes that were interrupted say nothing
	}
	r.end(s, out, err)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	r.drains.quieted(s)
	return nil
}

// probe makes the probes of a step. All of them have to pass.
func (r *run) probe(ctx context.Context, s resource.Step) error {
	probes := make([]resource.Probe, len(s.Probes))
	for i, p := range s.Probes {
		probes[i] = p.Probe
	}
	outcomes, err := r.probeFrom(ctx, s.Host, probes)
	if err != nil {
		return err
	}
	var failures []error
	for i, p := range s.Probes {
		if !outcomes[i].Passed() {
			failures = append(failures, fmt.Errorf("%s does not answer %s as it should: %s: %s", p.Server, s.Host, p.Probe, strings.ReplaceAll(outcomes[i].Failure, "\n", "; ")))
		}
	}
	return shortened(failures)
}

// maxFailures is of how many real servers an error tells.
const maxFailures = 8

// shortened is many errors as one.
func shortened(errs []error) error {
	if more := len(errs) - maxFailures; more > 0 {
		errs = append(errs[:maxFailures:maxFailures], fmt.Errorf("and %d more", more))
	}
	return errors.Join(errs...)
}

// begin tells of a step that begins, unless no step is to begin any more.
func (r *run) begin(s resource.Step) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.failed {
		r.progress.StepStarted(s)
	}
	return !r.failed
}

func (r *run) end(s resource.Step, out resource.Outcome, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = r.failed || err != nil
	r.progress.StepDone(s, out, err)
}

// stop has no step begin any more, and notes why if nothing has failed.
func (r *run) stop(why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed, r.stopped = true, why
}

func (r *run) draining(w resource.Wait) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress.Draining(w)
}
