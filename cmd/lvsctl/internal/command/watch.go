package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/fleet"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
)

// A watch finds out with probes what an apply breaks. It has connections of its own: a host
// that waits for the answer to a probe hears nothing else, not even a confirmation.
type watch struct {
	*session
	fleet  *fleet.Fleet     // nil if it is to make none
	before []planner.Probed // before the first change
}

// newWatch makes the probes of the config, as nothing of a plan is done yet.
func (s *session) newWatch(ctx context.Context, plan *planner.Plan) (*watch, error) {
	hosts, err := s.asking()
	if err != nil {
		return nil, err
	}
	w := &watch{session: s}
	if w.fleet, err = s.dial(ctx, hosts); err != nil {
		return nil, err
	}
	w.before, err = w.round(ctx, planner.ProbesBefore(s.config, plan), "Probing before the first change: what passes now must pass afterwards.")
	if err != nil {
		w.close()
		return nil, err
	}
	for i, p := range s.config.Probes() {
		w.before[i].Probe = p
	}
	return w, nil
}

// close ends the connections. What they have to say is no longer of interest.
func (w *watch) close() {
	if w.fleet != nil {
		_ = w.fleet.Close()
	}
}

// round makes probes, after saying why, and prints what became of them. Without probes it
// does nothing. An apply does not fail because nobody reads what it prints.
func (w *watch) round(ctx context.Context, probes []*schema.Probe, why string) ([]planner.Probed, error) {
	if len(probes) == 0 {
		return nil, nil
	}
	w.tell("probe_start", why)
	results, err := w.fleet.Probe(ctx, probes)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	_ = w.showProbes(results)
	return results, nil
}

// passed lists the probes that passed before the first change.
func (w *watch) passed() []*schema.Probe {
	var list []*schema.Probe
	for _, p := range w.before {
		if p.Passed() {
			list = append(list, p.Probe)
		}
	}
	return list
}

// again makes the probes again that passed, after saying why. The error is a [*broken] if
// one of them fails.
func (w *watch) again(ctx context.Context, why string) error {
	results, err := w.round(ctx, w.passed(), why)
	if err != nil {
		return err
	}
	return w.compare(results)
}

// compare returns a [*broken] if probes fail that passed before.
func (w *watch) compare(results []planner.Probed) error {
	if list := planner.Broken(w.before, results); len(list) > 0 {
		return &broken{list}
	}
	return nil
}

// probeEvery is how long to wait between rounds of probes until an apply is confirmed.
const probeEvery = 5 * time.Second

// keep makes the probes that passed again and again until stop, with pauses in between. The
// first trouble ends that, and comes through the channel.
func (w *watch) keep(parent context.Context, pause time.Duration) (trouble <-chan error, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	found, done := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(done)
		if err := w.patrol(ctx, pause); err != nil && ctx.Err() == nil {
			found <- err
		}
	}()
	return found, func() {
		cancel()
		<-done
	}
}

// patrol makes the probes that passed until there is trouble, or the context ends.
func (w *watch) patrol(ctx context.Context, pause time.Duration) error {
	probes := w.passed()
	if len(probes) == 0 {
		return nil
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		results, err := w.fleet.Probe(ctx, probes)
		if err == nil {
			err = w.compare(results)
		}
		if err != nil {
			return err
		}
	}
}

// broken are probes that passed before an apply and fail after it.
type broken struct{ probes []planner.Probed }

// Error implements error, with a line for each probe.
func (b *broken) Error() string {
	lines := make([]string, len(b.probes))
	for i, p := range b.probes {
		failure := strings.ReplaceAll(p.Failure, "\n", "; ")
		lines[i] = fmt.Sprintf("the probe %s: %s passed before, and fails now: %s", p.Cluster, p.Name, failure)
	}
	return strings.Join(lines, "\n")
}

// brokeProbes tells whether an apply failed because of its probes.
func brokeProbes(err error) bool {
	var b *broken
	return errors.As(err, &b)
}
