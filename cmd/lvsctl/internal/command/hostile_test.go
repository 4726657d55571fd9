package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/view"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// FuzzHostile lets a host say of itself whatever it likes. Nothing of it can crash lvsctl, and
// nothing of it gets to a terminal that a terminal would obey.
func FuzzHostile(f *testing.F) {
	for _, name := range []string{"saved", "policy", "unreachable"} {
		script, err := os.ReadFile("../../testdata/script/" + name + ".txtar")
		if err != nil {
			f.Fatal(err)
		}
		for _, said := range regexp.MustCompile(`(?m)^\{"snapshot":(.*)\}$`).FindAllSubmatch(script, -1) {
			f.Add(said[1])
			for _, letter := range []string{`\u001b[2J`, `\u009b2J`, `\u202e`, `\n`, `\u0000`, `\r`, `\u2028`} {
				f.Add(bytes.ReplaceAll(said[1], []byte("send_redirects"), []byte(letter)))
				f.Add(bytes.ReplaceAll(said[1], []byte(`"1"`), []byte(`"`+letter+`"`)))
			}
		}
	}
	examples, err := filepath.Glob("../../../../examples/*")
	if err != nil || len(examples) == 0 {
		f.Fatal("no examples", err)
	}
	var configs []*schema.Config
	for _, dir := range examples {
		if hcl, _ := filepath.Glob(dir + "/*.hcl"); len(hcl) == 0 {
			continue
		}
		config, _, diags := schema.Load([]string{dir}, nil)
		if diags.HasErrors() {
			f.Fatal(diags)
		}
		configs = append(configs, config)
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		var snap resource.Snapshot
		if err := json.Unmarshal(said, &snap); err != nil {
			return
		}
		for _, config := range configs {
			beHostile(t, config, &snap)
		}
	})
}

// beHostile has every host of a config say the same, and prints all that is made of it.
func beHostile(t *testing.T, config *schema.Config, snap *resource.Snapshot) {
	desired, _ := planner.Want(config)
	snapshots := map[string]*resource.Snapshot{}
	var states []view.HostState
	for _, h := range config.Hosts {
		snapshots[h.Name] = snap
		states = append(states, view.HostState{Name: h.Name, Snapshot: snap})
	}
	diags := append(planner.Notices(snapshots), planner.Check(config, desired, snapshots)...)
	plan, gone := planner.Make(desired, snapshots), planner.Make(desired.Withdraw(), snapshots)
	var out bytes.Buffer
	p := view.NewPrinter(&out, false, 80)
	p.Diagnostics(nil, diags)
	p.Plan(plan, true)
	p.Plan(gone, true)
	p.Drift(plan, true)
	p.Show(states)
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsFunc(line, func(r rune) bool {
			return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
		}) {
			t.Fatalf("a terminal would obey %q", line)
		}
	}
	if strings.Contains(out.String(), "%!") {
		t.Fatalf("a format and its arguments do not fit in\n%s", out.String())
	}
	now := time.Unix(0, 0)
	for _, doc := range []any{view.PlanJSON(plan, diags, now), view.NewDriftDocument(plan, now), view.ShowJSON(states, now)} {
		if err := view.WriteJSON(&out, doc); err != nil {
			t.Fatal(err)
		}
	}
	report := &view.Report{Plan: plan, Foreign: true, Diagnostics: diags, Hosts: config.Hosts}
	for _, write := range []view.Document{view.WriteMarkdown, view.GitHubPlan, view.GitHubDrift, view.JUnitDrift, view.SARIFDrift} {
		if err := write(&out, report); err != nil {
			t.Fatal(err)
		}
	}
}
