package view

import (
	"strings"

	"github.com/lvsctl/lvsctl/planner"
)

// Graph prints a topology as a tree.
func (p *Printer) Graph(t *planner.Topology) {
	pic := newPicture(t)
	p.Printf("%s\n", p.paint(bold, "clients"))
	for i, b := range pic.bands {
		first := p.paint(bold, b.name) + "  " + b.front.title
		below := p.node("", i == len(pic.bands)-1, append([]string{first}, b.front.lines...)...)
		p.directors(below, &b)
		for j := range b.storages {
			s := &b.storages[j]
			indent := p.node(below, j == len(b.storages)-1, p.paint(cyan, s.title))
			for k, line := range s.lines {
				p.node(indent, k == len(s.lines)-1, line)
			}
		}
	}
	if len(pic.idle) > 0 {
		p.Printf("\n")
		p.paragraph("", "Hosts without a part: "+someOf(pic.idle, maxServers), plain)
	}
}

// directors prints what is behind the front of a cluster: all its directors as one node,
// since each has the same behind it.
func (p *Printer) directors(indent string, b *band) {
	var rows [][]string
	for _, d := range b.directors {
		rows = append(rows, []string{d.title, strings.Join(d.lines, ", ")})
	}
	indent = p.node(indent, len(b.storages) == 0, table(rows)...)
	for i, g := range b.groups {
		below := p.node(indent, i == len(b.groups)-1, p.paint(cyan, g.label())+": "+g.title)
		for j, line := range g.lines {
			p.node(below, j == len(g.lines)-1, line)
		}
	}
}

// label is what stands on the arrow to a group, in one line.
func (g *serverGroup) label() string {
	label := strings.Join(g.above, " ")
	if g.below != "" {
		label += ", " + g.below
	}
	return label
}

// node prints the lines of one node, and returns the indentation of what is below it.
func (p *Printer) node(indent string, last bool, lines ...string) string {
	branch, below := "├─ ", "│  "
	if last {
		branch, below = "└─ ", "   "
	}
	for i, line := range lines {
		if i > 0 {
			branch = below + "│  "
		}
		p.Printf("%s%s\n", p.paint(dim, indent+branch), line)
	}
	return indent + below
}
