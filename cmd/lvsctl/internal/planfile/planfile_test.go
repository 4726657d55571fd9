package planfile

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

var update = flag.Bool("update", false, "rewrite the goldens")

var (
	web    = resource.AddrService(resource.TCP, netip.MustParseAddr("192.0.2.1"), 80)
	ignore = sysctl("net.ipv4.conf.all.arp_ignore", "1")
	module = resource.Module{Name: "ip_vs_rr"}
)

func sysctl(name, value string) resource.Sysctl { return resource.Sysctl{Name: name, Value: value} }

func server(n int, weight uint32) resource.Destination {
	addr := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
	return resource.Destination{Service: web, Addr: addr, Port: 80, Forward: resource.ForwardDirect, Weight: weight}
}

func step(host, name string, changes ...resource.Change) resource.Step {
	return resource.Step{StepRef: resource.StepRef{Host: host, Name: name}, Changes: changes}
}

// saved is a file with something of everything.
func saved() *File {
	quiet := step("web1", "web: keep quiet", resource.Change{Action: resource.Update, Before: sysctl(ignore.Name, "0"), After: ignore, Reason: resource.NewInConfig, Source: resource.Source{File: "a.hcl", Line: 3}})
	serve := step("lb1", "web: web1 in service",
		resource.Change{Action: resource.Create, After: server(1, 1), Reason: resource.NewInConfig},
		resource.Change{Action: resource.Delete, Before: server(2, 1), Reason: resource.RemovedFromConfig, Cuts: resource.Connections{Active: 3}})
	serve.After = []resource.Edge{{Step: quiet.StepRef, Why: "answers <all> & more"}}
	ask := resource.Step{StepRef: resource.StepRef{Host: "lb1", Name: "web: probe web1"}, Probes: []resource.ServerProbe{
		{Server: "web1", Probe: resource.Probe{HTTP: "http://10.0.0.1/", Status: 200, Timeout: time.Second, Tries: 3}},
	}}
	quiet.Wave, ask.Wave, serve.Wave = 1, 1, 2
	return &File{
		Lvsctl: "1.0", Created: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), By: "ann@desk",
		Request: Request{
			Paths: []string{"a.hcl"}, Hosts: []string{"lb1", "web1"}, VarFiles: []string{"x.vars"}, Overrides: []string{"capacity"},
			Variables: []Variable{{Name: "size", Value: "5", Env: true}, {Name: "weight", Value: "1"}}, Sensitive: []string{"password"},
		},
		Config: Config{Files: map[string]planner.Digest{"a.hcl": {1}, "x.vars": {2}}, Desired: planner.Digest{3}},
		Basis:  Bases{"lb1": {Live: planner.Digest{4}, Ledger: planner.Digest{5}}, "web1": {Live: planner.Digest{6}}},
		Plan: &planner.Plan{
			Hosts: []planner.Host{
				{Name: "lb1", Drift: []planner.Drift{{Left: server(3, 1), Found: server(3, 9)}, {Left: module}}, Foreign: []resource.Resource{server(4, 1)}},
				{Name: "web1"},
			},
			Steps: []resource.Step{quiet, ask, serve},
			Waves: []planner.Wave{{Servers: []string{"web1"}, Pause: time.Minute}, {Servers: []string{"10.0.0.2"}, Keep: true}},
		},
		Warnings: Warnings(hcl.Diagnostics{
			{Severity: hcl.DiagWarning, Summary: "S", Detail: "D", Subject: &hcl.Range{Filename: "a.hcl", Start: hcl.Pos{Line: 2, Column: 1, Byte: 9}}, Extra: &schema.Rule{Name: "sip"}},
			{Severity: hcl.DiagError, Summary: "E"},
		}),
	}
}

