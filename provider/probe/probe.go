// Package probe asks a cluster what its clients would, from the machine that it runs on.
package probe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// pause is how long is waited after a try that failed.
const pause = time.Second

// Run makes probes, all at once and each as often as it may be tried. The outcomes are in
// the order of the probes. When the context ends, those that are not done fail.
func Run(ctx context.Context, probes []resource.Probe) []resource.ProbeOutcome {
	outcomes := make([]resource.ProbeOutcome, len(probes))
	var wg sync.WaitGroup
	for i, p := range probes {
		wg.Go(func() { outcomes[i] = run(ctx, p) })
	}
	wg.Wait()
	return outcomes
}

// run makes one probe until a try passes, or there are no more.
func run(ctx context.Context, p resource.Probe) (out resource.ProbeOutcome) {
	for {
		start := time.Now()
		err := try(ctx, p)
		out.Tries++
		out.Took = time.Since(start)
		if err == nil {
			out.Failure = ""
			return out
		}
		out.Failure = err.Error()
		if out.Tries >= p.Tries || !wait(ctx) {
			return out
		}
	}
}

// wait lets a moment pass, and tells whether the context is still alive then.
func wait(ctx context.Context) bool {
	select {
	case <-time.After(pause):
		return true
	case <-ctx.Done():
		return false
	}
}

// try makes one try within the time that it may take.
func try(parent context.Context, p resource.Probe) error {
	ctx, cancel := context.WithTimeout(parent, p.Timeout)
	defer cancel()
	err := ask(ctx, p)
	switch {
	case err == nil:
		return nil
	case parent.Err() != nil:
		return parent.Err()
	case ctx.Err() != nil:
		return fmt.Errorf("not done within %v", p.Timeout)
	}
	return err
}

// ask does what a probe is about.
func ask(ctx context.Context, p resource.Probe) error {
	switch {
	case p.HTTP != "":
		return fetch(ctx, p)
	case p.TCP != "":
		return connect(ctx, p.TCP)
	case len(p.Command) > 0:
		return execute(ctx, p.Command)
	}
	return errors.New("a probe of a kind that is not known here")
}
