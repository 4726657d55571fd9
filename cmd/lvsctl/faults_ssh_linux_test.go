package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
)

// Hosts that ssh reaches can be lost in two ways more: the session ends, or nothing gets
// through any more and nobody says so. Whichever it is, and at whatever step, the hosts are at
// the start or at the goal after lvsctl has rolled back by itself, or been run once more.
//
// The tutorial cluster is applied from a machine of its own. With FAULTS set a host is lost at
// every step, and otherwise at some.
func TestFaultsBySSH(t *testing.T) {
	s := sites[0]
	s.hosts = append(s.hosts[:len(s.hosts):len(s.hosts)], lan("ci", "192.168.80.9/24"))
	f := newFaultHosts(t, s)
	f.from = f.hosts["ci"]
	delete(f.hosts, "ci")
	config := f.bySSH(t)
	p := &passage{
		faultHosts: f, name: theFirst, args: change("apply", config),
		back: change("rollback", config), undo: change("rollback", config), start: f.look(),
	}
	whole := p.must(p.args)
	p.goal = p.look()
	p.must(p.back)
	p.same("back from the goal", p.start)
	start, n := time.Now(), 0
	for i := range whole.steps {
		cut := faultCase{faults: []fault{{cutLink, "mid", i}}, goOn: i%2 == 0}
		ended := faultCase{faults: []fault{{killSSHD, "mid", i}}}
		cases := []faultCase{ended, cut}
		if os.Getenv("FAULTS") == "" {
			cases = map[int][]faultCase{1: {ended}, 7: {cut}}[i]
		}
		for _, c := range cases {
			if n++; !t.Run(fmt.Sprintf("%d-%s", i, c), func(t *testing.T) {
				one := *p
				one.faultHosts = &faultHosts{t, p.hosts, p.count, p.from}
				one.try(c)
			}) {
				return
			}
		}
	}
	p.same("after the last case", p.start)
	t.Logf("%d cases in %s", n, time.Since(start).Round(time.Second))
}

// bySSH has the hosts reached by ssh, and returns the config that says so. Their agents have
// their faults from a file: the environment does not get there.
func (f *faultHosts) bySSH(t *testing.T) []string {
	dir := t.TempDir()
	keys := filepath.Join(dir, "ssh")
	f.from.Run("sh", "-euc", sshClientScript, "sh", keys)
	lvsctl, err := exec.LookPath("lvsctl")
	if err != nil {
		t.Fatal(err)
	}
	agent := filepath.Join(dir, "agent")
	script := fmt.Sprintf("#!/bin/sh\nexport %s=\"$(cat %s.faults)\" %s=%s\nexec %s \"$@\"\n", faultsEnv, f.count, countEnv, f.count, lvsctl)
	if err := os.WriteFile(agent, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	hosts, err := os.ReadFile("../../examples/small/hosts.hcl")
	if err != nil {
		t.Fatal(err)
	}
	text := string(hosts)
	for name, addr := range map[string]string{"lb1": "192.168.80.10", "web1": "192.168.80.12", "web2": "192.168.80.13"} {
		f.hosts[name].Run("sh", "-euc", sshdScript, "sh", keys, addr, "admin")
		reach := fmt.Sprintf("\n  ssh {\n    user    = \"admin\"\n    timeout = \"20s\"\n    agent   = %q\n  }\n", agent)
		before := text
		if text = strings.Replace(text, fmt.Sprintf("  netns     = %q\n", name), reach, 1); text == before {
			t.Fatalf("%s is reached in another way", name)
		}
	}
	file := filepath.Join(dir, "hosts.hcl")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cluster, err := filepath.Abs("../../examples/small/cluster.hcl")
	if err != nil {
		t.Fatal(err)
	}
	return []string{cluster, file}
}

// prepare leaves word of the faults for agents.
func (f *faultHosts) prepare(faults string) {
	if err := os.WriteFile(f.count+".faults", []byte(faults), 0o600); err != nil {
		f.Fatal(err)
	}
}

// cutLinks cuts the link to a host whose agent asks for that, until the returned function is
// called.
func (f *faultHosts) cutLinks() (mend func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-over:
				return
			case <-time.After(20 * time.Millisecond):
			}
			to, err := os.ReadFile(f.count + cutWanted)
			if err != nil || len(to) == 0 {
				continue
			}
			err = cut(f.from, string(to))
			if err == nil {
				err = os.WriteFile(f.count+cutDone, nil, 0o600)
			}
			<-over
			if _, mendErr := f.from.RunErr("nft", "delete", "table", "inet", "cut"); err != nil || mendErr != nil {
				f.Error(err, mendErr)
			}
			return
		}
	}()
	return func() {
		close(over)
		<-done
	}
}

// cut lets nothing through between a host and an address.
func cut(h *topo.Host, addr string) error {
	_, err := h.RunErr("nft", fmt.Sprintf("add table inet cut { chain out { type filter hook output priority 0; ip daddr %[1]s drop; }; chain in { type filter hook input priority 0; ip saddr %[1]s drop; }; }", addr))
	return err
}
