package provider

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// A block stands between two lines of its own:
//
//	# BEGIN lvsctl NAME
//	…
//	# END lvsctl NAME
//
// All else in the file is somebody else's, and not a byte of it is changed. What has to
// be known to give back exactly what was there before is noted in the first line: that
// the block made the file, and that the line before it did not end, which it has to for
// the block to have lines of its own. The note has the length of that line, so that a
// line that others changed or added since keeps its end.
//
// The block that a note is about may go before others that came later. Then the next one
// takes the note over, and whichever is the last of them acts on it.
const (
	beginWord = "BEGIN lvsctl "
	endWord   = "END lvsctl "

	madeNote      = ", which made this file"
	unendedBefore = ", after a line of "
	unendedAfter  = " bytes without end"
)

// A marker is the first or last line of a block.
type marker struct {
	comment string // what begins the line
	end     bool
	name    string
	made    bool // the block made the file
	unended int  // bytes of the line before it if the block gave that its end, else 0
}

// String is the line of a marker without its end.
func (m marker) String() string {
	if m.end {
		return m.comment + " " + endWord + m.name
	}
	line := m.comment + " " + beginWord + m.name
	if m.made {
		line += madeNote
	}
	if m.unended > 0 {
		line += unendedBefore + strconv.Itoa(m.unended) + unendedAfter
	}
	return line
}

// parseMarker reads a line, with or without its end, that is nothing but a marker. One
// that somebody has given the line ends of other systems still is one.
func parseMarker(line []byte) (marker, bool) {
	text := strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r")
	comment, rest, _ := strings.Cut(text, " ")
	m := marker{comment: comment}
	if !isComment(comment) {
		return m, false
	}
	if m.name, m.end = strings.CutPrefix(rest, endWord); m.end {
		return m, isBlockName(m.name)
	}
	rest, begins := strings.CutPrefix(rest, beginWord)
	if !begins {
		return m, false
	}
	rest, m.unended = cutUnended(rest)
	m.name, m.made = strings.CutSuffix(rest, madeNote)
	return m, isBlockName(m.name)
}

// cutUnended takes the note of a line without end off the end of a marker.
func cutUnended(text string) (rest string, unended int) {
	before, ok := strings.CutSuffix(text, unendedAfter)
	if !ok {
		return text, 0
	}
	rest, number, ok := strings.Cut(before, unendedBefore)
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n <= 0 || strconv.Itoa(n) != number {
		return text, 0
	}
	return rest, n
}

