package planner

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// drained is a cluster with one service and two real servers, of which the second goes.
const drained = `
host "lb1" {
  address   = "192.168.80.10"
  interface = "ens33"
  netns     = "lb1"
  %s
}
cluster "web" {
  mode      = "dr"
  vip       = "192.168.80.188"
  algorithm = "rr"
  directors = [host.lb1]
  service "s" {
    %s
  }
  pool "servers" {
    servers = ["192.168.80.12"%s]
  }
}`

// What a removed real server waits for depends on what its service carries.
func TestDrainWaitsFor(t *testing.T) {
	const persistence = "\n persistence {}"
	tests := []struct {
		name, ipvs, service string
		want                resource.Drain
	}{
		{name: "tcp", service: "port = 80", want: resource.Drain{Within: 30 * time.Second}},
		{name: "at once", service: "port = 80\n drain = \"0s\""},
		{name: "sctp", service: "port = 80\n protocol = \"sctp\"\n drain = \"1m\"", want: resource.Drain{Within: time.Minute}},
		{name: "udp", service: "port = 53\n protocol = \"udp\"", want: resource.Drain{Within: 30 * time.Second, Inactive: true}},
		{name: "marked tcp", service: "fwmark = 1\n packets = [\"tcp/80\"]", want: resource.Drain{Within: 30 * time.Second}},
		{name: "marked udp", service: "fwmark = 1\n packets = [\"tcp/80\", \"udp/443\"]", want: resource.Drain{Within: 30 * time.Second, Inactive: true}},
		{name: "marked by others", service: "fwmark = 1", want: resource.Drain{Within: 30 * time.Second, Inactive: true}},
		{name: "persistent", service: "port = 80" + persistence, want: resource.Drain{Within: 30 * time.Second, Persistent: true}},
		{name: "clients move on", ipvs: "ipvs { expire_quiescent_template = 1 }", service: "port = 80" + persistence, want: resource.Drain{Within: 30 * time.Second}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld("lb1")
			_, d := load(t, fmt.Sprintf(drained, test.ipvs, test.service, `, "192.168.80.13"`))
			if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
				t.Fatal(err)
			}
			_, d = load(t, fmt.Sprintf(drained, test.ipvs, test.service, ""))
			got := deletion(t, Make(d, w.snapshots(d)))
			if diff := cmp.Diff(test.want, got.Drain); diff != "" {
				t.Errorf("waits for (-want +got):\n%s", diff)
			}
			if got := deletion(t, Make(d.AtOnce(), w.snapshots(d))); got.Drain != (resource.Drain{}) {
				t.Errorf("at once it waits for %+v", got.Drain)
			}
		})
	}
}

// A host on which somebody set that persistent clients move on need not be told to.
func TestDrainAsTheHostIs(t *testing.T) {
	w := newWorld("lb1")
	_, d := load(t, fmt.Sprintf(drained, "", "port = 80\n persistence {}", `, "192.168.80.13"`))
	if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
		t.Fatal(err)
	}
	w["lb1"].live.Add(resource.Sysctl{Name: "net.ipv4.vs.expire_quiescent_template", Value: "1"})
	_, d = load(t, fmt.Sprintf(drained, "", "port = 80\n persistence {}", ""))
	if got := deletion(t, Make(d, w.snapshots(d))); got.Drain.Persistent || got.Drain.Within == 0 {
		t.Errorf("it waits for %+v", got.Drain)
	}
}

// A drain that was interrupted goes on: the weight is 0 already, and what is left is waited
// for. When nothing is left, nothing is.
func TestDrainResumes(t *testing.T) {
	w := newWorld("lb1")
	_, d := load(t, fmt.Sprintf(drained, "", "port = 80", `, "192.168.80.13"`))
	if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
		t.Fatal(err)
	}
	_, d = load(t, fmt.Sprintf(drained, "", "port = 80", ""))
	plan := Make(d, w.snapshots(d))
	if got, want := plan.Summary(), (Summary{Drain: 1, Hosts: 1, Lost: Lost{Destinations: 1}}); got != want {
		t.Errorf("the plan counts %+v, want %+v", got, want)
	}
	if err := w.apply(untilItWaits(plan), w.safe); err != nil {
		t.Fatal(err)
	}

	snaps := w.snapshots(d)
	key := deletion(t, plan).Key()
	snaps["lb1"].Connections = resource.Counts{key: {Inactive: 1}}
	plan = Make(d, snaps)
	if plan.Drifted() > 0 {
		t.Error("what lvsctl drains counts as drift")
	}
	if got := deletion(t, plan); got.Drain.Within != 30*time.Second || got.Cuts.Inactive != 1 || len(plan.Steps) != 2 || plan.Steps[1].Name != forgetful {
		t.Errorf("interrupted, the plan is\n%s", render(plan))
	}
	if plan = Make(d, w.snapshots(d)); deletion(t, plan).Drain != (resource.Drain{}) || plan.Summary().Remove != 1 {
		t.Errorf("with nothing left, the plan is\n%s", render(plan))
	}
}

// What is changed for the time of a plan stays as the same plan has the config want it.
func TestMeanwhileAndForGood(t *testing.T) {
	for setting, want := range map[string]resource.Sysctl{
		"ipvs {\n expire_nodest_conn = 1\n }":                  {Name: forgets.Name, Value: "1"},
		"sysctl \"net.ipv4.icmp_ratelimit\" {\n value = 7\n }": {Name: "net.ipv4.icmp_ratelimit", Value: "7"},
	} {
		t.Run(want.Name, func(t *testing.T) {
			w := newWorld("lb1")
			_, d := load(t, fmt.Sprintf(drained, "", "port = 80", `, "192.168.80.13"`))
			if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
				t.Fatal(err)
			}
			_, d = load(t, fmt.Sprintf(drained, setting, "port = 80\n algorithm = \"wlc\"", ""))
			if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
				t.Fatal(err)
			}
			if got := w["lb1"].live.Get(want.Key()); got != want {
				t.Errorf("it is %v", got)
			}
			if plan := Make(d, w.snapshots(d)); len(plan.Steps) > 0 {
				t.Errorf("the second plan is\n%s", render(plan))
			}
		})
	}
}

// untilItWaits is the beginning of a plan.
func untilItWaits(plan *Plan) *Plan {
	if first := slices.IndexFunc(plan.Steps, waits); first >= 0 {
		return &Plan{Hosts: plan.Hosts, Steps: plan.Steps[:first]}
	}
	return plan
}

// deletion is the one change of a plan that deletes something.
func deletion(t *testing.T, plan *Plan) resource.Change {
	t.Helper()
	var found []resource.Change
	for _, s := range plan.Steps {
		for _, c := range s.Changes {
			if c.Action == resource.Delete {
				found = append(found, c)
			}
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d deletions:\n%s", len(found), render(plan))
	}
	return found[0]
}
