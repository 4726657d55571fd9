package schema

import (
	"bytes"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestValid loads configs that are right, and compares what they mean. Warnings are those
// of the rules in lines "# finds RULE" at the top of any of their files.
func TestValid(t *testing.T) {
	for _, name := range testCases(t, "../testdata/valid") {
		t.Run(name, func(t *testing.T) {
			t.Chdir("../testdata/valid")
			config, sources, diags := Load([]string{name}, inputsIn(t, name))
			if diags.HasErrors() {
				t.Fatalf("diagnostics:\n%s", show(t, sources, diags))
			}
			if want, got := rulesIn(t, name), ruleNames(diags); !slices.Equal(want, got) {
				t.Errorf("found by %q, want %q", got, want)
			}
			compare(t, filepath.Join(name, "config.golden"), show(t, sources, diags)+dump(config))
		})
	}
}

// TestInvalid loads broken configs and compares what the user is told.
func TestInvalid(t *testing.T) {
	for _, name := range testCases(t, "../testdata/invalid") {
		t.Run(name, func(t *testing.T) {
			t.Chdir("../testdata/invalid")
			path := casePath(t, name)
			config, sources, diags := Load([]string{path}, inputsIn(t, path))
			if diags.HasErrors() != (config == nil) {
				t.Errorf("errors: %v, config: %v", diags.HasErrors(), config != nil)
			}
			if len(diags) == 0 {
				t.Error("no diagnostics")
			}
			compare(t, name+".golden", show(t, sources, diags))
		})
	}
}

// testCases lists the cases in a directory: files and subdirectories.
func testCases(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() || isConfigFile(e) {
			names = append(names, strings.TrimSuffix(strings.TrimSuffix(e.Name(), ".json"), ".hcl"))
		}
	}
	return names
}

// casePath finds the directory or file of a case.
func casePath(t *testing.T, name string) string {
	for _, suffix := range []string{"", ".hcl", ".hcl.json"} {
		if _, err := os.Stat(name + suffix); err == nil {
			return name + suffix
		}
	}
	t.Fatalf("there is no case %s", name)
	return ""
}

// inputsIn reads what a case is loaded with from the comments at the top of its files:
// "# --var NAME=VALUE", "# --var-file FILE" and "# env NAME=VALUE". They are put in the
// order that commands have.
func inputsIn(t *testing.T, path string) []Input {
	var inputs []Input
	for comment, file := range commentsIn(t, path) {
		inputs = append(inputs, inputOf(comment, filepath.Dir(file))...)
	}
	rank := func(in Input) int { return boolInt(in.File != "") + 2*boolInt(in.File == "" && !in.Env) }
	slices.SortStableFunc(inputs, func(a, b Input) int { return rank(a) - rank(b) })
	return inputs
}

// rulesIn reads which rules find something in a case: comments "# finds RULE".
func rulesIn(t *testing.T, path string) []string {
	var names []string
	for comment := range commentsIn(t, path) {
		if name, ok := strings.CutPrefix(comment, "finds "); ok {
			names = append(names, name)
		}
	}
	return names
}

// commentsIn goes through the comments at the top of the files of a case. In JSON one is a
// property: "//": "…".
func commentsIn(t *testing.T, path string) iter.Seq2[string, string] {
	names, diags := expand([]string{path})
	files, more := readAll(names)
	if diags = append(diags, more...); diags.HasErrors() {
		t.Fatal(diags)
	}
	return func(yield func(comment, file string) bool) {
		for _, name := range names {
			for line := range strings.Lines(string(files[name])) {
				line = strings.TrimSpace(line)
				if line == "{" {
					continue
				}
				comment, ok := strings.CutPrefix(line, "# ")
				if quoted, inJSON := strings.CutPrefix(line, `"//": "`); inJSON {
					comment, ok = strings.TrimSuffix(strings.TrimSuffix(quoted, ","), `"`), true
				}
				if !ok {
					break
				}
				if !yield(comment, name) {
					return
				}
			}
		}
	}
}

// inputOf reads one input from a comment, none from other comments.
func inputOf(comment, dir string) []Input {
	flag, arg, _ := strings.Cut(comment, " ")
	name, value, _ := strings.Cut(arg, "=")
	switch flag {
	case "--var":
		return []Input{{Name: name, Value: value}}
	case "--var-file":
		return []Input{{File: filepath.Join(dir, arg)}}
	case "env":
		return Environment([]string{arg})
	}
	return nil
}

// ruleNames lists the rules that diagnostics come from, each once.
func ruleNames(diags hcl.Diagnostics) []string {
	var names []string
	for _, d := range diags {
		if r := RuleOf(d); r != nil {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// show writes diagnostics as users see them, each with what JSON output has of it.
func show(t *testing.T, sources *Sources, diags hcl.Diagnostics) string {
	var b bytes.Buffer
	w := hcl.NewDiagnosticTextWriter(&b, sources.Files(), 100, false)
	for _, d := range diags {
		severity := map[hcl.DiagnosticSeverity]string{hcl.DiagError: "error", hcl.DiagWarning: "warning"}[d.Severity]
		fmt.Fprintf(&b, "--- %s", severity)
		if d.Subject != nil {
			fmt.Fprintf(&b, " %s", d.Subject)
		}
		if r := RuleOf(d); r != nil {
			fmt.Fprintf(&b, " rule %s", r.Name)
		}
		b.WriteByte('\n')
		if err := w.WriteDiagnostic(d); err != nil {
			t.Error(err)
		}
	}
	return b.String()
}

// compare holds text against a golden file, or makes it the golden file.
func compare(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
