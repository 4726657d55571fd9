package command

import (
	"errors"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/spf13/cobra"
)

// planOutputs are the documents that plans can be.
var planOutputs = []output{
	{name: "markdown", write: view.WriteMarkdown},
	{name: "github", write: view.GitHubPlan, log: true},
}

func (a *app) plan() *cobra.Command {
	var detailed, foreign, destroy, noDrain bool
	var out string
	c := &cobra.Command{
		Use:   "plan [PATH]...",
		Short: "Show what apply would change, where, in which order, and why",
		Long: "Reads the hosts of a config and shows what has to change there. Nothing is changed.\n\n" +
			"If a policy of the config refuses the plan, that is said after it, and it is not saved.\n" +
			"--override NAME goes past the policy.\n\n" +
			"Exit codes: 0 done, 1 error or refused, 7 a host cannot be reached. With --detailed-exitcode\n" +
			"2 says that there are changes to make, and 0 that there are none.\n\n" +
			"With --out the plan is saved, so that apply carries out what was reviewed and nothing\n" +
			"else. The file has no values of sensitive variables; apply asks for them again.\n\n" +
			"Formats: human is for the terminal, json for programs, markdown for a comment on a pull\n" +
			"request, shorter than 60 KB however large the plan is, github for annotations of the lines\n" +
			"that change something.",
		Example: "  lvsctl plan\n  lvsctl plan examples/dr --host lb1\n  lvsctl plan --detailed-exitcode --json | jq .summary\n  lvsctl plan --out change.plan && lvsctl apply change.plan\n  lvsctl plan --format markdown >comment.md",
		RunE: func(c *cobra.Command, paths []string) error {
			s, err := a.connectSome(c.Context(), paths)
			if err != nil {
				return err
			}
			defer s.close()
			if destroy {
				s.withdraw()
			}
			s.drain(!noDrain)
			plan, err := s.makePlan(c.Context())
			if err != nil {
				return err
			}
			err = s.showJudged(plan, foreign)
			if !s.skip {
				err = errors.Join(err, s.incomplete())
			} else {
				s.tellMissing()
			}
			if err == nil && out != "" {
				err = s.save(out, plan)
			}
			if err == nil && detailed && plan.Touches() {
				return &exit{code: exitDrift}
			}
			return err
		},
	}
	a.hostFlags(c)
	c.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit 2 if there are changes to make")
	c.Flags().BoolVar(&destroy, "destroy", false, "plan to take away all that lvsctl made, as lvsctl destroy does")
	c.Flags().StringVar(&out, "out", "", "save the plan to a `FILE`")
	c.Flags().BoolVar(&foreign, "foreign", false, "list IPVS objects that lvsctl did not make")
	addNoDrain(c, &noDrain)
	a.formatFlag(c, planOutputs...)
	a.overrideFlag(c)
	a.skipFlag(c)
	return c
}

// showJudged prints a plan, and what policies have to say of it. Where one refuses it, that is
// an exit.
func (s *session) showJudged(plan *planner.Plan, foreign bool) error {
	found := s.judgeAhead(plan)
	s.warnings = append(s.warnings, found...)
	if err := s.printPlan(plan, foreign); err != nil {
		return err
	}
	if s.tells() {
		s.printer(s.err).Diagnostics(s.sources.Files(), found)
	}
	if found.HasErrors() {
		return &exit{code: exitError}
	}
	return nil
}

// printPlan prints a plan that is not going to be carried out now.
func (s *session) printPlan(plan *planner.Plan, foreign bool) error {
	switch {
	case s.output != nil:
		r := s.report(plan)
		r.Foreign = foreign
		return s.print(r)
	case s.json:
		return view.WriteJSON(s.out, view.PlanJSON(plan, s.warnings, s.now()))
	}
	p := s.printer(s.out)
	if s.withdrawn && len(plan.Steps) == 0 {
		p.NothingLeft(len(plan.Hosts))
	} else {
		p.Plan(plan, foreign)
	}
	return p.Err()
}
