package schema

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// templateFileFunc is a file that is a template, with values for what it refers to.
func (lib *library) templateFileFunc(dir string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{pathParam, {Name: "vars", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path, text, err := lib.text(dir, args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			if t := args[1].Type(); !t.IsObjectType() && !t.IsMapType() {
				return cty.NilVal, function.NewArgErrorf(1, "it must be an object, as in { NAME = VALUE }, and this is %s", describe(args[1]))
			}
			v, diags := lib.render(path, text, args[1].AsValueMap())
			if diags.HasErrors() {
				return cty.NilVal, &templateError{diags}
			}
			return v, nil
		},
	})
}

// render computes a template.
func (lib *library) render(path, text string, vars map[string]cty.Value) (cty.Value, hcl.Diagnostics) {
	if d := tooDeep([]byte(text), path); d != nil {
		return cty.NilVal, hcl.Diagnostics{d}
	}
	expr, diags := hclsyntax.ParseTemplate([]byte(text), path, hcl.InitialPos)
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	for _, t := range expr.Variables() {
		if _, ok := vars[t.RootName()]; !ok {
			names := sortedKeys(vars)
			diags = append(diags, problem(t[0].SourceRange(), "Unknown reference", "The template is given no value named %q.%s Given are: %s.", t.RootName(), didYouMean(t.RootName(), names, "%s"), list(names)))
		}
	}
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	v, diags := expr.Value(&hcl.EvalContext{Variables: vars, Functions: lib.templateFunctions(path)})
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	s, err := convert.Convert(v, cty.String)
	if err != nil || s.IsNull() {
		return cty.NilVal, hcl.Diagnostics{problem(expr.Range(), "Template without text", "The template must give a text, and this is %s.", describe(v))}
	}
	return s, nil
}

// templateFunctions are the functions that a template can call: all but the one that
// would let templates go round in circles.
func (lib *library) templateFunctions(path string) map[string]function.Function {
	known := maps.Clone(lib.functions(filepath.Dir(path)))
	known["templatefile"] = function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "any", Type: cty.DynamicPseudoType},
		Type: func([]cty.Value) (cty.Type, error) {
			return cty.NilType, fmt.Errorf("a template cannot use another one")
		},
	})
	return known
}

// A templateError is what is wrong in a template.
type templateError struct{ diags hcl.Diagnostics }

// Error implements error, for calls within try.
func (e *templateError) Error() string { return e.diags.Error() }

// fromTemplates replaces diagnostics about calls by those about places in templates,
// where there are such.
func fromTemplates(diags hcl.Diagnostics) hcl.Diagnostics {
	var found hcl.Diagnostics
	for _, d := range diags {
		var inner *templateError
		call, ok := d.Extra.(hclsyntax.FunctionCallDiagExtra)
		if !ok || !errors.As(call.FunctionCallError(), &inner) {
			found = append(found, d)
			continue
		}
		for _, cause := range inner.diags {
			cause.Detail += fmt.Sprintf(" The template is used at %s.", place(*d.Subject))
			found = append(found, cause)
		}
	}
	return found
}
