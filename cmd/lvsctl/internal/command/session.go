package command

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/fleet"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/host"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A session is one command at work: a config, what it asks for, and the hosts.
type session struct {
	*app
	paths   []string
	config  *schema.Config
	sources *schema.Sources
	desired *planner.Desired
	fleet   *fleet.Fleet

	imports    *imports // what is to become lvsctl's own, nil for nothing
	withdrawn  bool
	atOnce     bool                          // nothing is drained
	warnings   hcl.Diagnostics               // of the config and of the hosts, each once
	apply      *resource.Apply               // that this session began
	unfinished []string                      // hosts with an apply to go on with or to forget, as of the last read
	untold     []string                      // hosts that still have to hear that their last apply is done, likewise
	snapshots  map[string]*resource.Snapshot // what was read last
	touched    map[string]planner.Touched    // what of IPVS is to be read again, nil for all
	partial    bool                          // some of the hosts will do
	unreached  []*fleet.HostError            // hosts that could not be reached, and why
	overrode   []string                      // policies that the plan was against when it was judged last
	shared     place                         // that all runs on the fleet share
	locked     bool                          // the hosts are this run's alone
}

// begin begins a session.
func (a *app) begin() *session {
	a.begun = &session{app: a}
	return a.begun
}

// load reads the config. What is wrong with it is printed, and an exit returned.
func (a *app) load(paths []string) (*session, error) {
	s := a.begin()
	diags, err := s.readConfig(paths)
	if err != nil {
		return nil, err
	}
	if err := s.diagnose(diags); err != nil {
		return s, err
	}
	return s, s.checkOverrides()
}

// readConfig reads the config and what it asks for.
func (s *session) readConfig(paths []string) (hcl.Diagnostics, error) {
	if err := refuseSavedPlans(paths); err != nil {
		return nil, err
	}
	inputs, err := s.inputs()
	if err != nil {
		return nil, err
	}
	s.paths = paths
	var diags hcl.Diagnostics
	s.config, s.sources, diags = schema.Load(paths, inputs)
	if !diags.HasErrors() {
		var more hcl.Diagnostics
		s.desired, more = planner.Want(s.config)
		diags = append(diags, more...)
	}
	return diags, nil
}

// inputs are the values of variables from outside: the environment, then files, then the
// command line, each over the ones before. Those that a saved plan was made with come
// first of their sort.
func (s *session) inputs() ([]schema.Input, error) {
	vars, err := parseVars(s.vars)
	if err != nil {
		return nil, err
	}
	files := make([]schema.Input, len(s.varFiles))
	for i, file := range s.varFiles {
		files[i].File = file
	}
	return slices.Concat(s.saved.Inputs(true), schema.Environment(os.Environ()), files, s.saved.Inputs(false), vars), nil
}

// diagnose prints findings that were not printed before, and returns an exit if one of
// them is an error. Commands that print JSON or a document for the log have them there
// instead.
func (s *session) diagnose(found hcl.Diagnostics) error {
	fresh := slices.DeleteFunc(slices.Clone(found), func(d *hcl.Diagnostic) bool {
		return slices.ContainsFunc(s.warnings, func(w *hcl.Diagnostic) bool { return w.Error() == d.Error() })
	})
	s.warnings = append(s.warnings, fresh...)
	switch {
	case s.quiet && !found.HasErrors(): // until there is more to say
	case s.tells():
		s.printer(s.err).Diagnostics(s.sources.Files(), fresh)
	case s.events:
		view.NewEvents(s.out, s.now).Diagnostics(fresh)
	case s.json && found.HasErrors():
		if err := view.WriteJSON(s.out, view.PlanJSON(nil, s.warnings, s.now())); err != nil {
			return err
		}
	}
	if !found.HasErrors() {
		return nil
	}
	if s.output != nil {
		if err := s.print(s.report(nil)); err != nil {
			return err
		}
	}
	return &exit{code: exitError}
}

// speak prints the findings that a quiet command has kept to itself so far.
func (s *session) speak() {
	if s.quiet && s.tells() {
		s.printer(s.err).Diagnostics(s.sources.Files(), slices.DeleteFunc(slices.Clone(s.warnings), isUnreachable))
	}
}

