package planner

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Policies.
//
// A policy is about what a plan does to hosts, and not about how it does it: objects are
// compared as they are now and as they will be when all steps are done, so that a change for
// a while, or one in two steps, counts for what comes of it. What only ledgers remember is no
// change. What goes past lvsctl, in its services too, is nobody's business here.
//
// Whose step a change is in says which cluster it is for. That is so for what no config knows
// any more, too, since ledgers remember steps.

// A Violation is a policy with what there is against it.
type Violation struct {
	Policy *schema.Policy
	Plan   []Offence // by what the plan does, whenever that is
	Time   []Offence // by carrying it out now
}

// An Offence is a condition of a policy that is not met.
type Offence struct {
	Condition string   // what is allowed and what is not so, a sentence each, with a colon
	Found     []string // what follows the colon
}

// Judge holds a plan that was made from snapshots against the policies of a config, in their
// order.
func Judge(cfg *schema.Config, d *Desired, plan *Plan, snapshots map[string]*resource.Snapshot, now time.Time) []Violation {
	var list []Violation
	j := &judge{config: cfg, desired: d, plan: plan, snapshots: snapshots}
	for _, p := range cfg.Policies {
		v := Violation{Policy: p}
		v.Plan = slices.Concat(j.removed(p), j.emptied(p), j.withoutVIP(p), j.elsewhere(p))
		v.Time = j.outside(p, now)
		if len(v.Plan)+len(v.Time) > 0 {
			list = append(list, v)
		}
	}
	return list
}

// A judge looks at one plan.
type judge struct {
	config    *schema.Config
	desired   *Desired
	plan      *Plan
	snapshots map[string]*resource.Snapshot

	services []*balance          // that the plan does something to, nil until somebody asks
	vips     map[netip.Addr]bool // that directors have in the end, likewise
}

// of are the steps that change a host and that a policy is about.
func (j *judge) of(p *schema.Policy) iter.Seq[resource.Step] {
	touches := func(c resource.Change) bool { return c.Action.TouchesHost() }
	return func(yield func(resource.Step) bool) {
		for _, step := range j.plan.Steps {
			if p.About(clusterOf(step.StepRef)) && slices.ContainsFunc(step.Changes, touches) && !yield(step) {
				return
			}
		}
	}
}

// clusterOf is the name of the cluster that a step is for, or what stands in its place.
func clusterOf(step resource.StepRef) string {
	cluster, _, _ := strings.Cut(step.Name, ": ")
	return cluster
}

// removed finds services that lose too many of their real servers.
func (j *judge) removed(p *schema.Policy) []Offence {
	if p.MaxRemoved == nil {
		return nil
	}
	var found []string
	for _, b := range j.balances() {
		if b.about(p) && b.removed*100 > *p.MaxRemoved*b.before {
			found = append(found, fmt.Sprintf("%s: %s: %d of %s (%s)", b.host, b.key, b.removed, realServers(b.before), percent(b.removed, b.before)))
		}
	}
	return offence(found, "no more than %d %% of a service's real servers may go at once. With this plan go:", *p.MaxRemoved)
}

// emptied finds services that nobody serves any more.
func (j *judge) emptied(p *schema.Policy) []Offence {
	if !p.KeepServers {
		return nil
	}
	var found []string
	for _, b := range j.balances() {
		switch {
		case !b.about(p) || !b.stays || b.after > 0:
		case b.before > 0:
			found = append(found, fmt.Sprintf("%s: %s: none of %s", b.host, b.key, realServers(b.before)))
		case b.made:
			found = append(found, fmt.Sprintf("%s: %s, which is new", b.host, b.key))
		}
	}
	return offence(found, "no service may be left without a real server that takes connections. With this plan are left:")
}

// withoutVIP finds VIPs that no director has any more.
func (j *judge) withoutVIP(p *schema.Policy) []Offence {
	if !p.KeepVIPs {
		return nil
	}
	var found []string
	for step := range j.of(p) {
		if !strings.HasSuffix(step.Name, ": "+takesVIP) {
			continue
		}
		for _, c := range step.Changes {
			a, is := c.Before.(resource.Address)
			if is && c.Action == resource.Delete && !j.held(a.Prefix.Addr()) {
				found = append(found, fmt.Sprintf("%s: %s on %s", step.Host, a.Prefix.Addr(), a.Link))
			}
		}
	}
	return offence(found, "no VIP may be removed. With this plan go:")
}

// held tells whether a director of this run has an address as a VIP in the end.
func (j *judge) held(vip netip.Addr) bool {
	if j.vips == nil {
		j.vips = map[netip.Addr]bool{}
		for _, c := range j.config.Clusters {
			for _, h := range c.Directors {
				j.hold(c, h)
			}
		}
	}
	return j.vips[vip]
}

