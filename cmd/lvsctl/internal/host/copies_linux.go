package host

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Where lvsctl is not installed, who comes by ssh copies it to the host: see install.sh of
// provider/agent. The copies are in a directory beside the ledger, each in one of its own.
// They stay for the next time, and the unit that runs lvsctl boot has the newest one.

func copiesIn(dir string) string { return filepath.Join(dir, "agent") }

// removeCopies removes all copies, this one among them. A process does not need its file.
func removeCopies(dir string) error { return os.RemoveAll(copiesIn(dir)) }

// keptCopies is how many copies stay after an apply: the one that made it, and the one
// before, which a rollback may have the host boot with.
const keptCopies = 2

// tidyCopies removes copies that nobody needs any more.
func tidyCopies(dir string) error {
	entries, err := os.ReadDir(copiesIn(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for copies of lvsctl: %w", err)
	}
	used := make(map[string]time.Time, len(entries))
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(copiesIn(dir), e.Name(), "lvsctl")); err == nil {
			used[e.Name()] = info.ModTime()
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { // those used last come first
		return cmp.Or(used[b.Name()].Compare(used[a.Name()]), cmp.Compare(a.Name(), b.Name()))
	})
	var errs []error
	for _, e := range entries[min(keptCopies, len(entries)):] {
		errs = append(errs, os.RemoveAll(filepath.Join(copiesIn(dir), e.Name())))
	}
	return errors.Join(errs...)
}
