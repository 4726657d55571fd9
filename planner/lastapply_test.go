package planner

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

func TestLastApply(t *testing.T) {
	journal := func(id string, ending resource.Ending, hosts ...string) *resource.Journal {
		minute := int(id[0] - 'a')
		apply := resource.Apply{ID: id, Who: "ann@desk", Since: time.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC), Hosts: hosts}
		was := resource.NewByKey[resource.Was]()
		was.Put(resource.Key{}, resource.Was{})
		return &resource.Journal{Apply: apply, Ending: ending, Began: true, Was: was}
	}
	told := journal("c", "", "lb", "web")
	told.Began = false
	destroying := journal("c", "", "lb", "web")
	destroying.Apply.Destroys = true
	undoing := journal("b", "", "lb", "web")
	undoing.Apply.Reverts = true
	for _, tt := range []struct {
		name     string
		journals map[string]*resource.Journal
		want     string // the apply and its hosts, or the start of an error
	}{
		{"nothing", nil, "there is nothing to go back to"},
		{"nobody remembers", map[string]*resource.Journal{"lb": nil}, "there is nothing to go back to"},
		{"one host", map[string]*resource.Journal{"lb": journal("a", resource.Applied, "lb"), "web": nil}, "a: lb"},
		{"all hosts", map[string]*resource.Journal{"lb": journal("a", resource.Applied, "lb", "web"), "web": journal("a", "", "lb", "web")}, "a: lb web"},
		{"the latest", map[string]*resource.Journal{"lb": journal("b", resource.Kept, "lb"), "web": journal("a", resource.Applied, "web")}, "b: lb"},
		{"undone", map[string]*resource.Journal{"lb": journal("b", resource.Reverted, "lb"), "web": journal("a", resource.Applied, "lb", "web")}, "there is nothing to go back to"},
		{"undone in part", map[string]*resource.Journal{"lb": journal("b", resource.Reverted, "lb", "web"), "web": journal("b", "", "lb", "web")}, "b: web"},
		{"being undone", map[string]*resource.Journal{"lb": nil, "web": undoing}, "b: web"},
		{"changed since", map[string]*resource.Journal{"lb": journal("c", resource.Applied, "lb", "web"), "web": journal("a", resource.Applied, "web")}, "host web was changed by another apply"},
		{"cut off before the first step", map[string]*resource.Journal{"lb": told, "web": journal("a", resource.Applied, "web")}, "c: lb"},
		{"cut off before a host heard of it", map[string]*resource.Journal{"lb": told, "web": journal("a", "", "web")}, "c: lb web"},
		{"cut off before a new host heard of it", map[string]*resource.Journal{"lb": told, "web": nil}, "c: lb"},
		{"destroyed, and forgotten by some", map[string]*resource.Journal{"lb": nil, "web": destroying}, "there is no way back: the destroy of ann@desk was done"},
		{"destroyed, and forgotten by none", map[string]*resource.Journal{"lb": destroying, "web": destroying}, "c: lb web"},
		{"rebooted since", map[string]*resource.Journal{"lb": journal("c", resource.Applied, "lb", "web"), "web": nil}, "host web does not remember the apply of ann@desk"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			apply, part, err := LastApply(tt.journals)
			if err != nil {
				if !strings.HasPrefix(err.Error(), tt.want) {
					t.Errorf("got error %v, want %s", err, tt.want)
				}
				return
			}
			if diff := cmp.Diff(tt.want, apply.ID+": "+strings.Join(slices.Sorted(maps.Keys(part)), " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
