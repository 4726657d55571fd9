package schema

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A variableDecl is a variable with the block that declares it.
type variableDecl struct {
	name      string
	content   *content
	typ       variableType
	sensitive bool
	nullable  bool
	given     *given // nil where the default counts
	value     cty.Value
}

// A variableType is what values of a variable are converted to.
type variableType struct {
	constraint cty.Type
	optional   *typeexpr.Defaults // of attributes of objects
}

// loadVariables gives every variable its value, from outside or its default, and checks
// it.
func (l *loader) loadVariables(blocks hcl.Blocks) *root {
	r := &root{name: "var", noun: "variable", misread: l.misread, values: map[string]cty.Value{}, sensitive: map[string]bool{}}
	constants := l.newScope("The arguments of a variable")
	var decls []*variableDecl
	var names namespace
	for _, block := range blocks {
		if !l.declare(&names, block) {
			l.misreadBlock(block.Labels, nil)
			continue
		}
		v := l.variable(l.content(variableSpec, block, constants))
		r.values[v.name] = v.value
		if v.sensitive {
			r.sensitive[v.name] = true
		}
		decls = append(decls, v)
	}
	l.checkGiven(r)
	l.validate(decls, r)
	return r
}

// variable reads a variable block and computes its value, which is unknown after an
// error.
func (l *loader) variable(c *content) *variableDecl {
	name := c.block.Labels[0]
	c.str("description")
	v := &variableDecl{name: name, content: c, given: l.sources.given[name]}
	v.sensitive = c.unlessFalse("sensitive")
	l.sources.variables[name] = v.sensitive
	v.nullable = !c.given("nullable") || c.boolean("nullable")
	typed := v.readType()
	fallback := v.fallback()
	if typed {
		v.value = v.choose(fallback)
	} else {
		v.value = cty.DynamicVal
	}
	if v.sensitive {
		v.value = v.value.Mark(sensitive)
		l.hideValues(v)
	}
	return v
}

// unlessFalse is an argument that is true or false. A value that cannot be read counts
// as true, and none as false.
func (c *content) unlessFalse(name string) bool {
	v, ok := c.value(name)
	return c.given(name) && (!ok || v.True())
}

// hideValues has the values of a sensitive variable not shown where they are written.
func (l *loader) hideValues(v *variableDecl) {
	if attr := v.content.attrs["default"]; attr != nil {
		l.sources.hide(attr.Expr.Range())
	}
	for _, g := range l.inputs {
		if g.name == v.name && g.attr != nil {
			l.sources.hide(g.attr.Expr.Range())
		}
	}
}

// choose is the value of a variable: the given one, or else the fallback.
func (v *variableDecl) choose(fallback cty.Value) cty.Value {
	c := v.content
	if v.given == nil && !c.has("default") {
		how := "--var " + v.name + "=VALUE"
		if v.sensitive {
			how = envPrefix + v.name + "=VALUE in the environment"
		}
		c.fail(c.header(), "Missing value for variable", "The variable %q has no default, so a value must be given: %s.", v.name, how)
		return cty.DynamicVal
	}
	if v.given == nil {
		return fallback
	}
	if !c.has("type") {
		v.typ.constraint = typeLike(c, fallback)
	}
	value := v.givenValue()
	if value.IsNull() && !v.nullable {
		if !c.has("default") {
			v.refuse("it is null, and the variable is not nullable")
			return cty.DynamicVal
		}
		v.given, value = nil, fallback
	}
	return value
}

// readType reads the type of a variable.
func (v *variableDecl) readType() bool {
	v.typ.constraint = cty.DynamicPseudoType
	attr := v.content.attrs["type"]
	if attr == nil {
		return true
	}
	constraint, optional, diags := typeexpr.TypeConstraintWithDefaults(attr.Expr)
	for _, d := range diags {
		d.Detail += " Types are string, number, bool, any, list(TYPE), set(TYPE), map(TYPE), tuple([TYPE, …]) and object({NAME = TYPE, …})."
	}
	v.content.add(diags...)
	if diags.HasErrors() {
		return false
	}
	v.typ = variableType{constraint, optional}
	return true
}

// fallback reads the default of a variable, unknown where there is none.
func (v *variableDecl) fallback() cty.Value {
	c := v.content
	attr := c.attrs["default"]
	if attr == nil {
		return cty.DynamicVal
	}
	value, diags := c.scope.eval(attr.Expr)
	if v.sensitive {
		diags = censor(diags, "var."+v.name)
	}
	c.add(diags...)
	value, err := v.typ.convert(value)
	switch {
	case err != nil:
		c.fail(attr.Expr.Range(), "Invalid default for variable", "The default does not have the type of the variable: %s.", v.whyNot(err))
		return cty.DynamicVal
	case value.IsNull() && !v.nullable:
		c.fail(attr.Expr.Range(), "Invalid default for variable", "The default is null, and the variable is not nullable. Give it another default, or none.")
		return cty.DynamicVal
	}
	return value
}

// givenValue reads the value of a variable that was given from outside.
func (v *variableDecl) givenValue() cty.Value {
	value, reason := v.content.loader.value(v.given, v.typ.constraint, v.sensitive)
	if reason == "" {
		converted, err := v.typ.convert(value)
		if err == nil {
			return converted
		}
		reason = v.whyNot(err)
	}
	v.refuse(reason)
	return cty.DynamicVal
}

// refuse reports that the given value cannot be used.
func (v *variableDecl) refuse(reason string) {
	at, declared := v.content.header(), ""
	if attr := v.given.attr; attr != nil {
		at, declared = attr.Expr.Range(), " The variable is declared at "+place(at)+"."
	}
	v.content.fail(at, "Invalid value for variable", "%s cannot be used: %s.%s", v.given.shown(v.sensitive), reason, declared)
}

// whyNot is why a value cannot be converted. The error may say more of a value than may
// be shown.
func (v *variableDecl) whyNot(err error) string {
	if v.sensitive {
		return requires(v.typ.constraint)
	}
	return err.Error()
}

// requires says what a value must be.
func requires(t cty.Type) string { return "a value of type " + typeexpr.TypeString(t) + " is required" }

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

// convert makes a value one of the type.
func (t variableType) convert(v cty.Value) (cty.Value, error) {
	if t.optional != nil && !v.IsNull() && v.IsKnown() {
		v = t.optional.Apply(v)
	}
	return convert.Convert(v, t.constraint)
}
