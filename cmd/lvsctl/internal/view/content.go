package view

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/unified"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Of what files hold, people want to see what changes, and not more of it than they will
// read. The JSON documents have all of it.
const (
	maxContentLines   = 40  // of the difference of one file
	maxContentColumns = 240 // of one line
)

// content prints lines of a difference below the object that holds them.
func (p *Printer) content(indent string, lines []string) {
	for _, line := range lines {
		l := dim // what is left out
		if !strings.HasPrefix(line, leftOut) {
			l = diffLooks[line[0]]
		}
		p.Printf("%s%s\n", indent, p.paint(l, line))
	}
}

// leftOut is what a line begins with that stands for others. No line of a difference does.
const leftOut = "… "

// shownDiff lists what people are shown of the difference of two texts.
func shownDiff(before, after resource.Text) []string {
	lines := contentDiff(before, after)
	shown := len(lines)
	if shown > maxContentLines+1 { // to say that there is one more takes a line, too
		shown = maxContentLines
	}
	more := len(lines) - shown
	lines = lines[:shown]
	for i, line := range lines {
		lines[i] = shownLine(line)
	}
	if more > 0 {
		lines = append(lines, leftOut+count(more, "more line")+", see --json")
	}
	return lines
}

// textOf is what a file or block holds, and nothing for other objects.
func textOf(r resource.Resource) resource.Text {
	switch r := r.(type) {
	case resource.File:
		return r.Content
	case resource.Block:
		return r.Content
	}
	return ""
}

// contentDiff lists the lines of the difference of two texts. Where one is empty, that all
// of the other comes or goes needs no saying.
func contentDiff(before, after resource.Text) []string {
	if before == after {
		return nil
	}
	if !isText(before) || !isText(after) {
		return binaryDiff(before, after)
	}
	diff := unified.Diff("", "", string(before), string(after))
	lines := strings.Split(strings.TrimSuffix(diff, "\n"), "\n")[2:]
	if before == "" || after == "" {
		return lines[1:]
	}
	return lines
}

// binaryDiff says of what is no text how long it is.
func binaryDiff(before, after resource.Text) (lines []string) {
	for i, t := range []resource.Text{before, after} {
		if t != "" {
			lines = append(lines, fmt.Sprintf("%c(%s%s)", "-+"[i], kindOfContent(t), bytesOf(t)))
		}
	}
	return lines
}

// kindOfContent says what a text is, if it is none.
func kindOfContent(t resource.Text) string {
	if isText(t) {
		return ""
	}
	return "binary, "
}

// bytesOf says how long a text is.
func bytesOf(t resource.Text) string {
	if len(t) == 1 {
		return "1 byte"
	}
	return thousands(len(t)) + " bytes"
}

// thousands writes a number with a comma after each group of digits.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// isText tells what can be printed as lines from what cannot.
func isText(t resource.Text) bool {
	return utf8.ValidString(string(t)) && !strings.ContainsFunc(string(t), func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r)
	})
}

// contentChange says in a few words how a text changes.
func contentChange(before, after resource.Text) string {
	if !isText(before) || !isText(after) {
		return kindOfContent(before) + bytesOf(before) + " → " + kindOfContent(after) + bytesOf(after)
	}
	added, removed := 0, 0
	for _, line := range contentDiff(before, after) {
		switch line[0] {
		case '+':
			added++
		case '-':
			removed++
		}
	}
	return fmt.Sprintf("+%d -%d", added, removed)
}

// shownLine is a line with all visible, and without what makes it too long.
func shownLine(line string) string { return visible(line, maxContentColumns) }

// visible is a line with all visible that has no looks of its own, such as what turns the
// direction of writing, and with no more than some of its characters.
func visible(line string, most int) string {
	var b strings.Builder
	columns := 0
	for at, r := range line {
		if columns++; columns > most {
			fmt.Fprintf(&b, " … %s", count(utf8.RuneCountInString(line[at:]), "more character"))
			break
		}
		if unicode.IsGraphic(r) || r == '\t' {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// visibleLines is a text of several lines with all visible.
func visibleLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = visible(line, math.MaxInt)
	}
	return strings.Join(lines, "\n")
}
