package main

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answer is one answer to a lab script's question.
type answer struct {
	asked netip.AddrPort // where it was asked from; zero where the script leaves it open
	seen  netip.Addr     // the client, as the server saw it
	body  string
}

// tally counts equal answers.
type tally map[answer]int

func (t *tally) add(asked netip.AddrPort, seen netip.Addr, body string) {
	if *t == nil {
		*t = tally{}
	}
	(*t)[answer{asked, seen, body}]++
}

// bodies counts answers by their bodies alone.
func (t tally) bodies() map[string]int {
	count := map[string]int{}
	for a, n := range t {
		count[a.body] += n
	}
	return count
}

// String has a line for each body, with the addresses that servers saw.
func (t tally) String() string {
	var lines strings.Builder
	count := t.bodies()
	for _, body := range slices.Sorted(maps.Keys(count)) {
		seen := map[netip.Addr]bool{}
		for a := range t {
			if a.body == body {
				seen[a.seen] = true
			}
		}
		fmt.Fprintf(&lines, "%d %s from", count[body], body)
		for _, addr := range slices.SortedFunc(maps.Keys(seen), netip.Addr.Compare) {
			fmt.Fprintf(&lines, " %s", addr)
		}
		lines.WriteByte('\n')
	}
	return lines.String()
}

// shares is how answers should be spread over bodies.
type shares struct {
	parts     map[string]int // of each body; they add up to the whole
	tolerance float64        // how far off a body's count may be, as a fraction of all
	sticky    bool           // one source always gets one body
}

// parseShares reads [sticky] [tolerance=T%] BODY=PART...
func parseShares(args []string) (s shares, err error) {
	s.parts = map[string]int{}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch {
		case arg == "sticky":
			s.sticky = true
		case name == "tolerance":
			s.tolerance, err = parsePercent(value)
		default:
			s.parts[name], err = strconv.Atoi(value)
		}
		if err != nil || s.parts[name] < 0 {
			return s, fmt.Errorf("%q is neither BODY=PART nor an option", arg)
		}
	}
	if s.whole() == 0 {
		return s, errors.New("no BODY=PART")
	}
	return s, nil
}

// parsePercent reads "15%" as 0.15.
func parsePercent(text string) (float64, error) {
	number, ok := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || value < 0 || value >= 100 {
		return 0, fmt.Errorf("%q is no percentage below 100", text)
	}
	return value / 100, nil
}

func (s shares) whole() (sum int) {
	for _, part := range s.parts {
		sum += part
	}
	return sum
}

// possible refuses to compare where every outcome would be wrong, or right.
func (s shares) possible(answers, sources int) error {
	switch {
	case s.tolerance == 0 && answers%s.whole() != 0:
		return fmt.Errorf("%d answers cannot be divided into %d parts without tolerance", answers, s.whole())
	case s.sticky && answers < 2*max(sources, 1):
		return fmt.Errorf("%d answers are less than two for each source", answers)
	}
	return nil
}

// check tells where the answers are not spread like that.
func (s shares) check(t tally) error {
	count := t.bodies()
	var all int
	for _, n := range count {
		all += n
	}
	for body, n := range count {
		if _, ok := s.parts[body]; !ok {
			return fmt.Errorf("%d answers are %q, which nobody should give", n, body)
		}
	}
	for body, part := range s.parts {
		want := float64(all) * float64(part) / float64(s.whole())
		if allowed := s.tolerance * float64(all); math.Abs(float64(count[body])-want) > allowed {
			return fmt.Errorf("%d of %d answers are %q, wanted %.4g, give or take %.4g", count[body], all, body, want, allowed)
		}
	}
	if s.sticky {
		return t.checkSticky()
	}
	return nil
}

// checkSticky tells which source got answers of several servers.
func (t tally) checkSticky() error {
	first := map[netip.AddrPort]string{}
	for a := range t {
		if body, ok := first[a.asked]; ok && body != a.body {
			return fmt.Errorf("%s got both %q and %q", a.asked, body, a.body)
		}
		first[a.asked] = a.body
	}
	return nil
}

func TestShares(t *testing.T) {
	from := func(text string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(text), 0) }
	one, two := from("10.0.0.1"), from("10.0.0.2")
	tests := []struct {
		name string
		args string
		got  tally
		err  string
	}{
		{"exact", "a=1 b=3", tally{{body: "a"}: 2, {body: "b"}: 6}, ""},
		{"one off", "a=1 b=3", tally{{body: "a"}: 3, {body: "b"}: 5}, "wanted"},
		{"tolerated", "a=1 b=3 tolerance=12.5%", tally{{body: "a"}: 3, {body: "b"}: 5}, ""},
		{"not tolerated", "a=1 b=3 tolerance=12%", tally{{body: "a"}: 3, {body: "b"}: 5}, "wanted"},
		{"silent", "a=1 b=1 tolerance=10%", tally{{body: "a"}: 8}, "wanted"},
		{"nothing for one", "a=1 b=0", tally{{body: "a"}: 8}, ""},
		{"stranger", "a=1 tolerance=50%", tally{{body: "a"}: 8, {body: "c"}: 1}, "nobody should give"},
		{"sticky", "sticky a=1 b=1", tally{{asked: one, body: "a"}: 2, {asked: two, body: "b"}: 2}, ""},
		{"not sticky", "sticky a=1 b=1",
			tally{{asked: one, body: "a"}: 1, {asked: one, body: "b"}: 1, {asked: two, body: "a"}: 1, {asked: two, body: "b"}: 1}, "got both"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want, err := parseShares(strings.Fields(test.args))
			if err != nil {
				t.Fatal(err)
			}
			err = want.check(test.got)
			if err == nil && test.err != "" || err != nil && (test.err == "" || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("got %v, want %q", err, test.err)
			}
		})
	}
}

func TestSharesThatProveNothing(t *testing.T) {
	for _, args := range []string{"", "sticky", "a", "a=-1", "a=x", "a=1 tolerance=5", "a=1 tolerance=100%", "a=0"} {
		if got, err := parseShares(strings.Fields(args)); err == nil {
			t.Errorf("%q: %+v, no error", args, got)
		}
	}
	exact := shares{parts: map[string]int{"a": 1, "b": 3}}
	sticky := shares{parts: map[string]int{"a": 1}, sticky: true}
	if exact.possible(5, 0) == nil || sticky.possible(1, 0) == nil || sticky.possible(63, 32) == nil {
		t.Error("counts that prove nothing are taken")
	}
	if err := errors.Join(exact.possible(8, 0), sticky.possible(2, 0), sticky.possible(64, 32)); err != nil {
		t.Error(err)
	}
}

func TestTallyString(t *testing.T) {
	var got tally
	for i, text := range []string{"10.0.0.2", "10.0.0.10", "10.0.0.1"} {
		addr := netip.MustParseAddr(text)
		got.add(netip.AddrPortFrom(addr, 0), addr, []string{"two", "two", "one"}[i])
	}
	want := "1 one from 10.0.0.1\n2 two from 10.0.0.2 10.0.0.10\n"
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
