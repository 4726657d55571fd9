package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// world is a set of hosts in memory, for tests: it carries out plans the way hosts do,
// and refuses what a kernel would refuse.
type world map[string]*fakeHost

type fakeHost struct {
	live    resource.Set
	ledger  resource.Ledger
	journal *resource.Journal // while an apply is under way that may be undone
	moves   *resource.Moves
	own     []resource.Address
	lost    *resource.ByKey[resource.Claim] // when it was rebooted
}

func newWorld(hosts ...string) world {
	w := world{}
	for _, name := range hosts {
		w[name] = &fakeHost{
			live: resource.NewSet(
				resource.Sysctl{Name: "net.ipv4.icmp_ratelimit", Value: "1000"},
				resource.Sysctl{Name: "net.ipv6.icmp.ratelimit", Value: "1000"},
			),
			ledger: resource.Ledger{Claims: resource.NewByKey[resource.Claim](), Steps: map[string][]resource.Edge{}},
		}
	}
	return w
}

func (w world) snapshots(d *Desired) map[string]*resource.Snapshot {
	snaps := map[string]*resource.Snapshot{}
	for _, name := range d.Hosts {
		h := w[name]
		for k := range d.wants[name].All() {
			h.settings(k)
		}
		h.settings(forgets.Key())
		snaps[name] = &resource.Snapshot{
			Facts:  resource.Facts{Addresses: h.own},
			Live:   h.live.Clone(),
			Ledger: h.remembered(),
		}
	}
	return snaps
}

// remembered is what a host's ledger says.
func (h *fakeHost) remembered() resource.Ledger {
	l := resource.Ledger{Claims: h.ledger.Claims.Clone(), Steps: maps.Clone(h.ledger.Steps), Lost: h.lost.Clone()}
	if h.journal != nil {
		l.Moves = h.moves.Clone()
	}
	return l
}

// settings makes a setting exist, as it does with what it belongs to, when it is looked
// at.
func (h *fakeHost) settings(k resource.Key) {
	if r := defaultOf(k); r != nil && h.live.Get(k) == nil && h.provides(k) {
		h.live.Add(r)
	}
}

// defaultOf is a setting as it comes, nil for what is not a setting.
func defaultOf(k resource.Key) resource.Resource {
	switch k.Kind {
	case resource.KindSysctl:
		return resource.Sysctl{Name: k.Name, Value: "0"}
	case resource.KindTimeout:
		return resource.Timeout{Name: k.Name, Seconds: 900}
	case resource.KindUnit:
		unit, setting, _ := strings.Cut(k.Name, " ")
		if setting == resource.UnitFiles {
			return resource.Unit{Name: unit, Setting: setting}
		}
		return resource.Unit{Name: unit, Setting: setting, Value: "no"}
	case resource.KindLinkSetting:
		link, setting, _ := strings.Cut(k.Name, " ")
		return resource.LinkSetting{Link: link, Name: setting, Value: map[string]string{resource.LinkState: "down", resource.LinkMTU: "1480"}[setting]}
	}
	return nil
}

// modulesOf are the modules that links come with.
var modulesOf = map[string]string{"tunl0": "ipip", "sit0": "sit", "ip6tnl0": "ip6_tunnel"}

// provides tells whether what a setting belongs to is there.
func (h *fakeHost) provides(k resource.Key) bool {
	link := ""
	switch {
	case k.Kind == resource.KindTimeout, strings.HasPrefix(k.Name, "net.ipv4.vs."):
		return h.live.Get(resource.Module{Name: "ip_vs"}.Key()) != nil
	case k.Kind == resource.KindLinkSetting:
		link, _, _ = strings.Cut(k.Name, " ")
	default:
		if parts := strings.Split(k.Name, "."); len(parts) == 5 {
			link = parts[3]
		}
	}
	if module := modulesOf[link]; module != "" {
		return h.live.Get(resource.Module{Name: module}.Key()) != nil
	}
	return !strings.HasPrefix(link, "lvs-") && link != "vip0" || h.live.Get(resource.Link{Name: link}.Key()) != nil
}

// settle takes away what was on a link that is gone or was made anew, and settings of
// what is gone.
func (h *fakeHost) settle(c resource.Change) {
	if l, ok := c.Before.(resource.Link); ok {
		h.strip(l.Name)
	}
	for k := range h.live.Clone().All() {
		if k.Kind.Setting() && !h.provides(k) {
			h.live.Delete(k)
		}
	}
}

// strip takes away what is on a link, VLANs included.
func (h *fakeHost) strip(link string) {
	h.live.DeleteFunc(func(k resource.Key, r resource.Resource) bool {
		return linkOf(r) == link || resource.LinkOfSetting(k) == link
	})
	for k, r := range h.live.Clone().All() {
		if l, ok := r.(resource.Link); ok && l.Type == resource.LinkVLAN && l.Parent == link {
			h.live.Delete(k)
			h.strip(l.Name)
		}
	}
}

