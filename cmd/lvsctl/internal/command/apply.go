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
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/spf13/cobra"
)

// applyFlags are the flags of commands that change hosts.
type applyFlags struct {
	approve     bool
	foreign     bool
	lockTimeout time.Duration
	onFailure   string
	within      time.Duration
	noProbes    bool
}

// What becomes of what a failed apply did.
const (
	failureRollback = "rollback"
	failureKeep     = "keep"
)

func (f *applyFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.approve, "auto-approve", false, "do not ask before acting")
	c.Flags().BoolVar(&f.foreign, "foreign", false, "list IPVS objects that lvsctl did not make")
	c.Flags().DurationVar(&f.lockTimeout, "lock-timeout", 0, "how long to wait for another lvsctl to finish")
	c.Flags().StringVar(&f.onFailure, "on-failure", failureRollback, `what to do with what was done when something fails: "rollback" or "keep"`)
	c.Flags().DurationVar(&f.within, "confirm-within", 0, "take everything back unless \"lvsctl confirm\" is run within this time")
}

// check refuses values that make no sense.
func (f *applyFlags) check() error {
	switch {
	case f.onFailure != failureRollback && f.onFailure != failureKeep:
		return fmt.Errorf(`--on-failure %s: want "rollback" or "keep"`, f.onFailure)
	case f.within != 0 && f.within < time.Second:
		return fmt.Errorf("--confirm-within %v: want a second at least", f.within)
	case f.lockTimeout < 0:
		return fmt.Errorf("--lock-timeout %v: want no time or some", f.lockTimeout)
	}
	return nil
}

