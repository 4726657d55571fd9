package state

import (
	"context"
	"errors"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// What runs share.
//
// Two runs that want the same host are kept apart by the lock on that host. Runs that want
// different hosts of one fleet are not, and neither sees what the other one did. A place
// that all runs reach can do both. It is never the only thing that keeps runs apart: the
// locks of hosts are taken after it, and are given back before it.
//
// A lock in such a place has one thing that a lock on a file has not: it can be lost. The
// kernel keeps a file locked for as long as a process lives. A place far away cannot know
// whether a holder that is silent is dead, and after a while gives the lock to somebody
// else. So who holds one asks before each thing that it begins whether it still does
// ([Hold.Err]), and that is answered by the holder's own clock. What it writes is refused
// once somebody else has had the lock, and so are its applies by hosts that the other one has
// been on ([Hold.Fence]).

// A Backend is a place for the lock and the history of a fleet. Its methods may be called from
// several goroutines.
type Backend interface {
	// Acquire takes the lock in the name of who. A Since or PID that is zero is filled in.
	// While somebody else holds it, Acquire waits until timeout has passed, and then returns
	// a [*HeldError], or until ctx is done.
	Acquire(ctx context.Context, who Holder, timeout time.Duration) (Hold, error)
	// Inspect says who holds the lock, nil for nobody, and changes nothing.
	Inspect(ctx context.Context) (*Holder, error)
	// Clear removes what a holder that died left behind, and says what that was. A lock that
	// is held is a [*HeldError].
	Clear(ctx context.Context) (removed []string, err error)
	// History lists the last n applies, newest first, or all that are known for 0.
	History(ctx context.Context, n int) ([]resource.Past, error)
	// Close gives up the connection. Locks that are held must be given back before.
	Close() error
}

// A Hold is a lock that is held.
type Hold interface {
	// Err is nil while the lock is held for certain. Afterwards it wraps [ErrLost], and
	// stays.
	Err() error
	// Fence is what tells this holder from earlier ones; nil where the lock cannot be lost.
	Fence() *resource.Fence
	// Record notes an apply in the history, or how it ended. It fails with [ErrLost] when
	// the lock is no longer held.
	Record(ctx context.Context, past resource.Past) error
	// Unlock gives the lock back. Called again it does nothing.
	Unlock() error
}

// ErrLost says that a lock is no longer held for certain.
var ErrLost = errors.New("the lock was lost")
