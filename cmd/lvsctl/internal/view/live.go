package view

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// A LiveLine is the last line of a terminal, which is rewritten in place to show what goes
// on. It is out of the way whenever an ordinary line is printed, and leaves nothing behind.
// A nil one is never shown: that is for output which is not a terminal.
type LiveLine struct {
	mu     sync.Mutex
	w      io.Writer
	width  func() int // columns of the terminal, now
	text   string     // empty for none
	inLine bool       // an ordinary line has begun and not ended
}

// NewLiveLine returns a line on a terminal, whose width is asked for again and again, as
// terminals change it.
func NewLiveLine(w io.Writer, width func() int) *LiveLine {
	return &LiveLine{w: w, width: width}
}

// Set shows a text in the place of the one before, as much of it as there is room for.
func (l *LiveLine) Set(text string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if text = Clean(text); text == l.text {
		return
	}
	if text == "" {
		l.erase()
	}
	l.text = text
	l.draw()
}

// Clear takes the line away.
func (l *LiveLine) Clear() { l.Set("") }

// Over is a writer to the same terminal, be it standard output or standard error. What is
// written to it stands above the line.
func (l *LiveLine) Over(w io.Writer) io.Writer {
	if l == nil {
		return w
	}
	return above{l, w}
}

// above writes ordinary lines above the live one.
type above struct {
	*LiveLine
	w io.Writer
}

// Write implements [io.Writer].
func (a above) Write(text []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.erase()
	n, err := a.w.Write(text)
	a.inLine = len(text) > 0 && !bytes.HasSuffix(text, []byte("\n"))
	a.draw()
	return n, err
}

// Control sequences of terminals.
const (
	lineStart = "\r"
	eraseRest = "\x1b[K" // from the cursor to the end of the line
)

// draw shows the line. The cursor is left at its start, so that what the terminal itself
// writes there, such as ^C, does not begin another line.
func (l *LiveLine) draw() {
	if l.text != "" && !l.inLine {
		l.write(lineStart + fitting(l.text, l.width()-1) + eraseRest + lineStart)
	}
}

// erase takes what is shown from the terminal.
func (l *LiveLine) erase() {
	if l.text != "" && !l.inLine {
		l.write(lineStart + eraseRest)
	}
}

// write writes to the terminal. Whether it can is of no interest: the line is a courtesy.
func (l *LiveLine) write(text string) { _, _ = io.WriteString(l.w, text) }

// fitting is as much of a text as fits in some columns, with an ellipsis for the rest.
func fitting(text string, columns int) string {
	if columns < 1 {
		return ""
	}
	if cells(text) <= columns {
		return text
	}
	var b strings.Builder
	room := columns - 1
	for _, r := range text {
		if room -= cells(string(r)); room < 0 {
			break
		}
		b.WriteRune(r)
	}
	return b.String() + "…"
}

// wide is the first character that may take two columns, as those of East Asia do.
const wide = 0x1100

// cells is how many columns a text takes at the most. Box drawing and punctuation take one,
// whatever else is beyond the alphabets may take two.
func cells(text string) int {
	n := 0
	for _, r := range text {
		if n++; r >= wide && (r < 0x2000 || r >= 0x2600) {
			n++
		}
	}
	return n
}