// isComment tells what can begin a marker: signs alone, so that a sentence that mentions
// one is not taken for it.
func isComment(text string) bool {
	return text != "" && strings.Trim(text, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") == ""
}

// isBlockName tells whether a text can be the name of a block: one word, which is seen.
func isBlockName(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// checkBlock refuses a block that could not be found again as it is.
func checkBlock(b resource.Block) error {
	switch {
	case !isBlockName(b.Name):
		return fmt.Errorf("%q cannot be the name of a block: it is one word", b.Name)
	case !isComment(b.Comment):
		return fmt.Errorf("%q cannot begin the comments around a block: they begin with signs, such as # or //", b.Comment)
	case b.Content != "" && !strings.HasSuffix(string(b.Content), "\n"):
		return errors.New("the last line of a block has to end")
	}
	n := 0
	for line := range strings.Lines(string(b.Content)) {
		n++
		if m, is := parseMarker([]byte(line)); is {
			return fmt.Errorf("line %d of its content is %q, which looks like the edge of a block", n, m)
		}
	}
	return nil
}

// A blockSpan is where a block is in a text.
type blockSpan struct {
	begin    marker
	from, to int // from its first line to behind its last
	body     int // where its content begins
	bodyEnd  int // and ends
}

// findBlock looks for a block. Where its markers are not one pair around lines of its
// own, the error says which line is in the way.
func findBlock(text []byte, name string) (span blockSpan, found bool, err error) {
	open := 0 // the number of the line that the block begins with
	at, n := 0, 0
	for line := range bytes.Lines(text) {
		n++
		m, is := parseMarker(line)
		switch ours := m.name == name; {
		case !is || open == 0 && !ours:
		case !ours:
			return span, false, fmt.Errorf("line %d: %q is within block %s, which begins in line %d", n, m, name, open)
		case m.end && open == 0:
			return span, false, fmt.Errorf("line %d: %q has no line before it that begins the block", n, m)
		case m.end:
			span.bodyEnd, span.to, open = at, at+len(line), 0
		case open > 0:
			return span, false, fmt.Errorf("line %d: block %s begins again, before it ends; it begins in line %d", n, name, open)
		case found:
			return span, false, fmt.Errorf("line %d: block %s is there twice", n, name)
		default:
			span, found, open = blockSpan{begin: m, from: at, body: at + len(line)}, true, n
		}
		at += len(line)
	}
	if open > 0 {
		return span, false, fmt.Errorf("line %d: block %s begins here and has no end", open, name)
	}
	return span, found, nil
}

// setBlock puts a block into a text: in the place of the one of that name, or at the end.
// made says that the file is made for it.
func setBlock(text []byte, name, comment, content string, made bool) ([]byte, error) {
	span, found, err := findBlock(text, name)
	if err != nil {
		return nil, err
	}
	if !found {
		span.from, span.to = len(text), len(text)
		span.begin = marker{name: name, made: made, unended: lastLine(text)}
	}
	span.begin.comment = comment
	var block []byte
	if !found && span.begin.unended > 0 {
		block = append(block, '\n')
	}
	block = fmt.Appendf(block, "%s\n%s%s\n", span.begin, content, marker{comment: comment, end: true, name: name})
	return splice(text, span.from, span.to, block), nil
}

// lastLine is how long the last line of a text is if it does not end, and 0 if it does.
func lastLine(text []byte) int { return len(text) - bytes.LastIndexByte(text, '\n') - 1 }

// cutBlock takes a block out of a text. made says that it made the file and nothing else
// is left in it. The text of a file without that block is returned as it is.
func cutBlock(text []byte, name string) (rest []byte, made bool, err error) {
	span, found, err := findBlock(text, name)
	if err != nil || !found {
		return text, false, err
	}
	before, after := text[:span.from], text[span.to:]
	unended := span.begin.unended
	if lastLine(bytes.TrimSuffix(before, []byte("\n"))) != unended {
		unended = 0 // another line stands there now
	}
	switch next, begins := firstMarker(after); {
	case len(after) == 0 && unended > 0:
		before = before[:len(before)-1]
	case begins:
		next.unended = unended
		after = withMarker(after, 0, next)
	}
	rest = splice(before, len(before), len(before), after)
	if span.begin.made {
		return handOn(rest), len(rest) == 0, nil
	}
	return rest, false, nil
}

// firstMarker reads the first line of a text, if it begins a block.
func firstMarker(text []byte) (marker, bool) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	m, is := parseMarker(line)
	return m, is && !m.end
}

// handOn notes in the first block of a text that the blocks made the file.
func handOn(text []byte) []byte {
	at := 0
	for line := range bytes.Lines(text) {
		if m, is := parseMarker(line); is && !m.end {
			m.made = true
			return withMarker(text, at, m)
		}
		at += len(line)
	}
	return text
}

// withMarker puts a marker in the place of the line that begins at a byte, and keeps the
// end of that line.
func withMarker(text []byte, at int, m marker) []byte {
	line, _, _ := bytes.Cut(text[at:], []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	return splice(text, at, at+len(line), []byte(m.String()))
}

// splice is a new text with something else between two bytes.
func splice(text []byte, from, to int, with []byte) []byte {
	out := make([]byte, 0, len(text)-(to-from)+len(with))
	out = append(out, text[:from]...)
	out = append(out, with...)
	return append(out, text[to:]...)
}
