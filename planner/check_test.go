package planner

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// What hosts cannot give is found before anything is touched, with the config line.
func TestCheck(t *testing.T) {
	cfg, d := load(t, manyServers(16)+`
host "web" {
  address = "10.255.0.2"
  netns   = "web"
}
cluster "managed" {
  mode      = "dr"
  vip       = "10.201.0.1"
  algorithm = "twos"
  directors = [host.lb]
  service "s" {
    port = 80
  }
  real_server "web" {
    host = host.web
  }
}
`)
	good := resource.Facts{Kernel: "6.1", Schedulers: []string{"rr", "twos", "wlc"}, Links: []string{"eth0", "lo"}}
	with := func(edit func(*resource.Facts)) resource.Facts {
		f := good
		edit(&f)
		return f
	}
	for name, test := range map[string]struct {
		lb, web resource.Facts
		want    []string // the beginning of each finding
	}{
		"all there": {good, good, nil},
		"no ipvs":   {with(func(f *resource.Facts) { f.Schedulers = nil }), good, []string{"c.hcl:1,1-10: Kernel without IPVS"}},
		"no twos":   {with(func(f *resource.Facts) { f.Schedulers = []string{"wlc"} }), good, []string{"c.hcl:26,15-21: Algorithm not available"}},
		"no eth0":   {with(func(f *resource.Facts) { f.Links = []string{"ens33"} }), good, []string{"c.hcl:1,1-10: No such network interface"}},
		"eth0 down": {with(func(f *resource.Facts) { f.Down = []string{"eth0"} }), good, []string{"c.hcl:1,1-10: Network interface is down"}},
		"vip on web": {good, with(func(f *resource.Facts) {
			f.Addresses = []resource.Address{{Link: "eth0", Prefix: netip.MustParsePrefix("10.201.0.1/24")}}
		}), []string{"c.hcl:19,1-11: Real server answers for the VIP"}},
		"lo of web down": {good, with(func(f *resource.Facts) { f.Down = []string{"lo"} }), []string{"c.hcl:19,1-11: Network interface is down"}},
	} {
		t.Run(name, func(t *testing.T) {
			diags := Check(cfg, d, map[string]*resource.Snapshot{"lb": {Facts: test.lb}, "web": {Facts: test.web}})
			if len(diags) != len(test.want) {
				t.Fatalf("%d findings, want %d: %v", len(diags), len(test.want), diags)
			}
			if down := strings.HasPrefix(name, "eth0 down"); down && diags[0].Severity != hcl.DiagWarning {
				t.Error("a director's interface that is down is an error")
			}
			for i, want := range test.want {
				if !strings.HasPrefix(diags[i].Error(), want) {
					t.Errorf("finding %d is %v, want %s…", i, diags[i], want)
				}
			}
		})
	}
	if diags := Check(cfg, d, nil); len(diags) > 0 {
		t.Errorf("findings on hosts that were not read: %v", diags)
	}
	past := resource.Ledger{Steps: map[string][]resource.Edge{"s": {{Step: resource.StepRef{Host: "web9", Name: "s"}}}}}
	if diags := Check(cfg, d, map[string]*resource.Snapshot{"lb": {Facts: good, Ledger: past}}); len(diags) != 1 || diags.HasErrors() || !strings.Contains(diags[0].Detail, `"web9"`) {
		t.Errorf("a host that is no longer in the config: %v", diags)
	}
}

func TestNotices(t *testing.T) {
	sysctl := resource.Sysctl{Name: "a", Value: "1"}
	claims := map[resource.Key]resource.Claim{sysctl.Key(): {Want: sysctl}}
	now := resource.Facts{BootID: "second"}
	diags := Notices(map[string]*resource.Snapshot{
		"up":       {Facts: now, Ledger: resource.Ledger{BootID: "second", Claims: claims}},
		"rebooted": {Facts: now, Ledger: resource.Ledger{BootID: "first", Claims: claims}},
		"empty":    {Facts: now, Ledger: resource.Ledger{BootID: "first"}},
		"new":      {Facts: now},
		"torn":     {Facts: now, Notices: []string{"the last entry is cut off"}},
	})
	var got []string
	for _, d := range diags {
		got = append(got, d.Summary+": "+d.Detail)
	}
	want := []string{
		"Host was rebooted: Host rebooted was rebooted since the last apply. What is missing there went with the reboot, and the next apply sets it up again.",
		"Ledger of host torn: the last entry is cut off",
	}
	if diff := cmp.Diff(want, got); diff != "" || diags.HasErrors() {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}
