package manual

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/lvsctl/lvsctl/schema"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// Editors complete and check JSON by a schema. Here it is for configs in the JSON syntax of
// HCL: labels of blocks are keys of nested objects, several blocks can be an array, and any
// string can be a template with expressions in it. So what a string turns into is for
// lvsctl to say, and the schema lets it pass. What it refuses, lvsctl refuses too; all but
// what nobody writes by hand, such as a body in parts.

// A node is a schema for one place in a document.
type node struct {
	Schema      string           `json:"$schema,omitempty"`
	ID          string           `json:"$id,omitempty"`
	Ref         string           `json:"$ref,omitempty"`
	Title       string           `json:"title,omitempty"`
	Description string           `json:"description,omitempty"`
	Type        any              `json:"type,omitempty"` // a string, or several
	Enum        []string         `json:"enum,omitempty"`
	Pattern     string           `json:"pattern,omitempty"`
	Minimum     *uint32          `json:"minimum,omitempty"`
	Maximum     *uint32          `json:"maximum,omitempty"`
	Default     any              `json:"default,omitempty"`
	Examples    []any            `json:"examples,omitempty"`
	Properties  map[string]*node `json:"properties,omitempty"`
	Others      any              `json:"additionalProperties,omitempty"` // false, or a node
	Required    []string         `json:"required,omitempty"`
	Items       *node            `json:"items,omitempty"`
	MinItems    int              `json:"minItems,omitempty"`
	MaxItems    int              `json:"maxItems,omitempty"`
	AnyOf       []*node          `json:"anyOf,omitempty"`
	AllOf       []*node          `json:"allOf,omitempty"`
	Defs        map[string]*node `json:"$defs,omitempty"`
}

// Forms of string, by their names below $defs.
var patterns = map[string]*node{
	"template":    {Type: "string", Pattern: `[$%]\{`, Description: `A template such as "${var.name}".`},
	"numeral":     {Type: "string", Pattern: `^[-+.0-9eE]+$`},
	"truth":       {Type: "string", Pattern: `^(true|false|1|0)$`},
	"address":     {Type: "string", Pattern: `^[0-9A-Fa-f.:]+$`},
	"simpleValue": {Type: []string{"string", "number", "boolean"}},
}

// ref is a schema that stands below $defs.
func ref(name string) *node { return &node{Ref: "#/$defs/" + name} }

// JSONSchema is the schema of a file in JSON syntax, in draft 2020-12.
func JSONSchema() (string, error) {
	b := newBook(schema.Language())
	root := b.body(b.file)
	root.Schema = "https://json-schema.org/draft/2020-12/schema"
	root.ID = "https://raw.githubusercontent.com/lvsctl/lvsctl/main/docs/lvsctl.schema.json"
	root.Title = "lvsctl configuration"
	root.Defs = map[string]*node{}
	for name, pattern := range patterns {
		root.Defs[name] = pattern
	}
	for _, block := range b.order {
		root.Defs[b.def(block)] = b.body(block)
	}
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(root)
	return out.String(), err
}

// def is the name of a block's body below $defs.
func (b *book) def(block *schema.Block) string { return "block-" + anchor(b.heading[block]) }

// body is what stands between the braces of a block.
func (b *book) body(block *schema.Block) *node {
	n := &node{Type: "object", Description: sentence(block.Doc, "."), Others: false}
	n.Properties = map[string]*node{"//": {Description: "A comment."}}
	if block.Open {
		n.Others = nil
	}
	for _, a := range block.Args {
		n.Properties[a.Name] = argument(a)
		if a.Required && !a.Inherited {
			n.Required = append(n.Required, a.Name)
		}
	}
	for _, nested := range block.Blocks {
		blocks := b.blocks(nested)
		if value := n.Properties[nested.Type]; value != nil {
			blocks = both(value, blocks)
		}
		n.Properties[nested.Type] = blocks
	}
	for _, group := range block.OneOf {
		one := &node{}
		for _, name := range group {
			one.AnyOf = append(one.AnyOf, &node{Required: []string{name}})
		}
		n.AllOf = append(n.AllOf, one)
	}
	return n
}

