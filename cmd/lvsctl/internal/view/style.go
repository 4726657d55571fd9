// Package view is what lvsctl prints: for people and, apart from that, as JSON. It
// decides nothing.
package view

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Printer writes for people.
type Printer struct {
	w     io.Writer
	color bool
	width int // columns
	err   error
}

// NewPrinter returns a printer. The width is in columns.
func NewPrinter(w io.Writer, color bool, width int) *Printer {
	return &Printer{w: w, color: color, width: width}
}

// Err is the first error in writing.
func (p *Printer) Err() error { return p.err }

// Printf writes text as it is.
func (p *Printer) Printf(format string, args ...any) {
	if _, err := fmt.Fprintf(p.w, format, args...); err != nil && p.err == nil {
		p.err = err
	}
}

// print writes texts as they are.
func (p *Printer) print(texts ...string) {
	for _, text := range texts {
		if _, err := io.WriteString(p.w, text); err != nil && p.err == nil {
			p.err = err
		}
	}
}

// atOnce has what is written meanwhile go out in large pieces, which is all that counts where
// there are tens of thousands of lines.
func (p *Printer) atOnce(write func()) {
	out := p.w
	b := bufio.NewWriterSize(out, 64<<10)
	p.w = b
	write()
	p.w = out
	if err := b.Flush(); err != nil && p.err == nil {
		p.err = err
	}
}

// The looks of a text, as SGR parameters.
type look string

const (
	plain  look = ""
	bold   look = "1"
	dim    look = "2"
	red    look = "31"
	green  look = "32"
	yellow look = "33"
	cyan   look = "36"
)

// paint gives a text a look where colours are wanted.
func (p *Printer) paint(l look, text string) string {
	if !p.color || text == "" || l == plain {
		return text
	}
	return "\x1b[" + string(l) + "m" + text + "\x1b[0m"
}

// pad fills a text with blanks to a number of columns.
func pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-utf8.RuneCountInString(text)))
}

// Clean makes characters visible that are orders to a terminal: control characters, and those
// that turn the direction of writing or end a line. What hosts send is printed through it, so
// that none of them can repaint the terminal.
func Clean(text string) string {
	if isPlain(text) {
		return text
	}
	text = strings.ToValidUTF8(text, "?")
	if !strings.ContainsFunc(text, isOrder) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case !isOrder(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// isPlain tells text of nothing but printable ASCII, as most is.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func isOrder(r rune) bool {
	return unicode.IsControl(r) || r > 0xff && unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// cleanLines is clean for a text that may have several lines.
func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = Clean(line)
	}
	return strings.Join(lines, "\n")
}

// span writes a duration as people do: "1m" and not "1m0s".
func span(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
