package view

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A screen is a terminal as far as a live line needs one: text, CR, LF, erasing a line to its
// end, and colours that are not to be seen. A text that is too long for a line is an error.
type screen struct {
	width  int
	lines  []string
	column int
	bytes  strings.Builder
	wrong  []string
}

func newScreen(width int) *screen { return &screen{width: width, lines: []string{""}} }

// Write implements [io.Writer].
func (s *screen) Write(p []byte) (int, error) {
	s.bytes.Write(p)
	for text := unpainted(string(p)); text != ""; {
		last := len(s.lines) - 1
		switch {
		case strings.HasPrefix(text, "\x1b[K"):
			s.lines[last] = string([]rune(s.lines[last])[:s.column])
			text = text[3:]
			continue
		case text[0] == '\r':
			s.column = 0
		case text[0] == '\n':
			s.lines, s.column = append(s.lines, ""), 0
		default:
			r := []rune(text)[0]
			s.put(r)
			text = text[len(string(r)):]
			continue
		}
		text = text[1:]
	}
	return len(p), nil
}

func (s *screen) put(r rune) {
	line := []rune(s.lines[len(s.lines)-1])
	if s.column < len(line) {
		line[s.column] = r
	} else {
		line = append(line, r)
	}
	s.column++
	if s.column > s.width {
		s.wrong = append(s.wrong, fmt.Sprintf("column %d: %s", s.column, string(line)))
	}
	s.lines[len(s.lines)-1] = string(line)
}

// shows compares what is to be seen.
func (s *screen) shows(t *testing.T, when string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.lines); diff != "" {
		t.Errorf("%s (-want +got):\n%s", when, diff)
	}
	for _, w := range s.wrong {
		t.Errorf("%s: %s", when, w)
	}
}

func TestLiveLine(t *testing.T) {
	s := newScreen(20)
	live := NewLiveLine(s, func() int { return s.width })
	out := live.Over(s)

	fmt.Fprint(out, "first\n")
	s.shows(t, "nothing set", "first", "")
	live.Set("working")
	s.shows(t, "set", "first", "working")
	live.Set("work")
	s.shows(t, "a shorter text", "first", "work")
	fmt.Fprint(out, "second\n")
	s.shows(t, "a line above", "first", "second", "work")
	fmt.Fprint(out, "question? ")
	live.Set("not now")
	s.shows(t, "in the middle of a line", "first", "second", "question? ")
	fmt.Fprint(out, "yes\n")
	s.shows(t, "after the line", "first", "second", "question? yes", "not now")
	fmt.Fprint(s, "^C") // the terminal itself
	fmt.Fprint(live.Over(s), "\nInterrupted\n")
	s.shows(t, "interrupted", "first", "second", "question? yes", "", "Interrupted", "not now")
	live.Set("more than there is room for")
	s.shows(t, "a long text", "first", "second", "question? yes", "", "Interrupted", "more than there is…")
	s.width = 6
	live.Set("narrow now")
	s.shows(t, "a narrow terminal", "first", "second", "question? yes", "", "Interrupted", "narr…")
	live.Set("\x1b[2J")
	s.shows(t, "control characters", "first", "second", "question? yes", "", "Interrupted", `\x1b…`)
	live.Clear()
	live.Clear()
	s.shows(t, "cleared", "first", "second", "question? yes", "", "Interrupted", "")
	written := s.bytes.Len()
	live.Set("")
	if s.bytes.Len() != written {
		t.Error("nothing is shown, and something is written")
	}
}

// Without a terminal there is no line, and what is written goes through as it is.
func TestNoLiveLine(t *testing.T) {
	var live *LiveLine
	live.Set("working")
	live.Clear()
	s := newScreen(80)
	fmt.Fprint(live.Over(s), "line\n")
	if got := s.bytes.String(); got != "line\n" {
		t.Errorf("got %q", got)
	}
}

func TestFitting(t *testing.T) {
	tests := []struct {
		text    string
		columns int
		want    string
	}{
		{"", 0, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"abcd", 1, "…"},
		{"abcd", 0, ""},
		{"abcd", -1, ""},
		{"[█─]", 4, "[█─]"},
		{"网站网站", 8, "网站网站"},
		{"网站网站", 7, "网站网…"},
		{"网站网站", 6, "网站…"},
	}
	for _, test := range tests {
		if got := fitting(test.text, test.columns); got != test.want {
			t.Errorf("%q in %d columns: got %q, want %q", test.text, test.columns, got, test.want)
		}
	}
}
