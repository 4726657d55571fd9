package planner

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// What keeps a host's part over reboots, by host and by what its block says.
func TestPersist(t *testing.T) {
	const config = `
host "lb" {
  address   = "10.0.0.1"
  interface = "eth0"
  REACH
}
cluster "web" {
  mode      = "nat"
  vip       = "10.1.0.1"
  algorithm = "rr"
  directors = [host.lb]
  service "http" {
    port = 80
  }
}
`
	const settings, modules, unit, enabled = "file /etc/sysctl.d/90-lvsctl-web.conf", "file /etc/modules-load.d/lvsctl-web.conf", "file /etc/systemd/system/lvsctl-boot.service", "unit lvsctl-boot.service enabled"
	tests := []struct {
		name, reach string
		systemd     bool
		want        []string
		warns       bool
	}{
		{"systemd", `command = ["ssh", "lb"]`, true, []string{settings, modules, unit, enabled}, false},
		{"systemd, and told not to", "local = true\n  persist = false", true, nil, false},
		{"no systemd", "local = true", false, nil, false},
		{"no systemd, and told to", "local = true\n  persist = true", false, []string{settings, modules, unit}, true},
		{"null", "local = true\n  persist = null", true, []string{settings, modules, unit, enabled}, false},
		{"namespace", `netns = "lb"`, true, nil, false},
		{"namespace, and told to", "netns = \"lb\"\n  persist = true", true, []string{settings, modules, unit}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg, d := load(t, strings.Replace(config, "REACH", test.reach, 1))
			w := newWorld("lb")
			w["lb"].live.Add(resource.Unit{Name: bootUnit, Setting: resource.UnitEnabled, Value: "no"})
			snaps := w.snapshots(d)
			snaps["lb"].Facts = resource.Facts{Systemd: test.systemd, Schedulers: []string{"rr"}, Links: []string{"eth0"}, Program: "/opt/a b/lvsctl", StateDir: "/srv/100%"}
			plan := Make(d, snaps)
			var got []string
			for _, s := range plan.Steps {
				for _, c := range s.Changes {
					if k := c.Key().Kind; k == resource.KindFile || k == resource.KindUnit {
						got = append(got, c.Key().String())
					}
					if f, is := c.After.(resource.File); is && strings.Contains(string(f.Content), "forward") {
						t.Errorf("%s makes a router:\n%s", f.Path, f.Content)
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, render(plan))
			}
			diags := Check(cfg, d, snaps)
			if warned := len(diags) > 0 && strings.Contains(diags.Error(), "Nothing runs lvsctl boot"); warned != test.warns || diags.HasErrors() {
				t.Errorf("warned: %v", diags)
			}
		})
	}
}

// The unit says where things are, whatever they are called.
func TestUnitFile(t *testing.T) {
	usual := string(unitFile(resource.Facts{Program: "/usr/local/bin/lvsctl", StateDir: defaultStateDir}, true).Content)
	odd := string(unitFile(resource.Facts{Program: "/opt/a b/lvsctl", StateDir: `/srv/"100%"`}, false).Content)
	for _, test := range []struct{ in, want string }{
		{usual, "ExecStart=/usr/local/bin/lvsctl boot --lock-timeout 2m --wait 2m\n"},
		{usual, "RequiresMountsFor=/var/lib/lvsctl\n"},
		{usual, "ConditionPathExists=/var/lib/lvsctl/ledger\n"},
		{usual, "Before=keepalived.service remote-fs-pre.target\n"},
		{odd, `ExecStart="/opt/a b/lvsctl" boot --lock-timeout 2m --wait 2m --state-dir "/srv/\"100%%\""` + "\n"},
		{odd, `ConditionPathExists=/srv/"100%%"/ledger` + "\n"},
	} {
		if !strings.Contains(test.in, "\n"+test.want) {
			t.Errorf("no %q in\n%s", test.want, test.in)
		}
	}
	if strings.Contains(odd, "Before=") {
		t.Errorf("something waits for it:\n%s", odd)
	}
}

// Interfaces that are not there yet are waited for, with what comes after them.
func TestLate(t *testing.T) {
	on := func(link string) resource.Address { return vipAddress(link, netip.MustParseAddr("10.1.0.1")) }
	made := resource.Link{Name: "vip0", Type: resource.LinkDummy}
	claim := func(r resource.Resource, step string) resource.Claim { return resource.Claim{Want: r, Step: step} }
	after := func(host, step string) []resource.Edge {
		return []resource.Edge{{Step: resource.StepRef{Host: host, Name: step}, Why: "for the test"}}
	}
	ledger := resource.Ledger{Lost: resource.NewByKey[resource.Claim](), Steps: map[string][]resource.Edge{
		"b": after("h", "a"), "c": after("h", "b"), "d": after("other", "a"), "e": nil,
	}}
	for step, r := range map[string]resource.Resource{
		"a": on("eth9"), "c": resource.Module{Name: "behind"}, "d": resource.Module{Name: "beside"}, "e": made, "f": on("vip0"), "g": on("tunl0"), "b": on("lo"),
	} {
		ledger.Lost.Put(r.Key(), claim(r, step))
	}
	b := NewBoot("h", ledger, nil)
	snap := &resource.Snapshot{Live: resource.NewSet(), Ledger: ledger, Facts: resource.Facts{Links: []string{"lo"}}}
	plan := b.Plan(snap)
	late := b.Late(plan, snap.Facts)
	if diff := cmp.Diff([]Late{{"a", on("eth9").Key(), "eth9"}}, late, cmp.Comparer(func(a, b resource.Key) bool { return a == b })); diff != "" {
		t.Errorf("late (-want +got):\n%s", diff)
	}
	names := func(p *Plan) string {
		var list []string
		for _, s := range p.Steps {
			list = append(list, s.Name)
		}
		return strings.Join(list, " ")
	}
	if got := names(b.Without(plan, map[string]bool{"a": true}, late)); strings.ContainsAny(got, "abc") || len(got) != len("d e f g") {
		t.Errorf("meanwhile: %s", got)
	}
	if got := names(b.Without(plan, nil, late)); strings.Contains(got, "a") || len(got) != len("b c d e f g") {
		t.Errorf("when the time is over: %s", got)
	}
}
