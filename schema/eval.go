package schema

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
)

// Every value that could not be had is unknown, in the sense of cty, after the reason
// was reported: an undeclared name, a variable that was not given, an address that is
// none. Whatever is computed from it is unknown too, and the getters of content.go
// pass over unknown values in silence. So a mistake is reported once, where it was
// made.

// A scope is what expressions of some place can refer to.
type scope struct {
	where    string // who refers, to begin a sentence: "A host"
	roots    []*root
	library  *library
	values   map[string]cty.Value        // of the roots, by name
	contexts map[string]*hcl.EvalContext // by directory, made when they are first needed
	instance *instance                   // whose scope it is, nil outside of blocks with for_each
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
	// sensitive are names whose values are sensitive or contain such values.
	sensitive map[string]bool
	// repeated are the names of blocks with for_each: a key comes between name and attrs.
	repeated map[string]bool
	// noKey are references to keys that are not there: a block that is repeated refers to the
	// same one again and again, and what is wrong with it takes time to tell among many.
	noKey map[hcl.Range]*hcl.Diagnostic

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
func (l *loader) newScope(where string, roots ...*root) *scope {
	values := make(map[string]cty.Value, len(roots))
	for _, r := range roots {
		values[r.name] = r.value()
	}
	return &scope{where: where, roots: roots, library: l.library, values: values}
}

// within is the scope of an instance: that around its block, and each.
func (s *scope) within(e element) *scope {
	each := &root{name: "each", noun: "part of each", values: map[string]cty.Value{"key": cty.StringVal(e.key), "value": e.value}}
	roots := s.roots
	if s.instance != nil {
		roots = roots[:len(roots)-1] // its each is out of sight
	}
	values := maps.Clone(s.values)
	values["each"] = each.value()
	return &scope{
		where: s.where, roots: append(slices.Clip(roots), each), library: s.library, values: values,
		instance: &instance{e.key, s.instance},
	}
}

// context is what the expressions of a file are computed with.
func (s *scope) context(file string) *hcl.EvalContext {
	dir := filepath.Dir(file)
	ctx := s.contexts[dir]
	if ctx == nil {
		if s.contexts == nil {
			s.contexts = map[string]*hcl.EvalContext{}
		}
		ctx = &hcl.EvalContext{Variables: s.values, Functions: s.library.functions(dir)}
		s.contexts[dir] = ctx
	}
	return ctx
}

// eval computes an expression whose value may be shown. With an error the value is
// unknown, and a sensitive value is an error.
func (s *scope) eval(expr hcl.Expression) (cty.Value, hcl.Diagnostics) {
	v, secret, diags := s.compute(expr)
	if secret != "" && v.ContainsMarked() {
		return cty.DynamicVal, append(diags, s.exposed(expr, secret))
	}
	return v, diags
}

// evalHidden is eval for a value that is not shown. It may be sensitive, and is marked
// then.
func (s *scope) evalHidden(expr hcl.Expression) (cty.Value, hcl.Diagnostics) {
	v, _, diags := s.compute(expr)
	return v, diags
}

// compute computes an expression, and names the first sensitive value that it refers
// to.
func (s *scope) compute(expr hcl.Expression) (v cty.Value, secret string, diags hcl.Diagnostics) {
	if v, ok := literal(expr); ok {
		return v, "", nil
	}
	inJSON := json.IsJSONExpression(expr)
	if inJSON {
		defer func() { confine(diags, expr.Range()) }()
	}
	secret, ok, diags := s.refer(expr)
	switch {
	case !ok:
		return cty.DynamicVal, secret, diags
	case secret != "" && inJSON && s.secretKey(expr):
		return cty.DynamicVal, secret, hcl.Diagnostics{problem(expr.Range(), "Sensitive value", "In JSON the names in an object cannot be made of sensitive values, such as %s.", secret)}
	}
	v, diags = expr.Value(s.context(expr.Range().Filename))
	if secret != "" {
		diags = censor(diags, secret)
	}
	diags = fromTemplates(diags)
	s.settleHints(diags)
	if diags.HasErrors() {
		return cty.DynamicVal, secret, diags
	}
	return v, secret, diags
}

// refer checks the references in an expression, and names the first sensitive value that
// one of them leads to. The second result is false where one leads nowhere.
func (s *scope) refer(expr hcl.Expression) (secret string, ok bool, diags hcl.Diagnostics) {
	ok = true
	for _, t := range expr.Variables() {
		leads, diag := s.check(t)
		ok = ok && leads
		if diag != nil {
			diags = append(diags, diag)
		}
		if secret == "" {
			secret = s.secret(t)
		}
	}
	return secret, ok, diags
}

// unknownFunction is what HCL says of a call to a function that is none. Of several
// similar names it suggests any.
var unknownFunction = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`There is no function named "([^"]*)"\.( Did you mean "[^"]*"\?)?`)
})

