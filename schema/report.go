package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// How many findings of one sort are shown of one block, and of all. A wrong line in a
// cluster of thousands must not bury everything else.
const (
	maxAlike = 5
	maxTotal = 50
)

// A crowd is where findings of one sort are counted.
type crowd struct {
	summary string
	within  any // a pointer to what the findings are in, nil for everything
}

// A tally counts the findings of a crowd.
type tally struct {
	shown, hidden int
	last          *hcl.Diagnostic // the last one that is shown
}

// A text is what a diagnostic tells its reader.
type text struct {
	summary, detail string
	at              hcl.Range
}

// A finding is a diagnostic that is shown, with the instances of a block that it is about.
type finding struct {
	*hcl.Diagnostic
	first *instance // nil where it is about no instance
	more  int       // other instances
}

// A reporter gathers diagnostics.
type reporter struct {
	findings []*finding
	texts    map[text]*finding
	errors   int
	unknown  int // values that could not be had, for reasons that were reported
	crowds   map[crowd]*tally
}

// add takes over diagnostics.
func (r *reporter) add(diags ...*hcl.Diagnostic) {
	for _, d := range diags {
		r.report(d, nil)
	}
}

// trouble grows with each error and with each value that is missing because of one.
func (r *reporter) trouble() int { return r.errors + r.unknown }

// report takes over a diagnostic about an instance, nil for none. What is there already
// word for word is shown once.
func (r *reporter) report(d *hcl.Diagnostic, about *instance) {
	if d.Severity == hcl.DiagError {
		r.errors++
	}
	t := text{summary: d.Summary, detail: d.Detail}
	if d.Subject != nil {
		t.at = *d.Subject
	}
	if same := r.texts[t]; same != nil {
		same.more++
		return
	}
	if about != nil && !r.fits(crowd{d.Summary, t.at}, maxAlike, d) || !r.fits(crowd{d.Summary, nil}, maxTotal, d) {
		return
	}
	if r.texts == nil {
		r.texts = map[text]*finding{}
	}
	r.texts[t] = &finding{d, about, 0}
	r.findings = append(r.findings, r.texts[t])
}

// fits counts a diagnostic, and tells whether the crowd has room for it.
func (r *reporter) fits(key crowd, limit int, d *hcl.Diagnostic) bool {
	if r.crowds == nil {
		r.crowds = map[crowd]*tally{}
	}
	t := r.crowds[key]
	if t == nil {
		t = &tally{}
		r.crowds[key] = t
	}
	if t.shown == limit {
		t.hidden++
		return false
	}
	t.shown++
	t.last = d
	return true
}

// addContent takes over diagnostics about the arguments and blocks of a block, and
// completes them with what the block can have.
func (r *reporter) addContent(spec *blockSpec, diags hcl.Diagnostics) {
	for i, d := range diags {
		if d.Summary == "Missing block label" && i > 0 && *d.Subject == *diags[i-1].Subject {
			continue // follows from the one before
		}
		before, block, _ := strings.Cut(d.Summary, " for ")
		label, missing := strings.CutPrefix(before, "Missing ")
		switch {
		case d.Summary == "Unsupported argument" || d.Summary == "Unsupported block type" || d.Summary == "Extraneous JSON object property":
			d.Detail += whatFits(spec, d)
		case d.Summary == "Incorrect JSON value type" || d.Summary == "Missing block label":
			d.Detail += spec.formInJSON(d.Detail)
		case missing && block != "":
			d.Detail = fmt.Sprintf("A block of this type has a %s: %s %q { … }.", label, block, strings.ToUpper(label))
		case strings.HasPrefix(d.Summary, "Extraneous label for "):
			d.Detail = fmt.Sprintf("A block of this type has %s. Remove what is too much.", count(len(spec.nested(block).Labels), "name", "names"))
		}
		r.add(d)
	}
}

// whatFits says what a block can have in the place of something that is not expected there,
// unless HCL has a guess already.
func whatFits(spec *blockSpec, d *hcl.Diagnostic) string {
	_, quoted, _ := strings.Cut(d.Detail, `"`)
	name, _, _ := strings.Cut(quoted, `"`)
	switch {
	case strings.Contains(d.Detail, "Did you mean"):
		return ""
	case name == "dynamic":
		return ` Write for_each in the block itself, as in real_server "NAME" { for_each = … }.`
	case name == "for_each":
		return " Blocks that can be repeated are " + list(repeatable(fileSpec)) + "."
	case name == "count" && slices.Contains(spec.attrNames(), "for_each"):
		return " Write for_each = range(N) for instances whose each.key is 0 to N-1."
	case d.Summary == "Unsupported argument" && spec == fileSpec:
		return " Values of variables stand in a file that is named with --var-file, and whose name does not end in .hcl."
	case d.Summary == "Extraneous JSON object property":
		return spec.contents()
	case d.Summary == "Unsupported argument" && len(spec.Attrs) > 0:
		return fmt.Sprintf(" %s can have the arguments %s.", one(spec.Type), list(spec.attrNames()))
	case d.Summary == "Unsupported block type" && len(spec.Blocks) > 0:
		return fmt.Sprintf(" %s can have the blocks %s.", one(spec.Type), list(spec.blockTypes()))
	}
	return ""
}

// fail reports an error at a place.
func (r *reporter) fail(at hcl.Range, summary, format string, args ...any) {
	r.add(problem(at, summary, format, args...))
}

// finish returns all that was gathered in the order of the text.
func (r *reporter) finish() hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, f := range r.findings {
		complete(f.Diagnostic, f.instances())
		diags = append(diags, f.Diagnostic)
	}
	for _, t := range r.crowds {
		if t.hidden > 0 {
			complete(t.last, fmt.Sprintf(" %s the same problem.", count(t.hidden, "more place has", "more places have")))
		}
	}
	slices.SortStableFunc(diags, byPlace)
	return diags
}

// complete adds a sentence to a detail, before the way out that a rule offers.
func complete(d *hcl.Diagnostic, sentence string) {
	end := RuleOf(d).wayOut()
	d.Detail = strings.TrimSuffix(d.Detail, end) + sentence + end
}

// instances says which instances of a block a finding is about, if any.
func (f *finding) instances() string {
	switch {
	case f.first == nil:
		return ""
	case f.more == 0:
		return fmt.Sprintf(" This is so for %s.", f.first)
	}
	return fmt.Sprintf(" This is so for %s and %s.", f.first, count(f.more, "more instance", "more instances"))
}

// problem makes an error.
func problem(at hcl.Range, summary, format string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  summary,
		Detail:   fmt.Sprintf(format, args...),
		Subject:  &at,
	}
}

// byPlace orders diagnostics: those without a place, then by file and position.
func byPlace(a, b *hcl.Diagnostic) int {
	if a.Subject == nil || b.Subject == nil {
		return cmp.Compare(boolInt(a.Subject != nil), boolInt(b.Subject != nil))
	}
	return cmp.Or(
		cmp.Compare(a.Subject.Filename, b.Subject.Filename),
		cmp.Compare(a.Subject.Start.Byte, b.Subject.Start.Byte),
		cmp.Compare(a.Severity, b.Severity),
		cmp.Compare(a.Summary, b.Summary),
	)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// count writes a number with the word for it.
func count(n int, one, many string) string {
	switch n {
	case 0:
		return "no " + many
	case 1:
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// place writes where a range begins, as file:line.
func place(r hcl.Range) string { return SourceOf(r).String() }
