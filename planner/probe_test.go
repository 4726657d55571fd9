package planner

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A plan is to blame for probes that passed before it and fail after it, and for no others.
func TestBroken(t *testing.T) {
	passed := Probed{}
	failed := Probed{ProbeOutcome: resource.ProbeOutcome{Failure: "connection refused"}}
	skipped := Probed{Skipped: true}
	none := Probed{}
	tests := []struct {
		name          string
		before, after Probed
		absent        bool // before
		broken        bool
	}{
		{"passes still", passed, passed, false, false},
		{"fails now", passed, failed, false, true},
		{"fails still", failed, failed, false, false},
		{"passes now", failed, passed, false, false},
		{"not made any more", passed, skipped, false, false},
		{"not made before", skipped, failed, false, false},
		{"never made", skipped, skipped, false, false},
		{"not there before", none, failed, true, false},
	}
	var before, after []Probed
	var want []string
	for _, test := range tests {
		p := &schema.Probe{Name: test.name}
		test.before.Probe, test.after.Probe = p, p
		if !test.absent {
			before = append(before, test.before)
		}
		after = append(after, test.after)
		if test.broken {
			want = append(want, test.name)
		}
	}
	slices.Reverse(before) // their order means nothing
	var got []string
	for _, p := range Broken(before, after) {
		got = append(got, p.Name)
	}
	if !slices.Equal(want, got) {
		t.Errorf("broken are %q, want %q", got, want)
	}
}

// Probes wait for nothing that cannot be there: a VIP that the plan makes on all directors,
// and takes from nobody.
func TestProbesBefore(t *testing.T) {
	vip := netip.MustParsePrefix("192.0.2.1/32")
	cluster := &schema.Cluster{
		VIPs:      []netip.Addr{vip.Addr()},
		Directors: []*schema.Host{{Name: "lb1"}, {Name: "lb2"}},
		Probes:    []*schema.Probe{{Name: "pages", Try: resource.Probe{Tries: 3}}},
	}
	comes := func(host, link string) resource.Step {
		return resource.Step{StepRef: resource.StepRef{Host: host}, Changes: []resource.Change{
			{Action: resource.Create, After: resource.Address{Link: link, Prefix: vip}},
			{Action: resource.Create, After: resource.Module{Name: "ip_vs"}},
		}}
	}
	goes := resource.Step{StepRef: resource.StepRef{Host: "lb3"}, Changes: []resource.Change{
		{Action: resource.Delete, Before: resource.Address{Link: "eth0", Prefix: vip}},
	}}
	for _, tt := range []struct {
		name  string
		steps []resource.Step
		want  int
	}{
		{"nothing to do", nil, 3},
		{"new", []resource.Step{comes("web1", "lo"), comes("lb1", "eth0"), comes("lb2", "eth0")}, 1},
		{"another director", []resource.Step{comes("lb1", "eth0")}, 3},
		{"another real server", []resource.Step{comes("web1", "lo"), comes("web2", "lo")}, 3},
		{"from another host", []resource.Step{comes("lb1", "eth0"), comes("lb2", "eth0"), goes}, 3},
	} {
		probes := ProbesBefore(&schema.Config{Clusters: []*schema.Cluster{cluster}}, &Plan{Steps: tt.steps})
		if len(probes) != 1 || probes[0].Try.Tries != tt.want || cluster.Probes[0].Try.Tries != 3 {
			t.Errorf("%s: %d tries, want %d", tt.name, probes[0].Try.Tries, tt.want)
		}
	}
}
