package view

import (
	"github.com/lvsctl/lvsctl/planner"
)

// Drift prints what is not as lvsctl left it, and, as context, what the config would
// change and what belongs to others.
func (p *Printer) Drift(plan *planner.Plan, foreign bool) {
	hosts := 0
	for _, h := range plan.Hosts {
		if len(h.Drift) == 0 {
			continue
		}
		hosts++
		p.Printf("%s\n", p.paint(bold, h.Name))
		for _, d := range h.Drift {
			p.drift(d)
		}
		p.Printf("\n")
	}
	rebooted := plan.Rebooted()
	for _, h := range rebooted {
		p.Printf("%s  rebooted since the last apply: %s went with it\n\n", p.paint(bold, h.Name), count(h.Rebooted, "object"))
	}
	p.foreign(plan, foreign)
	if n := len(plan.Pending()); n > 0 {
		p.Printf("%s\n", p.paint(dim, "The config asks for "+count(n, "change")+", not applied yet (see lvsctl plan)."))
	}
	if n := plan.Drifted(); n > 0 {
		p.Printf("%s %s on %s not as lvsctl left %s.\n", p.paint(bold, "Drift:"), count(n, "object"), count(hosts, "host"), map[bool]string{true: "it", false: "them"}[n == 1])
		return
	}
	if n := len(rebooted); n > 0 {
		p.Printf("%s %s to be set up again (see lvsctl plan).\n", p.paint(bold, "Rebooted:"), count(n, "host"))
		return
	}
	p.Printf("%s %s as lvsctl left %s.\n", p.paint(bold, "No drift."), count(len(plan.Hosts), "host"), map[bool]string{true: "it", false: "them"}[len(plan.Hosts) == 1])
}

func (p *Printer) drift(d planner.Drift) {
	key := d.Left.Key()
	if d.Found == nil {
		p.Printf("  %s %s %s  %s\n", p.paint(red, "-"), key.Kind, Clean(d.Left.String()), p.paint(dim, "gone"))
		return
	}
	p.Printf("  %s %s%s  %s\n", p.paint(yellow, "~"), Clean(key.String()), Clean(differences(d.Left, d.Found)), p.paint(dim, "changed on the host"))
	p.content("      ", d.Left, d.Found)
}
