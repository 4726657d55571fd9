package view

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/tools/txtar"
)

// Each archive in testdata/explain has a config and, behind it, how its clusters are
// explained and how it is drawn: "explain NAME" for each cluster, "graph", and of the
// other formats those that the archive has. go test -update rewrites them.
func TestExplainAndGraph(t *testing.T) {
	files, err := filepath.Glob("../../../../testdata/explain/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no archives", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := expected(t, archive)
			if *update {
				archive.Files = append(archive.Files[:1], want...)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(texts(archive.Files[1:]), texts(want)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

// expected is what an archive should have behind its config.
func expected(t *testing.T, archive *txtar.Archive) []txtar.File {
	cfg := parsed(t, string(archive.Files[0].Data))
	var want []txtar.File
	for _, c := range cfg.Clusters {
		text := printed(false, func(p *Printer) { p.Explain(planner.Explain(c)) })
		want = append(want, txtar.File{Name: "explain " + c.Name, Data: []byte(text)})
	}
	topology := planner.NewTopology(cfg)
	want = append(want, txtar.File{Name: "graph", Data: []byte(printed(false, func(p *Printer) { p.Graph(topology) }))})
	for _, f := range archive.Files {
		if write := formats[f.Name]; write != nil {
			want = append(want, txtar.File{Name: f.Name, Data: []byte(write(topology))})
		}
	}
	return want
}

// formats are those of graphs beside text.
var formats = map[string]func(*planner.Topology) string{"dot": DOT, "mermaid": Mermaid, "svg": SVG}

func texts(files []txtar.File) map[string]string {
	m := map[string]string{}
	for _, f := range files {
		m[f.Name] = string(f.Data)
	}
	return m
}

// parsed is a config that must be right.
func parsed(t testing.TB, text string) *schema.Config {
	t.Helper()
	cfg, _, diags := schema.Parse(map[string][]byte{"c.hcl": []byte(text)}, nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return cfg
}

// archived is the config of an archive in testdata/explain.
func archived(t testing.TB, name string) *schema.Config {
	t.Helper()
	archive, err := txtar.ParseFile("../../../../testdata/explain/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, string(archive.Files[0].Data))
}

// Explanations say the same in any width, and keep to it where a word or object is not
// longer by itself.
func TestExplainWidths(t *testing.T) {
	for _, name := range []string{"dr", "dr-ipv6", "mixed", "fullnat", "services"} {
		cfg := archived(t, name)
		for _, c := range cfg.Clusters {
			e := planner.Explain(c)
			wide := explained(e, 200)
			for _, width := range []int{40, 60, 80, 120} {
				got := explained(e, width)
				if diff := cmp.Diff(strings.Fields(wide), strings.Fields(got)); diff != "" {
					t.Errorf("%s at %d columns (-wide +got):\n%s", c.Name, width, diff)
				}
				for line := range strings.Lines(got) {
					line = strings.TrimRight(line, "\n")
					pieces := strings.Count(strings.TrimSpace(line), ", ") + strings.Count(strings.TrimSpace(line), ". ")
					if utf8.RuneCountInString(line) > width && pieces > 0 {
						t.Errorf("%s at %d columns: %q", c.Name, width, line)
					}
				}
			}
		}
	}
}

func explained(e *planner.Explanation, width int) string {
	var b bytes.Buffer
	NewPrinter(&b, false, width).Explain(e)
	return b.String()
}

// Steps are put together only where the order stays a possible one, and none is lost.
func TestStages(t *testing.T) {
	step := func(host, name, server string, after ...string) planner.DesiredStep {
		s := planner.DesiredStep{StepRef: resource.StepRef{Host: host, Name: "web: " + name}, Server: server}
		s.Objects = []planner.Object{{State: resource.Module{Name: name}}}
		if server != "" {
			s.Objects[0].State = resource.Destination{Addr: netip.MustParseAddr("10.0.0.1"), Weight: uint32(len(server))}
		}
		for _, a := range after {
			host, name, _ := strings.Cut(a, " ")
			s.After = append(s.After, resource.Edge{Step: resource.StepRef{Host: host, Name: "web: " + name}, Why: "why"})
		}
		return s
	}
	tests := []struct {
		name  string
		steps []planner.DesiredStep
		want  []string
	}{
		{"alike", []planner.DesiredStep{step("a", "quiet", ""), step("a", "vip", "", "a quiet"), step("b", "quiet", ""), step("b", "vip", "", "b quiet")},
			[]string{"a,b quiet []", "a,b vip [0]"}},
		{"in turn", []planner.DesiredStep{step("a", "x", ""), step("a", "y", "", "a x"), step("b", "x", "", "a y")},
			[]string{"a x []", "a y [0]", "b x [1]"}},
		{"servers", []planner.DesiredStep{step("lb", "web1 in service", "web1"), step("lb", "web22 in service", "web22")},
			[]string{"lb web1 and web22 in service []"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, st := range stages(test.steps) {
				after := []int{}
				for _, p := range st.after {
					after = append(after, p.stage)
				}
				got = append(got, fmt.Sprintf("%s %s %v", strings.Join(st.hosts, ","), st.title(), after))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("stages (-want +got):\n%s", diff)
			}
		})
	}
}

// Sysctls of several network interfaces are one, whatever the interfaces are called.
func TestSysctlWords(t *testing.T) {
	var objects []resource.Resource
	for _, link := range []string{"all", "eth0.100", "lo"} {
		objects = append(objects, resource.Sysctl{Name: resource.LinkSysctl("net.ipv4.conf", link, "arp_ignore"), Value: "1"})
	}
	objects = append(objects, sysctl("net.ipv4.conf.lo.arp_ignore", "2"), sysctl("net.ipv4.ip_forward", "1"))
	want := []string{"net.ipv4.conf.{all,eth0/100,lo}.arp_ignore = 1", "net.ipv4.conf.lo.arp_ignore = 2", "net.ipv4.ip_forward = 1"}
	if diff := cmp.Diff(want, sysctlWords(objects)); diff != "" {
		t.Errorf("sysctls (-want +got):\n%s", diff)
	}
}
