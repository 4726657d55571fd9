package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Clear removes from dir what a holder of the lock that died left behind, and says what
// that was, a few words each; nothing if there was nothing. It does so with the lock
// held, so it takes it away from nobody: if somebody else has it, the error is a
// [*HeldError]. What a ledger needs stays.
func Clear(ctx context.Context, dir string) (removed []string, err error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	path := filepath.Join(dir, lockFile)
	_, err = os.Lstat(path)
	there := err == nil
	l, left, err := lockToClear(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Unlock()) }()
	if left != (Holder{}) {
		removed = append(removed, "the name of "+left.String()+", who ended without giving the lock back")
	}
	switch err := os.Remove(filepath.Join(dir, freshFile)); {
	case err == nil:
		removed = append(removed, freshFile+", which was never finished")
	case !errors.Is(err, fs.ErrNotExist):
		return removed, fmt.Errorf("clear: %w", err)
	}
	switch _, err := os.Lstat(filepath.Join(dir, ledgerFile)); {
	case err == nil:
		return removed, nil
	case !errors.Is(err, fs.ErrNotExist):
		return removed, fmt.Errorf("clear: %w", err)
	}
	if err := l.Discard(); err != nil {
		return removed, err
	}
	switch _, err := os.Lstat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		removed = append(removed, dir+", which had nothing in it")
	case there:
		removed = append(removed, lockFile+", which locks no ledger")
	}
	return removed, nil
}

// lockToClear takes the lock without saying for whom, and returns who is named in it. A
// look by [Inspect] keeps others out for a moment.
func lockToClear(ctx context.Context, path string) (*Lock, Holder, error) {
	for again := true; ; again = false {
		f, err := tryLock(path)
		if err == nil {
			l := new(Lock)
			l.file.Store(f)
			return l, decodeHolder(f), nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, Holder{}, fmt.Errorf("lock: %w", err)
		}
		if !again {
			return nil, Holder{}, &HeldError{readHolder(path)}
		}
		if err := sleep(ctx, grace); err != nil {
			return nil, Holder{}, err
		}
	}
}
