package view

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

func fileOf(path string, content resource.Text, mode resource.Mode) resource.File {
	return resource.File{Path: path, Content: content, Mode: mode, Owner: "root", Group: "root"}
}

func blockOf(path, name string, content resource.Text) resource.Block {
	return resource.Block{Path: path, Name: name, Comment: "#", Content: content}
}

// numbered is a text of some lines.
func numbered(n int) resource.Text {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d\n", i+1)
	}
	return resource.Text(b.String())
}

// files is a plan with changes of files in all ways.
func files() *planner.Plan {
	const exports, unit = "/etc/exports.d/web.exports", "/etc/systemd/system/web.service"
	before := fileOf(unit, "[Unit]\nDescription=Web\n\n[Service]\nExecStart=/bin/web -p 80\n", 0o644)
	after := fileOf(unit, "[Unit]\nDescription=Web\n\n[Service]\nExecStart=/bin/web\t-p 8080\nRestart=always\n", 0o644)
	locked := before
	locked.Mode, locked.Owner = 0o600, "web"
	both := after
	both.Mode = 0o4755
	left, moved := blockOf("/etc/hosts", "web", "10.0.0.1 web1\n"), blockOf("/etc/hosts", "web", "10.0.0.1 web1 www\n10.0.0.2 web2\n")
	reason := resource.ChangedInConfig
	return &planner.Plan{
		Steps: []resource.Step{
			step("web1", "web: files of the share",
				change(resource.Create, nil, resource.Directory{Path: "/srv/web", Mode: 0o2775, Owner: "web", Group: "web"}, resource.NewInConfig),
				change(resource.Create, nil, fileOf(exports, "/srv/web 10.0.0.0/24(ro)\n\n", 0o644), resource.NewInConfig),
				change(resource.Update, before, after, reason),
				change(resource.Update, before, locked, resource.ChangedOnHost),
				change(resource.Update, before, both, resource.ThereBefore),
				change(resource.Create, nil, left, resource.NewInConfig),
				change(resource.Update, left, moved, reason),
				change(resource.Adopt, left, left, resource.ThereBefore),
				change(resource.Create, nil, fileOf("/empty", "", 0o644), resource.NewInConfig)),
			step("web1", "web: odd files",
				change(resource.Update, fileOf("/crlf", "a\r\nb\r\n", 0o644), fileOf("/crlf", "a\nb", 0o644), reason),
				change(resource.Update, fileOf("/bin/x", resource.Text(strings.Repeat("\x00", 2048)), 0o755), fileOf("/bin/x", "text\n", 0o755), reason),
				change(resource.Create, nil, fileOf("/bin/y", "\xff", 0o755), resource.NewInConfig),
				change(resource.Update, fileOf("/long", numbered(60), 0o644), fileOf("/long", "0\n"+numbered(60)+"61\n", 0o644), reason),
				change(resource.Create, nil, fileOf("/one-more", numbered(41), 0o644), resource.NewInConfig),
				change(resource.Create, nil, fileOf("/longer", numbered(42), 0o644), resource.NewInConfig),
				change(resource.Create, nil, fileOf("/wide", resource.Text(strings.Repeat("0123456789", 30)), 0o644), resource.NewInConfig)),
			step("web1", "web: files that go",
				change(resource.Delete, fileOf(exports, "/srv/web 10.0.0.0/24(ro)\n", 0o644), nil, resource.RemovedFromConfig),
				change(resource.Restore, after, before, resource.RollingBack),
				change(resource.Forget, left, nil, resource.RemovedFromConfig)),
		},
		Hosts: []planner.Host{{Name: "web1", Drift: []planner.Drift{
			{Left: after, Found: before}, {Left: before, Found: locked}, {Left: left, Found: moved}, {Left: left},
			{Left: fileOf("/bin/x", "text\n", 0o755), Found: fileOf("/bin/x", evil, 0o755)},
		}}},
	}
}

// fileStates is a host with files as show prints them.
func fileStates() []HostState {
	plan := files()
	snap := &resource.Snapshot{Facts: resource.Facts{Kernel: "6.1.0"}, Live: resource.NewSet(), Ledger: resource.Ledger{Claims: resource.NewByKey[resource.Claim]()}}
	for i, d := range plan.Hosts[0].Drift {
		if i == 1 || i == 2 {
			continue // other states of the same
		}
		snap.Ledger.Claims.Put(d.Left.Key(), resource.Claim{Want: d.Left, Step: "web: files"})
		if d.Found != nil {
			snap.Live.Add(d.Found)
		}
	}
	return []HostState{{"web1", snap}}
}

