package fleet

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Start tells hosts that an apply begins, and how much a plan changes there. If one of them
// cannot, those that were told end it as one that was not begun; so does one whose agent was
// lost when it may have heard it.
func (f *Fleet) Start(ctx context.Context, by agent.Holder, apply resource.Apply, hosts []string, plan *planner.Plan) error {
	if err := f.stillHeld(); err != nil {
		return err
	}
	changes := map[string]int{}
	for _, step := range plan.Steps {
		changes[step.Host] += len(step.Changes)
	}
	for i, name := range hosts {
		err := f.hosts[name].Start(ctx, name, apply, changes[name])
		if err == nil {
			continue
		}
		told := hosts[:i]
		if f.revive(ctx, name, by) == nil {
			told = hosts[:i+1]
		}
		return errors.Join(&HostError{name, err}, f.cancel(ctx, apply, told))
	}
	return nil
}

// cancel ends an apply that did nothing yet. What it went on with stays open.
func (f *Fleet) cancel(ctx context.Context, apply resource.Apply, names []string) error {
	return f.each(names, func(name string) error {
		j, err := f.hosts[name].Journal(ctx)
		if err != nil || j == nil || j.Ended() || j.Apply.ID != apply.ID || j.Was.Len() > 0 {
			return err
		}
		return f.hosts[name].End(ctx, resource.Reverted, "it was not begun")
	})
}

// End tells hosts how their apply went.
func (f *Fleet) End(ctx context.Context, names []string, ending resource.Ending, note string) error {
	return f.each(names, func(name string) error { return f.hosts[name].End(ctx, ending, note) })
}

// Journals returns what each host remembers of its last apply, nil for none.
func (f *Fleet) Journals(ctx context.Context) (map[string]*resource.Journal, error) {
	var mu sync.Mutex
	journals := map[string]*resource.Journal{}
	err := f.each(f.names, func(name string) error {
		j, err := f.hosts[name].Journal(ctx)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		journals[name] = j
		return nil
	})
	return journals, err
}

// relock is how long to wait for a host's lock that an agent of ours may still hold, which
// is on its way out.
const relock = 20 * time.Second

// Revive connects to hosts again whose agents do not answer any more, and locks them. The
// fleet goes on without those that stay lost, which it returns.
func (f *Fleet) Revive(ctx context.Context, by agent.Holder) (lost []string, err error) {
	var errs []error
	for _, name := range f.names {
		if err := f.revive(ctx, name, by); err != nil {
			lost = append(lost, name)
			errs = append(errs, &HostError{name, err})
		}
	}
	f.names = slices.DeleteFunc(slices.Clone(f.names), func(name string) bool { return slices.Contains(lost, name) })
	return lost, errors.Join(errs...)
}

func (f *Fleet) revive(ctx context.Context, name string, by agent.Holder) error {
	err := f.hosts[name].Alive(ctx)
	var lost *agent.Error
	if err == nil || !errors.As(err, &lost) || lost.Code != agent.Unreachable {
		return nil
	}
	_ = f.hosts[name].Close()
	host, err := f.connect(ctx, name)
	if err != nil {
		return err
	}
	f.hosts[name] = host
	return host.Lock(ctx, by, relock)
}

// aliveEvery is how often hosts hear that an apply goes on.
const aliveEvery = time.Second

// KeepAlive tells hosts that an apply goes on until stop is called, as long as they answer:
// what it does may be on others for a while.
func (f *Fleet) KeepAlive(names []string) (stop func()) {
	over := make(chan struct{})
	var telling sync.WaitGroup
	for _, name := range names {
		host := f.hosts[name]
		telling.Go(func() {
			for err := error(nil); err == nil; err = host.Alive(context.Background()) {
				select {
				case <-over:
					return
				case <-time.After(aliveEvery):
				}
			}
		})
	}
	return sync.OnceFunc(func() {
		close(over)
		telling.Wait()
	})
}

// Await makes hosts wait to hear that all is well.
func (f *Fleet) Await(ctx context.Context, names []string) error {
	return f.each(names, func(name string) error { return f.hosts[name].Await(ctx) })
}

// Confirmed tells whether all of the hosts have heard that all is well.
func (f *Fleet) Confirmed(ctx context.Context, names []string) (bool, error) {
	for _, name := range names {
		if yes, err := f.hosts[name].Confirmed(ctx); err != nil {
			return false, &HostError{name, err}
		} else if !yes {
			return false, nil
		}
	}
	return true, nil
}

// Confirm tells all hosts that wait for it that all is well, and returns which those were,
// with what they waited for.
func (f *Fleet) Confirm(ctx context.Context) (map[string]*resource.Apply, error) {
	var mu sync.Mutex
	waited := map[string]*resource.Apply{}
	err := f.each(f.names, func(name string) error {
		apply, err := f.hosts[name].Confirm(ctx)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if apply != nil {
			waited[name] = apply
		}
		return nil
	})
	return waited, err
}
