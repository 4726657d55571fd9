package schema

import (
	"fmt"
	"iter"

	"github.com/hashicorp/hcl/v2"
)

// A Rule finds configurations that can be read but cannot work, or that work and hurt.
type Rule struct {
	Number   int // in the list of rules, 0 for none
	Name     string
	Severity hcl.DiagnosticSeverity
	Summary  string // the fixed summary of all its findings

	check func(*finder) // nil where it is applied while blocks are read
}

// The rules that are applied while blocks are read.
var (
	ruleAlgorithm = &Rule{2, "algorithm", hcl.DiagError, "Unknown algorithm", nil}
	ruleNetmask   = &Rule{10, "netmask", hcl.DiagError, "Invalid netmask", nil}
)

// rules are all rules. A new one is a line here and a function below.
var rules = []*Rule{
	{1, "port-mapping", hcl.DiagError, "Port mapping in direct routing", checkPortMapping},
	ruleAlgorithm,
	{3, "same-service", hcl.DiagError, "Service declared twice", checkSameService},
	{4, "same-real-server", hcl.DiagError, "Real server declared twice", checkSameRealServer},
	{5, "all-ports", hcl.DiagError, "All ports without persistence", checkAllPorts},
	{6, "one-packet", hcl.DiagError, "One-packet scheduling of connections", checkOnePacket},
	{0, "sip", hcl.DiagError, "Persistence engine without UDP", checkSIP},
	{7, "mixed-families", hcl.DiagError, "Mixed address families", checkFamilies},
	{8, "thresholds", hcl.DiagError, "Invalid thresholds", checkThresholds},
	ruleNetmask,
	{12, "vip-is-own-address", hcl.DiagError, "VIP is the address of a host", checkVIP},
	{25, "weights-ignored", hcl.DiagWarning, "Weights without effect", checkWeightsIgnored},
	{26, "nothing-behind", hcl.DiagWarning, "Service without real servers", checkNothingBehind},
	{0, "all-drained", hcl.DiagWarning, "All weights are 0", checkAllDrained},
	{0, "no-services", hcl.DiagWarning, "Cluster without services", checkNoServices},
	{0, "several-directors", hcl.DiagWarning, "VIP on several directors", checkSeveralDirectors},
	{0, "director-interface", hcl.DiagError, "Director without interface", checkDirectorInterface},
	{0, "real-server-interface", hcl.DiagError, "Real server without interface", checkRealServerInterface},
	{0, "gateway", hcl.DiagError, "Misplaced gateway", checkGateway},
	{0, "same-address", hcl.DiagWarning, "Two hosts with one address", checkSameAddress},
	{0, "vip-on-loopback", hcl.DiagError, "VIP on the loopback interface", checkLoopback},
	{0, "same-host-twice", hcl.DiagError, "Two hosts on one machine", checkReach},
}

// Rules lists the rules that a configuration is checked against.
func Rules() []Rule {
	list := make([]Rule, len(rules))
	for i, r := range rules {
		list[i] = *r
	}
	return list
}

// RuleOf is the rule that a diagnostic comes from, nil for one that comes from none.
func RuleOf(d *hcl.Diagnostic) *Rule {
	r, _ := d.Extra.(*Rule)
	return r
}

// A finder is what a rule looks through and reports to. What it looks through may have
// errors: a value that could not be read is zero.
type finder struct {
	*loader
	rule *Rule
	seen map[hcl.Range]bool // where the rule found something
}

// checkRules applies all rules.
func (l *loader) checkRules() {
	for _, r := range rules {
		if r.check != nil {
			r.check(&finder{loader: l, rule: r, seen: map[hcl.Range]bool{}})
		}
	}
}

// find reports a place within a block. A place that several services share is reported
// once.
func (f *finder) find(within any, at hcl.Range, format string, args ...any) {
	if f.seen[at] {
		return
	}
	f.seen[at] = true
	f.addAlike(within, f.rule.diagnostic(at, fmt.Sprintf(format, args...)))
}

// diagnostic is a finding of the rule.
func (r *Rule) diagnostic(at hcl.Range, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: r.Severity, Summary: r.Summary, Detail: detail, Subject: &at, Extra: r}
}

// services goes through all services with their clusters.
func (f *finder) services() iter.Seq2[*clusterDecl, *serviceDecl] {
	return func(yield func(*clusterDecl, *serviceDecl) bool) {
		for _, c := range f.clusters {
			for _, s := range c.services {
				if !yield(c, s) {
					return
				}
			}
		}
	}
}

// servers goes through the real servers of a service that could be read, with their
// group and their place in it.
func (s *serviceDecl) servers() iter.Seq2[serverRef, *RealServer] {
	return func(yield func(serverRef, *RealServer) bool) {
		for _, g := range s.groups {
			for i := range g.servers {
				if g.servers[i].Addr.IsValid() && !yield(serverRef{g, i}, &g.servers[i]) {
					return
				}
			}
		}
	}
}

// A serverRef is a real server by its place in a group.
type serverRef struct {
	*group
	i int
}
