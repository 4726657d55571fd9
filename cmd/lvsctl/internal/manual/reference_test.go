package manual

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/spf13/cobra"
)

// program is a command line with a bit of everything.
func program() *cobra.Command {
	run := func(*cobra.Command, []string) {}
	root := &cobra.Command{Use: "prog", Long: "prog does *things*."}
	root.PersistentFlags().String("color", "auto", "when to use colour")
	plan := &cobra.Command{Use: "plan [PATH]...", Short: "Show what to do", Example: "  prog plan\n  prog plan here", Run: run}
	plan.Flags().StringArray("host", nil, "only this `HOST`")
	plan.Flags().Bool("json", false, `print "JSON"`)
	root.AddCommand(plan, &cobra.Command{Use: "secret", Hidden: true, Run: run})
	return root
}

func TestCommands(t *testing.T) {
	var p page
	p.commands(program())
	const want = `
## Commands

prog does \*things\*.

| command | what it does |
|---|---|
| [«prog plan»](#prog-plan) | Show what to do |

All commands have these flags:

| flag | default | meaning |
|---|---|---|
| «--color string» | «auto» | when to use colour |

### prog plan

«««text
prog plan [PATH]... [flags]
«««

Show what to do.

«««sh
prog plan
prog plan here
«««

| flag | default | meaning |
|---|---|---|
| «--host HOST» | | only this HOST |
| «--json» | | print «"JSON"» |
`
	quotes := strings.NewReplacer("«", "`", "»", "`")
	if diff := cmp.Diff(quotes.Replace(want), p.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Every link on the page leads to one heading, and every example can be read.
func TestReferenceHoldsTogether(t *testing.T) {
	text := Reference(program(), []ExitCode{{0, "done"}})
	headings := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^##+ (.*)$`).FindAllStringSubmatch(text, -1) {
		headings[anchor(m[1])]++
	}
	links := regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(text, -1)
	if len(links) < 50 {
		t.Errorf("only %d links", len(links))
	}
	for _, m := range links {
		if n := headings[m[1]]; n != 1 {
			t.Errorf("a link leads to #%s, of which there are %d", m[1], n)
		}
	}
	examples := regexp.MustCompile("(?s)```hcl\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(examples) < 10 {
		t.Errorf("only %d examples", len(examples))
	}
	for _, m := range examples {
		if _, diags := hclsyntax.ParseConfig([]byte(m[1]), "example", hcl.InitialPos); diags.HasErrors() {
			t.Errorf("%v in\n%s", diags, m[1])
		}
	}
}

// Two blocks of one type that are not the same get headings of their own.
func TestHeadings(t *testing.T) {
	inner := &schema.Block{Type: "check"}
	other := &schema.Block{Type: "check"}
	pool := &schema.Block{Type: "pool", Blocks: []*schema.Block{inner}}
	file := &schema.Block{Blocks: []*schema.Block{
		{Type: "cluster", Blocks: []*schema.Block{pool, other}},
		{Type: "spare", Blocks: []*schema.Block{pool}},
	}}
	b := newBook(file)
	var got []string
	for _, block := range b.order {
		got = append(got, b.link(block))
	}
	want := []string{"[`cluster`](#cluster)", "[`pool`](#pool)", "[`check`](#check-in-pool)", "[`check`](#check-in-cluster)", "[`spare`](#spare)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestArguments(t *testing.T) {
	got := arguments([]schema.Argument{
		{Name: "port", Kind: "a whole number", Form: schema.NumberForm, Max: 9, Default: uint32(7), Doc: "a|b"},
		{Name: "type", Kind: "a string", Words: []string{"x", "y"}, Default: "x", Doc: `as in ["a", "b"], <not> *this*`},
		{Name: "vip", Kind: `an IP address such as "1.2.3.4"`, Required: true, Doc: "where it is"},
		{Name: "mode", Kind: "a string", Required: true, Inherited: true, Doc: "how"},
		{Name: "weight", Kind: "a whole number", Inherited: true, Default: uint32(1), Doc: "how much"},
		{Name: "mss", Kind: "a string", Inherited: true, Doc: "how long"},
	}).String()
	const want = `| argument | value | default | meaning |
|---|---|---|---|
| «port» | a whole number from 0 to 9 | «7» | a\|b |
| «type» | «"x"» or «"y"» | «"x"» | as in «["a", "b"]», \<not> \*this\* |
| «vip» | an IP address such as «"1.2.3.4"» | **required** | where it is |
| «mode» | a string | **required** here or in [«defaults»](#defaults) | how |
| «weight» | a whole number | «1», or that of [«defaults»](#defaults) | how much |
| «mss» | a string | that of [«defaults»](#defaults) | how long |
`
	if diff := cmp.Diff(strings.NewReplacer("«", "`", "»", "`").Replace(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
