// Package planfile is the file in which a plan waits between review and apply.
//
// The file does not say what to do: hosts are never handed its steps. It says what was
// shown to somebody, and from what: the config, the values of variables, and the state
// of the hosts. Who applies it makes the plan anew from the same config, and carries it
// out if it is the same plan on the same basis. So a file that is old, or was made up,
// cannot do anything that an apply of the config would not do.
//
// It is JSON with one more rule: the last member is the SHA-256 of every byte before it.
// Values of sensitive variables are not in it, and texts of files only as digests, which
// are those of the text with asterisks in the place of sensitive values.
package planfile

import (
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
)

// A File is a plan that was shown to somebody, and all that is needed to tell later
// whether it still holds.
type File struct {
	Lvsctl  string    `json:"-"` // version of the lvsctl that made it
	Created time.Time `json:"created"`
	By      string    `json:"by"` // user@machine

	Request  Request       `json:"request"`
	Config   Config        `json:"config"`
	Basis    Bases         `json:"basis"`
	Plan     *planner.Plan `json:"plan"`
	Warnings []Warning     `json:"warnings,omitempty"`
}

// A Request is what the plan was asked for with. Paths are relative to the directory in
// which that was, unless they are absolute.
type Request struct {
	Paths     []string   `json:"paths,omitempty"` // of the config; none: the current directory
	Hosts     []string   `json:"hosts,omitempty"` // the only ones to go to; none: all
	Destroy   bool       `json:"destroy,omitempty"`
	NoDrain   bool       `json:"no_drain,omitempty"`
	Skip      bool       `json:"skip_unreachable,omitempty"` // whether to go on without hosts that cannot be reached
	VarFiles  []string   `json:"var_files,omitempty"`
	Overrides []string   `json:"overrides,omitempty"` // policies to go past, sorted
	Variables []Variable `json:"variables,omitempty"`
	// Sensitive names the variables that had a value which is not kept here.
	Sensitive []string `json:"sensitive,omitempty"`
}

// A Variable is a value from the command line or the environment that counted.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Env   bool   `json:"env,omitempty"`
}

// Inputs are the values as they are given again, those of the environment apart from
// the others, since files of values come in between.
func (r Request) Inputs(env bool) []schema.Input {
	var inputs []schema.Input
	for _, v := range r.Variables {
		if v.Env == env {
			inputs = append(inputs, schema.Input{Name: v.Name, Value: v.Value, Env: env})
		}
	}
	return inputs
}

// A Config is what the config was: its files, and what it asked for.
type Config struct {
	Files   map[string]planner.Digest `json:"files"` // all that were read, by path
	Desired planner.Digest            `json:"desired"`
}

// Bases are the states of the hosts that the plan was made from, by name.
type Bases map[string]planner.Basis

// A Warning is a finding that was shown with the plan.
type Warning struct {
	Error   bool       `json:"error,omitempty"`
	Rule    string     `json:"rule,omitempty"`
	Summary string     `json:"summary"`
	Detail  string     `json:"detail,omitempty"`
	Range   *hcl.Range `json:"range,omitempty"`
}

// Warnings are findings as they are kept.
func Warnings(diags hcl.Diagnostics) []Warning {
	var list []Warning
	for _, d := range diags {
		w := Warning{Error: d.Severity == hcl.DiagError, Summary: d.Summary, Detail: d.Detail, Range: d.Subject}
		if r := schema.RuleOf(d); r != nil {
			w.Rule = r.Name
		}
		list = append(list, w)
	}
	return list
}

// Diagnostics are the warnings as they were found. The lines that they are about have
// to be looked up in the files.
func (f *File) Diagnostics() hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, w := range f.Warnings {
		d := &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: w.Summary, Detail: w.Detail, Subject: w.Range}
		if w.Error {
			d.Severity = hcl.DiagError
		}
		if w.Rule != "" {
			d.Extra = &schema.Rule{Name: w.Rule}
		}
		diags = append(diags, d)
	}
	return diags
}