// blocks is all blocks of a type: a body or an array of them, below a key for each label.
func (b *book) blocks(block *schema.Block) *node {
	several := &node{Type: "array", Items: ref(b.def(block))}
	if block.Single && len(block.Labels) == 0 {
		several.MaxItems = 1
	}
	n := &node{AnyOf: []*node{ref(b.def(block)), several}}
	description := sentence(block.Doc, ".")
	for _, label := range block.Labels {
		keys := &node{Type: "object", Others: n}
		n = &node{AnyOf: []*node{keys, {Type: "array", Items: keys}}}
		description += fmt.Sprintf(" The key is its %s.", label)
	}
	n.Description = description
	return n
}

// both is a key that an argument and a type of block share: the argument, the blocks, or an
// array of them.
func both(value, blocks *node) *node {
	if value.AnyOf == nil { // anything, blocks among it
		return value
	}
	one := slices.Concat(value.AnyOf, blocks.AnyOf[:1])
	n := *value
	n.Description += " Or blocks: " + blocks.Description
	n.AnyOf = slices.Concat(one, []*node{{Type: "array", Items: &node{AnyOf: one}}})
	return &n
}

// argument is the value of an argument.
func argument(a schema.Argument) *node {
	n := &node{Description: hover(a), Default: a.Default, AnyOf: values(a)}
	if n.AnyOf != nil && !a.Required {
		n.AnyOf = append(n.AnyOf, &node{Type: "null"})
	}
	if a.Example != "" {
		n.Examples = []any{inJSON(a.Example)}
	}
	return n
}

// values are the schemas of which the value of an argument has to meet one; none is
// anything.
func values(a schema.Argument) []*node {
	template := ref("template")
	if a.Words != nil {
		return []*node{{Enum: a.Words}, template}
	}
	switch a.Form {
	case schema.TextForm:
		return []*node{ref("simpleValue")}
	case schema.NumberForm:
		return []*node{{Type: "integer", Minimum: &a.Min, Maximum: &a.Max}, ref("numeral"), template}
	case schema.BoolForm:
		return []*node{{Type: "boolean"}, ref("truth"), template}
	case schema.ListForm:
		return []*node{{Type: "array", Items: ref("simpleValue")}, template}
	case schema.AddressForm:
		return []*node{ref("address"), template}
	case schema.AddressesForm:
		one := &node{AnyOf: []*node{ref("address"), template}}
		return []*node{ref("address"), template, {Type: "array", Items: one, MinItems: 1}}
	case schema.TextsForm:
		return []*node{ref("simpleValue"), {Type: "array", Items: ref("simpleValue"), MinItems: 1}}
	case schema.HostForm:
		return []*node{template}
	case schema.HostsForm:
		return []*node{{Type: "array", Items: template}, template}
	case schema.TypeForm:
		return []*node{{Type: "string"}}
	}
	return nil
}

// hover is what an editor shows of an argument.
func hover(a schema.Argument) string {
	kind := hostReference.ReplaceAllString(a.Kind, `"$${$0}"`)
	switch {
	case a.Words != nil:
		kind = list(quoted(a.Words), "or")
	case a.Form == schema.NumberForm:
		kind += fmt.Sprintf(" from %d to %d", a.Min, a.Max)
	}
	if a.Default != nil {
		kind += ", " + literal(a.Default) + " where it is omitted"
	}
	return sentence(a.Doc, ".") + " " + sentence(kind, ".")
}

// In JSON a reference stands in a template.
var hostReference = regexp.MustCompile(`\bhost\.\w+`)

// inJSON is an expression of HCL as it is written in JSON.
func inJSON(src string) any {
	expr, diags := hclsyntax.ParseExpression([]byte(src), "example", hcl.InitialPos)
	if diags.HasErrors() {
		panic(diags)
	}
	if elements, diags := hcl.ExprList(expr); !diags.HasErrors() {
		var values []any
		for _, e := range elements {
			values = append(values, inJSON(string(e.Range().SliceBytes([]byte(src)))))
		}
		return values
	}
	if v, diags := expr.Value(nil); !diags.HasErrors() {
		return ctyjson.SimpleJSONValue{Value: v}
	}
	return "${" + strings.TrimSpace(src) + "}"
}
