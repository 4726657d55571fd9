package roundtrip

import (
	"context"
	cryptorand "crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/fleet"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/host"
	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// The way of a configuration to its hosts is that of lvsctl apply, and the way back that of
// lvsctl rollback, but that everything happens in this process, which visits the hosts.

// hosts are those of the topology, by the names that configurations have for them.
type hosts map[string]*topo.Host

// stateDir is where every host has its ledger, in its own view of the file system.
const stateDir = "/var/lib/lvsctl"

var holder = agent.Holder{Who: "roundtrip"}

// lockTimeout is long because a program that another worker starts holds all locks of
// this process too, until it runs.
const lockTimeout = time.Minute

// visit connects to the hosts of a configuration, and does there what a session of lvsctl
// does, unless something comes in between.
func (hs hosts) visit(ctx context.Context, list []*schema.Host, mishap *accident, session func(context.Context, *fleet.Fleet) error) error {
	ctx, mishap.interrupt = context.WithCancel(ctx)
	defer mishap.interrupt()
	connect := func(_ context.Context, h *schema.Host) (opened agent.Host, err error) {
		at := hs[h.Name]
		at.Inside(func() { opened, err = host.Open(host.OpenMachine, stateDir, "roundtrip") })
		return &exposed{Host: visited{opened, at}, mishap: mishap}, err
	}
	f, err := fleet.Connect(ctx, connect, list, fleet.Options{})
	if err != nil {
		return err
	}
	err = session(ctx, f)
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}

// visited is a host of which each method runs inside of it.
type visited struct {
	agent.Host
	at *topo.Host
}

func (v visited) Read(ctx context.Context, keys []resource.Key) (snap *resource.Snapshot, err error) {
	v.at.Inside(func() { snap, err = v.Host.Read(ctx, keys) })
	return snap, err
}

func (v visited) Connections(ctx context.Context, keys []resource.Key) (counts resource.Counts, err error) {
	v.at.Inside(func() { counts, err = v.Host.Connections(ctx, keys) })
	return counts, err
}

func (v visited) Lock(ctx context.Context, by agent.Holder, timeout time.Duration) (err error) {
	v.at.Inside(func() { err = v.Host.Lock(ctx, by, timeout) })
	return err
}

func (v visited) Start(ctx context.Context, name string, apply resource.Apply, changes int) (err error) {
	v.at.Inside(func() { err = v.Host.Start(ctx, name, apply, changes) })
	return err
}

func (v visited) Apply(ctx context.Context, step resource.Step) (out resource.Outcome, err error) {
	v.at.Inside(func() { out, err = v.Host.Apply(ctx, step) })
	return out, err
}

func (v visited) End(ctx context.Context, ending resource.Ending, note string) (err error) {
	v.at.Inside(func() { err = v.Host.End(ctx, ending, note) })
	return err
}

func (v visited) Journal(ctx context.Context) (j *resource.Journal, err error) {
	v.at.Inside(func() { j, err = v.Host.Journal(ctx) })
	return j, err
}

func (v visited) Close() (err error) {
	v.at.Inside(func() { err = v.Host.Close() })
	return err
}

// An application is a configuration that is carried out.
type application struct {
	config  *schema.Config
	desired *planner.Desired
	ending  resource.Ending               // that it comes to when all goes well
	plan    *planner.Plan                 // what was to be done
	whole   bool                          // whether all of it was
	after   map[string]*resource.Snapshot // what the hosts say then
}

// newApplication reads a configuration, to carry it out or to give it up.
func newApplication(text string, giveUp bool) (*application, error) {
	cfg, _, diags := schema.Parse(map[string][]byte{"config.hcl": []byte(text)}, nil)
	if diags.HasErrors() {
		return nil, fmt.Errorf("parse: %w", diags)
	}
	d, diags := planner.Want(cfg)
	if diags.HasErrors() {
		return nil, fmt.Errorf("want: %w", diags)
	}
	a := &application{config: cfg, desired: d, ending: resource.Applied}
	if giveUp {
		a.desired, a.ending = d.Withdraw(), resource.Destroyed
	}
	return a, nil
}

// apply carries out a configuration, or gives it up.
func (hs hosts) apply(ctx context.Context, text string, giveUp bool) (*application, error) {
	a, err := newApplication(text, giveUp)
	if err != nil {
		return nil, err
	}
	return a, hs.carryOut(ctx, a, &accident{}, left)
}

// carryOut carries out an application as far as it gets. If something comes in between, it
// goes on as said.
func (hs hosts) carryOut(ctx context.Context, a *application, mishap *accident, then sequel) error {
	return hs.visit(ctx, a.config.Hosts, mishap, func(ctx context.Context, f *fleet.Fleet) error {
		return a.carryOut(ctx, f, mishap, then)
	})
}

func (a *application) carryOut(ctx context.Context, f *fleet.Fleet, mishap *accident, then sequel) error {
	if err := f.Lock(ctx, holder, lockTimeout); err != nil {
		return err
	}
	before, err := f.Read(ctx, a.desired.Keys)
	if err != nil {
		return err
	}
	if diags := planner.Check(a.config, a.desired, before); a.ending == resource.Applied && diags.HasErrors() {
		return fmt.Errorf("check: %w", diags)
	}
	a.plan = planner.Make(a.desired, before)
	apply := a.newApply(before)
	if err := f.Start(ctx, holder, apply, apply.Hosts, a.plan); err != nil {
		return err
	}
	mishap.aim(len(a.plan.Steps))
	if err := f.Apply(ctx, a.plan, silent{}); err != nil {
		if !mishap.came {
			return err
		}
		return then.follow(context.WithoutCancel(ctx), f, apply, apply.Hosts)
	}
	ctx = context.WithoutCancel(ctx) // it was interrupted too late
	if a.after, err = f.Read(ctx, a.desired.Keys); err != nil {
		return err
	}
	a.whole = true
	return f.End(ctx, apply.Hosts, a.ending, "")
}

// newApply says which apply carries out the plan. It also goes to hosts where nothing
// changes: those whose last apply is gone on with, and those that have one to forget.
func (a *application) newApply(before map[string]*resource.Snapshot) resource.Apply {
	part := map[string]bool{}
	for _, step := range a.plan.Steps {
		part[step.Host] = true
	}
	for name, snap := range before {
		if last := snap.Ledger.Last; last != nil && (!last.Ending.Final() || a.ending == resource.Destroyed) {
			part[name] = true
		}
	}
	return resource.Apply{
		ID: cryptorand.Text(), Who: holder.Who, Since: time.Now().UTC(),
		Hosts: slices.Sorted(maps.Keys(part)), Destroys: a.ending == resource.Destroyed,
	}
}

// rollBack undoes the last apply.
func (hs hosts) rollBack(ctx context.Context, list []*schema.Host, mishap *accident) error {
	return hs.visit(ctx, list, mishap, func(ctx context.Context, f *fleet.Fleet) error {
		if err := f.Lock(ctx, holder, lockTimeout); err != nil {
			return err
		}
		apply, part, err := f.LastApply(ctx)
		if err != nil {
			return err
		}
		return f.RollBack(ctx, holder, *apply, part, "", drain, execute(f))
	})
}

// drain is for how long real servers are drained that go when an apply is undone. They
// have no connections.
const drain = 30 * time.Second

// execute carries out plans.
func execute(f *fleet.Fleet) func(context.Context, *planner.Plan) error {
	return func(ctx context.Context, plan *planner.Plan) error { return f.Apply(ctx, plan, silent{}) }
}

// silent is a [fleet.Progress] that says nothing.
type silent struct{}

func (silent) StepStarted(resource.Step)                       {}
func (silent) StepDone(resource.Step, resource.Outcome, error) {}
func (silent) Draining(resource.Wait)                          {}
