package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/state"
	"github.com/lvsctl/lvsctl/state/etcd"
)

// A place is what a session has of the place that all runs on a fleet share, nothing where the
// config names none.
type place struct {
	backend state.Backend
	hold    state.Hold    // nil while the lock is not held
	past    resource.Past // the apply in the history that is under way
}

// lock takes the lock that all runs share, and then those of the hosts, always in this order,
// so that no two runs wait for each other.
func (s *session) lock(ctx context.Context, timeout time.Duration) error {
	if s.locked {
		return nil
	}
	start := time.Now()
	if err := s.lockShared(ctx, timeout); err != nil {
		return err
	}
	err := s.fleet.Lock(ctx, holder(), max(0, timeout-time.Since(start)))
	s.locked = err == nil
	return err
}

// lockShared takes the lock that all runs share. From then on the fleet begins nothing without
// it.
func (s *session) lockShared(ctx context.Context, timeout time.Duration) error {
	if s.config.Backend == nil {
		return nil
	}
	if err := s.openBackend(ctx); err != nil {
		return fmt.Errorf("%w\nNothing was done", err)
	}
	by := holder()
	hold, err := s.shared.backend.Acquire(ctx, state.Holder{Who: by.Who, Command: by.Command}, timeout)
	if err != nil {
		return fmt.Errorf("the shared lock in %s: %w", backendName(s.config.Backend), err)
	}
	s.shared.hold = hold
	s.fleet.Under(hold.Err)
	return nil
}

// openBackend connects to the place that all runs share.
func (s *session) openBackend(ctx context.Context) error {
	b := s.config.Backend
	opened, err := etcd.Open(ctx, etcd.Config{
		Endpoints: b.Endpoints, Prefix: b.Prefix, Username: b.Username, Password: string(b.Password),
		CAFile: b.CAFile, CertFile: b.CertFile, KeyFile: b.KeyFile, TTL: b.TTL, Timeout: b.Timeout,
	})
	if err != nil {
		return fmt.Errorf("the backend cannot be used: %w", err)
	}
	s.shared.backend = opened
	return nil
}

// backendName is how people know a backend.
func backendName(b *schema.Backend) string { return "etcd, " + b.Prefix }

// fence is what hosts know this run by among those that had the shared lock.
func (s *session) fence() *resource.Fence {
	if s.shared.hold == nil {
		return nil
	}
	return s.shared.hold.Fence()
}

// lost is why the shared lock is not held any more, nil if it is, or there is none.
func (s *session) lost() error {
	if s.shared.hold == nil {
		return nil
	}
	return s.shared.hold.Err()
}

// close gives the lock back, once the hosts have theirs. If that fails it ends by itself.
func (p *place) close() {
	if p.hold != nil {
		_ = p.hold.Unlock()
	}
	if p.backend != nil {
		_ = p.backend.Close()
	}
}

// noteBegin notes in the history that an apply begins.
func (s *session) noteBegin(ctx context.Context, apply resource.Apply) error {
	if s.shared.hold == nil {
		return nil
	}
	past := resource.Past{Apply: apply}
	if err := s.shared.hold.Record(context.WithoutCancel(ctx), past); err != nil {
		return err
	}
	s.shared.past = past
	return nil
}

// noteEnd notes in the history how the apply ended that was noted to begin. The hosts know, so
// that it is no error if that fails.
func (s *session) noteEnd(ending resource.Ending, note string) {
	past := s.shared.past
	if past.Apply.ID == "" {
		return
	}
	past.Ending, past.Note, past.Ended = ending, note, s.now().UTC()
	if err := s.shared.hold.Record(context.Background(), past); err != nil {
		_ = s.diagnose(hcl.Diagnostics{{
			Severity: hcl.DiagWarning, Summary: "History is incomplete",
			Detail: fmt.Sprintf("How this apply ended could not be noted in %s: %v. The hosts remember it.", backendName(s.config.Backend), err),
		}})
	}
}

// ownRollback is a rollback of an apply as the history has it: who went back, and how.
func (s *session) ownRollback(apply resource.Apply, hosts []string) resource.Apply {
	by := holder()
	apply.Who, apply.Command, apply.Since = by.Who, by.Command, s.now().UTC()
	apply.Hosts, apply.Reverts, apply.Overrides = slices.Clone(hosts), true, nil
	return apply
}

// abandon ends an apply during which the shared lock was lost. Nothing more is done on any host,
// nor taken back: whoever has the lock now may have begun. Hosts that wait for a confirmation
// take it back by themselves, each on its own and under its own lock, as they would if this
// program had died.
func (t *transaction) abandon(ctx context.Context, cause, lost error) error {
	if !errors.Is(cause, state.ErrLost) {
		cause = fmt.Errorf("%w; then %w", cause, lost)
	}
	cause = fmt.Errorf("the apply was stopped: %w", cause)
	t.event("apply_failed", "error", cause.Error())
	const next = "Nothing more was begun, and nothing was taken back: another run may be at work by now. \"lvsctl unlock\" says who"
	if t.flags.within > 0 {
		return &exit{exitPartial, fmt.Errorf("%w\n%s. What was done the hosts take back by themselves, after %v without a confirmation", cause, next, t.flags.within)}
	}
	err := t.fleet.End(ctx, t.apply.Hosts, resource.Kept, cause.Error())
	return &exit{exitPartial, errors.Join(fmt.Errorf("%w\n%s. What was done is left and recorded. Apply again to go on, or \"lvsctl rollback\" to go back", cause, next), err)}
}
