package view

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Annotations of GitHub Actions: lines in the log of a job that GitHub takes out and shows
// beside the lines of the config that they are about.
//
// A line is a command, ::error file=…,line=…::message, and whatever is in it is escaped so
// that it stays in its place: a message cannot end its line, nor a property itself.

// maxAnnotations is how many GitHub shows of each level in a step.
const maxAnnotations = 10

// maxNoticed is how many changes the annotation of a line names.
const maxNoticed = 5

// GitHubFindings writes an annotation for each diagnostic, and for what else kept the command
// from its end.
func GitHubFindings(w io.Writer, r *Report) error { return annotate(w, r.annotations()) }

// GitHubPlan writes what a plan comes to, and an annotation for each line of the config that
// changes something, as many as GitHub shows. Those that take something away come first.
func GitHubPlan(w io.Writer, r *Report) error {
	list := r.annotations()
	if r.Plan == nil || r.errored() {
		return annotate(w, list)
	}
	groups := r.changedLines()
	shown := groups[:min(len(groups), maxAnnotations-1)]
	message := titled(summaryWords(r.Plan))
	if r.Withdrawn && len(r.Plan.Steps) == 0 {
		message = titled(nothingLeft(len(r.Plan.Hosts)))
	}
	if lost := losses(r.Plan.Summary().Lost); lost != "" {
		message += "\n" + lost
	}
	if more := len(groups) - len(shown); more > 0 {
		message += "\n" + count(more, "more line") + " of the config without a note, as GitHub shows only so many."
	}
	list = append(list, annotation{level: "notice", title: "lvsctl plan", message: message})
	for _, g := range shown {
		list = append(list, g.annotation(r))
	}
	return annotate(w, list)
}

// GitHubDrift writes an annotation for each object that is not as lvsctl left it, as many as
// GitHub shows, and what they come to.
func GitHubDrift(w io.Writer, r *Report) error {
	list := r.annotations()
	if r.Plan == nil || r.errored() {
		return annotate(w, list)
	}
	var drift []annotation
	for _, f := range r.drifted() {
		drift = append(drift, r.annotation(f))
	}
	for _, level := range []string{"error", "warning"} {
		list = append(list, bounded(drift, level)...)
	}
	message := titled(driftSummary(r.Plan))
	for _, more := range driftContext(r.Plan) {
		message += "\n" + more
	}
	return annotate(w, append(list, annotation{level: "notice", title: "lvsctl drift", message: message}))
}

// driftContext is what else there is to say of hosts beside drift.
func driftContext(plan *planner.Plan) []string {
	var said []string
	if n := len(plan.Pending()); n > 0 {
		said = append(said, pendingWords(n))
	}
	if n := len(foreignLines(plan)); n > 0 {
		said = append(said, foreignCount(n)+".")
	}
	return said
}

// An annotation is one line for GitHub.
type annotation struct {
	level, title, message string
	file                  string // empty for none
	region                region
}

// annotations are those of all diagnostics, and of what else went wrong.
func (r *Report) annotations() []annotation {
	var list []annotation
	if r.Err != nil {
		list = append(list, annotation{level: "error", title: "lvsctl", message: visibleLines(r.Err.Error())})
	}
	for _, f := range r.found() {
		list = append(list, r.annotation(f))
	}
	return list
}

// annotation is that of a finding.
func (r *Report) annotation(f finding) annotation {
	a := annotation{level: f.level, title: f.title, message: f.message}
	a.place(r, f.at)
	return a
}

// place says where an annotation belongs. Columns are for those within one line.
func (a *annotation) place(r *Report, at *hcl.Range) {
	if at == nil {
		return
	}
	a.file, a.region = shownName(slashed(at.Filename)), r.region(at)
	if a.region.endColumn == 1 && a.region.endLine > a.region.startLine {
		a.region.endLine-- // it ends with the line before
	}
	if a.region.startLine != a.region.endLine {
		a.region.startColumn, a.region.endColumn = 0, 0
	}
}

