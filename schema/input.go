package schema

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
)

// An Input gives variables their values from outside: a file of values, or one value.
// Of several values for one variable the last one counts.
type Input struct {
	// File is a file of lines NAME = VALUE in HCL, or of one JSON object if its name
	// ends in .json. The other fields are empty then.
	File string

	Name string
	// Value is text for a variable of type string, and an HCL expression for others.
	Value string
	// Env tells that the value comes from the environment, where a name may well be
	// meant for another config.
	Env bool
}

// envPrefix begins the names of environment variables that are values for variables.
const envPrefix = "LVSCTL_VAR_"

// Environment picks the inputs out of an environment, a list of NAME=VALUE: the values
// of LVSCTL_VAR_NAME, in the order of the names.
func Environment(environ []string) []Input {
	var inputs []Input
	for _, entry := range environ {
		name, value, ok := strings.Cut(entry, "=")
		if name, ours := strings.CutPrefix(name, envPrefix); ok && ours && name != "" {
			inputs = append(inputs, Input{Name: name, Value: value, Env: true})
		}
	}
	slices.SortStableFunc(inputs, func(a, b Input) int { return strings.Compare(a.Name, b.Name) })
	return inputs
}

// An inputFile is a file with values of variables.
type inputFile struct {
	name   string
	text   []byte
	file   *hcl.File // the text as it is shown
	broken bool      // not all of it can be told apart
}

// A given value is one from outside, as it was written.
type given struct {
	name string
	text string         // on the command line or in the environment
	env  bool           // in the environment
	attr *hcl.Attribute // in a file, nil elsewhere
}

// shown says where a value comes from, with the value where it stands there and may be
// read.
func (g *given) shown(sensitive bool) string {
	switch {
	case g.attr != nil:
		return "The value given at " + place(g.attr.NameRange)
	case g.env:
		return "The value of " + envPrefix + g.name + " in the environment"
	case sensitive:
		return "The value given with --var " + g.name + "=…"
	}
	return "The value given with --var " + g.name + "=" + g.text
}

// readInputs reads all values from outside. The result is false where a file of them
// cannot be read.
func (l *loader) readInputs(inputs []Input) bool {
	readable := true
	for _, in := range inputs {
		if in.File != "" {
			readable = l.readInputFile(in.File) && readable
			continue
		}
		l.inputs = append(l.inputs, &given{name: in.Name, text: in.Value, env: in.Env})
	}
	for _, g := range l.inputs {
		l.sources.given[g.name] = g
	}
	return readable
}

// readInputFile reads the values in a file.
func (l *loader) readInputFile(name string) bool {
	text, err := l.library.read(name)
	if err != nil {
		d := unreadable(name, err)
		d.Summary = "Cannot read variables"
		l.add(d)
		return false
	}
	file, diags := parseFile(text, name)
	in := &inputFile{name: name, text: text, file: file, broken: diags.HasErrors()}
	l.sources.inputs = append(l.sources.inputs, in)
	l.add(diags...)
	if in.broken {
		return false
	}
	attrs, diags := file.Body.JustAttributes()
	for _, d := range diags {
		if !isJSON(name) {
			d.Detail = "A file of values has lines NAME = VALUE and nothing else."
		}
	}
	in.broken = diags.HasErrors()
	l.add(diags...)
	for _, name := range sortedKeys(attrs) {
		l.inputs = append(l.inputs, &given{name: name, attr: attrs[name]})
	}
	return true
}

// hideBroken keeps broken files of values from being quoted where some of the values may
// be sensitive.
func (l *loader) hideBroken(bodies []hcl.Body, config hcl.Diagnostics) {
	if !config.HasErrors() && !slices.ContainsFunc(bodies, declaresSensitive) {
		return
	}
	for _, f := range l.sources.inputs {
		if !f.broken {
			continue
		}
		f.file = &hcl.File{}
		for _, d := range l.findings {
			if d.Subject != nil && d.Subject.Filename == f.name {
				d.Detail = "More is not said, since it could show a sensitive value."
			}
		}
	}
}

// declaresSensitive tells whether a file may declare a sensitive variable.
func declaresSensitive(body hcl.Body) bool {
	got, _, _ := body.PartialContent(fileSpec.schema)
	return slices.ContainsFunc(got.Blocks, func(block *hcl.Block) bool {
		if block.Type != variableSpec.Type {
			return false
		}
		attrs, _ := block.Body.JustAttributes()
		return attrs["sensitive"] != nil
	})
}

// checkGiven reports values from outside for variables that nobody declared.
func (l *loader) checkGiven(r *root) {
	names := sortedKeys(r.values)
	told := map[given]bool{}
	for _, g := range l.inputs {
		key := given{name: g.name, env: g.env, attr: g.attr}
		if _, ok := r.values[g.name]; ok || r.misread[g.name] || r.misread[anyName] || told[key] {
			continue
		}
		told[key] = true
		if g.attr != nil && len(r.sensitive) > 0 { // the name may be meant to be one of these
			l.sources.hide(g.attr.Expr.Range())
		}
		hint := didYouMean(g.name, names, "%s")
		if hint == "" {
			hint = " Declared variables: " + list(names) + "."
		}
		l.add(g.undeclared(hint))
	}
}

// undeclared reports that there is no variable for a value. In the environment that may
// be on purpose.
func (g *given) undeclared(hint string) *hcl.Diagnostic {
	const summary = "Undeclared variable"
	if g.attr != nil {
		return problem(g.attr.NameRange, summary, "The configuration has no variable %q.%s", g.name, hint)
	}
	d := problem(hcl.Range{}, summary, "A value was given with --var %s=…, but the configuration has no variable %q.%s", g.name, g.name, hint)
	d.Subject = nil
	if g.env {
		d.Severity = hcl.DiagWarning
		d.Detail = "The environment variable " + envPrefix + g.name + " is ignored, since the configuration has no variable " + g.name + "." + hint
	}
	return d
}

// value reads a value from outside as what a type wants, or says why it cannot. With a
// value that is unknown and no reason, the reason was reported.
func (l *loader) value(g *given, want cty.Type, sensitive bool) (v cty.Value, reason string) {
	if g.attr == nil {
		return l.givenLiteral(g.text, want)
	}
	v, diags := l.constant(g.attr.Expr)
	if sensitive {
		diags = censor(diags, "var."+g.name)
	}
	l.add(diags...)
	return v, ""
}

// constant computes an expression in a file of values. JSON is taken as it is: other
// programs write it, and do not know of templates.
func (l *loader) constant(expr hcl.Expression) (cty.Value, hcl.Diagnostics) {
	if json.IsJSONExpression(expr) {
		return expr.Value(nil)
	}
	return l.newScope("A value of a variable").eval(expr)
}

// givenLiteral reads a value from the command line or the environment, or says why it
// cannot.
func (l *loader) givenLiteral(text string, want cty.Type) (v cty.Value, reason string) {
	if want == cty.String {
		return cty.StringVal(text), ""
	}
	if tooDeep([]byte(text), "") != nil {
		return cty.DynamicVal, "it is nested too deeply"
	}
	expr, diags := hclsyntax.ParseExpression([]byte(text), "--var", hcl.InitialPos)
	if !diags.HasErrors() && len(expr.Variables()) == 0 {
		v, valueDiags := l.newScope("").eval(expr)
		if !valueDiags.HasErrors() {
			return v, ""
		}
	}
	if want == cty.DynamicPseudoType {
		return cty.DynamicVal, `it is read as an HCL expression, and text needs quotes, as in --var 'NAME="text"'`
	}
	return cty.DynamicVal, requires(want)
}
