package view

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A plan as Markdown, for a comment on a pull request.
//
// What it comes to stands in the first line, and everything else is folded away below it.
// All that comes from a config or a host stands in blocks of code, where neither Markdown
// nor HTML nor a name with an @ means anything, or is escaped where that cannot be.
//
// Comments have a limit, so the document has one: it is always shorter than that. What of
// it is for all hosts together is small, and the rest of the room is shared by the hosts
// (see fold.go). Names of hosts for which there is no room are listed as far as there is
// room for that, and the others are counted.

// Limits of the document, in bytes. GitHub takes 65,536 characters, and what posts the
// comment may want to add some.
const (
	maxMarkdown  = 60 << 10 // it is shorter
	maxFindings  = 12 << 10 // warnings and errors
	maxForeign   = 6 << 10  // objects of others
	maxWaiting   = 4 << 10  // what waits for hosts that cannot be reached
	maxAbsentees = 2 << 10  // names of hosts that are left out
)

// WriteMarkdown writes a plan as Markdown, or why there is none. It is shorter than 61,440
// bytes, whatever the plan.
func WriteMarkdown(w io.Writer, r *Report) error {
	_, err := io.WriteString(w, markdown(r))
	return err
}

// markdown is the document. Its parts are separated by empty lines.
func markdown(r *Report) string {
	parts := headline(r)
	if text := troublePart(r); text != "" {
		parts = append(parts, text)
	}
	if r.Plan == nil {
		return strings.Join(parts, "\n")
	}
	after := append(leftOutPart(r), foreignPart(r)...)
	room := maxMarkdown - 1 - len(strings.Join(append(parts, after...), "\n")) - 1
	parts = append(parts, hostParts(r.Plan, room)...)
	return strings.Join(append(parts, after...), "\n")
}

// headline is what the plan comes to, and what of it cannot be undone.
func headline(r *Report) []string {
	if r.Plan == nil {
		return []string{"**No plan:** " + r.troubles() + ".\n"}
	}
	verdict, details := summaryWords(r.Plan)
	if r.Withdrawn && len(r.Plan.Steps) == 0 {
		verdict, details = nothingLeft(len(r.Plan.Hosts))
	}
	parts := []string{"**" + verdict + "** " + details + "\n"}
	if r.errored() {
		parts = append([]string{"**Apply refuses this:** " + r.troubles() + ".\n"}, parts...)
	}
	if lost := losses(r.Plan.Summary().Lost); lost != "" {
		parts = append(parts, lost+"\n")
	}
	return parts
}

// troublePart are the errors and warnings, errors first, and unfolded where there are some.
func troublePart(r *Report) string {
	var errs, warnings hcl.Diagnostics
	for _, d := range r.Diagnostics {
		if d.Severity == hcl.DiagError {
			errs = append(errs, d)
		} else {
			warnings = append(warnings, d)
		}
	}
	text := r.trouble() + r.text(errs) + r.text(warnings)
	if text == "" {
		return ""
	}
	var lines []string
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		lines = append(lines, shownLine(strings.TrimSuffix(line, "\n")))
	}
	tag := "<details>"
	if r.errored() {
		tag = "<details open>"
	}
	return tag + "\n<summary>" + r.troubles() + "</summary>\n\n" + fenced("text", fitted(lines, maxFindings)) + "\n</details>\n"
}

// leftOutPart lists what waits for hosts that cannot be reached.
func leftOutPart(r *Report) []string {
	lines := slices.Concat(leftOutLines(r.Plan), atOnceLines(r.Plan))
	if len(lines) == 0 {
		return nil
	}
	for i, line := range lines {
		lines[i] = shownLine(line)
	}
	return []string{fenced("text", fitted(lines, maxWaiting))}
}

// foreignPart counts the objects of others, or lists them.
func foreignPart(r *Report) []string {
	lines := foreignLines(r.Plan)
	switch {
	case len(lines) == 0:
		return nil
	case !r.Foreign:
		return []string{foreignCount(len(lines)) + ".\n"}
	}
	for i, line := range lines {
		lines[i] = shownLine(line)
	}
	return []string{"<details>\n<summary>" + leftAlone + ": " + count(len(lines), "object") + "</summary>\n\n" + fenced("text", fitted(lines, maxForeign)) + "\n</details>\n"}
}

