package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/lvsctl/lvsctl/schema/resource"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// TestJSONMeansTheSame writes valid configs in JSON, and gets the same from them.
func TestJSONMeansTheSame(t *testing.T) {
	mains, err := filepath.Glob("../testdata/valid/*/*.hcl")
	examples, err2 := filepath.Glob("../examples/*/*.hcl")
	if err != nil || err2 != nil || len(mains) == 0 || len(examples) == 0 {
		t.Fatal(mains, examples, err, err2)
	}
	dirs := map[string]bool{}
	for _, name := range slices.Concat(mains, examples) {
		dirs[filepath.Dir(name)] = true
	}
	dirs["example.hcl"] = true
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			files, inputs := caseIn(t, dir)
			want, _, diags := parse(files, inputs, readBounded)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			inJSON, _ := toJSON(t, files)
			got, sources, jsonDiags := parse(inJSON, inputs, readBounded)
			if jsonDiags.HasErrors() {
				t.Fatal(show(t, sources, jsonDiags))
			}
			if diff := cmp.Diff(want, got, apartFromPlaces...); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(jsonDiags) != len(diags) {
				t.Errorf("warnings: %v, want %v", jsonDiags, diags)
			}
		})
	}
}

// apartFromPlaces compares configs without regard to where in which file things stand.
var apartFromPlaces = []cmp.Option{
	cmp.Comparer(func(hcl.Range, hcl.Range) bool { return true }),
	cmp.Comparer(func(resource.Source, resource.Source) bool { return true }),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
	cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
}

