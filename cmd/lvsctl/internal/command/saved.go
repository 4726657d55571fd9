package command

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/planfile"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A saved plan is carried out if it is still what a plan of the same config would be.
// So it is made anew: from the files that the config was read from then, with the values
// of variables that counted then, under the locks of the hosts. What came out then and
// what comes out now has to be the same, and so has what it rests on: files, values,
// and the objects in scope on each host with what its ledger says of them.

// savedPlan is the saved plan that the arguments of a command name, empty for none.
func savedPlan(args []string) string {
	if len(args) == 1 && planfile.Is(args[0]) {
		return args[0]
	}
	return ""
}

// refuseSavedPlans is an error for a saved plan where config is expected.
func refuseSavedPlans(paths []string) error {
	for _, path := range paths {
		if planfile.Is(path) {
			return fmt.Errorf("%s is a saved plan, not config: lvsctl show %s shows it, and lvsctl apply %s carries it out, each with no other argument", path, path, path)
		}
	}
	return nil
}

// recall reads a saved plan, and has the config read and the hosts chosen as they were
// for it.
func (a *app) recall(path string) (*planfile.File, error) {
	file, err := planfile.Read(path)
	if err != nil {
		return nil, err
	}
	if err := a.refuseSelection(path); err != nil {
		return nil, err
	}
	if err := a.checkSecrets(path, file.Request.Sensitive); err != nil {
		return nil, err
	}
	a.saved, a.hosts, a.varFiles, a.skip = file.Request, file.Request.Hosts, file.Request.VarFiles, file.Request.Skip
	return file, nil
}

// refuseSelection is an error for flags that a saved plan has answered already.
func (a *app) refuseSelection(path string) error {
	for flag, values := range map[string][]string{"--host": a.hosts, "--var-file": a.varFiles} {
		if len(values) > 0 {
			return fmt.Errorf("%s %s: the plan in %s was made with its own choice, which cannot be changed: use %s with lvsctl plan --out", flag, values[0], path, flag)
		}
	}
	return nil
}

// checkSecrets wants exactly the sensitive values that a saved plan does not keep.
func (a *app) checkSecrets(path string, names []string) error {
	vars, err := parseVars(a.vars)
	if err != nil {
		return err
	}
	for _, v := range vars {
		if !slices.Contains(names, v.Name) {
			return fmt.Errorf("--var %s=…: the plan in %s has its values of variables, and only sensitive ones are given again: use --var with lvsctl plan --out", v.Name, path)
		}
	}
	for _, name := range names {
		named := func(in schema.Input) bool { return in.Name == name }
		if !slices.ContainsFunc(vars, named) && !slices.ContainsFunc(schema.Environment(os.Environ()), named) {
			return fmt.Errorf("the plan in %s was made with a value for the sensitive variable %s, and does not keep it: give it again, as LVSCTL_VAR_%s in the environment or with --var %s=VALUE", path, name, name, name)
		}
	}
	return nil
}

