package manual

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commands writes the section of all commands.
func (p *page) commands(root *cobra.Command) {
	p.printf("\n## Commands\n\n%s\n\n", escape(root.Long))
	t := table{header: []string{"command", "what it does"}}
	for _, c := range listed(root) {
		t.add("["+code(c.CommandPath())+"](#"+anchor(c.CommandPath())+")", text(c.Short))
	}
	p.printf("%s\nAll commands have these flags:\n\n%s", t, flags(root.PersistentFlags()))
	for _, c := range listed(root) {
		p.command(c)
	}
}

// listed are the commands that people see in the help, without the help itself.
func listed(root *cobra.Command) []*cobra.Command {
	var commands []*cobra.Command
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			commands = append(commands, c)
		}
	}
	return commands
}

// command writes the section of one command.
func (p *page) command(c *cobra.Command) {
	p.printf("\n### %s\n\n```text\n%s\n```\n", c.CommandPath(), c.UseLine())
	long := c.Long
	if long == "" {
		long = sentence(c.Short, ".")
	}
	p.printf("\n%s\n", strings.TrimSpace(escape(long)))
	if c.Example != "" {
		p.printf("\n```sh\n%s\n```\n", strings.ReplaceAll("\n"+c.Example, "\n  ", "\n")[1:])
	}
	if t := flags(c.NonInheritedFlags()); len(t.rows) > 0 {
		p.printf("\n%s", t)
	}
}

// flags is the table of flags.
func flags(set *pflag.FlagSet) table {
	t := table{header: []string{"flag", "default", "meaning"}}
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		placeholder, usage := pflag.UnquoteUsage(f)
		otherwise := ""
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
			otherwise = code(f.DefValue)
		}
		t.add(code(strings.TrimSpace("--"+f.Name+" "+placeholder)), otherwise, text(usage))
	})
	return t
}
