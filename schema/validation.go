package schema

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// validate holds the values of variables against their conditions. All variables have
// their values by then, so that a condition can compare them. A value that is refused
// becomes unknown: what it would lead to further down is not reported as well.
func (l *loader) validate(decls []*variableDecl, vars *root) {
	scope := l.newScope("The condition of a variable", vars)
	var refused []string
	for _, v := range decls {
		before := l.errors
		for _, block := range v.content.blocks {
			v.validation(l.content(validationSpec, block, scope))
		}
		if l.errors > before {
			refused = append(refused, v.name)
		}
	}
	for _, name := range refused {
		vars.values[name] = cty.DynamicVal
	}
	vars.object = cty.NilVal
}

// validation holds the value of a variable against one condition.
func (v *variableDecl) validation(c *content) {
	message, sayable := v.errorMessage(c)
	attr := c.attrs["condition"]
	if attr == nil {
		return
	}
	if !refersTo(attr.Expr, v.name) {
		c.fail(attr.Expr.Range(), "Invalid condition", "The condition says whether a value of the variable %q can be used, so it must refer to var.%s.", v.name, v.name)
		return
	}
	result, ok := v.holds(c, attr)
	if ok && !result && sayable {
		c.fail(attr.Expr.Range(), "Invalid value for variable", "%s %s does not meet this condition.", message, v.origin())
	}
}

// holds computes a condition. The second result is false where it has none, and the
// reason was reported.
func (v *variableDecl) holds(c *content, attr *hcl.Attribute) (result, ok bool) {
	value, diags := c.scope.evalHidden(attr.Expr)
	for _, d := range diags {
		d.Detail += " " + v.origin() + " led to this."
	}
	c.add(diags...)
	if !value.IsKnown() {
		return false, false // for reasons that were reported
	}
	plain, marks := value.Unmark()
	verdict, err := convert.Convert(plain, cty.Bool)
	if err != nil || verdict.IsNull() {
		what := describe(plain)
		if len(marks) > 0 {
			what = "something else"
		}
		c.fail(attr.Expr.Range(), "Invalid condition", "The condition must be true or false, and for this value it is %s.", what)
		return false, false
	}
	return verdict.True(), true
}

// errorMessage is what is said of a value that does not meet the condition.
func (v *variableDecl) errorMessage(c *content) (message string, ok bool) {
	attr := c.attrs["error_message"]
	if attr == nil {
		return "", false
	}
	value, diags := c.scope.evalHidden(attr.Expr)
	c.add(diags...)
	if !value.IsWhollyKnown() {
		return "", false
	}
	if value.ContainsMarked() {
		return "The message is not shown, since it is made with a sensitive value.", true
	}
	text, err := convert.Convert(value, cty.String)
	if err != nil || text.IsNull() {
		c.wrongType(attr.Expr.Range(), c.spec.attr("error_message"), value)
		return "", false
	}
	return text.AsString(), true
}

// origin says where the value of the variable comes from, with the value if it is simple
// and may be shown.
func (v *variableDecl) origin() string {
	origin := "The default"
	if v.given != nil {
		origin = v.given.shown(v.sensitive)
	}
	simple := v.value.IsKnown() && v.value.Type().IsPrimitiveType()
	onCommandLine := v.given != nil && v.given.attr == nil && !v.given.env
	if v.sensitive || !simple || onCommandLine {
		return origin
	}
	return origin + ", " + describe(v.value) + ","
}

// refersTo tells whether an expression refers to a variable.
func refersTo(expr hcl.Expression, name string) bool {
	for _, t := range expr.Variables() {
		if t.RootName() != "var" {
			continue
		}
		if len(t) == 1 {
			return true
		}
		if step, ok := stepName(t[1]); !ok || step == name {
			return true
		}
	}
	return false
}
