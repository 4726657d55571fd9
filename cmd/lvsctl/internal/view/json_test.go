package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// clock is always the same moment, in a zone of its own.
func clock() time.Time {
	return time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))
}

func document(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJSON(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// documents are all JSON documents there are, full ones and empty ones.
func documents(t *testing.T) map[string]string {
	_, diags := findings()
	mixed := archived(t, "mixed")
	bare := &planner.Explanation{Cluster: &schema.Cluster{Name: "web", Mode: schema.DR}}
	return map[string]string{
		"plan":          document(t, PlanJSON(everything(), nil, clock())),
		"files":         document(t, PlanJSON(files(), nil, clock())),
		"plan-nothing":  document(t, PlanJSON(nothing("lb1"), nil, clock())),
		"plan-errored":  document(t, PlanJSON(nil, diags, clock())),
		"drift":         document(t, NewDriftDocument(everything(), clock())),
		"drift-none":    document(t, NewDriftDocument(nothing("lb1", "web1"), clock())),
		"drift-nowhere": document(t, NewDriftDocument(nothing(), clock())),
		"show":          document(t, ShowJSON(states(), clock())),
		"show-nothing":  document(t, ShowJSON(nil, clock())),
		"unlock":        document(t, NewUnlockDocument(nil, locks(), clock())),
		"unlock-shared": document(t, NewUnlockDocument(locks()[2:], locks()[:1], clock())),
		"history":       document(t, NewHistoryDocument(pastApplies(), clock())),
		"history-none":  document(t, NewHistoryDocument(nil, clock())),
		"validate":      document(t, NewValidation(diags)),
		"valid":         document(t, NewValidation(nil)),
		"events":        events(),
		"events-probes": probeEvents(),
		"explain":       document(t, NewExplainDocument(planner.Explain(mixed.Clusters[1]), diags)),
		"explain-bare":  document(t, NewExplainDocument(bare, nil)),
		"graph":         document(t, NewGraphDocument(planner.NewTopology(mixed), diags)),
		"graph-nothing": document(t, NewGraphDocument(&planner.Topology{}, nil)),
	}
}

// events is an apply as it goes and fails.
func events() string {
	var b bytes.Buffer
	e, plan := NewEvents(&b, clock), everything()
	e.Plan(plan, nil)
	e.Say("version", "info", "lvsctl 1.0")
	steps := e.Steps(len(plan.Steps))
	for _, s := range plan.Steps[:2] {
		steps.StepStarted(s)
		steps.StepDone(s, resource.Outcome{Attempted: len(s.Changes)}, nil)
	}
	steps.StepDone(plan.Steps[1], resource.Outcome{Attempted: len(plan.Steps[1].Changes), Notices: []string{"the neighbours do not know"}}, nil)
	steps.StepStarted(plan.Steps[2])
	failed := resource.Outcome{Attempted: 2, Failures: []resource.Failure{{Index: 1, Err: errBusy}}}
	steps.StepDone(plan.Steps[2], failed, failed.Err(plan.Steps[2].Changes))
	e.Applied(plan)
	return b.String()
}

// probeEvents are probes that ended in all ways.
func probeEvents() string {
	var b bytes.Buffer
	NewEvents(&b, clock).Probes(probed("exit status 22: no such page\nbye"))
	return b.String()
}

// What programs read. go test -update rewrites the files.
func TestJSON(t *testing.T) {
	for name, text := range documents(t) {
		t.Run(name, func(t *testing.T) { golden(t, name+".json", text) })
	}
}

// Programs go over lists without asking whether there is one.
func TestListsAreNeverNull(t *testing.T) {
	lists := []string{
		"hosts", "changes", "actions", "drift", "foreign", "diagnostics", "objects",
		"vips", "directors", "services", "keys", "behaviour", "ways", "hops", "rewritten", "servers", "steps", "after", "probes",
		"clusters", "groups", "idle", "ports", "weights",
	}
	seen := map[string]int{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case []any:
			for i, item := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), item)
			}
		case map[string]any:
			for name, item := range v {
				number := strings.Contains(path, "summary") || name == "changes" && v["type"] != nil ||
					name == "after" && v["actions"] != nil // the state after a change
				if slices.Contains(lists, name) && !number {
					seen[name]++
					if _, ok := item.([]any); !ok {
						t.Errorf("%s.%s is %v", path, name, item)
					}
				}
				walk(path+"."+name, item)
			}
		}
	}
	for name, text := range documents(t) {
		for dec := json.NewDecoder(strings.NewReader(text)); dec.More(); {
			var v any
			if err := dec.Decode(&v); err != nil {
				t.Fatal(err)
			}
			walk(name, v)
		}
	}
	for _, name := range lists {
		if seen[name] == 0 {
			t.Errorf("there is no list %q any more", name)
		}
	}
}

// A search for "delete" finds all that is destructive, and nothing else.
func TestActionsNameDelete(t *testing.T) {
	destructive := []resource.Action{resource.Delete, resource.Replace}
	for a := resource.Create; a <= resource.Forget; a++ {
		c := changeJSON(step("lb1", "s"), resource.Change{Action: a, Before: vip, After: vip})
		if got := slices.Contains(c.Actions, "delete"); got != slices.Contains(destructive, a) {
			t.Errorf("%s: actions %q", a, c.Actions)
		}
		if len(c.Actions) == 0 {
			t.Errorf("%s has no actions", a)
		}
	}
}

// An address names one object in the whole plan, and one that only has its order changed
// is not mentioned.
func TestAddressesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, h := range PlanJSON(everything(), nil, clock()).Hosts {
		for _, c := range h.Changes {
			if seen[c.Address] || c.Reason == resource.Reordered {
				t.Errorf("%s again, %s", c.Address, c.Reason)
			}
			seen[c.Address] = true
		}
	}
	if want := everything().Summary(); len(seen) != want.Add+want.Change+want.Remove+want.Record {
		t.Errorf("%d addresses, the summary is %+v", len(seen), want)
	}
}

// An event is one line, whatever is in it.
func TestEventsAreLines(t *testing.T) {
	var b bytes.Buffer
	NewEvents(&b, clock).Say("diagnostic", "error", "two\nlines \x1b[2J <&>")
	if got := b.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `two\nlines \u001b[2J <&>`) {
		t.Errorf("got %q", got)
	}
	if !strings.Contains(b.String(), `"timestamp":"2026-03-04T04:06:07Z"`) {
		t.Errorf("the time is not UTC: %s", b.String())
	}
}
