package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// The language is a table: every block and argument stands in language.go with its
// type, its bounds and a sentence of documentation. What the parser accepts, what the
// typed getters of content.go check and what a reference page or an editor needs to
// know all come from there.

// A kind is what the value of an argument must be.
type kind struct {
	words string   // with its article, as in "an IP address"
	typ   cty.Type // what the value is converted to
}

// The kinds of value.
var (
	kindString    = &kind{"a string", cty.String}
	kindBool      = &kind{"true or false", cty.Bool}
	kindNumber    = &kind{"a whole number", cty.Number}
	kindDuration  = &kind{`a duration such as "30s"`, cty.String}
	kindClock     = &kind{`a time of day such as "09:00"`, cty.String}
	kindPercent   = &kind{`a percentage such as "25%"`, cty.String}
	kindText      = &kind{"a string or a number", cty.String}
	kindPrefix    = &kind{`a network such as "192.0.2.0/24", or an address`, cty.String}
	kindAddress   = &kind{`an IP address such as "192.0.2.1"`, cty.String}
	kindAddresses = &kind{`an IP address such as "192.0.2.1", or a list of them`, cty.DynamicPseudoType}
	kindLabels    = &kind{"a string, or a list of strings", cty.DynamicPseudoType}
	kindNetmask   = &kind{`a netmask such as "255.255.255.0", or a prefix length`, cty.String}
	kindStrings   = &kind{"a list of strings", cty.List(cty.String)}
	kindElements  = &kind{"a map, an object, or a list or set of strings or numbers", cty.DynamicPseudoType}
	kindHost      = &kind{"a reference to a host, as in host.web1", cty.DynamicPseudoType}
	kindHosts     = &kind{"a list of references to hosts, as in [host.lb1]", cty.DynamicPseudoType}
	kindType      = &kind{"a type such as string, number or list(string)", cty.DynamicPseudoType}
	kindAny       = &kind{"any value", cty.DynamicPseudoType}
)

// An attrSpec describes one argument of a block.
type attrSpec struct {
	Name     string
	Kind     *kind
	Required bool
	Inherit  bool     // taken from the defaults block where it is missing
	Min, Max uint32   // bounds of a number
	Words    []string // what a string must be one of; nil is anything
	Default  any      // a uint32 or a string that stands for a missing argument; nil is none
	Example  string   // a value as it is written, for required arguments
	Doc      string   // what the argument is, to follow a colon: lower case, no period
}

// sentence is what the argument is, as a sentence without its period. What begins with a
// noun follows "It is"; a condition or a value stands for itself.
func (a *attrSpec) sentence() string {
	first, _, _ := strings.Cut(a.Doc, " ")
	if slices.Contains([]string{"in", "of", "with", "whether", "after", "true", "0", "1"}, strings.TrimSuffix(first, ",")) {
		return strings.ToUpper(a.Doc[:1]) + a.Doc[1:]
	}
	return "It is " + a.Doc
}

// A blockSpec describes one type of block.
type blockSpec struct {
	Type   string
	Labels []string
	Doc    string
	Attrs  []attrSpec
	OneOf  [][]string // groups of arguments and single blocks of which one must be there
	Open   bool       // arguments of any name, as in locals
	Single bool       // one at most where it can stand
	Blocks []*blockSpec

	schema *hcl.BodySchema // derived
}

// define completes a block's description with what is derived from it.
func define(b blockSpec) *blockSpec {
	b.schema = &hcl.BodySchema{}
	for _, a := range b.Attrs {
		// Whether an argument is missing is for content.missing to say: it knows
		// what the argument is for.
		b.schema.Attributes = append(b.schema.Attributes, hcl.AttributeSchema{Name: a.Name})
	}
	for _, nested := range b.Blocks {
		header := hcl.BlockHeaderSchema{Type: nested.Type, LabelNames: nested.Labels}
		b.schema.Blocks = append(b.schema.Blocks, header)
	}
	return &b
}

// content is what a body has. HCL takes longer to find that out, and is asked only where
// something does not belong there and has to be reported.
func (b *blockSpec) content(body hcl.Body) (*hcl.BodyContent, hcl.Diagnostics) {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return body.Content(b.schema)
	}
	got := &hcl.BodyContent{Attributes: make(hcl.Attributes, len(native.Attributes))}
	for name, attr := range native.Attributes {
		if b.find(name) == nil {
			return body.Content(b.schema)
		}
		got.Attributes[name] = attr.AsHCLAttribute()
	}
	got.Blocks = slices.Grow(got.Blocks, len(native.Blocks))
	for _, block := range native.Blocks {
		fits := func(nested *blockSpec) bool {
			return nested.Type == block.Type && len(nested.Labels) == len(block.Labels)
		}
		if !slices.ContainsFunc(b.Blocks, fits) {
			return body.Content(b.schema)
		}
		got.Blocks = append(got.Blocks, block.AsHCLBlock())
	}
	return got, nil
}

// attr finds the description of an argument that the block is known to have.
func (b *blockSpec) attr(name string) *attrSpec {
	if a := b.find(name); a != nil {
		return a
	}
	panic("no argument " + name + " in the description of " + b.Type)
}

// find finds the description of an argument, nil for none.
func (b *blockSpec) find(name string) *attrSpec {
	for i := range b.Attrs {
		if b.Attrs[i].Name == name {
			return &b.Attrs[i]
		}
	}
	return nil
}

// nested finds the description of a type of block that is known to be in this one.
func (b *blockSpec) nested(blockType string) *blockSpec {
	i := slices.Index(b.blockTypes(), blockType)
	if i < 0 {
		panic("no block " + blockType + " in the description of " + b.Type)
	}
	return b.Blocks[i]
}

// blockTypes lists the types of blocks that the block can have.
func (b *blockSpec) blockTypes() []string {
	types := make([]string, len(b.Blocks))
	for i, nested := range b.Blocks {
		types[i] = nested.Type
	}
	return types
}

// contents says what the block can have, for the end of a detail.
func (b *blockSpec) contents() string {
	var parts []string
	if len(b.Attrs) > 0 {
		parts = append(parts, "the arguments "+list(b.attrNames()))
	}
	if len(b.Blocks) > 0 {
		parts = append(parts, "the blocks "+list(b.blockTypes()))
	}
	return fmt.Sprintf(" %s can have %s.", one(b.Type), list(parts))
}

// attrNames lists the names of the block's arguments.
func (b *blockSpec) attrNames() []string {
	names := make([]string, len(b.Attrs))
	for i, a := range b.Attrs {
		names[i] = a.Name
	}
	return names
}
