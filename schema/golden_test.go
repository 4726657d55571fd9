package schema

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestValid loads configs that are right, with at most a warning, and compares what
// they mean.
func TestValid(t *testing.T) {
	for _, name := range testCases(t, "../testdata/valid") {
		t.Run(name, func(t *testing.T) {
			t.Chdir("../testdata/valid")
			config, sources, diags := Load([]string{name}, varsIn(t, name))
			if diags.HasErrors() {
				t.Fatalf("diagnostics:\n%s", show(t, sources, diags))
			}
			compare(t, filepath.Join(name, "config.golden"), show(t, sources, diags)+dump(config))
		})
	}
}

// TestInvalid loads broken configs and compares what the user is told.
func TestInvalid(t *testing.T) {
	for _, name := range testCases(t, "../testdata/invalid") {
		t.Run(name, func(t *testing.T) {
			t.Chdir("../testdata/invalid")
			path := name
			if _, err := os.Stat(path); err != nil {
				path += ".hcl"
			}
			config, sources, diags := Load([]string{path}, varsIn(t, path))
			if diags.HasErrors() != (config == nil) {
				t.Errorf("errors: %v, config: %v", diags.HasErrors(), config != nil)
			}
			if len(diags) == 0 {
				t.Error("no diagnostics")
			}
			compare(t, name+".golden", show(t, sources, diags))
		})
	}
}

// testCases lists the cases in a directory: files and subdirectories.
func testCases(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) == ".hcl" {
			names = append(names, strings.TrimSuffix(e.Name(), ".hcl"))
		}
	}
	return names
}

// varsIn reads the variables that a case is loaded with: lines "# --var NAME=VALUE" at
// the top of any of its files.
func varsIn(t *testing.T, path string) []Variable {
	names, diags := expand([]string{path})
	files, more := readAll(names)
	if diags = append(diags, more...); diags.HasErrors() {
		t.Fatal(diags)
	}
	var vars []Variable
	for _, name := range names {
		for line := range strings.Lines(string(files[name])) {
			given, ok := strings.CutPrefix(strings.TrimSpace(line), "# --var ")
			if !ok {
				break
			}
			name, value, _ := strings.Cut(given, "=")
			vars = append(vars, Variable{name, value})
		}
	}
	return vars
}

// show writes diagnostics as users see them, each with what JSON output has of it.
func show(t *testing.T, sources *Sources, diags hcl.Diagnostics) string {
	var b bytes.Buffer
	w := hcl.NewDiagnosticTextWriter(&b, sources.Files(), 100, false)
	for _, d := range diags {
		severity := map[hcl.DiagnosticSeverity]string{hcl.DiagError: "error", hcl.DiagWarning: "warning"}[d.Severity]
		fmt.Fprintf(&b, "--- %s", severity)
		if d.Subject != nil {
			fmt.Fprintf(&b, " %s", d.Subject)
		}
		if r := RuleOf(d); r != nil {
			fmt.Fprintf(&b, " rule %s", r.Name)
		}
		b.WriteByte('\n')
		if err := w.WriteDiagnostic(d); err != nil {
			t.Error(err)
		}
	}
	return b.String()
}

// compare holds text against a golden file, or makes it the golden file.
func compare(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// dump writes a config for people to read.
func dump(c *Config) string {
	var b strings.Builder
	for _, h := range c.Hosts {
		fmt.Fprintf(&b, "host %s at %s: address %s interface %q reach %+v\n", h.Name, SourceOf(h.Range), h.Address, h.Interface, h.Reach)
	}
	for _, cl := range c.Clusters {
		fmt.Fprintf(&b, "cluster %s at %s: mode %s vip %s directors", cl.Name, SourceOf(cl.Range), cl.Mode, cl.VIP)
		for _, h := range cl.Directors {
			b.WriteString(" " + h.Name)
		}
		b.WriteByte('\n')
		for _, s := range cl.Services {
			dumpService(&b, s)
		}
	}
	return b.String()
}

func dumpService(b *strings.Builder, s *Service) {
	fmt.Fprintf(b, "  service %s at %s: %s port %d algorithm %s", s.Name, SourceOf(s.Range), s.Protocol, s.Port, s.Algorithm)
	if p := s.Persistence; p != (Persistence{}) {
		fmt.Fprintf(b, " persistence timeout %d netmask %#x", p.Timeout, p.Netmask)
	}
	b.WriteByte('\n')
	for _, r := range s.RealServers {
		fmt.Fprintf(b, "    %-10q %s port %d weight %d thresholds %d-%d at %s", r.Name, r.Addr, r.Port, r.Weight, r.LowerThreshold, r.UpperThreshold, r.Source)
		if r.Host != nil {
			b.WriteString(" host " + r.Host.Name)
		}
		b.WriteByte('\n')
	}
}
