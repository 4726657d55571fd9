package schema

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
)

// Files in JSON mean the same as those in HCL's own syntax. The JSON reader of HCL tells
// blocks from arguments by their description, and strings are templates: a reference is
// "${host.lb1}". What is here makes up for what its parser and ours know less of.

// isJSON tells by its name whether a file is in JSON.
func isJSON(name string) bool { return filepath.Ext(name) == ".json" }

// jsonLiteral is the value of an expression in JSON that is not computed.
func jsonLiteral(expr hcl.Expression) (cty.Value, bool) {
	v, _ := expr.Value(nil) // without a context strings are no templates
	switch {
	case v.IsNull():
		return v, true
	case v.Type() == cty.String:
		s := v.AsString()
		return v, !strings.Contains(s, "${") && !strings.Contains(s, "%{")
	}
	return v, v.Type().IsPrimitiveType()
}

// confine moves diagnostics about an expression in JSON into it. Within strings places
// are counted without regard to escapes, so that they can be on lines that are not
// there.
func confine(diags hcl.Diagnostics, at hcl.Range) {
	for _, d := range diags {
		if d.Subject != nil && d.Subject.Filename == at.Filename && !covers(at, *d.Subject) {
			d.Subject, d.Context = &at, nil
		}
		if d.Context != nil && !covers(at, *d.Context) {
			d.Context = nil
		}
	}
}

// covers tells whether a range lies within another one.
func covers(outer, inner hcl.Range) bool {
	return outer.Start.Byte <= inner.Start.Byte && inner.End.Byte <= outer.End.Byte &&
		outer.Start.Line <= inner.Start.Line && inner.End.Line <= outer.End.Line
}

// secretKey tells whether an object in JSON has a name made of a sensitive value. The
// JSON reader cannot cope with that.
func (s *scope) secretKey(expr hcl.Expression) bool {
	list, _ := hcl.ExprList(expr)
	pairs, _ := hcl.ExprMap(expr)
	for _, pair := range pairs {
		for _, t := range pair.Key.Variables() {
			if s.secret(t) != "" {
				return true
			}
		}
		list = append(list, pair.Value)
	}
	for _, inner := range list {
		if s.secretKey(inner) {
			return true
		}
	}
	return false
}

// showHeaders gives blocks in JSON a header that people find: from the last label to the
// brace, and not the brace alone.
func showHeaders(blocks hcl.Blocks) {
	for _, block := range blocks {
		if _, native := block.Body.(*hclsyntax.Body); native {
			continue
		}
		from := block.TypeRange
		if n := len(block.LabelRanges); n > 0 {
			from = block.LabelRanges[n-1]
		}
		block.DefRange = hcl.RangeBetween(from, block.DefRange)
	}
}

// splitJSON tells arguments and blocks of the same name apart, such as the address of a
// host and the addresses that it gets. HCL's own syntax does so by their looks. In JSON
// an object is such blocks, anything else is the argument, and an array can hold both.
func (l *loader) splitJSON(spec *blockSpec, got *hcl.BodyContent) {
	for _, nested := range spec.Blocks {
		attr := got.Attributes[nested.Type]
		if attr == nil || !json.IsJSONExpression(attr.Expr) {
			continue
		}
		elements, diags := hcl.ExprList(attr.Expr)
		if diags.HasErrors() {
			elements = []hcl.Expression{attr.Expr}
		}
		var values []hcl.Expression
		for _, e := range elements {
			if _, diags := hcl.ExprMap(e); diags.HasErrors() {
				values = append(values, e)
				continue
			}
			blocks, diags := l.blocksIn(nested, attr.NameRange, e.Range())
			l.addContent(spec, diags)
			got.Blocks = append(got.Blocks, blocks...)
		}
		switch {
		case len(values) == len(elements): // an argument, whatever it is
		case len(values) == 0:
			delete(got.Attributes, nested.Type)
		default:
			attr.Expr = values[0]
		}
		if n := len(values); 1 < n && n < len(elements) {
			l.fail(values[1].Range(), "Duplicate argument", "The argument %q stands at %s already. What else is in this array are blocks, which are objects.", nested.Type, place(values[0].Range()))
		}
	}
}

