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

const examplesDir = "../../../../examples/"

// exampleFiles are those of the examples that run lvsctl or say how, with what a shell could
// run of them.
var exampleFiles = []struct {
	pattern string
	count   int
	scripts func(t *testing.T, text string) []string
}{
	{"ci/*.yml", 1, yamlScripts},
	{"ci/github/*.yml", 2, yamlScripts},
	{"cron/*.rules.yml", 1, alertScripts},
	{"cron/*.service", 2, unitScripts},
	{"cron/crontab", 1, cronScripts},
	{"*/README.md", 6, markdownScripts},
}

// What the examples run is what there is: every command line in them has the commands, flags
// and formats of lvsctl, and a shell can read what is for one.
func TestExamplesRunLvsctl(t *testing.T) {
	for _, kind := range exampleFiles {
		files, err := filepath.Glob(examplesDir + kind.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != kind.count {
			t.Errorf("%s: the examples are %q", kind.pattern, files)
		}
		lines := 0
		for _, file := range files {
			t.Run(strings.TrimPrefix(file, examplesDir), func(t *testing.T) {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for _, script := range kind.scripts(t, string(text)) {
					checkShell(t, script)
					for _, line := range commandLines(script) {
						lines++
						parse(t, line)
					}
				}
			})
		}
		if lines == 0 {
			t.Errorf("%s: lvsctl is not run", kind.pattern)
		}
	}
}

// checkShell has a shell read a script.
func checkShell(t *testing.T, script string) {
	t.Helper()
	sh := exec.Command("sh", "-n")
	sh.Stdin = strings.NewReader(script)
	if out, err := sh.CombinedOutput(); err != nil {
		t.Errorf("%v: %s\n%s", err, out, script)
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

// yamlScripts are the scripts of a pipeline.
func yamlScripts(t *testing.T, text string) []string {
	var doc any
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	return scripts(doc)
}

var template = regexp.MustCompile(`\{\{[^}]*\}\}`)

// alertScripts are the commands that alerts advise, with a word for what Prometheus fills in.
func alertScripts(t *testing.T, text string) []string {
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	dec := yaml.NewDecoder(strings.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&rules); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			if rule.Alert == "" || rule.Expr == "" || rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" {
				t.Errorf("no alert: %+v", rule)
			}
			list = append(list, codeSpans(template.ReplaceAllString(rule.Annotations["description"], "X"))...)
		}
	}
	return list
}

var execLine = regexp.MustCompile(`(?m)^Exec\w+=(.*)$`)

// unitScripts are the commands of a unit of systemd.
func unitScripts(_ *testing.T, text string) []string {
	var list []string
	for _, m := range execLine.FindAllStringSubmatch(strings.ReplaceAll(text, "\\\n", " "), -1) {
		list = append(list, m[1])
	}
	return list
}

var cronLine = regexp.MustCompile(`^(?:[0-9*/,-]+ ){5}\w+ (.*)$`)

// cronScripts are the commands of a table of cron with users. A percent sign would end them.
func cronScripts(t *testing.T, text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		m := cronLine.FindStringSubmatch(line)
		switch {
		case m != nil && !strings.Contains(m[1], "%"):
			list = append(list, m[1])
		case line != "" && !strings.HasPrefix(line, "#") && !strings.Contains(line, "="):
			t.Errorf("cron cannot read %q", line)
		}
	}
	return list
}

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// markdownScripts are the blocks of commands in a text, and those in its sentences.
func markdownScripts(_ *testing.T, text string) []string {
	var list []string
	for _, m := range shellBlock.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return append(list, codeSpans(shellBlock.ReplaceAllString(text, ""))...)
}

var codeSpan = regexp.MustCompile("`(lvsctl [^`]*)`")

// codeSpans are the command lines in sentences.
func codeSpans(text string) []string {
	var list []string
	for _, m := range codeSpan.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
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
var lvsctlLine = regexp.MustCompile(`(?:^|[;&|(]|\bsh -c ')\s*((?:sudo )?(?:/\S*/)?lvsctl(?: [^;&|>)#\n]*)?)`)

// commandLines are the command lines of lvsctl in a script.
func commandLines(script string) [][]string {
	var lines [][]string
	for line := range strings.Lines(script) {
		for _, m := range lvsctlLine.FindAllStringSubmatch(line, -1) {
			words := strings.Fields(strings.ReplaceAll(strings.ReplaceAll(m[1], "'", ""), `"`, ""))
			program := slices.IndexFunc(words, func(w string) bool { return filepath.Base(w) == "lvsctl" })
			lines = append(lines, words[program+1:])
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
		{"/usr/local/bin/lvsctl drift --quiet", "drift --quiet"},
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
