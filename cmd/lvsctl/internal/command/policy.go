package command

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/spf13/cobra"
)

// Policies are asked about a plan when it is made for people to see, and once more under the
// locks, just before it is carried out. What time it is counts only where the plan is about to
// be carried out. To go back, be it by hand or after a failure, is nobody's to refuse, and what
// is only imported changes no host.

// overrideFlag adds the flag of commands whose plans policies can refuse.
func (a *app) overrideFlag(c *cobra.Command) {
	c.Flags().StringArrayVar(&a.overrides, "override", nil, "go past the policy of this `NAME`, and have that recorded (repeatable)")
}

// checkOverrides refuses names that are those of no policy.
func (s *session) checkOverrides() error {
	for _, name := range s.overrides {
		if _, err := s.config.Policy(name); err != nil {
			return fmt.Errorf("--override %s: %w", name, err)
		}
	}
	return nil
}

// overriding lists the policies to go past, sorted: those that a saved plan was made with, and
// those that are named now.
func (s *session) overriding() []string {
	names := slices.Concat(s.saved.Overrides, s.overrides)
	slices.Sort(names)
	return slices.Compact(names)
}

// judgeAhead says what policies have against a plan that may be carried out another time.
func (s *session) judgeAhead(plan *planner.Plan) hcl.Diagnostics {
	var diags hcl.Diagnostics
	against := map[string]bool{}
	for _, v := range s.violations(plan) {
		timed := len(v.Plan) == 0
		against[v.Policy.Name] = !timed
		switch past := slices.Contains(s.overriding(), v.Policy.Name); {
		case past && timed:
		case timed:
			diags = append(diags, v.Untimely())
		default:
			v.Time = nil
			diags = append(diags, verdict(v, past))
		}
	}
	for _, p := range s.config.Policies {
		against[p.Name] = against[p.Name] || len(p.Windows) > 0 // nobody knows yet
	}
	return append(diags, s.needless(against)...)
}

// judge refuses a plan that policies have something against now, and notes which of them are
// overridden.
func (s *session) judge(plan *planner.Plan) error {
	var diags hcl.Diagnostics
	s.overrode = nil
	against := map[string]bool{}
	for _, v := range s.violations(plan) {
		past := slices.Contains(s.overriding(), v.Policy.Name)
		if past {
			s.overrode = append(s.overrode, v.Policy.Name)
		}
		against[v.Policy.Name] = true
		diags = append(diags, verdict(v, past))
	}
	return s.diagnose(append(diags, s.needless(against)...))
}

// violations are those of a plan that was just made.
func (s *session) violations(plan *planner.Plan) []planner.Violation {
	if s.imports != nil {
		return nil
	}
	return planner.Judge(s.config, s.desired, plan, s.snapshots, s.now())
}

// verdict is what is said of a violation, of a policy to go past or not.
func verdict(v planner.Violation, past bool) *hcl.Diagnostic {
	if past {
		return v.Overridden()
	}
	return v.Refusal()
}

// needless notes which policies need not have been overridden.
func (s *session) needless(against map[string]bool) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, name := range s.overriding() {
		if p, err := s.config.Policy(name); err == nil && !against[name] {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagWarning, Summary: "Nothing to override", Subject: p.Range.Ptr(),
				Detail: fmt.Sprintf("Policy %q has nothing against this plan, and --override %[1]s makes no difference.", name),
			})
		}
	}
	return diags
}

// recordedOverrides are the policies that an apply goes past, with those that the applies went
// past which it goes on with.
func (s *session) recordedOverrides() []string {
	names := slices.Clone(s.overrode)
	for _, host := range s.unfinished {
		if last := s.snapshots[host].Ledger.Last; last != nil && !last.Ending.Final() {
			names = append(names, last.Apply.Overrides...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
