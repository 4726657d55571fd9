package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lvsctl/lvsctl/provider"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/state"
)

// local is the machine that the process runs on, with its ledger and its lock.
type local struct {
	dir     string
	machine Machine
	lock    *state.Lock
	store   *state.Store // open while locked
}

// OpenMachine opens the machine itself. It announces addresses once; see [OpenAnnouncing].
func OpenMachine(version string) (Machine, error) { return provider.Open(version) }

// Open opens the machine itself as a host. Its state is in dir, which need not exist.
func Open(open Opener, dir, version string) (agent.Host, error) {
	return openLocal(open, dir, version)
}

func openLocal(open Opener, dir, version string) (*local, error) {
	machine, err := open(version)
	if err != nil {
		return nil, err
	}
	return &local{dir: dir, machine: machine}, nil
}

// Read implements [agent.Host].
func (l *local) Read(ctx context.Context, keys []resource.Key) (*resource.Snapshot, error) {
	l.touch()
	store, done, err := l.ledger()
	if err != nil {
		return nil, err
	}
	defer done()
	ledger := store.Ledger()
	snap, err := l.machine.Read(ctx, union(keys, ledger))
	if err != nil {
		return nil, err
	}
	if snap.Facts.StateDir, err = filepath.Abs(l.dir); err != nil {
		return nil, err
	}
	snap.Ledger, snap.Notices = ledger, store.Notices()
	return snap, nil
}

// ledger opens the ledger, or uses the one that is open, until done.
func (l *local) ledger() (store *state.Store, done func(), err error) {
	if l.store != nil {
		return l.store, func() {}, nil
	}
	boot, err := l.machine.BootID()
	if err != nil {
		return nil, nil, err
	}
	if store, err = state.Open(l.dir); err != nil {
		return nil, nil, fmt.Errorf("open ledger: %w", err)
	}
	if l.lock != nil && store.BootID() != boot {
		if err := l.concludeConfirmed(store); err != nil {
			return nil, nil, errors.Join(err, store.Close())
		}
	}
	store.SetBoot(boot)
	return store, func() { _ = store.Close() }, nil
}

// Name is the name by which a config last knew the machine whose state is in dir, empty
// where none did.
func Name(dir string) (string, error) {
	store, err := state.Open(dir)
	if err != nil {
		return "", fmt.Errorf("open ledger: %w", err)
	}
	return store.Ledger().Host, store.Close()
}

// union is keys and those of the ledger's objects, each once, without destinations, all of
// which are read anyway.
func union(keys []resource.Key, ledger resource.Ledger) []resource.Key {
	all := slices.Clone(keys)
	asked := make(map[resource.Key]struct{}, len(keys))
	for _, k := range keys {
		asked[k] = struct{}{}
	}
	add := func(k resource.Key) {
		if _, twice := asked[k]; !twice {
			asked[k] = struct{}{}
			all = append(all, k)
		}
	}
	for k := range ledger.Claims.Others() {
		add(k)
	}
	for service := range ledger.Claims.Services() {
		add(resource.Service{ServiceKey: service}.Key())
	}
	return all
}

// Connections implements [agent.Host].
func (l *local) Connections(_ context.Context, keys []resource.Key) (resource.Counts, error) {
	l.touch()
	return l.machine.Connections(keys)
}

// Ask implements [agent.Host].
func (l *local) Ask(_ context.Context, addresses []resource.Address) ([]resource.Neighbour, error) {
	l.touch()
	return l.machine.Ask(addresses), nil
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
	l.store, _, err = l.ledger()
	return err
}

// Unlock implements [agent.Host].
func (l *local) Unlock(ctx context.Context) ([]string, error) {
	removed, err := state.Clear(ctx, l.dir)
	var held *state.HeldError
	if errors.As(err, &held) {
		return nil, &agent.Error{Code: agent.Locked, Message: held.Error()}
	}
	return removed, err
}

// Apply implements [agent.Host]. What the step will own is in the ledger before the
// host is touched, and what it gives up leaves the ledger after.
func (l *local) Apply(ctx context.Context, step resource.Step) (resource.Outcome, error) {
	if l.store == nil {
		return resource.Outcome{}, errUnlocked
	}
	defer l.atWork()()
	step, err := l.asFound(step)
	if err != nil {
		return resource.Outcome{}, fmt.Errorf("nothing of this step was done: %w", err)
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

// asFound is a step with what stands in the place of settings that were not there when
// the plan was made. They may have come with an earlier step, as those of IPVS do with
// its module, and giving them up has to bring back the value with which they came.
func (l *local) asFound(step resource.Step) (resource.Step, error) {
	made := map[string]bool{} // settings of what the step makes are its own
	for _, c := range step.Changes {
		if l, ok := c.After.(resource.Link); ok && c.Action.TouchesHost() {
			made[l.Name] = true
		}
	}
	unknown := func(c resource.Change) bool {
		s, ofLink := c.After.(resource.LinkSetting)
		return c.Action == resource.Create && c.Before == nil && c.Key().Kind.Setting() && (!ofLink || !made[s.Link])
	}
	var keys []resource.Key
	for _, c := range step.Changes {
		if unknown(c) {
			keys = append(keys, c.Key())
		}
	}
	if len(keys) == 0 {
		return step, nil
	}
	found, err := l.machine.Find(keys)
	if err != nil {
		return step, err
	}
	step.Changes = slices.Clone(step.Changes)
	for i, c := range step.Changes {
		if r := found.Get(c.Key()); unknown(c) && r != nil {
			step.Changes[i].Before = r
		}
	}
	return step, nil
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
	all := resource.Outcome{Attempted: len(changes), Notices: out.Notices}
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
		if l.store.Empty() && l.store.Journal() == nil {
			release = l.lock.Discard
			errs = append(errs, removeCopies(l.dir))
		}
		errs = append(errs, l.store.Close())
	}
	return errors.Join(append(errs, release(), l.machine.Close())...)
}
