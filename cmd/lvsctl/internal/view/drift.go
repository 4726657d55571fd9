package view

import (
	"fmt"

	"github.com/lvsctl/lvsctl/planner"
)

// Drift prints what is not as lvsctl left it, and, as context, what the config would
// change and what belongs to others.
func (p *Printer) Drift(plan *planner.Plan, foreign bool) {
	for _, h := range plan.Hosts {
		if len(h.Drift) == 0 {
			continue
		}
		p.Printf("%s\n", p.paint(bold, h.Name))
		for _, d := range h.Drift {
			p.drift(d)
		}
		p.Printf("\n")
	}
	for _, h := range plan.Rebooted() {
		p.Printf("%s  %s\n\n", p.paint(bold, h.Name), rebootedWords(h))
	}
	p.foreign(plan, foreign)
	if n := len(plan.Pending()); n > 0 {
		p.Printf("%s\n", p.paint(dim, pendingWords(n)))
	}
	verdict, details := driftSummary(plan)
	p.Printf("%s %s\n", p.paint(bold, verdict), details)
}

// driftSummary is what drift comes to, in one line.
func driftSummary(plan *planner.Plan) (verdict, details string) {
	hosts := 0
	for _, h := range plan.Hosts {
		if len(h.Drift) > 0 {
			hosts++
		}
	}
	them := map[bool]string{true: "it", false: "them"}
	if n := plan.Drifted(); n > 0 {
		return "Drift:", fmt.Sprintf("%s on %s not as lvsctl left %s.", count(n, "object"), count(hosts, "host"), them[n == 1])
	}
	if n := len(plan.Rebooted()); n > 0 {
		return "Rebooted:", count(n, "host") + " to be set up again (see lvsctl plan)."
	}
	n := len(plan.Hosts)
	return "No drift.", fmt.Sprintf("%s as lvsctl left %s.", count(n, "host"), them[n == 1])
}

// alone is what a plan says of one host.
func alone(plan *planner.Plan, h planner.Host) *planner.Plan {
	part := &planner.Plan{Hosts: []planner.Host{h}}
	for _, s := range plan.Steps {
		if s.Host == h.Name {
			part.Steps = append(part.Steps, s)
		}
	}
	return part
}

// rebootedWords say what a host lost that was rebooted.
func rebootedWords(h planner.Host) string {
	return "rebooted since the last apply: " + count(h.Rebooted, "object") + " went with it"
}

// pendingWords say how many changes were not applied yet.
func pendingWords(n int) string {
	return "The config asks for " + count(n, "change") + ", not applied yet (see lvsctl plan)."
}

func (p *Printer) drift(d planner.Drift) {
	look := yellow
	if d.Found == nil {
		look = red
	}
	mark, object, what := driftWords(d)
	p.Printf("  %s %s  %s\n", p.paint(look, mark), object, p.paint(dim, what))
	p.content("      ", driftedContent(d))
}

// driftWords say what became of an object of ours: its sign, the object, and what happened.
func driftWords(d planner.Drift) (mark, object, what string) {
	key := d.Left.Key()
	if d.Found == nil {
		return "-", key.Kind.String() + " " + Clean(d.Left.String()), "gone"
	}
	return "~", Clean(key.String()) + Clean(differences(d.Left, d.Found)), "changed on the host"
}

// driftedContent are the lines that show how what a file holds was changed.
func driftedContent(d planner.Drift) []string {
	if d.Found == nil {
		return nil
	}
	return shownDiff(textOf(d.Left), textOf(d.Found))
}
