package command

import (
	"context"
	"errors"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/spf13/cobra"
)

// driftFlags are the flags of lvsctl drift.
type driftFlags struct {
	foreign bool
	metrics string // the file for them, empty for none
}

func (a *app) drift() *cobra.Command {
	var flags driftFlags
	c := &cobra.Command{
		Use:   "drift [PATH]...",
		Short: "Tell whether hosts moved away from the last apply",
		Long: "Compares what lvsctl left on the hosts with what is there now. Changes in the config\n" +
			"that were not applied yet and objects that others made are not drift; they are\n" +
			"mentioned as context. Of a host that was rebooted it says that, and not what went.\n\n" +
			"With --quiet nothing is printed where there is no drift, whatever else there is to\n" +
			"say, so that cron sends mail of drift and of errors alone.\n\n" +
			"With --metrics-file the numbers are written for the textfile collector of\n" +
			"node_exporter, which wants a name that ends in .prom. The file is replaced at once,\n" +
			"also when a host cannot be reached or something else fails: then it says so, and has\n" +
			"no numbers of what was not read.\n\n" +
			"Formats: human is for the terminal, json for programs, github for annotations of the lines\n" +
			"that want what has changed, junit for the reports of GitLab and Jenkins, with a test case\n" +
			"for each host, sarif for code scanning.\n\n" +
			"Exit codes: 0 no drift, 2 drift or a reboot, 1 error, 7 a host cannot be reached.",
		Example: "  lvsctl drift examples/dr\n  lvsctl drift --json | jq '.drift[].address'\n  lvsctl drift --format junit >drift.xml\n" +
			"  lvsctl drift --quiet --metrics-file /var/lib/prometheus/node-exporter/lvsctl.prom /etc/lvsctl",
		RunE: func(c *cobra.Command, paths []string) error {
			if !c.Flags().Changed("metrics-file") {
				_, err := a.findDrift(c.Context(), paths, flags)
				return err
			}
			if flags.metrics == "" {
				return errors.New("--metrics-file: want the name of a file")
			}
			began := a.now()
			plan, err := a.findDrift(c.Context(), paths, flags)
			return a.recordDrift(flags.metrics, paths, plan, began, err)
		},
	}
	a.hostFlags(c)
	c.Flags().BoolVar(&flags.foreign, "foreign", false, "list IPVS objects that lvsctl did not make")
	c.Flags().BoolVar(&a.quiet, "quiet", false, "print nothing where there is no drift")
	c.Flags().StringVar(&flags.metrics, "metrics-file", "", "write metrics for Prometheus to this `FILE`, too")
	a.formatFlag(c,
		output{name: "github", write: view.GitHubDrift, log: true},
		output{name: "junit", write: view.JUnitDrift},
		output{name: "sarif", write: view.SARIFDrift})
	return c
}

// findDrift looks for drift and tells of it. The plan is what was found, nil where the
// hosts could not be read.
func (a *app) findDrift(ctx context.Context, paths []string, flags driftFlags) (*planner.Plan, error) {
	s, err := a.connectSome(ctx, paths)
	if err != nil {
		return nil, err
	}
	defer s.close()
	snapshots, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	// Whether the hosts could do what the config asks for now is not the question.
	plan := planner.Make(s.desired, snapshots)
	drifted := plan.Drifted()+len(plan.Rebooted()) > 0
	if a.quiet && !drifted && len(s.unreached) == 0 {
		return plan, nil
	}
	if !a.quiet || drifted {
		s.speak()
		err = s.printDrift(plan, flags.foreign)
	}
	incomplete := s.incomplete()
	if err == nil && drifted {
		return plan, &exit{code: exitDrift} // what is known counts more than what is not
	}
	return plan, errors.Join(err, incomplete)
}

// printDrift prints the drift that a plan saw.
func (s *session) printDrift(plan *planner.Plan, foreign bool) error {
	switch {
	case s.output != nil:
		return s.print(s.report(plan))
	case s.json:
		return view.WriteJSON(s.out, view.NewDriftDocument(plan, s.now()))
	}
	p := s.printer(s.out)
	p.Drift(plan, foreign)
	return p.Err()
}
