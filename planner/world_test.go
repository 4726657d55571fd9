package planner

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// world is a set of hosts in memory, for tests: it carries out plans the way hosts do,
// and refuses what a kernel would refuse.
type world map[string]*fakeHost

type fakeHost struct {
	live   resource.Set
	ledger resource.Ledger
}

func newWorld(hosts ...string) world {
	w := world{}
	for _, name := range hosts {
		w[name] = &fakeHost{
			live: resource.NewSet(
				resource.Sysctl{Name: "net.ipv4.icmp_ratelimit", Value: "1000"},
				resource.Sysctl{Name: "net.ipv6.icmp.ratelimit", Value: "1000"},
			),
			ledger: resource.Ledger{Claims: map[resource.Key]resource.Claim{}, Steps: map[string][]resource.Edge{}},
		}
	}
	return w
}

func (w world) snapshots(d *Desired) map[string]*resource.Snapshot {
	snaps := map[string]*resource.Snapshot{}
	for _, name := range d.Hosts {
		h := w[name]
		for k := range d.wants[name] {
			h.settings(k)
		}
		snaps[name] = &resource.Snapshot{
			Live:   maps.Clone(h.live),
			Ledger: resource.Ledger{Claims: maps.Clone(h.ledger.Claims), Steps: maps.Clone(h.ledger.Steps)},
		}
	}
	return snaps
}

// settings makes a sysctl exist, as all do, when it is first looked at.
func (h *fakeHost) settings(k resource.Key) {
	if _, there := h.live[k]; !there && k.Kind == resource.KindSysctl {
		h.live.Add(resource.Sysctl{Name: k.Name, Value: "0"})
	}
}

// apply carries out a plan and calls look after every change.
func (w world) apply(plan *Plan, look func() error) error {
	for _, step := range plan.Steps {
		h := w[step.Host]
		for _, c := range step.Changes {
			if err := h.change(step, c); err != nil {
				return fmt.Errorf("%s: %s %s: %w", step.StepRef, c.Action, c.Key(), err)
			}
			if err := look(); err != nil {
				return fmt.Errorf("after %s: %s %s: %w", step.StepRef, c.Action, c.Key(), err)
			}
		}
	}
	return nil
}

func (h *fakeHost) change(step resource.Step, c resource.Change) error {
	key := c.Key()
	if c.Action.TouchesHost() {
		if h.live[key] != c.Before {
			return fmt.Errorf("found %v, the plan says %v", h.live[key], c.Before)
		}
		if err := h.kernel(c); err != nil {
			return err
		}
		delete(h.live, key)
		if c.After != nil {
			h.live[key] = c.After
		}
	}
	if c.Action.Releases() {
		delete(h.ledger.Claims, key)
		return nil
	}
	claim := resource.Claim{Want: c.After, Prior: c.Before, Step: step.Name}
	if old, ok := h.ledger.Claims[key]; ok {
		claim.Prior = old.Prior
	}
	h.ledger.Claims[key] = claim
	h.ledger.Steps[step.Name] = step.After
	return nil
}

// kernel refuses what a kernel would refuse.
func (h *fakeHost) kernel(c resource.Change) error {
	key := c.Key()
	service := resource.Key{Kind: resource.KindService, Service: key.Service}
	switch {
	case key.Kind == resource.KindDestination && c.Before == nil && h.live[service] == nil:
		return fmt.Errorf("no such service")
	case key.Kind == resource.KindService && c.After == nil:
		for k := range h.live {
			if k.Kind == resource.KindDestination && k.Service == key.Service {
				return fmt.Errorf("it still has %s", k)
			}
		}
	case c.After == nil && (key.Kind == resource.KindSysctl || key.Kind == resource.KindModule):
		return fmt.Errorf("cannot be deleted")
	}
	return nil
}

// load parses a config that must be right.
func load(t testing.TB, text string) (*schema.Config, *Desired) {
	t.Helper()
	cfg, _, diags := schema.Parse(map[string][]byte{"c.hcl": []byte(text)}, nil)
	if diags.HasErrors() {
		t.Fatalf("parse: %v\n%s", diags, text)
	}
	d, diags := Want(cfg)
	if diags.HasErrors() {
		t.Fatalf("want: %v", diags)
	}
	return cfg, d
}

// render writes a plan for goldens: host and step, then signs and objects.
func render(p *Plan) string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "%s\n", s.StepRef)
		for _, c := range s.Changes {
			fmt.Fprintf(&b, "  %s %s", c.Action, c.Key())
			if c.Before != nil && c.After != nil && c.Before != c.After {
				fmt.Fprintf(&b, ": %s → %s", c.Before, c.After)
			}
			fmt.Fprintf(&b, " (%s)\n", c.Reason)
		}
	}
	return b.String()
}
