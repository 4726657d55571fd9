package planner

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
)

const arriving = `
host "lb1" {
  address   = "192.0.2.1"
  interface = "eth0"
  netns     = "lb1"
}
host "lb2" {
  address   = "192.0.2.2"
  interface = "eth0"
  netns     = "lb2"
}
host "web" {
  address = "192.0.2.3"
  netns   = "web"
}
cluster "web" {
  mode      = "dr"
  vip       = ["192.0.2.100", "192.0.2.101"]
  algorithm = "rr"
  directors = [host.lb2]
  service "http" {
    port = 80
  }
  real_server "web" {
    host = host.web
  }
}
cluster "six" {
  mode      = "dr"
  vip       = "2001:db8::100"
  algorithm = "rr"
  directors = [host.lb2]
  service "http" {
    port = 80
  }
  real_server "web" {
    address = "2001:db8::3"
  }
}
cluster "services" {
  mode          = "dr"
  vip           = "192.0.2.102"
  algorithm     = "rr"
  services_only = true
  directors     = [host.lb2]
  service "http" {
    port = 81
  }
  real_server "web" {
    address = "192.0.2.3"
  }
}
`

// arrivalSnapshots are hosts with one interface, whose Ethernet address ends in their
// number.
func arrivalSnapshots(d *Desired) map[string]*resource.Snapshot {
	snapshots := map[string]*resource.Snapshot{}
	for host, hw := range map[string]string{"lb1": "02:00:00:00:00:01", "lb2": "02:00:00:00:00:02", "web": "02:00:00:00:00:03"} {
		snapshots[host] = furnished(d, host, resource.Facts{Links: []string{"eth0", "lo"}, Hardware: []string{hw}})
	}
	return snapshots
}

// has gives a host an address, from us or from somebody else.
func has(snap *resource.Snapshot, a resource.Address, ours bool) {
	snap.Facts.Addresses = append(snap.Facts.Addresses, a)
	if ours {
		snap.Live.Add(a)
		snap.Ledger.Claims = resource.NewClaims(resource.Claim{Want: a, Step: "s"})
	}
}

func at(link, prefix string) resource.Address {
	return resource.Address{Link: link, Prefix: netip.MustParsePrefix(prefix)}
}

// Machines are asked for VIPs that are about to come to a director, and for no others.
func TestArrivals(t *testing.T) {
	all := []string{"2001:db8::100/128 on eth0 deprecated", "192.0.2.100/32 on eth0", "192.0.2.101/32 on eth0"}
	tests := []struct {
		name string
		lb2  func(*resource.Snapshot)
		want []string
	}{
		{"none is there", func(*resource.Snapshot) {}, all},
		{"one is there", func(s *resource.Snapshot) { s.Live.Add(at("eth0", "192.0.2.100/32")) }, []string{all[0], all[2]}},
		{"one is there with another length", func(s *resource.Snapshot) { has(s, at("eth0", "2001:db8::100/64"), false) }, all[1:]},
		{"the interface is down", func(s *resource.Snapshot) { s.Facts.Down = []string{"eth0"} }, nil},
		{"the interface is not there", func(s *resource.Snapshot) { s.Facts.Links = []string{"lo"} }, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg, d := load(t, arriving)
			snapshots := arrivalSnapshots(d)
			test.lb2(snapshots["lb2"])
			got := Arrivals(cfg, d, snapshots)
			var words []string
			for _, a := range got["lb2"] {
				words = append(words, a.String())
			}
			if diff := cmp.Diff(test.want, words); diff != "" || len(got["lb1"])+len(got["web"]) > 0 {
				t.Errorf("%v (-want +got):\n%s", got, diff)
			}
		})
	}
	cfg, d := load(t, arriving)
	if got := Arrivals(cfg, d, nil); len(got) > 0 {
		t.Errorf("hosts that were not read: %v", got)
	}
}

var severities = map[string]hcl.DiagnosticSeverity{"error": hcl.DiagError, "warning": hcl.DiagWarning}

