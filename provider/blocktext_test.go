package provider

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// What a file looks like after each of some edits. "+NAME" puts a block in with a line
// that names it, "-NAME" takes it out, "*NAME" gives it other content.
func TestBlockEdits(t *testing.T) {
	block := func(name, notes string) string {
		return fmt.Sprintf("# BEGIN lvsctl %s%s\nof %s\n# END lvsctl %s\n", name, notes, name, name)
	}
	const unended = ", after a line of 3 bytes without end"
	tests := []struct {
		name, text, edits string
		want              []string // after each edit
	}{
		{"empty file", "", "+a -a", []string{block("a", ""), ""}},
		{"at the end", "foo\n", "+a -a", []string{"foo\n" + block("a", ""), "foo\n"}},
		{"after a line without end", "foo", "+a -a", []string{"foo\n" + block("a", unended), "foo"}},
		{"after one that looks as if it had one", "foo\r", "+a -a", []string{"foo\r\n" + block("a", ", after a line of 4 bytes without end"), "foo\r"}},
		{"edited in place", "foo\n" + block("a", "") + "bar", "*a -a",
			[]string{"foo\n# BEGIN lvsctl a\nother\n# END lvsctl a\nbar", "foo\nbar"}},
		{"an edit keeps the notes", "foo\n" + block("a", unended), "*a -a",
			[]string{"foo\n# BEGIN lvsctl a" + unended + "\nother\n# END lvsctl a\n", "foo"}},
		{"the first of two goes first", "foo", "+a +b -a -b",
			[]string{"foo\n" + block("a", unended), "foo\n" + block("a", unended) + block("b", ""), "foo\n" + block("b", unended), "foo"}},
		{"the last of two goes first", "foo", "+a +b -b -a",
			[]string{"foo\n" + block("a", unended), "foo\n" + block("a", unended) + block("b", ""), "foo\n" + block("a", unended), "foo"}},
		{"somebody appended", "foo\n" + block("a", unended) + "bar", "-a", []string{"foo\nbar"}},
		{"somebody appended after a second one", "foo\n" + block("a", unended) + block("b", "") + "bar", "-a -b",
			[]string{"foo\n" + block("b", unended) + "bar", "foo\nbar"}},
		{"somebody appended between two", "foo\n" + block("a", unended) + "bar\n" + block("b", ""), "-a -b",
			[]string{"foo\nbar\n" + block("b", ""), "foo\nbar\n"}},
		{"somebody added a line before it", "foo\nlonger\n" + block("a", unended), "-a", []string{"foo\nlonger\n"}},
		{"somebody took the line before it away", block("a", unended), "-a", []string{""}},
		{"somebody gave the file the line ends of other systems",
			"foo\r\n" + strings.ReplaceAll(block("a", unended), "\n", "\r\n"), "-a", []string{"foo\r\n"}},
		{"and it is edited", "foo\r\n# BEGIN lvsctl a\r\nof a\r\n# END lvsctl a\r\nbar\r\n", "*a",
			[]string{"foo\r\n# BEGIN lvsctl a\nother\n# END lvsctl a\nbar\r\n"}},
		{"a note goes to a line with the ends of other systems",
			"foo\n" + block("a", unended) + "# BEGIN lvsctl b\r\n# END lvsctl b\r\n", "-a -b",
			[]string{"foo\n# BEGIN lvsctl b" + unended + "\r\n# END lvsctl b\r\n", "foo"}},
		{"its last line lost its end", "foo\n" + strings.TrimSuffix(block("a", ""), "\n"), "-a", []string{"foo\n"}},
		{"its last line lost its end, and another comes after it", strings.TrimSuffix(block("a", ""), "\n"), "+b -a -b",
			[]string{block("a", "") + block("b", ", after a line of 14 bytes without end"), block("b", ""), ""}},
		{"other comments", "; BEGIN lvsctl a\n; END lvsctl a\n", "*a", []string{"# BEGIN lvsctl a\nother\n# END lvsctl a\n"}},
		{"mentions are no markers", "see # BEGIN lvsctl a\n## BEGIN lvsctl a b\n#BEGIN lvsctl a\n # BEGIN lvsctl a\n# BEGIN lvsctl a, and so on\necho END lvsctl a\n", "-a",
			[]string{"see # BEGIN lvsctl a\n## BEGIN lvsctl a b\n#BEGIN lvsctl a\n # BEGIN lvsctl a\n# BEGIN lvsctl a, and so on\necho END lvsctl a\n"}},
		{"part of another name", block("ab", ""), "-a +a -ab", []string{block("ab", ""), block("ab", "") + block("a", ""), block("a", "")}},
		{"made by the first", block("a", madeNote) + block("b", ""), "-a", []string{block("b", madeNote)}},
		{"made by the first, with others around", "x\n" + block("a", madeNote) + "y\n" + block("b", "") + "z", "-a -b",
			[]string{"x\ny\n" + block("b", madeNote) + "z", "x\ny\nz"}},
		{"made, and after a line without end", "foo\n" + block("b", unended) + block("a", madeNote), "-a -b", []string{"foo\n" + block("b", madeNote+unended), "foo"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := []byte(test.text)
			var got []string
			for _, edit := range strings.Fields(test.edits) {
				text = edited(t, text, edit[0], edit[1:])
				got = append(got, string(text))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// edited is a text after one edit.
func edited(t *testing.T, text []byte, sign byte, name string) []byte {
	t.Helper()
	var err error
	switch sign {
	case '+':
		text, err = setBlock(text, name, "#", "of "+name+"\n", false)
	case '*':
		text, err = setBlock(text, name, "#", "other\n", false)
	case '-':
		text, _, err = cutBlock(text, name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A file is only removed with the last block that is in a file made for blocks.
func TestBlockMade(t *testing.T) {
	const pair = "# BEGIN lvsctl a%s\n# END lvsctl a\n"
	tests := []struct {
		text string
		made bool
	}{
		{fmt.Sprintf(pair, madeNote), true},
		{fmt.Sprintf(pair, ""), false},
		{"\n" + fmt.Sprintf(pair, madeNote), false},
		{fmt.Sprintf(pair, madeNote) + "# BEGIN lvsctl b\n# END lvsctl b\n", false},
		{"", false},
	}
	for _, test := range tests {
		rest, made, err := cutBlock([]byte(test.text), "a")
		if err != nil || made != test.made {
			t.Errorf("%q: got %q, %t, %v, want %t", test.text, rest, made, err, test.made)
		}
	}
}

// Where the markers of a block are not one pair, nothing is guessed.
func TestBlockDamaged(t *testing.T) {
	const begin, end, other = "# BEGIN lvsctl a\n", "# END lvsctl a\n", "# BEGIN lvsctl b\n# END lvsctl b\n"
	tests := []struct{ name, text, want string }{
		{"no end", "x\n" + begin + "y\n", "line 2: block a begins here and has no end"},
		{"no begin", "x\n\n" + end, `line 3: "# END lvsctl a" has no line before it that begins the block`},
		{"twice", begin + end + "x\n" + begin + end, "line 4: block a is there twice"},
		{"begins twice", begin + "x\n" + begin + end, "line 3: block a begins again, before it ends; it begins in line 1"},
		{"ends twice", begin + end + end, `line 3: "# END lvsctl a" has no line`},
		{"another within", begin + other + end, `line 2: "# BEGIN lvsctl b" is within block a, which begins in line 1`},
		{"another ends within", "# BEGIN lvsctl b\n" + begin + "# END lvsctl b\n" + end, `line 3: "# END lvsctl b" is within block a`},
		{"the end is not a line of its own", begin + "x # END lvsctl a\n", "line 1: block a begins here and has no end"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, findErr := findBlock([]byte(test.text), "a")
			_, setErr := setBlock([]byte(test.text), "a", "#", "z\n", false)
			rest, _, cutErr := cutBlock([]byte(test.text), "a")
			for _, err := range []error{findErr, setErr, cutErr} {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want …%s…", err, test.want)
				}
			}
			if string(rest) != test.text {
				t.Errorf("the text is %q now", rest)
			}
			if _, found, err := findBlock([]byte(test.text+other), "b"); err != nil && !strings.Contains(test.text, " b") || found && err != nil {
				t.Errorf("another block: %v", err)
			}
		})
	}
}

// Blocks are put into any text, found there, edited and taken out, and nothing else in it
// changes by a byte.
func FuzzBlock(f *testing.F) {
	const pair = "# BEGIN lvsctl a\nx\n# END lvsctl a\n"
	for _, text := range []string{
		"", "\n", "foo", "foo\n", "foo\r", "\xff\x00\r\n\n", pair, "foo\n" + pair + "bar", pair + pair, "# BEGIN lvsctl a\n", "# END lvsctl a",
		"foo\n# BEGIN lvsctl a, after a line of 3 bytes without end\n# END lvsctl a\n# BEGIN lvsctl b, which made this file\n# END lvsctl b\n",
		"# BEGIN lvsctl a, which made this file, after a line of 07 bytes without end\r\n; END lvsctl a\r\n",
	} {
		f.Add([]byte(text), "y\n", "a")
	}
	f.Fuzz(func(t *testing.T, text []byte, content, name string) {
		if checkBlock(resource.Block{Name: name, Comment: "#", Content: resource.Text(content)}) != nil {
			return
		}
		_, before, err := findBlock(text, name)
		with, setErr := setBlock(text, name, "#", content, false)
		without, _, cutErr := cutBlock(text, name)
		if (err == nil) != (setErr == nil) || (err == nil) != (cutErr == nil) {
			t.Fatalf("find says %v, set %v, cut %v", err, setErr, cutErr)
		}
		if err != nil {
			return
		}
		span, found, err := findBlock(with, name)
		if !found || err != nil || string(with[span.body:span.bodyEnd]) != content {
			t.Fatalf("put into %q and found as %q: %t, %v", text, with, found, err)
		}
		after, _, err := cutBlock(with, name)
		if err != nil || !bytes.Equal(after, without) {
			t.Errorf("put in and taken out of %q: got %q, %v, want %q", text, after, err, without)
		}
		if !before && !bytes.Equal(without, text) {
			t.Errorf("nothing was taken out of %q, and it is %q", text, without)
		}
		if a, b := foreign(text, name), foreign(with, name); a != b && a+"\n" != b {
			t.Errorf("%q became %q", text, with)
		}
		if a, b := foreign(text, name), foreign(without, name); a != b && a != b+"\n" {
			t.Errorf("%q became %q", text, without)
		}
	})
}

// foreign is a text without one block, and without the markers of others.
func foreign(text []byte, name string) string {
	var b strings.Builder
	within := false
	for line := range bytes.Lines(text) {
		m, is := parseMarker(line)
		if is && m.name == name {
			within = !m.end
		}
		if !is && !within {
			b.Write(line)
		}
	}
	return b.String()
}
