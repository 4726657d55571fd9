package planner

import (
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Connections are lost where they are cut, and counters where a service or a real server
// goes, or comes back after it was gone.
func TestLost(t *testing.T) {
	service := resource.Service{Scheduler: "rr"}
	dest := resource.Destination{Port: 80}
	serving := resource.Connections{Active: 2, Inactive: 3, Persistent: 4}
	for _, tt := range []struct {
		name   string
		change resource.Change
		want   Lost
	}{
		{"made", resource.Change{Action: resource.Create, After: dest, Reason: resource.NewInConfig}, Lost{}},
		{"made again by a rollback", resource.Change{Action: resource.Create, After: dest, Reason: resource.RollingBack}, Lost{Destinations: 1}},
		{"edited", resource.Change{Action: resource.Update, Before: dest, After: dest, Reason: resource.ChangedInConfig}, Lost{}},
		{"deleted", resource.Change{Action: resource.Delete, Before: dest, Cuts: serving}, Lost{Connections: 5, Destinations: 1}},
		{"drained", resource.Change{Action: resource.Delete, Before: dest, Cuts: serving, Drain: resource.Drain{Within: time.Second}}, Lost{Destinations: 1}},
		{"a service", resource.Change{Action: resource.Delete, Before: service}, Lost{Services: 1}},
		{"what has no counters", resource.Change{Action: resource.Delete, Before: resource.Address{Link: "lo"}}, Lost{}},
		{"forgotten", resource.Change{Action: resource.Forget, Before: dest}, Lost{}},
	} {
		plan := &Plan{Steps: []resource.Step{{Changes: []resource.Change{tt.change}}}}
		if got := plan.Summary().Lost; got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
