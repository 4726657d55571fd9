package command

import "github.com/spf13/cobra"

func (a *app) destroy() *cobra.Command {
	var flags applyFlags
	c := &cobra.Command{
		Use:   "destroy [PATH]...",
		Short: "Take away all that lvsctl made on the hosts of a config",
		Long: "Removes from the hosts of a config what lvsctl made there and restores what it\n" +
			"changed, in the reverse order of apply. What others made is left alone, and kernel\n" +
			"modules stay loaded. So does a service that others have put destinations in.\n\n" +
			"Policies of the config have a say in it, as in every apply.\n\n" +
			"Exit codes: as for apply.",
		Example: "  lvsctl destroy examples/dr\n  lvsctl destroy --auto-approve --host web2 examples/dr",
		RunE: func(c *cobra.Command, paths []string) error {
			return a.change(c.Context(), paths, flags, func(s *session) string {
				s.withdraw()
				return "Do you really want to take all this away?"
			})
		},
	}
	a.hostFlags(c)
	flags.add(c)
	a.overrideFlag(c)
	a.skipFlag(c)
	return c
}
