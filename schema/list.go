package schema

import (
	"bytes"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Long lists of plain strings, as pools are, are most of the text of a large config, and
// HCL's parser takes several kilobytes and more than ten microseconds for each string. So
// they are taken out of the text before that is parsed, and put into the syntax tree
// afterwards, with the very nodes that the parser would have made.
//
// What looks like a list may be something else, such as a part of a comment. Then there is no
// empty list in the tree in its place, and the text is parsed as it is.

// longList is how many strings make a list long.
const longList = 16

// A stringList is a long list in a text.
type stringList struct {
	start, end int      // of what is between the brackets
	at         [][2]int // where its strings are, without quotes
}

// parseText parses a file, with its long lists put aside meanwhile.
func parseText(src []byte, name string) (*hcl.File, hcl.Diagnostics) {
	lists := longLists(src)
	if len(lists) == 0 {
		return hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	}
	rest := slices.Clone(src)
	for _, l := range lists {
		l.comment(rest)
	}
	file, diags := hclsyntax.ParseConfig(rest, name, hcl.InitialPos)
	if len(diags) > 0 || !putBack(file, src, lists) {
		return hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	}
	file.Bytes = src
	return file, nil
}

// comment makes a list a comment, in which lines end where they did: the text that follows
// stays where it is.
func (l stringList) comment(text []byte) {
	first, last := l.at[0][0]-1, l.at[len(l.at)-1][1]+1 // quotes included
	for i := first; i < l.end; i++ {
		if text[i] != '\n' {
			text[i] = ' '
		}
	}
	copy(text[first:], "/*")
	copy(text[last-2:], "*/")
}

// longLists finds the long lists of a text.
func longLists(src []byte) []stringList {
	var lists []stringList
	for i := 0; i < len(src); i++ {
		next := bytes.IndexByte(src[i:], '[')
		if next < 0 {
			break
		}
		i += next
		if l, ok := listAt(src, i+1); ok {
			lists = append(lists, l)
			i = l.end
		}
	}
	return lists
}

// listAt reads a long list whose bracket was opened before an offset. It has nothing in it
// but plain strings, commas, and blanks.
func listAt(src []byte, start int) (l stringList, ok bool) {
	l.start = start
	i := afterBlanks(src, start)
	for i < len(src) && src[i] == '"' {
		from := i + 1
		to := from
		for to < len(src) && plainLetter(src[to]) {
			to++
		}
		if to == from || to == len(src) || src[to] != '"' {
			return l, false
		}
		l.at = append(l.at, [2]int{from, to})
		if i = afterBlanks(src, to+1); i == len(src) || src[i] != ',' {
			break
		}
		i = afterBlanks(src, i+1)
	}
	l.end = i
	return l, i < len(src) && src[i] == ']' && len(l.at) >= longList
}

// afterBlanks is the offset of the next byte that is no blank.
func afterBlanks(src []byte, i int) int {
	for i < len(src) && (src[i] == ' ' || src[i] == '\t' || src[i] == '\n') {
		i++
	}
	return i
}

// plainLetter tells what means nothing but itself in a string.
func plainLetter(c byte) bool {
	return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '$' && c != '%'
}

// putBack puts lists into the tree, in the place of empty ones. It tells whether all have
// found theirs.
func putBack(file *hcl.File, src []byte, lists []stringList) bool {
	byStart := make(map[int]stringList, len(lists))
	for _, l := range lists {
		byStart[l.start] = l
	}
	_ = hclsyntax.VisitAll(file.Body.(*hclsyntax.Body), func(n hclsyntax.Node) hcl.Diagnostics {
		tuple, ok := n.(*hclsyntax.TupleConsExpr)
		if !ok || len(tuple.Exprs) > 0 {
			return nil
		}
		open := tuple.SrcRange.Start
		if l, ours := byStart[open.Byte+1]; ours {
			delete(byStart, open.Byte+1)
			tuple.Exprs = l.expressions(src, tuple.SrcRange.Filename, open)
		}
		return nil
	})
	return len(byStart) == 0
}

// expressions are the nodes of the strings of a list whose bracket opens at a place.
func (l stringList) expressions(src []byte, file string, at hcl.Pos) []hclsyntax.Expression {
	text := string(src[l.start:l.end]) // which the strings share
	templates := make([]hclsyntax.TemplateExpr, len(l.at))
	literals := make([]hclsyntax.LiteralValueExpr, len(l.at))
	parts := make([]hclsyntax.Expression, len(l.at))
	list := make([]hclsyntax.Expression, len(l.at))
	for i, s := range l.at {
		quote := later(src, at, s[0]-1)
		first, last := along(quote, 1), along(quote, 1+s[1]-s[0])
		at = along(last, 1)
		literals[i] = hclsyntax.LiteralValueExpr{
			Val:      cty.StringVal(text[s[0]-l.start : s[1]-l.start]),
			SrcRange: hcl.Range{Filename: file, Start: first, End: last},
		}
		parts[i] = &literals[i]
		templates[i] = hclsyntax.TemplateExpr{Parts: parts[i : i+1 : i+1], SrcRange: hcl.Range{Filename: file, Start: quote, End: at}}
		list[i] = &templates[i]
	}
	return list
}

// later is the place of an offset after another place, with nothing but ASCII between them.
func later(src []byte, at hcl.Pos, offset int) hcl.Pos {
	for ; at.Byte < offset; at.Byte++ {
		at.Column++
		if src[at.Byte] == '\n' {
			at.Line, at.Column = at.Line+1, 1
		}
	}
	return at
}

// along is the place so many columns further in a line.
func along(at hcl.Pos, columns int) hcl.Pos {
	at.Byte += columns
	at.Column += columns
	return at
}
