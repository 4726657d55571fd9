package state

import (
	"context"
	"path/filepath"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Files are a host's own lock and history, in a directory that need not exist. The history
// is what its ledger remembers, the last apply.
type Files string

var (
	_ Backend = Files("")
	_ Hold    = (*Lock)(nil)
)

// Acquire implements [Backend].
func (f Files) Acquire(ctx context.Context, who Holder, timeout time.Duration) (Hold, error) {
	l, err := Acquire(ctx, string(f), who, timeout)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Inspect implements [Backend].
func (f Files) Inspect(context.Context) (*Holder, error) {
	holder, _, err := Inspect(string(f))
	return holder, err
}

// Clear implements [Backend].
func (f Files) Clear(ctx context.Context) ([]string, error) { return Clear(ctx, string(f)) }

// History implements [Backend].
func (f Files) History(context.Context, int) ([]resource.Past, error) {
	s, err := Open(string(f))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	last := s.Ledger().Last
	if last == nil {
		return nil, nil
	}
	_, held, err := Inspect(string(f))
	return []resource.Past{{Apply: last.Apply, Ending: last.Ending, Note: last.Note, Running: held && last.Ending == ""}}, err
}

// Close implements [Backend].
func (Files) Close() error { return nil }

// Err implements [Hold]. The kernel keeps the lock for as long as nobody gives it back.
func (l *Lock) Err() error {
	if l.file.Load() == nil {
		return ErrLost
	}
	return nil
}

// Fence implements [Hold]: there is none.
func (l *Lock) Fence() *resource.Fence { return nil }

// Record implements [Hold], in the ledger beside the lock.
func (l *Lock) Record(_ context.Context, past resource.Past) error {
	f := l.file.Load()
	if f == nil {
		return ErrLost
	}
	s, err := Open(filepath.Dir(f.Name()))
	if err != nil {
		return err
	}
	defer s.Close()
	if past.Ending == "" {
		return s.Start(past.Apply, 0)
	}
	return s.End(past.Ending, past.Note)
}
