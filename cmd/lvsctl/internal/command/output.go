package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/spf13/cobra"
)

// An output is a document that a command prints for a pipeline, in the place of what it
// prints for people. It is all that goes to standard output, also when the command fails.
type output struct {
	name  string
	write view.Document
	log   bool // people read it in the job's log, so nothing of it is said on standard error
}

// The formats of every command that has any.
const (
	formatHuman = "human"
	formatJSON  = "json"
)

// formatFlag adds --format for a command that prints documents, and has it say in them what
// makes it fail.
func (a *app) formatFlag(c *cobra.Command, outputs ...output) {
	names := []string{formatHuman, formatJSON}
	for _, o := range outputs {
		names = append(names, o.name)
	}
	c.Flags().StringVar(&a.formatName, "format", formatHuman, "what to print: "+alternatives(names))
	if err := c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := a.chooseFormat(c, names, outputs); err != nil {
			return err
		}
		return a.failing(run(c, args))
	}
}

// chooseFormat finds what --format asks for.
func (a *app) chooseFormat(c *cobra.Command, names []string, outputs []output) error {
	if !slices.Contains(names, a.formatName) {
		return fmt.Errorf("--format %s: want %s", a.formatName, alternatives(names))
	}
	if a.json && c.Flags().Changed("format") && a.formatName != formatJSON {
		return fmt.Errorf("--format %s: --json asks for another format; leave out one of the two", a.formatName)
	}
	a.json = a.json || a.formatName == formatJSON
	if i := slices.IndexFunc(outputs, func(o output) bool { return o.name == a.formatName }); i >= 0 {
		a.output = &outputs[i]
	}
	return nil
}

// alternatives lists words for a sentence, in quotation marks.
func alternatives(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = `"` + w + `"`
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// failing says in the document, too, what made a command fail that has printed none.
func (a *app) failing(err error) error {
	var said *exit
	if err == nil || a.output == nil || a.documented || errors.As(err, &said) {
		return err
	}
	report := &view.Report{}
	if a.begun != nil {
		report = a.begun.report(nil)
	}
	report.Err = err
	if writeErr := a.print(report); writeErr != nil {
		return errors.Join(err, writeErr)
	}
	return err
}

// print prints the document that was asked for.
func (a *app) print(r *view.Report) error {
	a.documented = true
	r.Version = buildVersion()
	return a.output.write(a.out, r)
}

// tells says whether findings are printed for people, on standard error. Documents that
// people see have them, and so does JSON.
func (a *app) tells() bool { return !a.json && (a.output == nil || !a.output.log) }

// report is what the session knows by now.
func (s *session) report(plan *planner.Plan) *view.Report {
	r := &view.Report{Plan: plan, Withdrawn: s.withdrawn, Diagnostics: s.warnings}
	if s.sources != nil {
		r.Files = s.sources.Files()
	}
	if s.config != nil {
		r.Hosts = s.config.Hosts
	}
	return r
}
