// Package fleet talks to all hosts of a config at once: it connects them, reads them,
// locks them, and carries a plan to them step by step.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A Connector opens a host.
type Connector func(context.Context, *schema.Host) (agent.Host, error)

// A Fleet is a set of connected hosts.
type Fleet struct {
	names   []string // sorted
	hosts   map[string]agent.Host
	connect func(ctx context.Context, name string) (agent.Host, error)
	held    func() error // see Under
}

// A HostError is trouble with one host.
type HostError struct {
	Host string
	Err  error
}

// Error implements error.
func (e *HostError) Error() string { return e.Host + ": " + e.Err.Error() }

// Unwrap returns the trouble itself.
func (e *HostError) Unwrap() error { return e.Err }

// Connect opens all given hosts. If one cannot be reached none stays open, and the
// error names every one that could not.
func Connect(ctx context.Context, connect Connector, hosts []*schema.Host) (*Fleet, error) {
	f := &Fleet{hosts: make(map[string]agent.Host, len(hosts))}
	for _, h := range hosts {
		f.names = append(f.names, h.Name)
	}
	slices.Sort(f.names)
	byName := make(map[string]*schema.Host, len(hosts))
	for _, h := range hosts {
		byName[h.Name] = h
	}
	f.connect = func(ctx context.Context, name string) (agent.Host, error) { return connect(ctx, byName[name]) }
	var mu sync.Mutex
	err := each(hosts, func(h *schema.Host) error {
		host, err := connect(ctx, h)
		if err != nil {
			return &HostError{h.Name, err}
		}
		mu.Lock()
		defer mu.Unlock()
		f.hosts[h.Name] = host
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Close ends all sessions and with them gives up all locks.
func (f *Fleet) Close() error {
	return each(f.names, func(name string) error {
		host, open := f.hosts[name]
		if !open {
			return nil
		}
		if err := host.Close(); err != nil {
			return &HostError{name, err}
		}
		return nil
	})
}

// Read takes a snapshot of every host; keys says which objects are of interest there
// beside those that the host's ledger knows.
func (f *Fleet) Read(ctx context.Context, keys func(host string) []resource.Key) (map[string]*resource.Snapshot, error) {
	var mu sync.Mutex
	snapshots := make(map[string]*resource.Snapshot, len(f.names))
	err := each(f.names, func(name string) error {
		snap, err := f.hosts[name].Read(ctx, keys(name))
		if err != nil {
			return &HostError{name, fmt.Errorf("read: %w", err)}
		}
		mu.Lock()
		defer mu.Unlock()
		snapshots[name] = snap
		return nil
	})
	return snapshots, err
}

// Ask has hosts ask the other machines on their segments who has some addresses, all at
// once. What is heard is, for each host, in the order of its addresses.
func (f *Fleet) Ask(ctx context.Context, addresses map[string][]resource.Address) (map[string][]resource.Neighbour, error) {
	var mu sync.Mutex
	heard := make(map[string][]resource.Neighbour, len(addresses))
	err := each(slices.Sorted(maps.Keys(addresses)), func(name string) error {
		list, err := f.hosts[name].Ask(ctx, addresses[name])
		if err != nil {
			return &HostError{name, fmt.Errorf("ask who has an address: %w", err)}
		}
		mu.Lock()
		defer mu.Unlock()
		heard[name] = list
		return nil
	})
	return heard, err
}

// Lock locks every host, one after the other in the order of their names, so that two
// runs that want the same hosts cannot wait for each other.
func (f *Fleet) Lock(ctx context.Context, by agent.Holder, timeout time.Duration) error {
	return f.LockSome(ctx, f.names, by, timeout)
}

// LockSome is Lock for some of the hosts, in the order of their names.
func (f *Fleet) LockSome(ctx context.Context, names []string, by agent.Holder, timeout time.Duration) error {
	for _, name := range names {
		if err := f.hosts[name].Lock(ctx, by, timeout); err != nil {
			return &HostError{name, err}
		}
	}
	return nil
}

// An Unlocked is what became of a host's lock.
type Unlocked struct {
	Host    string
	Removed []string // what somebody who died had left
	Err     error    // why it is not unlocked; nil: nobody holds it
}

// Unlock has every host remove what holders of its lock left that died. The results are
// in the order of the hosts' names.
func (f *Fleet) Unlock(ctx context.Context) []Unlocked {
	results := make([]Unlocked, len(f.names))
	var wg sync.WaitGroup
	for i, name := range f.names {
		wg.Go(func() {
			removed, err := f.hosts[name].Unlock(ctx)
			if err != nil {
				err = &HostError{name, err}
			}
			results[i] = Unlocked{name, removed, err}
		})
	}
	wg.Wait()
	return results
}

// A Progress is told how an apply goes.
type Progress interface {
	StepStarted(resource.Step)
	StepDone(resource.Step, resource.Outcome, error)
	Draining(resource.Wait)
}

// Apply carries out a plan step by step and stops at the first one that fails. When
// the context ends, the step in flight is finished and no other begun. Before a step that
// removes what has to be drained it waits.
func (f *Fleet) Apply(ctx context.Context, plan *planner.Plan, progress Progress) error {
	drains := f.newDrains(progress)
	for _, step := range plan.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := drains.wait(ctx, step); err != nil {
			return err
		}
		if err := f.stillHeld(); err != nil {
			return err
		}
		progress.StepStarted(step)
		out, err := f.hosts[step.Host].Apply(context.WithoutCancel(ctx), step)
		if err == nil {
			err = out.Err(step.Changes)
		}
		progress.StepDone(step, out, err)
		if err != nil {
			return &HostError{step.Host, fmt.Errorf("%s: %w", step.Name, err)}
		}
		drains.quieted(step)
	}
	return nil
}

// each runs a function for all items at once and joins the errors, in the items'
// order.
func each[T any](items []T, do func(T) error) error {
	errs := make([]error, len(items))
	var wg sync.WaitGroup
	for i, item := range items {
		wg.Go(func() { errs[i] = do(item) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
