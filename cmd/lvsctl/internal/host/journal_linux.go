package host

import (
	"context"
	"errors"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// errUnlocked is the answer to changes by who did not lock the host.
var errUnlocked = errors.New("the host is not locked")

// Start implements [agent.Host].
func (l *local) Start(_ context.Context, name string, apply resource.Apply, changes int) error {
	if l.store == nil {
		return errUnlocked
	}
	if err := l.mayStart(apply); err != nil {
		return err
	}
	l.store.SetHost(name)
	if err := l.store.Start(apply, changes); err != nil {
		return errors.Join(err, l.unbegun())
	}
	if apply.Within == 0 {
		return nil
	}
	if err := l.guard(name, apply); err != nil {
		return errors.Join(err, l.unbegun())
	}
	return nil
}

// unbegun ends an apply that was not begun. One that goes on with another stays open.
func (l *local) unbegun() error {
	if j := l.store.Journal(); j == nil || j.Ended() || j.Was.Len() > 0 {
		return nil
	}
	return l.store.End(resource.Reverted, "it was not begun")
}

// End implements [agent.Host].
func (l *local) End(_ context.Context, ending resource.Ending, note string) error {
	if l.store == nil {
		return errUnlocked
	}
	l.endWait()
	if err := l.store.End(ending, note); err != nil {
		return err
	}
	if ending == resource.Applied {
		return tidyCopies(l.dir)
	}
	return nil
}

// Journal implements [agent.Host].
func (l *local) Journal(context.Context) (*resource.Journal, error) {
	store, done, err := l.ledger()
	if err != nil {
		return nil, err
	}
	defer done()
	return store.Journal(), nil
}
