package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/fleet"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/host"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/spf13/cobra"
)

// bootFlags are the flags of lvsctl boot.
type bootFlags struct {
	wait        time.Duration
	lockTimeout time.Duration
}

func (a *app) boot() *cobra.Command {
	var flags bootFlags
	c := &cobra.Command{
		Use:   "boot",
		Short: "Set up again what this machine had before it booted",
		Long: "Reads the ledger of this machine and sets up again what lvsctl had there before it\n" +
			"booted. It needs no config, no other host, and asks nothing; with persist in a host\n" +
			"block a unit of systemd runs it at every boot. On a machine that has lost nothing it\n" +
			"does nothing.\n\n" +
			"An apply that was under way when the machine went down, or that nobody had confirmed\n" +
			"yet, is taken back: the machine gets what it had before. Files that somebody has\n" +
			"changed since lvsctl wrote them are left alone.\n\n" +
			"What fails, or needs a network interface that is not there yet, is tried again and\n" +
			"again for as long as --wait says, with all that comes after it. Then lvsctl goes on\n" +
			"with what does not need the interface, and leaves what comes after a failure.\n\n" +
			"Exit codes: 0 done, or nothing to do, 1 error, 3 another lvsctl holds the lock, 6 a part\n" +
			"is missing, 130 interrupted.",
		Example: "  lvsctl boot\n  lvsctl boot --wait 2m",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if flags.wait < 0 || flags.lockTimeout < 0 {
				return errors.New("--wait and --lock-timeout: want no time or some")
			}
			ctx, stop := a.interruptible(c.Context())
			defer stop()
			a.events = true
			return a.bringBack(ctx, flags)
		},
	}
	c.Flags().DurationVar(&flags.wait, "wait", 30*time.Second, "how long to try what fails, or has no network interface yet")
	c.Flags().DurationVar(&flags.lockTimeout, "lock-timeout", 0, "how long to wait for another lvsctl to finish")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// bringBack sets up again what this machine had before it booted.
func (a *app) bringBack(ctx context.Context, flags bootFlags) error {
	r := &revival{session: &session{app: a}, wait: flags.wait, failed: map[string]error{}}
	if err := r.dialSelf(ctx); err != nil {
		return err
	}
	defer r.close()
	snap, err := r.readSelf(ctx, nil)
	if err != nil {
		return err
	}
	if !planner.Pending(snap.Ledger) {
		r.tell("summary", "There is nothing to set up again.")
		return nil
	}
	if err := r.fleet.Lock(ctx, holder(), flags.lockTimeout); err != nil {
		return err
	}
	return r.locked(ctx)
}

// A revival is lvsctl boot at work.
type revival struct {
	*session
	name   string // of the host, in the config
	wait   time.Duration
	boot   *planner.Boot
	count  int              // objects that were set up
	failed map[string]error // steps of which a change failed since the last pause
}

// dialSelf opens this machine, by the name that the config has for it.
func (r *revival) dialSelf(ctx context.Context) error {
	dir, err := filepath.Abs(r.stateDir)
	if err != nil {
		return err
	}
	if r.name, err = host.Name(dir); err != nil {
		return err
	}
	if r.name == "" {
		if r.name, err = os.Hostname(); err != nil {
			return err
		}
	}
	r.fleet, err = r.dial(ctx, []*schema.Host{{Name: r.name, Reach: schema.Reach{Local: true}}})
	return err
}

// readSelf reads this machine.
func (r *revival) readSelf(ctx context.Context, keys []resource.Key) (*resource.Snapshot, error) {
	snapshots, err := r.fleet.Read(ctx, func(string) []resource.Key { return keys })
	return snapshots[r.name], err
}

// locked does it all, once the machine is locked.
func (r *revival) locked(ctx context.Context) error {
	snap, err := r.readSelf(ctx, nil)
	if err != nil {
		return err
	}
	journals, err := r.fleet.Journals(ctx)
	if err != nil {
		return err
	}
	if !planner.Pending(snap.Ledger) {
		r.tell("summary", "There is nothing to set up again.")
		return nil
	}
	r.boot = planner.NewBoot(r.name, snap.Ledger, journals[r.name])
	plan, _, err := r.plan(ctx)
	if err != nil {
		return err
	}
	apply, ending, note := r.begin(journals[r.name])
	if err := r.fleet.Start(context.WithoutCancel(ctx), holder(), apply, []string{r.name}, plan); err != nil {
		return fmt.Errorf("nothing was done: %w", err)
	}
	return r.end(context.WithoutCancel(ctx), r.carryOut(ctx), ending, note)
}

