// Package fleet talks to all hosts of a config at once: it connects them, reads them,
// locks them, and carries a plan to them step by step.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

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
	Options
	held func() error // see Under

	mu        sync.Mutex
	addresses map[string][]resource.Address // of hosts, when they were read last
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

// Options say how a fleet talks to its hosts.
type Options struct {
	AtOnce int   // to how many at once; 0 is one
	Waits  Waits // told for which hosts it waits as it connects and reads, nil for nobody
}

// Waits is told for which hosts a fleet waits. Hosts are done at any time, from several
// goroutines.
type Waits interface {
	Begin(what string, hosts []string)
	Done(host string)
	End()
}

// Connect opens all given hosts. If one cannot be reached none stays open,
// and the error names every one that could not.
func Connect(ctx context.Context, connect Connector, hosts []*schema.Host, how Options) (*Fleet, error) {
	f, err := Reach(ctx, connect, hosts, how)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Reach is Connect for who can do with some of the hosts: the fleet has those that could be
// reached, and the error names the others.
func Reach(ctx context.Context, connect Connector, hosts []*schema.Host, how Options) (*Fleet, error) {
	f := &Fleet{hosts: make(map[string]agent.Host, len(hosts)), Options: how}
	byName := make(map[string]*schema.Host, len(hosts))
	for _, h := range hosts {
		byName[h.Name] = h
	}
	f.connect = func(ctx context.Context, name string) (agent.Host, error) { return connect(ctx, byName[name]) }
	f.names = slices.Sorted(maps.Keys(byName))
	var mu sync.Mutex
	err := f.waiting("Connecting", f.names, func(name string) error {
		host, err := f.connect(ctx, name)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		f.hosts[name] = host
		return nil
	})
	f.names = slices.Sorted(maps.Keys(f.hosts))
	return f, err
}

// Unreachable splits an error into those of hosts that could not be reached, or were lost, and
// the rest, nil for none.
func Unreachable(err error) (lost []*HostError, rest error) {
	var host *HostError
	var reason *agent.Error
	if joined, several := err.(interface{ Unwrap() []error }); several {
		var others []error
		for _, e := range joined.Unwrap() {
			more, left := Unreachable(e)
			lost, others = append(lost, more...), append(others, left)
		}
		return lost, errors.Join(others...)
	}
	if errors.As(err, &host) && errors.As(err, &reason) && reason.Code == agent.Unreachable {
		return []*HostError{host}, nil
	}
	return nil, err
}

// Leave goes on without a host.
func (f *Fleet) Leave(name string) {
	if host, open := f.hosts[name]; open {
		_ = host.Close()
		delete(f.hosts, name)
	}
	f.names = slices.DeleteFunc(slices.Clone(f.names), func(n string) bool { return n == name })
}

// Empty tells whether there is no host.
func (f *Fleet) Empty() bool { return len(f.names) == 0 }

// Close ends all sessions and with them gives up all locks.
func (f *Fleet) Close() error {
	return f.each(f.names, func(name string) error { return f.hosts[name].Close() })
}

// Read takes a snapshot of every host; keys says which objects are of interest there
// beside those that the host's ledger knows. With an error there are those of the hosts that
// answered.
func (f *Fleet) Read(ctx context.Context, keys func(host string) []resource.Key) (map[string]*resource.Snapshot, error) {
	var mu sync.Mutex
	snapshots := make(map[string]*resource.Snapshot, len(f.names))
	err := f.waiting("Reading", f.names, func(name string) error {
		snap, err := f.hosts[name].Read(ctx, keys(name))
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		mu.Lock()
		defer mu.Unlock()
		snapshots[name] = snap
		return nil
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.addresses == nil {
		f.addresses = map[string][]resource.Address{}
	}
	for name, snap := range snapshots {
		f.addresses[name] = snap.Facts.Addresses
	}
	return snapshots, err
}

// addressesOf are those that some hosts had when they were read last.
func (f *Fleet) addressesOf(names []string) []netip.Addr {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []netip.Addr
	for _, name := range names {
		for _, a := range f.addresses[name] {
			list = append(list, a.Prefix.Addr())
		}
	}
	return list
}

// Ask has hosts ask the other machines on their segments who has some addresses, all at
// once. What is heard is, for each host, in the order of its addresses.
func (f *Fleet) Ask(ctx context.Context, addresses map[string][]resource.Address) (map[string][]resource.Neighbour, error) {
	var mu sync.Mutex
	heard := make(map[string][]resource.Neighbour, len(addresses))
	err := f.each(slices.Sorted(maps.Keys(addresses)), func(name string) error {
		list, err := f.hosts[name].Ask(ctx, addresses[name])
		if err != nil {
			return fmt.Errorf("ask who has an address: %w", err)
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
	_ = f.each(f.names, func(name string) error {
		removed, err := f.hosts[name].Unlock(ctx)
		if err != nil {
			err = &HostError{name, err}
		}
		i, _ := slices.BinarySearch(f.names, name)
		results[i] = Unlocked{name, removed, err}
		return nil
	})
	return results
}

// waiting is each, and tells for which hosts it waits.
func (f *Fleet) waiting(what string, names []string, do func(name string) error) error {
	if f.Waits == nil {
		return f.each(names, do)
	}
	f.Waits.Begin(what, names)
	defer f.Waits.End()
	return f.each(names, func(name string) error {
		defer f.Waits.Done(name)
		return do(name)
	})
}

// each runs a function for hosts, as many at once as the fleet talks to, and joins the errors
// in the order of the names.
func (f *Fleet) each(names []string, do func(name string) error) error {
	errs := make([]error, len(names))
	turns := make(chan struct{}, max(1, f.AtOnce))
	var wg sync.WaitGroup
	for i, name := range names {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			if err := do(name); err != nil {
				errs[i] = &HostError{name, err}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
