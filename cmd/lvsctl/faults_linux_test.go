package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
)

// Whatever goes wrong at whatever step of an apply, the hosts end up at its goal or where
// it started, and the exit code says which.
//
// Each example makes four passages: from nothing to the example, from there to an edited
// one and back by a rollback, and from the example to nothing. A passage is made once
// undisturbed; then once for each of its steps and each fault, and for each host that is told
// that it begins or has ended, and every time it ends where it began. Everything about all
// hosts is compared, as other tools and the ledgers have it.
//
// It is the tutorial cluster and the middle of the steps, with each fault at every step of the
// first passage and one of them at every step of the others. FAULTS=examples is that with every
// example, and with all errors and ways to be killed at every step of the first passage.
// FAULTS=all has each fault before, in and after each step of every passage.
func TestFaults(t *testing.T) {
	level := os.Getenv("FAULTS")
	start, total := time.Now(), map[string]int{}
	for _, s := range sites {
		if s.example == "small" || level != "" {
			t.Run(s.example, func(t *testing.T) { tryFaults(newFaultHosts(t, s), s, level, total) })
		}
	}
	sum := 0
	for _, kind := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%4d %s", total[kind], kind)
		sum += total[kind]
	}
	t.Logf("%d cases in %s", sum, time.Since(start).Round(time.Second))
}

// lan is a host with one interface on the segment "lan".
func lan(name, addr string) siteHost {
	return siteHost{name: name, options: []topo.HostOption{topo.NIC("ens33", "lan", addr)}}
}

// routed is a host with one interface on a segment of its own and a default route.
func routed(name, addr, via string) siteHost {
	return siteHost{name: name, options: []topo.HostOption{topo.NIC("ens33", name, addr), topo.DefaultRoute(via)}}
}

// upAndDown lets an interface have its IPv6 settings, which it gets when it is first up and
// keeps.
func upAndDown(h siteHost, link string) siteHost {
	h.first = []string{"sh", "-c", "ip link set " + link + " up && ip link set " + link + " down"}
	return h
}

var sites = []site{
	{
		example: "small",
		edited:  []string{"testdata/faults/small.hcl", "../../examples/small/hosts.hcl"},
		modules: []string{"ip_vs", "ip_vs_rr", "ip_vs_wlc"},
		hosts:   []siteHost{lan("lb1", "192.168.80.10/24"), lan("web1", "192.168.80.12/24"), lan("web2", "192.168.80.13/24")},
	},
	{
		example: "dr",
		edited:  []string{"testdata/faults/dr.hcl"},
		modules: []string{"ip_vs", "ip_vs_rr", "ip_vs_wrr", "nfs", "nfsd"},
		hosts: []siteHost{
			lan("lb1", "192.168.80.10/24"), lan("web1", "192.168.80.12/24"), lan("web2", "192.168.80.13/24"),
			// Nobody can share what is on an overlay, such as the root of the lab.
			{name: "nfs", options: []topo.HostOption{topo.NIC("ens33", "lan", "192.168.80.14/24")}, first: []string{"mount", "-t", "tmpfs", "tmpfs", "/usr/share"}},
		},
	},
	{
		example: "nat",
		edited:  []string{"testdata/faults/nat.hcl", "../../examples/nat/hosts.hcl"},
		modules: []string{"ip_vs", "ip_vs_rr", "ip_vs_wlc"},
		hosts: []siteHost{
			{name: "lb1", options: []topo.HostOption{topo.NIC("ens33", "lan", "192.168.100.254/24"), topo.NIC("ens36", "outer", "12.0.0.1/24")}},
			{name: "web1", options: []topo.HostOption{topo.NIC("ens33", "lan", "192.168.100.21/24"), topo.DefaultRoute("192.168.100.1")}},
			{name: "web2", options: []topo.HostOption{topo.NIC("ens33", "lan", "192.168.100.22/24"), topo.DefaultRoute("192.168.100.1")}},
		},
	},
	{
		example: "tun",
		edited:  []string{"testdata/faults/tun.hcl", "../../examples/tun/hosts.hcl"},
		modules: []string{"ip_vs", "ip_vs_rr", "ip_vs_wlc", "ipip"},
		hosts: []siteHost{
			routed("lb1", "192.168.80.10/24", "192.168.80.1"),
			upAndDown(routed("web1", "172.16.1.12/24", "172.16.1.1"), "tunl0"),
			upAndDown(routed("web2", "172.16.2.13/24", "172.16.2.1"), "tunl0"),
		},
	},
	{
		example: "fullnat",
		edited:  []string{"testdata/faults/fullnat.hcl", "../../examples/fullnat/hosts.hcl"},
		modules: []string{"ip_vs", "ip_vs_rr", "ip_vs_wlc", "nf_tables", "nf_conntrack"},
		hosts:   []siteHost{routed("lb1", "192.168.80.10/24", "192.168.80.1")},
	},
	{
		example: "fwmark",
		edited:  []string{"testdata/faults/fwmark.hcl"},
		modules: []string{"ip_vs", "ip_vs_wlc", "ip_vs_sed", "nf_tables"},
		hosts:   []siteHost{lan("lb1", "192.168.80.10/24"), lan("web1", "192.168.80.12/24"), lan("web2", "192.168.80.13/24")},
	},
}

