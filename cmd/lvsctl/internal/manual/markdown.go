package manual

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A table is one in Markdown, with a line for each row.
type table struct {
	header []string
	rows   [][]string
}

// add appends a row of Markdown.
func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// String implements fmt.Stringer.
func (t table) String() string {
	var b strings.Builder
	row := func(cells []string) {
		for _, cell := range cells {
			b.WriteString(strings.TrimRight("| "+strings.ReplaceAll(cell, "|", `\|`), " ") + " ")
		}
		b.WriteString("|\n")
	}
	row(t.header)
	b.WriteString(strings.Repeat("|---", len(t.header)) + "|\n")
	for _, cells := range t.rows {
		row(cells)
	}
	return b.String()
}

// What stands in quotes or brackets is something to write, and so is a reference.
var written = regexp.MustCompile(`\["[^\]]*\]|\[host\.[^\]]*\]|"[^"]*"|\bhost\.\w+`)

// text is plain text in Markdown.
func text(s string) string {
	var b strings.Builder
	last := 0
	for _, at := range written.FindAllStringIndex(s, -1) {
		b.WriteString(escape(s[last:at[0]]) + code(s[at[0]:at[1]]))
		last = at[1]
	}
	return b.String() + escape(s[last:])
}

// escape takes from characters the meaning that they have in Markdown.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `<`, `\<`, "`", "\\`").Replace(s)
}

// code is text that is written as it stands.
func code(s string) string { return "`" + s + "`" }

// sentence begins a text with a capital letter, and ends it.
func sentence(s, end string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:] + end
}

// list writes several things one after the other: "a, b and c".
func list(items []string, and string) string {
	n := len(items)
	if n < 2 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:n-1], ", ") + " " + and + " " + items[n-1]
}

// quoted puts words in quotes.
func quoted(words []string) []string {
	var list []string
	for _, w := range words {
		list = append(list, strconv.Quote(w))
	}
	return list
}

// listCode is list of what is written as it stands.
func listCode(items []string, and string) string {
	var codes []string
	for _, item := range items {
		codes = append(codes, code(item))
	}
	return list(codes, and)
}

// anchor is what links to a heading end with.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}
