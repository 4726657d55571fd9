package manual

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// A converter writes configs in JSON syntax, from those in native syntax.
type converter struct {
	*testing.T
	src []byte
}

// convert reads a config in native syntax.
func convert(t *testing.T, src []byte) map[string]any {
	t.Helper()
	file, diags := hclsyntax.ParseConfig(src, t.Name(), hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return converter{t, src}.body(file.Body.(*hclsyntax.Body), "")
}

// body is a body as an object. Blocks are arrays, below a key for each label. Those that
// are called like an argument beside them share an array with it.
func (c converter) body(body *hclsyntax.Body, of string) map[string]any {
	object := map[string]any{}
	for name, attr := range body.Attributes {
		if of == "variable" && name == "type" {
			object[name] = c.text(attr.Expr)
			continue
		}
		object[name] = c.value(attr.Expr)
	}
	for _, block := range body.Blocks {
		if body.Attributes[block.Type] != nil {
			list, several := object[block.Type].([]any)
			if !several {
				list = []any{object[block.Type]}
			}
			object[block.Type] = append(list, map[string]any{block.Labels[0]: c.body(block.Body, block.Type)})
			continue
		}
		at, key := object, block.Type
		for _, label := range block.Labels {
			if at[key] == nil {
				at[key] = map[string]any{}
			}
			at, key = at[key].(map[string]any), label
		}
		before, _ := at[key].([]any)
		at[key] = append(before, c.body(block.Body, block.Type))
	}
	return object
}

// value is an expression: itself where JSON has such values, or a template.
func (c converter) value(e hclsyntax.Expression) any {
	switch e := e.(type) {
	case *hclsyntax.TupleConsExpr:
		list := []any{}
		for _, element := range e.Exprs {
			list = append(list, c.value(element))
		}
		return list
	case *hclsyntax.LiteralValueExpr:
		return c.literal(e.Val)
	case *hclsyntax.TemplateExpr:
		if e.IsStringLiteral() {
			v, _ := e.Value(nil)
			return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(v.AsString())
		}
	}
	return "${" + c.text(e) + "}"
}

func (c converter) literal(v cty.Value) any {
	switch {
	case v.IsNull():
		return nil
	case v.Type() == cty.Bool:
		return v.True()
	case v.Type() == cty.Number:
		f, _ := v.AsBigFloat().Float64()
		return f
	}
	c.Fatalf("a literal of type %s", v.Type().FriendlyName())
	return nil
}

// text is how an expression is written.
func (c converter) text(e hclsyntax.Expression) string { return string(e.Range().SliceBytes(c.src)) }
