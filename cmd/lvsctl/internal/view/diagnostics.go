package view

import (
	"bytes"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema"
)

// Diagnostics prints what is wrong with a config, each with the lines it is about.
func (p *Printer) Diagnostics(files map[string]*hcl.File, diags hcl.Diagnostics) {
	if len(diags) == 0 {
		return
	}
	w := hcl.NewDiagnosticTextWriter(p.w, files, uint(p.width), p.color)
	for _, d := range diags {
		shown := *d // some tell what a host said
		shown.Summary, shown.Detail = Clean(d.Summary), cleanLines(d.Detail)
		shown.Subject = located(files, d.Subject)
		if err := w.WriteDiagnostic(&shown); err != nil && p.err == nil {
			p.err = err
		}
	}
}

// located is a range with its place in the text. One that knows its line alone, as what
// comes from a plan does, is all of that line.
func located(files map[string]*hcl.File, r *hcl.Range) *hcl.Range {
	if r == nil || r.Start.Byte > 0 || r.Start.Line < 2 || files[r.Filename] == nil {
		return r
	}
	start := 0
	for i, line := range bytes.SplitAfter(files[r.Filename].Bytes, []byte("\n")) {
		if i+1 == r.Start.Line {
			indent := len(line) - len(bytes.TrimLeft(line, " \t"))
			size := len(bytes.TrimSpace(line))
			at := func(column int) hcl.Pos {
				return hcl.Pos{Line: r.Start.Line, Column: column + 1, Byte: start + column}
			}
			return &hcl.Range{Filename: r.Filename, Start: at(indent), End: at(indent + size)}
		}
		start += len(line)
	}
	return r
}

// A Diagnostic is a finding as JSON.
type Diagnostic struct {
	Severity string `json:"severity"`
	Rule     string `json:"rule,omitempty"` // the name of the rule that found it, if one did
	Summary  string `json:"summary"`
	Detail   string `json:"detail,omitempty"`
	Range    *Range `json:"range,omitempty"`
}

// A Range is a stretch of a config file as JSON: lines and columns from 1.
type Range struct {
	File  string `json:"file"`
	Start Pos    `json:"start"`
	End   Pos    `json:"end"`
}

// A Pos is a place in a file.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// DiagnosticsJSON converts findings; the list is never null.
func DiagnosticsJSON(diags hcl.Diagnostics) []Diagnostic {
	list := make([]Diagnostic, 0, len(diags))
	for _, d := range diags {
		severity := "error"
		if d.Severity == hcl.DiagWarning {
			severity = "warning"
		}
		found := Diagnostic{Severity: severity, Summary: d.Summary, Detail: d.Detail, Range: rangeJSON(d.Subject)}
		if r := schema.RuleOf(d); r != nil {
			found.Rule = r.Name
		}
		list = append(list, found)
	}
	return list
}

func rangeJSON(r *hcl.Range) *Range {
	if r == nil {
		return nil
	}
	return &Range{r.Filename, Pos{r.Start.Line, r.Start.Column}, Pos{r.End.Line, r.End.Column}}
}

// Valid prints the last word of a validation; errs and warnings are numbers of
// findings.
func (p *Printer) Valid(errs, warnings int) {
	if errs == 0 && warnings == 0 {
		p.Printf("%s\n", p.paint(green, "The configuration is valid."))
		return
	}
	verdict := p.paint(green, "The configuration is valid")
	if errs > 0 {
		verdict = p.paint(red, "The configuration is not valid")
	}
	p.Printf("%s: %s, %s.\n", verdict, count(errs, "error"), count(warnings, "warning"))
}

// Tally counts findings by severity.
func Tally(diags hcl.Diagnostics) (errs, warnings int) {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			errs++
		} else {
			warnings++
		}
	}
	return errs, warnings
}

// A Validation is the result of validate as JSON.
type Validation struct {
	FormatVersion string       `json:"format_version"`
	Valid         bool         `json:"valid"`
	Errors        int          `json:"errors"`
	Warnings      int          `json:"warnings"`
	Diagnostics   []Diagnostic `json:"diagnostics"`
}

// NewValidation converts findings.
func NewValidation(diags hcl.Diagnostics) Validation {
	errs, warnings := Tally(diags)
	return Validation{formatVersion, errs == 0, errs, warnings, DiagnosticsJSON(diags)}
}

// Error prints what made a command fail.
func (p *Printer) Error(err error) {
	for i, line := range strings.Split(strings.ReplaceAll(err.Error(), "\t", "  "), "\n") {
		if i == 0 {
			line = p.paint(red, "Error:") + " " + Clean(line)
		} else {
			line = "  " + Clean(line)
		}
		p.Printf("%s\n", line)
	}
}
