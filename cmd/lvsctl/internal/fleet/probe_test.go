package fleet

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Probe fails all probes with a text that says where it was, so that results can be told
// apart.
func (h *fakeHost) Probe(_ context.Context, probes []resource.Probe) ([]resource.ProbeOutcome, error) {
	if err := h.note("probe", h.name); err != nil {
		return nil, err
	}
	outcomes := make([]resource.ProbeOutcome, len(probes))
	for i, p := range probes {
		outcomes[i].Failure = fmt.Sprintf("%s from %s", p, h.name)
	}
	return outcomes, nil
}

// probeFrom is a probe from a host, empty for the machine that lvsctl runs on.
func probeFrom(host string, argv ...string) *schema.Probe {
	p := &schema.Probe{Name: argv[0], Try: resource.Probe{Command: argv, Timeout: time.Minute, Tries: 1}}
	if host != "" {
		p.From = &schema.Host{Name: host}
	}
	return p
}

// Each host is asked once for all its probes, and the results are in their order.
func TestProbe(t *testing.T) {
	n := &network{}
	f := connected(t, n)
	probes := []*schema.Probe{
		probeFrom("web1", "a"), probeFrom("", "true"), probeFrom("lb1", "b"), probeFrom("elsewhere", "c"),
		probeFrom("web1", "d"), probeFrom("", "false"),
	}
	results, err := f.Probe(t.Context(), probes)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, r := range results {
		if r.Probe != probes[i] {
			t.Errorf("result %d is of %s", i, r.Name)
		}
		got = append(got, fmt.Sprintf("%s: %q skipped %t", r.Name, r.Failure, r.Skipped))
	}
	expect(t, "results", []string{
		`a: "a from web1" skipped false`, `true: "" skipped false`, `b: "b from lb1" skipped false`, `c: "" skipped true`,
		`d: "d from web1" skipped false`, `false: "exit status 1" skipped false`,
	}, got)
	expect(t, "log", []string{"probe lb1", "probe web1"}, n.taken(true))
}

func TestProbeNothing(t *testing.T) {
	n := &network{}
	f := connected(t, n)
	if results, err := f.Probe(t.Context(), nil); err != nil || len(results) > 0 {
		t.Errorf("got %v, %v", results, err)
	}
	expect(t, "log", nil, n.taken(true))
}

// A host that is lost says nothing about what was probed.
func TestProbeFails(t *testing.T) {
	lost := &agent.Error{Code: agent.Unreachable, Message: "lost the agent: EOF"}
	n := &network{fails: map[string]error{"probe web1": lost}}
	f := connected(t, n)
	_, err := f.Probe(t.Context(), []*schema.Probe{probeFrom("web1", "a"), probeFrom("lb1", "b")})
	if !errors.Is(err, lost) || err.Error() != "web1: probe: lost the agent: EOF" {
		t.Errorf("got %v", err)
	}
}

// Probes that were interrupted did not fail.
func TestProbeInterrupted(t *testing.T) {
	f := connected(t, &network{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Probe(ctx, []*schema.Probe{probeFrom("", "sleep", "60")}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
