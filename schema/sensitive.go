package schema

import (
	"bytes"
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// The value of a sensitive variable is never printed. Three things see to that:
//
// It is marked, in the sense of cty, and so is whatever is computed from it. All that
// arguments of hosts and clusters say ends up in plans and ledgers, so a marked value
// is refused there: [scope.eval]. Local values and conditions may have it, and so may the
// one argument that is for secrets: [content.secret].
//
// Functions put their arguments into errors, so of what goes wrong in an expression with
// a sensitive value only the place is told: [censor].
//
// Diagnostics quote lines of files, so where the value is written the lines are shown
// with asterisks: [Sources.Files].

// sensitive is the mark of sensitive values.
const sensitive = mark("sensitive")

// A mark is put on values by this package and nobody else.
type mark string

// secret names the sensitive value that a reference leads to, if it does.
func (s *scope) secret(t hcl.Traversal) string {
	r := s.root(t.RootName())
	if r == nil || len(r.sensitive) == 0 {
		return ""
	}
	if len(t) > 1 {
		if name, ok := stepName(t[1]); ok {
			if r.sensitive[name] {
				return r.name + "." + name
			}
			return ""
		}
	}
	return r.name + "." + sortedKeys(r.sensitive)[0]
}

// exposed reports a sensitive value where all values are shown.
func (s *scope) exposed(expr hcl.Expression, secret string) *hcl.Diagnostic {
	return problem(expr.Range(), "Sensitive value", "%s cannot use %s, which is sensitive: plans show all that it is made of, and ledgers keep it. Use a variable that is not sensitive.", s.where, secret)
}

// censor takes out of diagnostics what may show a sensitive value. That leaves the
// summaries, which are fixed, and the places.
func censor(diags hcl.Diagnostics, secret string) hcl.Diagnostics {
	var fit hcl.Diagnostics
	for _, d := range diags {
		fit = append(fit, &hcl.Diagnostic{
			Severity: d.Severity, Summary: d.Summary, Subject: d.Subject, Context: d.Context,
			Detail: fmt.Sprintf("More is not said, since it could show %s, which is sensitive.", secret),
		})
	}
	return fit
}

// hide has a stretch of a file shown as asterisks.
func (s *Sources) hide(r hcl.Range) {
	if s.hidden == nil {
		s.hidden = map[string][]hcl.Range{}
	}
	s.hidden[r.Filename] = append(s.hidden[r.Filename], r)
}

// redacted is a file with asterisks for some stretches, all else at its place.
func redacted(f *hcl.File, stretches []hcl.Range) *hcl.File {
	text := bytes.Clone(f.Bytes)
	for _, r := range stretches {
		for i := r.Start.Byte; i < min(r.End.Byte, len(text)); i++ {
			if text[i] != '\n' && text[i] != '\r' {
				text[i] = '*'
			}
		}
	}
	return &hcl.File{Body: f.Body, Bytes: text, Nav: f.Nav}
}
