package command

import (
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/spf13/cobra"
)

func (a *app) validate() *cobra.Command {
	c := &cobra.Command{
		Use:     "validate [PATH]...",
		Short:   "Check a config without going to any host",
		Long:    "Reads the config and reports all that is wrong with it, with file and line.\n\nExit codes: 0 valid, perhaps with warnings; 1 not valid.",
		Example: "  lvsctl validate\n  lvsctl validate examples/dr\n  lvsctl validate --json | jq '.diagnostics[].summary'",
		RunE: func(_ *cobra.Command, paths []string) error {
			s := &session{app: a}
			diags, err := s.readConfig(paths)
			if err != nil {
				return err
			}
			errs, warnings := view.Tally(diags)
			if a.json {
				err = view.WriteJSON(a.out, view.NewValidation(diags))
			} else {
				a.printer(a.err).Diagnostics(s.sources.Files(), diags)
				p := a.printer(a.out)
				p.Valid(errs, warnings)
				err = p.Err()
			}
			if err == nil && errs > 0 {
				return &exit{code: exitError}
			}
			return err
		},
	}
	a.configFlags(c)
	return c
}
