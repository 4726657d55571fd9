package view

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// What people read, with and without colours. go test -update rewrites the files.
func TestHuman(t *testing.T) {
	tests := []struct {
		name  string
		print func(*Printer)
	}{
		{"plan", func(p *Printer) { p.Plan(everything(), false) }},
		{"plan-foreign", func(p *Printer) { p.Plan(everything(), true) }},
		{"plan-nothing", planNothing},
		{"plan-wide", planWide},
		{"drift", func(p *Printer) { p.Drift(everything(), false) }},
		{"drift-foreign", func(p *Printer) { p.Drift(everything(), true) }},
		{"drift-none", func(p *Printer) { p.Drift(nothing("lb1"), false); p.Drift(nothing("lb1", "web1"), false) }},
		{"show", func(p *Printer) { p.Show(states()) }},
		{"files", func(p *Printer) { p.Plan(files(), false) }},
		{"files-drift", func(p *Printer) { p.Drift(files(), false) }},
		{"files-show", func(p *Printer) { p.Show(fileStates()) }},
		{"import", imports},
		{"saved", savedPlans},
		{"stale", stale},
		{"unlock", func(p *Printer) { p.Unlocked(locks()) }},
		{"history", func(p *Printer) { p.History(pastApplies()); p.History(nil) }},
		{"progress", progress},
		{"probes", func(p *Printer) {
			p.Probes(probed("exit status 22: no such page\nbye"))
			p.Probes(probed("")[:2])
			p.NothingToProbe()
		}},
		{"explain", func(p *Printer) { p.Explain(planner.Explain(archived(t, "fullnat").Clusters[0])) }},
		{"graph", func(p *Printer) { p.Graph(planner.NewTopology(archived(t, "dr"))) }},
		{"errors", func(p *Printer) {
			p.Error(errors.New("read config: no such file"))
			p.Error(errors.Join(errors.New("lb1: no agent answered"), errors.New("web1: permission denied\nsee \x1b[31mthis")))
		}},
		{"diagnostics", func(p *Printer) { p.Diagnostics(findings()); p.Diagnostics(nil, nil) }},
		{"diff", func(p *Printer) {
			p.Diff("--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n same\n--- a comment\n+new\n+\n\\ No newline at end of file\n")
		}},
		{"valid", func(p *Printer) { p.Valid(0, 0); p.Valid(0, 1); p.Valid(1, 0); p.Valid(2, 3) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plain := printed(false, test.print)
			golden(t, test.name, plain)
			colored := printed(true, test.print)
			golden(t, test.name+"-color", colored)
			if strings.Contains(plain, "\x1b") {
				t.Error("colours where none are wanted")
			}
			if test.name != "diagnostics" && unpainted(colored) != plain {
				t.Errorf("colours change more than colours:\n%s", unpainted(colored))
			}
		})
	}
}

// unpainted is a text without its looks.
func unpainted(text string) string {
	for _, l := range []look{bold, dim, red, green, yellow, cyan, "0"} {
		text = strings.ReplaceAll(text, "\x1b["+string(l)+"m", "")
	}
	return text
}

// planNothing prints plans that touch nothing.
func planNothing(p *Printer) {
	p.Plan(nothing("lb1"), false)
	p.Plan(nothing("lb1", "web1"), true)
	recorded := nothing("lb1")
	recorded.Steps = []resource.Step{step("lb1", "web: load IPVS", change(resource.Adopt, module, module, resource.ThereBefore))}
	recorded.Hosts[0].Foreign = []resource.Resource{marked}
	p.Plan(recorded, false)
	reordered := nothing("lb1")
	reordered.Steps = []resource.Step{step("lb1", "web: load IPVS", change(resource.Adopt, module, module, resource.Reordered))}
	p.Plan(reordered, false)
}

// planWide prints lines around the widest for which the reasons are put in a column.
func planWide(p *Printer) {
	plan := nothing("lb1")
	var changes []resource.Change
	for _, width := range []int{20, maxColumn - 1, maxColumn, maxColumn + 1, 120} {
		changes = append(changes, change(resource.Create, nil, resource.Module{Name: strings.Repeat("w", width-len("module "))}, resource.NewInConfig))
	}
	plan.Steps = []resource.Step{step("lb1", "wide", changes...)}
	p.Plan(plan, false)
	plan.Steps = []resource.Step{step("lb1", "less wide", changes[0], changes[1], changes[3])}
	p.Plan(plan, false)
}

// progress prints steps that end in all ways.
func progress(p *Printer) {
	pr := NewProgress(p, nil, len(everything().Steps))
	done := func(s resource.Step, out resource.Outcome, err error) {
		pr.StepStarted(s)
		pr.StepDone(s, out, err)
	}
	steps := everything().Steps
	for _, s := range steps { // the one that only keeps notes says nothing
		done(s, resource.Outcome{Attempted: len(s.Changes)}, nil)
	}
	done(steps[2], resource.Outcome{Attempted: len(steps[2].Changes), Notices: []string{"the neighbours\ndo not know"}}, nil)
	failed := resource.Outcome{Attempted: 2, Failures: []resource.Failure{{Index: 1, Err: errBusy}}}
	done(steps[2], failed, failed.Err(steps[2].Changes))
	done(steps[1], resource.Outcome{}, errBusy)
	done(steps[5], resource.Outcome{}, errBusy) // only notes, but that they cannot be kept matters
	pr.End()
	p.Applied(everything())
	p.Applied(&planner.Plan{})
}

