package view

import (
	"path"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A finding is one thing that is not as it should be, as pipelines list them: what a
// diagnostic says of the config, or an object that is not as lvsctl left it.
type finding struct {
	id      string // of what finds such things
	level   string // "error" or "warning"
	title   string // in a few words
	message string // may have several lines
	host    string // that it is on, empty for findings in the config
	object  string // of that host, empty for all of it
	at      *hcl.Range
}

// The names of what finds drift.
const (
	driftGone     = "drift/gone"
	driftChanged  = "drift/changed"
	driftRebooted = "drift/rebooted"
)

// found lists what the diagnostics say.
func (r *Report) found() []finding {
	list := make([]finding, 0, len(r.Diagnostics))
	for _, d := range r.Diagnostics {
		f := finding{id: idOf(d), level: "error", title: shownName(d.Summary), message: visibleLines(d.Detail), at: located(r.Files, d.Subject)}
		if d.Severity == hcl.DiagWarning {
			f.level = "warning"
		}
		if f.message == "" {
			f.message = f.title
		}
		list = append(list, f)
	}
	return list
}

// idOf is the name of the rule that a diagnostic comes from, by which it can be ignored. One
// that comes from none has its summary, which is always the same, as a name.
func idOf(d *hcl.Diagnostic) string {
	if rule := schema.RuleOf(d); rule != nil {
		return rule.Name
	}
	words := strings.FieldsFunc(strings.ToLower(d.Summary), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return "config/" + strings.Join(words, "-")
}

// drifted lists what is not as lvsctl left it. What the config still wants is an error, and
// what it does not want any more a warning.
func (r *Report) drifted() []finding {
	var list []finding
	wants := wanted(r.Plan)
	for _, h := range r.Plan.Hosts {
		if h.Rebooted > 0 {
			list = append(list, finding{
				id: driftRebooted, level: "error", title: "Host was rebooted", host: shownName(h.Name),
				message: shownName(h.Name) + ": " + rebootedWords(h), at: r.hostBlock(h.Name),
			})
		}
		for _, d := range h.Drift {
			list = append(list, r.driftedObject(h.Name, d, wants[objectAt{h.Name, d.Left.Key()}]))
		}
	}
	return list
}

// driftedObject is the finding of one object, and the change of the plan that is for it.
func (r *Report) driftedObject(host string, d planner.Drift, c resource.Change) finding {
	_, object, what := driftWords(d)
	f := finding{
		id: driftChanged, level: "warning", title: "Changed on the host", host: shownName(host), object: shownName(d.Left.Key().String()),
		message: shownName(host) + ": " + visibleLines(object) + ", " + what, at: r.hostBlock(host),
	}
	if d.Found == nil {
		f.id, f.title = driftGone, "Gone from the host"
	}
	if c.Action.TouchesHost() && c.After != nil && c.Source.File != "" {
		f.level = "error"
	}
	if c.Source.File != "" {
		f.at = r.line(c.Source)
	}
	return f
}

// An objectAt is an object on a host.
type objectAt struct {
	host string
	key  resource.Key
}

// wanted are the changes of a plan that the config names a line for, by object.
func wanted(plan *planner.Plan) map[objectAt]resource.Change {
	wants := map[objectAt]resource.Change{}
	for _, s := range plan.Steps {
		for _, c := range s.Changes {
			at := objectAt{s.Host, c.Key()}
			if _, known := wants[at]; !known && c.Source.File != "" {
				wants[at] = c
			}
		}
	}
	return wants
}

// line is a line of the config as a range.
func (r *Report) line(s resource.Source) *hcl.Range {
	start := hcl.Pos{Line: s.Line, Column: 1}
	return located(r.Files, &hcl.Range{Filename: s.File, Start: start, End: start})
}

// hostBlock is where the config has a host, nil where that is not known.
func (r *Report) hostBlock(name string) *hcl.Range {
	for _, h := range r.Hosts {
		if h.Name == name {
			return &h.Range
		}
	}
	return nil
}

// A region is a stretch of a file in lines and columns from 1. The end column is behind it,
// and columns are 0 where only lines are known.
type region struct{ startLine, startColumn, endLine, endColumn int }

// region is the region of a range. Columns are in characters of Unicode, as programs count,
// and not in what people see as one, as HCL does.
func (r *Report) region(at *hcl.Range) region {
	reg := region{startLine: max(1, at.Start.Line), endLine: max(1, at.Start.Line, at.End.Line)}
	file := r.Files[at.Filename]
	if file == nil || at.End.Byte > len(file.Bytes) || at.Start.Byte > at.End.Byte {
		return reg
	}
	reg.startColumn, reg.endColumn = columnOf(file.Bytes, at.Start.Byte), columnOf(file.Bytes, at.End.Byte)
	return reg
}

// columnOf is the column of a byte in its line.
func columnOf(text []byte, at int) int {
	start := at
	for start > 0 && text[start-1] != '\n' {
		start--
	}
	return utf8.RuneCount(text[start:at]) + 1
}

// slashed is the name of a file as it is written everywhere.
func slashed(name string) string { return path.Clean(filepath.ToSlash(name)) }

// shownName is a name with all visible.
func shownName(name string) string { return shownLine(Clean(name)) }
