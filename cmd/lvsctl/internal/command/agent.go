package command

import (
	"os/signal"
	"syscall"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/host"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/spf13/cobra"
)

func (a *app) agent() *cobra.Command {
	var guard, announce bool
	c := &cobra.Command{
		Use:   "agent",
		Short: "Serve this machine to an lvsctl at the other end of a pipe",
		Long: "Reads requests from standard input and writes responses to standard output until\n" +
			"the input ends. It is what lvsctl starts on hosts other than its own; people have\n" +
			"no use for it.",
		Example: "  ip netns exec lb1 lvsctl agent",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			// Interrupts are for the other end, which closes the pipe when it has decided
			// what becomes of the step in flight. A pipe that broke is found when that is done.
			signal.Ignore(syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
			switch {
			case guard:
				return host.Guard(c.Context(), a.machine, a.stateDir, buildVersion(), a.out)
			case announce:
				return host.AnnounceAgain(c.Context(), a.in, buildVersion())
			}
			local, err := host.Open(a.machine, a.stateDir, buildVersion())
			if err != nil {
				return err
			}
			if a.serving != nil {
				local = a.serving(local)
			}
			return agent.Serve(c.Context(), local, buildVersion(), a.in, a.out)
		},
	}
	c.Flags().BoolVar(&guard, "guard", false, "watch over an apply and take it back unless it is confirmed")
	c.Flags().BoolVar(&announce, "announce", false, "announce addresses for the second time")
	_ = c.Flags().MarkHidden("guard")
	_ = c.Flags().MarkHidden("announce")
	return c
}
