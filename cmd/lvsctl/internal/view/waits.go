package view

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Waits shows for which hosts lvsctl waits, on a terminal and if that takes longer than a
// second.
type Waits struct {
	live *LiveLine
	late *time.Timer

	mu    sync.Mutex
	shown bool
	what  string
	left  []string
	of    int
}

// NewWaits returns what tells on a line; a nil one is never shown.
func NewWaits(live *LiveLine) *Waits { return &Waits{live: live} }

// Begin implements the fleet's Waits.
func (w *Waits) Begin(what string, hosts []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.what, w.left, w.of = what, slices.Clone(hosts), len(hosts)
	w.late = time.AfterFunc(notable, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.shown = true
		w.show()
	})
}

// Done implements the fleet's Waits.
func (w *Waits) Done(host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = slices.DeleteFunc(w.left, func(name string) bool { return name == host })
	w.show()
}

// End implements the fleet's Waits.
func (w *Waits) End() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.late.Stop()
	w.left = nil
	if w.shown {
		w.live.Clear()
	}
	w.shown = false
}

// show shows what is waited for, as far as it is to be shown.
func (w *Waits) show() {
	if !w.shown || len(w.left) == 0 {
		return
	}
	names := w.left[0]
	if n := len(w.left) - 1; n > 0 {
		names += fmt.Sprintf(" and %d more", n)
	}
	w.live.Set(fmt.Sprintf("%s: %d of %s, waiting for %s", w.what, w.of-len(w.left), count(w.of, "host"), names))
}
