package state_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/state"
	"github.com/lvsctl/lvsctl/state/statetest"
)

// The host's own files are one of the places for a lock and a history.
func TestFiles(t *testing.T) {
	statetest.Run(t, func(t *testing.T) statetest.Place {
		dir := filepath.Join(t.TempDir(), "lvsctl")
		return statetest.Place{
			Open:  func(*testing.T) state.Backend { return state.Files(dir) },
			Hold:  func(t *testing.T) *os.Process { return state.HoldLock(t, dir) },
			Frees: 5 * time.Second, Remembers: 1,
		}
	})
}