// tryFaults makes the four passages of a site.
func tryFaults(f *faultHosts, s site, level string, total map[string]int) {
	example := []string{"../../examples/" + s.example}
	apply := func(paths []string) []string { return change("apply", paths) }
	nothing := f.look()
	try := func(name string, p *passage) {
		f.Run(name, func(t *testing.T) {
			p.faultHosts = &faultHosts{t, f.hosts, f.count, f.from}
			p.tryAll(name, level, total)
		})
		if f.Failed() {
			f.FailNow()
		}
	}
	try(theFirst, &passage{args: apply(example), back: change("rollback", example), undo: change("rollback", example), start: nothing})
	f.must(apply(example))
	applied := f.look()
	try(theEdit, &passage{args: apply(s.edited), back: change("rollback", s.edited), undo: change("rollback", s.edited), start: applied})
	f.must(apply(s.edited))
	try(theRollback, &passage{args: change("rollback", s.edited), back: apply(s.edited), undo: apply(s.edited), start: f.look()})
	f.must(change("rollback", s.edited))
	try(theDestroy, &passage{args: change("destroy", example), back: apply(example), undo: change("rollback", example), start: applied})
	f.must(change("destroy", example))
	f.same("after all", nothing)
}

// change is a command line that waits for agents of a killed lvsctl to be done. Steps are
// counted, so there is one at a time.
func change(command string, paths []string) []string {
	return append([]string{command, "--auto-approve", "--lock-timeout", "30s", "--parallelism", "1"}, paths...)
}

// must runs lvsctl without faults.
func (f *faultHosts) must(args []string) ran {
	f.Helper()
	r := f.lvsctl(nil, args...)
	if r.code != 0 {
		f.Fatalf("lvsctl %s: exit code %d\n%s", strings.Join(args, " "), r.code, r.out)
	}
	return r
}

// A passage is a run of lvsctl that leads hosts from a start to a goal.
type passage struct {
	*faultHosts
	args        []string // of the run
	undo        []string // undoes it while it is not finished
	back        []string // leads back from the goal
	start, goal map[string]hostState
	name        string
	told        int // hosts that take part, and hear that it begins and has ended
}

// The names of the passages.
const (
	theFirst    = "first" // the most important one
	theEdit     = "edit"
	theRollback = "rollback"
	theDestroy  = "destroy"
)

// tryAll makes the passage undisturbed, and then with one case after the other.
func (p *passage) tryAll(name, level string, total map[string]int) {
	p.name = name
	whole := p.must(p.args)
	p.goal = p.look()
	p.must(p.back)
	if !p.same("back from the goal", p.start) {
		return
	}
	p.told = whole.starts
	p.Logf("%d steps, %d hosts", len(whole.steps), p.told)
	var cases []faultCase
	switch {
	case p.name == theRollback: // that of an apply that failed meets faults at its steps
	case level == "all":
		cases = allCases(whole.steps)
	default:
		cases = someCases(whole.steps, p.name == theFirst)
	}
	if level == "examples" && p.name == theFirst {
		cases = append(cases, otherCases(whole.steps)...)
	}
	if level == "all" {
		cases = append(cases, allTellings(p.name, whole.starts)...)
	} else {
		cases = append(cases, someTellings(p.name, whole.starts)...)
	}
	for _, c := range cases {
		if !p.Run(fmt.Sprintf("%d-%s", c.faults[0].step, c), func(t *testing.T) {
			total[c.String()]++
			one := *p
			one.faultHosts = &faultHosts{t, p.hosts, p.count, p.from}
			one.try(c)
		}) {
			return // where the hosts are now nobody knows
		}
	}
	p.same("after the last case", p.start)
}

