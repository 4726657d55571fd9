package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// The lock is flock(2) on a file, so the kernel lets go of it when its holder dies,
// however it dies, and nobody ever has to decide whether a lock is stale. What stands
// in the file is there only to be shown: who holds the lock, if it is held. Left
// behind by a holder that was killed, it means nothing.
//
// The file stays when the lock is released. Somebody else may still remove it, with
// all of /run say, and then the next one locks a new file of that name while the old
// one is held. So a lock counts only if the file's name still leads to it once it is
// held; and as long as nobody removes the file of a lock in use, there is one lock.
//
// The directory and the file are for their owner alone: whoever can open the file can
// lock it and keep everybody out, and a command line may contain what is not for all.

// A Holder says who holds a lock.
type Holder struct {
	Who     string    `json:"who"`     // user@host
	Since   time.Time `json:"since"`   // to the second
	Command string    `json:"command"` // command line
	PID     int       `json:"pid"`
}

// String describes the holder as error messages do.
func (h Holder) String() string {
	if h == (Holder{}) {
		return "another process"
	}
	return fmt.Sprintf("%s since %s (pid %d: %s)", h.Who, h.Since.UTC().Format("2006-01-02 15:04:05 MST"), h.PID, h.Command)
}

// A HeldError says that somebody else holds the lock. Its Holder is the zero value if
// the holder has not got to saying who it is.
type HeldError struct{ Holder Holder }

// Error implements error.
func (e *HeldError) Error() string { return "locked by " + e.Holder.String() }

// A Lock is held from [Acquire] until [Lock.Unlock], or the end of the process.
type Lock struct{ file atomic.Pointer[os.File] }

const (
	lockFile = "lock"

	// grace is for how long Acquire looks again even if it was not told to wait: a
	// look by Inspect keeps others out for a moment, and a new holder takes a
	// moment to say who it is.
	grace = 50 * time.Millisecond

	firstPause = 2 * time.Millisecond
	longPause  = 100 * time.Millisecond
)

// Acquire takes the lock in directory dir, which is created if need be, in the name of
// who. A Since or PID that is zero is filled in. While somebody else holds it, Acquire
// waits until timeout has passed, and then returns a [*HeldError], or until ctx is
// done. It keeps out other goroutines of the same process too.
func Acquire(ctx context.Context, dir string, who Holder, timeout time.Duration) (*Lock, error) {
	path := filepath.Join(dir, lockFile)
	deadline := time.Now().Add(max(timeout, grace))
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		f, err := tryLock(path)
		if err == nil {
			return claimLock(f, who)
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock: %w", err)
		}
		left := time.Until(deadline)
		if left <= 0 {
			return nil, &HeldError{readHolder(path)}
		}
		if err := sleep(ctx, min(pause, left)); err != nil {
			return nil, fmt.Errorf("wait for the lock, which is held by %s: %w", readHolder(path), err)
		}
	}
}

// sleep pauses for d, or until ctx is done, and then says why.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// tryLock opens and locks the file. The error is EWOULDBLOCK if somebody else has it.
// Directory and file may go away in between, when their last user discards them.
func tryLock(path string) (*os.File, error) {
	for range 100 {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
		if errors.Is(err, fs.ErrNotExist) {
			if err := (osDisk{}).Mkdir(filepath.Dir(path)); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := flock(f, unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			return nil, err
		}
		same, err := leadsTo(path, f)
		if err == nil && same {
			return f, nil
		}
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s comes and goes", path)
}

// leadsTo tells whether path is still the name of the open file f.
func leadsTo(path string, f *os.File) (bool, error) {
	mine, err := f.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(mine, named), err
}

// flock is flock(2), which a signal may interrupt.
func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if err != unix.EINTR {
			return os.NewSyscallError("flock "+f.Name(), err)
		}
	}
}

// claimLock writes who holds the lock into its file.
func claimLock(f *os.File, who Holder) (*Lock, error) {
	if who.Since.IsZero() {
		who.Since = time.Now()
	}
	who.Since = who.Since.UTC().Truncate(time.Second)
	if who.PID == 0 {
		who.PID = os.Getpid()
	}
	text, err := json.Marshal(who)
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(append(text, '\n'), 0)
	}
	if err != nil {
		_ = f.Truncate(0) // who waits is not told for whom, and a full disk keeps nobody from destroying
	}
	l := new(Lock)
	l.file.Store(f)
	return l, nil
}

// Unlock releases the lock. Called again, also at the same time, it does nothing.
func (l *Lock) Unlock() error {
	f := l.file.Swap(nil)
	if f == nil {
		return nil
	}
	// Closing the only descriptor of the open file is what unlocks it.
	if err := errors.Join(f.Truncate(0), f.Close()); err != nil {
		return fmt.Errorf("unlock: %w", err)
	}
	return nil
}

// Discard releases the lock and removes its file, and the directory if nothing else is
// in it: a host that has nothing of ours any more keeps no trace. Called after the lock
// was released, it does nothing.
func (l *Lock) Discard() error {
	f := l.file.Swap(nil)
	if f == nil {
		return nil
	}
	// As long as the file is open nobody else can have locked one of its name, and who
	// waits for this one finds that the name no longer leads to it.
	err := os.Remove(f.Name())
	_ = os.Remove(filepath.Dir(f.Name())) // stays where something is in it
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("unlock: %w", err)
	}
	return nil
}

// Inspect says whether the lock in dir is held, and by whom, and creates nothing. The
// holder is nil if nobody holds it.
func Inspect(dir string) (holder *Holder, held bool, err error) {
	f, err := os.Open(filepath.Join(dir, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("inspect lock: %w", err)
	}
	defer f.Close()
	// Other looks share the lock; Acquire comes again after its moment is over.
	err = flock(f, unix.LOCK_SH|unix.LOCK_NB)
	switch {
	case err == nil:
		return nil, false, nil
	case !errors.Is(err, unix.EWOULDBLOCK):
		return nil, false, fmt.Errorf("inspect lock: %w", err)
	}
	h := decodeHolder(f)
	return &h, true, nil
}

// readHolder is what stands in the lock's file, or the zero Holder.
func readHolder(path string) Holder {
	f, err := os.Open(path)
	if err != nil {
		return Holder{}
	}
	defer f.Close()
	return decodeHolder(f)
}

// decodeHolder reads a holder. What it cannot read it leaves out: the file may be
// being written, and no more than a message depends on it.
func decodeHolder(r io.Reader) (h Holder) {
	if json.NewDecoder(io.LimitReader(r, 1<<20)).Decode(&h) != nil {
		return Holder{}
	}
	return h
}
