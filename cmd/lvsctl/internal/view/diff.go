package view

import "strings"

// diffLooks are the looks of lines in the unified format by what they begin with.
var diffLooks = map[byte]look{'@': cyan, '-': red, '+': green}

// Diff prints the difference between two texts in the unified format.
func (p *Printer) Diff(diff string) {
	header := 2
	for line := range strings.Lines(diff) {
		line = strings.TrimSuffix(line, "\n")
		switch l, ok := diffLooks[line[0]]; {
		case header > 0:
			line = p.paint(bold, line)
			header--
		case ok:
			line = p.paint(l, line)
		}
		p.Printf("%s\n", line)
	}
}
