package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// What the examples for pipelines run is what there is: they are YAML, and every command
// line in them has the commands, flags and formats of lvsctl.
func TestPipelineExamples(t *testing.T) {
	const top = "../../../../examples/ci"
	var files []string
	for _, pattern := range []string{"/*.yml", "/*/*.yml"} {
		found, err := filepath.Glob(top + pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) != 3 {
		t.Errorf("the examples are %q", files)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var doc any
			if err := yaml.Unmarshal(text, &doc); err != nil {
				t.Fatal(err)
			}
			for _, script := range scripts(doc) {
				sh := exec.Command("sh", "-n")
				sh.Stdin = strings.NewReader(script)
				if out, err := sh.CombinedOutput(); err != nil {
					t.Errorf("%v: %s\n%s", err, out, script)
				}
			}
			lines := commandLines(strings.Join(scripts(doc), "\n"))
			if len(lines) == 0 {
				t.Error("it does not run lvsctl")
			}
			for _, line := range lines {
				parse(t, line)
			}
		})
	}
}

// The examples in the help are command lines that there are.
func TestHelpExamples(t *testing.T) {
	root := (&app{}).root()
	for _, c := range append(root.Commands(), root) {
		for _, line := range commandLines(c.Example) {
			parse(t, line)
		}
	}
}

// scripts are all texts in a document that a shell runs.
func scripts(v any) []string {
	var list []string
	switch v := v.(type) {
	case map[string]any:
		for name, item := range v {
			if slices.Contains([]string{"run", "script", "before_script", "after_script"}, name) {
				list = append(list, texts(item)...)
			} else {
				list = append(list, scripts(item)...)
			}
		}
	case []any:
		for _, item := range v {
			list = append(list, scripts(item)...)
		}
	}
	return list
}

// texts are the texts in a list, or the one that stands for a list.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, item := range v {
			list = append(list, texts(item)...)
		}
		return list
	}
	return nil
}

// lvsctlLine is a command of a shell that runs lvsctl, up to what ends it.
var lvsctlLine = regexp.MustCompile(`(?:^|[;&|(]|\bsh -c ')\s*((?:sudo )?lvsctl(?: [^;&|>)#\n]*)?)`)

// commandLines are the command lines of lvsctl in a script.
func commandLines(script string) [][]string {
	var lines [][]string
	for line := range strings.Lines(script) {
		for _, m := range lvsctlLine.FindAllStringSubmatch(line, -1) {
			words := strings.Fields(strings.ReplaceAll(strings.ReplaceAll(m[1], "'", ""), `"`, ""))
			lines = append(lines, words[slices.Index(words, "lvsctl")+1:])
		}
	}
	return lines
}

// parse has the command line read as it would be.
func parse(t *testing.T, args []string) {
	t.Helper()
	line := "lvsctl " + strings.Join(args, " ")
	c, rest, err := (&app{}).root().Find(args)
	if err != nil {
		t.Errorf("%s: %v", line, err)
		return
	}
	c.InitDefaultHelpFlag()
	if err := c.ParseFlags(rest); err != nil {
		t.Errorf("%s: %v", line, err)
		return
	}
	if err := c.ValidateArgs(c.Flags().Args()); err != nil {
		t.Errorf("%s: %v", line, err)
	}
	if err := c.ValidateFlagGroups(); err != nil {
		t.Errorf("%s: %v", line, err)
	}
	format := c.Flags().Lookup("format")
	values, known := c.GetFlagCompletionFunc("format")
	if format == nil || !known {
		return
	}
	if names, _ := values(c, nil, ""); !slices.Contains(names, format.Value.String()) {
		t.Errorf("%s: --format is one of %q", line, names)
	}
}

// The test above would notice.
func TestCommandLines(t *testing.T) {
	tests := []struct {
		script string
		want   string
	}{
		{"lvsctl plan . >x", "plan ."},
		{"  code=0; lvsctl apply --lock-timeout 5m change.plan || code=$?", "apply --lock-timeout 5m change.plan"},
		{"lvsctl plan --out p && lvsctl apply p", "plan --out p|apply p"},
		{"x | lvsctl version", "version"},
		{"echo run lvsctl plan", ""},
		{"rm lvsctl.sarif", ""},
	}
	for _, test := range tests {
		var got []string
		for _, line := range commandLines(test.script) {
			got = append(got, strings.Join(line, " "))
		}
		if got := strings.Join(got, "|"); got != test.want {
			t.Errorf("%s: got %q, want %q", test.script, got, test.want)
		}
	}
}