func encode(t testing.TB, f *File) []byte {
	t.Helper()
	text, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRoundTrip(t *testing.T) {
	empty := &File{Lvsctl: "devel", Config: Config{Files: map[string]planner.Digest{}}, Basis: Bases{}, Plan: &planner.Plan{}}
	for name, f := range map[string]*File{"everything": saved(), "nothing": empty} {
		text := encode(t, f)
		got, err := Decode(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(f, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if !got.Plan.Equal(f.Plan) {
			t.Errorf("%s: another plan", name)
		}
		if !bytes.Equal(encode(t, got), text) {
			t.Errorf("%s: another text the second time", name)
		}
	}
}

// The file is for people too, and what it looks like is a promise to later versions.
func TestFormat(t *testing.T) {
	file, got := filepath.Join("testdata", "plan.golden"), encode(t, saved())
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWarnings(t *testing.T) {
	diags := saved().Diagnostics()
	if len(diags) != 2 || diags[0].Severity != hcl.DiagWarning || diags[1].Severity != hcl.DiagError {
		t.Fatalf("got %v", diags)
	}
	if r := schema.RuleOf(diags[0]); r == nil || r.Name != "sip" {
		t.Errorf("rule %v", r)
	}
	if r := schema.RuleOf(diags[1]); r != nil {
		t.Errorf("a rule where none was: %v", r)
	}
}

// Whichever bit of a file flips, wherever it ends too early, and whatever is added, it is
// not read as a plan.
func TestDamage(t *testing.T) {
	text := encode(t, saved())
	for i := range text {
		for bit := range 8 {
			damaged := bytes.Clone(text)
			damaged[i] ^= 1 << bit
			if _, err := Decode(damaged); err == nil {
				t.Fatalf("byte %d, bit %d: read", i, bit)
			}
			if !looksLike(damaged, damaged) {
				t.Fatalf("byte %d, bit %d: taken for something else", i, bit)
			}
		}
	}
	for n := range text {
		if _, err := Decode(text[:n]); err == nil {
			t.Fatalf("%d bytes: read", n)
		}
	}
	for _, more := range []string{"\n", " ", "{}", "\x00", string(text)} {
		if _, err := Decode(append(bytes.Clone(text), more...)); !errors.Is(err, ErrDamaged) {
			t.Errorf("with %q at the end: %v", more, err)
		}
	}
}

// resealed is a text with something replaced, and a checksum that is right.
func resealed(t *testing.T, text []byte, old, with string) []byte {
	t.Helper()
	end := bytes.LastIndex(text, []byte(beforeSum))
	out := bytes.Replace(text[:end], []byte(old), []byte(with), 1)
	if bytes.Equal(out, text[:end]) {
		t.Fatalf("no %s in the text", old)
	}
	return seal(out)
}

func TestRefused(t *testing.T) {
	text := encode(t, saved())
	tests := []struct {
		name, old, with string
		damaged         bool
		err             string // part of it
	}{
		{"another version", `"version": 1`, `"version": 2`, false, "format version 2, written by lvsctl 1.0; this lvsctl reads version 1"},
		{"version as text", `"version": 1`, `"version": "1"`, true, ""},
		{"unknown member", `"by": `, `"until": 1, "by": `, false, `written by lvsctl 1.0: json: unknown field "until"`},
		{"unknown kind", `"kind": "destination"`, `"kind": "teapot"`, false, `unknown kind of resource "teapot"`},
		{"unknown action", `"update"`, `"paint"`, false, `unknown action "paint"`},
		{"short digest", planner.Digest{4}.String(), "04", false, "a digest of 1 bytes"},
		{"no digest", planner.Digest{4}.String(), strings.Repeat("x", 64), false, "invalid byte"},
	}
	for _, test := range tests {
		_, err := Decode(resealed(t, text, test.old, test.with))
		if err == nil || !strings.Contains(err.Error(), test.err) || errors.Is(err, ErrDamaged) != test.damaged {
			t.Errorf("%s: got %v, want %q", test.name, err, test.err)
		}
	}
	for _, other := range []string{"", "{}", "host \"lb1\" {\n}\n", `{"format": "other"}`, `{"version": 1}`, "\x7fELF"} {
		if _, err := Decode([]byte(other)); !errors.Is(err, ErrNotPlan) {
			t.Errorf("%q: got %v", other, err)
		}
	}
	if _, err := Decode([]byte(`{"format":"lvsctl-plan","version":7,"lvsctl":"9.9","new":{}}`)); err == nil || !strings.Contains(err.Error(), "written by lvsctl 9.9") {
		t.Errorf("a later version with another end: got %v", err)
	}
}

// What no lvsctl writes is refused, be its checksum right or not.
func TestImpossible(t *testing.T) {
	tests := map[string]func(*File){
		"no plan":               func(f *File) { f.Plan = nil },
		"no files":              func(f *File) { f.Config.Files = nil },
		"no basis":              func(f *File) { f.Basis = nil },
		"host without a basis":  func(f *File) { delete(f.Basis, "web1") },
		"basis of no host":      func(f *File) { f.Basis["web2"] = planner.Basis{} },
		"host twice":            func(f *File) { f.Plan.Hosts = append(f.Plan.Hosts, planner.Host{Name: "lb1"}) },
		"step of another host":  func(f *File) { f.Plan.Steps[0].Host = "web2" },
		"step without a change": func(f *File) { f.Plan.Steps[0].Changes = nil },
		"changes and probes":    func(f *File) { f.Plan.Steps[0].Probes = f.Plan.Steps[1].Probes },
		"wave of no plan":       func(f *File) { f.Plan.Steps[0].Wave = 3 },
	}
	for name, spoil := range tests {
		f := saved()
		spoil(f)
		if _, err := Decode(encode(t, f)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWriteAndIs(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"config": "host \"a\" {}\n", "empty": "", "x.hcl": ""} {
		if err := os.WriteFile(path(name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(path("empty"), path("link")); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, err string }{
		{"new", ""}, {"new", ""}, {"empty", ""},
		{"config", "is not a saved plan: it is not overwritten"},
		{"x.hcl", "would be read as config"}, {"y.hcl.json", "would be read as config"},
		{"link", "is not a regular file"}, {".", "is not a regular file"},
		{"no/such", "no such file or directory"},
	}
	for _, test := range tests {
		err := saved().Write(path(test.name))
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.err)
		}
	}
	for _, name := range []string{"new", "empty"} {
		info, err := os.Stat(path(name))
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
		if got, err := Read(path(name)); err != nil || got.By != "ann@desk" {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	for name, want := range map[string]bool{"new": true, "empty": true, "link": true, "config": false, "x.hcl": false, ".": false, "none": false} {
		if got := Is(path(name)); got != want {
			t.Errorf("%s is a plan: %v, want %v", name, got, want)
		}
	}
	if left, _ := filepath.Glob(path(".lvsctl-unfinished-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := Read(path("config")); !errors.Is(err, ErrNotPlan) || !strings.Contains(err.Error(), "config: ") {
		t.Errorf("got %v", err)
	}
}

// FuzzDecode holds texts with a checksum that is right to what is promised of all: no
// panic, and what is read can be written, shown and read again.
func FuzzDecode(f *testing.F) {
	text := encode(f, saved())
	f.Add(text[:bytes.LastIndex(text, []byte(beforeSum))])
	f.Add([]byte(`{"format": "lvsctl-plan", "version": 1, "config": {"files": {}}, "basis": {}, "plan": {}`))
	f.Add([]byte(`{"format": "lvsctl-plan", "version": 1, "config": {"files": {}}, "basis": {"a": {}}, "plan": {"hosts": [{"name": "a", "foreign": [null]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		file, err := Decode(seal(bytes.Clone(body)))
		if err != nil {
			return
		}
		for _, step := range file.Plan.Steps {
			for _, c := range step.Changes {
				_ = c.Key().String()
			}
		}
		_ = fmt.Sprint(file.Plan.Summary(), file.Diagnostics())
		again, err := Decode(encode(t, file))
		if err != nil {
			t.Fatalf("cannot be read again: %v", err)
		}
		if !again.Plan.Equal(file.Plan) || len(file.HostMoves(again)) > 0 || len(file.ConfigMoves(again)) > 0 {
			t.Fatal("not the same when read again")
		}
	})
}

// A plan of many changes is written, read and compared.
func BenchmarkObjects(b *testing.B) {
	resourcetest.Objects(b, "plan file", func(b *testing.B, n int) func() {
		f := saved()
		for i := range n {
			f.Plan.Steps[2].Changes = append(f.Plan.Steps[2].Changes, resource.Change{Action: resource.Create, After: server(10+i, 1), Reason: resource.NewInConfig})
		}
		return func() {
			got, err := Decode(encode(b, f))
			if err != nil || len(f.HostMoves(got)) > 0 {
				b.Fatal(err)
			}
		}
	})
}