// parseVars splits --var arguments.
func parseVars(args []string) ([]schema.Input, error) {
	vars := make([]schema.Input, 0, len(args))
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--var %s: want NAME=VALUE", arg)
		}
		vars = append(vars, schema.Input{Name: name, Value: value})
	}
	return vars, nil
}

// connect loads the config and opens the hosts that the command goes to.
func (a *app) connect(ctx context.Context, paths []string) (*session, error) {
	s, err := a.load(paths)
	if err != nil {
		return nil, err
	}
	return s, s.open(ctx)
}

// connectSome is connect for who can do with some of the hosts.
func (a *app) connectSome(ctx context.Context, paths []string) (*session, error) {
	s, err := a.load(paths)
	if err != nil {
		return nil, err
	}
	s.partial = true
	return s, s.open(ctx)
}

// open opens the hosts that the command goes to.
func (s *session) open(ctx context.Context) error {
	hosts, err := s.selected()
	if err != nil {
		return err
	}
	if !s.partial {
		s.fleet, err = s.dial(ctx, hosts)
		return err
	}
	connector, err := s.connector()
	if err != nil {
		return err
	}
	s.fleet, err = fleet.Reach(ctx, connector.Connect, hosts, s.talking())
	if err = s.miss(err); err != nil {
		s.close()
	}
	return err
}

// dial connects to hosts.
func (s *session) dial(ctx context.Context, hosts []*schema.Host) (*fleet.Fleet, error) {
	connector, err := s.connector()
	if err != nil {
		return nil, err
	}
	return fleet.Connect(ctx, connector.Connect, hosts, s.talking())
}

// talking is how this lvsctl was called to talk to hosts.
func (a *app) talking() fleet.Options {
	how := fleet.Options{AtOnce: a.parallel}
	if a.live != nil && !a.json {
		how.Waits = view.NewWaits(a.live)
	}
	return how
}