// apply carries out a plan and calls look after every change.
func (w world) apply(plan *Plan, look func() error) error {
	for _, step := range plan.Steps {
		h := w[step.Host]
		step.Changes = h.asFound(step.Changes)
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

// rememberLink notes what is on a link that goes.
func (h *fakeHost) rememberLink(name string) {
	for key, claim := range h.ledger.Claims.All() {
		if _, known := h.journal.Was.Find(key); resource.LinkOf(claim.Want) != name || known {
			continue
		}
		h.journal.Was.Put(key, resource.Was{Claimed: true, Claim: claim, Live: claim.Want})
		if l, is := claim.Want.(resource.Link); is {
			h.rememberLink(l.Name)
		}
	}
}

// asFound fills in the state of settings that came with an earlier step, as hosts do.
func (h *fakeHost) asFound(changes []resource.Change) []resource.Change {
	changes = slices.Clone(changes)
	for i, c := range changes {
		if h.settings(c.Key()); c.Action == resource.Create && c.Before == nil && c.Key().Kind.Setting() {
			changes[i].Before = h.live.Get(c.Key())
		}
	}
	return changes
}

func (h *fakeHost) change(step resource.Step, c resource.Change) error {
	key := c.Key()
	if c.Action.TouchesHost() {
		h.settings(key)
		if came := c.Action == resource.Create && key.Kind.Setting(); h.live.Get(key) != c.Before && !came && !rereads(c) {
			return fmt.Errorf("found %v, the plan says %v", h.live.Get(key), c.Before)
		}
		if err := h.kernel(c); err != nil {
			return err
		}
		h.live.Delete(key)
		if c.After != nil {
			h.live.Put(key, c.After)
		}
		h.settle(c)
		h.outdate(c.Writes())
	}
	h.remember(step, c)
	if !c.Claims() {
		h.ledger.Claims.Delete(key)
		return nil
	}
	h.ledger.Steps[step.Name] = step.After
	if c.Claim != nil {
		h.ledger.Claims.Put(key, *c.Claim)
		return nil
	}
	claim := resource.Claim{Want: c.After, Prior: c.Before, Step: step.Name}
	if old, ok := h.ledger.Claims.Find(key); ok && c.Reason != resource.WithItsLink {
		claim.Prior = old.Prior
	}
	h.ledger.Claims.Put(key, claim)
	return nil
}

// outdate notes which units have not read a file that is written.
func (h *fakeHost) outdate(path string) {
	for _, u := range readingUnits(h.live) {
		if path != "" && reads(u, map[string]bool{path: true}) {
			u.Value = resource.UnitOutdated
			h.live.Add(u)
		}
	}
}

// remember notes what an object was, as the state room does.
func (h *fakeHost) remember(step resource.Step, c resource.Change) {
	if h.journal == nil {
		return
	}
	key := c.Key()
	claim, held := h.ledger.Claims.Find(key)
	if l, is := c.Before.(resource.Link); is && c.Action.TouchesHost() {
		h.rememberLink(l.Name)
	}
	if _, known := h.journal.Was.Find(key); !known {
		was := resource.Was{}
		if held {
			was = resource.Was{Claimed: true, Claim: claim, Live: c.Before}
		}
		if !held && c.Imports() {
			was.Live = c.Before
		}
		switch {
		case held && c.Action == resource.Forget:
			was.Live = c.After
		case held && c.Reason == resource.WithItsLink:
			was.Live = claim.Want
		}
		h.journal.Was.Put(key, was)
	}
	edges, had := h.ledger.Steps[step.Name]
	if c.Claims() {
		h.moves.Overwrite(step.Name, edges)
		if held {
			h.moves.Move(claim.Step, step.Name)
		}
	}
	if _, known := h.journal.Steps[step.Name]; had && !known {
		h.journal.Steps[step.Name] = edges
	}
}

// kernel refuses what a kernel would refuse.
func (h *fakeHost) kernel(c resource.Change) error {
	key := c.Key()
	service := resource.Key{Kind: resource.KindService, Service: key.Service}
	switch {
	case key.Kind == resource.KindDestination && c.Before == nil && h.live.Get(service) == nil:
		return fmt.Errorf("no such service")
	case c.After != nil && h.excludes(c.After):
		return fmt.Errorf("sync daemons and mixed address families exclude each other")
	case key.Kind == resource.KindService && c.After == nil:
		for k := range h.live.All() {
			if k.Kind == resource.KindDestination && k.Service == key.Service {
				return fmt.Errorf("it still has %s", k)
			}
		}
	case key.Kind == resource.KindRule && c.Before == nil && h.takenFor(c.After.(resource.Rule)):
		return fmt.Errorf("a rule for fewer packets is there")
	case c.After == nil && permanent(c.Before):
		return fmt.Errorf("cannot be deleted")
	case key.Kind.Setting() && !h.provides(key):
		return fmt.Errorf("not there")
	case c.Action == resource.Update && !key.Kind.Editable():
		return fmt.Errorf("cannot be edited")
	}
	return nil
}

// excludes tells whether there is something that cannot be beside a sync daemon, or the
// other way round.
func (h *fakeHost) excludes(r resource.Resource) bool {
	for _, other := range h.live.All() {
		if isDaemon(r) && isMixed(other) || isMixed(r) && isDaemon(other) {
			return true
		}
	}
	return false
}

// takenFor tells whether the kernel would take a new policy rule for one that is there.
func (h *fakeHost) takenFor(r resource.Rule) bool {
	for _, other := range h.live.All() {
		if o, ok := other.(resource.Rule); ok && wider(r, o) {
			return true
		}
	}
	return false
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
	wave := 0
	for _, s := range p.Steps {
		if s.Wave != wave {
			wave = s.Wave
			fmt.Fprintf(&b, "== wave %d: %+v\n", wave, p.Waves[wave-1])
		}
		fmt.Fprintf(&b, "%s\n", s.StepRef)
		for _, p := range s.Probes {
			fmt.Fprintf(&b, "  ask %s: %s\n", p.Server, p.Probe)
		}
		for _, c := range s.Changes {
			fmt.Fprintf(&b, "  %s %s", c.Action, c.Key())
			if c.Before != nil && c.After != nil && c.Before != c.After {
				fmt.Fprintf(&b, ": %s → %s", c.Before, c.After)
			}
			fmt.Fprintf(&b, " (%s)", c.Reason)
			if c.Drain.Within > 0 {
				fmt.Fprintf(&b, " within %s", c.Drain.Within)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}
