package planfile

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// words are moves as a test writes them down.
func words(moves []Move) []string {
	var list []string
	for _, m := range moves {
		what := [...]string{
			FileChanged: "changed", FileAdded: "added", FileRemoved: "removed", VariableMoved: "variable", MeaningMoved: "meaning",
			ObjectMoved: "object", LiveMoved: "live", LedgerMoved: "ledger", OrderMoved: "order",
		}[m.What]
		if m.What == ObjectMoved {
			what += fmt.Sprintf(" %v: %v → %v on", m.Key.Kind, m.Then, m.Now)
		}
		list = append(list, what+" "+m.Name)
	}
	return list
}

func TestConfigMoves(t *testing.T) {
	tests := []struct {
		name string
		edit func(*File)
		want []string
	}{
		{"nothing", func(*File) {}, nil},
		{"by another person with another lvsctl", func(f *File) { f.By, f.Lvsctl, f.Request.VarFiles = "x", "2.0", nil }, nil},
		{"files", func(f *File) {
			f.Config.Files = map[string]planner.Digest{"b.hcl": {1}, "x.vars": {9}}
			f.Config.Desired = planner.Digest{9}
		}, []string{"removed a.hcl", "added b.hcl", "changed x.vars"}},
		{"values", func(f *File) {
			f.Request.Variables = []Variable{{Name: "weight", Value: "2"}, {Name: "new", Value: "", Env: true}}
		}, []string{"variable new", "variable size", "variable weight"}},
		{"the same value from elsewhere", func(f *File) { f.Request.Variables[0].Env = false }, nil},
		{"meaning alone", func(f *File) { f.Config.Desired = planner.Digest{9} }, []string{"meaning "}},
	}
	for _, test := range tests {
		now := saved()
		test.edit(now)
		if diff := cmp.Diff(test.want, words(saved().ConfigMoves(now))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestHostMoves(t *testing.T) {
	serve := func(f *File) *[]resource.Change { return &f.Plan.Steps[2].Changes }
	tests := []struct {
		name string
		edit func(*File)
		want []string
	}{
		{"nothing", func(*File) {}, nil},
		{"what does not matter", func(f *File) {
			f.Plan.Hosts[0].Foreign, f.Plan.Hosts[0].Drift = nil, nil
			(*serve(f))[1].Cuts.Active, (*serve(f))[0].Reason = 99, resource.RemovedOnHost
			f.Warnings = nil
		}, nil},
		{"an object is there already, in another state", func(f *File) {
			(*serve(f))[0] = resource.Change{Action: resource.Update, Before: server(1, 7), After: server(1, 1)}
			f.Basis["lb1"] = planner.Basis{}
		}, []string{"object destination: <nil> → " + server(1, 7).String() + " on lb1"}},
		{"one is there already as it should be", func(f *File) {
			*serve(f) = (*serve(f))[1:]
		}, []string{"object destination: <nil> → " + server(1, 1).String() + " on lb1"}},
		{"and only has to be remembered", func(f *File) {
			(*serve(f))[0] = resource.Change{Action: resource.Adopt, Before: server(1, 1), After: server(1, 1)}
		}, []string{"object destination: <nil> → " + server(1, 1).String() + " on lb1"}},
		{"one that was to go is gone", func(f *File) {
			*serve(f) = (*serve(f))[:1]
		}, []string{"object destination: " + server(2, 1).String() + " → <nil> on lb1"}},
		{"one was changed that was as it should be", func(f *File) {
			*serve(f) = append(*serve(f), resource.Change{Action: resource.Update, Before: server(3, 9), After: server(3, 1)})
		}, []string{"object destination: " + server(3, 1).String() + " → " + server(3, 9).String() + " on lb1"}},
		{"one was taken away", func(f *File) {
			*serve(f) = append(*serve(f), resource.Change{Action: resource.Create, After: server(3, 1)})
		}, []string{"object destination: " + server(3, 1).String() + " → <nil> on lb1"}},
		{"the ledger knows of one to give up", func(f *File) {
			*serve(f) = append(*serve(f), resource.Change{Action: resource.Forget, Before: module, After: module})
		}, []string{"object module: " + module.String() + " → " + module.String() + " on lb1"}},
		{"one to give up that is gone", func(f *File) {
			*serve(f) = append(*serve(f), resource.Change{Action: resource.Forget, Before: module})
		}, []string{"object module: <nil> → <nil> on lb1"}},
		{"one goes back to something else", func(f *File) {
			(*serve(f))[1] = resource.Change{Action: resource.Restore, Before: server(2, 1), After: server(2, 5)}
		}, []string{"object destination: " + server(2, 1).String() + " → " + server(2, 1).String() + " on lb1"}},
		{"on several hosts", func(f *File) {
			f.Plan.Steps[0].Changes[0].Before = sysctl(ignore.Name, "2")
			*serve(f) = (*serve(f))[1:]
		}, []string{
			"object destination: <nil> → " + server(1, 1).String() + " on lb1",
			"object sysctl: " + sysctl(ignore.Name, "0").String() + " → " + sysctl(ignore.Name, "2").String() + " on web1",
		}},
		{"what the plan leaves alone", func(f *File) {
			f.Basis = Bases{"lb1": {Ledger: planner.Digest{5}}, "web1": {Live: planner.Digest{6}, Ledger: planner.Digest{1}}}
		}, []string{"live lb1", "ledger web1"}},
		{"the order", func(f *File) {
			f.Plan.Steps[0], f.Plan.Steps[2] = f.Plan.Steps[2], f.Plan.Steps[0]
		}, []string{"order "}},
	}
	for _, test := range tests {
		now := saved()
		test.edit(now)
		if diff := cmp.Diff(test.want, words(saved().HostMoves(now))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// An object that is set for a while and set back counts as what it was before.
func TestMovesOfSeveralChanges(t *testing.T) {
	there := resource.Change{Action: resource.Update, Before: sysctl("x", "0"), After: sysctl("x", "1"), Reason: resource.Meanwhile}
	back := resource.Change{Action: resource.Update, Before: sysctl("x", "1"), After: sysctl("x", "0"), Reason: resource.Meanwhile}
	hushed := func(first resource.Change) *File {
		f := saved()
		f.Plan.Steps = append(f.Plan.Steps, step("lb1", "hush", first), step("lb1", "speak", back))
		return f
	}
	if moves := hushed(there).HostMoves(hushed(there)); len(moves) > 0 {
		t.Errorf("got %v", words(moves))
	}
	other := there
	other.Before = sysctl("x", "2")
	want := []string{"object sysctl: " + sysctl("x", "0").String() + " → " + sysctl("x", "2").String() + " on lb1"}
	if diff := cmp.Diff(want, words(hushed(there).HostMoves(hushed(other)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
