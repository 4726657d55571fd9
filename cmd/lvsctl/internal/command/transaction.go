package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A transaction is an apply from its first change to the last word on it: it ends with all
// done, or with all as it was.
type transaction struct {
	*session
	plan    *planner.Plan
	rest    *planner.Plan // what is planned for after it
	left    *planner.Plan // what turned out to be left
	earlier int           // waves that are done
	flags   applyFlags
	watch   *watch
	still   func() // ends telling hosts that the apply goes on
}

// run applies a plan to locked hosts, verifies that nothing is left to do, and waits to hear
// that all is well where that was asked for.
func (t *transaction) run(ctx context.Context) error {
	if err := t.watchOver(ctx); err != nil {
		return err
	}
	defer t.watch.close()
	if err := t.begin(ctx); err != nil {
		t.noteEnd(resource.Reverted, "it was not begun")
		return fmt.Errorf("nothing was done%s: %w", t.ofWave(), err)
	}
	touched := t.forget()
	t.still = func() {}
	if t.flags.within > 0 {
		t.still = t.fleet.KeepAlive(t.apply.Hosts)
	}
	verify := func(ctx context.Context) error { return t.verify(ctx, touched) }
	for _, part := range []func(context.Context) error{t.change, verify, t.probeAgain, t.soak, t.awaitConfirmation} {
		if err := part(ctx); err != nil {
			t.still()
			return t.fail(context.WithoutCancel(ctx), err)
		}
	}
	if err := t.fleet.End(context.WithoutCancel(ctx), t.apply.Hosts, ending(*t.apply), ""); err != nil {
		t.noteEnd(ending(*t.apply), err.Error())
		return &exit{exitPartial, fmt.Errorf("all was done, but not all hosts have taken note of that: %w\nRun it again to have them do so", err)}
	}
	t.noteEnd(ending(*t.apply), "")
	t.unfinished, t.untold = nil, nil // all have heard of this one
	return nil
}

// begin tells the hosts that an apply begins, and the history where there is one.
func (t *transaction) begin(ctx context.Context) error {
	t.apply = t.newApply(t.plan, t.flags.within)
	if err := t.tellUntold(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if err := t.noteBegin(ctx, *t.apply); err != nil {
		return err
	}
	return t.fleet.Start(context.WithoutCancel(ctx), holder(), *t.apply, t.apply.Hosts, t.plan)
}

// newApply says which apply carries out a plan. It goes to the hosts that the plan changes,
// and to those with an apply to go on with or to forget.
func (s *session) newApply(plan *planner.Plan, within time.Duration) *resource.Apply {
	by := holder()
	part := map[string]bool{}
	for _, step := range plan.Steps {
		part[step.Host] = true
	}
	for _, name := range s.unfinished {
		part[name] = true
	}
	return &resource.Apply{
		ID: rand.Text(), Who: by.Who, Command: by.Command, Since: s.now().UTC(), Within: within,
		Hosts: slices.Sorted(maps.Keys(part)), Destroys: s.withdrawn, Imports: s.imports != nil,
		Overrides: s.recordedOverrides(), Fence: s.fence(),
	}
}

// ending is how an apply ends that goes well.
func ending(apply resource.Apply) resource.Ending {
	if apply.Destroys {
		return resource.Destroyed
	}
	return resource.Applied
}

// tellUntold tells hosts that their last apply is done which did not hear it then.
func (s *session) tellUntold(ctx context.Context) error {
	for _, name := range s.untold {
		if err := s.fleet.End(ctx, []string{name}, ending(s.snapshots[name].Ledger.Last.Apply), ""); err != nil {
			return err
		}
	}
	return nil
}

// watchOver makes the probes that are made again later, unless there are to be none. What is
// taken away need not work.
func (t *transaction) watchOver(ctx context.Context) error {
	if t.flags.noProbes || t.withdrawn {
		t.watch = &watch{}
		return nil
	}
	var err error
	t.watch, err = t.newWatch(ctx, t.plan)
	switch {
	case ctx.Err() != nil:
		return &exit{exitInterrupted, fmt.Errorf("interrupted: nothing was done%s", t.ofWave())}
	case err != nil:
		return fmt.Errorf("nothing was done%s: %w", t.ofWave(), err)
	}
	return nil
}

// change carries out the plan.
func (t *transaction) change(ctx context.Context) error {
	return t.execute(ctx, t.plan)
}

// execute carries out the steps of a plan, and shows how they go.
func (s *session) execute(ctx context.Context, plan *planner.Plan) error {
	progress := s.progress(plan)
	defer progress.End()
	return s.fleet.Apply(ctx, plan, progress)
}

// verify reads the hosts again and plans again. What is planned for later waves is all that may
// be left.
func (t *transaction) verify(ctx context.Context, touched map[string]planner.Touched) error {
	t.event("verify_start", "info", "reading the hosts again")
	var err error
	t.touched = touched
	t.left, err = t.makePlan(context.WithoutCancel(ctx))
	if t.touched = nil; err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	left := t.left
	if len(t.rest.Steps) > 0 {
		left = left.Beyond(t.rest)
	}
	if len(left.Steps) > 0 {
		t.showPlan(left, false)
		return errors.New("verify: the plan was carried out, but this is left to do; something else may be changing the hosts")
	}
	t.event("verify_complete", "info", "nothing is left to do")
	return nil
}

// probeAgain makes sure that what passed before the apply passes now. The hosts wait no
// longer for it than for a confirmation, and then take the apply back.
func (t *transaction) probeAgain(parent context.Context) error {
	ctx := parent
	if t.flags.within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(parent, t.flags.within)
		defer cancel()
	}
	err := t.watch.again(ctx, "Probing again what passed before.")
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the probes were not done within %v, the time of --confirm-within", t.flags.within)
	}
	return err
}

