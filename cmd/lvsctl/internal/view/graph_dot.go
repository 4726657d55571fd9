package view

import (
	"fmt"
	"strings"

	"github.com/lvsctl/lvsctl/planner"
)

// DOT writes a topology in the language of Graphviz.
func DOT(t *planner.Topology) string {
	pic := newPicture(t)
	var b strings.Builder
	b.WriteString("digraph lvsctl {\n  rankdir=LR\n  node [shape=box, fontname=\"monospace\"]\n  edge [fontname=\"monospace\"]\n  clients [shape=oval]\n")
	for i := range pic.bands {
		dotBand(&b, &pic.bands[i])
	}
	if len(pic.idle) > 0 {
		fmt.Fprintf(&b, "  idle [style=dashed, label=%s]\n", dotLabel("hosts without a part", pic.idle))
	}
	b.WriteString("}\n")
	return b.String()
}

// dotBand writes one cluster.
func dotBand(b *strings.Builder, band *band) {
	fmt.Fprintf(b, "\n  subgraph cluster_%s {\n    label=%s\n", band.front.id, dotQuote(band.name))
	for _, x := range band.boxes() {
		fmt.Fprintf(b, "    %s [label=%s]\n", x.id, dotLabel(x.title, x.lines))
	}
	b.WriteString("  }\n")
	fmt.Fprintf(b, "  clients -> %s\n", band.front.id)
	for _, d := range band.directors {
		fmt.Fprintf(b, "  %s -> %s\n", band.front.id, d.id)
		for _, g := range band.groups {
			lines := g.above
			if g.below != "" {
				lines = append(lines[:len(lines):len(lines)], g.below)
			}
			fmt.Fprintf(b, "  %s -> %s [label=%s]\n", d.id, g.id, dotQuote(strings.Join(lines, "\n")))
		}
	}
	for _, s := range band.storages {
		for _, group := range s.groups {
			fmt.Fprintf(b, "  %s -> %s [style=dashed, label=%s]\n", group, s.id, dotQuote("mounts"))
		}
	}
}

// dotLabel is a title with lines below, which begin at the left.
func dotLabel(title string, lines []string) string {
	text := dotEscape(title)
	if len(lines) > 0 {
		text += `\n`
	}
	for _, line := range lines {
		text += dotEscape(line) + `\l`
	}
	return `"` + text + `"`
}

func dotQuote(text string) string { return `"` + dotEscape(text) + `"` }

// dotEscape makes a text part of a string: a backslash would begin an escape.
func dotEscape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text)
}
