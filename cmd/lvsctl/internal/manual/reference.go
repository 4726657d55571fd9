// Package manual writes what is documented from the code itself: the reference of the
// language and of the command line, and the JSON schema for editors. All of it comes from
// the tables that lvsctl works by, so that it cannot say anything else than they do.
package manual

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/spf13/cobra"
)

// An ExitCode is one that lvsctl ends with.
type ExitCode struct {
	Code    int
	Meaning string
}

// Reference is the reference page, in the Markdown of GitHub. Root is the command that
// all others belong to.
func Reference(root *cobra.Command, codes []ExitCode) string {
	p := &page{book: newBook(schema.Language())}
	p.intro()
	p.contents()
	for _, b := range p.order {
		p.block(b)
	}
	p.functions()
	p.rules()
	p.commands(root)
	p.exitCodes(codes)
	return p.String()
}

// A page is Markdown that is being written.
type page struct {
	strings.Builder
	*book
}

// printf writes text.
func (p *page) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

func (p *page) intro() {
	p.printf(`<!-- This page is made from the code by "make docs". What is changed here by hand gets lost. -->

# Reference

Every block and argument of the configuration, every function, rule, command and exit code, in a
few words each. [The language](language.md) explains what they are for and how they go together.
` + "`lvsctl docs reference`" + ` prints this page as it is for the lvsctl that is installed.

- [Blocks](#blocks)
- [Functions](#functions)
- [Rules](#rules)
- [Commands](#commands)
- [Exit codes](#exit-codes)
`)
}

// contents lists all blocks as they stand in each other.
func (p *page) contents() {
	p.printf("\n## Blocks\n\n")
	p.nested(p.file, 0, map[*schema.Block]bool{})
	p.printf("\nThe value of an argument can be any expression that results in what is asked for, and `null` is the\nsame as leaving the argument out. [Types of value](language.md#types-of-value) says more.\n")
}

// nested lists the blocks in a block, and once for each of them what stands in it.
func (p *page) nested(in *schema.Block, depth int, seen map[*schema.Block]bool) {
	for _, b := range in.Blocks {
		p.printf("%s- %s\n", strings.Repeat("  ", depth), p.link(b))
		if !seen[b] {
			seen[b] = true
			p.nested(b, depth+1, seen)
		}
	}
}

func (p *page) functions() {
	p.printf("\n## Functions\n\nAll functions are pure: the same files and variables always give the same result. The examples for\nfiles have `motd.txt` with the line `Hello` beside them, and `greeting.tpl` with the line\n`Hello ${name}`. [The language](language.md#functions) says where files are looked for.\n")
	for _, g := range schema.Functions() {
		p.printf("\n### %s\n\n", sentence(g.Name, ""))
		t := table{header: []string{"call", "result", "example", "its value"}}
		for _, f := range g.Functions {
			t.add(code(f.Call), text(f.Doc), code(f.Example), code(f.Result))
		}
		p.printf("%s", t)
	}
}

func (p *page) rules() {
	p.printf("\n## Rules\n\nWhat is checked beside syntax, types and bounds. An error ends the command, a warning does not. What a warning finds may be meant to be so, and can be [ignored](#ignore) with a reason; so can the errors that say so.\n\n")
	t := table{header: []string{"rule", "number", "severity", "summary", "what it finds"}}
	for _, r := range schema.Rules() {
		severity, number := "error", ""
		if r.Severity == hcl.DiagWarning {
			severity = "warning"
		} else if r.Ignorable {
			severity = "error, can be ignored"
		}
		if r.Number != 0 {
			number = fmt.Sprint(r.Number)
		}
		t.add(code(r.Name), number, severity, text(r.Summary), text(r.Doc))
	}
	p.printf("%s", t)
}

func (p *page) exitCodes(codes []ExitCode) {
	p.printf("\n## Exit codes\n\n")
	t := table{header: []string{"code", "meaning"}}
	for _, c := range codes {
		t.add(fmt.Sprint(c.Code), text(c.Meaning))
	}
	p.printf("%s", t)
}

// A book is the language with a heading for each block.
type book struct {
	file    *schema.Block
	order   []*schema.Block // without the file, each once, before those in it
	parents map[*schema.Block][]*schema.Block
	heading map[*schema.Block]string
}

// newBook puts the blocks in order.
func newBook(file *schema.Block) *book {
	b := &book{file: file, parents: map[*schema.Block][]*schema.Block{}, heading: map[*schema.Block]string{}}
	b.visit(file)
	b.name()
	return b
}

func (b *book) visit(in *schema.Block) {
	for _, block := range in.Blocks {
		b.parents[block] = append(b.parents[block], in)
		if len(b.parents[block]) == 1 {
			b.order = append(b.order, block)
			b.visit(block)
		}
	}
}

// name gives each block a heading of its own: its type, and where it stands if there are
// others of that type.
func (b *book) name() {
	for _, block := range b.order {
		b.heading[block] = block.Type
		sameType := func(other *schema.Block) bool { return other != block && other.Type == block.Type }
		if slices.ContainsFunc(b.order, sameType) {
			b.heading[block] = block.Type + " in " + b.parents[block][0].Type
		}
	}
}

// link leads to a block.
func (b *book) link(block *schema.Block) string {
	return fmt.Sprintf("[%s](#%s)", code(block.Type), anchor(b.heading[block]))
}
