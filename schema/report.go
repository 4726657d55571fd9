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

// A reporter gathers diagnostics.
type reporter struct {
	diags  hcl.Diagnostics
	errors int
	crowds map[crowd]*tally
}

// add takes over diagnostics.
func (r *reporter) add(diags ...*hcl.Diagnostic) {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			r.errors++
		}
		if r.fits(crowd{d.Summary, nil}, maxTotal, d) {
			r.diags = append(r.diags, d)
		}
	}
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
	for _, d := range diags {
		_, block, _ := strings.Cut(d.Summary, " for ")
		hinted := strings.Contains(d.Detail, "Did you mean")
		switch {
		case d.Summary == "Unsupported argument" && !hinted && len(spec.Attrs) > 0:
			d.Detail += fmt.Sprintf(" A %s can have the arguments %s.", words(spec.Type), list(spec.attrNames()))
		case d.Summary == "Unsupported block type" && !hinted && len(spec.Blocks) > 0:
			d.Detail += fmt.Sprintf(" A %s can have the blocks %s.", words(spec.Type), list(spec.blockTypes()))
		case strings.HasPrefix(d.Summary, "Missing name for "):
			d.Detail = fmt.Sprintf("A block of this type has a name: %s \"NAME\" { … }.", block)
		case strings.HasPrefix(d.Summary, "Extraneous label for "):
			d.Detail = fmt.Sprintf("A block of this type has %s. Remove what is too much.", count(len(spec.nested(block).Labels), "name", "names"))
		}
		r.add(d)
	}
}

// fail reports an error at a place.
func (r *reporter) fail(at hcl.Range, summary, format string, args ...any) {
	r.add(problem(at, summary, format, args...))
}

// failAlike is fail for what may be wrong many times within the same thing.
func (r *reporter) failAlike(within any, at hcl.Range, summary, format string, args ...any) {
	r.addAlike(within, problem(at, summary, format, args...))
}

// addAlike takes over a diagnostic unless there are enough of its sort already.
func (r *reporter) addAlike(within any, d *hcl.Diagnostic) {
	if r.fits(crowd{d.Summary, within}, maxAlike, d) {
		r.add(d)
	}
}

// finish returns all that was gathered in the order of the text.
func (r *reporter) finish() hcl.Diagnostics {
	for _, t := range r.crowds {
		if t.hidden > 0 {
			t.last.Detail += fmt.Sprintf(" %s the same problem.", count(t.hidden, "more place has", "more places have"))
		}
	}
	slices.SortStableFunc(r.diags, byPlace)
	return r.diags
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
