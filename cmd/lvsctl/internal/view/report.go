package view

import (
	"io"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
)

// A Report is what a command has found, for the documents that pipelines read. These are
// made at the end, of all that there is.
type Report struct {
	Plan        *planner.Plan        // nil where there is none, as for validate, or where none could be made
	Withdrawn   bool                 // the plan is to take all away
	Foreign     bool                 // objects of others are to be listed
	Diagnostics hcl.Diagnostics      // of the config and the hosts
	Files       map[string]*hcl.File // the config that they are about, as far as it was read
	Hosts       []*schema.Host       // of the config
	Err         error                // what else kept the command from its end
	Version     string               // of lvsctl
}

// A Document writes a report.
type Document func(io.Writer, *Report) error

// errored tells a report of a command that did not get to its result.
func (r *Report) errored() bool { return r.Err != nil || r.Diagnostics.HasErrors() }

// troubles says how many errors and warnings there are.
func (r *Report) troubles() string {
	errs, warnings := Tally(r.Diagnostics)
	if r.Err != nil {
		errs++
	}
	var said []string
	if errs > 0 {
		said = append(said, count(errs, "error"))
	}
	if warnings > 0 {
		said = append(said, count(warnings, "warning"))
	}
	return strings.Join(said, ", ")
}

// reportColumns is how wide findings are in documents, in columns.
const reportColumns = 100

// text is some findings as people read them on a terminal.
func (r *Report) text(diags hcl.Diagnostics) string {
	var b strings.Builder
	NewPrinter(&b, false, reportColumns).Diagnostics(r.Files, diags)
	return b.String()
}

// trouble is what kept the command from its end as people read it, empty for nothing.
func (r *Report) trouble() string {
	if r.Err == nil {
		return ""
	}
	var b strings.Builder
	NewPrinter(&b, false, reportColumns).Error(r.Err)
	return b.String() + "\n"
}

// titled puts a verdict and its details together.
func titled(verdict, details string) string { return verdict + " " + details }
