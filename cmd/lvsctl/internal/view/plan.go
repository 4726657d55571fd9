package view

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// signs are the marks in front of changes.
var signs = map[resource.Action]struct {
	mark string
	look look
}{
	resource.Create:  {"+", green},
	resource.Update:  {"~", yellow},
	resource.Replace: {"±", yellow},
	resource.Delete:  {"-", red},
	resource.Restore: {"~", yellow},
	resource.Adopt:   {"=", cyan},
	resource.Forget:  {"=", cyan},
}

// signOf is the mark in front of a change and its look.
func signOf(c resource.Change) (mark string, look look) {
	if c.Drain.Within > 0 {
		return "⤳", yellow
	}
	sign := signs[c.Action]
	return sign.mark, sign.look
}

// maxColumn is where the reasons of changes stand at the most.
const maxColumn = 78

// Plan prints a plan: by host, by purpose, in the order of execution, and the summary.
// With foreign it lists objects of others, else it only counts them.
func (p *Printer) Plan(plan *planner.Plan, foreign bool) {
	p.atOnce(func() {
		p.changes(plan)
		p.foreign(plan, foreign)
		for _, line := range slices.Concat(leftOutLines(plan), atOnceLines(plan)) {
			p.Printf("%s\n", line)
		}
		p.Printf("%s\n", p.summary(plan))
		if lost := losses(plan.Summary().Lost); lost != "" {
			p.Printf("%s\n", lost)
		}
	})
}

// leftOutLines say what waits for hosts that cannot be reached, nothing where nothing does.
func leftOutLines(plan *planner.Plan) []string {
	var lines []string
	said := ""
	for _, o := range plan.LeftOut {
		if o.For != said {
			said = o.For
			lines = append(lines, "Left out until "+Clean(said)+" can be reached:")
		}
		lines = append(lines, "  "+Clean(o.Host)+"  "+Clean(o.Name)+"  "+count(o.Changes, "change"))
	}
	return lines
}

// atOnceLines say which rollouts are set aside.
func atOnceLines(plan *planner.Plan) []string {
	var lines []string
	for _, name := range plan.AtOnce {
		lines = append(lines, "The rollout of "+Clean(name)+" is set aside: its VIP leaves a director, and the cluster moves as a whole.")
	}
	return lines
}

// changes prints what a plan changes, wave by wave.
func (p *Printer) changes(plan *planner.Plan) {
	n, waves := 0, plan.CountWaves()
	for rest := plan.Steps; len(rest) > 0; {
		part := &planner.Plan{Steps: rest[:sameWave(rest)], Waves: plan.Waves}
		if waves > 0 {
			n++
			p.Printf("%s\n\n", p.paint(bold, WaveTitle(part.Wave(), n, waves)))
		}
		for _, host := range byHost(part) {
			p.host(host)
		}
		rest = rest[len(part.Steps):]
	}
}

// sameWave is how many of the first steps are of one wave.
func sameWave(steps []resource.Step) int {
	n := 1
	for n < len(steps) && steps[n].Wave == steps[0].Wave {
		n++
	}
	return n
}

// WaveTitle says which real servers change in a wave.
func WaveTitle(w *planner.Wave, n, of int) string {
	names := w.Servers
	if len(names) > maxWaveNames {
		names = append(names[:maxWaveNames-1:maxWaveNames-1], fmt.Sprintf("and %d more", len(w.Servers)-maxWaveNames+1))
	}
	return fmt.Sprintf("Wave %d of %d: %s", n, of, Clean(strings.Join(names, ", ")))
}

// maxWaveNames is how many real servers the title of a wave names.
const maxWaveNames = 12

// host prints what a plan changes on one host.
func (p *Printer) host(host *hostSteps) {
	p.Printf("%s\n", p.paint(bold, host.name))
	column := host.column()
	for _, step := range host.steps {
		p.Printf("  %s\n", Clean(step.Name))
		for _, probe := range step.Probes {
			p.Printf("    %s %s\n", p.paint(cyan, "?"), Clean(probe.Server+" must answer "+probe.String()))
		}
		for _, c := range step.Changes {
			p.change(c, column)
		}
	}
	p.Printf("\n")
}

