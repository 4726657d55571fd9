package command

import (
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/spf13/cobra"
)

func (a *app) validate() *cobra.Command {
	c := &cobra.Command{
		Use:   "validate [PATH]...",
		Short: "Check a config without going to any host",
		Long: "Reads the config and reports all that is wrong with it, with file and line.\n\n" +
			"Formats: human is for the terminal, json for programs, github for annotations of the config,\n" +
			"junit for the reports of GitLab and Jenkins, sarif for code scanning.\n\n" +
			"Exit codes: 0 valid, perhaps with warnings; 1 not valid.",
		Example: "  lvsctl validate\n  lvsctl validate examples/dr\n  lvsctl validate --json | jq '.diagnostics[].summary'\n  lvsctl validate --format sarif >lvsctl.sarif",
		RunE: func(_ *cobra.Command, paths []string) error {
			s := a.begin()
			diags, err := s.readConfig(paths)
			if err != nil {
				return err
			}
			s.warnings = diags
			if err = s.printValidation(); err == nil && diags.HasErrors() {
				return &exit{code: exitError}
			}
			return err
		},
	}
	a.configFlags(c)
	a.formatFlag(c,
		output{name: "github", write: view.GitHubFindings, log: true},
		output{name: "junit", write: view.JUnitValidate},
		output{name: "sarif", write: view.SARIFValidate})
	return c
}

// printValidation prints what is wrong with a config.
func (s *session) printValidation() error {
	if s.tells() {
		s.printer(s.err).Diagnostics(s.sources.Files(), s.warnings)
	}
	switch {
	case s.output != nil:
		return s.print(s.report(nil))
	case s.json:
		return view.WriteJSON(s.out, view.NewValidation(s.warnings))
	}
	p := s.printer(s.out)
	p.Valid(view.Tally(s.warnings))
	return p.Err()
}