// begin says which apply this is, and how it ends: as one of its own, or as the end of one
// that was under way when the machine went down.
func (r *revival) begin(journal *resource.Journal) (resource.Apply, resource.Ending, string) {
	if !planner.TakesBack(journal) {
		r.tell("boot_start", "Setting up again what was there before the host was rebooted.")
		by := holder()
		return resource.Apply{ID: rand.Text(), Who: by.Who, Command: by.Command, Since: r.now().UTC(), Boots: true, Hosts: []string{r.name}}, resource.Applied, ""
	}
	apply := journal.Apply
	r.tell("boot_start", fmt.Sprintf("Setting up again what was there before the apply of %s since %s, which was not finished when the host was rebooted.",
		apply.Who, apply.Since.UTC().Format("2006-01-02 15:04:05 MST")))
	apply.Boots, apply.Reverts, apply.Within = true, true, 0
	return apply, resource.Reverted, "the host was rebooted before it was finished"
}

// end records how it went, and says so.
func (r *revival) end(ctx context.Context, err error, ending resource.Ending, note string) error {
	names := []string{r.name}
	switch {
	case errors.Is(err, context.Canceled):
		err = errors.New("interrupted: \"lvsctl boot\" goes on with it")
		return &exit{exitInterrupted, errors.Join(err, r.fleet.End(ctx, names, resource.Kept, "interrupted"))}
	case err != nil:
		return &exit{exitPartial, errors.Join(err, r.fleet.End(ctx, names, resource.Kept, err.Error()))}
	}
	if err := r.fleet.End(ctx, names, ending, note); err != nil {
		return &exit{exitPartial, err}
	}
	r.tell("boot_complete", fmt.Sprintf("Done. Changes made: %d. Read again: nothing is missing.", r.count))
	return nil
}

// plan reads the machine and plans what is left, and what of that has to wait.
func (r *revival) plan(ctx context.Context) (*planner.Plan, []planner.Late, error) {
	snap, err := r.readSelf(ctx, r.boot.Keys(r.name))
	if err != nil {
		return nil, nil, err
	}
	plan := r.boot.Plan(snap)
	return plan, r.boot.Late(plan, snap.Facts), nil
}

// The pauses between two tries.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = 10 * time.Second
)

// carryOut sets up what is missing until nothing is, or until the time is over in which
// something can still turn out well.
func (r *revival) carryOut(ctx context.Context) error {
	began, pause := time.Now(), firstPause
	var last *planner.Plan // that was carried out
	for {
		plan, late, err := r.plan(context.WithoutCancel(ctx))
		if err != nil {
			return err
		}
		over := time.Since(began) >= r.wait
		todo := r.boot.Without(plan, r.held(late, over), late)
		switch {
		case len(todo.Steps) > 0 && last != nil && todo.Equal(last):
			return errors.New("something else keeps changing the host")
		case len(todo.Steps) > 0:
			if last, err = todo, r.try(ctx, todo); err != nil {
				return err
			}
			continue
		case len(late)+len(r.failed) == 0:
			return nil
		case over:
			return r.missing(late)
		}
		if err := pauseFor(ctx, min(pause, r.wait-time.Since(began))); err != nil {
			return err
		}
		pause, last = min(2*pause, lastPause), nil
		clear(r.failed)
	}
}

// held are the steps that cannot be carried out now: those that failed, and, until the time
// is over, those of which something is late.
func (r *revival) held(late []planner.Late, over bool) map[string]bool {
	held := map[string]bool{}
	for name := range r.failed {
		held[name] = true
	}
	for _, l := range late {
		held[l.Step] = held[l.Step] || !over
	}
	return held
}

// try carries out a plan up to the first step that fails, which is noted. Its error is
// that it was interrupted.
func (r *revival) try(ctx context.Context, plan *planner.Plan) error {
	p := &attempt{progress: r.progress(plan)}
	err := r.fleet.Apply(ctx, plan, p)
	p.End()
	r.count += p.made
	switch {
	case err == nil:
	case p.failed == "":
		return err
	default:
		var at *fleet.HostError
		if errors.As(err, &at) {
			err = at.Err
		}
		r.failed[p.failed] = err
	}
	return nil
}

// missing says what could not be set up.
func (r *revival) missing(late []planner.Late) error {
	errs := []error{errors.New("a part is missing; \"lvsctl boot\" or an apply goes on with it")}
	for _, name := range slices.Sorted(maps.Keys(r.failed)) {
		errs = append(errs, r.failed[name])
	}
	for _, l := range late {
		errs = append(errs, fmt.Errorf("%s: %s: there is no network interface %s", l.Step, l.Key, l.Link))
	}
	return errors.Join(errs...)
}

// An attempt shows how steps go, and notes which one failed.
type attempt struct {
	progress
	made   int
	failed string
}

// StepDone implements [fleet.Progress].
func (a *attempt) StepDone(step resource.Step, out resource.Outcome, err error) {
	a.progress.StepDone(step, out, err)
	if err != nil {
		a.failed = step.Name
		return
	}
	for _, c := range step.Changes {
		if c.Action.TouchesHost() {
			a.made++
		}
	}
}

// pauseFor sleeps, unless the context ends first.
func pauseFor(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