// hostSteps are the steps of one host in the order of execution.
type hostSteps struct {
	name  string
	steps []resource.Step
}

// byHost groups what people want to see of a plan by host, hosts in the order of their
// first step.
func byHost(plan *planner.Plan) []*hostSteps {
	var list []*hostSteps
	index := map[string]*hostSteps{}
	for _, s := range plan.Steps {
		if s.Changes = shownChanges(s.Changes); len(s.Changes)+len(s.Probes) == 0 {
			continue
		}
		h := index[s.Host]
		if h == nil {
			h = &hostSteps{name: s.Host}
			index[s.Host] = h
			list = append(list, h)
		}
		h.steps = append(h.steps, s)
	}
	return list
}

// shownChanges lists the changes that people want to see.
func shownChanges(changes []resource.Change) []resource.Change {
	hidden := func(c resource.Change) bool { return !c.Visible() }
	if !slices.ContainsFunc(changes, hidden) {
		return changes
	}
	return slices.DeleteFunc(slices.Clone(changes), hidden)
}

// column is where the reasons stand, so that those of a host are in line.
func (h *hostSteps) column() int {
	widest := 0
	for _, s := range h.steps {
		for _, c := range s.Changes {
			if n := utf8.RuneCountInString(Clean(Describe(c))); n <= maxColumn {
				widest = max(widest, n)
			}
		}
	}
	return widest
}

// change prints one line: sign, object, reason, place in the config. How a file changes
// stands below it.
func (p *Printer) change(c resource.Change, column int) {
	mark, look := signOf(c)
	text, why := Clean(Describe(c)), p.paint(dim, Clean(note(c)))
	p.print("    ", p.paint(look, mark), " ", text)
	if why != "" {
		p.print(strings.Repeat(" ", max(0, column-utf8.RuneCountInString(text))), "  ", why)
	}
	p.print("\n")
	p.content("        ", contentLines(c))
}

// contentLines are the lines below a change that show how what a file holds changes.
func contentLines(c resource.Change) []string {
	if !c.Action.TouchesHost() {
		return nil
	}
	return shownDiff(textOf(c.Before), textOf(c.After))
}

// note says why a change is made, where the config wants it, and what it costs.
func note(c resource.Change) string {
	var notes []string
	if c.Reason != resource.Destroying {
		notes = append(notes, string(c.Reason))
	}
	if c.Source.File != "" {
		notes = append(notes, c.Source.String())
	}
	return strings.Join(append(notes, costs(c)...), ", ")
}

// costs says which connections a change cuts, or may cut after it has waited for them.
func costs(c resource.Change) []string {
	if c.Drain.Within == 0 && c.Cuts.Total() == 0 {
		return nil
	}
	serving := fmt.Sprintf("%d active and %d inactive connections", c.Cuts.Active, c.Cuts.Inactive)
	if c.Drain.Persistent && c.Cuts.Persistent > 0 {
		serving += fmt.Sprintf(" and %s", count(int(c.Cuts.Persistent), "persistent client"))
	}
	switch left := "cuts what is left after " + span(c.Drain.Within); {
	case c.Drain.Within == 0:
		return []string{"cuts " + serving}
	case c.Cuts == (resource.Connections{}):
		return []string{left}
	default:
		return []string{"serves " + serving, left}
	}
}

// Describe says what a change does to its object, in one line without the sign.
func Describe(c resource.Change) string {
	kind := c.Key().Kind.String()
	switch c.Action {
	case resource.Create, resource.Delete:
		return kind + " " + either(c).String()
	case resource.Adopt:
		if c.Reason == resource.Imported || c.Reason == resource.ImportedToGo {
			return kind + " " + either(c).String() // as the config wants it or not
		}
		return kind + " " + either(c).String() + " (already so)"
	case resource.Forget:
		return kind + " " + either(c).Key().Words() + " (stays as it is)"
	default:
		return c.Key().String() + differences(c.Before, c.After)
	}
}

