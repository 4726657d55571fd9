package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
	"github.com/lvsctl/lvsctl/state"
)

// stateDir is where each host has its ledger, in its own view of the file system.
const stateDir = "/var/lib/lvsctl"

// A site is where an example is tried out.
type site struct {
	example string   // in examples
	edited  []string // what it is edited to
	modules []string // loaded before, since they bring something to every host and never go
	hosts   []siteHost
}

// A siteHost is one of the hosts of a site.
type siteHost struct {
	name    string
	options []topo.HostOption
	first   []string // a command that is run there before all
}

// faultHosts are the hosts of a site.
type faultHosts struct {
	*testing.T
	hosts map[string]*topo.Host
	count string     // the file in which steps are counted
	from  *topo.Host // where lvsctl runs, nil for here
}

func newFaultHosts(t *testing.T, s site) *faultHosts {
	n := topo.New(t)
	if out, err := exec.Command("modprobe", append([]string{"-a"}, s.modules...)...).CombinedOutput(); err != nil {
		t.Fatalf("modprobe: %v %s", err, out)
	}
	f := &faultHosts{t, map[string]*topo.Host{}, filepath.Join(t.TempDir(), "count"), nil}
	for _, h := range s.hosts {
		f.hosts[h.name] = n.Host(h.name, h.options...)
		if len(h.first) > 0 {
			f.hosts[h.name].Run(h.first[0], h.first[1:]...)
		}
	}
	return f
}

// A ran is how a run of lvsctl went.
type ran struct {
	code  int    // 137 if it was killed
	out   string // both streams
	steps string // a byte for each step that agents began; see countedStep
	// starts and ends are how often hosts were told that an apply begins and has ended.
	starts, ends int
}

// lvsctl runs lvsctl with faults.
func (f *faultHosts) lvsctl(faults []fault, args ...string) ran {
	f.Helper()
	counts, err := filepath.Glob(f.count + "*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range counts {
		if err := os.Remove(name); err != nil {
			f.Fatal(err)
		}
	}
	words := make([]string, len(faults))
	for i, fault := range faults {
		words[i] = fault.String()
	}
	argv := append([]string{"lvsctl"}, args...)
	if f.from != nil {
		f.prepare(strings.Join(words, ","))
		argv = append(f.from.Enter(), argv...)
		defer f.cutLinks()()
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), faultsEnv+"="+strings.Join(words, ","), countEnv+"="+f.count)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		f.Fatal(err)
	}
	steps, err := os.ReadFile(f.count)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.Fatal(err)
	}
	r := ran{cmd.ProcessState.ExitCode(), out.String(), string(steps), counted(f.count + "." + theStart), counted(f.count + "." + theEnd)}
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		r.code = 128 + int(status.Signal())
	}
	return r
}

// hostState is everything about a host.
type hostState struct {
	Snapshot string // by other tools
	Ledger   string // what lvsctl keeps, empty where it keeps nothing
}

// look looks at all hosts.
func (f *faultHosts) look() map[string]hostState {
	f.Helper()
	all := map[string]hostState{}
	for name, h := range f.hosts {
		s := hostState{Snapshot: h.Snapshot()}
		h.Inside(func() { s.Ledger = readBooks(f.T) })
		all[name] = s
	}
	return all
}

// readBooks is what the ledger of the present host says, but for which apply was the last.
func readBooks(t *testing.T) string {
	if _, err := os.Stat(stateDir); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	store, err := state.Open(stateDir)
	if err != nil {
		t.Errorf("open ledger: %v", err)
		return err.Error()
	}
	defer store.Close()
	ledger, journal := store.Ledger(), store.Journal()
	data, err := json.MarshalIndent(struct {
		Claims  any
		Steps   any
		Notices []string
		Ended   bool
	}{ledger.Sorted(), ledger.Steps, store.Notices(), journal == nil || journal.Ended()}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// same compares what is with what was.
func (f *faultHosts) same(what string, want map[string]hostState) bool {
	f.Helper()
	diff := cmp.Diff(want, f.look())
	if diff != "" {
		f.Errorf("%s (-want +got):\n%s", what, diff)
	}
	return diff == ""
}
