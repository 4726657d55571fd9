package planner

import (
	"net/netip"
	"testing"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A host on which something serves as it is has as many claims as wants when something else
// has to be given up, and is not at rest.
func TestNotAtRest(t *testing.T) {
	d := &Desired{Hosts: []string{"nfs1"}, wants: map[string]*resource.ByKey[want]{"nfs1": resource.NewByKey[want]()}, parting: resource.RemovedFromConfig}
	s := d.step(&schema.Host{Name: "nfs1"}, "web", "shares")
	dir := resource.Directory{Path: "/srv", Mode: 0o755, Owner: "root", Group: "root"}
	d.wantAnyhow(s, dir, resource.Source{})
	old := resource.Sysctl{Name: "net.ipv4.ip_forward", Value: "1"}
	snap := &resource.Snapshot{
		Live:   resource.NewSet(dir, old),
		Ledger: resource.Ledger{Claims: resource.NewClaims(resource.Claim{Want: old, Prior: resource.Sysctl{Name: old.Name, Value: "0"}, Step: "web: forward"})},
	}
	plan := Make(d, map[string]*resource.Snapshot{"nfs1": snap})
	if len(plan.Steps) != 1 || plan.Steps[0].Changes[0].Action != resource.Restore {
		t.Errorf("planned:\n%s", render(plan))
	}

	// Where nothing is to be given up there is nothing to do.
	snap.Ledger.Claims.Clear()
	if plan := Make(d, map[string]*resource.Snapshot{"nfs1": snap}); len(plan.Steps) > 0 {
		t.Errorf("planned:\n%s", render(plan))
	}

	// What serves as it is, and was ours and is gone, is drift.
	vip := resource.Address{Link: "eth0", Prefix: netip.MustParsePrefix("192.0.2.10/32")}
	d2 := &Desired{Hosts: []string{"lb"}, wants: map[string]*resource.ByKey[want]{"lb": resource.NewByKey[want]()}}
	s2 := d2.step(&schema.Host{Name: "lb"}, "web", "rewrite sources")
	d2.wantAnyhow(s2, vip, resource.Source{})
	theirs := vip
	theirs.Prefix = netip.MustParsePrefix("192.0.2.10/24")
	gone := &resource.Snapshot{
		Facts:  resource.Facts{Addresses: []resource.Address{theirs}},
		Live:   resource.NewSet(),
		Ledger: resource.Ledger{Claims: resource.NewClaims(resource.Claim{Want: vip, Step: s2.Name})},
	}
	if plan := Make(d2, map[string]*resource.Snapshot{"lb": gone}); len(plan.Hosts[0].Drift) != 1 || len(plan.Steps) > 0 {
		t.Errorf("drift: %v, planned:\n%s", plan.Hosts[0].Drift, render(plan))
	}

	// A service of somebody else is told of, although there is as much of IPVS as is wanted.
	web, other := resource.Service{ServiceKey: resource.MarkService(resource.IPv4, 1), Scheduler: "rr"}, resource.Service{ServiceKey: resource.MarkService(resource.IPv4, 2), Scheduler: "rr"}
	d.want(s, web, resource.Source{})
	snap.Live.Add(other)
	plan = Make(d, map[string]*resource.Snapshot{"nfs1": snap})
	if len(plan.Steps) != 1 || len(plan.Hosts[0].Foreign) != 1 {
		t.Errorf("planned, with %d objects of others:\n%s", len(plan.Hosts[0].Foreign), render(plan))
	}
}
