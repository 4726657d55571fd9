package schema

import (
	"bytes"
	"iter"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Long lists of plain strings, as pools are, are most of the text of a large config. They
// are left as text until somebody asks for what is in them: a [listExpr]. Those that stand
// within something that HCL's parser is to read are taken out before, and put into the syntax
// tree afterwards, with the very nodes that the parser would have made.
//
// What looks like such a list may be something else, such as a part of a comment. Then there
// is no empty list in the tree in its place, and the text is parsed as it is.

// longList is how many strings make a list long.
const longList = 16

// A stringList is a list in a text that has nothing in it but plain strings, commas, blanks
// and comments.
type stringList struct {
	start, end int // of what is between the brackets
	n          int // strings
}

// parseRest has HCL's parser read a text that begins at some place, but for its long lists.
func parseRest(src []byte, name string, start hcl.Pos) (*hcl.File, hcl.Diagnostics) {
	lists := longLists(src)
	if len(lists) == 0 {
		return hclsyntax.ParseConfig(src, name, start)
	}
	rest := slices.Clone(src)
	for _, l := range lists {
		blank(rest[l.start:l.end])
	}
	file, diags := hclsyntax.ParseConfig(rest, name, start)
	if len(diags) > 0 || !putBack(file, src, start.Byte, lists) {
		return hclsyntax.ParseConfig(src, name, start)
	}
	file.Bytes = src
	return file, nil
}

// blank makes a text blanks, in which lines end where they did.
func blank(text []byte) {
	for i, c := range text {
		if c != '\n' {
			text[i] = ' '
		}
	}
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
		if l, ok := listAt(src, i+1); ok && l.n >= longList {
			lists = append(lists, l)
			i = l.end
		}
	}
	return lists
}

// listAt reads a list whose bracket was opened before an offset, and which is not empty.
func listAt(src []byte, start int) (l stringList, ok bool) {
	l.start = start
	i := afterBlanks(src, start)
	for {
		end := plainEnd(src, i)
		if end < 0 {
			break
		}
		l.n++
		if i = afterBlanks(src, end); i == len(src) || src[i] != ',' {
			break
		}
		i = afterBlanks(src, i+1)
	}
	l.end = i
	return l, i < len(src) && src[i] == ']' && l.n > 0
}

// plainEnd is where a plain string ends that begins at an offset, with its quotes. It is -1
// where there is none, or an empty one.
func plainEnd(src []byte, start int) int {
	if start == len(src) || src[start] != '"' {
		return -1
	}
	end := start + 1
	for end < len(src) && plainLetters[src[end]] {
		end++
	}
	if end == start+1 || end == len(src) || src[end] != '"' {
		return -1
	}
	return end + 1
}

// afterBlanks is the offset of the next byte that is no blank and not in a comment.
func afterBlanks(src []byte, i int) int {
	for ; i < len(src); i++ {
		switch c := src[i]; {
		case isBlank(c) || c == '\n' || c == '\r' && i+1 < len(src) && src[i+1] == '\n':
		case isComment(src[i:]):
			end := bytes.IndexByte(src[i:], '\n')
			if end < 0 {
				return len(src)
			}
			i += end
		default:
			return i
		}
	}
	return i
}

// plainLetters are those that mean nothing but themselves in a string.
var plainLetters = func() (plain [256]bool) {
	for c := ' '; c <= '~'; c++ {
		plain[c] = !strings.ContainsRune("\"\\$%", c)
	}
	return plain
}()

// putBack puts lists into the tree of a text, in the place of empty ones. It tells whether
// all have found theirs.
func putBack(file *hcl.File, src []byte, offset int, lists []stringList) bool {
	byStart := make(map[int]stringList, len(lists))
	for _, l := range lists {
		byStart[offset+l.start] = l
	}
	_ = hclsyntax.VisitAll(file.Body.(*hclsyntax.Body), func(n hclsyntax.Node) hcl.Diagnostics {
		tuple, ok := n.(*hclsyntax.TupleConsExpr)
		if !ok || len(tuple.Exprs) > 0 {
			return nil
		}
		start := tuple.OpenRange.End.Byte
		if l, ours := byStart[start]; ours {
			delete(byStart, start)
			(&listExpr{tuple, src[l.start:l.end], l.n}).fill()
		}
		return nil
	})
	return len(byStart) == 0
}

// A listExpr is a list of plain strings in the syntax tree. It has no nodes until somebody
// asks for them.
type listExpr struct {
	*hclsyntax.TupleConsExpr
	text []byte // between the brackets
	n    int    // strings
}

// Value implements [hcl.Expression].
func (l *listExpr) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	return l.fill().Value(ctx)
}

// Variables implements [hcl.Expression].
func (l *listExpr) Variables() []hcl.Traversal { return nil }

// ExprList is for [hcl.ExprList].
func (l *listExpr) ExprList() []hcl.Expression { return l.fill().ExprList() }

// fill makes the nodes.
func (l *listExpr) fill() *hclsyntax.TupleConsExpr {
	if l.Exprs == nil {
		for at, s := range l.strings() {
			l.Exprs = append(l.Exprs, plainString(at, s, l.SrcRange.Filename))
		}
	}
	return l.TupleConsExpr
}

// strings goes through the strings of the list, with the places of their quotes.
func (l *listExpr) strings() iter.Seq2[hcl.Pos, string] {
	return func(yield func(hcl.Pos, string) bool) {
		text := string(l.text) // which the strings share
		at, offset := l.OpenRange.End, 0
		for {
			start := afterBlanks(l.text, offset)
			if start == len(text) {
				return
			}
			at = later(l.text[offset:start], at)
			end := plainEnd(l.text, start)
			if !yield(at, text[start+1:end-1]) {
				return
			}
			at = along(at, end-start)
			offset = afterBlanks(l.text, end)
			at = later(l.text[end:offset], at)
			if offset < len(text) { // at a comma
				offset++
				at = along(at, 1)
			}
		}
	}
}

// plainString is the node of a string whose quote is at a place.
func plainString(quote hcl.Pos, s, file string) *hclsyntax.TemplateExpr {
	first, last := along(quote, 1), along(quote, 1+len(s))
	literal := &hclsyntax.LiteralValueExpr{Val: cty.StringVal(s), SrcRange: hcl.Range{Filename: file, Start: first, End: last}}
	return &hclsyntax.TemplateExpr{Parts: []hclsyntax.Expression{literal}, SrcRange: hcl.Range{Filename: file, Start: quote, End: along(last, 1)}}
}

// later is the place after a text that begins at a place, and has nothing but ASCII in its
// last line.
func later(text []byte, at hcl.Pos) hcl.Pos {
	at.Byte += len(text)
	at.Column += len(text)
	if last := bytes.LastIndexByte(text, '\n'); last >= 0 {
		at.Line += bytes.Count(text, []byte("\n"))
		at.Column = len(text) - last
	}
	return at
}

// along is the place so many columns further in a line.
func along(at hcl.Pos, columns int) hcl.Pos {
	at.Byte += columns
	at.Column += columns
	return at
}