// hold notes the VIPs that a director has in the end.
func (j *judge) hold(c *schema.Cluster, h *schema.Host) {
	wants := j.desired.wants[h.Name]
	if j.snapshots[h.Name] == nil || wants.Len() == 0 {
		return
	}
	for _, vip := range c.VIPs {
		wanted := wants.Has(vipAddress(c.VIPInterface(h), vip).Key())
		j.vips[vip] = j.vips[vip] || wanted || vip == h.Address
	}
}

// elsewhere finds hosts that are not to be changed.
func (j *judge) elsewhere(p *schema.Policy) []Offence {
	if len(p.Hosts) == 0 {
		return nil
	}
	var allowed, others []string
	for _, h := range p.Hosts {
		allowed = append(allowed, h.Name)
	}
	steps := map[string][]string{}
	seen := map[resource.StepRef]bool{}
	for step := range j.of(p) {
		if slices.Contains(allowed, step.Host) || seen[step.StepRef] {
			continue
		}
		seen[step.StepRef] = true
		if steps[step.Host] == nil {
			others = append(others, step.Host)
		}
		steps[step.Host] = append(steps[step.Host], step.Name)
	}
	found := make([]string, len(others))
	for i, host := range others {
		found[i] = host + ": " + steps[host][0]
		if n := len(steps[host]) - 1; n > 0 {
			found[i] += fmt.Sprintf(", and %d more", n)
		}
	}
	return offence(found, "nothing may be changed but on %s. This plan changes:", strings.Join(allowed, ", "))
}

// outside finds that now is not the time to change hosts.
func (j *judge) outside(p *schema.Policy, now time.Time) []Offence {
	var windows []string
	for _, w := range p.Windows {
		if w.Has(now) {
			return nil
		}
		windows = append(windows, w.String())
	}
	if len(windows) == 0 {
		return nil
	}
	for range j.of(p) {
		found := []string{now.In(p.Windows[0].Zone).Format("Mon 2006-01-02 15:04 MST")}
		return offence(found, "hosts may be changed %s. Now it is:", strings.Join(windows, ", or "))
	}
	return nil
}

// offence is that some things were found, none where there are none.
func offence(found []string, format string, args ...any) []Offence {
	if len(found) == 0 {
		return nil
	}
	return []Offence{{fmt.Sprintf(format, args...), found}}
}

// percent is a part in percent, to a tenth.
func percent(part, whole int) string {
	tenths := (part*1000 + whole/2) / whole
	if tenths%10 == 0 {
		return fmt.Sprintf("%d %%", tenths/10)
	}
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}

// realServers counts real servers.
func realServers(n int) string {
	if n == 1 {
		return "1 real server"
	}
	return fmt.Sprintf("%d real servers", n)
}

// Refusal is the error for a plan that is not to be carried out now.
func (v *Violation) Refusal() *hcl.Diagnostic {
	return v.say(hcl.DiagError, "Policy refuses the plan", slices.Concat(v.Plan, v.Time), "To do it all the same, add --override "+v.Policy.Name+". That is recorded.")
}

// Overridden warns that the plan is carried out all the same.
func (v *Violation) Overridden() *hcl.Diagnostic {
	return v.say(hcl.DiagWarning, "Policy is overridden", slices.Concat(v.Plan, v.Time), "It is overridden with --override "+v.Policy.Name+".")
}

// Untimely warns that the plan could not be carried out now.
func (v *Violation) Untimely() *hcl.Diagnostic {
	return v.say(hcl.DiagWarning, "Policy would refuse an apply now", v.Time, "The time counts when the plan is applied.")
}

// maxFound is how many things are listed of what one condition finds.
const maxFound = 10

// say puts offences into words, with the message of the policy and what follows from them.
func (v *Violation) say(severity hcl.DiagnosticSeverity, summary string, offences []Offence, end string) *hcl.Diagnostic {
	var lines []string
	for _, o := range offences {
		lines = append(lines, fmt.Sprintf("Policy %q: %s", v.Policy.Name, o.Condition))
		for _, found := range o.Found[:min(len(o.Found), maxFound)] {
			lines = append(lines, "  "+found)
		}
		if more := len(o.Found) - maxFound; more > 0 {
			lines = append(lines, fmt.Sprintf("  and %d more", more))
		}
	}
	lines = append(lines, "It says: "+v.Policy.Message, end)
	return &hcl.Diagnostic{Severity: severity, Summary: summary, Detail: strings.Join(lines, "\n"), Subject: v.Policy.Range.Ptr()}
}