// confirmLooks is how often to look whether somebody has confirmed.
const confirmLooks = 200 * time.Millisecond

// awaitConfirmation waits to hear that all is well.
func (t *transaction) awaitConfirmation(ctx context.Context) error {
	if t.flags.within == 0 {
		return nil
	}
	t.still() // from now on the hosts' time runs
	if err := t.fleet.Await(context.WithoutCancel(ctx), t.apply.Hosts); err != nil {
		return err
	}
	t.tell("confirm_wait", fmt.Sprintf("Waiting for \"lvsctl confirm\". All of this is taken back in %v.", t.flags.within))
	over := time.After(t.flags.within)
	trouble, stop := t.watch.keep(ctx, probeEvery)
	defer stop()
	for {
		yes, err := t.fleet.Confirmed(context.WithoutCancel(ctx), t.apply.Hosts)
		if yes || err != nil {
			return err
		}
		select {
		case <-time.After(confirmLooks):
		case err := <-trouble:
			return err
		case <-over:
			return fmt.Errorf("nobody confirmed it within %v", t.flags.within)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// forget lets go of what hosts had of which all is to be read again, and says what is to be
// read of the others. Where another wave follows, its plan is made from what is read then, and
// so it is all.
func (t *transaction) forget() map[string]planner.Touched {
	touched := t.plan.Touched(t.snapshots)
	if len(t.rest.Steps) > 0 {
		for name := range touched {
			touched[name] = nil
		}
	}
	for name, services := range touched {
		if services == nil {
			left := *t.snapshots[name]
			left.Live, left.Ledger.Claims, left.Connections = resource.Set{}, nil, nil
			t.snapshots[name] = &left
		}
	}
	return touched
}

// event says how it goes to programs alone: people see it from the rest.
func (s *session) event(kind, level, message string) {
	if s.json {
		view.NewEvents(s.out, s.now).Say(kind, level, message)
	}
}

// tell says how it goes.
func (s *session) tell(kind, message string) {
	if s.json {
		view.NewEvents(s.out, s.now).Say(kind, "info", message)
		return
	}
	s.printer(s.out).Printf("%s\n", message)
}

// fail ends the apply after it went wrong, and returns why and what was done about it.
func (t *transaction) fail(ctx context.Context, cause error) error {
	if lost := t.lost(); lost != nil {
		return t.abandon(ctx, cause, lost)
	}
	interrupted := errors.Is(cause, context.Canceled)
	if interrupted {
		cause = errors.New("interrupted")
	} else {
		cause = fmt.Errorf("the apply failed: %w", cause)
	}
	code := func(otherwise int) int {
		if interrupted {
			return exitInterrupted
		}
		return otherwise
	}
	t.event("apply_failed", "error", cause.Error())
	if t.flags.onFailure == failureKeep {
		err := t.fleet.End(ctx, t.apply.Hosts, resource.Kept, cause.Error())
		t.noteEnd(resource.Kept, cause.Error())
		return &exit{code(exitPartial), errors.Join(fmt.Errorf("%w\nWhat was done is left and recorded. Apply again to go on, or \"lvsctl rollback\" to go back", cause), err)}
	}
	if err := t.rollBack(ctx, *t.apply, t.apply.Hosts, ""); err != nil {
		t.noteEnd(resource.Kept, fmt.Sprintf("%v; it could not be rolled back: %v", cause, err))
		return &exit{exitPartial, fmt.Errorf("%w\nIt could not be rolled back: %w\nWhat is done is recorded. \"lvsctl rollback\" goes on with that", cause, err)}
	}
	t.noteEnd(resource.Reverted, cause.Error())
	if brokeProbes(cause) {
		t.probeRolledBack(ctx)
	}
	before := "All is as it was before"
	if t.earlier > 0 {
		before += " this wave"
	}
	return &exit{code(exitRolledBack), fmt.Errorf("%w\n%s", cause, before)}
}

// probeRolledBack says whether what the apply broke works again.
func (t *transaction) probeRolledBack(ctx context.Context) {
	err := t.watch.again(ctx, "Probing once more.")
	switch {
	case err == nil:
		t.tell("probe_summary", "What passed before the apply passes again.")
	case brokeProbes(err):
		t.tell("probe_summary", "That was not the apply alone: all is as it was before, and probes still fail.")
	default:
		t.tell("probe_summary", fmt.Sprintf("The probes could not be made: %v", err))
	}
}
