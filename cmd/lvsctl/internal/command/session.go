package command

import (
	"context"
	"fmt"
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
	config  *schema.Config
	sources *schema.Sources
	desired *planner.Desired
	fleet   *fleet.Fleet

	withdrawn bool
	warnings  hcl.Diagnostics // of the config and of the hosts, each once
}

// load reads the config. What is wrong with it is printed, and an exit returned.
func (a *app) load(paths []string) (*session, error) {
	vars, err := parseVars(a.vars)
	if err != nil {
		return nil, err
	}
	s := &session{app: a}
	var diags hcl.Diagnostics
	s.config, s.sources, diags = schema.Load(paths, vars)
	if !diags.HasErrors() {
		var more hcl.Diagnostics
		s.desired, more = planner.Want(s.config)
		diags = append(diags, more...)
	}
	return s, s.diagnose(diags)
}

// diagnose prints findings that were not printed before, and returns an exit if one of
// them is an error. Commands that print JSON have them there instead.
func (s *session) diagnose(found hcl.Diagnostics) error {
	fresh := slices.DeleteFunc(slices.Clone(found), func(d *hcl.Diagnostic) bool {
		return slices.ContainsFunc(s.warnings, func(w *hcl.Diagnostic) bool { return w.Error() == d.Error() })
	})
	s.warnings = append(s.warnings, fresh...)
	switch {
	case !s.json:
		s.printer(s.err).Diagnostics(s.sources.Files(), fresh)
	case s.events:
		view.NewEvents(s.out, s.now).Diagnostics(fresh)
	case found.HasErrors():
		if err := view.WriteJSON(s.out, view.PlanJSON(nil, s.warnings, s.now())); err != nil {
			return err
		}
	}
	if found.HasErrors() {
		return &exit{code: exitError}
	}
	return nil
}

// parseVars splits --var arguments.
func parseVars(args []string) ([]schema.Variable, error) {
	vars := make([]schema.Variable, 0, len(args))
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--var %s: want NAME=VALUE", arg)
		}
		vars = append(vars, schema.Variable{Name: name, Value: value})
	}
	return vars, nil
}

// connect loads the config and opens the hosts that the command goes to.
func (a *app) connect(ctx context.Context, paths []string) (*session, error) {
	s, err := a.load(paths)
	if err != nil {
		return nil, err
	}
	hosts, err := s.selected()
	if err != nil {
		return nil, err
	}
	stateDir, err := filepath.Abs(a.stateDir) // one directory has one name, or it would be two ledgers
	if err != nil {
		return nil, err
	}
	connector := host.Connector{StateDir: stateDir, Version: buildVersion()}
	s.fleet, err = fleet.Connect(ctx, connector.Connect, hosts)
	return s, err
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
}

// read takes a snapshot of the hosts, and passes on what they have to say.
func (s *session) read(ctx context.Context) (map[string]*resource.Snapshot, error) {
	snapshots, err := s.fleet.Read(ctx, s.desired.Keys)
	if err != nil {
		return nil, err
	}
	return snapshots, s.diagnose(planner.Notices(snapshots))
}

// check refuses a config that the hosts cannot fulfil. Giving it up is always possible.
func (s *session) check(snapshots map[string]*resource.Snapshot) error {
	if s.withdrawn {
		return nil
	}
	return s.diagnose(planner.Check(s.config, s.desired, snapshots))
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
	if err := s.check(snapshots); err != nil {
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
	return agent.Holder{Who: who, Command: strings.Join(os.Args, " ")}
}