// change connects to the hosts and brings them to the state that prepare leaves the
// session to want. Prepare returns the question to ask before.
func (a *app) change(ctx context.Context, paths []string, flags applyFlags, prepare func(*session) string) error {
	if err := flags.check(); err != nil {
		return err
	}
	if a.json && !flags.approve {
		return errors.New("--json cannot ask for approval: add --auto-approve")
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	a.events = true
	s, err := a.connectSome(ctx, paths)
	if err != nil {
		return err
	}
	defer s.close()
	return s.converge(ctx, flags, prepare(s))
}

func (a *app) apply() *cobra.Command {
	var flags applyFlags
	var noDrain bool
	c := &cobra.Command{
		Use:   "apply [PATH]... | PLAN",
		Short: "Bring the hosts to the state that the config describes",
		Long: "Reads the hosts, shows the plan, asks, and carries it out in order. Without a question\n" +
			"the hosts are locked first. Afterwards what was changed is read again: if anything is\n" +
			"left to do, the apply failed. What a failed or interrupted apply did is undone, unless\n" +
			"--on-failure keep says to leave it.\n\n" +
			"PLAN is a file that lvsctl plan --out wrote. It is carried out without a question,\n" +
			"unless the config or the hosts are no longer as they were when it was made.\n\n" +
			"Real servers that are removed get no new connections first, and go when those that\n" +
			"they have are over or have had their time.\n\n" +
			"With --confirm-within each host takes the apply back by itself unless \"lvsctl confirm\"\n" +
			"is run in time, over a connection that works after the apply. That holds even if this\n" +
			"program, its terminal or the way to the hosts is gone.\n\n" +
			"Probes are made before the first change. Those that pass must pass again when all is\n" +
			"done, and until it is confirmed, or the apply has failed.\n\n" +
			"A plan that a policy of the config refuses is not carried out, unless --override NAMEs\n" +
			"the policy. The hosts remember who did that.\n\n" +
			"With a backend block in the config all runs share a lock, which is taken before those of\n" +
			"the hosts. A run that loses it begins nothing more, and takes nothing back.\n\n" +
			"Exit codes: 0 done, 1 error, declined or refused, 3 another lvsctl holds a lock, 4 a saved\n" +
			"plan is stale, 5 the apply failed and was rolled back, 6 it failed and what it did is\n" +
			"left, 7 a host cannot be reached, 130 interrupted.",
		Example: "  lvsctl apply\n  lvsctl apply --auto-approve examples/dr\n  lvsctl apply --host web2 --lock-timeout 1m\n  lvsctl apply --confirm-within 60s\n  lvsctl apply change.plan\n  lvsctl apply --override capacity",
		RunE: func(c *cobra.Command, paths []string) error {
			if plan := savedPlan(paths); plan != "" {
				return a.applySaved(c.Context(), plan, flags, noDrain)
			}
			return a.change(c.Context(), paths, flags, func(s *session) string {
				s.drain(!noDrain)
				return "Do you want to perform these actions?"
			})
		},
	}
	a.hostFlags(c)
	flags.add(c)
	c.Flags().BoolVar(&flags.noProbes, "no-probes", false, "do not make the probes of the config")
	addNoDrain(c, &noDrain)
	a.overrideFlag(c)
	a.skipFlag(c)
	return c
}

// addNoDrain adds the flag of commands that plan.
func addNoDrain(c *cobra.Command, noDrain *bool) {
	c.Flags().BoolVar(noDrain, "no-drain", false, "remove real servers at once, and cut their connections")
}

// drain says whether real servers that go are drained.
func (s *session) drain(wanted bool) {
	if !wanted {
		s.desired, s.atOnce = s.desired.AtOnce(), true
	}
}

// converge plans, asks, locks, makes sure that the plan still holds, carries it out,
// and verifies. Where the flags approve it locks first: nobody is waited for, and so the plan
// holds.
func (s *session) converge(ctx context.Context, flags applyFlags, question string) error {
	if flags.approve {
		if err := s.lock(ctx, flags.lockTimeout); err != nil {
			return err
		}
	}
	plan, err := s.makePlan(ctx)
	if err != nil {
		return err
	}
	if s.withdrawn && len(plan.Steps)+len(s.unreached) == 0 {
		return s.leaveNothing(ctx, plan, flags)
	}
	s.showPlan(plan, flags.foreign)
	if err := s.refuseMissing(); err != nil {
		return err
	}
	s.partial = false // from here on a host that is lost is a failure
	if len(plan.Steps) == 0 && len(s.unfinished)+len(s.untold) == 0 {
		return s.notWhole(plan)
	}
	asker := bufio.NewReader(s.in)
	for range maxPlans {
		if err := s.judge(plan); err != nil {
			return err
		}
		if flags.approve {
			return s.carryOut(ctx, plan, flags)
		}
		if plan.Asks() {
			if err := s.ask(ctx, asker, question); err != nil {
				return err
			}
		}
		if err := s.lock(ctx, flags.lockTimeout); err != nil {
			return err
		}
		now, err := s.makePlan(ctx)
		if err != nil {
			return err
		}
		if now.Equal(plan) {
			if err := s.judge(now); err != nil {
				return err
			}
			return s.carryOut(ctx, now, flags)
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
	if err := s.lock(ctx, flags.lockTimeout); err != nil {
		return err
	}
	apply := s.newApply(plan, 0)
	err := s.fleet.Start(ctx, holder(), *apply, apply.Hosts, plan)
	if err == nil {
		err = s.fleet.End(ctx, apply.Hosts, resource.Destroyed, "")
	}
	if err != nil {
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

func (s *session) showPlan(plan *planner.Plan, foreign bool) {
	if s.json {
		view.NewEvents(s.out, s.now).Plan(plan, s.warnings)
		return
	}
	if s.imports != nil {
		s.printer(s.out).Imports(plan)
		return
	}
	s.printer(s.out).Plan(plan, foreign)
}

// progress tells of an apply until its End.
type progress interface {
	fleet.Progress
	End()
}

func (s *session) progress(plan *planner.Plan) progress {
	if s.json {
		return view.NewEvents(s.out, s.now).Steps(len(plan.Steps))
	}
	return view.NewProgress(s.printer(s.out), s.live, len(plan.Steps))
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
