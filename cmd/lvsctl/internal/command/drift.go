package command

import (
	"errors"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/spf13/cobra"
)

func (a *app) drift() *cobra.Command {
	var foreign bool
	c := &cobra.Command{
		Use:   "drift [PATH]...",
		Short: "Tell whether hosts moved away from the last apply",
		Long: "Compares what lvsctl left on the hosts with what is there now. Changes in the config\n" +
			"that were not applied yet and objects that others made are not drift; they are\n" +
			"mentioned as context. Of a host that was rebooted it says that, and not what went.\n\n" +
			"Formats: human is for the terminal, json for programs, github for annotations of the lines\n" +
			"that want what has changed, junit for the reports of GitLab and Jenkins, with a test case\n" +
			"for each host, sarif for code scanning.\n\n" +
			"Exit codes: 0 no drift, 2 drift or a reboot, 1 error, 7 a host cannot be reached.",
		Example: "  lvsctl drift examples/dr\n  lvsctl drift --json | jq '.drift[].address'\n  lvsctl drift --format junit >drift.xml",
		RunE: func(c *cobra.Command, paths []string) error {
			s, err := a.connectSome(c.Context(), paths)
			if err != nil {
				return err
			}
			defer s.close()
			snapshots, err := s.read(c.Context())
			if err != nil {
				return err
			}
			// Whether the hosts could do what the config asks for now is not the question.
			plan := planner.Make(s.desired, snapshots)
			err = s.printDrift(plan, foreign)
			incomplete := s.incomplete()
			if err == nil && plan.Drifted()+len(plan.Rebooted()) > 0 {
				return &exit{code: exitDrift} // what is known counts more than what is not
			}
			return errors.Join(err, incomplete)
		},
	}
	a.hostFlags(c)
	c.Flags().BoolVar(&foreign, "foreign", false, "list IPVS objects that lvsctl did not make")
	a.formatFlag(c,
		output{name: "github", write: view.GitHubDrift, log: true},
		output{name: "junit", write: view.JUnitDrift},
		output{name: "sarif", write: view.SARIFDrift})
	return c
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
