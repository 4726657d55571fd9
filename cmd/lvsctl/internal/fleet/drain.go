package fleet

import (
	"context"
	"sync"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// A plan sets the weights of all real servers that go to 0 before it waits for the
// connections of the first one. Time runs for all of them from then on, so that ten of
// them take no longer than one.

// How often hosts are asked for connections: soon again in the beginning, as most that go
// have few, and then with growing pauses.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = time.Second
)

// handshake is how long a connection may take that was scheduled just before the weight
// became 0. IPVS counts it as inactive until the client has answered. A client whose first
// packet was lost asks again after a second, and is sent to the same real server.
const handshake = 2 * time.Second

// drains knows since when destinations have been drained in one run.
type drains struct {
	fleet *Fleet
	tell  func(resource.Wait)
	began time.Time

	mu    sync.Mutex
	since map[string]*resource.ByKey[time.Time] // by host: those whose weight this run has set to 0
}

func newDrains(f *Fleet, tell func(resource.Wait)) *drains {
	return &drains{fleet: f, tell: tell, began: time.Now(), since: map[string]*resource.ByKey[time.Time]{}}
}

// quieted notes whose weights a step has set to 0.
func (d *drains) quieted(step resource.Step) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	for _, c := range step.Changes {
		if c.Reason != resource.Draining && !c.Reason.PutsAside() {
			continue
		}
		if d.since[step.Host] == nil {
			d.since[step.Host] = resource.NewByKey[time.Time]()
		}
		d.since[step.Host].Put(c.Key(), now)
	}
}

// A leaving destination is one that a step waits for.
type leaving struct {
	key   resource.Key
	drain resource.Drain
	since time.Time
}

// leaving lists the destinations that a step waits for.
func (d *drains) leaving(step resource.Step) (list []leaving) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range step.Changes {
		if c.Drain.Within == 0 {
			continue
		}
		since, known := d.since[step.Host].Find(c.Key())
		if !known { // an earlier run has
			since = d.began
		}
		list = append(list, leaving{c.Key(), c.Drain, since})
	}
	return list
}

// wait returns when the connections are over that a step waits for, or have had their time,
// or with an error when the context ends.
func (d *drains) wait(ctx context.Context, step resource.Step) error {
	w := wait{step: step, tell: d.tell}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	list := d.leaving(step)
	for pause := firstPause; len(list) > 0; pause = min(2*pause, lastPause) {
		if err := d.fleet.stillHeld(); err != nil {
			w.end(resource.Stopped)
			return err
		}
		counts, err := d.fleet.hosts[step.Host].Connections(context.WithoutCancel(ctx), keysOf(list))
		if err != nil {
			return err
		}
		if list = w.look(list, counts); len(list) == 0 {
			break
		}
		select {
		case <-time.After(min(pause, w.next)):
		case <-ctx.Done():
			w.end(resource.Stopped)
			return ctx.Err()
		}
	}
	w.end(resource.Over)
	return ctx.Err()
}

func keysOf(list []leaving) []resource.Key {
	keys := make([]resource.Key, len(list))
	for i, l := range list {
		keys[i] = l.key
	}
	return keys
}

// A wait is what was seen of the connections that a step waits for.
type wait struct {
	step  resource.Step
	tell  func(resource.Wait)
	begun bool          // something was told
	left  uint64        // connections, at the last look
	cut   uint64        // connections of destinations whose time is over
	next  time.Duration // until the time of the next one is over
}

// look tells what is left, and returns the destinations that have to be waited for still.
func (w *wait) look(list []leaving, counts resource.Counts) (still []leaving) {
	var atMost time.Duration
	w.left, w.next = 0, lastPause
	for _, l := range list {
		conns, past := counts[l.key], time.Since(l.since)
		left := l.drain.Left(conns)
		switch {
		case left == 0 && (conns.Total() == 0 || past >= handshake):
			continue
		case past >= l.drain.Within:
			w.cut += left
			continue
		}
		rest := l.drain.Within - past
		w.left, w.next, atMost = w.left+left, min(w.next, rest), max(atMost, rest)
		still = append(still, l)
	}
	if w.left > 0 {
		w.say(resource.Waiting, w.left, atMost)
	}
	return still
}

// end tells how the wait ended, if there was one.
func (w *wait) end(phase resource.Phase) {
	switch {
	case phase == resource.Stopped && w.begun:
		w.say(resource.Stopped, w.left+w.cut, 0)
	case phase == resource.Over && (w.begun || w.cut > 0):
		w.say(resource.Over, w.cut, 0)
	}
}

func (w *wait) say(phase resource.Phase, left uint64, atMost time.Duration) {
	if phase == resource.Waiting && !w.begun {
		phase = resource.Begun
	}
	w.begun = true
	w.tell(resource.Wait{Step: w.step, Phase: phase, Left: left, AtMost: atMost})
}
