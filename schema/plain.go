package schema

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Most of a large config is plain: blocks of several lines, and arguments that are a number,
// a plain string or a list of such strings. HCL's parser takes several kilobytes and many
// microseconds for each of them. So what is plain is read here, into the very nodes that the
// parser would have made. The parser gets the rest: expressions of one line, and blocks at
// the top of a file that have anything else in them. Where it finds a mistake, it gets the
// file as a whole, and what it says then is all that is said.

// A plainReader reads a text from some offset on.
type plainReader struct {
	src  []byte
	name string
	at   int // the offset of what is next
	line int // the line that it is in
	zero int // the offset where that line would have column 0
}

// parseText parses a file.
func parseText(src []byte, name string) (*hcl.File, hcl.Diagnostics) {
	file, _ := hclsyntax.ParseConfig(nil, name, hcl.InitialPos)
	file.Bytes = src
	p := &plainReader{src: src, name: name, line: 1, zero: -1}
	if p.file(file.Body.(*hclsyntax.Body)) {
		return file, nil
	}
	return parseRest(src, name, hcl.InitialPos)
}

// file reads a file. It fails where HCL's parser has to say something.
func (p *plainReader) file(top *hclsyntax.Body) bool {
	p.blanks()
	top.SrcRange = p.since(p.pos())
	for p.at < len(p.src) {
		if p.endLine() {
			continue
		}
		before := *p
		if p.item(top, 0) {
			continue
		}
		*p = before
		if !p.rest(top) {
			return false
		}
	}
	top.SrcRange, top.EndRange = p.since(top.SrcRange.Start), p.since(p.pos())
	return true
}

// rest has HCL's parser read what is next, up to a line that begins with a brace.
func (p *plainReader) rest(top *hclsyntax.Body) bool {
	text := p.src[p.at:]
	if brace := bytes.Index(text, []byte("\n}")); brace >= 0 {
		if end := bytes.IndexByte(text[brace+1:], '\n'); end >= 0 {
			text = text[:brace+1+end+1]
		}
	}
	file, diags := parseRest(text, p.name, p.pos())
	if len(diags) > 0 || p.at > 0 && bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) {
		return false
	}
	read := file.Body.(*hclsyntax.Body)
	if p.pos() == top.SrcRange.Start {
		top.SrcRange.Start = read.SrcRange.Start // the first that is no comment
	}
	for name, attr := range read.Attributes {
		if top.Attributes[name] != nil {
			return false
		}
		top.Attributes[name] = attr
	}
	top.Blocks = append(top.Blocks, read.Blocks...)
	p.seek(read.EndRange.End)
	return true
}

// item reads an argument or a block into a body, which is so many blocks deep.
func (p *plainReader) item(into *hclsyntax.Body, depth int) bool {
	start := p.pos()
	word := p.word()
	at := p.since(start)
	p.blanks()
	switch {
	case word == "":
		return false
	case p.next() == '=':
		return p.attribute(into, word, at)
	}
	return p.block(into, &hclsyntax.Block{Type: word, TypeRange: at}, depth)
}

// attribute reads what follows the name of an argument.
func (p *plainReader) attribute(into *hclsyntax.Body, name string, at hcl.Range) bool {
	equals := p.pos()
	p.at++
	attr := &hclsyntax.Attribute{Name: name, NameRange: at, EqualsRange: p.since(equals)}
	p.blanks()
	attr.Expr = p.expression()
	attr.SrcRange = p.since(at.Start)
	if attr.Expr == nil || into.Attributes[name] != nil || !p.endLine() {
		return false
	}
	into.Attributes[name] = attr
	return true
}

// block reads what follows the type of a block.
func (p *plainReader) block(into *hclsyntax.Body, b *hclsyntax.Block, depth int) bool {
	for p.next() != '{' {
		start := p.pos()
		label, ok := p.quoted()
		if !ok {
			return false
		}
		b.Labels = append(b.Labels, label)
		b.LabelRanges = append(b.LabelRanges, p.since(start))
		p.blanks()
	}
	open := p.pos()
	p.at++
	b.OpenBraceRange = p.since(open)
	b.Body = &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, Blocks: hclsyntax.Blocks{}}
	for p.endLine() && p.at < len(p.src) {
		p.blanks()
		for isLetter(p.next()) {
			if depth == maxDepth || !p.item(b.Body, depth+1) {
				return false
			}
			p.blanks()
		}
	}
	if p.next() != '}' {
		return false
	}
	brace := p.pos()
	p.at++
	b.CloseBraceRange = p.since(brace)
	b.Body.SrcRange, b.Body.EndRange = p.since(open), p.since(p.pos())
	if !p.endLine() {
		return false
	}
	into.Blocks = append(into.Blocks, b)
	return true
}

