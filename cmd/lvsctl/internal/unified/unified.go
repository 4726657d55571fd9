// Package unified shows what differs between two texts, in the unified format of
// diff(1) that patch(1) and people read.
package unified

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// context is how many equal lines are shown around what differs.
const context = 3

// patience is how long is searched for a short difference. After that the rest counts
// as replaced as a whole, which is true as well.
const patience = time.Second

// Diff returns the difference between two texts with these names, line by line, or
// nothing where they are equal.
func Diff(oldName, newName, oldText, newText string) string {
	if oldText == newText {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", oldName, newName)
	for _, h := range hunks(compare(oldText, newText)) {
		h.write(&b)
	}
	return b.String()
}

// A line is one line of either text or of both.
type line struct {
	sign byte   // ' ' in both, '-' in the old one, '+' in the new one
	text string // with its line break, which the last line may lack
}

// compare lists the lines of both texts. What goes stands before what comes.
func compare(oldText, newText string) []line {
	table := lineTable{runes: map[string]rune{}}
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = patience
	var lines, added []line
	for _, d := range dmp.DiffMainRunes(table.encode(oldText), table.encode(newText), false) {
		for _, r := range d.Text {
			text := table.lines[r]
			switch d.Type {
			case diffmatchpatch.DiffDelete:
				lines = append(lines, line{'-', text})
			case diffmatchpatch.DiffInsert:
				added = append(added, line{'+', text})
			case diffmatchpatch.DiffEqual:
				lines = append(append(lines, added...), line{' ', text})
				added = added[:0]
			}
		}
	}
	return append(lines, added...)
}

// A lineTable stands for each different line by a rune, which is what is compared.
type lineTable struct {
	runes map[string]rune
	lines map[rune]string
	last  rune
}

// encode is a text with a rune for each line.
func (t *lineTable) encode(text string) []rune {
	var encoded []rune
	for l := range strings.Lines(text) {
		r, known := t.runes[l]
		if !known {
			r = t.add(l)
		}
		encoded = append(encoded, r)
	}
	return encoded
}

// add enters a line. Runes that cannot be written in UTF-8 are left out, and there are
// enough others for a million lines.
func (t *lineTable) add(l string) rune {
	for t.last++; !utf8.ValidRune(t.last) || t.last == utf8.RuneError; t.last++ {
		if t.last > utf8.MaxRune {
			panic("unified: more than a million different lines")
		}
	}
	if t.lines == nil {
		t.lines = map[rune]string{}
	}
	t.runes[l], t.lines[t.last] = t.last, l
	return t.last
}

// A hunk is a stretch of lines with differences.
type hunk struct {
	oldAt, newAt int // lines of both texts before it
	lines        []line
}

// hunks cuts out of all lines those that differ, with the lines around them.
func hunks(lines []line) []hunk {
	var found []hunk
	done, oldAt, newAt := 0, 0, 0
	for _, c := range cuts(lines) {
		between := c.from - done // equal lines
		h := hunk{oldAt + between, newAt + between, lines[c.from:c.to]}
		found = append(found, h)
		done, oldAt, newAt = c.to, h.oldAt+h.count('+'), h.newAt+h.count('-')
	}
	return found
}

// A cut is a stretch of lines, the last one excluded.
type cut struct{ from, to int }

// cuts finds the lines that differ, with the lines around them. Stretches that touch are
// one.
func cuts(lines []line) []cut {
	var found []cut
	for i, l := range lines {
		if l.sign == ' ' {
			continue
		}
		c := cut{max(0, i-context), min(len(lines), i+1+context)}
		if n := len(found); n > 0 && c.from <= found[n-1].to {
			found[n-1].to = c.to
			continue
		}
		found = append(found, c)
	}
	return found
}

// count is the number of lines of a hunk without those of a sign.
func (h *hunk) count(without byte) int {
	n := 0
	for _, l := range h.lines {
		if l.sign != without {
			n++
		}
	}
	return n
}

// write prints a hunk below its header.
func (h *hunk) write(b *strings.Builder) {
	fmt.Fprintf(b, "@@ -%s +%s @@\n", stretch(h.oldAt, h.count('+')), stretch(h.newAt, h.count('-')))
	for _, l := range h.lines {
		b.WriteByte(l.sign)
		b.WriteString(l.text)
		if !strings.HasSuffix(l.text, "\n") {
			b.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// stretch writes the first line and the number of lines of a hunk in one of the texts. A
// stretch of no lines is named after the line before it.
func stretch(before, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("%d,0", before)
	case 1:
		return fmt.Sprint(before + 1)
	}
	return fmt.Sprintf("%d,%d", before+1, n)
}
