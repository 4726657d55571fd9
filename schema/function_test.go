package schema

import (
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// testScope is a scope of nothing but functions, which read the given files.
func testScope(files map[string]string) *scope {
	l := &loader{library: newLibrary(readerOf(files))}
	return l.newScope("A test")
}

// readerOf reads files that are in memory.
func readerOf(files map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
}

// compute computes an expression in a file in the directory docs.
func compute(t *testing.T, s *scope, text string) cty.Value {
	t.Helper()
	v, diags := s.eval(parseExpr(t, text))
	if diags.HasErrors() {
		t.Fatalf("%s: %v", text, diags)
	}
	return v
}

// parseExpr parses an expression in a file in the directory docs.
func parseExpr(t *testing.T, text string) hcl.Expression {
	t.Helper()
	expr, diags := hclsyntax.ParseExpression([]byte(text), "docs/test.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(text, diags)
	}
	return expr
}

// The values are those that other languages on top of HCL give.
func TestFunctions(t *testing.T) {
	tests := []struct{ expr, want string }{
		{`cidrhost("10.12.112.0/20", 16)`, `"10.12.112.16"`},
		{`cidrhost("10.12.112.0/20", 268)`, `"10.12.113.12"`},
		{`cidrhost("10.12.112.7/20", 1)`, `"10.12.112.1"`},
		{`cidrhost("10.0.0.0/24", -1)`, `"10.0.0.255"`},
		{`cidrhost("10.0.0.0/24", -256)`, `"10.0.0.0"`},
		{`cidrhost("10.0.0.1/32", 0)`, `"10.0.0.1"`},
		{`cidrhost("fd00:fd12:3456:7890:00a2::/72", 34)`, `"fd00:fd12:3456:7890::22"`},
		{`cidrhost("::/0", 340282366920938463463374607431768211455)`, `"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"`},
		{`cidrnetmask("172.16.0.0/12")`, `"255.240.0.0"`},
		{`cidrnetmask("0.0.0.0/0")`, `"0.0.0.0"`},
		{`cidrnetmask("10.0.0.1/32")`, `"255.255.255.255"`},
		{`cidrsubnet("172.16.0.0/12", 4, 2)`, `"172.18.0.0/16"`},
		{`cidrsubnet("10.1.2.0/24", 4, 15)`, `"10.1.2.240/28"`},
		{`cidrsubnet("10.1.2.0/24", 0, 0)`, `"10.1.2.0/24"`},
		{`cidrsubnet("fd00:fd12:3456:7890::/56", 16, 162)`, `"fd00:fd12:3456:7800:a200::/72"`},
		{`cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)`, `["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"]`},
		{`cidrsubnets("fd00:fd12:3456:7890::/56", 16, 16, 16, 32)`, `["fd00:fd12:3456:7800::/72", "fd00:fd12:3456:7800:100::/72", "fd00:fd12:3456:7800:200::/72", "fd00:fd12:3456:7800:300::/88"]`},
		{`cidrsubnets("10.0.0.0/24")`, `[]`},
		{`cidrcontains("10.0.0.0/24", "10.0.1.0")`, `false`},
		{`cidrcontains("10.0.0.0/24", "10.0.0.128/25")`, `true`},
		{`cidrcontains("10.0.0.0/24", "10.0.0.0/23")`, `false`},
		{`cidrcontains("fd00::/8", "fd12::1")`, `true`},
		{`one([])`, `null`},
		{`one(toset(["a"]))`, `"a"`},
		{`alltrue([])`, `true`},
		{`anytrue([])`, `false`},
		{`alltrue([true, null])`, `false`},
		{`sum([0.5, 1, "2"])`, `3.5`},
		{`startswith("", "")`, `true`},
		{`endswith("a", "ab")`, `false`},
		{`sha256("")`, `"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`},
		{`base64encode("ä")`, `"w6Q="`},
		{`base64decode("")`, `""`},
		{`can(local)`, `true`},
		{`fileexists("no.txt")`, `false`},
		{`fileexists("../docs/motd.txt")`, `true`},
		{`try(file("no.txt"), "none")`, `"none"`},
		{`try(templatefile("greeting.tpl", {}), "none")`, `"none"`},
		{`templatefile("greeting.tpl", { name = 5 })`, `"Hello 5\n"`},
	}
	s := testScope(docFiles)
	s.roots = append(s.roots, &root{name: "local", values: map[string]cty.Value{}})
	s.values["local"] = cty.EmptyObjectVal
	for _, test := range tests {
		t.Run(test.expr, func(t *testing.T) {
			got := compute(t, s, test.expr)
			want, err := convert.Convert(compute(t, s, test.want), got.Type())
			if err != nil || !got.RawEquals(want) {
				t.Errorf("got %#v, want %s", got, test.want)
			}
		})
	}
}

func TestFunctionErrors(t *testing.T) {
	files := maps.Clone(docFiles)
	files["docs/binary"] = "\xff"
	files["docs/again.tpl"] = `${templatefile("greeting.tpl", {})}`
	files["docs/syntax.tpl"] = "one\ntwo ${\n"
	files["docs/list.tpl"] = `${list}`
	files["docs/sub/outer.tpl"] = `${file("inner.txt")}`
	files["docs/deep.tpl"] = "${" + strings.Repeat("(", 2*maxDepth)
	tests := []struct{ expr, want string }{
		{`cidrhost("10.0.0.0/24", 256)`, "10.0.0.0/24 has 256 addresses, so there is no number 256"},
		{`cidrhost("10.0.0.0/24", -257)`, "so there is no number -257"},
		{`cidrhost("10.0.0.0/24", 1.5)`, "1.5 is not a whole number"},
		{`cidrhost("10.0.0.0/24", 1e999999)`, "is not a whole number of at most 128 bits"},
		{`cidrhost("10.0.0.0", 1)`, `"10.0.0.0" is not a network such as`},
		{`cidrhost("10.0.0.0/33", 1)`, `"10.0.0.0/33" is not a network`},
		{`cidrnetmask("fd00::/64")`, "IPv6 networks have no netmask"},
		{`cidrsubnet("10.0.0.0/24", 9, 0)`, "can get from 0 to 8 bits longer, and not 9"},
		{`cidrsubnet("10.0.0.0/24", 2, 4)`, "there is no number 4"},
		{`cidrsubnet("10.0.0.0/24", 2, -1)`, "there is no number -1"},
		{`cidrsubnets("10.0.0.0/24", 0)`, "can get from 1 to 8 bits longer"},
		{`cidrsubnets("10.0.0.0/24", 1, 2, 1)`, "nothing of 10.0.0.0/24 is left for a part with the prefix length 25"},
		{`cidrcontains("10.0.0.0/24", "fd00::1")`, "are not of the same family"},
		{`cidrcontains("10.0.0.0/24", "web1")`, `"web1" is neither an IP address nor a network`},
		{`one([1, 2])`, "it has 2 elements, and must have one or none"},
		{`one(toset([1, 2]))`, "it has 2 elements, and must have one or none"},
		{`one("a")`, "it must be a list, a set or a tuple"},
		{`sum([])`, "the list is empty"},
		{`sum([1, null])`, "element 1 of the list is null"},
		{`base64decode("?")`, "it is not base64"},
		{`base64decode("/w==")`, "not text in UTF-8"},
		{fmt.Sprintf(`jsondecode(%q)`, strings.Repeat("[", 2*maxDepth)), "nested too deeply"},
		{`file("no.txt")`, `there is no file "docs/no.txt", seen from "docs", the directory of the file with the call`},
		{`file("~/motd.txt")`, "~ is not the home directory here"},
		{`file("/no.txt")`, `there is no file "/no.txt".`},
		{`file("binary")`, `the file "docs/binary" is not text in UTF-8`},
		{`templatefile("no.tpl", {})`, `there is no file "docs/no.tpl"`},
		{`templatefile("greeting.tpl", "web1")`, "it must be an object"},
		{`templatefile("greeting.tpl", { nam = 1 })`, `The template is given no value named "name". Did you mean nam? Given are: nam. The template is used at docs/test.hcl:1.`},
		{`templatefile("again.tpl", {})`, "a template cannot use another one"},
		{`templatefile("syntax.tpl", {})`, "docs/syntax.tpl:3,"},
		{`templatefile("list.tpl", { list = [1] })`, "The template must give a text, and this is a list"},
		{`templatefile("sub/outer.tpl", {})`, `there is no file "docs/sub/inner.txt", seen from "docs/sub"`},
		{`templatefile("deep.tpl", {})`, "Nested too deeply"},
	}
	s := testScope(files)
	for _, test := range tests {
		t.Run(test.expr[:min(len(test.expr), 60)], func(t *testing.T) {
			v, diags := s.eval(parseExpr(t, test.expr))
			if len(diags) != 1 || v.IsKnown() || !strings.Contains(diags.Error(), test.want) {
				t.Errorf("got %#v, %v; want %q", v, diags, test.want)
			}
		})
	}
}
