package schema

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const minimal = `host "lb1" {
  address = "10.0.0.1"
  netns   = "lb1"
}
`

func TestLoadPaths(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	other := strings.NewReplacer("lb1", "lb2", "10.0.0.1", "10.0.0.2").Replace(minimal)
	write("a/one.hcl", minimal)
	write("a/two.hcl", other)
	write("a/.hidden.hcl", "not read")
	write("a/notes.txt", "not read")
	write("a/notes.json", "not read")
	write("json/one.hcl.json", `{"host": {"lb1": {"address": "10.0.0.1", "netns": "lb1"}}}`)
	write("json/.hidden.hcl.json", "not read")
	write("json/two.hcl", other)
	write("a/sub/three.hcl", "not read")
	write("b/other.conf", other)
	write("empty/notes.txt", "not read")

	tests := []struct {
		name  string
		paths []string
		hosts int
		err   string // part of the detail of the only diagnostic
	}{
		{name: "directory", paths: []string{"a"}, hosts: 2},
		{name: "file", paths: []string{"a/one.hcl"}, hosts: 1},
		{name: "both syntaxes", paths: []string{"json"}, hosts: 2},
		{name: "file in JSON", paths: []string{"json/one.hcl.json"}, hosts: 1},
		{name: "file of any name", paths: []string{"a/one.hcl", "b/other.conf"}, hosts: 2},
		{name: "same file twice", paths: []string{"a", "a/one.hcl", "./a/../a/one.hcl"}, hosts: 2},
		{name: "no such path", paths: []string{"c"}, err: `Reading "c" failed: no such file or directory.`},
		{name: "nothing in it", paths: []string{"empty"}, err: `"empty" has no file whose name ends in .hcl`},
		{name: "nothing here", err: `"." has no file`},
		{name: "nothing here, by an empty name", paths: []string{""}, err: `"." has no file`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config, sources, diags := Load(test.paths, nil)
			if sources == nil {
				t.Fatal("no sources")
			}
			if test.err != "" {
				if len(diags) != 1 || !strings.Contains(diags[0].Detail, test.err) || config != nil {
					t.Fatalf("got %v, want %q", diags, test.err)
				}
				return
			}
			if len(diags) > 0 || len(config.Hosts) != test.hosts {
				t.Errorf("got %v, %v; want %d hosts", config, diags, test.hosts)
			}
		})
	}
}

func TestDigest(t *testing.T) {
	digest := func(files map[string][]byte, vars ...string) [32]byte {
		_, sources, _ := Parse(files, inputsOf(vars...))
		return sources.Digest()
	}
	file := func(name, text string) map[string][]byte { return map[string][]byte{name: []byte(text)} }
	base := digest(file("a.hcl", minimal), "x", "1", "y", "2")
	tests := []struct {
		name string
		got  [32]byte
		same bool
	}{
		{"again", digest(file("a.hcl", minimal), "x", "1", "y", "2"), true},
		{"other order", digest(file("a.hcl", minimal), "y", "2", "x", "1"), true},
		{"last value counts", digest(file("a.hcl", minimal), "x", "0", "y", "2", "x", "1"), true},
		{"other value", digest(file("a.hcl", minimal), "x", "1", "y", "3"), false},
		{"other name", digest(file("b.hcl", minimal), "x", "1", "y", "2"), false},
		{"other text", digest(file("a.hcl", minimal+"\n"), "x", "1", "y", "2"), false},
		{"no variables", digest(file("a.hcl", minimal)), false},
	}
	for _, test := range tests {
		if (test.got == base) != test.same {
			t.Errorf("%s: same digest: %v, want %v", test.name, !test.same, test.same)
		}
	}
}

// What inputs and functions read is part of what a config depends on.
func TestDigestOfFiles(t *testing.T) {
	const config = minimal + `
locals {
  text = fileexists("a.txt") ? file("a.txt") : ""
}
variable "x" { default = 1 }
`
	digest := func(files map[string]string, inputs ...Input) [32]byte {
		_, sources, diags := parse(map[string][]byte{"c.hcl": []byte(config)}, inputs, readerOf(files))
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return sources.Digest()
	}
	vars := Input{File: "x.vars"}
	env := Input{Name: "x", Value: "5", Env: true}
	digests := []struct {
		name string
		got  [32]byte
	}{
		{"no files", digest(nil)},
		{"an empty file", digest(map[string]string{"a.txt": ""})},
		{"a text", digest(map[string]string{"a.txt": "1"})},
		{"another text", digest(map[string]string{"a.txt": "2"})},
		{"a value in a file", digest(map[string]string{"x.vars": "x = 1"}, vars)},
		{"another value in a file", digest(map[string]string{"x.vars": "x = 2"}, vars)},
		{"a value in the environment", digest(nil, env)},
	}
	for i, a := range digests {
		for _, b := range digests[:i] {
			if a.got == b.got {
				t.Errorf("%s and %s: the same digest", a.name, b.name)
			}
		}
	}
	overridden := digest(map[string]string{"x.vars": "x = 1"}, env, vars)
	if overridden != digests[4].got {
		t.Error("a value that does not count changes the digest")
	}
}

func TestReadBounded(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, size int64) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if text, err := readBounded(write("most", maxFile)); err != nil || len(text) != maxFile {
		t.Errorf("got %d bytes, %v", len(text), err)
	}
	if _, err := readBounded(write("more", maxFile+1)); err == nil || err.Error() != "it is larger than 16 MiB" {
		t.Errorf("got %v", err)
	}
}

// fmt leaves JSON alone, and says so where it is asked for it.
func TestFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"a.hcl", "b.hcl.json", "c.vars"} {
		if err := os.WriteFile(name, []byte("{}"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		paths []string
		want  string
		err   string
	}{
		{nil, "[a.hcl]", ""},
		{[]string{"c.vars", "."}, "[a.hcl c.vars]", ""},
		{[]string{"./b.hcl.json"}, "[]", `The file "b.hcl.json" is in JSON`},
		{[]string{".", "b.hcl.json"}, "[a.hcl]", `The file "b.hcl.json" is in JSON`},
	}
	for _, test := range tests {
		names, diags := Files(test.paths)
		if got := fmt.Sprint(names); got != test.want || diags.HasErrors() != (test.err != "") || test.err != "" && !strings.Contains(diags.Error(), test.err) {
			t.Errorf("%q: got %s, %v; want %s, %q", test.paths, got, diags, test.want, test.err)
		}
	}
}

func TestFormat(t *testing.T) {
	got, diags := Format([]byte("host \"lb1\" {\naddress=\"10.0.0.1\" # DIP\n    netns = \"lb1\"\n}\n"), "a.hcl")
	want := "host \"lb1\" {\n  address = \"10.0.0.1\" # DIP\n  netns   = \"lb1\"\n}\n"
	if diags.HasErrors() || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, diags, want)
	}
	if got, diags = Format([]byte("host {"), "a.hcl"); got != nil || !diags.HasErrors() {
		t.Errorf("broken text: got %q, %v", got, diags)
	}
}