// bounded are the annotations of a level, as many as are shown. The last one says how many
// there would be more.
func bounded(list []annotation, level string) []annotation {
	list = slices.DeleteFunc(slices.Clone(list), func(a annotation) bool { return a.level != level })
	if len(list) <= maxAnnotations {
		return list
	}
	more := len(list) - maxAnnotations + 1
	return append(list[:maxAnnotations-1], annotation{level: level, title: "lvsctl drift", message: count(more, "more object") + " not as lvsctl left them."})
}

// annotate writes annotations.
func annotate(w io.Writer, list []annotation) error {
	var b strings.Builder
	for _, a := range list {
		b.WriteString(a.String() + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// String is the annotation as a line of the log.
func (a annotation) String() string {
	var properties []string
	add := func(name, value string) { properties = append(properties, name+"="+escapeProperty(value)) }
	number := func(name string, n int) {
		if n > 0 {
			add(name, fmt.Sprint(n))
		}
	}
	if a.file != "" {
		add("file", a.file)
		number("line", a.region.startLine)
		number("endLine", a.region.endLine)
		number("col", a.region.startColumn)
		number("endColumn", max(a.region.startColumn, a.region.endColumn-1)) // the last one, and not the one behind it
	}
	add("title", a.title)
	return "::" + a.level + " " + strings.Join(properties, ",") + "::" + escapeData(a.message)
}

// What is escaped in a command: in all of it what ends lines, and in properties what ends
// these.
var (
	dataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func escapeData(text string) string     { return dataEscapes.Replace(text) }
func escapeProperty(text string) string { return propertyEscapes.Replace(text) }

// A changedLine is a line of the config with all changes that it makes. What goes has none,
// and is with the host that it goes from.
type changedLine struct {
	source   resource.Source
	host     string // where there is no line
	steps    []resource.Step
	removals int
}

// changedLines groups the changes of a plan by lines, those that take something away first.
func (r *Report) changedLines() []*changedLine {
	type place struct {
		source resource.Source
		host   string
	}
	groups := map[place]*changedLine{}
	for _, s := range r.Plan.Steps {
		for _, c := range shownChanges(s.Changes) {
			at := place{source: c.Source}
			if c.Source.File == "" {
				at.host = s.Host
			}
			g := groups[at]
			if g == nil {
				g = &changedLine{source: at.source, host: at.host}
				groups[at] = g
			}
			g.steps = append(g.steps, resource.Step{StepRef: s.StepRef, Changes: []resource.Change{c}})
			if destroys(c) {
				g.removals++
			}
		}
	}
	return slices.SortedFunc(maps.Values(groups), func(a, b *changedLine) int {
		return cmp.Or(cmp.Compare(b.removals, a.removals), cmp.Compare(a.source.File, b.source.File), cmp.Compare(a.source.Line, b.source.Line), cmp.Compare(a.host, b.host))
	})
}

// shortTally is hostTally without what there is none of.
func shortTally(host *hostSteps) string {
	words := slices.DeleteFunc(strings.Split(hostTally(host), ", "), func(word string) bool { return strings.HasPrefix(word, "0 ") })
	return strings.Join(words, ", ")
}

// annotation is that of all changes of a line.
func (g *changedLine) annotation(r *Report) annotation {
	var lines []string
	for _, s := range g.steps[:min(len(g.steps), maxNoticed)] {
		lines = append(lines, shownName(s.Host)+": "+changeLine(s.Changes[0], 0))
	}
	if more := len(g.steps) - len(lines); more > 0 {
		lines = append(lines, leftOut+count(more, "more change"))
	}
	host := &hostSteps{name: g.host, steps: g.steps}
	a := annotation{level: "notice", title: shortTally(host), message: strings.Join(lines, "\n")}
	if g.source.File != "" {
		a.place(r, r.line(g.source))
	} else {
		a.title = shownName(g.host) + ": " + a.title
		a.place(r, r.hostBlock(g.host))
	}
	return a
}