// hostParts are the changes of all hosts, in no more than a number of bytes.
func hostParts(plan *planner.Plan, room int) []string {
	var folds []*fold
	for _, host := range byHost(plan) {
		folds = append(folds, hostFold(host))
	}
	sizes := shares(folds, room)
	var parts []string
	for i, size := range sizes {
		parts = append(parts, folds[i].text(size))
	}
	if absent := folds[len(sizes):]; len(absent) > 0 {
		parts = append(parts, absentees(absent))
	}
	return parts
}

// hostFold is what changes on one host.
func hostFold(host *hostSteps) *fold {
	f := &fold{name: host.name, title: "<code>" + html.EscapeString(clipped(host.name)) + "</code>: " + hostTally(host)}
	column := host.column()
	for _, step := range host.steps {
		f.add("@@ "+shownName(step.Name)+inWave(step)+" @@", heading)
		for _, probe := range step.Probes {
			f.add("? "+shownName(probe.Server+" must answer "+probe.String()), detail)
		}
		for _, c := range step.Changes {
			f.add(changeLine(c, column), rankOf(c))
			if lines := contentLines(c); len(lines) > 0 {
				f.add("    "+strings.Join(lines, "\n    "), detail)
			}
		}
	}
	return f
}

// inWave says in which wave a step is, nothing in a plan without.
func inWave(step resource.Step) string {
	if step.Wave == 0 {
		return ""
	}
	return fmt.Sprintf(", wave %d", step.Wave)
}

// hostTally says how many changes of each sort a host has.
func hostTally(host *hostSteps) string {
	plan := &planner.Plan{Steps: host.steps}
	s := plan.Summary()
	switch {
	case plan.Touches():
		return tally(s)
	case s.Record > 0:
		return "for " + count(s.Record, "object") + " only the ledger changes"
	}
	return "nothing that stays"
}

// changeLine is a change in one line that begins with its sign.
func changeLine(c resource.Change, column int) string {
	mark, _ := signOf(c)
	line := mark + " " + pad(shownName(Describe(c)), column) + "  " + shownName(note(c))
	return strings.TrimRight(line, " ")
}

// rankOf is how much a change matters where not all can be shown.
func rankOf(c resource.Change) rank {
	if destroys(c) {
		return removal
	}
	return ordinary
}

// destroys tells changes that take something away, or that clients notice.
func destroys(c resource.Change) bool {
	return c.Action == resource.Delete || c.Action == resource.Replace || c.Cuts.Total() > 0
}

// absentees says how many changes were left out on hosts that have no part of their own.
func absentees(folds []*fold) string {
	const ending = 200 // bytes for what follows the names
	var said []string
	size, left := 0, 0
	for _, f := range folds {
		item := count(f.changes(), "change") + " on " + codeSpan(clipped(f.name))
		if size += len(item) + len(", "); size > maxAbsentees-ending || left > 0 {
			left += f.changes()
			continue
		}
		said = append(said, item)
	}
	if more := len(folds) - len(said); more > 0 {
		said = append(said, count(left, "change")+" on "+count(more, "more host"))
	}
	return "Left out, for want of room: " + strings.Join(said, ", ") + ".\n"
}

// maxName is how many characters of a name are shown.
const maxName = 64

// clipped is a name with all visible, and not longer than names are.
func clipped(name string) string {
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[:maxName]) + "…"
	}
	return shownName(name)
}

// fenced is a block of code of lines that are in no way part of the document.
func fenced(language, lines string) string {
	fence := strings.Repeat("`", max(3, longestRun(lines, '`')+1))
	return fence + language + "\n" + lines + "\n" + fence + "\n"
}

// codeSpan is a text as code in a line.
func codeSpan(text string) string {
	ticks := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return ticks + text + ticks
}

// longestRun is how often a character stands in a row in a text, at the most.
func longestRun(text string, what rune) int {
	longest, run := 0, 0
	for _, r := range text {
		if run++; r != what {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// fitted is as many whole lines as have room in some bytes, and how many more there are.
func fitted(lines []string, room int) string {
	size := 0
	for i, line := range lines {
		if size += len(line) + 1; size > room {
			return strings.Join(append(lines[:i:i], leftOut+count(len(lines)-i, "more line")), "\n")
		}
	}
	return strings.Join(lines, "\n")
}
