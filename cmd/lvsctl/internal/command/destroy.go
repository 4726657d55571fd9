package command

import "github.com/spf13/cobra"

func (a *app) destroy() *cobra.Command {
	var flags applyFlags
	c := &cobra.Command{
		Use:   "destroy [PATH]...",
		Short: "Take away all that lvsctl made on the hosts of a config",
		Long: "Removes from the hosts of a config what lvsctl made there and restores what it\n" +
			"changed, in the reverse order of apply. What others made is left alone, and kernel\n" +
			"modules stay loaded.",
		Example: "  lvsctl destroy examples/dr\n  lvsctl destroy --auto-approve --host web2 examples/dr",
		RunE: func(c *cobra.Command, paths []string) error {
			if err := flags.check(a); err != nil {
				return err
			}
			s, err := a.connect(c.Context(), paths)
			if err != nil {
				return err
			}
			defer s.close()
			s.withdraw()
			return s.converge(c.Context(), flags, "Do you really want to take all this away?")
		},
	}
	a.hostFlags(c)
	flags.add(c)
	return c
}