func either(c resource.Change) resource.Resource {
	if c.After != nil {
		return c.After
	}
	return c.Before
}

// differences lists the attributes that two states of an object differ in. One state
// may be missing.
func differences(before, after resource.Resource) string {
	if before == nil || after == nil {
		return ""
	}
	var out []string
	was := before.Attributes()
	for i, a := range after.Attributes() {
		if was[i].Value == a.Value {
			continue
		}
		if a.Name == "content" {
			out = append(out, "content "+contentChange(textOf(before), textOf(after)))
			continue
		}
		name := a.Name + " "
		if len(was) == 1 {
			name = ""
		}
		out = append(out, name+orNone(was[i].Value)+" → "+orNone(a.Value))
	}
	if len(out) == 0 {
		return " anew"
	}
	return ": " + strings.Join(out, ", ")
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return value
}

// foreign says what was seen that nobody's config knows.
func (p *Printer) foreign(plan *planner.Plan, list bool) {
	lines := foreignLines(plan)
	switch {
	case len(lines) == 0:
	case list:
		p.Printf("%s:\n", leftAlone)
		for _, line := range lines {
			p.Printf("    %s\n", line)
		}
		p.Printf("\n")
	default:
		p.Printf("%s\n\n", p.paint(dim, foreignCount(len(lines))+" (list with --foreign)."))
	}
}

// leftAlone is the title of a list of objects of others.
const leftAlone = "Not made by lvsctl, and left alone"

// foreignCount says how many objects of others there are.
func foreignCount(n int) string { return count(n, "IPVS object") + " not made by lvsctl, left alone" }

// foreignLines lists the objects of others, one a line.
func foreignLines(plan *planner.Plan) []string {
	var lines []string
	for _, h := range plan.Hosts {
		for _, r := range h.Foreign {
			lines = append(lines, fmt.Sprintf("%s: %s %s", h.Name, r.Key().Kind, Clean(r.String())))
		}
	}
	return lines
}

// summary is the last line of a plan.
func (p *Printer) summary(plan *planner.Plan) string {
	verdict, details := summaryWords(plan)
	return p.paint(bold, verdict) + " " + details
}

// summaryWords are a plan in one line: what it comes to, and how much of what it does.
func summaryWords(plan *planner.Plan) (verdict, details string) {
	s := plan.Summary()
	recorded := ""
	if s.Record > 0 {
		recorded = fmt.Sprintf(" For %s only the ledger changes.", count(s.Record, "object"))
	}
	if !plan.Touches() {
		verb := "match"
		if len(plan.Hosts) == 1 {
			verb = "matches"
		}
		return "No changes.", count(len(plan.Hosts), "host") + " " + verb + " the configuration." + recorded
	}
	if n := plan.CountWaves(); n > 0 {
		recorded += " Real servers change in " + count(n, "wave") + "."
	}
	return "Plan:", tally(s) + " on " + count(s.Hosts, "host") + "." + recorded
}

// tally says how many changes of each sort there are.
func tally(s planner.Summary) string {
	return fmt.Sprintf("%d to add, %d to change, %s%d to remove", s.Add, s.Change, drained(s, "to drain"), s.Remove)
}

// losses says what cannot be brought back, nothing for nothing.
func losses(l planner.Lost) string {
	var lost, counters []string
	switch l.Connections {
	case 0:
	case 1:
		lost = append(lost, "1 connection is cut")
	default:
		lost = append(lost, fmt.Sprintf("%d connections are cut", l.Connections))
	}
	if l.Services > 0 {
		counters = append(counters, count(l.Services, "service"))
	}
	if l.Destinations > 0 {
		counters = append(counters, count(l.Destinations, "real server"))
	}
	if len(counters) > 0 {
		lost = append(lost, "counters of "+strings.Join(counters, " and ")+" are lost")
	}
	if len(lost) == 0 {
		return ""
	}
	return "Not to be undone: " + strings.Join(lost, ", ") + "."
}

// drained is how many destinations are drained, for the middle of a list, nothing for none.
func drained(s planner.Summary, what string) string {
	if s.Drain == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s, ", s.Drain, what)
}
