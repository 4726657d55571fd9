package host

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

func sysctl(name, value string) resource.Sysctl { return resource.Sysctl{Name: name, Value: value} }

// changes has one of each action, on sysctls named by their index.
func changes(actions ...resource.Action) []resource.Change {
	list := make([]resource.Change, len(actions))
	for i, a := range actions {
		s := sysctl(fmt.Sprint(i), "1")
		list[i] = resource.Change{Action: a, Before: s, After: s}
	}
	return list
}

func TestTouching(t *testing.T) {
	const c, d, a, f = resource.Create, resource.Delete, resource.Adopt, resource.Forget
	tests := []struct {
		name    string
		actions []resource.Action
		want    []string
	}{
		{"none", nil, nil},
		{"all", []resource.Action{c, resource.Update, resource.Replace, d, resource.Restore}, []string{"0", "1", "2", "3", "4"}},
		{"only the ledger", []resource.Action{a, f}, nil},
		{"mixed", []resource.Action{a, c, f, d, a}, []string{"1", "3"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, c := range touching(changes(test.actions...)) {
				got = append(got, c.Key().Name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSpread(t *testing.T) {
	const c, a, f = resource.Create, resource.Adopt, resource.Forget
	mixed := []resource.Action{a, c, f, c, a, c, f} // the host sees 1, 3 and 5
	tests := []struct {
		name      string
		actions   []resource.Action
		attempted int   // of the touching ones
		failures  []int // likewise
		want      resource.Outcome
	}{
		{"nothing at all", nil, 0, nil, outcome(0)},
		{"only the ledger", []resource.Action{a, f}, 0, nil, outcome(2)},
		{"no failure", mixed, 3, nil, outcome(7)},
		{"the first fails", mixed, 1, []int{0}, outcome(3, 1)},
		{"the second fails", mixed, 2, []int{1}, outcome(5, 3)},
		{"the last fails", mixed, 3, []int{2}, outcome(7, 5)},
		{"it went on", mixed, 3, []int{0, 2}, outcome(7, 1, 5)},
		{"the first cannot even be tried", mixed, 0, []int{0}, outcome(1, 1)},
		{"the second cannot even be tried", mixed, 1, []int{1}, outcome(3, 3)},
		{"ends before all are tried", mixed, 2, nil, outcome(5)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			list := changes(test.actions...)
			got := spread(outcome(test.attempted, test.failures...), list)
			if diff := cmp.Diff(test.want, got, sameErrors); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err := got.Check(list); err != nil {
				t.Error(err)
			}
		})
	}
}

// outcome has failures with one error, whatever their index, one of them unknown.
func outcome(attempted int, failures ...int) resource.Outcome {
	out := resource.Outcome{Attempted: attempted}
	for i, index := range failures {
		out.Failures = append(out.Failures, resource.Failure{Index: index, Err: errors.New("busy"), Unknown: i == 1})
	}
	return out
}

var sameErrors = cmp.Comparer(func(a, b error) bool { return a.Error() == b.Error() })

func TestUnion(t *testing.T) {
	key := func(name string) resource.Key { return sysctl(name, "").Key() }
	ledger := func(names ...string) resource.Ledger {
		l := resource.Ledger{Claims: resource.NewByKey[resource.Claim]()}
		for _, name := range names {
			l.Claims.Put(key(name), resource.Claim{Want: sysctl(name, "1")})
		}
		return l
	}
	tests := []struct {
		name   string
		keys   []resource.Key
		ledger resource.Ledger
		want   map[string]int
	}{
		{"nothing", nil, resource.Ledger{}, map[string]int{}},
		{"keys alone", []resource.Key{key("a"), key("b")}, resource.Ledger{}, map[string]int{"a": 1, "b": 1}},
		{"ledger alone", nil, ledger("a", "b"), map[string]int{"a": 1, "b": 1}},
		{"both", []resource.Key{key("a"), key("b")}, ledger("b", "c"), map[string]int{"a": 1, "b": 1, "c": 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			asked := append(make([]resource.Key, 0, 9), test.keys...)
			got := map[string]int{}
			for _, k := range union(asked, test.ledger) {
				got[k.Name]++
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if spare := asked[:cap(asked)][len(asked)]; spare != (resource.Key{}) {
				t.Errorf("it wrote %s into the caller's memory", spare)
			}
		})
	}
}
