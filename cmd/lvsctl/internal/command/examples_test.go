package command

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// All that can be said of a config without its hosts is said of every example and of every
// config that is valid, for people and for programs.
func TestSaidOfEveryConfig(t *testing.T) {
	dirs, err := filepath.Glob("../../../../examples/*/cluster.hcl")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no examples", err)
	}
	valid, err := filepath.Glob("../../../../testdata/valid/*")
	if err != nil || len(valid) == 0 {
		t.Fatal("no valid configs", err)
	}
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	for _, dir := range append(dirs, valid...) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			text, code := say(t, "graph", "--json", dir)
			if strings.Contains(text, "Missing value for variable") {
				return // it is none by itself
			}
			var graph struct {
				Clusters []struct{ Name string }
			}
			if err := json.Unmarshal([]byte(text), &graph); err != nil || code != 0 {
				t.Fatalf("graph --json: exit code %d, %v\n%s", code, err, text)
			}
			lines := [][]string{{"validate"}, {"validate", "--json"}, {"fmt", "--check"}, {"graph"}, {"graph", "--format", "svg"}, {"graph", "--format", "dot"}, {"graph", "--format", "mermaid"}}
			for _, c := range graph.Clusters {
				lines = append(lines, []string{"explain", c.Name}, []string{"explain", "--json", c.Name})
			}
			for _, line := range lines {
				if text, code := say(t, append(line, dir)...); code != 0 {
					t.Errorf("%s: exit code %d\n%s", strings.Join(line, " "), code, text)
				}
			}
		})
	}
}

// say is what a command prints, and its exit code.
func say(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out, errOut bytes.Buffer
	code := Main(args, strings.NewReader(""), &out, &errOut)
	if out.Len() == 0 {
		return errOut.String(), code
	}
	return out.String(), code
}
