package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
)

func TestKernelSysctls(t *testing.T) {
	m := kernel(t)
	run(t, "ip link add link eth0 name eth0.100 type vlan id 100")
	tests := []struct{ name, before, after string }{
		{"net.ipv4.ip_forward", "0", "1"},
		{"net.ipv4.conf.all.arp_ignore", "0", "1"},
		{"net.ipv4.conf.eth0.arp_announce", "0", "2"},
		{resource.LinkSysctl("net.ipv4.conf", "eth0.100", "arp_ignore"), "0", "8"},
		{"net.ipv4.tcp_rmem", "", "4096 65536 131072"},
		{"net.ipv4.ip_local_reserved_ports", "", "80,8080-8090"}, // nothing is a value, too
	}
	for _, test := range tests { // no subtests: they would run in another namespace
		t.Log(test.name)
		before := resource.Sysctl{Name: test.name, Value: test.before}
		if test.name == "net.ipv4.tcp_rmem" { // depends on the machine's memory
			before.Value = sysctl(t, test.name)
		}
		after := resource.Sysctl{Name: test.name, Value: test.after}
		expectRead(t, m, before)
		apply(t, m, update(before, after))
		expectSysctl(t, after)
		expectRead(t, m, after)
		apply(t, m, resource.Change{Action: resource.Restore, Before: after, After: before})
		expectSysctl(t, before)
	}
	if got := sysctl(t, "net.ipv4.conf.eth0.arp_ignore"); got != "0" {
		t.Errorf("eth0 got the setting of eth0.100: %s", got)
	}
}

// sysctl is a setting as sysctl(8) prints it, but for tabs.
func sysctl(t *testing.T, name string) string {
	t.Helper()
	return strings.Join(strings.Fields(run(t, "sysctl -n "+name)), " ")
}

func expectSysctl(t *testing.T, want resource.Sysctl) {
	t.Helper()
	if got := sysctl(t, want.Name); got != want.Value {
		t.Errorf("sysctl -n %s: got %q, want %q", want.Name, got, want.Value)
	}
}

// IPVS turns its defences on and off by itself. That somebody asked it to do so has not
// changed meanwhile.
func TestKernelSysctlFlips(t *testing.T) {
	m := kernel(t)
	run(t, "modprobe ip_vs")
	run(t, "sysctl -qw net.ipv4.vs.amemthresh=2147483647") // pages: memory is always short
	for _, name := range []string{"drop_entry", "drop_packet", "secure_tcp"} {
		asked := resource.Sysctl{Name: "net.ipv4.vs." + name, Value: "1"}
		apply(t, m, update(resource.Sysctl{Name: asked.Name, Value: "0"}, asked))
		for deadline := time.Now().Add(30 * time.Second); sysctl(t, asked.Name) != "2"; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s is %s: the kernel does not switch it", name, sysctl(t, asked.Name))
			}
		}
		expectRead(t, m, asked)
		for _, value := range []string{"0", "3"} { // off and on, whatever memory there is
			fixed := resource.Sysctl{Name: asked.Name, Value: value}
			apply(t, m, update(asked, fixed))
			expectSysctl(t, fixed)
			expectRead(t, m, fixed)
		}
	}
	run(t, "sysctl -qw net.ipv4.vs.sloppy_tcp=2") // no other setting is taken for these
	expectRead(t, m, resource.Sysctl{Name: "net.ipv4.vs.sloppy_tcp", Value: "2"})
}

func TestKernelSysctlFails(t *testing.T) {
	m := kernel(t)
	missing := resource.Sysctl{Name: "net.ipv4.conf.eth9.arp_ignore", Value: "1"}
	if got := read(t, m, missing); got.Len() != 0 {
		t.Errorf("read %v", got)
	}
	fails(t, m, "no such file", update(missing, missing))
	forward := resource.Sysctl{Name: "net.ipv4.ip_forward", Value: "perhaps"}
	fails(t, m, "/proc/sys/net/ipv4/ip_forward: invalid argument", update(forward, forward))
	expectSysctl(t, resource.Sysctl{Name: forward.Name, Value: "0"})
	fails(t, m, "permission denied", update(forward, resource.Sysctl{Name: "net.ipv4.tcp_available_congestion_control", Value: "x"}))
	fails(t, m, "cannot delete a sysctl", remove(forward))
}

// A name cannot lead out of /proc/sys, wherever its dots and slashes are.
func TestSysctlEscape(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", victim, "../.." + victim, "net/../../.." + victim, "../no/such/file", "net/ipv4/../../.."} {
		s := resource.Sysctl{Name: swapped.Replace(path), Value: "x"}
		if s.Path() != path {
			t.Fatalf("the path of %q is %q, not %q", s.Name, s.Path(), path)
		}
		if err := (sysctlDriver{}).read([]resource.Key{s.Key()}, &resource.Snapshot{Live: resource.NewSet()}); err == nil || !strings.Contains(err.Error(), "not a name below /proc/sys") {
			t.Errorf("read %q: %v", path, err)
		}
		expectOutcome(t, (sysctlDriver{}).apply([]resource.Change{update(s, s)}), 1, map[int]string{0: "not a name below /proc/sys"})
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "kept" {
		t.Errorf("a file elsewhere now has %q, %v", text, err)
	}
}

// swapped turns a path into a sysctl's name.
var swapped = strings.NewReplacer("/", ".", ".", "/")