// settleHints makes what is said of unknown functions the same each time.
func (s *scope) settleHints(diags hcl.Diagnostics) {
	for _, d := range diags {
		d.Detail = unknownFunction().ReplaceAllStringFunc(d.Detail, func(found string) string {
			name := unknownFunction().FindStringSubmatch(found)[1]
			names := sortedKeys(s.library.functions("."))
			return fmt.Sprintf("There is no function named %q.%s", name, didYouMean(name, names, "%q"))
		})
	}
}

// literal is the value of an expression that is a plain string, number or the like.
func literal(expr hcl.Expression) (cty.Value, bool) {
	if json.IsJSONExpression(expr) {
		return jsonLiteral(expr)
	}
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
	switch {
	case len(t) > 2 && r.repeated[name]:
		return r.checkKey(name, t)
	case len(t) > 2 && r.attrs != nil:
		return r.checkAttr(t[2])
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
	name := t.RootName()
	quote := ""
	if len(t) == 1 {
		quote = fmt.Sprintf(" Text is written in quotes: %q.", name)
	}
	if len(s.roots) == 0 {
		return problem(at, "Reference not allowed", "%s cannot refer to anything, so this must be a value.%s", s.where, quote)
	}
	var names, usage []string
	for _, r := range s.roots {
		names = append(names, r.name)
		usage = append(usage, r.usage()...)
	}
	switch name {
	case "host":
		return problem(at, "Reference not allowed", "%s cannot refer to hosts, only to %s.", s.where, listWords(usage))
	case "each":
		return problem(at, "Reference not allowed", "What each stands for is an element of for_each, and neither this block nor one around it has that argument.")
	}
	hint := didYouMean(name, names, "%s")
	if hint == "" {
		hint = quote
	}
	return problem(at, "Unknown reference", "There is no %q to refer to. %s can refer to %s.%s", name, s.where, listWords(usage), hint)
}

// usage is how the root is referred to.
func (r *root) usage() []string {
	switch r.name {
	case "each":
		return []string{"each.key", "each.value"}
	case "server":
		return []string{"server.name", "server.address"}
	}
	return []string{r.name + ".NAME"}
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

// checkKey looks at what follows the name of a repeated block in a reference.
func (r *root) checkKey(name string, t hcl.Traversal) (bool, *hcl.Diagnostic) {
	key, ok := stepName(t[2])
	all := r.values[name]
	switch {
	case !ok:
		return true, nil
	case !all.IsKnown():
		return false, nil
	case !all.Type().HasAttribute(key):
		at := stepRange(t[2])
		if r.noKey[at] == nil {
			keys := sortedKeys(all.Type().AttributeTypes())
			r.noKey[at] = problem(at, "Unknown "+r.noun, "There is no %s.%s[%q]. The %s %q is repeated with for_each, and its keys are: %s.%s", r.name, name, key, r.noun, name, list(keys), didYouMean(key, keys, "%q"))
		}
		return false, r.noKey[at]
	case len(t) > 3:
		return r.checkAttr(t[3])
	}
	return true, nil
}

// checkAttr looks at the step of a reference that follows the name.
func (r *root) checkAttr(step hcl.Traverser) (bool, *hcl.Diagnostic) {
	attr, ok := stepName(step)
	if !ok {
		return true, nil
	}
	for _, known := range r.attrs {
		if attr == known {
			return true, nil
		}
	}
	return false, problem(stepRange(step), "Unknown attribute", "A %s has no %q that can be referred to, only %s.%s", r.noun, attr, list(r.attrs), didYouMean(attr, r.attrs, "%s"))
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