// connector opens hosts as this lvsctl was called.
func (a *app) connector() (host.Connector, error) {
	stateDir, err := filepath.Abs(a.stateDir) // one directory has one name, or it would be two ledgers
	if err != nil {
		return host.Connector{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return host.Connector{}, fmt.Errorf("find the running program: %w", err)
	}
	return host.Connector{Machine: a.machine, StateDir: stateDir, Version: buildVersion(), Program: agent.NewProgram(self, buildVersion())}, nil
}

// selected lists the hosts that --host names, or all.
func (s *session) selected() ([]*schema.Host, error) {
	if len(s.hosts) == 0 {
		return s.config.Hosts, nil
	}
	var list []*schema.Host
	for _, name := range s.hosts {
		i := slices.IndexFunc(s.config.Hosts, func(h *schema.Host) bool { return h.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("--host %s: the config has no such host; it has %s", name, strings.Join(s.desired.Hosts, ", "))
		}
		if !slices.Contains(list, s.config.Hosts[i]) {
			list = append(list, s.config.Hosts[i])
		}
	}
	return list, nil
}

// close ends the session; what it has to say is no longer of interest.
func (s *session) close() {
	if s.fleet != nil {
		_ = s.fleet.Close()
	}
	s.shared.close()
}

// read takes a snapshot of the hosts, and passes on what they have to say.
func (s *session) read(ctx context.Context) (map[string]*resource.Snapshot, error) {
	snapshots, err := s.fleet.Read(ctx, func(host string) []resource.Key {
		return append(s.desired.Keys(host), s.touched[host].Keys()...)
	})
	if err := s.miss(err); err != nil {
		return nil, err
	}
	for name, t := range s.touched {
		if snap := snapshots[name]; snap != nil {
			t.Complete(snap, s.snapshots[name])
		}
	}
	s.snapshots = snapshots
	s.unfinished, s.untold = nil, nil
	done := doneApplies(snapshots)
	for _, name := range slices.Sorted(maps.Keys(snapshots)) {
		last := &snapshots[name].Ledger.Last
		if *last != nil && (*last).Apply.Imports && !(*last).Ending.Final() {
			done[(*last).Apply.ID] = true
		}
		switch {
		case *last == nil && snapshots[name].Ledger.Lost.Len() > 0:
			s.unfinished = append(s.unfinished, name)
		case *last == nil:
		case s.apply != nil && (*last).Apply.ID == s.apply.ID:
			*last = nil // the user knows
		case !(*last).Ending.Final() && done[(*last).Apply.ID] && !s.withdrawn:
			s.untold = append(s.untold, name)
		case !(*last).Ending.Final(), s.withdrawn:
			s.unfinished = append(s.unfinished, name)
		}
	}
	return snapshots, s.diagnose(planner.Notices(snapshots))
}

// doneApplies are the IDs of the last applies that some host knows to be done. Hosts are
// told when all is done on all of them. One that was not told must not go on with such an
// apply: undoing what follows would undo it too there, and not on the others. A destroy is
// known to be done by having been forgotten.
func doneApplies(snapshots map[string]*resource.Snapshot) map[string]bool {
	done := map[string]bool{}
	for _, snap := range snapshots {
		if last := snap.Ledger.Last; last != nil && (last.Ending == resource.Applied || last.Apply.Destroys && forgotten(last.Apply, snapshots)) {
			done[last.Apply.ID] = true
		}
	}
	return done
}

// forgotten tells whether some hosts have forgotten a destroy, while those that remember it
// have nothing left that it was to take away.
func forgotten(destroy resource.Apply, snapshots map[string]*resource.Snapshot) bool {
	some := false
	for _, name := range destroy.Hosts {
		switch snap := snapshots[name]; {
		case snap == nil:
		case snap.Ledger.Last == nil || snap.Ledger.Last.Apply.ID != destroy.ID:
			some = true
		case snap.Ledger.Claims.Len() > 0:
			return false
		}
	}
	return some
}

// check refuses a config that the hosts cannot fulfil. Giving it up is always possible.
func (s *session) check(ctx context.Context, snapshots map[string]*resource.Snapshot) error {
	if s.withdrawn {
		return nil
	}
	if err := s.diagnose(planner.Check(s.config, s.desired, snapshots)); err != nil {
		return err
	}
	return s.checkArrivals(ctx, snapshots)
}

// checkArrivals refuses VIPs that would come to a director while another machine has them.
func (s *session) checkArrivals(ctx context.Context, snapshots map[string]*resource.Snapshot) error {
	arrivals := planner.Arrivals(s.config, s.desired, snapshots)
	if len(arrivals) == 0 {
		return nil
	}
	heard, err := s.fleet.Ask(ctx, arrivals)
	if err != nil {
		return err
	}
	return s.diagnose(planner.CheckArrivals(s.config, s.desired, snapshots, arrivals, heard))
}

// withdraw turns the session to taking everything away.
func (s *session) withdraw() {
	s.desired, s.withdrawn = s.desired.Withdraw(), true
}

// makePlan reads the hosts and plans.
func (s *session) makePlan(ctx context.Context) (*planner.Plan, error) {
	snapshots, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	if s.imports != nil {
		return s.planImports(snapshots)
	}
	if err := s.check(ctx, snapshots); err != nil {
		return nil, err
	}
	return planner.Make(s.desired, snapshots), nil
}

// holder is who this run is, for locks.
func holder() agent.Holder {
	who := "unknown"
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	if name, err := os.Hostname(); err == nil {
		who += "@" + name
	}
	return agent.Holder{Who: who, Command: strings.Join(withoutValues(os.Args), " ")}
}

// withoutValues leaves out the values of variables on a command line: they may be
// sensitive, and others read who holds a lock.
func withoutValues(args []string) []string {
	shown := slices.Clone(args)
	for i, arg := range args {
		inline, ok := strings.CutPrefix(arg, "--var=")
		switch {
		case ok:
			name, _, _ := strings.Cut(inline, "=")
			shown[i] = "--var=" + name + "=…"
		case i > 0 && args[i-1] == "--var":
			name, _, _ := strings.Cut(arg, "=")
			shown[i] = name + "=…"
		}
	}
	return shown
}
