package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// What the last apply did is undone on the hosts that can be reached. Those that cannot
// keep their journals, and are the error.
func TestRollBack(t *testing.T) {
	last := resource.Apply{ID: "last", Hosts: []string{"lb1", "web1", "web2"}}
	lost := &agent.Error{Code: agent.Unreachable, Message: "no route to host"}
	tests := []struct {
		name  string
		fails map[string]error
		ended []string
		want  string
	}{
		{"all hosts are there", nil, []string{"end lb1 reverted why", "end web1 reverted why", "end web2 reverted why", "start lb1 last 0", "start web1 last 0", "start web2 last 0"}, ""},
		{"one is lost", map[string]error{"alive web1": lost, "connect web1": lost}, []string{"end lb1 kept it is taken back here, and not yet on web1", "end web2 kept it is taken back here, and not yet on web1", "start lb1 last 0", "start web2 last 0"}, "web1: no route to host"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n := &network{journals: map[string]*resource.Journal{}}
			for _, host := range last.Hosts {
				n.journals[host] = &resource.Journal{Apply: last}
			}
			f := connected(t, n)
			apply, hosts, err := f.LastApply(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n.taken(true)
			n.fails = test.fails
			err = f.RollBack(t.Context(), agent.Holder{Who: "me"}, *apply, hosts, "why", 0, func(_ context.Context, plan *planner.Plan) error {
				return fmt.Errorf("there is nothing to undo, and yet a plan: %v", plan)
			})
			if (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
				t.Errorf("got %v, want %q", err, test.want)
			}
			var ended []string
			for _, line := range n.taken(true) {
				if line[:3] == "end" || line[:5] == "start" {
					ended = append(ended, line)
				}
			}
			expect(t, "told", test.ended, ended)
		})
	}
}

// An apply that cannot begin on one host is ended on those that were told, and where it may
// have been heard. What it went on with, and what was there before, stays.
func TestStartFails(t *testing.T) {
	apply := resource.Apply{ID: "next", Hosts: []string{"lb1", "web1", "web2"}}
	told := func(was *resource.ByKey[resource.Was]) *resource.Journal {
		return &resource.Journal{Apply: apply, Was: was}
	}
	touched := func() *resource.ByKey[resource.Was] {
		was := resource.NewByKey[resource.Was]()
		was.Put(resource.Key{}, resource.Was{})
		return was
	}
	before := &resource.Journal{Apply: resource.Apply{ID: "last"}, Ending: resource.Applied}
	full, lost := errors.New("no space left on device"), &agent.Error{Code: agent.Unreachable, Message: "lost the agent"}
	tests := []struct {
		name     string
		fails    map[string]error
		journals map[string]*resource.Journal
		want     []string // who is told what
	}{
		{"a full disk", map[string]error{"start web1 next 0": full}, map[string]*resource.Journal{"lb1": told(nil), "web1": before}, []string{"end lb1 reverted it was not begun"}},
		{"going on with another", map[string]error{"start web1 next 0": full}, map[string]*resource.Journal{"lb1": told(touched())}, nil},
		{"lost, and it had heard", map[string]error{"start web1 next 0": lost, "alive web1": lost}, map[string]*resource.Journal{"lb1": told(nil), "web1": told(nil)}, []string{"end lb1 reverted it was not begun", "end web1 reverted it was not begun"}},
		{"lost, and it had not heard", map[string]error{"start web1 next 0": lost, "alive web1": lost}, map[string]*resource.Journal{"lb1": told(nil), "web1": before}, []string{"end lb1 reverted it was not begun"}},
		{"lost for good", map[string]error{"start web1 next 0": lost, "alive web1": lost, "connect web1": lost}, map[string]*resource.Journal{"lb1": told(nil), "web1": told(nil)}, []string{"end lb1 reverted it was not begun"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n := &network{journals: test.journals}
			f := connected(t, n)
			n.fails = test.fails
			err := f.Start(t.Context(), agent.Holder{Who: "me"}, apply, apply.Hosts, &planner.Plan{})
			if cause := test.fails["start web1 next 0"]; !errors.Is(err, cause) {
				t.Errorf("got %v, want %v", err, cause)
			}
			var ended []string
			for _, line := range n.taken(true) {
				if strings.HasPrefix(line, "end ") {
					ended = append(ended, line)
				}
				if strings.HasPrefix(line, "start web2") {
					t.Error("it goes on with web2")
				}
			}
			expect(t, "ended", test.want, ended)
		})
	}
}
