package planner

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A rollout is carried out wave by wave, each from a plan that is made anew. After each the
// rest is what it was, at no moment is anything unsafe, and no cluster has more real servers
// changed than its block allows.
func TestWavesOneByOne(t *testing.T) {
	several := 0
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 2))
			w := newWorld("h0", "h1", "h2", "h3", "h4")
			w.scatter(rng)
			for range 3 {
				text := randomConfig(rng)
				cfg, d := load(t, text)
				plan := Make(d, w.snapshots(d))
				waves := plan.CountWaves()
				if waves > 1 {
					several++
				}
				for n := 2 * len(plan.Waves); n >= 0 && len(plan.Steps) > 0; n-- {
					next := plan.Next(w.snapshots(d))
					rest := &Plan{Steps: plan.Steps[len(next.Steps):]}
					if err := inTurn(cfg, d, w, plan, next); err != nil {
						t.Fatalf("%v\n%s\n%s", err, render(plan), text)
					}
					if err := w.apply(&Plan{Steps: atOnce(rng, next.Steps)}, w.safe); err != nil {
						t.Fatalf("%v\n%s", err, text)
					}
					plan = Make(d, w.snapshots(d))
					if left := plan.Beyond(rest); len(left.Steps) > 0 {
						t.Fatalf("left of the wave:\n%s\n%s", render(left), text)
					}
				}
				if len(plan.Steps) > 0 {
					t.Fatalf("left after %d waves:\n%s\n%s", waves, render(plan), text)
				}
			}
		})
	}
	if several < 100 {
		t.Errorf("only %d of the plans have several waves", several)
	}
}

// inTurn finds clusters of which a wave changes more real servers than it should.
func inTurn(cfg *schema.Config, d *Desired, w world, plan, wave *Plan) error {
	r := d.rolling(takingDown(plan), w.snapshots(d))
	if r == nil {
		return nil
	}
	changed := map[*schema.Cluster]map[string]bool{}
	for _, step := range wave.Steps {
		for _, c := range step.Changes {
			s := r.server(step.StepRef, c)
			if s == nil || !counts(c) || late(plan, step.Wave, s.name) {
				continue
			}
			for _, cluster := range s.clusters {
				if changed[cluster] == nil {
					changed[cluster] = map[string]bool{}
				}
				changed[cluster][s.name] = true
			}
		}
	}
	for _, c := range cfg.Clusters {
		if c.Rollout == nil {
			continue
		}
		if most := r.size(c, map[*schema.Cluster]int{}); len(changed[c]) > most {
			return fmt.Errorf("wave %d changes %d real servers of %s at once, and %d may", wave.Steps[0].Wave, len(changed[c]), c.Name, most)
		}
	}
	return nil
}

// late tells whether a real server has a wave that is over: what it gets now had to wait for a
// real server of another cluster.
func late(plan *Plan, wave int, server string) bool {
	return slices.ContainsFunc(plan.Waves[:max(0, wave-1)], func(w Wave) bool { return slices.Contains(w.Servers, server) })
}

// takingDown is as much of a plan's graph as tells which clusters move.
func takingDown(plan *Plan) *graph {
	g := &graph{}
	for _, s := range plan.Steps {
		if slices.ContainsFunc(s.Changes, func(c resource.Change) bool { return c.After == nil }) {
			g.nodes = append(g.nodes, &node{ref: s.StepRef, down: true, changes: s.Changes})
		}
	}
	return g
}

// A cluster whose VIP goes to another director moves as a whole, and the plan says so. One of
// several VIPs that goes is no such move.
func TestRolloutSetAside(t *testing.T) {
	config := func(director, vips string, conns int) string {
		text := ""
		for i, name := range []string{"lb1", "lb2", "web1", "web2"} {
			setting := ""
			if i > 1 {
				setting = fmt.Sprintf("  sysctl \"net.core.somaxconn\" {\n    value = %d\n  }\n", conns)
			}
			text += fmt.Sprintf("host %q {\n  address = \"10.0.0.%d\"\n  interface = \"eth0\"\n  netns = %q\n%s}\n", name, i+1, name, setting)
		}
		return text + fmt.Sprintf("cluster \"web\" {\n  mode = \"dr\"\n  vip = [%s]\n  algorithm = \"rr\"\n  directors = [host.%s]\n", vips, director) +
			"  rollout {\n    wave = 1\n  }\n  service \"http\" {\n    port = 80\n  }\n" +
			"  real_server \"web1\" {\n    host = host.web1\n  }\n  real_server \"web2\" {\n    host = host.web2\n  }\n}\n"
	}
	w := newWorld("lb1", "lb2", "web1", "web2")
	for _, test := range []struct {
		config string
		waves  int
		aside  bool
	}{
		{config("lb1", `"10.1.0.1", "10.1.0.2"`, 1), 2, false},
		{config("lb1", `"10.1.0.1"`, 2), 2, false},
		{config("lb2", `"10.1.0.1"`, 3), 0, true},
	} {
		_, d := load(t, test.config)
		plan := Make(d, w.snapshots(d))
		if plan.CountWaves() != test.waves || slices.Contains(plan.AtOnce, "web") != test.aside {
			t.Errorf("%d waves, at once: %v\n%s", plan.CountWaves(), plan.AtOnce, render(plan))
		}
		if err := w.apply(plan, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever a host block asks for is there before a real server gets connections, even where
// hosts do not wait for each other.
func TestTakenInLast(t *testing.T) {
	w := newWorld("lb1", "web1")
	cfg, d := load(t, `
host "lb1" {
  address   = "192.168.80.10"
  interface = "ens33"
  netns     = "lb1"
}
host "web1" {
  address = "192.168.80.12"
  netns   = "web1"
  sysctl "net.core.somaxconn" {
    value = 4096
  }
}
cluster "web" {
  mode      = "fullnat"
  vip       = "192.168.80.188"
  algorithm = "rr"
  directors = [host.lb1]
  service "http" {
    port = 80
  }
  real_server "web1" {
    host = host.web1
  }
}
`)
	w["web1"].own = []resource.Address{{Link: "eth0", Prefix: hostOnly(cfg.Hosts[1].Address)}}
	stage := map[string]int{}
	for _, s := range Make(d, w.snapshots(d)).Steps {
		stage[s.Name] = s.Stage
	}
	if stage["host: settings"] == 0 || stage["host: settings"] >= stage["web: web1 in service"] {
		t.Errorf("stages: %v", stage)
	}
}
