package planner

import (
	"flag"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// Each archive in testdata/plan has configs that are applied one after the other to
// the same hosts, in the order of the files, and after each *.hcl a golden *.plan: what
// changes, in order, and why.
func TestPlans(t *testing.T) {
	archives, err := filepath.Glob("../testdata/plan/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no plans to test", err)
	}
	for _, file := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			runArchive(t, archive)
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func runArchive(t *testing.T, archive *txtar.Archive) {
	w := newWorld("lb1", "lb2", "web1", "web2", "web3", "nfs1", "nfs2")
	for i := 0; i < len(archive.Files); i++ {
		config := archive.Files[i]
		name, isConfig := strings.CutSuffix(config.Name, ".hcl")
		if !isConfig {
			continue
		}
		cfg, d := load(t, string(config.Data))
		for _, h := range cfg.Hosts {
			w[h.Name].own = []resource.Address{{Link: h.Interface, Prefix: netip.PrefixFrom(h.Address, 24)}}
		}
		plan := Make(d, w.snapshots(d))
		got := render(plan)
		golden := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == name+".plan" })
		switch {
		case *update && golden < 0:
			archive.Files = slices.Insert(archive.Files, i+1, txtar.File{Name: name + ".plan", Data: []byte(got)})
		case *update:
			archive.Files[golden].Data = []byte(got)
		case golden < 0:
			t.Fatalf("%s has no golden", config.Name)
		default:
			if diff := cmp.Diff(string(archive.Files[golden].Data), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", config.Name, diff)
			}
		}
		if err := w.apply(plan, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		if again := Make(d, w.snapshots(d)); len(again.Steps) > 0 {
			t.Errorf("%s: the second plan is not empty:\n%s", config.Name, render(again))
		}
	}
}

// An object that was deleted, one that was changed and one of others: the first two
// are drift, the third is none of ours.
func TestDriftPendingForeign(t *testing.T) {
	archive, err := txtar.ParseFile("../testdata/plan/edits.txtar")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld("lb1", "web1", "web2", "web3")
	_, d := load(t, string(archive.Files[0].Data))
	if err := w.apply(Make(d, w.snapshots(d)), func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	lb := w["lb1"].live
	for k, r := range lb.Clone().All() {
		r, ok := r.(resource.Destination)
		switch {
		case !ok:
		case r.Addr.String() == "192.168.80.12":
			lb.Delete(k)
		default:
			r.Weight = 9
			lb.Put(k, r)
		}
	}
	other := resource.Service{ServiceKey: resource.MarkService(resource.IPv4, 7), Scheduler: "wlc"}
	lb.Add(other)

	plan := Make(d, w.snapshots(d))
	if got := plan.Drifted(); got != 2 {
		t.Errorf("%d objects drifted, want 2", got)
	}
	if got := plan.Pending(); len(got) != 0 {
		t.Errorf("pending: %v, want nothing", got)
	}
	if diff := cmp.Diff([]resource.Resource{other}, plan.Hosts[0].Foreign, cmp.Comparer(func(a, b resource.Resource) bool { return a == b })); diff != "" {
		t.Errorf("foreign (-want +got):\n%s", diff)
	}
	_, next := load(t, string(archive.Files[2].Data))
	if got := Make(next, w.snapshots(next)).Pending(); len(got) == 0 {
		t.Error("a changed config gives nothing pending")
	}
}

// A host that has another name in the config now, and nothing to do any more, is still
// taken out of the director before its own side is taken down.
func TestRenamedHost(t *testing.T) {
	archive, err := txtar.ParseFile("../testdata/plan/edits.txtar")
	if err != nil {
		t.Fatal(err)
	}
	text := string(archive.Files[0].Data)
	w := newWorld("lb1", "web1", "web2", "web3")
	_, d := load(t, text)
	if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
		t.Fatal(err)
	}
	w["aaa"] = w["web1"]
	delete(w, "web1")
	text = strings.Replace(text, `host "web1"`, `host "aaa"`, 1)
	before, rest, _ := strings.Cut(text, `  real_server "web1"`)
	_, after, _ := strings.Cut(rest, "  }\n")
	_, d = load(t, before+after)
	plan := Make(d, w.snapshots(d))
	order := map[resource.StepRef]int{}
	for i, s := range plan.Steps {
		order[s.StepRef] = i + 1
	}
	destination := order[resource.StepRef{Host: "lb1", Name: "web: web1 in service"}]
	vip := order[resource.StepRef{Host: "aaa", Name: "web: accept the VIP"}]
	if destination == 0 || vip == 0 || destination > vip {
		t.Errorf("the director would send to a real server that drops packets:\n%s", render(plan))
	}
}

