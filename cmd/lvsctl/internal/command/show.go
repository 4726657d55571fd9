package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/spf13/cobra"
)

func (a *app) show() *cobra.Command {
	c := &cobra.Command{
		Use:   "show [PATH]... | PLAN",
		Short: "Show what lvsctl keeps on each host, as it is now, or a saved plan",
		Long: "Lists the objects in each host's ledger with their present state and, for real\nservers, their connections.\n\n" +
			"Of PLAN, a file that lvsctl plan --out wrote, it prints what plan printed when it was\n" +
			"made, and goes to no host. With --format it is a document, as of lvsctl plan.",
		Example: "  lvsctl show examples/dr\n  lvsctl show --host lb1 --json\n  lvsctl show change.plan\n  lvsctl show --format markdown change.plan >comment.md",
		RunE: func(c *cobra.Command, paths []string) error {
			if plan := savedPlan(paths); plan != "" {
				return a.showSaved(plan)
			}
			if a.output != nil {
				return fmt.Errorf("--format %s: only a saved plan can be shown like that", a.formatName)
			}
			s, err := a.connectSome(c.Context(), paths)
			if err != nil {
				return err
			}
			defer s.close()
			snapshots, err := s.read(c.Context())
			if err != nil {
				return err
			}
			var hosts []view.HostState
			for name, snap := range snapshots {
				hosts = append(hosts, view.HostState{Name: name, Snapshot: snap})
			}
			slices.SortFunc(hosts, func(a, b view.HostState) int { return strings.Compare(a.Name, b.Name) })
			if a.json {
				return errors.Join(view.WriteJSON(a.out, view.ShowJSON(hosts, a.now())), s.incomplete())
			}
			p := a.printer(a.out)
			p.Show(hosts)
			return errors.Join(p.Err(), s.incomplete())
		},
	}
	a.hostFlags(c)
	a.formatFlag(c, planOutputs...)
	return c
}
