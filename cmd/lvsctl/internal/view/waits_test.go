package view

import (
	"testing"
	"testing/synctest"
	"time"
)

// Hosts that take longer than a second are named until they have answered.
func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(80)
		live := NewLiveLine(s, func() int { return 80 })
		w := NewWaits(live)
		shows := func(want string) {
			t.Helper()
			synctest.Wait()
			live.mu.Lock()
			defer live.mu.Unlock()
			if got := s.lines[0]; got != want {
				t.Errorf("shown %q, want %q", got, want)
			}
		}
		w.Begin("Connecting", []string{"lb1", "web1", "web2"})
		w.Done("web1")
		time.Sleep(notable - time.Millisecond)
		shows("")
		time.Sleep(time.Millisecond)
		shows("Connecting: 1 of 3 hosts, waiting for lb1 and 1 more")
		w.Done("lb1")
		shows("Connecting: 2 of 3 hosts, waiting for web2")
		w.Done("web2")
		w.End()
		shows("")
		w.Begin("Reading", []string{"lb1"})
		w.End()
		time.Sleep(2 * notable)
		shows("")
	})
}
