package command

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/spf13/cobra"
)

func (a *app) history() *cobra.Command {
	var n int
	c := &cobra.Command{
		Use:   "history [PATH]...",
		Short: "List the applies that were made, newest first",
		Long: "With a backend block in the config it lists what all runs have noted there: when, who,\n" +
			"on which hosts, how it ended and with which command. An apply that has no ending is\n" +
			"under way while who makes it holds the shared lock, and was cut off otherwise.\n\n" +
			"Without one it asks the hosts, each of which remembers its last apply.\n\n" +
			"Exit codes: 0 done, 1 error, 7 a host cannot be reached.",
		Example: "  lvsctl history examples/dr\n  lvsctl history -n 5 --host lb1\n  lvsctl history --json | jq '.applies[].who'",
		RunE: func(c *cobra.Command, paths []string) error {
			if n < 0 {
				return fmt.Errorf("-n %d: want a number of applies, or 0 for all", n)
			}
			s, err := a.load(paths)
			if err != nil {
				return err
			}
			defer s.close()
			list, err := s.pastApplies(c.Context())
			if err != nil {
				return err
			}
			if n > 0 {
				list = list[:min(n, len(list))]
			}
			if a.json {
				return view.WriteJSON(a.out, view.NewHistoryDocument(list, a.now()))
			}
			p := a.printer(a.out)
			p.History(list)
			return p.Err()
		},
	}
	a.hostFlags(c)
	c.Flags().IntVarP(&n, "number", "n", 20, "list the last `N` applies, 0 for all")
	return c
}

// pastApplies lists the applies that are known, of the hosts that the command goes to.
func (s *session) pastApplies(ctx context.Context) ([]resource.Past, error) {
	if s.config.Backend == nil {
		return s.lastApplies(ctx)
	}
	if _, err := s.selected(); err != nil {
		return nil, err
	}
	if err := s.openBackend(ctx); err != nil {
		return nil, err
	}
	list, err := s.shared.backend.History(ctx, 0)
	return slices.DeleteFunc(list, func(p resource.Past) bool {
		on := func(host string) bool { return slices.Contains(p.Apply.Hosts, host) }
		return len(s.hosts) > 0 && !slices.ContainsFunc(s.hosts, on)
	}), err
}

// lastApplies asks the hosts for their last applies. One that several remember, with the same
// ending, is one of all these.
func (s *session) lastApplies(ctx context.Context) ([]resource.Past, error) {
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	journals, err := s.fleet.Journals(ctx)
	if err != nil {
		return nil, err
	}
	var list []resource.Past
	for _, host := range slices.Sorted(maps.Keys(journals)) {
		j := journals[host]
		if j == nil {
			continue
		}
		same := func(p resource.Past) bool { return p.Apply.ID == j.Apply.ID && p.Ending == j.Ending }
		i := slices.IndexFunc(list, same)
		if i < 0 {
			i = len(list)
			list = append(list, resource.Past{Apply: j.Apply, Ending: j.Ending, Note: j.Note})
			list[i].Apply.Hosts = nil
		}
		list[i].Apply.Hosts = append(list[i].Apply.Hosts, host)
	}
	slices.SortStableFunc(list, func(a, b resource.Past) int { return b.Apply.Since.Compare(a.Apply.Since) })
	return list, nil
}