// Edges recorded at different times can contradict each other. The plan is made all
// the same, with every change in it once.
func TestContradictingPasts(t *testing.T) {
	w := newWorld("lb1")
	for i, name := range []string{"a", "b", "c"} {
		s := resource.Sysctl{Name: name, Value: "1"}
		w["lb1"].live.Add(s)
		w["lb1"].ledger.Claims.Put(s.Key(), resource.Claim{Want: s, Prior: resource.Sysctl{Name: name, Value: "0"}, Step: name})
		next := []string{"b", "c", "a"}[i]
		w["lb1"].ledger.Steps[name] = []resource.Edge{{Step: resource.StepRef{Host: "lb1", Name: next}, Why: "the past"}}
	}
	d := &Desired{Hosts: []string{"lb1"}}
	plan := Make(d, w.snapshots(d))
	if got := plan.Summary().Change; got != 3 {
		t.Errorf("%d changes, want 3:\n%s", got, render(plan))
	}
}

// An IPv6 VIP that a host has with another prefix is there; one that it has from us on
// another interface is not.
func TestAddressAnyhow(t *testing.T) {
	_, d := load(t, `
host "lb" {
  address   = "fd00::1"
  interface = "eth0"
  netns     = "lb"
}
cluster "web" {
  mode      = "dr"
  vip       = "fd00::9"
  algorithm = "rr"
  directors = [host.lb]
  service "s" {
    port = 80
  }
}
`)
	there := resource.Address{Link: "eth1", Prefix: netip.MustParsePrefix("fd00::9/64")}
	creates := func(snap *resource.Snapshot) bool {
		for _, s := range Make(d, map[string]*resource.Snapshot{"lb": snap}).Steps {
			if slices.ContainsFunc(s.Changes, func(c resource.Change) bool {
				return c.Action == resource.Create && c.Key().Kind == resource.KindAddress
			}) {
				return true
			}
		}
		return false
	}
	facts := resource.Facts{Addresses: []resource.Address{there}}
	ours := resource.Ledger{Claims: resource.NewClaims(resource.Claim{Want: there, Step: "web: take the VIP"})}
	if creates(&resource.Snapshot{Facts: facts}) {
		t.Error("an address that is there is created")
	}
	if !creates(&resource.Snapshot{Facts: facts, Ledger: ours, Live: resource.NewSet(there)}) {
		t.Error("an address that goes is taken for the one that is wanted")
	}
	if !creates(&resource.Snapshot{}) {
		t.Error("an address that is missing is not created")
	}
}

// Objects are known by what the kernel knows them by. Other names for clusters, services,
// real servers and hosts are news for ledgers and for nothing else.
func TestRenaming(t *testing.T) {
	const before = `
host "lb1" {
  address   = "192.168.80.10"
  interface = "ens33"
  netns     = "lb"
}
host "web1" {
  address   = "192.168.80.12"
  interface = "ens33"
  netns     = "web"
}
cluster "web" {
  mode      = "MODE"
  vip       = "192.168.80.188"
  algorithm = "rr"
  directors = [host.lb1]
  service "http" {
    fwmark  = 1
    packets = ["tcp/80"]
  }
  real_server "one" {
    host = host.web1
  }
  pool "two" {
    servers = ["192.168.80.13", "192.168.80.14"]
  }
}
`
	renamed := strings.NewReplacer("lb1", "director", "web1", "apache", `"web"`, `"shop"`, `"http"`, `"pages"`, `"one"`, `"first"`, `"two"`, `"others"`)
	for _, mode := range []string{"dr", "nat", "tun", "fullnat"} {
		t.Run(mode, func(t *testing.T) {
			text := strings.Replace(before, "MODE", mode, 1)
			w := newWorld("lb1", "web1")
			_, d := load(t, text)
			if err := w.apply(Make(d, w.snapshots(d)), w.safe); err != nil {
				t.Fatal(err)
			}
			w["director"], w["apache"] = w["lb1"], w["web1"]
			_, d = load(t, renamed.Replace(text))
			plan := Make(d, w.snapshots(d))
			if len(plan.Steps) == 0 || plan.Asks() {
				t.Errorf("new names are more, or less, than news for ledgers:\n%s", render(plan))
			}
			if err := w.apply(plan, w.safe); err != nil {
				t.Fatal(err)
			}
			if again := Make(d, w.snapshots(d)); len(again.Steps) > 0 {
				t.Errorf("the second plan is not empty:\n%s", render(again))
			}
			for _, h := range w {
				maps.DeleteFunc(h.ledger.Steps, func(name string, _ []resource.Edge) bool { return !h.remembers(name) })
			}
			if diags := d.checkForgotten(w.snapshots(d)); len(diags) > 0 {
				t.Errorf("the old names are not forgotten: %v", diags)
			}
		})
	}
}