// Nothing that a host says can repaint the terminal.
func TestHostilePrinted(t *testing.T) {
	tests := []struct {
		name  string
		print func(*Printer)
	}{
		{"plan", func(p *Printer) { p.Plan(hostile(), true) }},
		{"drift", func(p *Printer) { p.Drift(hostile(), true) }},
		{"show", func(p *Printer) { p.Show(hostileState()) }},
		{"progress", func(p *Printer) {
			NewProgress(p, nil, 1).StepDone(hostile().Steps[0], resource.Outcome{Notices: []string{evil}}, errors.New(evil))
		}},
		{"probes", func(p *Printer) { p.Probes(probed(evil)) }},
		{"error", func(p *Printer) { p.Error(errors.New(evil)) }},
		{"diagnostics", func(p *Printer) {
			p.Diagnostics(nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Kernel without IPVS", Detail: "Its kernel is " + evil}})
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := printed(false, test.print)
			for i, line := range strings.Split(got, "\n") {
				if strings.ContainsFunc(line, unicode.IsControl) {
					t.Errorf("line %d has control characters: %q", i+1, line)
				}
			}
			if !strings.Contains(got, `\x1b[2J`) {
				t.Errorf("control characters are not made visible:\n%q", got)
			}
		})
	}
}

func TestClean(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""}, {"plain → text", "plain → text"},
		{"tab\tand\nline", `tab\x09and\x0aline`},
		{"\x1b[2J", `\x1b[2J`},
		{"\u009b2J", `\x9b2J`},
		{"raw \x9b2J", "raw ?2J"}, // the same in eight bits
	}
	for _, test := range tests {
		if got := Clean(test.text); got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}

// Reasons stand in line, whatever is in front of them.
func TestReasonsInLine(t *testing.T) {
	plan := nothing("lb1")
	plan.Steps = []resource.Step{step("lb1", "s",
		change(resource.Create, nil, resource.Module{Name: "short"}, resource.NewInConfig),
		change(resource.Update, sysctl("net.ipv4.tcp_rmem", "1\t2\t3"), sysctl("net.ipv4.tcp_rmem", "1\t2\t4"), resource.NewInConfig))}
	column := -1
	for line := range strings.Lines(printed(false, func(p *Printer) { p.Plan(plan, false) })) {
		before, _, found := strings.Cut(line, string(resource.NewInConfig))
		if !found {
			continue
		}
		if n := len([]rune(before)); column < 0 {
			column = n
		} else if n != column {
			t.Errorf("column %d, not %d: %s", n, column, line)
		}
	}
}

// broken is a writer that fails.
type broken struct{}

var errPipe = errors.New("broken pipe")

func (broken) Write([]byte) (int, error) { return 0, errPipe }

// The first error in writing is kept.
func TestPrinterErr(t *testing.T) {
	for name, print := range map[string]func(*Printer){
		"plan":        func(p *Printer) { p.Plan(everything(), true) },
		"drift":       func(p *Printer) { p.Drift(everything(), true) },
		"show":        func(p *Printer) { p.Show(states()) },
		"diagnostics": func(p *Printer) { p.Diagnostics(findings()) },
	} {
		p := NewPrinter(broken{}, true, 80)
		print(p)
		if !errors.Is(p.Err(), errPipe) {
			t.Errorf("%s: got %v", name, p.Err())
		}
	}
}

// A finding that comes from a plan knows its line alone, and that line is shown.
func TestDiagnosticOfALine(t *testing.T) {
	text := []byte("host \"lb1\" {\n}\n\ncluster \"web\" {\n  real_server \"a\" {\n  }\n}\n")
	file, diags := hclsyntax.ParseConfig(text, "c.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for line, want := range map[int]string{
		1: "  on c.hcl line 1, in host \"lb1\":\n   1: host \"lb1\" {\n",
		5: "  on c.hcl line 5, in cluster \"web\":\n   5:   real_server \"a\" {\n",
		9: "  on c.hcl line 9",
	} {
		at := hcl.Pos{Line: line, Column: 1}
		var b strings.Builder
		NewPrinter(&b, false, 80).Diagnostics(map[string]*hcl.File{"c.hcl": file}, hcl.Diagnostics{{Summary: "S", Subject: &hcl.Range{Filename: "c.hcl", Start: at, End: at}}})
		if !strings.Contains(b.String(), want) {
			t.Errorf("line %d: got\n%swant\n%s", line, b.String(), want)
		}
	}
}

// What cannot be brought back is one line, and none where there is nothing to say.
func TestLosses(t *testing.T) {
	for want, lost := range map[string]planner.Lost{
		"":                                       {},
		"Not to be undone: 1 connection is cut.": {Connections: 1},
		"Not to be undone: counters of 1 real server are lost.":                                         {Destinations: 1},
		"Not to be undone: 12 connections are cut, counters of 3 services and 7 real servers are lost.": {Connections: 12, Services: 3, Destinations: 7},
	} {
		if got := losses(lost); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// imports are plans of imports: of nothing, of what the config wants, and of what it does not.
func imports(p *Printer) {
	wanted := resource.Change{Action: resource.Adopt, Before: one, After: one, Reason: resource.Imported, Source: resource.Source{File: "c.hcl", Line: 12}, Claim: &resource.Claim{Want: one}}
	toGo := resource.Change{Action: resource.Adopt, Before: two, After: two, Reason: resource.ImportedToGo, Claim: &resource.Claim{Want: two}}
	p.Imports(&planner.Plan{})
	for _, changes := range [][]resource.Change{{wanted}, {wanted, toGo}} {
		plan := &planner.Plan{Steps: []resource.Step{step("lb1", "web: web1 in service", changes...)}}
		p.Imports(plan)
		p.Imported(plan)
	}
}
