package schema

import (
	"os"
	"path/filepath"
	"testing"
)

// Every example is valid, and nothing in it is worth a warning.
func TestExamplesAreClean(t *testing.T) {
	const dir = "../examples"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if !e.IsDir() || e.Name() == "ci" || e.Name() == "cron" { // what pipelines and cron run
			continue
		}
		n++
		if _, _, diags := Load([]string{filepath.Join(dir, e.Name())}, nil); len(diags) > 0 {
			t.Errorf("%s: %v", e.Name(), diags)
		}
	}
	if n < 5 {
		t.Errorf("only %d examples", n)
	}
}
