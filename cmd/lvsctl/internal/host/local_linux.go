package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/lvsctl/lvsctl/provider"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/state"
)

// local is the machine that the process runs on, with its ledger and its lock.
type local struct {
	dir     string
	machine *provider.Machine
	lock    *state.Lock
	store   *state.Store // open while locked
}

// OpenLocal opens the machine itself. Its state is in dir, which need not exist.
func OpenLocal(dir, version string) (agent.Host, error) {
	machine, err := provider.Open(version)
	if err != nil {
		return nil, err
	}
	return &local{dir: dir, machine: machine}, nil
}

// Read implements [agent.Host].
func (l *local) Read(ctx context.Context, keys []resource.Key) (*resource.Snapshot, error) {
	store := l.store
	if store == nil {
		var err error
		if store, err = state.Open(l.dir); err != nil {
			return nil, fmt.Errorf("open ledger: %w", err)
		}
		defer store.Close()
	}
	ledger := store.Ledger()
	snap, err := l.machine.Read(ctx, union(keys, ledger))
	if err != nil {
		return nil, err
	}
	snap.Ledger, snap.Notices = ledger, store.Notices()
	return snap, nil
}

// union is keys and those of the ledger's objects, each once.
func union(keys []resource.Key, ledger resource.Ledger) []resource.Key {
	all := make([]resource.Key, len(keys), len(keys)+len(ledger.Claims))
	copy(all, keys)
	asked := make(map[resource.Key]struct{}, len(keys))
	for _, k := range keys {
		asked[k] = struct{}{}
	}
	for k := range ledger.Claims {
		if _, twice := asked[k]; !twice {
			all = append(all, k)
		}
	}
	return all
}

// Lock implements [agent.Host].
func (l *local) Lock(ctx context.Context, by agent.Holder, timeout time.Duration) error {
	who := state.Holder{Who: by.Who, Since: time.Now(), Command: by.Command, PID: os.Getpid()}
	lock, err := state.Acquire(ctx, l.dir, who, timeout)
	var held *state.HeldError
	if errors.As(err, &held) {
		return &agent.Error{Code: agent.Locked, Message: held.Error()}
	}
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	l.lock = lock
	if l.store, err = state.Open(l.dir); err != nil {
		return fmt.Errorf("open ledger: %w", err)
	}
	boot, err := l.machine.BootID()
	if err != nil {
		return err
	}
	l.store.SetBoot(boot)
	return nil
}

// Apply implements [agent.Host]. What the step will own is in the ledger before the
// host is touched, and what it gives up leaves the ledger after.
func (l *local) Apply(ctx context.Context, step resource.Step) (resource.Outcome, error) {
	if l.store == nil {
		return resource.Outcome{}, errors.New("apply without a lock")
	}
	if err := l.store.Begin(step); err != nil {
		return resource.Outcome{}, fmt.Errorf("write ledger, nothing of this step was done: %w", err)
	}
	out := spread(l.machine.Apply(ctx, touching(step.Changes)), step.Changes)
	remember := func(i int) bool { return out.Leaves(i, step.Changes[i]) }
	if err := l.store.Finish(step, remember); err != nil {
		return out, fmt.Errorf("write ledger after the step was done: %w", err)
	}
	return out, nil
}

// touching lists the changes that are for the machine, not for the ledger alone.
func touching(changes []resource.Change) []resource.Change {
	list := make([]resource.Change, 0, len(changes))
	for _, c := range changes {
		if c.Action.TouchesHost() {
			list = append(list, c)
		}
	}
	return list
}

// spread turns the outcome of the touching changes into one of all changes.
func spread(out resource.Outcome, changes []resource.Change) resource.Outcome {
	var index []int // of each touching change among all
	for i, c := range changes {
		if c.Action.TouchesHost() {
			index = append(index, i)
		}
	}
	all := resource.Outcome{Attempted: len(changes)}
	if out.Attempted < len(index) {
		all.Attempted = index[out.Attempted]
	}
	for _, f := range out.Failures {
		f.Index = index[f.Index]
		all.Failures = append(all.Failures, f)
	}
	return all
}

// Close implements [agent.Host]. Where the ledger is empty nothing of lvsctl's stays on
// the machine.
func (l *local) Close() error {
	release := func() error { return nil }
	if l.lock != nil {
		release = l.lock.Unlock
	}
	var errs []error
	if l.store != nil {
		if len(l.store.Ledger().Claims) == 0 {
			release = l.lock.Discard
		}
		errs = append(errs, l.store.Close())
	}
	return errors.Join(append(errs, release(), l.machine.Close())...)
}