// An argument and blocks of the same name share a key.
func TestArgumentAndBlocksInJSON(t *testing.T) {
	tests := []struct{ name, address, want string }{
		{"argument", `"10.0.0.1"`, "10.0.0.1 []"},
		{"both", `["10.0.0.1", {"10.0.0.2/24": {}}]`, "10.0.0.1 [10.0.0.2/24]"},
		{"several blocks", `[{"10.0.0.2/24": {}}, "${local.own}", {"10.0.0.3/24": {"interface": "eth1"}, "10.0.0.4/24": [{}]}]`, "10.0.0.1 [10.0.0.2/24 10.0.0.3/24 10.0.0.4/24]"},
		{"no argument", `{"10.0.0.2/24": {}}`, `c.hcl.json:3,1-8: Missing required argument`},
		{"two arguments", `["10.0.0.1", {"10.0.0.2/24": {}},` + "\n" + `"10.0.0.5"]`, "c.hcl.json:4,1-11: Duplicate argument"},
		{"list of arguments", `["10.0.0.1", "10.0.0.5"]`, "c.hcl.json:3,19-43: Wrong type of value"},
		{"no name", `["10.0.0.1",` + "\n" + `{}]`, "c.hcl.json:4,1-2: Missing block label"},
		{"unknown argument", `["10.0.0.1",` + "\n" + `{"10.0.0.2/24": {"link": "eth1"}}]`, "c.hcl.json:4,18-24: Extraneous JSON object property"},
		{"mistake in the name", `["10.0.0.1", {` + "\n" + `"10.0.0.2": {}}]`, "c.hcl.json:4,1-11: Invalid name"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := `{"locals": {"own": "10.0.0.1"}, "host": {` + "\n\n" + `"h1": {"address": ` + test.address + `, "interface": "eth0", "local": true}}}`
			config, _, diags := Parse(map[string][]byte{"c.hcl.json": []byte(text)}, nil)
			got := diags.Error()
			if config != nil {
				got = fmt.Sprint(config.Hosts[0].Address, " ", prefixes(config.Hosts[0]))
			}
			if !strings.HasPrefix(got, test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// prefixes are the addresses that a host gets.
func prefixes(h *Host) []netip.Prefix {
	list := []netip.Prefix{}
	for _, s := range h.Settings {
		list = append(list, s.Resource.(resource.Address).Prefix)
	}
	return list
}

// inJSON are the summaries that mistakes have in JSON where they are others.
var inJSON = map[string]string{
	"Unsupported argument":   "Extraneous JSON object property",
	"Unsupported block type": "Extraneous JSON object property",
}

// TestJSONDiagnostics writes broken configs in JSON, and has the same reported of the
// same places.
func TestJSONDiagnostics(t *testing.T) {
	for _, name := range testCases(t, "../testdata/invalid") {
		if notInJSON[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			files, inputs := caseIn(t, casePath(t, filepath.Join("../testdata/invalid", name)))
			_, _, diags := parse(files, inputs, readBounded)
			inJSON, lines := toJSON(t, files)
			_, sources, jsonDiags := parse(inJSON, inputs, readBounded)
			if diff := cmp.Diff(findings(diags, nil), findings(jsonDiags, lines)); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, show(t, sources, jsonDiags))
			}
		})
	}
}

// notInJSON are the cases that are about HCL's own syntax, and why.
var notInJSON = map[string]string{
	"syntax":         "see json-syntax-*",
	"defaults-label": "the label would be an argument",
	"for-each-twice": "the JSON reader of HCL finds those",
	"labels":         "see json-labels",
}

// findings lists diagnostics with the lines that they are about, those of JSON with the
// lines that were written as JSON there.
func findings(diags hcl.Diagnostics, lines lineMap) []string {
	var list []string
	for _, d := range diags {
		summary, at := d.Summary, ""
		if other := inJSON[summary]; other != "" {
			summary = other
		}
		if d.Subject != nil {
			at = SourceOf(*d.Subject).String()
			if origin := lines[at]; origin != "" {
				at = origin
			}
		}
		list = append(list, at+" "+summary)
	}
	slices.Sort(list)
	return list
}

// caseIn reads a config from a directory or file, and what it is to be loaded with.
func caseIn(t *testing.T, path string) (map[string][]byte, []Input) {
	t.Helper()
	names, diags := expand([]string{path})
	files, more := readAll(names)
	if diags = append(diags, more...); diags.HasErrors() {
		t.Fatal(diags)
	}
	return files, inputsIn(t, path)
}

// A lineMap has the line of a native file that a line in JSON was made from, both as
// FILE:LINE.
type lineMap map[string]string

// toJSON writes native files in JSON.
func toJSON(t *testing.T, files map[string][]byte) (map[string][]byte, lineMap) {
	t.Helper()
	written, lines := map[string][]byte{}, lineMap{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if isJSON(name) {
			written[name] = files[name]
			continue
		}
		w := &jsonWriter{src: files[name], name: name + ".json", line: 1, lines: lines}
		if diags := w.file(name); diags.HasErrors() {
			t.Fatal(diags)
		}
		written[w.name] = []byte(w.b.String())
	}
	return written, lines
}

// oneToJSON writes the text of a native file in JSON, if it can be parsed.
func oneToJSON(text []byte) ([]byte, bool) {
	w := &jsonWriter{src: text, lines: lineMap{}}
	diags := w.file("c.hcl")
	return []byte(w.b.String()), !diags.HasErrors()
}

// A jsonWriter writes one native file in JSON, each argument, block and element of a
// list on a line of its own.
type jsonWriter struct {
	src   []byte
	name  string
	b     strings.Builder
	line  int
	lines lineMap
}

// file writes the whole.
func (w *jsonWriter) file(name string) hcl.Diagnostics {
	f, diags := hclsyntax.ParseConfig(w.src, name, hcl.InitialPos)
	if !diags.HasErrors() {
		w.body(f.Body.(*hclsyntax.Body), "")
		w.put("\n")
	}
	return diags
}

func (w *jsonWriter) put(s string) {
	w.b.WriteString(s)
	w.line += strings.Count(s, "\n")
}

// from notes what the line is made from.
func (w *jsonWriter) from(r hcl.Range) {
	w.lines[fmt.Sprintf("%s:%d", w.name, w.line)] = SourceOf(r).String()
}

// body writes the inside of a file or block in the order of the text.
func (w *jsonWriter) body(body *hclsyntax.Body, blockType string) {
	items := map[int]func(){}
	for _, attr := range body.Attributes {
		items[attr.SrcRange.Start.Byte] = func() { w.attr(attr, blockType) }
	}
	for _, block := range body.Blocks {
		if attr := body.Attributes[block.Type]; attr != nil {
			items[attr.SrcRange.Start.Byte] = func() { w.both(attr, body.Blocks) }
			continue
		}
		items[block.TypeRange.Start.Byte] = func() { w.block(block) }
	}
	w.put("{")
	for i, at := range slices.Sorted(maps.Keys(items)) {
		if i > 0 {
			w.put(",")
		}
		w.put("\n")
		items[at]()
	}
	w.put("\n}")
}

func (w *jsonWriter) attr(attr *hclsyntax.Attribute, blockType string) {
	w.from(attr.NameRange)
	w.str(attr.Name)
	w.put(": ")
	if blockType == "variable" && attr.Name == "type" {
		w.str(w.text(attr.Expr))
		return
	}
	w.expr(attr.Expr)
}

// both writes an argument and the blocks of the same name.
func (w *jsonWriter) both(attr *hclsyntax.Attribute, blocks hclsyntax.Blocks) {
	w.from(attr.NameRange)
	w.str(attr.Name)
	w.put(": [")
	w.expr(attr.Expr)
	for _, block := range blocks {
		if block.Type == attr.Name {
			w.put(",\n{")
			w.labelled(block)
			w.put("}")
		}
	}
	w.put("]")
}

// labelled writes the labels and the body of a block.
func (w *jsonWriter) labelled(block *hclsyntax.Block) {
	w.from(block.DefRange())
	for i, label := range block.Labels {
		if i > 0 {
			w.put("{")
		}
		w.str(label)
		w.put(": ")
	}
	w.body(block.Body, block.Type)
	w.put(strings.Repeat("}", max(0, len(block.Labels)-1)))
}

func (w *jsonWriter) block(block *hclsyntax.Block) {
	w.from(block.DefRange())
	w.str(block.Type)
	w.put(": ")
	for _, label := range block.Labels {
		w.put("{")
		w.str(label)
		w.put(": ")
	}
	w.body(block.Body, block.Type)
	w.put(strings.Repeat("}", len(block.Labels)))
}

func (w *jsonWriter) text(expr hclsyntax.Expression) string {
	return string(expr.Range().SliceBytes(w.src))
}

func (w *jsonWriter) str(s string) {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	w.put(string(text))
}

// expr writes an expression: lists, objects and simple values as such, others as
// templates.
func (w *jsonWriter) expr(expr hclsyntax.Expression) {
	w.from(expr.Range())
	switch e := expr.(type) {
	case *hclsyntax.LiteralValueExpr:
		text, err := ctyjson.Marshal(e.Val, e.Val.Type())
		if err != nil {
			panic(err)
		}
		w.put(string(text))
		return
	case *hclsyntax.TupleConsExpr:
		w.put("[")
		for i, element := range e.Exprs {
			w.element(i, element.Range())
			w.expr(element)
		}
		w.put("]")
		return
	case *hclsyntax.ObjectConsExpr:
		w.put("{")
		for i, item := range e.Items {
			w.element(i, item.KeyExpr.Range())
			if v, diags := item.KeyExpr.Value(nil); !diags.HasErrors() {
				w.str(v.AsString())
			} else {
				w.str("${" + w.text(item.KeyExpr) + "}")
			}
			w.put(": ")
			w.expr(item.ValueExpr)
		}
		w.put("}")
		return
	}
	if v, ok := literal(expr); ok {
		w.str(strings.NewReplacer("${", "$${", "%{", "%%{").Replace(v.AsString()))
		return
	}
	w.str("${" + w.text(expr) + "}")
}

// element begins an element of a list or object.
func (w *jsonWriter) element(i int, r hcl.Range) {
	if i > 0 {
		w.put(",")
	}
	w.put("\n")
	w.from(r)
}
