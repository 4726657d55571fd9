package view

import (
	"fmt"
	"strings"

	"github.com/lvsctl/lvsctl/planner"
)

// Mermaid writes a topology as a Mermaid flowchart.
func Mermaid(t *planner.Topology) string {
	pic := newPicture(t)
	var b strings.Builder
	b.WriteString("flowchart LR\n  clients([\"clients\"])\n")
	for i := range pic.bands {
		mermaidBand(&b, &pic.bands[i])
	}
	if len(pic.idle) > 0 {
		fmt.Fprintf(&b, "  idle[%s]\n", mermaidLabel(append([]string{"hosts without a part"}, pic.idle...)))
	}
	return b.String()
}

// mermaidBand writes one cluster.
func mermaidBand(b *strings.Builder, band *band) {
	fmt.Fprintf(b, "  subgraph %ss[%s]\n", band.front.id, mermaidLabel([]string{band.name}))
	for _, x := range band.boxes() {
		fmt.Fprintf(b, "    %s[%s]\n", x.id, mermaidLabel(append([]string{x.title}, x.lines...)))
	}
	b.WriteString("  end\n")
	fmt.Fprintf(b, "  clients --> %s\n", band.front.id)
	for _, d := range band.directors {
		fmt.Fprintf(b, "  %s --> %s\n", band.front.id, d.id)
		for _, g := range band.groups {
			lines := g.above
			if g.below != "" {
				lines = append(lines[:len(lines):len(lines)], g.below)
			}
			fmt.Fprintf(b, "  %s -->|%s| %s\n", d.id, mermaidLabel(lines), g.id)
		}
	}
	for _, s := range band.storages {
		for _, group := range s.groups {
			fmt.Fprintf(b, "  %s -.->|%s| %s\n", group, mermaidLabel([]string{"mounts"}), s.id)
		}
	}
}

// mermaidLabel is lines of text in quotes.
func mermaidLabel(lines []string) string {
	escaped := make([]string, len(lines))
	for i, line := range lines {
		escaped[i] = mermaidEscape(line)
	}
	return `"` + strings.Join(escaped, "<br/>") + `"`
}

// mermaidEscape writes what has a meaning in Mermaid or in HTML as an entity code.
func mermaidEscape(text string) string {
	return strings.NewReplacer("#", "#35;", "&", "#38;", `"`, "#34;", "<", "#60;", ">", "#62;", "`", "#96;", `\`, "#92;").Replace(text)
}
