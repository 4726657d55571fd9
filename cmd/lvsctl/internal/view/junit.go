package view

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
)

// Reports in the format of JUnit, as GitLab and Jenkins read it.
//
// A test case keeps its name from run to run, so that a report says what broke and what was
// repaired since the last one: it is a file of the config, or a host. It fails at most once,
// with all that there is to say of the file or host as its text.

// A junitReport is the document.
type junitReport struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

// A junitSuite is what one command looked at.
type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

// A junitCase is a file or a host. An error is that it could not be looked at.
type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Output  *junitText    `xml:"system-out"`
}

// A junitProblem is why a case fails.
type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",cdata"`
}

// A junitText is context.
type junitText struct {
	Text string `xml:",cdata"`
}

// JUnitValidate writes a test case for each file of a config. Its errors are a failure, its
// warnings context.
func JUnitValidate(w io.Writer, r *Report) error {
	return writeJUnit(w, "lvsctl validate", r.fileCases("lvsctl.validate"))
}

// JUnitDrift writes a test case for each host. What is not as lvsctl left it is a failure;
// changes of the config that were not applied yet and what others made are context.
func JUnitDrift(w io.Writer, r *Report) error {
	const class = "lvsctl.drift"
	if r.Plan == nil || r.errored() {
		return writeJUnit(w, "lvsctl drift", r.fileCases(class))
	}
	var cases []junitCase
	for _, h := range r.Plan.Hosts {
		cases = append(cases, hostCase(class, r.Plan, h))
	}
	return writeJUnit(w, "lvsctl drift", cases)
}

// writeJUnit writes a document with one suite.
func writeJUnit(w io.Writer, name string, cases []junitCase) error {
	s := junitSuite{Name: name, Tests: len(cases), Cases: cases}
	for _, c := range cases {
		if c.Failure != nil {
			s.Failures++
		}
		if c.Error != nil {
			s.Errors++
		}
	}
	doc := junitReport{Name: name, Tests: s.Tests, Failures: s.Failures, Errors: s.Errors, Suites: []junitSuite{s}}
	text, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

// fileCases are the files of the config, and one for what is in none.
func (r *Report) fileCases(class string) []junitCase {
	byFile := map[string]hcl.Diagnostics{}
	for name := range r.Files {
		byFile[name] = nil
	}
	for _, d := range r.Diagnostics {
		name := ""
		if d.Subject != nil {
			name = d.Subject.Filename
		}
		byFile[name] = append(byFile[name], d)
	}
	if len(byFile) == 0 || r.Err != nil {
		byFile[""] = append(byFile[""], nil...)
	}
	var cases []junitCase
	for _, name := range slices.Sorted(maps.Keys(byFile)) {
		cases = append(cases, r.fileCase(class, name, byFile[name]))
	}
	return cases
}

// fileCase is one file with its diagnostics. The one without a name is for what is in none,
// be it what kept the command from its end.
func (r *Report) fileCase(class, name string, diags hcl.Diagnostics) junitCase {
	c := junitCase{Name: "configuration", Class: class}
	if name != "" {
		c.Name, c.File = shownName(slashed(name)), shownName(slashed(name))
	} else if r.Err != nil {
		c.Name = "lvsctl"
		first, _, _ := strings.Cut(r.Err.Error(), "\n")
		c.Error = &junitProblem{Message: shownName(first), Type: "error", Text: visibleLines(strings.TrimRight(r.trouble(), "\n"))}
	}
	var errs, warnings hcl.Diagnostics
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			errs = append(errs, d)
		} else {
			warnings = append(warnings, d)
		}
	}
	if len(errs) > 0 {
		c.Failure = &junitProblem{Message: failureMessage(errs), Type: idOf(errs[0]), Text: visibleLines(strings.TrimRight(r.text(errs), "\n"))}
	}
	if len(warnings) > 0 {
		c.Output = &junitText{visibleLines(strings.TrimRight(r.text(warnings), "\n"))}
	}
	return c
}

// failureMessage says what the errors of a file are, in one line.
func failureMessage(errs hcl.Diagnostics) string {
	message := shownName(errs[0].Summary)
	if at := errs[0].Subject; at != nil {
		message += fmt.Sprintf(" in line %d", at.Start.Line)
	}
	if more := len(errs) - 1; more > 0 {
		message += ", and " + count(more, "more error")
	}
	return message
}

// hostCase is one host with its drift.
func hostCase(class string, plan *planner.Plan, h planner.Host) junitCase {
	c := junitCase{Name: shownName(h.Name), Class: class}
	part := alone(plan, h)
	switch {
	case len(h.Drift) > 0:
		c.Failure = &junitProblem{Message: titled(driftSummary(part)), Type: "drift", Text: driftText(h)}
	case h.Rebooted > 0:
		c.Failure = &junitProblem{Message: rebootedWords(h), Type: "rebooted", Text: driftText(h)}
	}
	context := driftContext(part)
	for _, line := range foreignLines(part) {
		context = append(context, "  "+shownLine(line))
	}
	if len(context) > 0 {
		c.Output = &junitText{strings.Join(context, "\n")}
	}
	return c
}

// driftText is what is not as lvsctl left it on a host, as people read it.
func driftText(h planner.Host) string {
	var b strings.Builder
	p := NewPrinter(&b, false, reportColumns)
	for _, d := range h.Drift {
		p.drift(d)
	}
	if h.Rebooted > 0 {
		p.Printf("  %s\n", rebootedWords(h))
	}
	return visibleLines(strings.TrimRight(b.String(), "\n"))
}