// try makes the passage with faults, and then leads back to the start.
func (p *passage) try(c faultCase) {
	args := p.args
	if c.keep {
		args = slices.Insert(slices.Clone(args), 1, "--on-failure", "keep")
	}
	r := p.lvsctl(c.faults, args...)
	if !happened(c.faults[0], r) {
		p.Fatalf("no fault: exit code %d\n%s", r.code, r.out)
	}
	c.faults = slices.DeleteFunc(c.faults, func(f fault) bool { return !happened(f, r) })
	code := p.codeOf(c)
	p.expect(r, code)
	switch {
	case code == 5, code == 1, code == 7:
		p.same("all is as before", p.start)
		return
	case c.again != nil:
		p.expect(p.lvsctl([]fault{*c.again}, p.args...), 137)
	}
	switch {
	case c.goOn:
		p.expect(p.lvsctl(nil, p.args...), p.goingOn(c))
		p.same("goal", p.goal)
		p.expect(p.lvsctl(nil, p.back...), 0) // to the start, as the next case finds
	case c.anew:
		p.tryAnew(c)
	case p.name == theDestroy && p.ended(c) > 0:
		r := p.lvsctl(nil, p.undo...)
		if p.expect(r, 1); p.ended(c) < p.told && !strings.Contains(r.out, "there is no way back") {
			p.Errorf("the rollback says\n%s", r.out)
		}
		p.expect(p.lvsctl(nil, p.args...), 0)
		p.same("goal", p.goal)
		p.expect(p.lvsctl(nil, p.back...), 0)
	default:
		p.expect(p.lvsctl(nil, p.undo...), 0)
		p.same("undone", p.start)
	}
}

// codeOf is the exit code of a run with faults.
func (p *passage) codeOf(c faultCase) int {
	first := c.faults[0]
	switch {
	case slices.ContainsFunc(c.faults, fault.killsLvsctl):
		return 137
	case first.telling() == theStart && p.name != theRollback && first.losesAgent():
		return 7
	case first.telling() == theStart && p.name != theRollback:
		return 1
	case first.telling() != "", c.keep, len(c.faults) > 1, first.kind == cutLink:
		return 6
	}
	return 5
}

// goingOn is the exit code of going on with what a fault met.
func (p *passage) goingOn(c faultCase) int {
	if p.name == theRollback && p.ended(c) == p.told {
		return 1 // nothing is left to go back to
	}
	return 0
}

// ended is how many hosts have heard that it has ended.
func (p *passage) ended(c faultCase) int {
	f := c.faults[len(c.faults)-1]
	if f.telling() != theEnd {
		return 0
	}
	n := p.told - 1
	if f.killsLvsctl() {
		n = f.step
	}
	if strings.HasPrefix(f.when, "after") || f.kind == killLvsctl || f.kind == closePipe {
		n++
	}
	return n
}

// tryAnew makes all again that a destroy took away before all hosts had heard that it was
// done, and undoes that. If none had, it was the destroy that was gone on with.
func (p *passage) tryAnew(c faultCase) {
	p.expect(p.lvsctl(nil, p.back...), 0)
	p.same("made anew", p.start)
	p.expect(p.lvsctl(nil, p.undo...), 0)
	undone := p.goal
	if p.ended(c) == 0 {
		undone = p.start
	}
	p.same("undone", undone)
	p.expect(p.lvsctl(nil, p.back...), 0)
}

func (p *passage) expect(r ran, code int) {
	p.Helper()
	if r.code != code {
		p.Fatalf("exit code %d, want %d\n%s", r.code, code, r.out)
	}
}

// happened tells from what was counted in a run whether a fault did.
func happened(f fault, r ran) bool {
	switch {
	case f.telling() == theStart:
		return f.step < r.starts
	case f.telling() == theEnd:
		return f.step < r.ends
	case f.step >= len(r.steps):
		return false
	}
	changes := 1
	if r.steps[f.step] == emptyStep {
		changes = 0
	}
	return f.fits(changes)
}

