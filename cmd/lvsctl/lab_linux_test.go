package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
	"github.com/rogpeppe/go-internal/testscript"
)

// Whole sessions on a real kernel, with hosts that are network namespaces. Each script
// in testdata/lab is one; it has these commands beside testscript's own:
//
//	host NAME NIC=SEGMENT:ADDR/LEN[,ADDR/LEN]...   adds a host
//	serve HOST ADDR TEXT                           starts a web server there
//	on HOST COMMAND...                             runs a command there
//	fetch HOST URL N                               fetches N times, prints "BODY from SOURCE"
//	load HOST URL RATE                             fetches RATE times a second from now on
//	unload                                         stops that; no request may have failed
//	snapshot NAME                                  remembers everything about every host
//	unchanged NAME                                 compares with that
func TestLab(t *testing.T) {
	scripts, err := filepath.Glob("testdata/lab/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no lab scripts", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
			l := &lab{net: topo.New(t), hosts: map[string]*topo.Host{}, snapshots: map[string]map[string]string{}}
			testscript.RunT(inline{t}, testscript.Params{
				Files:               []string{script},
				Setup:               setup,
				UpdateScripts:       os.Getenv("UPDATE") != "",
				RequireExplicitExec: true,
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"host": l.host, "serve": l.serve, "on": l.on, "fetch": l.fetch, "load": l.startLoad,
					"unload": l.stopLoad, "snapshot": l.snapshot, "unchanged": l.unchanged,
				},
			})
		})
	}
}

// inline runs the one script of a testscript run within the test itself.
type inline struct{ *testing.T }

func (t inline) Run(_ string, f func(testscript.T)) { f(t) }
func (t inline) Parallel()                          {}
func (t inline) Verbose() bool                      { return testing.Verbose() }

// lab is the topology of one script.
type lab struct {
	net       *topo.Net
	hosts     map[string]*topo.Host
	snapshots map[string]map[string]string
	load      *topo.Load
}

func (l *lab) at(ts *testscript.TestScript, name string) *topo.Host {
	h, ok := l.hosts[name]
	if !ok {
		ts.Fatalf("no host %q", name)
	}
	return h
}

func (l *lab) host(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) >= 1, "host NAME NIC=SEGMENT:ADDR/LEN...")
	var opts []topo.HostOption
	for _, arg := range args[1:] {
		nic, rest, _ := strings.Cut(arg, "=")
		segment, addrs, _ := strings.Cut(rest, ":")
		opts = append(opts, topo.NIC(nic, segment, strings.Split(addrs, ",")...))
	}
	l.hosts[args[0]] = l.net.Host(args[0], opts...)
}

func (l *lab) serve(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 3, "serve HOST ADDR TEXT")
	l.at(ts, args[0]).Serve(topo.HTTP(args[1], args[2]))
}

func (l *lab) on(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, len(args) >= 2, "[!] on HOST COMMAND...")
	argv := slices.Concat(l.at(ts, args[0]).Enter(), args[1:])
	err := ts.Exec(argv[0], argv[1:]...)
	if (err != nil) != neg {
		ts.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
}

func (l *lab) fetch(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, len(args) == 3, "[!] fetch HOST URL N")
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	for range n {
		r := l.at(ts, args[0]).Get(args[1])
		if (r.Err != nil) != neg {
			ts.Fatalf("fetch: %s", r)
		}
		fmt.Fprintf(ts.Stdout(), "%s from %s\n", r.Body, r.Source)
	}
}

func (l *lab) startLoad(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 3 && l.load == nil, "load HOST URL RATE, once")
	rate, err := strconv.ParseFloat(args[2], 64)
	ts.Check(err)
	l.load = l.at(ts, args[0]).Load(args[1], topo.Rate(rate), topo.Timeout(5*time.Second))
}

func (l *lab) stopLoad(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 0 && l.load != nil, "unload, after load")
	r := l.load.Stop()
	l.load = nil
	ts.Logf("%d requests, %d failed, %v", r.Requests, r.Failed, r.Bodies)
	if r.Failed > 0 || r.Requests == 0 {
		ts.Fatalf("%d of %d requests failed: %v", r.Failed, r.Requests, r.Errors)
	}
	for _, body := range slices.Sorted(maps.Keys(r.Bodies)) {
		fmt.Fprintln(ts.Stdout(), body)
	}
}

func (l *lab) snapshot(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 1, "snapshot NAME")
	l.snapshots[args[0]] = l.look()
}

func (l *lab) unchanged(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, len(args) == 1 && l.snapshots[args[0]] != nil, "[!] unchanged NAME, after snapshot NAME")
	diff := cmp.Diff(l.snapshots[args[0]], l.look())
	if (diff != "") != neg {
		ts.Fatalf("since snapshot %s (-then +now):\n%s", args[0], diff)
	}
}

// look takes a snapshot of every host.
func (l *lab) look() map[string]string {
	snaps := map[string]string{}
	for name, h := range l.hosts {
		snaps[name] = h.Snapshot()
	}
	return snaps
}

func need(ts *testscript.TestScript, ok bool, usage string) {
	if !ok {
		ts.Fatalf("usage: %s", usage)
	}
}
