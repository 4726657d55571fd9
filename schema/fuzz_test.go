package schema

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fuzzFiles are what functions can read.
var fuzzFiles = map[string]string{"motd.txt": "Hello\n", "greeting.tpl": "Hello ${name}%{ for s in list }${s}%{ endfor }\n"}

// FuzzParse holds every text to what is promised of all: no panic, a config or an
// error, diagnostics that can be printed, the same result each time, and formatting
// that does not change the meaning.
func FuzzParse(f *testing.F) {
	for _, text := range configsIn(f) {
		f.Add(text, "weight", "7")
	}
	f.Add([]byte(`locals { a = templatefile("greeting.tpl", { name = file("motd.txt"), list = [] }) }`), "", "")
	f.Add([]byte(`locals { a = try(An(), An()) }`), "", "") // more than one function is as near
	f.Fuzz(func(t *testing.T, text []byte, name, value string) {
		inputs := inputsOf(name, value)
		config := checkParse(t, map[string][]byte{"fuzz.hcl": text}, inputs)
		if config != nil {
			checkFormat(t, text, inputs, config)
		}
	})
}

// FuzzParseJSON is FuzzParse for files in JSON.
func FuzzParseJSON(f *testing.F) {
	for name, text := range configsIn(f) {
		if isJSON(name) {
			f.Add(text, "weight", "7")
		} else if written, ok := oneToJSON(text); ok {
			f.Add(written, "weight", "7")
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, name, value string) {
		checkParse(t, map[string][]byte{"fuzz.hcl.json": text}, inputsOf(name, value))
	})
}

// FuzzVariableFile is FuzzParse for files of values, in HCL and in JSON, for variables
// of which some are sensitive: their values, which have a word that nothing else has,
// are never shown.
func FuzzVariableFile(f *testing.F) {
	const word = "5ecret"
	config := map[string][]byte{"c.hcl": []byte(`
variable "a" { type = list(number) }
variable "b" { sensitive = true }
variable "c" {
  type      = object({ text = string, n = optional(number) })
  sensitive = true
  nullable  = false
  validation {
    condition     = parseint(var.c.text, 10) + var.c.n > length(var.b)
    error_message = "not ${var.c.text}"
  }
}
`)}
	f.Add([]byte("a = [1]\nb = \"5ecret\"\nc = { text = \"5ecret\" }\n"), false)
	f.Add([]byte("a = 1\nb = <<EOT\n5ecret\nEOT\nc = parseint(\"5ecret\", 10)\nd = 5\n"), false)
	f.Add([]byte(`{"a": null, "b": {"5ecret": 1}, "c": {"text": "5ecret", "n": "5ecret"}}`), true)
	f.Add([]byte("b { a = \"5ecret\" }\ncc = \"5ecret\"\n"), false)
	f.Add([]byte(`{"b": 5ecret}`), true)
	f.Add([]byte(`{"b": 1, "b": "5ecret", "d": "5ecret", "a": "x"}`), true)
	f.Fuzz(func(t *testing.T, text []byte, inJSON bool) {
		name := "values.vars"
		if inJSON {
			name = "values.json"
		}
		_, sources, diags := parse(config, []Input{{File: name}}, readerOf(map[string]string{name: string(text)}))
		shown := show(t, sources, diags)
		hidden := sources.inputs[0].broken || strings.Count(string(text), word) == secretsIn(sources, word)
		if hidden && strings.Contains(shown, word) {
			t.Fatalf("a sensitive value is shown:\n%s", shown)
		}
	})
}

// secretsIn counts a word in what is hidden of files.
func secretsIn(s *Sources, word string) int {
	n := 0
	for name, stretches := range s.hidden {
		for _, r := range stretches {
			for _, f := range s.inputs {
				if f.name == name {
					n += strings.Count(string(r.SliceBytes(f.text)), word)
				}
			}
		}
	}
	return n
}

// configsIn reads the configs that there are test cases of, by path.
func configsIn(f testing.TB) map[string][]byte {
	configs := map[string][]byte{}
	err := filepath.WalkDir("../testdata", func(path string, e fs.DirEntry, err error) error {
		if err != nil || !isConfigFile(e) {
			return err
		}
		configs[path], err = os.ReadFile(path)
		return err
	})
	if err != nil || len(configs) == 0 {
		f.Fatal(len(configs), err)
	}
	return configs
}

// checkParse loads files twice and returns their config, if they are one.
func checkParse(t *testing.T, files map[string][]byte, inputs []Input) *Config {
	config, sources, diags := parse(files, inputs, readerOf(fuzzFiles))
	if diags.HasErrors() != (config == nil) {
		t.Fatalf("config: %v, diagnostics: %v", config != nil, diags)
	}
	shown := show(t, sources, diags)
	if _, sources, diags := parse(files, inputs, readerOf(fuzzFiles)); show(t, sources, diags) != shown {
		t.Fatalf("other diagnostics the second time: %v\n%s", diags, shown)
	}
	return config
}

// checkFormat formats the text of a config and loads it again.
func checkFormat(t *testing.T, text []byte, inputs []Input, config *Config) {
	formatted, diags := Format(text, "fuzz.hcl")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	again, _, diags := parse(map[string][]byte{"fuzz.hcl": formatted}, inputs, readerOf(fuzzFiles))
	if again == nil {
		t.Fatalf("after formatting: %v\n%s", diags, formatted)
	}
	if got, want := dump(again), dump(config); got != want {
		t.Fatalf("formatting changed the meaning:\n%s\nfrom\n%s\nto\n%s", formatted, want, got)
	}
}
