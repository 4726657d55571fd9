package command

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/spf13/cobra"
)

func (a *app) unlock() *cobra.Command {
	c := &cobra.Command{
		Use:   "unlock [PATH]...",
		Short: "Say who holds the locks of hosts, and remove what dead holders left",
		Long: "Asks each host who holds its lock. The kernel gives a lock back when its holder ends,\n" +
			"however it ends, so none is ever stale. What a holder that was killed left behind is\n" +
			"removed: its name in the lock's file, and a state directory that has nothing else in it.\n\n" +
			"With a backend block in the config that goes for the lock that all runs share, too: the\n" +
			"servers give it back once its holder was silent for the time of its lease.\n\n" +
			"A lock that is held is not taken away.\n\n" +
			"Exit codes: 0 nobody holds a lock, 1 error, 3 somebody does, 7 a host cannot be reached.",
		Example: "  lvsctl unlock examples/dr\n  lvsctl unlock --host lb1 --json | jq '.hosts[].removed'",
		RunE: func(c *cobra.Command, paths []string) error {
			s, err := a.connect(c.Context(), paths)
			if err != nil {
				return err
			}
			defer s.close()
			shared := s.unlockShared(c.Context())
			var results []view.LockState
			for _, r := range s.fleet.Unlock(c.Context()) {
				results = append(results, view.LockState(r))
			}
			if a.json {
				err = view.WriteJSON(a.out, view.NewUnlockDocument(shared, results, a.now()))
			} else {
				p := a.printer(a.out)
				p.Unlocked(append(slices.Clone(shared), results...))
				err = p.Err()
			}
			return errors.Join(err, stillLocked(append(shared, results...)))
		},
	}
	a.hostFlags(c)
	return c
}

// unlockShared clears the lock that all runs share, if there is one: the result is about that
// or empty.
func (s *session) unlockShared(ctx context.Context) []view.LockState {
	if s.config.Backend == nil {
		return nil
	}
	lock := view.LockState{Host: "shared lock in " + backendName(s.config.Backend)}
	if lock.Err = s.openBackend(ctx); lock.Err == nil {
		lock.Removed, lock.Err = s.shared.backend.Clear(ctx)
	}
	if lock.Err != nil {
		lock.Err = fmt.Errorf("%s: %w", lock.Host, lock.Err)
	}
	return []view.LockState{lock}
}

// stillLocked is an error for locks that are held, and for hosts that did not answer.
func stillLocked(results []view.LockState) error {
	var held, failed []error
	for _, r := range results {
		switch {
		case r.Err == nil:
		case codeOf(r.Err) == exitLocked:
			held = append(held, r.Err)
		default:
			failed = append(failed, r.Err)
		}
	}
	switch {
	case len(failed) > 0:
		return errors.Join(append(failed, held...)...)
	case len(held) > 0:
		return fmt.Errorf("%w\nA lock that is held is not taken away. Wait, or end its holder: with Ctrl-C where it runs, or else by ending the process with this pid on that host", errors.Join(held...))
	}
	return nil
}
