package provider

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/vishvananda/netlink"
)

// recorder is a driver that remembers what it was handed, and fails where it is told.
type recorder struct {
	name   string
	log    *[]string
	fail   map[string]bool // names of resources
	goesOn bool            // after a failure, as IPVS does
	after  func()          // called after each run
}

func (r *recorder) read([]resource.Key, *resource.Snapshot) error { return nil }

func (r *recorder) apply(changes []resource.Change) resource.Outcome {
	line := r.name
	var out resource.Outcome
	for i, c := range changes {
		line += " " + c.Key().Name
		out.Attempted++
		if r.fail[c.Key().Name] {
			out.Failures = append(out.Failures, resource.Failure{Index: i, Err: errors.New(c.Key().Name)})
			if !r.goesOn {
				break
			}
		}
	}
	*r.log = append(*r.log, line)
	if r.after != nil {
		r.after()
	}
	return out
}

// Changes that follow each other and have one driver are handed to it together.
func TestApplyRuns(t *testing.T) {
	module := func(name string) resource.Change { return create(resource.Module{Name: name}) }
	sysctl := func(name string) resource.Change { return create(resource.Sysctl{Name: name}) }
	address := func(name string) resource.Change { return create(resource.Address{Link: name}) }
	list := []resource.Change{module("0"), sysctl("1"), sysctl("2"), address("3"), sysctl("4"), module("5"), module("6")}
	tests := []struct {
		name    string
		changes []resource.Change
		fail    []int
		runs    []string
		want    resource.Outcome
	}{
		{name: "nothing"},
		{"no failure", list, nil, []string{"modules 0", "others 1 2 3 4", "modules 5 6"}, resource.Outcome{Attempted: 7}},
		{"the first", list, []int{0}, []string{"modules 0"}, outcome(1, 0)},
		{"within a run", list, []int{2}, []string{"modules 0", "others 1 2 3 4"}, outcome(5, 2)},
		{"several of a run that goes on", list, []int{1, 3}, []string{"modules 0", "others 1 2 3 4"}, outcome(5, 1, 3)},
		{"a run that stops", list, []int{5, 6}, []string{"modules 0", "others 1 2 3 4", "modules 5"}, outcome(6, 5)},
		{"the last", list, []int{6}, []string{"modules 0", "others 1 2 3 4", "modules 5 6"}, outcome(7, 6)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, log := recorded(test.fail...)
			got := m.Apply(t.Context(), test.changes)
			if diff := cmp.Diff(test.runs, *log); diff != "" {
				t.Errorf("runs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, got, cmp.Comparer(func(a, b error) bool { return a.Error() == b.Error() })); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("the context ends", func(t *testing.T) {
		m, log := recorded()
		ctx, cancel := context.WithCancel(t.Context())
		m.drivers[resource.KindModule].(*recorder).after = cancel
		got := m.Apply(ctx, list)
		if diff := cmp.Diff([]string{"modules 0"}, *log); diff != "" || got.Attempted != 1 || got.Failures != nil {
			t.Errorf("got %+v, runs (-want +got):\n%s", got, diff)
		}
	})
}

// recorded is a machine with one driver for modules, which stops at a failure, and one
// for all others, which goes on.
func recorded(fail ...int) (m *Machine, log *[]string) {
	log = new([]string)
	names := map[string]bool{}
	for _, i := range fail {
		names[fmt.Sprint(i)] = true
	}
	others := &recorder{name: "others", log: log, fail: names, goesOn: true}
	return &Machine{drivers: map[resource.Kind]driver{
		resource.KindModule: &recorder{name: "modules", log: log, fail: names},
		resource.KindSysctl: others, resource.KindAddress: others,
	}}, log
}

func outcome(attempted int, failures ...int) resource.Outcome {
	out := resource.Outcome{Attempted: attempted}
	for _, i := range failures {
		out.Failures = append(out.Failures, resource.Failure{Index: i, Err: errors.New(fmt.Sprint(i))})
	}
	return out
}

// A dump that the kernel disturbs is repeated, but not for ever, and other errors are
// not.
func TestDump(t *testing.T) {
	busy := fmt.Errorf("dump: %w", netlink.ErrDumpInterrupted)
	other := errors.New("no buffer space")
	tests := []struct {
		name  string
		errs  []error // of the calls; the last one stays
		calls int
		want  error
	}{
		{"at once", []error{nil}, 1, nil},
		{"after two", []error{busy, busy, nil}, 3, nil},
		{"never", []error{busy}, 10, netlink.ErrDumpInterrupted},
		{"another error", []error{busy, other}, 2, other},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			calls := 0
			got, err := dump(func() ([]int, error) {
				err := test.errs[min(calls, len(test.errs)-1)]
				calls++
				return []int{calls}, err
			})
			if calls != test.calls || !errors.Is(err, test.want) {
				t.Errorf("%d calls, %v, want %d and %v", calls, err, test.calls, test.want)
			}
			if err == nil && got[0] != test.calls {
				t.Errorf("got the result of call %v", got)
			}
		})
	}
}
