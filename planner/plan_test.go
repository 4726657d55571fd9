package planner

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// Each archive in testdata/plan has configs that are applied one after the other to
// the same hosts, in the order of the files, and after each *.hcl a golden *.plan: what
// changes, in order, and why.
func TestPlans(t *testing.T) {
	archives, err := filepath.Glob("../testdata/plan/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no plans to test", err)
	}
	for _, file := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			runArchive(t, archive)
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func runArchive(t *testing.T, archive *txtar.Archive) {
	w := newWorld("lb1", "lb2", "web1", "web2", "web3")
	for i := 0; i < len(archive.Files); i++ {
		config := archive.Files[i]
		name, isConfig := strings.CutSuffix(config.Name, ".hcl")
		if !isConfig {
			continue
		}
		_, d := load(t, string(config.Data))
		plan := Make(d, w.snapshots(d))
		got := render(plan)
		golden := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == name+".plan" })
		switch {
		case *update && golden < 0:
			archive.Files = slices.Insert(archive.Files, i+1, txtar.File{Name: name + ".plan", Data: []byte(got)})
		case *update:
			archive.Files[golden].Data = []byte(got)
		case golden < 0:
			t.Fatalf("%s has no golden", config.Name)
		default:
			if diff := cmp.Diff(string(archive.Files[golden].Data), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", config.Name, diff)
			}
		}
		if err := w.apply(plan, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		if again := Make(d, w.snapshots(d)); len(again.Steps) > 0 {
			t.Errorf("%s: the second plan is not empty:\n%s", config.Name, render(again))
		}
	}
}

// An object that was deleted, one that was changed and one of others: the first two
// are drift, the third is none of ours.
func TestDriftPendingForeign(t *testing.T) {
	archive, err := txtar.ParseFile("../testdata/plan/edits.txtar")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld("lb1", "web1", "web2", "web3")
	_, d := load(t, string(archive.Files[0].Data))
	if err := w.apply(Make(d, w.snapshots(d)), func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	lb := w["lb1"].live
	for k, r := range lb {
		r, ok := r.(resource.Destination)
		switch {
		case !ok:
		case r.Addr.String() == "192.168.80.12":
			delete(lb, k)
		default:
			r.Weight = 9
			lb[k] = r
		}
	}
	other := resource.Service{ServiceKey: resource.MarkService(resource.IPv4, 7), Scheduler: "wlc"}
	lb.Add(other)

	plan := Make(d, w.snapshots(d))
	if got := plan.Drifted(); got != 2 {
		t.Errorf("%d objects drifted, want 2", got)
	}
	if got := plan.Pending(); len(got) != 0 {
		t.Errorf("pending: %v, want nothing", got)
	}
	if diff := cmp.Diff([]resource.Resource{other}, plan.Hosts[0].Foreign, cmp.Comparer(func(a, b resource.Resource) bool { return a == b })); diff != "" {
		t.Errorf("foreign (-want +got):\n%s", diff)
	}
	_, next := load(t, string(archive.Files[2].Data))
	if got := Make(next, w.snapshots(next)).Pending(); len(got) == 0 {
		t.Error("a changed config gives nothing pending")
	}
}

// A host that has another name in the config now, and nothing to do any more, is still
// taken out of the director before its own side is taken down.
func TestRenamedHost(t *testing.T) {
	archive, err := txtar.ParseFile("../testdata/plan/edits.txtar")
	if err != nil {
		t.Fatal(err)
	}
	text := string(archive.Files[0].Data)
	w := newWorld("lb1", "web1", "web2", "web3")
	_, d := load(t, text)
	if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
		t.Fatal(err)
	}
	w["aaa"] = w["web1"]
	delete(w, "web1")
	text = strings.Replace(text, `host "web1"`, `host "aaa"`, 1)
	before, rest, _ := strings.Cut(text, `  real_server "web1"`)
	_, after, _ := strings.Cut(rest, "  }\n")
	_, d = load(t, before+after)
	plan := Make(d, w.snapshots(d))
	order := map[resource.StepRef]int{}
	for i, s := range plan.Steps {
		order[s.StepRef] = i + 1
	}
	destination := order[resource.StepRef{Host: "lb1", Name: "web: web1 in service"}]
	vip := order[resource.StepRef{Host: "aaa", Name: "web: accept the VIP"}]
	if destination == 0 || vip == 0 || destination > vip {
		t.Errorf("the director would send to a real server that drops packets:\n%s", render(plan))
	}
}

// Edges recorded at different times can contradict each other. The plan is made all
// the same, with every change in it once.
func TestContradictingPasts(t *testing.T) {
	w := newWorld("lb1")
	for i, name := range []string{"a", "b", "c"} {
		s := resource.Sysctl{Name: name, Value: "1"}
		w["lb1"].live.Add(s)
		w["lb1"].ledger.Claims[s.Key()] = resource.Claim{Want: s, Prior: resource.Sysctl{Name: name, Value: "0"}, Step: name}
		next := []string{"b", "c", "a"}[i]
		w["lb1"].ledger.Steps[name] = []resource.Edge{{Step: resource.StepRef{Host: "lb1", Name: next}, Why: "the past"}}
	}
	d := &Desired{Hosts: []string{"lb1"}}
	plan := Make(d, w.snapshots(d))
	if got := plan.Summary().Change; got != 3 {
		t.Errorf("%d changes, want 3:\n%s", got, render(plan))
	}
}