// remembers tells whether a step has claims: a real ledger forgets others.
func (h *fakeHost) remembers(step string) bool {
	for _, claim := range h.ledger.Claims.All() {
		if claim.Step == step {
			return true
		}
	}
	return false
}

// A route that somebody set by hand serves, whatever ip(8) noted as its origin. One that
// leads elsewhere, or that a program put there, does not.
func TestRouteByHand(t *testing.T) {
	_, d := load(t, `
host "web" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "web"
  route "10.1.0.0/16" {
    via = "10.0.0.9"
  }
}
`)
	wanted := resource.Route{
		Table: resource.TableMain, Prefix: netip.MustParsePrefix("10.1.0.0/16"), Link: "eth0", Gateway: netip.MustParseAddr("10.0.0.9"),
		Protocol: resource.ProtocolStatic,
	}
	other := func(change func(*resource.Route)) resource.Route {
		r := wanted
		change(&r)
		return r
	}
	tests := []struct {
		name string
		live resource.Route
		want resource.Action
	}{
		{"as it is wanted", wanted, resource.Adopt},
		{"by hand", other(func(r *resource.Route) { r.Protocol = resource.ProtocolBoot }), resource.Adopt},
		{"by hand and elsewhere", other(func(r *resource.Route) { r.Protocol, r.Link = resource.ProtocolBoot, "eth1" }), resource.Update},
		{"by a routing daemon", other(func(r *resource.Route) { r.Protocol = 12 }), resource.Update},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld("web")
			w["web"].live.Add(test.live)
			plan := Make(d, w.snapshots(d))
			if changes := changesOf(plan); len(changes) != 1 || changes[0].Action != test.want {
				t.Errorf("got %v, want one change, to %s", changes, test.want)
			}
			if err := w.apply(plan, func() error { return nil }); err != nil {
				t.Fatal(err)
			}
			if again := Make(d, w.snapshots(d)); len(again.Steps) > 0 {
				t.Errorf("the second plan is not empty:\n%s", render(again))
			}
		})
	}
}

// What a service without persistence has in the place of its netmask and timeout is no
// difference, and stays. With persistence it counts.
func TestNetmaskWithoutPersistence(t *testing.T) {
	const text = `
host "lb" {
  address   = "10.0.0.1"
  interface = "eth0"
  netns     = "lb"
}
cluster "web" {
  mode          = "dr"
  vip           = "10.0.0.9"
  services_only = true
  algorithm     = "rr"
  directors     = [host.lb]
  service "http" {
    port = 80
    PERSISTENCE
  }
}
`
	odd := resource.Service{ServiceKey: resource.AddrService(resource.TCP, netip.MustParseAddr("10.0.0.9"), 80), Scheduler: "rr", Timeout: 7}
	for persistence, want := range map[string]resource.Action{"": resource.Adopt, "persistence {}": resource.Update} {
		_, d := load(t, strings.Replace(text, "PERSISTENCE", persistence, 1))
		w := newWorld("lb")
		w["lb"].live = resource.NewSet(odd, resource.Module{Name: "ip_vs"}, resource.Module{Name: "ip_vs_rr"})
		plan := Make(d, w.snapshots(d))
		for _, c := range changesOf(plan) {
			if c.Key().Kind == resource.KindService && c.Action != want {
				t.Errorf("%q: %s, want %s", persistence, c.Action, want)
			}
		}
		if err := w.apply(plan, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		if again := Make(d, w.snapshots(d)); len(again.Steps) > 0 {
			t.Errorf("%q: the second plan is not empty:\n%s", persistence, render(again))
		}
	}
}

// changesOf lists the changes of a plan.
func changesOf(p *Plan) []resource.Change {
	var list []resource.Change
	for _, s := range p.Steps {
		list = append(list, s.Changes...)
	}
	return list
}
