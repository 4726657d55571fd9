package schema

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// TestSensitiveIsNotShown looks for the values of sensitive variables in all that is
// printed of configs that have such.
func TestSensitiveIsNotShown(t *testing.T) {
	for _, name := range []string{"sensitive.golden", "variable-files-hidden.golden", "variable-files-secret.golden", "variable-files-typo.golden"} {
		text, err := os.ReadFile("../testdata/invalid/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"s3cret", "4711", "47.11"} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s shows %s", name, secret)
			}
		}
	}
}

// TestFunctionsKeepSecrets calls each function with a sensitive value in each place: the
// result is marked, unless it is made of other values, and no error shows the value.
func TestFunctionsKeepSecrets(t *testing.T) {
	const secret = "s3cret"
	vars := &root{
		name: "var", noun: "variable", sensitive: map[string]bool{"text": true, "list": true},
		values: map[string]cty.Value{
			"text": cty.StringVal(secret).Mark(sensitive),
			"list": cty.TupleVal([]cty.Value{cty.StringVal(secret)}).Mark(sensitive),
		},
	}
	l := &loader{library: newLibrary(readerOf(docFiles))}
	s := l.newScope("A test", vars)
	calls := 0
	for name := range l.library.functions("docs") {
		for _, args := range []string{"%s", "%s, 1", "1, %s", `%s, "a"`, `"a", %s`, "%[1]s, %[1]s", `%s, "a", "b"`, `"a", %s, "b"`, `"a", "b", %s`, `"greeting.tpl", { name = parseint(%s, 10) }`} {
			for _, v := range []string{"var.text", "var.list"} {
				text := name + "(" + fmt.Sprintf(args, v) + ")"
				calls += checkSecret(t, s, name, text, secret)
			}
		}
	}
	if calls < 100 {
		t.Errorf("only %d calls had a result", calls)
	}
}

// checkSecret computes one call, and counts it if it has a result.
func checkSecret(t *testing.T, s *scope, name, text, secret string) int {
	expr := parseExpr(t, text)
	v, diags := s.evalHidden(expr)
	for _, d := range diags {
		if strings.Contains(d.Error(), secret) || d.Expression != nil {
			t.Errorf("%s: %v", text, d)
		}
	}
	if diags.HasErrors() {
		return 0
	}
	free := name == "can" || name == "try" // may give something else than what they are given
	if strings.Contains(fmt.Sprintf("%#v", v), secret) || !free {
		if !v.ContainsMarked() {
			t.Errorf("%s is not marked: %#v", text, v)
		}
		if _, diags := s.eval(expr); len(diags) != 1 || diags[0].Summary != "Sensitive value" {
			t.Errorf("%s can be shown: %v", text, diags)
		}
	}
	return 1
}

// Asterisks take the place of a value, and nothing moves.
func TestRedacted(t *testing.T) {
	text := "a = 1\nb = <<EOT\r\nsecret ä\nEOT\nc = 2\n"
	start, end := strings.Index(text, "<<"), strings.Index(text, "c =")
	at := hcl.Range{Start: hcl.Pos{Byte: start}, End: hcl.Pos{Byte: end}}
	beyond := hcl.Range{Start: hcl.Pos{Byte: len(text) - 1}, End: hcl.Pos{Byte: len(text) + 9}}
	got := string(redacted(&hcl.File{Bytes: []byte(text)}, []hcl.Range{at, beyond}).Bytes)
	if want := "a = 1\nb = *****\r\n*********\n***\nc = 2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
