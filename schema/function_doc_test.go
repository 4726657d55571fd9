package schema

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// docFiles are the files that the examples of functions read.
var docFiles = map[string]string{
	"docs/motd.txt":     "Hello\n",
	"docs/greeting.tpl": "Hello ${name}\n",
}

// TestFunctionDocs holds the list of functions against those that can be called.
func TestFunctionDocs(t *testing.T) {
	scope := testScope(docFiles)
	functions := scope.library.functions("docs")
	var names []string
	for _, g := range Functions() {
		if !slices.IsSortedFunc(g.Functions, func(a, b Function) int { return strings.Compare(a.Call, b.Call) }) {
			t.Errorf("the functions for %s are not in alphabetical order", g.Name)
		}
		for _, f := range g.Functions {
			name, given, _ := strings.Cut(strings.TrimSuffix(f.Call, ")"), "(")
			names = append(names, name)
			if f.Doc == "" {
				t.Errorf("%s is not documented", name)
			}
			checkExampleCall(t, scope, name, f)
			if callable, ok := functions[name]; ok {
				checkCall(t, name, strings.Split(given, ", "), callable)
			}
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff(sortedKeys(functions), names); diff != "" {
		t.Errorf("functions that can be called, and those of function_doc.go (-want +got):\n%s", diff)
	}
}

// checkExampleCall computes the example of a function.
func checkExampleCall(t *testing.T, s *scope, name string, f Function) {
	if !strings.Contains(f.Example, name+"(") {
		t.Errorf("the example of %s does not call it: %s", name, f.Example)
		return
	}
	got := compute(t, s, f.Example)
	want, err := convert.Convert(compute(t, s, f.Result), got.Type())
	if err != nil || !got.RawEquals(want) {
		t.Errorf("%s is %#v, want %s", f.Example, got, f.Result)
	}
}

// checkCall compares what a function is given in its documentation with its parameters.
func checkCall(t *testing.T, name string, given []string, f function.Function) {
	if f.VarParam() != nil {
		// How many values a function can have is up to its implementation where their
		// number is not fixed.
		if len(given) <= len(f.Params()) {
			t.Errorf("%s is given %v, and has more parameters", name, given)
		}
		return
	}
	if len(given) != len(f.Params()) {
		t.Errorf("%s is given %v, and has %d parameters", name, given, len(f.Params()))
	}
}
