package command

import (
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/spf13/cobra"
)

func (a *app) plan() *cobra.Command {
	var detailed, foreign bool
	c := &cobra.Command{
		Use:   "plan [PATH]...",
		Short: "Show what apply would change, where, in which order, and why",
		Long: "Reads the hosts of a config and shows what has to change there. Nothing is changed.\n\n" +
			"Exit codes: 0 done, 1 error, 7 a host cannot be reached. With --detailed-exitcode\n" +
			"2 says that there are changes to make, and 0 that there are none.",
		Example: "  lvsctl plan\n  lvsctl plan examples/dr --host lb1\n  lvsctl plan --detailed-exitcode --json | jq .summary",
		RunE: func(c *cobra.Command, paths []string) error {
			s, err := a.connect(c.Context(), paths)
			if err != nil {
				return err
			}
			defer s.close()
			plan, err := s.makePlan(c.Context())
			if err != nil {
				return err
			}
			if a.json {
				err = view.WriteJSON(a.out, view.PlanJSON(plan, s.warnings, a.now()))
			} else {
				p := a.printer(a.out)
				p.Plan(plan, foreign)
				err = p.Err()
			}
			if err == nil && detailed && plan.Touches() {
				return &exit{code: exitDrift}
			}
			return err
		},
	}
	a.hostFlags(c)
	c.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit 2 if there are changes to make")
	c.Flags().BoolVar(&foreign, "foreign", false, "list IPVS objects that lvsctl did not make")
	return c
}