// blocksIn reads an object in JSON as the blocks of a type. To the JSON reader an object
// is what its key says, so it reads the key again, where it would end.
func (l *loader) blocksIn(spec *blockSpec, key, at hcl.Range) (hcl.Blocks, hcl.Diagnostics) {
	prefix := fmt.Sprintf("{%q:", spec.Type)
	start := at.Start
	start.Byte -= len(prefix)
	start.Column -= len(prefix)
	text := at.SliceBytes(l.sources.config[at.Filename].Bytes)
	file, _ := json.ParseWithStartPos([]byte(prefix+string(text)+"}"), at.Filename, start)
	header := hcl.BlockHeaderSchema{Type: spec.Type, LabelNames: spec.Labels}
	got, diags := file.Body.Content(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{header}})
	for _, block := range got.Blocks {
		block.TypeRange = key
	}
	return got.Blocks, diags
}

// misreadJSON notes what the properties at the top of a JSON file, which has errors, may
// have been meant to declare: their names and the names below them.
func (l *loader) misreadJSON(body hcl.Body) {
	attrs, diags := body.JustAttributes()
	if diags.HasErrors() {
		l.misread[anyName] = true
	}
	for name, attr := range attrs {
		l.misread[name] = true
		pairs, _ := hcl.ExprMap(attr.Expr)
		for _, pair := range pairs {
			if v, _ := pair.Key.Value(nil); v.Type() == cty.String {
				l.misread[v.AsString()] = true
			}
		}
	}
}

// formInJSON completes a detail about blocks of some type with how they are written.
func (b *blockSpec) formInJSON(detail string) string {
	for _, nested := range b.Blocks {
		if !strings.Contains(detail, `"`+nested.Type+`" blocks`) && !strings.Contains(detail, "the "+nested.Type+" block's") {
			continue
		}
		if len(nested.Labels) == 0 {
			return fmt.Sprintf(" One is written as %q: {…}.", nested.Type)
		}
		return fmt.Sprintf(" A block of this type has a %s: %q: {%q: {…}}.", nested.Labels[0], nested.Type, strings.ToUpper(nested.Labels[0]))
	}
	return ""
}

// hostReference is how a host is referred to in a file.
func hostReference(name, file string) string {
	reference := "host." + name
	if block, key, repeated := strings.Cut(name, "."); repeated {
		reference = fmt.Sprintf("host.%s[%q]", block, key)
	}
	if isJSON(file) {
		return `"${` + strings.ReplaceAll(reference, `"`, `\"`) + `}"`
	}
	return reference
}

// jsonUnescaper writes out the escapes of JSON strings that stand for one character of
// the templates in them. Line breaks become blanks, so that lines are counted as before.
var jsonUnescaper = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\/`, `/`, `\n`, " ", `\r`, " ", `\t`, " ",
	`\u0020`, " ", `\u0009`, " ", `\u000a`, " ", `\u000A`, " ", `\u000d`, " ", `\u000D`, " ",
	`\u0021`, "!", `\u0028`, "(", `\u0029`, ")", `\u002d`, "-", `\u002D`, "-", `\u003f`, "?", `\u003F`, "?",
	`\u005b`, "[", `\u005B`, "[", `\u005d`, "]", `\u005D`, "]", `\u007b`, "{", `\u007B`, "{", `\u007d`, "}", `\u007D`, "}")

// parseJSON parses a file in JSON.
func parseJSON(src []byte, name string) (*hcl.File, hcl.Diagnostics) {
	if d := tooDeep([]byte(jsonUnescaper.Replace(string(src))), name); d != nil {
		return &hcl.File{Body: hcl.EmptyBody(), Bytes: src}, hcl.Diagnostics{d}
	}
	file, diags := json.Parse(src, name)
	if len(diags) > 1 {
		diags = diags[:1] // the parser loses its place
	}
	return file, diags
}
