package schema

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// FuzzParse holds every text to what is promised of all: no panic, a config or an
// error, diagnostics that can be printed, the same result each time, and formatting
// that does not change the meaning.
func FuzzParse(f *testing.F) {
	err := filepath.WalkDir("../testdata", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".hcl" {
			return err
		}
		text, err := os.ReadFile(path)
		f.Add(text, "weight", "7")
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte, name, value string) {
		files := map[string][]byte{"fuzz.hcl": text}
		vars := []Variable{{name, value}}
		config, sources, diags := Parse(files, vars)
		if diags.HasErrors() != (config == nil) {
			t.Fatalf("config: %v, diagnostics: %v", config != nil, diags)
		}
		shown := show(t, sources, diags)
		if _, sources, diags := Parse(files, vars); show(t, sources, diags) != shown {
			t.Fatalf("other diagnostics the second time: %v\n%s", diags, shown)
		}
		if config != nil {
			checkFormat(t, text, vars, config)
		}
	})
}

// checkFormat formats the text of a config and loads it again.
func checkFormat(t *testing.T, text []byte, vars []Variable, config *Config) {
	formatted, diags := Format(text, "fuzz.hcl")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	again, _, diags := Parse(map[string][]byte{"fuzz.hcl": formatted}, vars)
	if again == nil {
		t.Fatalf("after formatting: %v\n%s", diags, formatted)
	}
	if got, want := dump(again), dump(config); got != want {
		t.Fatalf("formatting changed the meaning:\n%s\nfrom\n%s\nto\n%s", formatted, want, got)
	}
}
