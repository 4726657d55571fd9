package planner

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// digested is a config with a word to be replaced.
const digested = `
host "lb1" {
  address   = "192.0.2.1"
  interface = "eth0"
  netns     = "lb1"
}
cluster "web" {
  mode      = "dr"
  vip       = "192.0.2.9"
  algorithm = "rr"
  directors = [host.lb1]
  service "http" { port = 80 }
  real_server "a" { address = "192.0.2.2" }
}
`

func TestDigest(t *testing.T) {
	digest := func(old, with string) Digest {
		t.Helper()
		text := strings.Replace(digested, old, with, 1)
		if old != "" && text == digested {
			t.Fatalf("no %q", old)
		}
		_, d := load(t, text)
		return d.Digest()
	}
	base := digest("", "")
	tests := []struct {
		name, old, with string
		same            bool
	}{
		{"nothing", "", "", true},
		{"other lines, and a comment", `host "lb1"`, "# comment\n\nhost \"lb1\"", true},
		{"a name that no host sees", `real_server "a"`, `real_server "b"`, true},
		{"a name of a step", `cluster "web"`, `cluster "www"`, false},
		{"a value", "port = 80", "port = 81", false},
		{"a host", "cluster", "host \"lb2\" {\n  address = \"192.0.2.3\"\n  netns = \"lb2\"\n}\ncluster", false},
	}
	for _, test := range tests {
		if got := digest(test.old, test.with); (got == base) != test.same {
			t.Errorf("%s: same digest: %v, want %v", test.name, got == base, test.same)
		}
	}
	if _, d := load(t, digested); d.Withdraw().Digest() == base {
		t.Error("nothing wanted has the same digest")
	}
}

// The basis of a plan is what is wanted or ours, and nothing of others.
func TestBasis(t *testing.T) {
	_, d := load(t, digested)
	w := newWorld("lb1")
	if err := w.apply(Make(d, w.snapshots(d)), func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	snapshot := func() *resource.Snapshot { return w.snapshots(d)["lb1"] }
	var ours resource.Destination
	for _, r := range snapshot().Live.Sorted() {
		if dest, ok := r.(resource.Destination); ok {
			ours = dest
		}
	}
	heavier, foreign := ours, ours
	heavier.Weight, foreign.Port = 7, 81
	if ours == (resource.Destination{}) {
		t.Fatal("no destination was made")
	}
	base := d.Basis("lb1", snapshot())
	tests := []struct {
		name         string
		edit         func(*resource.Snapshot)
		live, ledger bool // whether it stays the same
	}{
		{"nothing", func(*resource.Snapshot) {}, true, true},
		{"something of others", func(s *resource.Snapshot) { s.Live.Add(foreign) }, true, true},
		{"facts and connections", func(s *resource.Snapshot) {
			s.Facts.Kernel, s.Ledger.BootID = "9", "x"
			s.Connections = map[resource.Key]resource.Connections{ours.Key(): {Active: 5}}
		}, true, true},
		{"an object of ours", func(s *resource.Snapshot) { s.Live.Add(heavier) }, false, true},
		{"one that is gone", func(s *resource.Snapshot) { s.Live.Delete(ours.Key()) }, false, true},
		{"a claim", func(s *resource.Snapshot) {
			c := s.Ledger.Claims.Get(ours.Key())
			c.Prior = heavier
			s.Ledger.Claims.Put(ours.Key(), c)
		}, true, false},
		{"one of what is not wanted", func(s *resource.Snapshot) {
			s.Ledger.Claims.Put(foreign.Key(), resource.Claim{Want: foreign})
		}, false, false},
		{"a step", func(s *resource.Snapshot) { s.Ledger.Steps["x"] = nil }, true, false},
	}
	for _, test := range tests {
		snap := snapshot()
		test.edit(snap)
		got := d.Basis("lb1", snap)
		if (got.Live == base.Live) != test.live || (got.Ledger == base.Ledger) != test.ledger {
			t.Errorf("%s: live stays %v, want %v; ledger stays %v, want %v", test.name, got.Live == base.Live, test.live, got.Ledger == base.Ledger, test.ledger)
		}
	}
}

func TestDigestText(t *testing.T) {
	want := Digest{0xab, 31: 0x01}
	text, err := json.Marshal(want)
	if err != nil || string(text) != `"ab`+strings.Repeat("00", 30)+`01"` {
		t.Fatalf("got %s, %v", text, err)
	}
	var got Digest
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{`""`, `"ab"`, `"` + strings.Repeat("zz", 32) + `"`, `"` + strings.Repeat("ab", 33) + `"`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}

// A plan can be written down and read again.
func TestPlanJSON(t *testing.T) {
	one, other := resource.Sysctl{Name: "a", Value: "1"}, resource.Sysctl{Name: "a", Value: "2"}
	plan := &Plan{
		Hosts: []Host{{Name: "lb1", Drift: []Drift{{Left: one, Found: other}, {Left: one}}, Foreign: []resource.Resource{other}}, {Name: "web1"}},
		Steps: []resource.Step{{StepRef: resource.StepRef{Host: "lb1", Name: "s"}, Changes: []resource.Change{{Action: resource.Update, Before: one, After: other}}}},
	}
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	got := &Plan{}
	if err := json.Unmarshal(text, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	const boxed = `{"kind":"sysctl","state":{"name":"a","value":"1"}}`
	for _, bad := range []string{
		`{"hosts":[{"foreign":[null]}]}`, `{"hosts":[{"drift":[{"found":` + boxed + `}]}]}`,
		`{"hosts":[{"drift":[{"left":` + boxed + `,"found":{"kind":"sysctl","state":{"name":"b"}}}]}]}`,
	} {
		if err := json.Unmarshal([]byte(bad), got); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}
