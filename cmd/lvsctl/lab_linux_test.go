package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
	"github.com/rogpeppe/go-internal/testscript"
)

// Whole sessions on a real kernel, with hosts that are network namespaces. Each script
// in testdata/lab is one; it has these commands beside testscript's own:
//
//	segment NAME mtu=N                             sets a segment's MTU, before its hosts
//	host NAME [systemd] NIC=SEGMENT:ADDR/LEN[,ADDR/LEN]...   adds a host
//	reboot HOST                                    boots its systemd again
//	on HOST COMMAND...                             runs a command there
//	snapshot NAME                                  remembers everything about every host
//	unchanged NAME                                 compares with that
//	unchanged-either NAME NAME                     demands that it is the one or the other
//
// and those in lab_traffic_linux_test.go and lab_ssh_linux_test.go.
func TestLab(t *testing.T) { labSessions(t, "testdata/lab") }

// Sessions with more requests and shorter times than a busy machine that emulates another
// one can be trusted with. make steady has them.
func TestSteady(t *testing.T) {
	if os.Getenv("STEADY") == "" {
		t.Skip("NOT TESTED: it wants a machine for itself, see make steady")
	}
	labSessions(t, "testdata/idle")
}

// labSessions runs all scripts in a directory.
func labSessions(t *testing.T, dir string) {
	scripts, err := filepath.Glob(dir + "/*.txtar")
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
					"segment": l.segment, "host": l.host, "reboot": l.reboot, "on": l.on, "snapshot": l.snapshot, "unchanged": l.unchanged, "unchanged-either": l.unchangedEither,
					"serve": l.serve, "serve-files": l.serveFiles, "serve-udp": l.serveUDP, "serve-echo": l.serveEcho, "fetch": l.fetch, "ask": l.ask,
					"sshd": l.sshd, "ssh-client": l.sshClient, "fleet": l.fleet, "share": l.share, "transfer": l.transfer, "load": l.startLoad, "unload": l.stopLoad,
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

func (l *lab) segment(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 2 && strings.HasPrefix(args[1], "mtu="), "segment NAME mtu=N")
	mtu, err := strconv.Atoi(strings.TrimPrefix(args[1], "mtu="))
	ts.Check(err)
	l.net.SegmentMTU(args[0], mtu)
}

func (l *lab) host(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) >= 1, "host NAME [systemd] NIC=SEGMENT:ADDR/LEN...")
	var opts []topo.HostOption
	for _, arg := range args[1:] {
		if arg == "systemd" {
			opts = append(opts, topo.Systemd())
			continue
		}
		nic, rest, _ := strings.Cut(arg, "=")
		segment, list, _ := strings.Cut(rest, ":")
		addrs, err := prefixes(list)
		ts.Check(err)
		opts = append(opts, topo.NIC(nic, segment, addrs...))
	}
	l.hosts[args[0]] = l.net.Host(args[0], opts...)
}

func (l *lab) reboot(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 1, "reboot HOST")
	l.at(ts, args[0]).Reboot()
}

func (l *lab) on(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, len(args) >= 2, "[!] on HOST COMMAND...")
	argv := slices.Concat(l.at(ts, args[0]).Enter(), args[1:])
	err := ts.Exec(argv[0], argv[1:]...)
	if (err != nil) != neg {
		ts.Fatalf("%s: %v", strings.Join(args, " "), err)
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

func (l *lab) unchangedEither(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 2 && l.snapshots[args[0]] != nil && l.snapshots[args[1]] != nil, "unchanged-either NAME NAME, after their snapshots")
	now := l.look()
	if !cmp.Equal(l.snapshots[args[0]], now) && !cmp.Equal(l.snapshots[args[1]], now) {
		ts.Fatalf("neither %s nor %s (-%[1]s +now):\n%s", args[0], args[1], cmp.Diff(l.snapshots[args[0]], now))
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