// Who answers for a VIP is found, unless the config knows why.
func TestCheckArrivals(t *testing.T) {
	const vip, six = "192.0.2.100", "2001:db8::100"
	const stranger = "02:00:00:00:00:77"
	nothing := func(map[string]*resource.Snapshot) {}
	tests := []struct {
		name   string
		ignore string // what the cluster ignores
		hosts  func(map[string]*resource.Snapshot)
		heard  map[string]resource.Neighbour // by VIP
		want   []string                      // the severity and what is in the detail
	}{
		{"nobody answers", "", nothing, nil, nil},
		{"a stranger", "", nothing, map[string]resource.Neighbour{vip: {Hardware: stranger}}, []string{"error a machine with the Ethernet address " + stranger + " answers for the VIP " + vip + "."}},
		{"a stranger over IPv6", "", nothing, map[string]resource.Neighbour{six: {Hardware: stranger}}, []string{"error a machine with the Ethernet address " + stranger + " answers for the VIP " + six + "."}},
		{"it is meant to be so", "vip-answered", nothing, map[string]resource.Neighbour{vip: {Hardware: stranger}}, nil},
		{"a director that gives it up", "", func(s map[string]*resource.Snapshot) { has(s["lb1"], at("eth0", vip+"/32"), true) }, map[string]resource.Neighbour{vip: {Hardware: "02:00:00:00:00:01"}}, nil},
		{"a host that has it from somebody else", "", func(s map[string]*resource.Snapshot) { has(s["lb1"], at("eth0", vip+"/24"), false) }, map[string]resource.Neighbour{vip: {Hardware: "02:00:00:00:00:01"}}, []string{"error host lb1, with the Ethernet address 02:00:00:00:00:01, answers for the VIP " + vip + "."}},
		{"a host that answers for others", "", nothing, map[string]resource.Neighbour{vip: {Hardware: "02:00:00:00:00:01"}}, []string{"error host lb1, with"}},
		{"a stranger while a director gives it up", "", func(s map[string]*resource.Snapshot) { has(s["lb1"], at("eth0", vip+"/32"), true) }, map[string]resource.Neighbour{vip: {Hardware: stranger}}, []string{"error a machine with"}},
		{"a real server that is told to be quiet in the same plan", "", func(s map[string]*resource.Snapshot) { has(s["web"], at("lo", vip+"/32"), false) }, map[string]resource.Neighbour{vip: {Hardware: "02:00:00:00:00:03"}}, nil},
		{"nobody could be asked", "", nothing, map[string]resource.Neighbour{vip: {Failure: "operation not permitted"}}, []string{"warning That was not possible: operation not permitted."}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := arriving
			if test.ignore != "" {
				text = strings.Replace(text, "service \"http\"", "ignore \""+test.ignore+"\" {\n    reason = \"for the test\"\n  }\n  service \"http\"", 1)
			}
			cfg, d := load(t, text)
			snapshots := arrivalSnapshots(d)
			test.hosts(snapshots)
			arrivals := Arrivals(cfg, d, snapshots)
			heard := map[string][]resource.Neighbour{}
			for _, a := range arrivals["lb2"] {
				heard["lb2"] = append(heard["lb2"], test.heard[a.Prefix.Addr().String()])
			}
			diags := CheckArrivals(cfg, d, snapshots, arrivals, heard)
			if len(diags) != len(test.want) {
				t.Fatalf("%d findings, want %d: %v", len(diags), len(test.want), diags)
			}
			for i, want := range test.want {
				severity, detail, _ := strings.Cut(want, " ")
				if diags[i].Severity != severities[severity] || !strings.Contains(diags[i].Detail, detail) || diags[i].Subject == nil {
					t.Errorf("got %v %v, want %s", diags[i].Severity, diags[i], want)
				}
			}
		})
	}
}

// A VIP that two clusters share is asked for once.
func TestArrivalOfTwoClusters(t *testing.T) {
	second := arriving[strings.Index(arriving, `cluster "web"`):strings.Index(arriving, `cluster "six"`)]
	second = strings.NewReplacer(`"web" {`, `"more" {`, "80", "82").Replace(second)
	cfg, d := load(t, arriving+second)
	if got := Arrivals(cfg, d, arrivalSnapshots(d))["lb2"]; len(got) != 3 {
		t.Errorf("asked for %v", got)
	}
}
