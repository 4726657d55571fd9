package view

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// widest is how many columns prose has at the most: longer lines are hard to read.
const widest = 100

// columns is how wide prose is.
func (p *Printer) columns() int { return min(max(p.width, 40), widest) }

// paragraph prints a text that may be long: first stands in front of it, and the lines
// that follow are indented as far.
func (p *Printer) paragraph(first, text string, l look) {
	p.items(first, strings.Split(text, " "), " ", l)
}

// items prints pieces one after the other, as many in a line as there is room for. What
// stands between them stays at the end of a line.
func (p *Printer) items(first string, pieces []string, between string, l look) {
	indent := utf8.RuneCountInString(first)
	for i, line := range packed(pieces, between, p.columns()-indent) {
		if i > 0 {
			first = strings.Repeat(" ", indent)
		}
		p.Printf("%s%s\n", first, p.paint(l, line))
	}
}

// packed puts pieces in lines of some columns. A piece that is longer has a line of its
// own.
func packed(pieces []string, between string, columns int) []string {
	var lines []string
	line := ""
	for i, piece := range pieces {
		piece = Clean(piece)
		if i < len(pieces)-1 {
			piece += between
		}
		if line != "" && utf8.RuneCountInString(line)+utf8.RuneCountInString(strings.TrimRight(piece, " ")) > columns {
			lines = append(lines, strings.TrimRight(line, " "))
			line = ""
		}
		line += piece
	}
	if line = strings.TrimRight(line, " "); line != "" {
		lines = append(lines, line)
	}
	return lines
}

// someOf writes names for a sentence, of many only the first: "a, b and 7 others".
func someOf(names []string, most int) string {
	n := len(names)
	switch {
	case n > most:
		return fmt.Sprintf("%s and %d others", strings.Join(names[:most-1], ", "), n-most+1)
	case n < 2:
		return strings.Join(names, "")
	}
	return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
}
