package planner

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Hosts work at once as far as the order of the tutorial allows.
func TestStages(t *testing.T) {
	_, d := load(t, tutorial("rr", "web1 web2"))
	w := newWorld("lb1", "web1", "web2")
	plan := Make(d, w.snapshots(d))
	want := []string{
		"1 lb1: web: load IPVS",
		"1 lb1: web: send no ICMP redirects",
		"1 web1: web: keep quiet about the VIP",
		"1 web1: web: accept the VIP",
		"1 web2: web: keep quiet about the VIP",
		"1 web2: web: accept the VIP",
		"1 lb1: web: virtual services",
		"2 lb1: web: web1 in service",
		"2 lb1: web: web2 in service",
		"2 lb1: web: take the VIP",
	}
	if diff := cmp.Diff(want, stages(plan)); diff != "" {
		t.Errorf("apply (-want +got):\n%s", diff)
	}
	if err := w.apply(plan, w.safe); err != nil {
		t.Fatal(err)
	}
	gone := d.Withdraw()
	want = []string{
		"1 lb1: web: take the VIP",
		"1 lb1: web: web2 in service",
		"1 lb1: web: web1 in service",
		"1 lb1: web: virtual services",
		"2 web2: web: accept the VIP",
		"2 web2: web: keep quiet about the VIP",
		"2 web1: web: accept the VIP",
		"2 web1: web: keep quiet about the VIP",
		"2 lb1: web: send no ICMP redirects",
		"2 lb1: web: load IPVS",
	}
	if diff := cmp.Diff(want, stages(Make(gone, w.snapshots(gone)))); diff != "" {
		t.Errorf("destroy (-want +got):\n%s", diff)
	}
}

func stages(plan *Plan) []string {
	var list []string
	for _, s := range plan.Steps {
		list = append(list, fmt.Sprint(s.Stage, " ", s.StepRef))
	}
	return list
}

// Of what comes before, the last stage on other hosts counts, wherever the rest is.
func TestBehind(t *testing.T) {
	a, b, c := behind{host: "a", stage: 3}, behind{host: "b", stage: 5}, behind{host: "c", stage: 5}
	for _, order := range [][]behind{{a, b, c}, {c, b, a}, {b, a, c}, {b, c, a}} {
		var all behind
		for _, o := range order {
			all.add(o)
		}
		for host, want := range map[string]int{"a": 5, "b": 5, "c": 5, "d": 5} {
			if got := all.elsewhere(host); got != want {
				t.Errorf("%v: elsewhere than on %s it is %d, want %d", order, host, got, want)
			}
		}
	}
	var two behind
	two.add(b)
	two.add(a)
	if got := two.elsewhere("b"); got != 3 {
		t.Errorf("elsewhere than on b it is %d, want 3", got)
	}
}
