package schema

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A variableType is what values of a variable are converted to.
type variableType struct {
	constraint cty.Type
	optional   *typeexpr.Defaults // of attributes of objects
}

// loadVariables gives every variable its value: from outside, or its default.
func (l *loader) loadVariables(blocks hcl.Blocks) *root {
	r := &root{name: "var", noun: "variable", misread: l.misread, values: map[string]cty.Value{}}
	constants := newScope("The default of a variable")
	var names namespace
	for _, block := range blocks {
		if !l.declare(&names, block) {
			l.misreadBlock(block.Labels, nil)
			continue
		}
		c := l.content(variableSpec, block, constants)
		r.values[block.Labels[0]] = l.variable(c, block.Labels[0])
	}
	l.checkGiven(r)
	return r
}

// checkGiven reports values from outside for variables that nobody declared.
func (l *loader) checkGiven(r *root) {
	names := sortedKeys(r.values)
	for _, name := range sortedKeys(l.given) {
		if _, ok := r.values[name]; ok || r.misread[name] || r.misread[anyName] {
			continue
		}
		hint := didYouMean(name, names, "%s")
		if hint == "" {
			hint = " Declared variables: " + list(names) + "."
		}
		d := problem(hcl.Range{}, "Undeclared variable", "A value was given with --var %s=…, but the configuration has no variable %q.%s", name, name, hint)
		d.Subject = nil
		l.add(d)
	}
}

// variable is the value of one variable, unknown after an error.
func (l *loader) variable(c *content, name string) cty.Value {
	c.str("description")
	typ, ok := l.variableType(c)
	fallback := l.variableDefault(c, typ)
	if !ok {
		return cty.DynamicVal
	}
	if text, given := l.given[name]; given {
		if !c.has("type") {
			typ.constraint = typeLike(c, fallback)
		}
		return l.givenValue(c, name, text, typ)
	}
	if !c.has("default") {
		l.fail(c.header(), "Missing value for variable", "The variable %q has no default, so a value must be given: --var %s=VALUE.", name, name)
		return cty.DynamicVal
	}
	return fallback
}

// variableType reads the type of a variable.
func (l *loader) variableType(c *content) (variableType, bool) {
	attr := c.attrs["type"]
	if attr == nil {
		return variableType{constraint: cty.DynamicPseudoType}, true
	}
	constraint, optional, diags := typeexpr.TypeConstraintWithDefaults(attr.Expr)
	for _, d := range diags {
		d.Detail += " Types are string, number, bool, any, list(TYPE), set(TYPE), map(TYPE), tuple([TYPE, …]) and object({NAME = TYPE, …})."
	}
	l.add(diags...)
	if diags.HasErrors() {
		return variableType{constraint: cty.DynamicPseudoType}, false
	}
	return variableType{constraint, optional}, true
}

// variableDefault reads the default of a variable, unknown where there is none.
func (l *loader) variableDefault(c *content, typ variableType) cty.Value {
	attr := c.attrs["default"]
	if attr == nil {
		return cty.DynamicVal
	}
	v, diags := c.scope.eval(attr.Expr)
	l.add(diags...)
	v, err := typ.convert(v)
	if err != nil {
		l.fail(attr.Expr.Range(), "Invalid default for variable", "The default does not have the type of the variable: %s.", err)
		return cty.DynamicVal
	}
	return v
}

// givenValue reads the value of a variable that was given from outside.
func (l *loader) givenValue(c *content, name, text string, typ variableType) cty.Value {
	v, problem := givenLiteral(text, typ.constraint)
	if problem == "" {
		converted, err := typ.convert(v)
		if err == nil {
			return converted
		}
		problem = err.Error()
	}
	l.fail(c.header(), "Invalid value for variable", "The value given with --var %s=%s cannot be used: %s.", name, text, problem)
	return cty.DynamicVal
}

// typeLike is the type that a value from outside must have where the variable names
// none: that of a simple default, any for other defaults, and text where there is no
// default. Text turns into a number or bool by itself where one is needed.
func typeLike(c *content, fallback cty.Value) cty.Type {
	switch {
	case !c.has("default"):
		return cty.String
	case fallback.Type().IsPrimitiveType():
		return fallback.Type()
	default:
		return cty.DynamicPseudoType
	}
}

// givenLiteral reads a value from outside, or says why it cannot.
func givenLiteral(text string, want cty.Type) (cty.Value, string) {
	if want == cty.String {
		return cty.StringVal(text), ""
	}
	expr, diags := hclsyntax.ParseExpression([]byte(text), "--var", hcl.InitialPos)
	if !diags.HasErrors() && len(expr.Variables()) == 0 {
		v, valueDiags := newScope("").eval(expr)
		if !valueDiags.HasErrors() {
			return v, ""
		}
	}
	if want == cty.DynamicPseudoType {
		return cty.DynamicVal, `it is read as an HCL expression, and text needs quotes, as in --var 'NAME="text"'`
	}
	return cty.DynamicVal, "a value of type " + typeexpr.TypeString(want) + " is required"
}

// convert makes a value one of the type.
func (t variableType) convert(v cty.Value) (cty.Value, error) {
	if t.optional != nil && !v.IsNull() && v.IsKnown() {
		v = t.optional.Apply(v)
	}
	return convert.Convert(v, t.constraint)
}
