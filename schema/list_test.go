package schema

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// sameTree demands that a text is parsed as HCL's parser alone would parse it.
func sameTree(t *testing.T, text string) {
	t.Helper()
	want, wantDiags := hclsyntax.ParseConfig([]byte(text), "a.hcl", hcl.InitialPos)
	got, gotDiags := parseText([]byte(text), "a.hcl")
	fillLists(got.Body.(*hclsyntax.Body))
	if !reflect.DeepEqual(want.Body, got.Body) || !reflect.DeepEqual(wantDiags, gotDiags) || string(got.Bytes) != text {
		t.Errorf("another tree, or other diagnostics (%v, %v), of\n%s", wantDiags, gotDiags, text)
	}
}

// fillLists puts lists as the parser has them in the place of those that are left as text.
func fillLists(body *hclsyntax.Body) {
	for _, attr := range body.Attributes {
		if l, ok := attr.Expr.(*listExpr); ok {
			attr.Expr = l.fill()
		}
	}
	for _, block := range body.Blocks {
		fillLists(block.Body)
	}
}

// strings of a list, in as many forms as there are.
func someStrings(r *rand.Rand, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString([]string{"", " ", "\n    ", "\t", "\n\n"}[r.IntN(5)])
		fmt.Fprintf(&b, "%q", []string{"10.0.0.1", "10.0.0.1:80 weight 5", "a b", "é", "a # b", "]", "["}[max(0, r.IntN(60)-53)])
		b.WriteString([]string{"", " ", "\n"}[r.IntN(3)])
		if i < n-1 || r.IntN(2) == 0 {
			b.WriteString(",")
		}
	}
	return "[" + b.String() + "]"
}

func TestLongListsAreParsedAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		list := func() string { return someStrings(r, r.IntN(40)) }
		switch r.IntN(6) {
		case 0:
			sameTree(t, "x = "+list()+"\ny = "+list()+"\n")
		case 1:
			sameTree(t, "pool \"é\" {\n  servers = "+list()+" # "+strings.ReplaceAll(list(), "\n", " ")+"\n  port = 8\n}\n")
		case 2:
			sameTree(t, "x = concat("+list()+", ["+list()+"], var.a["+list()+"])\n")
		case 3:
			sameTree(t, "x = <<EOT\n"+list()+"\nEOT\n")
		case 4:
			sameTree(t, "/* "+list()+" */ x = \"é\"\ny = { a = "+list()+" }\n")
		case 5:
			text := "x = " + list() + "\n"
			at := r.IntN(len(text))
			sameTree(t, text[:at]+[]string{"", "\"", ",", "]", "[", "\\", "${", "\r", "#"}[r.IntN(9)]+text[at:])
		}
	}
}

func FuzzLongLists(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		f.Add("x = " + someStrings(r, 20) + "\n")
	}
	for path, text := range configsIn(f) {
		if !isJSON(path) {
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if tooDeep([]byte(text), "a.hcl") == nil {
			sameTree(t, text)
		}
	})
}

func TestLongListsAreTakenOut(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	text := []byte("x = [" + strings.Repeat("\"10.0.0.1\",\n", longList) + "]\n")
	if n := len(longLists(text)); n != 1 {
		t.Errorf("%d long lists in\n%s", n, text)
	}
	if n := len(longLists([]byte("x = " + someStrings(r, longList-1)))); n != 0 {
		t.Errorf("%d long lists where all are short", n)
	}
}
