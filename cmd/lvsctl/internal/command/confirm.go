package command

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/spf13/cobra"
)

func (a *app) confirm() *cobra.Command {
	c := &cobra.Command{
		Use:   "confirm [PATH]...",
		Short: "Say that all is well after an apply with --confirm-within",
		Long: "Connects to the hosts anew, which shows that they can still be reached, and tells those\n" +
			"that wait for it to keep what the apply did.\n\n" +
			"Exit codes: 0 done, 1 no host waits, or it is too late, 7 a host cannot be reached.",
		Example: "  lvsctl confirm examples/dr",
		RunE: func(c *cobra.Command, paths []string) error {
			a.events = true
			s, err := a.connect(c.Context(), paths)
			if err != nil {
				return err
			}
			defer s.close()
			return s.confirm(c.Context())
		},
	}
	a.hostFlags(c)
	return c
}

// confirm tells the hosts that all is well.
func (s *session) confirm(ctx context.Context) error {
	waited, err := s.fleet.Confirm(ctx)
	if err != nil {
		return err
	}
	if len(waited) == 0 {
		return errors.New("no host waits for a confirmation")
	}
	names := slices.Sorted(maps.Keys(waited))
	if err := s.conclude(ctx, waited); err != nil {
		return err
	}
	apply := waited[names[0]]
	s.tell("summary", fmt.Sprintf("Confirmed on %s: the apply of %s stays.", strings.Join(names, ", "), apply.Who))
	return nil
}

// confirmed is how long to wait for an apply to notice that it is confirmed.
const confirmed = 10 * time.Second

// conclude waits for the apply to end, or ends it in its place if it is gone.
func (s *session) conclude(ctx context.Context, waited map[string]*resource.Apply) error {
	for start := time.Now(); time.Since(start) < confirmed; time.Sleep(confirmLooks) {
		open, err := s.stillOpen(ctx, waited)
		if err != nil || len(open) == 0 {
			return err
		}
		for _, name := range open {
			if s.fleet.LockSome(ctx, []string{name}, holder(), 0) != nil {
				continue // the apply itself
			}
			if err := s.fleet.End(ctx, []string{name}, resource.Applied, ""); err != nil {
				return err
			}
		}
	}
	return errors.New("the hosts know that the apply stays, but it has not ended: something holds their locks")
}

// stillOpen lists the hosts whose journal is of an apply that has not ended.
func (s *session) stillOpen(ctx context.Context, waited map[string]*resource.Apply) ([]string, error) {
	journals, err := s.fleet.Journals(ctx)
	if err != nil {
		return nil, err
	}
	var open []string
	for _, name := range slices.Sorted(maps.Keys(waited)) {
		j := journals[name]
		switch {
		case j == nil || j.Apply.ID != waited[name].ID:
		case j.Ending == resource.Reverted:
			return nil, fmt.Errorf("%s: too late: the apply was taken back", name)
		case !j.Ended():
			open = append(open, name)
		}
	}
	return open, nil
}