// A faultCase is what goes wrong in a passage, and what is done about it.
type faultCase struct {
	faults []fault // the second one is for the rollback
	keep   bool    // with --on-failure keep
	again  *fault  // what goes wrong then, as the run is made again
	goOn   bool    // what is not rolled back is gone on with, not undone
	anew   bool    // what was taken away is made again
}

// String says what kind of case it is.
func (c faultCase) String() string {
	var words []string
	for _, f := range c.faults {
		words = append(words, string(f.kind)+"-"+f.when)
	}
	text := strings.Join(words, "-then-")
	if c.keep {
		text += "-keep"
	}
	if c.again != nil {
		text += "-again-" + string(c.again.kind) + "-" + c.again.when
	}
	if c.anew {
		text += "-anew"
	}
	if c.goOn {
		text += "-go-on"
	}
	return text
}

// failures are the kinds of faults that are a change that fails, in an order to take turns.
var failures = []faultKind{"EPERM", "EBUSY", "ENOBUFS", "EIO", unanswered}

// someCases are those of make test. There are four ways to disturb a step that differ, and
// they take turns in what is done about it. Each step is disturbed in all of the ways where
// that is wanted, and in one of them in turn otherwise.
func someCases(steps string, allWays bool) (cases []faultCase) {
	for i, mark := range steps {
		turn := i % 4
		killed := faultCase{faults: []fault{{[]faultKind{killLvsctl, killBoth}[i%2], "mid", i}}, goOn: turn == 0 || turn == 3}
		lost := faultCase{faults: []fault{{killAgent, "mid", i}}}
		deaf := faultCase{faults: []fault{{closePipe, "mid", i}}}
		failed := faultCase{faults: []fault{{failures[turn], "mid", i}}, keep: turn == 2, goOn: i%8 == 2}
		if mark == emptyStep {
			failed = faultCase{faults: []fault{{killBoth, "before", i}}}
		}
		switch turn {
		case 1:
			deaf.faults = append(deaf.faults, fault{killBoth, "mid", i + 1})
		case 3:
			lost.faults = append(lost.faults, fault{failures[i/4%4], "mid", i + 1})
		}
		ways := []faultCase{killed, lost, failed, deaf}
		if !allWays {
			way := (i + i/4) % 4
			ways = ways[way : way+1]
		}
		cases = append(cases, ways...)
	}
	return cases
}

// otherCases are those of one step that do not have their turn in someCases.
func otherCases(steps string) (cases []faultCase) {
	for i, mark := range steps {
		cases = append(cases, faultCase{faults: []fault{{[]faultKind{killLvsctl, killBoth}[(i+1)%2], "mid", i}}, goOn: i%4 == 1 || i%4 == 2})
		for k, kind := range failures {
			if k != i%4 && mark != emptyStep {
				cases = append(cases, faultCase{faults: []fault{{kind, "mid", i}}})
			}
		}
	}
	return cases
}

// allCases are those of FAULTS=all.
func allCases(steps string) (cases []faultCase) {
	for i, mark := range steps {
		for _, when := range []string{"before", "mid", "after"} {
			for _, kind := range []faultKind{killAgent, closePipe} {
				cases = append(cases, faultCase{faults: []fault{{kind, when, i}}})
			}
			for _, kind := range []faultKind{killLvsctl, killBoth} {
				for _, goOn := range []bool{true, false} {
					cases = append(cases, faultCase{faults: []fault{{kind, when, i}}, goOn: goOn})
				}
			}
			if mark != emptyStep {
				cases = append(cases, failingCases(when, i)...)
			}
		}
		for k, second := range []faultKind{killAgent, killLvsctl, killBoth, closePipe, failures[i%4]} {
			faults := []fault{{killAgent, "mid", i}, {second, "mid", i + 1 + (i+k)%3}}
			cases = append(cases, faultCase{faults: faults, goOn: (i+k)%2 == 0})
		}
	}
	return cases
}

// failingCases are those of one change that fails.
func failingCases(when string, i int) (cases []faultCase) {
	for _, kind := range failures {
		cases = append(cases, faultCase{faults: []fault{{kind, when, i}}})
	}
	for _, goOn := range []bool{true, false} {
		cases = append(cases, faultCase{faults: []fault{{failures[i%len(failures)], when, i}}, keep: true, goOn: goOn})
	}
	return cases
}

// What hosts are told, and when a fault comes.
const (
	beforeStart = "before-" + theStart
	afterStart  = "after-" + theStart
	beforeEnd   = "before-" + theEnd
	afterEnd    = "after-" + theEnd
)

