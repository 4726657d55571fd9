package manual

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lvsctl/lvsctl/schema"
)

// block writes the section of one type of block.
func (p *page) block(b *schema.Block) {
	p.printf("\n### %s\n\n%s %s\n", p.heading[b], sentence(text(b.Doc), "."), p.place(b))
	if b.Example != "" {
		p.printf("\n```hcl\n%s```\n", b.Example)
	}
	if len(b.Args) > 0 {
		p.printf("\n%s", arguments(b.Args))
	}
	var notes []string
	if b.Open {
		notes = append(notes, "Arguments have any name and any value.")
	}
	for _, group := range b.OneOf {
		notes = append(notes, fmt.Sprintf("One of %s must be there.", listCode(group, "or")))
	}
	if len(b.Blocks) > 0 {
		notes = append(notes, fmt.Sprintf("Blocks in it: %s.", strings.Join(p.links(b.Blocks), ", ")))
	}
	if len(notes) > 0 {
		p.printf("\n%s\n", strings.Join(notes, " "))
	}
}

// place says where a block stands, how often, and with which labels.
func (p *page) place(b *schema.Block) string {
	header := b.Type
	for _, label := range b.Labels {
		header += fmt.Sprintf(" %q", strings.ToUpper(label))
	}
	where := "in " + list(p.links(p.parents[b]), "or")
	if p.parents[b][0] == p.file {
		where = "at the top of a file"
	}
	often := "any number of times"
	if b.Single {
		often = "once at most"
	}
	return fmt.Sprintf("%s stands %s, %s.", code(header), where, often)
}

// links lead to blocks.
func (p *page) links(blocks []*schema.Block) []string {
	var links []string
	for _, b := range blocks {
		links = append(links, p.link(b))
	}
	return links
}

// arguments is the table of a block's arguments.
func arguments(args []schema.Argument) table {
	t := table{header: []string{"argument", "value", "default", "meaning"}}
	for _, a := range args {
		otherwise := ""
		switch {
		case a.Required && a.Inherited:
			otherwise = "**required** here or in [`defaults`](#defaults)"
		case a.Required:
			otherwise = "**required**"
		case a.Inherited && a.Default != nil:
			otherwise = code(literal(a.Default)) + ", or that of [`defaults`](#defaults)"
		case a.Inherited:
			otherwise = "that of [`defaults`](#defaults)"
		case a.Default != nil:
			otherwise = code(literal(a.Default))
		}
		t.add(code(a.Name), value(a), otherwise, text(a.Doc))
	}
	return t
}

// value says what the value of an argument is.
func value(a schema.Argument) string {
	switch {
	case a.Words != nil:
		return listCode(quoted(a.Words), "or")
	case a.Form == schema.NumberForm:
		return fmt.Sprintf("%s from %d to %d", text(a.Kind), a.Min, a.Max)
	}
	return text(a.Kind)
}

// literal is a default as it would be written.
func literal(v any) string {
	if s, ok := v.(string); ok {
		return strconv.Quote(s)
	}
	return fmt.Sprint(v)
}
