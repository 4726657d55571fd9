package schema

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Every value that could not be had is unknown, in the sense of cty, after the reason
// was reported: an undeclared name, a variable that was not given, an address that is
// none. Whatever is computed from it is unknown too, and the getters of content.go
// pass over unknown values in silence. So a mistake is reported once, where it was
// made.

// A scope is what expressions of some place can refer to.
type scope struct {
	where string // who refers, to begin a sentence: "A host"
	roots []*root
	ctx   *hcl.EvalContext
}

// A root is the first word of references, such as var, and what can follow it.
type root struct {
	name   string
	noun   string // what the names under it are: "variable"
	values map[string]cty.Value
	// misread are names that are missing from values in blocks that the reader was
	// already told about. References to them are not reported again.
	misread map[string]bool
	// attrs are what can follow the name; nil is anything.
	attrs []string

	object cty.Value // values as one value, made when it is first needed
}

// anyName stands among misread names for that of a block which has none.
const anyName = ""

// value is all values of the root as an object. They must not change any more.
func (r *root) value() cty.Value {
	if r.object == cty.NilVal {
		r.object = cty.ObjectVal(r.values)
	}
	return r.object
}

// newScope puts roots together for use by expressions.
func newScope(where string, roots ...*root) *scope {
	ctx := &hcl.EvalContext{Variables: make(map[string]cty.Value, len(roots)), Functions: functions}
	for _, r := range roots {
		ctx.Variables[r.name] = r.value()
	}
	return &scope{where, roots, ctx}
}

// eval computes an expression. With an error the value is unknown.
func (s *scope) eval(expr hcl.Expression) (cty.Value, hcl.Diagnostics) {
	if v, ok := literal(expr); ok {
		return v, nil
	}
	var diags hcl.Diagnostics
	resolved := true
	for _, t := range expr.Variables() {
		ok, diag := s.check(t)
		resolved = resolved && ok
		if diag != nil {
			diags = append(diags, diag)
		}
	}
	if !resolved {
		return cty.DynamicVal, diags
	}
	v, diags := expr.Value(s.ctx)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	return v, diags
}

// literal is the value of an expression that is a plain string, number or the like.
func literal(expr hcl.Expression) (cty.Value, bool) {
	switch e := expr.(type) {
	case *hclsyntax.LiteralValueExpr:
		return e.Val, true
	case *hclsyntax.TemplateExpr:
		if len(e.Parts) == 1 {
			if part, ok := e.Parts[0].(*hclsyntax.LiteralValueExpr); ok && part.Val.Type() == cty.String {
				return part.Val, true
			}
		}
	}
	return cty.NilVal, false
}

// check tells whether a reference leads anywhere, and reports it if it does not and
// was not reported before.
func (s *scope) check(t hcl.Traversal) (bool, *hcl.Diagnostic) {
	r := s.root(t.RootName())
	if r == nil {
		return false, s.unknownRoot(t)
	}
	if len(t) < 2 {
		return true, nil
	}
	name, ok := stepName(t[1])
	if !ok {
		return true, nil
	}
	if _, ok := r.values[name]; !ok {
		return false, r.unknownName(name, t)
	}
	if len(t) > 2 && r.attrs != nil {
		return r.checkAttr(t)
	}
	return true, nil
}

func (s *scope) root(name string) *root {
	for _, r := range s.roots {
		if r.name == name {
			return r
		}
	}
	return nil
}

// unknownRoot reports a reference that does not begin as references here can.
func (s *scope) unknownRoot(t hcl.Traversal) *hcl.Diagnostic {
	at := t.SourceRange()
	if len(s.roots) == 0 {
		return problem(at, "Reference not allowed", "%s cannot refer to anything, so this must be a value.", s.where)
	}
	var names, usage []string
	for _, r := range s.roots {
		names = append(names, r.name)
		usage = append(usage, r.name+".NAME")
	}
	name := t.RootName()
	if name == "host" {
		return problem(at, "Reference not allowed", "%s cannot refer to hosts, only to %s.", s.where, listWords(usage))
	}
	hint := didYouMean(name, names, "%s")
	if hint == "" && len(t) == 1 {
		hint = fmt.Sprintf(" Text is written in quotes: %q.", name)
	}
	return problem(at, "Unknown reference", "There is no %q to refer to. %s can refer to %s.%s", name, s.where, listWords(usage), hint)
}

// unknownName reports a reference to something that is not declared.
func (r *root) unknownName(name string, t hcl.Traversal) *hcl.Diagnostic {
	if r.misread[name] || r.misread[anyName] {
		return nil
	}
	names := sortedKeys(r.values)
	hint := didYouMean(name, names, r.name+".%s")
	if hint == "" {
		hint = " Declared here: " + list(names) + "."
	}
	at := hcl.RangeBetween(t[0].(hcl.TraverseRoot).SrcRange, stepRange(t[1]))
	return problem(at, "Unknown "+r.noun, "There is no %s named %q.%s", r.noun, name, hint)
}

// checkAttr looks at what follows the name in a reference.
func (r *root) checkAttr(t hcl.Traversal) (bool, *hcl.Diagnostic) {
	attr, ok := stepName(t[2])
	if !ok {
		return true, nil
	}
	for _, known := range r.attrs {
		if attr == known {
			return true, nil
		}
	}
	return false, problem(stepRange(t[2]), "Unknown attribute", "A %s has no %q that can be referred to, only %s.%s", r.noun, attr, list(r.attrs), didYouMean(attr, r.attrs, "%s"))
}

// stepName is the name that a step of a traversal selects, as .NAME or ["NAME"].
func stepName(step hcl.Traverser) (string, bool) {
	switch s := step.(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String && s.Key.IsKnown() && !s.Key.IsNull() {
			return s.Key.AsString(), true
		}
	}
	return "", false
}

// stepRange is where a step of a traversal is written.
func stepRange(step hcl.Traverser) hcl.Range { return step.SourceRange() }
