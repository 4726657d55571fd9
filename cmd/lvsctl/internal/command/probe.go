package command

import (
	"context"
	"errors"
	"os/signal"
	"slices"
	"syscall"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/spf13/cobra"
)

func (a *app) probe() *cobra.Command {
	c := &cobra.Command{
		Use:   "probe [PATH]...",
		Short: "Ask the clusters what their clients would",
		Long: "Makes the probes of a config, each from its host, all at once, and says which passed.\n" +
			"Only hosts that ask are gone to, and nothing is changed there. With --host, probes from\n" +
			"other hosts are skipped; those from the machine that lvsctl runs on are made.\n\n" +
			"Exit codes: 0 no probe failed, 1 one did, or error, 7 a host cannot be reached, 130\n" +
			"interrupted.",
		Example: "  lvsctl probe\n  lvsctl probe --host client examples/dr\n  lvsctl probe --json | jq -r 'select(.type == \"probe_errored\").message'",
		RunE:    func(c *cobra.Command, paths []string) error { return a.runProbes(c.Context(), paths) },
	}
	a.hostFlags(c)
	return c
}

// runProbes makes all probes of a config.
func (a *app) runProbes(ctx context.Context, paths []string) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	a.events = true
	s, err := a.load(paths)
	if err != nil {
		return err
	}
	hosts, err := s.asking()
	if err != nil {
		return err
	}
	if len(s.config.Probes()) == 0 && !s.json {
		p := s.printer(s.out)
		p.NothingToProbe()
		return p.Err()
	}
	if s.fleet, err = s.dial(ctx, hosts); err != nil {
		return err
	}
	defer s.close()
	results, err := s.makeProbes(ctx)
	switch {
	case ctx.Err() != nil:
		return &exit{exitInterrupted, errors.New("interrupted: probes that were not done say nothing")}
	case err == nil && slices.ContainsFunc(results, planner.Probed.Failed):
		return &exit{code: exitError}
	}
	return err
}

// asking lists those of the selected hosts that a probe is made from.
func (s *session) asking() ([]*schema.Host, error) {
	selected, err := s.selected()
	return slices.DeleteFunc(slices.Clone(selected), func(h *schema.Host) bool {
		return slices.Contains(s.missing(), h.Name) || !slices.ContainsFunc(s.config.Probes(), func(p *schema.Probe) bool { return p.From == h })
	}), err
}

// makeProbes makes the probes of the config from the hosts that are open, and prints what
// became of them. Without probes it does nothing.
func (s *session) makeProbes(ctx context.Context) ([]planner.Probed, error) {
	results, err := s.fleet.Probe(ctx, s.config.Probes())
	if err != nil || len(results) == 0 {
		return nil, err
	}
	return results, s.showProbes(results)
}

// showProbes prints what became of probes.
func (s *session) showProbes(results []planner.Probed) error {
	if s.json {
		view.NewEvents(s.out, s.now).Probes(results)
		return nil
	}
	p := s.printer(s.out)
	p.Probes(results)
	return p.Err()
}
