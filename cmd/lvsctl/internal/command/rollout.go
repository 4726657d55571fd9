package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/planner"
)

// carryOut carries out a plan on locked hosts. Each of its waves is an apply of its own: a
// failed one is taken back, and those before it stay.
func (s *session) carryOut(ctx context.Context, plan *planner.Plan, flags applyFlags) error {
	whole := plan
	for done := 0; ; done++ {
		if flags.noProbes {
			plan = unasked(plan)
		}
		t := s.transaction(plan, flags)
		t.earlier = done
		t.tellWave()
		if err := t.run(ctx); err != nil {
			return halted(done, err)
		}
		if len(t.left.Steps) == 0 {
			break
		}
		var err error
		if plan, err = t.following(ctx); err != nil {
			return halted(done+1, err)
		}
	}
	if err := s.done(whole); err != nil {
		return err
	}
	return s.notWhole(whole)
}

// unasked is a plan without probes of real servers.
func unasked(plan *planner.Plan) *planner.Plan {
	out := *plan
	out.Steps = nil
	for _, step := range plan.Steps {
		if len(step.Probes) == 0 {
			out.Steps = append(out.Steps, step)
		}
	}
	return &out
}

// transaction is the next wave of a plan, or all of one without waves.
func (s *session) transaction(plan *planner.Plan, flags applyFlags) *transaction {
	next := plan.Next(s.snapshots)
	if wave := next.Wave(); wave != nil && wave.Keep {
		flags.onFailure = failureKeep
	}
	return &transaction{session: s, plan: next, rest: &planner.Plan{Steps: plan.Steps[len(next.Steps):], Waves: plan.Waves}, flags: flags}
}

// tellWave says which wave begins.
func (t *transaction) tellWave() {
	wave := t.plan.Wave()
	if wave == nil {
		return
	}
	title := view.WaveTitle(wave, t.earlier+1, t.earlier+1+t.rest.CountWaves())
	if t.json {
		t.event("wave_start", "info", title)
		return
	}
	t.printer(t.out).Printf("\n%s\n", title)
}

// following is the plan of the waves that follow: the rest, if it still is that after the time
// that has gone by, and if its time is not over.
func (t *transaction) following(ctx context.Context) (*planner.Plan, error) {
	plan := t.left
	if t.flags.within > 0 || t.plan.Wave().Pause > 0 {
		var err error
		if plan, err = t.makePlan(context.WithoutCancel(ctx)); err != nil {
			return nil, err
		}
		if more := plan.Beyond(t.rest); len(more.Steps) > 0 {
			t.showPlan(more, false)
			return nil, errors.New("something else has changed the hosts between two waves")
		}
	}
	if ctx.Err() != nil {
		return nil, &exit{exitInterrupted, errors.New("interrupted")}
	}
	return plan, t.judge(plan)
}

// ofWave follows words about what was done, where earlier waves have done something.
func (t *transaction) ofWave() string {
	if t.earlier == 0 {
		return ""
	}
	return " in this wave"
}

// halted is the error of a plan of which some waves are done.
func halted(done int, err error) error {
	if done == 0 {
		return err
	}
	var ended *exit
	code := exitPartial
	if errors.As(err, &ended) && ended.code == exitInterrupted {
		code = exitInterrupted
	}
	return &exit{code, fmt.Errorf("%w\n%s and stays. Apply again to go on with the rest", err, waves(done))}
}

// waves says how many waves were done.
func waves(done int) string {
	if done == 1 {
		return "What the first wave did is done"
	}
	return fmt.Sprintf("What the first %d waves did is done", done)
}

// soak waits before the next wave, and probes meanwhile.
func (t *transaction) soak(ctx context.Context) error {
	wave := t.plan.Wave()
	if wave == nil || wave.Pause == 0 || len(t.rest.Steps) == 0 {
		return nil
	}
	t.tell("wave_pause", fmt.Sprintf("Waiting %v before the next wave.", wave.Pause))
	trouble, stop := t.watch.keep(ctx, probeEvery)
	defer stop()
	for over := time.After(wave.Pause); ; {
		select {
		case <-over:
			return nil
		case err := <-trouble:
			return err
		case <-ctx.Done():
			return nil // the wave is done, and well
		}
	}
}

// done says that all of a plan is done.
func (s *session) done(plan *planner.Plan) error {
	if s.json {
		view.NewEvents(s.out, s.now).Applied(plan)
		return nil
	}
	if !plan.Asks() {
		return nil
	}
	p := s.printer(s.out)
	if s.imports != nil {
		p.Imported(plan)
	} else {
		p.Applied(plan)
	}
	return p.Err()
}
