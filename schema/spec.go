package schema

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
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
	kindString  = &kind{"a string", cty.String}
	kindBool    = &kind{"true or false", cty.Bool}
	kindNumber  = &kind{"a whole number", cty.Number}
	kindAddress = &kind{`an IP address such as "192.0.2.1"`, cty.String}
	kindNetmask = &kind{`a netmask such as "255.255.255.0", or a prefix length`, cty.String}
	kindStrings = &kind{"a list of strings", cty.List(cty.String)}
	kindHost    = &kind{"a reference to a host, as in host.web1", cty.DynamicPseudoType}
	kindHosts   = &kind{"a list of references to hosts, as in [host.lb1]", cty.DynamicPseudoType}
	kindType    = &kind{"a type such as string, number or list(string)", cty.DynamicPseudoType}
	kindAny     = &kind{"any value", cty.DynamicPseudoType}
)

// An attrSpec describes one argument of a block.
type attrSpec struct {
	Name     string
	Kind     *kind
	Required bool
	Min, Max uint32   // bounds of a number
	Words    []string // what a string must be one of; nil is anything
	Default  any      // a uint32 or a string that stands for a missing argument; nil is none
	Example  string   // a value as it is written, for required arguments
	Doc      string   // what the argument is, to follow a colon: lower case, no period
}

// A blockSpec describes one type of block.
type blockSpec struct {
	Type   string
	Labels []string
	Doc    string
	Attrs  []attrSpec
	Open   bool // arguments of any name, as in locals
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

// attr finds the description of an argument that the block is known to have.
func (b *blockSpec) attr(name string) *attrSpec {
	i := slices.IndexFunc(b.Attrs, func(a attrSpec) bool { return a.Name == name })
	if i < 0 {
		panic("no argument " + name + " in the description of " + b.Type)
	}
	return &b.Attrs[i]
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

// attrNames lists the names of the block's arguments.
func (b *blockSpec) attrNames() []string {
	names := make([]string, len(b.Attrs))
	for i, a := range b.Attrs {
		names[i] = a.Name
	}
	return names
}
