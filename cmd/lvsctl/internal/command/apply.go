package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/fleet"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/spf13/cobra"
)

// applyFlags are the flags of commands that change hosts.
type applyFlags struct {
	approve     bool
	foreign     bool
	lockTimeout time.Duration
}

func (f *applyFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.approve, "auto-approve", false, "do not ask before acting")
	c.Flags().BoolVar(&f.foreign, "foreign", false, "list IPVS objects that lvsctl did not make")
	c.Flags().DurationVar(&f.lockTimeout, "lock-timeout", 0, "how long to wait for another lvsctl to finish")
}

// change connects to the hosts and brings them to the state that prepare leaves the
// session to want. Prepare returns the question to ask before.
func (a *app) change(ctx context.Context, paths []string, flags applyFlags, prepare func(*session) string) error {
	if a.json && !flags.approve {
		return errors.New("--json cannot ask for approval: add --auto-approve")
	}
	ctx, stop := interruptible(ctx, a.err)
	defer stop()
	a.events = true
	s, err := a.connect(ctx, paths)
	if err != nil {
		return err
	}
	defer s.close()
	return s.converge(ctx, flags, prepare(s))
}

func (a *app) apply() *cobra.Command {
	var flags applyFlags
	c := &cobra.Command{
		Use:   "apply [PATH]...",
		Short: "Bring the hosts to the state that the config describes",
		Long: "Reads the hosts, shows the plan, asks, and carries it out in order. Afterwards the\n" +
			"hosts are read again: if anything is left to do, that is an error.\n\n" +
			"Exit codes: 0 done, 1 error or declined, 3 another lvsctl holds a lock, 6 an apply\n" +
			"failed and what it did is left, 7 a host cannot be reached, 130 interrupted.",
		Example: "  lvsctl apply\n  lvsctl apply --auto-approve examples/dr\n  lvsctl apply --host web2 --lock-timeout 1m",
		RunE: func(c *cobra.Command, paths []string) error {
			return a.change(c.Context(), paths, flags, func(*session) string {
				return "Do you want to perform these actions?"
			})
		},
	}
	a.hostFlags(c)
	flags.add(c)
	return c
}

// converge plans, asks, locks, makes sure that the plan still holds, carries it out,
// and verifies. The question is asked unless the flags approve.
func (s *session) converge(ctx context.Context, flags applyFlags, question string) error {
	plan, err := s.makePlan(ctx)
	if err != nil {
		return err
	}
	if s.withdrawn && len(plan.Steps) == 0 {
		return s.leaveNothing(ctx, plan, flags)
	}
	s.showPlan(plan, flags.foreign)
	if len(plan.Steps) == 0 {
		return nil
	}
	asker := bufio.NewReader(s.in)
	locked := false
	for range maxPlans {
		if !flags.approve && plan.Asks() {
			if err := s.ask(ctx, asker, question); err != nil {
				return err
			}
		}
		if !locked {
			if err := s.fleet.Lock(ctx, holder(), flags.lockTimeout); err != nil {
				return err
			}
			locked = true
		}
		now, err := s.makePlan(ctx)
		if err != nil {
			return err
		}
		if now.Equal(plan) {
			return s.carryOut(ctx, now)
		}
		plan = now
		if !s.json {
			s.printer(s.out).Printf("\nThe hosts have changed in the meantime. This is the plan now:\n\n")
		}
		s.showPlan(plan, flags.foreign)
	}
	return errors.New("the hosts keep changing while they are read: nothing was done; find out what else changes them")
}

// maxPlans is how often a plan is made anew because the hosts changed in the meantime.
const maxPlans = 10

// leaveNothing ends a destroy that has nothing to take away. What an interrupted run may
// have left of its own, such as a lock, goes with the lock that is taken here.
func (s *session) leaveNothing(ctx context.Context, plan *planner.Plan, flags applyFlags) error {
	if err := s.fleet.Lock(ctx, holder(), flags.lockTimeout); err != nil {
		return err
	}
	if s.json {
		view.NewEvents(s.out, s.now).Applied(plan)
		return nil
	}
	p := s.printer(s.out)
	p.NothingLeft(len(plan.Hosts))
	return p.Err()
}

// carryOut applies a plan to locked hosts and verifies that nothing is left to do.
func (s *session) carryOut(ctx context.Context, plan *planner.Plan) error {
	if err := s.fleet.Apply(ctx, plan, s.progress()); err != nil {
		if errors.Is(err, context.Canceled) {
			return &exit{exitInterrupted, errors.New("interrupted: the step in flight was finished, the rest not begun; apply again to go on")}
		}
		return &exit{exitPartial, fmt.Errorf("apply stopped: %w\nWhat was done before is left and recorded; apply again to go on, or destroy", err)}
	}
	left, err := s.makePlan(context.WithoutCancel(ctx))
	if err != nil {
		return &exit{exitPartial, fmt.Errorf("verify: %w", err)}
	}
	if len(left.Steps) > 0 {
		s.showPlan(left, false)
		return &exit{exitPartial, errors.New("verify: the plan was carried out, but this is left to do; something else may be changing the hosts")}
	}
	if s.json {
		view.NewEvents(s.out, s.now).Applied(plan)
		return nil
	}
	if !plan.Asks() {
		return nil
	}
	p := s.printer(s.out)
	p.Applied(plan)
	return p.Err()
}

func (s *session) showPlan(plan *planner.Plan, foreign bool) {
	if s.json {
		view.NewEvents(s.out, s.now).Plan(plan, s.warnings)
		return
	}
	s.printer(s.out).Plan(plan, foreign)
}

func (s *session) progress() fleet.Progress {
	if s.json {
		return view.NewEvents(s.out, s.now)
	}
	return view.Progress{Printer: s.printer(s.out)}
}

// ask wants the word yes.
func (s *session) ask(ctx context.Context, in *bufio.Reader, question string) error {
	s.printer(s.out).Printf("\n%s Only 'yes' will be accepted to approve.\n> ", question)
	answer, err := readLine(ctx, in)
	if ctx.Err() != nil {
		return &exit{exitInterrupted, errors.New("interrupted: nothing was done")}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	if strings.TrimSpace(answer) != "yes" {
		return errors.New("not approved: nothing was done (--auto-approve does not ask)")
	}
	s.printer(s.out).Printf("\n")
	return nil
}

// readLine reads a line, unless the context ends first. What is typed after that is
// lost, as the program is about to end.
func readLine(ctx context.Context, in *bufio.Reader) (string, error) {
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := in.ReadString('\n')
		answers <- answer{line, err}
	}()
	select {
	case a := <-answers:
		return a.line, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