// Content cannot do anything to a terminal, and nothing in it can hide.
func TestHostileContent(t *testing.T) {
	for _, text := range []resource.Text{
		evil, "\x1b[2J", "\u009b2J", "\x7f", "raw \x9b2J", "a\rb\n", "\u202eevil\u2066\n", "zero\u200bwidth\n", "\ufeffmark\n", "\u2028\n", "tab\t\x07\n",
	} {
		plan := nothing("lb1")
		before, after := fileOf("/x", "plain\n", 0o644), fileOf("/x", text, 0o644)
		plan.Steps = []resource.Step{step("lb1", "s",
			change(resource.Update, before, after, resource.ChangedInConfig), change(resource.Create, nil, after, resource.NewInConfig),
			change(resource.Delete, blockOf("/"+evil, evil, text), nil, resource.RemovedFromConfig))}
		plan.Hosts[0].Drift = []planner.Drift{{Left: before, Found: after}}
		got := printed(false, func(p *Printer) { p.Plan(plan, false); p.Drift(plan, false) })
		for line := range strings.SplitSeq(got, "\n") {
			if at := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsGraphic(r) && r != '\t' }); at >= 0 {
				t.Errorf("%q: got %q", text, line)
			}
		}
	}
}

func TestShownLine(t *testing.T) {
	long := strings.Repeat("ä", maxContentColumns)
	tests := []struct{ line, want string }{
		{"", ""}, {" a\tb → c", " a\tb → c"}, {"a\r", `a\r`}, {"\u202ea", `\u202ea`}, {`a\r`, `a\r`}, {"'\"", "'\""},
		{long, long}, {long + "ö", long + " … 1 more character"}, {long + "öäü", long + " … 3 more characters"},
	}
	for _, test := range tests {
		if got := shownLine(test.line); got != test.want {
			t.Errorf("%q: got %q, want %q", test.line, got, test.want)
		}
	}
}

func TestContentChange(t *testing.T) {
	tests := []struct {
		before, after resource.Text
		want          string
		diff          []string
	}{
		{"", "", "+0 -0", nil},
		{"a\n", "a\n", "+0 -0", nil},
		{"", "a\nb", "+2 -0", []string{"+a", "+b", `\ No newline at end of file`}},
		{"-- a\n", "", "+0 -1", []string{"--- a"}},
		{"a\n", "++ b\n", "+1 -1", []string{"@@ -1 +1 @@", "-a", "+++ b"}},
		{"a", "a\n", "+1 -1", []string{"@@ -1 +1 @@", "-a", `\ No newline at end of file`, "+a"}},
		{"\x00", "", "binary, 1 byte → 0 bytes", []string{"-(binary, 1 byte)"}},
		{"ab", "\xff" + numbered(200), "2 bytes → binary, 1,693 bytes", []string{"-(2 bytes)", "+(binary, 1,693 bytes)"}},
	}
	for _, test := range tests {
		if got := contentChange(test.before, test.after); got != test.want {
			t.Errorf("%q to %q: got %q, want %q", test.before, test.after, got, test.want)
		}
		if diff := cmp.Diff(test.diff, contentDiff(test.before, test.after)); diff != "" {
			t.Errorf("%q to %q (-want +got):\n%s", test.before, test.after, diff)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// In JSON content is all there, whatever it is.
func TestContentJSON(t *testing.T) {
	var doc struct {
		Hosts []struct {
			Changes []struct{ After, Before resource.File }
		}
	}
	if err := json.Unmarshal([]byte(document(t, PlanJSON(files(), nil, clock()))), &doc); err != nil {
		t.Fatal(err)
	}
	i := 0
	for _, s := range files().Steps {
		for _, c := range s.Changes {
			got := doc.Hosts[0].Changes[i]
			i++
			if textOf(c.Before) != got.Before.Content || c.Action != resource.Forget && textOf(c.After) != got.After.Content {
				t.Errorf("%s: got %q → %q", c.Key(), got.Before.Content, got.After.Content)
			}
		}
	}
	if i < 15 {
		t.Errorf("%d changes were looked at", i)
	}
}
