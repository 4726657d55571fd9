package topo

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Load fetches a page again and again in the background.
type Load struct {
	stop    chan struct{}
	once    sync.Once
	ended   chan struct{}
	pending sync.WaitGroup

	mu       sync.Mutex
	report   Report
	answered time.Time // when the last answer came, or the load began
}

// Report is what a load has seen.
type Report struct {
	Requests int                // that have an answer or have failed
	Failed   int                // without an answer, or with an error status
	Bodies   map[string]int     // how often each body came back
	Sources  map[netip.Addr]int // how often servers saw the client as each address
	Errors   []error            // of those that failed, in order
	Silence  time.Duration      // the longest time without an answer
}

// Load begins to fetch url from the host, Rate times a second, each time on a
// connection of its own and without waiting for earlier ones. It is stopped when
// the test ends, or by Stop.
func (h *Host) Load(url string, opts ...ClientOption) *Load {
	c := newClient(defaultTimeout, opts)
	l := &Load{stop: make(chan struct{}), ended: make(chan struct{}), answered: time.Now(),
		report: Report{Bodies: map[string]int{}, Sources: map[netip.Addr]int{}}}
	go l.run(time.Duration(float64(time.Second)/c.rate), func() { l.note(h.Get(url, opts...)) })
	h.net.t.Cleanup(func() { l.Stop() })
	return l
}

// Stop begins no more requests, waits for those under way, and reports.
func (l *Load) Stop() Report {
	l.once.Do(func() { close(l.stop) })
	<-l.ended
	l.pending.Wait()
	return l.Report()
}

// Report returns what the load has seen so far.
func (l *Load) Report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.report
	r.Bodies, r.Sources, r.Errors = maps.Clone(r.Bodies), maps.Clone(r.Sources), slices.Clone(r.Errors)
	return r
}

func (l *Load) run(interval time.Duration, fetch func()) {
	defer close(l.ended)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		l.pending.Go(fetch)
		select {
		case <-l.stop:
			return
		case <-ticker.C:
		}
	}
}

func (l *Load) note(r Response) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Requests++
	if r.Err != nil {
		l.report.Failed++
		l.report.Errors = append(l.report.Errors, r.Err)
		return
	}
	if r.Status >= 400 {
		l.report.Failed++
	}
	now := time.Now()
	l.report.Silence, l.answered = max(l.report.Silence, now.Sub(l.answered)), now
	l.report.Bodies[r.Body]++
	if r.Source.IsValid() {
		l.report.Sources[r.Source]++
	}
}
