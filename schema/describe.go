package schema

import (
	_ "embed" // for the examples

	"bytes"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// A Block describes one type of block, for reference pages and editors.
type Block struct {
	Type    string
	Labels  []string // what its labels are, in their order
	Doc     string   // what it is: lower case, no period
	Single  bool     // one at most where it can stand
	Open    bool     // arguments of any name, as in locals
	Args    []Argument
	OneOf   [][]string // groups of arguments and single blocks of which one must be there
	Blocks  []*Block   // what can stand in it
	Example string     // how it is written, a line break at the end; empty for a file
}

// An Argument describes one argument of a block.
type Argument struct {
	Name      string
	Doc       string // what it is: lower case, no period
	Kind      string // what its value is, with the article, as in "an IP address"
	Form      Form
	Required  bool
	Inherited bool     // taken from the defaults block where it is missing, also if it is required
	Min, Max  uint32   // bounds of a number; both are 0 for what is none
	Words     []string // what a string must be one of; nil is anything
	Default   any      // a uint32 or a string; nil is none
	Example   string   // a value as it is written, for required arguments
}

// A Form is what can be told of a value by looks alone.
type Form int

// The forms of value.
const (
	AnyForm       Form = iota
	TextForm           // a string, or what turns into one
	NumberForm         // a whole number
	BoolForm           // true or false
	ListForm           // a list of strings
	AddressForm        // a string that is an IP address
	AddressesForm      // such a string, or a list of them
	TextsForm          // a string, or a list of them
	HostForm           // a reference to a host
	HostsForm          // a list of references to hosts
	TypeForm           // a type such as list(string)
)

// Language describes what can stand in a file. A type of block that can stand in several
// others is one and the same [Block] in all of them.
func Language() *Block {
	d := describer{blocks: map[*blockSpec]*Block{}, examples: map[*blockSpec]string{}}
	file, diags := hclsyntax.ParseConfig(exampleConfig, "example.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		panic(diags)
	}
	d.findExamples(fileSpec, file.Body.(*hclsyntax.Body))
	return d.block(fileSpec)
}

// exampleConfig is a valid config that has every block.
//
//go:embed example.hcl
var exampleConfig []byte

// A describer makes descriptions of blocks, each once.
type describer struct {
	blocks   map[*blockSpec]*Block
	examples map[*blockSpec]string
}

// findExamples notes how the blocks in a body are written, the first of each type.
func (d *describer) findExamples(in *blockSpec, body *hclsyntax.Body) {
	for _, block := range body.Blocks {
		spec := in.nested(block.Type)
		if d.examples[spec] == "" {
			d.examples[spec] = dedent(exampleConfig, block.Range())
		}
		d.findExamples(spec, block.Body)
	}
}

// dedent is part of a text, moved to the left margin.
func dedent(src []byte, at hcl.Range) string {
	margin := "\n" + strings.Repeat(" ", at.Start.Column-1)
	text := bytes.ReplaceAll(at.SliceBytes(src), []byte(margin), []byte("\n"))
	return string(text) + "\n"
}

// block describes a type of block.
func (d *describer) block(spec *blockSpec) *Block {
	if known := d.blocks[spec]; known != nil {
		return known
	}
	b := &Block{
		Type: spec.Type, Labels: spec.Labels, Doc: spec.Doc, Single: spec.Single, Open: spec.Open,
		OneOf: spec.OneOf, Example: d.examples[spec],
	}
	d.blocks[spec] = b
	for _, a := range spec.Attrs {
		b.Args = append(b.Args, a.describe())
	}
	for _, nested := range spec.Blocks {
		b.Blocks = append(b.Blocks, d.block(nested))
	}
	return b
}

// describe is an argument for reference pages and editors.
func (a *attrSpec) describe() Argument {
	return Argument{
		Name: a.Name, Doc: a.Doc, Kind: a.Kind.words, Form: a.Kind.form(), Required: a.Required, Inherited: a.Inherit,
		Min: a.Min, Max: a.Max, Words: a.Words, Default: a.Default, Example: a.Example,
	}
}

// forms are the kinds whose values have to look like more than their type says.
var forms = map[*kind]Form{
	kindAddress:   AddressForm,
	kindAddresses: AddressesForm,
	kindLabels:    TextsForm,
	kindHost:      HostForm,
	kindHosts:     HostsForm,
	kindType:      TypeForm,
}

// form is what a value of the kind looks like.
func (k *kind) form() Form {
	if form, known := forms[k]; known {
		return form
	}
	switch {
	case k.typ == cty.String:
		return TextForm
	case k.typ == cty.Number:
		return NumberForm
	case k.typ == cty.Bool:
		return BoolForm
	case k.typ.Equals(cty.List(cty.String)):
		return ListForm
	}
	return AnyForm
}