// applySaved carries out a saved plan without asking, if it still holds.
func (a *app) applySaved(ctx context.Context, path string, flags applyFlags, noDrain bool) error {
	if err := flags.check(); err != nil {
		return err
	}
	if a.skip {
		return fmt.Errorf("--skip-unreachable: the plan in %s was made with its own choice, which cannot be changed: use --skip-unreachable with lvsctl plan --out", path)
	}
	if noDrain {
		return fmt.Errorf("--no-drain: the plan in %s was made with its own choice, which cannot be changed: use --no-drain with lvsctl plan --out", path)
	}
	file, err := a.recall(path)
	if err != nil {
		return err
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	a.events = true
	s, err := a.load(file.Request.Paths)
	if err != nil {
		return err
	}
	if file.Request.Destroy {
		s.withdraw()
	}
	s.drain(!file.Request.NoDrain)
	now := s.planFile()
	if moves := file.ConfigMoves(now); len(moves) > 0 {
		return s.stale(path, file, moves, false)
	}
	s.partial = s.skip
	if err := s.open(ctx); err != nil {
		return err
	}
	defer s.close()
	return s.convergeSaved(ctx, path, file, now, flags)
}

// convergeSaved locks the hosts, makes the plan anew, and carries it out if it is the
// saved one. What is known of it now is completed.
func (s *session) convergeSaved(ctx context.Context, path string, file, now *planfile.File, flags applyFlags) error {
	if err := s.lock(ctx, flags.lockTimeout); err != nil {
		return err
	}
	plan, err := s.makePlan(ctx)
	if err != nil {
		return err
	}
	s.complete(now, plan)
	if moves := file.HostMoves(now); len(moves) > 0 {
		return s.stale(path, file, moves, true)
	}
	err = s.announce(plan, flags.foreign)
	s.tellMissing()
	s.partial = false
	if len(plan.Steps) == 0 {
		return errors.Join(err, s.tellUntold(ctx), s.fleet.End(ctx, s.unfinished, resource.Applied, ""), s.notWhole(plan))
	}
	if err := s.judge(plan); err != nil {
		return err
	}
	return s.carryOut(ctx, plan, flags)
}

// announce shows the plan that is about to be carried out, or that there is none.
func (s *session) announce(plan *planner.Plan, foreign bool) error {
	if len(plan.Steps) == 0 && !s.json {
		return s.printPlan(plan, foreign)
	}
	s.showPlan(plan, foreign)
	return nil
}

// stale refuses a saved plan.
func (s *session) stale(path string, file *planfile.File, moves []planfile.Move, configSame bool) error {
	s.printer(s.err).Stale(path, file, moves, configSame)
	return &exit{code: exitStale}
}

// save writes a plan to a file and says so.
func (s *session) save(path string, plan *planner.Plan) error {
	file := s.planFile()
	s.complete(file, plan)
	if err := file.Write(path); err != nil {
		return fmt.Errorf("save the plan: %w", err)
	}
	if s.json || s.output != nil {
		return nil
	}
	p := s.printer(s.out)
	p.SavedTo(path)
	return p.Err()
}

// complete adds a plan that was just made to the file of it, with what it was made from.
func (s *session) complete(file *planfile.File, plan *planner.Plan) {
	file.Plan, file.Warnings = plan, planfile.Warnings(s.warnings)
	file.Basis = planfile.Bases{}
	for name, snap := range s.snapshots {
		file.Basis[name] = s.desired.Basis(name, snap)
	}
}

// planFile is all of a saved plan that does not come from the hosts.
func (s *session) planFile() *planfile.File {
	file := &planfile.File{Lvsctl: buildVersion(), Created: s.now().UTC(), By: holder().Who}
	file.Request = planfile.Request{Paths: s.paths, Hosts: s.hosts, Destroy: s.withdrawn, NoDrain: s.atOnce, Skip: s.skip, VarFiles: s.varFiles, Overrides: s.overriding()}
	for _, g := range s.sources.Given() {
		if g.Sensitive {
			file.Request.Sensitive = append(file.Request.Sensitive, g.Name)
			continue
		}
		file.Request.Variables = append(file.Request.Variables, planfile.Variable{Name: g.Name, Value: g.Value, Env: g.Env})
	}
	file.Config = planfile.Config{Files: map[string]planner.Digest{}, Desired: s.desired.Digest()}
	for name, text := range s.sources.Files() {
		file.Config.Files[name] = sha256.Sum256(text.Bytes)
	}
	return file
}

// showSaved prints a saved plan as it was printed when it was made.
func (a *app) showSaved(path string) error {
	file, err := planfile.Read(path)
	if err != nil {
		return err
	}
	if err := a.refuseSelection(path); err != nil {
		return err
	}
	if len(a.vars) > 0 {
		name, _, _ := strings.Cut(a.vars[0], "=")
		return fmt.Errorf("--var %s=…: the plan in %s is shown as it was made", name, path)
	}
	if a.tells() {
		a.printer(a.err).Diagnostics(nil, file.Diagnostics())
	}
	switch {
	case a.output != nil:
		return a.print(&view.Report{Plan: file.Plan, Withdrawn: file.Request.Destroy, Diagnostics: file.Diagnostics()})
	case a.json:
		return view.WriteJSON(a.out, view.PlanJSON(file.Plan, file.Diagnostics(), file.Created))
	}
	p := a.printer(a.out)
	p.Saved(file)
	if file.Request.Destroy && len(file.Plan.Steps) == 0 {
		p.NothingLeft(len(file.Plan.Hosts))
	} else {
		p.Plan(file.Plan, false)
	}
	return p.Err()
}