// someTellings are faults of make test at hosts that are told that an apply begins or has
// ended.
func someTellings(passage string, hosts int) (cases []faultCase) {
	last := hosts - 1
	one := func(kind faultKind, when string, host int) faultCase {
		return faultCase{faults: []fault{{kind, when, host}}}
	}
	goOn := func(c faultCase) faultCase { c.goOn = true; return c }
	anew := func(c faultCase) faultCase { c.anew = true; return c }
	cases = []faultCase{
		one(killBoth, beforeStart, last), goOn(one(killBoth, beforeEnd, 1)), one(killAgent, afterStart, 1),
	}
	switch passage {
	case theFirst:
		cases = append(cases, goOn(one(killLvsctl, beforeStart, 0)), one("EIO", beforeStart, last), one(closePipe, beforeStart, 0),
			one(killBoth, beforeEnd, 0), one(killAgent, beforeEnd, 1), goOn(one("EIO", beforeEnd, last)),
			faultCase{faults: []fault{{killAgent, "mid", 1}, {killBoth, beforeStart, hosts + 1}}},
			faultCase{faults: []fault{{killAgent, "mid", 1}, {killBoth, beforeEnd, 1}}})
	case theEdit:
		cases = append(cases, one(killLvsctl, afterEnd, 1),
			faultCase{faults: []fault{{"EPERM", "mid", 2}, {killBoth, beforeEnd, 1}}, keep: true},
			faultCase{faults: []fault{{killBoth, "mid", 2}}, again: &fault{killBoth, beforeStart, min(1, last)}})
	case theRollback:
		cases = append(cases, one(killBoth, beforeEnd, 1), goOn(one(killAgent, beforeEnd, last)), goOn(one(killLvsctl, afterEnd, last)))
	case theDestroy:
		cases = append(cases, one(killBoth, beforeEnd, 0), one(killBoth, beforeEnd, 1), anew(one(killBoth, beforeEnd, 1)), one(killAgent, afterEnd, 1),
			goOn(one("EIO", beforeEnd, last)))
	}
	return slices.DeleteFunc(cases, func(c faultCase) bool {
		first := c.faults[0]
		unheard := first.kind == killBoth && first.when == beforeStart && first.step == 0 && passage != theRollback // nothing of it is there to be undone
		return first.telling() != "" && first.step >= hosts || unheard && !c.goOn && c.again == nil
	})
}

// allTellings are those of FAULTS=all.
func allTellings(passage string, hosts int) (cases []faultCase) {
	for host := range hosts {
		for _, when := range []string{beforeStart, afterStart, beforeEnd, afterEnd} {
			for _, kind := range []faultKind{killAgent, closePipe, killLvsctl, killBoth, "EIO"} {
				c := faultCase{faults: []fault{{kind, when, host}}}
				unheard := kind == killBoth && when == beforeStart && host == 0 // nothing of it is there to be undone
				if !unheard || passage == theRollback {
					cases = append(cases, c)
				}
				if c.goOn = true; !strings.HasSuffix(when, theStart) || kind == killLvsctl || kind == killBoth {
					cases = append(cases, c)
				}
				if c.goOn, c.anew = false, true; passage == theDestroy && strings.HasSuffix(when, theEnd) {
					cases = append(cases, c)
				}
			}
		}
		for k, kind := range []faultKind{killAgent, closePipe, killLvsctl, killBoth, "EIO"} {
			if passage == theRollback {
				continue
			}
			goOn := (host+k)%2 == 0
			cases = append(cases,
				faultCase{faults: []fault{{killAgent, "mid", 1}, {kind, beforeStart, hosts + host}}, goOn: goOn},
				faultCase{faults: []fault{{killAgent, "mid", 1}, {kind, afterStart, hosts + host}}, goOn: !goOn},
				faultCase{faults: []fault{{killAgent, "mid", 1}, {kind, beforeEnd, host}}, goOn: true},
				faultCase{faults: []fault{{"EPERM", "mid", 1}, {kind, beforeEnd, host}}, keep: true, goOn: goOn})
		}
		if passage != theRollback {
			cases = append(cases, faultCase{faults: []fault{{killBoth, "mid", 1}}, again: &fault{killBoth, beforeStart, host}})
		}
	}
	return cases
}
