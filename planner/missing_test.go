package planner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// twoWebs are the hosts of the tutorial.
const twoWebs = `
	host "lb1" {
	  address   = "10.0.0.1"
	  interface = "eth0"
	  netns     = "lb1"
	}
	host "web1" {
	  address = "10.0.0.11"
	  netns   = "web1"
	}
	host "web2" {
	  address = "10.0.0.12"
	  netns   = "web2"
	}`

// tutorial is the cluster of the tutorial with some of its real servers.
func tutorial(algorithm, servers string) string {
	text := twoWebs + `
	cluster "web" {
	  mode      = "dr"
	  vip       = "10.0.0.100"
	  algorithm = "` + algorithm + `"
	  directors = [host.lb1]
	  service "http" {
	    port = 80
	  }`
	for name := range strings.FieldsSeq(servers) {
		text += fmt.Sprintf("\n  real_server %q {\n    host = host.%s\n  }", name, name)
	}
	return text + "\n}"
}

// What depends on a host that cannot be reached is left out, and the rest is not.
func TestWithout(t *testing.T) {
	tests := []struct {
		name          string
		before, after string // empty: nothing, and destroy
		missing       string
		steps, out    []string
	}{
		{
			name: "a new cluster without a real server", after: tutorial("rr", "web1 web2"), missing: "web2",
			steps: []string{"lb1: web: load IPVS", "lb1: web: send no ICMP redirects", "web1: web: keep quiet about the VIP", "web1: web: accept the VIP", "lb1: web: virtual services", "lb1: web: web1 in service"},
			out:   []string{"lb1: web: web2 in service, 1 for web2", "lb1: web: take the VIP, 1 for web2"},
		},
		{
			name: "a new cluster without its director", after: tutorial("rr", "web1"), missing: "lb1",
			steps: []string{"web1: web: keep quiet about the VIP", "web1: web: accept the VIP"},
		},
		{
			name: "another algorithm", before: tutorial("rr", "web1 web2"), after: tutorial("wrr", "web1 web2"), missing: "web2",
			steps: []string{"lb1: web: load IPVS", "lb1: web: virtual services", "lb1: web: load IPVS"},
		},
		{
			name: "destroy without a real server", before: tutorial("rr", "web1 web2"), missing: "web2",
			steps: []string{
				"lb1: web: take the VIP", "lb1: web: web2 in service", "lb1: web: web1 in service", "lb1: web: virtual services",
				"web1: web: accept the VIP", "web1: web: keep quiet about the VIP", "lb1: web: send no ICMP redirects", "lb1: web: load IPVS",
			},
		},
		{
			name: "destroy without the director", before: tutorial("rr", "web1"), missing: "lb1",
			out: []string{"web1: web: accept the VIP, 2 for lb1", "web1: web: keep quiet about the VIP, 4 for lb1"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld("lb1", "web1", "web2")
			_, d := load(t, twoWebs)
			if test.before != "" {
				_, d = load(t, test.before)
				if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
					t.Fatal(err)
				}
			}
			if test.after != "" {
				_, d = load(t, test.after)
			} else {
				d = d.Withdraw()
			}
			snaps := w.snapshots(d)
			delete(snaps, test.missing)
			d = d.Without([]string{test.missing})
			plan := Make(d, snaps)
			var steps, out []string
			for _, s := range plan.Steps {
				if !strings.HasPrefix(s.Name, "refuse nobody") {
					steps = append(steps, s.String())
				}
			}
			for _, o := range plan.LeftOut {
				out = append(out, fmt.Sprintf("%s, %d for %s", o.StepRef, o.Changes, o.For))
			}
			if diff := cmp.Diff(test.steps, steps); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.out, out); diff != "" {
				t.Errorf("left out (-want +got):\n%s", diff)
			}
			if err := w.apply(plan, w.safe); err != nil {
				t.Fatal(err)
			}
			snaps = w.snapshots(d)
			delete(snaps, test.missing)
			if again := Make(d, snaps); len(again.Steps) > 0 {
				t.Errorf("the second plan is not empty:\n%s", render(again))
			}
		})
	}
}
