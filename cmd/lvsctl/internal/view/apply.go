package view

import (
	"fmt"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Progress prints how an apply goes, one line a step.
type Progress struct{ *Printer }

// StepStarted implements the fleet's Progress. Steps take milliseconds: what matters
// is how they end.
func (Progress) StepStarted(resource.Step) {}

// StepDone implements the fleet's Progress.
func (p Progress) StepDone(step resource.Step, out resource.Outcome, err error) {
	shown := len(visible(step.Changes))
	if shown == 0 && err == nil {
		return
	}
	mark, done := p.paint(green, "✓"), count(shown, "change")
	if err != nil {
		made := 0
		for i := range step.Changes {
			if out.TookEffect(i) {
				made++
			}
		}
		mark, done = p.paint(red, "✗"), fmt.Sprintf("%d of %s made", made, count(len(step.Changes), "change"))
	}
	p.Printf("%s %s  %s  %s\n", mark, p.paint(bold, step.Host), Clean(step.Name), p.paint(dim, done))
}

// Applied prints the last word of an apply that was verified.
func (p *Printer) Applied(plan *planner.Plan) {
	s := plan.Summary()
	if !plan.Touches() {
		p.Printf("%s the ledger is up to date. Read again: nothing is left to do.\n", p.paint(bold, "Done:"))
		return
	}
	p.Printf("%s %d added, %d changed, %d removed on %s. Read again: nothing is left to do.\n",
		p.paint(bold, "Done:"), s.Add, s.Change, s.Remove, count(s.Hosts, "host"))
}

// NothingLeft says that there is nothing to take away.
func (p *Printer) NothingLeft(hosts int) {
	p.Printf("%s lvsctl has nothing on %s.\n", p.paint(bold, "Nothing to take away:"), count(hosts, "host"))
}
