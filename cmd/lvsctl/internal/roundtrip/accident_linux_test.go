package roundtrip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/fleet"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A trouble is what can come in between while hosts are changed.
type trouble string

const (
	none        trouble = "whole"
	interrupted trouble = "interrupted"           // after a step
	failed      trouble = "failed within a step"  // some of its changes were made
	lost        trouble = "host lost with a step" // which was made, but nobody heard of it
)

var troubles = []trouble{interrupted, failed, lost}

// A sequel is what comes of an apply that was cut off.
type sequel string

const (
	left      sequel = "left as it was" // lvsctl was killed
	kept      sequel = "kept"
	takenBack sequel = "taken back at once"
	continued sequel = "gone on with" // by another apply
)

var sequels = []sequel{left, kept, takenBack, continued}

// follow does what lvsctl does in the session whose apply was cut off.
func (s sequel) follow(ctx context.Context, f *fleet.Fleet, apply resource.Apply, part []string) error {
	switch s {
	case kept:
		_ = f.End(ctx, part, resource.Kept, "cut off") // lost hosts do not hear of it
	case takenBack:
		if err := f.RollBack(ctx, holder, apply, part, "cut off", drain, execute(f)); err != nil {
			return fmt.Errorf("take back: %w", err)
		}
	}
	return nil
}

// An accident is a trouble that comes once, at some step.
type accident struct {
	kind      trouble
	rng       *rand.Rand // nil: it does not come
	left      int        // steps until it comes
	came      bool
	interrupt context.CancelFunc
}

// aim chooses the step at which it comes. To be interrupted after the last one is not to be.
func (a *accident) aim(steps int) {
	if a.kind == interrupted {
		steps--
	}
	if a.rng != nil && steps > 0 {
		a.left = 1 + a.rng.IntN(steps)
	}
}

// exposed is a host that accidents can happen to.
type exposed struct {
	agent.Host
	mishap *accident
	gone   bool // it does not answer any more
}

var errTrouble = errors.New("trouble on purpose")

// unanswered is the error of a host that is gone.
func (e *exposed) unanswered() error {
	if e.gone {
		return &agent.Error{Code: agent.Unreachable, Message: errTrouble.Error()}
	}
	return nil
}

// Apply is where accidents come.
func (e *exposed) Apply(ctx context.Context, step resource.Step) (resource.Outcome, error) {
	e.mishap.left--
	if e.mishap.left != 0 {
		return e.Host.Apply(ctx, step)
	}
	e.mishap.came = true
	switch e.mishap.kind {
	case interrupted:
		e.mishap.interrupt()
	case failed:
		step.Changes = step.Changes[:1+e.mishap.rng.IntN(len(step.Changes))] // an apply that made none leaves the one before to be undone
		out, err := e.Host.Apply(ctx, step)
		return out, errors.Join(err, errTrouble)
	case lost:
		_, err := e.Host.Apply(ctx, step)
		e.gone = true
		return resource.Outcome{}, errors.Join(e.unanswered(), err)
	}
	return e.Host.Apply(ctx, step)
}

// Alive is what asks whether a host is still there.
func (e *exposed) Alive(ctx context.Context) error {
	if err := e.unanswered(); err != nil {
		return err
	}
	return e.Host.Alive(ctx)
}

// Journal is what a host that is gone does not tell.
func (e *exposed) Journal(ctx context.Context) (*resource.Journal, error) {
	if err := e.unanswered(); err != nil {
		return nil, err
	}
	return e.Host.Journal(ctx)
}

// End is what a host that is gone does not hear.
func (e *exposed) End(ctx context.Context, ending resource.Ending, note string) error {
	if err := e.unanswered(); err != nil {
		return err
	}
	return e.Host.End(ctx, ending, note)
}
