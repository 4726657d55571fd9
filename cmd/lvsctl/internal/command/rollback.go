package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/spf13/cobra"
)

func (a *app) rollback() *cobra.Command {
	var flags applyFlags
	var noDrain bool
	c := &cobra.Command{
		Use:   "rollback [PATH]...",
		Short: "Undo the last apply",
		Long: "Brings the hosts of the last apply back to what they were when it began: every object\n" +
			"that it touched, and what the ledger said of it. What others changed since then stays,\n" +
			"unless it is one of these objects. Connections that were cut do not come back.\n\n" +
			"An apply that was cut off is undone back to where it began, even if others went on\n" +
			"with it. After a reboot there is nothing to go back to, unless the apply was under way\n" +
			"then, nor after a destroy that ran to its end: it leaves nothing on the hosts.\n\n" +
			"Policies have no say in it: to go back is the way out of what went wrong.\n\n" +
			"Exit codes: as for apply; 6 says that it is not finished.",
		Example: "  lvsctl rollback examples/dr\n  lvsctl rollback --auto-approve",
		RunE: func(c *cobra.Command, paths []string) error {
			if a.json && !flags.approve {
				return errors.New("--json cannot ask for approval: add --auto-approve")
			}
			ctx, stop := a.interruptible(c.Context())
			defer stop()
			a.events = true
			s, err := a.connect(ctx, paths)
			if err != nil {
				return err
			}
			defer s.close()
			s.drain(!noDrain)
			return s.undo(ctx, flags)
		},
	}
	a.hostFlags(c)
	c.Flags().BoolVar(&flags.approve, "auto-approve", false, "do not ask before acting")
	c.Flags().DurationVar(&flags.lockTimeout, "lock-timeout", 0, "how long to wait for another lvsctl to finish")
	addNoDrain(c, &noDrain)
	return c
}

// undo shows how the last apply would be undone, asks, and does it.
func (s *session) undo(ctx context.Context, flags applyFlags) error {
	apply, hosts, err := s.fleet.LastApply(ctx)
	if err != nil {
		return err
	}
	plan, err := s.fleet.Reversion(ctx, hosts, s.rollbackDrain())
	if err != nil {
		return err
	}
	if !s.json {
		s.printer(s.out).Printf("The last apply was made by %s at %s: %s%s\n\n", apply.Who, apply.Since.UTC().Format("2006-01-02 15:04:05 MST"), apply.Command, apply.Overriding())
	}
	s.showPlan(plan, false)
	if !flags.approve && plan.Asks() {
		if err := s.ask(ctx, bufio.NewReader(s.in), "Do you want to go back?"); err != nil {
			return err
		}
	}
	if err := s.lock(ctx, flags.lockTimeout); err != nil {
		return err
	}
	switch now, still, err := s.fleet.LastApply(ctx); {
	case err != nil:
		return err
	case now.ID != apply.ID || !slices.Equal(still, hosts):
		return errors.New("the hosts were changed by another apply in the meantime: nothing was done")
	}
	if err := s.noteBegin(ctx, s.ownRollback(*apply, hosts)); err != nil {
		return fmt.Errorf("nothing was done: %w", err)
	}
	switch err := s.rollBack(ctx, *apply, hosts, ""); {
	case errors.Is(err, context.Canceled):
		s.noteEnd(resource.Kept, "interrupted")
		return &exit{exitInterrupted, errors.New("interrupted: \"lvsctl rollback\" goes on with it")}
	case err != nil:
		s.noteEnd(resource.Kept, err.Error())
		return &exit{exitPartial, fmt.Errorf("%w\nWhat is done is recorded. \"lvsctl rollback\" goes on with it", err)}
	}
	s.noteEnd(resource.Reverted, "")
	return nil
}

// rollbackDrain is for how long real servers are drained that go when an apply is undone.
// What the config says of that is of another time.
func (s *session) rollbackDrain() time.Duration {
	if s.atOnce {
		return 0
	}
	return 30 * time.Second
}

// rollBack undoes an apply on locked hosts, and says so.
func (s *session) rollBack(ctx context.Context, apply resource.Apply, hosts []string, note string) error {
	s.tell("rollback_start", "Rolling back.")
	apply.Fence = s.fence()
	s.apply = &apply
	if err := s.fleet.RollBack(ctx, holder(), apply, hosts, note, s.rollbackDrain(), s.execute); err != nil {
		return err
	}
	s.tell("rollback_complete", "Rolled back. Read again: all is as it was before the apply.")
	return nil
}
