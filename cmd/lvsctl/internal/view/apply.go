package view

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Progress prints how an apply goes, one line a step. On a terminal an apply that takes
// longer than a second has a bar below them until End.
type Progress struct {
	*Printer
	live *LiveLine
	late *time.Timer

	mu          sync.Mutex
	shown       bool // the bar
	done, total int  // steps
	doing       string
}

// NewProgress returns what tells of an apply that begins now.
func NewProgress(p *Printer, live *LiveLine, steps int) *Progress {
	pr := &Progress{Printer: p, live: live, total: steps}
	pr.late = time.AfterFunc(notable, func() { pr.update(func() { pr.shown = true }) })
	return pr
}

// notable is how long work takes of which people want to know how far it is.
const notable = time.Second

// End takes the bar away. No step may follow.
func (p *Progress) End() {
	p.late.Stop()
	p.update(func() { p.shown, p.done = false, p.total })
	p.live.Clear()
}

// update changes what the bar shows.
func (p *Progress) update(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	if p.shown && p.done < p.total {
		p.live.Set(fmt.Sprintf("%s %d/%d  %s", bar(p.done, p.total), p.done, p.total, p.doing))
	}
}

// barColumns is how wide a bar is within its brackets.
const barColumns = 16

// bar draws how much is done of all.
func bar(done, total int) string {
	full := barColumns * done / total
	return "[" + strings.Repeat("█", full) + strings.Repeat("─", barColumns-full) + "]"
}

// StepStarted implements the fleet's Progress. Most steps take milliseconds: what matters
// is how they end.
func (p *Progress) StepStarted(step resource.Step) {
	p.update(func() { p.doing = step.Host + "  " + step.Name })
}

// StepDone implements the fleet's Progress.
func (p *Progress) StepDone(step resource.Step, out resource.Outcome, err error) {
	p.stepLine(step, out, err)
	p.update(func() { p.done++ })
}

// Draining implements the fleet's Progress. The bar shows how far a wait is; without one
// there is a line when it begins.
func (p *Progress) Draining(w resource.Wait) {
	switch w.Phase {
	case resource.Begun, resource.Waiting:
		p.update(func() { p.doing = w.Step.Host + "  " + w.Step.Name + "  " + waitWords(w) })
		if w.Phase == resource.Begun && p.live == nil {
			p.waitLine(w)
		}
	default:
		p.waitLine(w)
	}
}

func (p *Progress) waitLine(w resource.Wait) {
	p.Printf("%s %s  %s  %s\n", p.paint(yellow, "⤳"), p.paint(bold, w.Step.Host), Clean(w.Step.Name), waitWords(w))
}

// waitWords says how a wait for connections goes.
func waitWords(w resource.Wait) string {
	connections := count(int(w.Left), "connection")
	switch {
	case w.Phase == resource.Stopped:
		return connections + " left, nothing is removed"
	case w.Phase == resource.Over && w.Left == 0:
		return "drained"
	case w.Phase == resource.Over:
		return "time is over, " + connections + " will be cut"
	}
	return connections + " left, " + span(roundUp(w.AtMost)) + " at most"
}

// roundUp is a time in whole seconds.
func roundUp(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }

// stepLine prints how a step ended, unless it only kept notes.
func (p *Progress) stepLine(step resource.Step, out resource.Outcome, err error) {
	shown := len(shownChanges(step.Changes))
	if shown+len(step.Probes) == 0 && err == nil {
		return
	}
	mark, done := p.paint(green, "✓"), count(shown, "change")
	switch {
	case len(step.Probes) > 0 && err == nil:
		done = "passed"
	case len(step.Probes) > 0:
		mark, done = p.paint(red, "✗"), "failed"
	case err != nil:
		made := 0
		for i := range step.Changes {
			if out.TookEffect(i) {
				made++
			}
		}
		mark, done = p.paint(red, "✗"), fmt.Sprintf("%d of %s made", made, count(len(step.Changes), "change"))
	}
	p.Printf("%s %s  %s  %s\n", mark, p.paint(bold, step.Host), Clean(step.Name), p.paint(dim, done))
	for _, notice := range out.Notices {
		p.Printf("  %s %s\n", p.paint(yellow, "!"), cleanLine(notice))
	}
}

// Applied prints the last word of an apply that was verified.
func (p *Printer) Applied(plan *planner.Plan) {
	s := plan.Summary()
	if !plan.Touches() {
		p.Printf("%s the ledger is up to date. Read again: nothing is left to do.\n", p.paint(bold, "Done:"))
		return
	}
	p.Printf("%s %d added, %d changed, %s%d removed on %s. Read again: nothing is left to do.\n",
		p.paint(bold, "Done:"), s.Add, s.Change, drained(s, "drained"), s.Remove, count(s.Hosts, "host"))
}

// NothingLeft says that there is nothing to take away.
func (p *Printer) NothingLeft(hosts int) {
	verdict, details := nothingLeft(hosts)
	p.Printf("%s %s\n", p.paint(bold, verdict), details)
}

// nothingLeft is a plan to take all away where there is nothing.
func nothingLeft(hosts int) (verdict, details string) {
	return "Nothing to take away:", "lvsctl has nothing on " + count(hosts, "host") + "."
}
