package schema

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

const languagePage = "../docs/language.md"

func readPage(t *testing.T) string {
	text, err := os.ReadFile(languagePage)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPageRules: the page lists all rules, with -update by itself.
func TestPageRules(t *testing.T) {
	const header = "| rule | summary | severity | what it finds |\n|---|---|---|---|\n"
	var want strings.Builder
	for _, r := range Rules() {
		severity := "warning"
		switch {
		case r.Severity == hcl.DiagError && r.Ignorable:
			severity = "error, can be ignored"
		case r.Severity == hcl.DiagError:
			severity = "error"
		}
		fmt.Fprintf(&want, "| `%s` | %s | %s | %s |\n", r.Name, r.Summary, severity, r.Doc)
	}
	page := readPage(t)
	before, after, ok := strings.Cut(page, header)
	if !ok {
		t.Fatal("no table of rules")
	}
	got, rest, _ := strings.Cut(after, "\n\n")
	if *update {
		if err := os.WriteFile(languagePage, []byte(before+header+want.String()+"\n"+rest), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want.String(), got+"\n"); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPageArguments: each type of block has a section on the page, which names all its
// arguments and the blocks in it.
func TestPageArguments(t *testing.T) {
	page := readPage(t)
	walkSpecs(func(spec *blockSpec) {
		if spec == fileSpec {
			return
		}
		heading := regexp.MustCompile(`(?m)^(##+) ` + spec.Type + `$`).FindStringSubmatchIndex(page)
		if heading == nil {
			t.Errorf("no section about %s", spec.Type)
			return
		}
		section := page[heading[1]:]
		level := heading[3] - heading[2]
		if next := regexp.MustCompile(fmt.Sprintf(`(?m)^#{2,%d} `, level)).FindStringIndex(section); next != nil {
			section = section[:next[0]]
		}
		for _, name := range append(spec.attrNames(), spec.blockTypes()...) {
			if !strings.Contains(section, "`"+name+"`") {
				t.Errorf("nothing about %s in the section about %s", name, spec.Type)
			}
		}
	})
}

// TestPageExamples: what the page shows is in the canonical layout and valid, beside the
// first two examples and where it says. Variables need no values for that.
func TestPageExamples(t *testing.T) {
	var examples []string
	for _, m := range regexp.MustCompile("(?ms)^```hcl\n(.*?)^```").FindAllStringSubmatch(readPage(t), -1) {
		examples = append(examples, m[1])
	}
	base := []byte(strings.Join(examples[:2], "\n"))
	for _, example := range examples {
		formatted, diags := Format([]byte(example), "example.hcl")
		if diags.HasErrors() || string(formatted) != example {
			t.Errorf("not in the canonical layout: %v\n%s", diags, example)
			continue
		}
		files := map[string][]byte{"example.hcl": []byte(inPlace(t, example))}
		if !bytes.Contains(base, []byte(example)) {
			files["base.hcl"] = base
		}
		_, sources, diags := parse(files, nil, readExample)
		diags = slices.DeleteFunc(diags, func(d *hcl.Diagnostic) bool { return d.Summary == "Missing value for variable" })
		if diags.HasErrors() {
			t.Errorf("%s\n%s", example, show(t, sources, diags))
		}
	}
}

// readExample reads the files that are named in examples.
func readExample(path string) ([]byte, error) {
	texts := map[string]string{
		"servers.csv": "ip,weight\n10.0.4.1,5\n",
		"racks.tpl":   "%{ for rack in racks ~}\n${rack}.1\n${rack}.2 weight 3\n%{ endfor ~}\n",
	}
	text, ok := texts[filepath.Base(path)]
	if !ok {
		return nil, os.ErrNotExist
	}
	return []byte(text), nil
}

// inPlace puts blocks where they can stand, and values of variables nowhere.
func inPlace(t *testing.T, example string) string {
	file, diags := hclsyntax.ParseConfig([]byte(example), "example.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	const cluster = "cluster \"doc\" {\nmode = \"nat\"\nvip = \"192.168.80.250\"\nalgorithm = \"wlc\"\ndirectors = [host.lb1]\n"
	blocks := file.Body.(*hclsyntax.Body).Blocks
	if len(blocks) == 0 {
		return ""
	}
	switch blocks[0].Type {
	case "service":
		return cluster + "pool \"doc\" { servers = [\"10.9.0.1\"] }\n" + example + "}\n"
	case "real_server", "pool":
		return cluster + "service \"doc\" { port = 80 }\n" + example + "}\n"
	}
	return example
}
