package schema

import (
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
	digest := func(files map[string][]byte, vars ...Variable) [32]byte {
		_, sources, _ := Parse(files, vars)
		return sources.Digest()
	}
	file := func(name, text string) map[string][]byte { return map[string][]byte{name: []byte(text)} }
	base := digest(file("a.hcl", minimal), Variable{"x", "1"}, Variable{"y", "2"})
	tests := []struct {
		name string
		got  [32]byte
		same bool
	}{
		{"again", digest(file("a.hcl", minimal), Variable{"x", "1"}, Variable{"y", "2"}), true},
		{"other order", digest(file("a.hcl", minimal), Variable{"y", "2"}, Variable{"x", "1"}), true},
		{"last value counts", digest(file("a.hcl", minimal), Variable{"x", "0"}, Variable{"y", "2"}, Variable{"x", "1"}), true},
		{"other value", digest(file("a.hcl", minimal), Variable{"x", "1"}, Variable{"y", "3"}), false},
		{"other name", digest(file("b.hcl", minimal), Variable{"x", "1"}, Variable{"y", "2"}), false},
		{"other text", digest(file("a.hcl", minimal+"\n"), Variable{"x", "1"}, Variable{"y", "2"}), false},
		{"no variables", digest(file("a.hcl", minimal)), false},
	}
	for _, test := range tests {
		if (test.got == base) != test.same {
			t.Errorf("%s: same digest: %v, want %v", test.name, !test.same, test.same)
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