// expression reads an expression that ends with its line, or a list of plain strings. It is
// nil for any other.
func (p *plainReader) expression() hclsyntax.Expression {
	start := *p
	if expr := p.value(); expr != nil {
		if after := *p; after.endLine() {
			return expr
		}
	}
	*p = start
	line, _, _ := bytes.Cut(p.src[p.at:], []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 || line[0] == '=' || line[0] == '>' || line[0] >= 0x80 {
		return nil
	}
	expr, diags := hclsyntax.ParseExpression(line, p.name, p.pos())
	if len(diags) > 0 {
		return nil
	}
	p.seek(expr.Range().End)
	return expr
}

// value reads a plain value, nil for none.
func (p *plainReader) value() hclsyntax.Expression {
	start := p.pos()
	switch c := p.next(); {
	case c == '[':
		return p.list()
	case c == '"':
		s, ok := p.quoted()
		if !ok {
			return nil
		}
		return plainString(start, s, p.name)
	case '0' <= c && c <= '9':
		for c := p.next(); '0' <= c && c <= '9'; c = p.next() {
			p.at++
		}
		n, err := cty.ParseNumberVal(string(p.src[start.Byte:p.at]))
		if err != nil {
			return nil
		}
		return &hclsyntax.LiteralValueExpr{Val: n, SrcRange: p.since(start)}
	}
	return p.reference()
}

// reference reads a name and those that follow it after dots, or true or false. It is nil for
// anything else.
func (p *plainReader) reference() hclsyntax.Expression {
	start := p.pos()
	word := p.word()
	at := p.since(start)
	switch word {
	case "true", "false":
		return &hclsyntax.LiteralValueExpr{Val: cty.BoolVal(word == "true"), SrcRange: at}
	case "", "null", "for":
		return nil
	}
	path := hcl.Traversal{hcl.TraverseRoot{Name: word, SrcRange: at}}
	for p.next() == '.' {
		dot := p.pos()
		p.at++
		if word = p.word(); word == "" {
			return nil
		}
		path = append(path, hcl.TraverseAttr{Name: word, SrcRange: p.since(dot)})
	}
	return &hclsyntax.ScopeTraversalExpr{Traversal: path, SrcRange: p.since(start)}
}

// list reads a list of plain strings, or of a single reference. It is nil for anything else.
func (p *plainReader) list() hclsyntax.Expression {
	found, ok := listAt(p.src, p.at+1)
	start := p.pos()
	p.at++
	open := p.since(start)
	if !ok {
		one := p.reference()
		if one == nil || p.next() != ']' {
			return nil
		}
		p.at++
		return &hclsyntax.TupleConsExpr{Exprs: []hclsyntax.Expression{one}, SrcRange: p.since(start), OpenRange: open}
	}
	text := p.src[found.start:found.end]
	p.seek(later(text, p.pos()))
	p.at++
	return &listExpr{&hclsyntax.TupleConsExpr{SrcRange: p.since(start), OpenRange: open}, text, found.n}
}

// quoted reads a plain string that is not empty.
func (p *plainReader) quoted() (string, bool) {
	end := plainEnd(p.src, p.at)
	if end < 0 {
		return "", false
	}
	s := string(p.src[p.at+1 : end-1])
	p.at = end
	return s, true
}

// word reads a name in ASCII, empty for none.
func (p *plainReader) word() string {
	start := p.at
	for c := p.next(); isLetter(c) || p.at > start && (c == '-' || '0' <= c && c <= '9'); c = p.next() {
		p.at++
	}
	return string(p.src[start:p.at])
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' }

// next is the next byte, 0 at the end.
func (p *plainReader) next() byte {
	if p.at == len(p.src) {
		return 0
	}
	return p.src[p.at]
}

// blanks reads what does not matter within a line.
func (p *plainReader) blanks() {
	for c := p.next(); c == ' ' || c == '\t'; c = p.next() {
		p.at++
	}
}

// endLine reads the end of a line, with blanks and a comment before it. The text may end
// there as well.
func (p *plainReader) endLine() bool {
	p.blanks()
	rest := p.src[p.at:]
	end := bytes.IndexByte(rest, '\n')
	switch {
	case len(rest) == 0:
		return true
	case end < 0 || end > 0 && !isComment(rest) && string(rest[:end]) != "\r":
		return false
	}
	p.at += end + 1
	p.line++
	p.zero = p.at - 1
	return true
}

// isComment tells whether a text begins with a comment of one line.
func isComment(text []byte) bool {
	return text[0] == '#' || len(text) > 1 && text[0] == '/' && text[1] == '/'
}

// pos is the place of what is next.
func (p *plainReader) pos() hcl.Pos {
	return hcl.Pos{Line: p.line, Column: p.at - p.zero, Byte: p.at}
}

// seek goes to a place.
func (p *plainReader) seek(to hcl.Pos) { p.at, p.line, p.zero = to.Byte, to.Line, to.Byte-to.Column }

// since is the range from a place to what is next.
func (p *plainReader) since(start hcl.Pos) hcl.Range {
	return hcl.Range{Filename: p.name, Start: start, End: p.pos()}
}
