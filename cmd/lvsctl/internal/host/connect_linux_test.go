package host

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// reach is a host of a config.
func reach(how schema.Reach) *schema.Host { return &schema.Host{Name: "h", Reach: how} }

// A network namespace shares the machine's files, so its state has a place of its own.
func TestNetnsAgent(t *testing.T) {
	expectAgent(t, "no-such-namespace",
		"ip", "netns", "exec", "no-such-namespace", self(t), "agent", "--state-dir", "/var/lib/lvsctl@no-such-namespace")
}

// One with mounts of its own has its state at the usual place there.
func TestNetnsAgentWithMounts(t *testing.T) {
	name := topo.New(t, topo.Prefix()).Host("pinned").Name
	expectAgent(t, name,
		"nsenter", "--net=/run/netns/"+name, "--mount=/run/mntns/"+name, "--", self(t), "agent", "--state-dir", "/var/lib/lvsctl")
}

func expectAgent(t *testing.T, namespace string, want ...string) {
	t.Helper()
	got, err := Connector{StateDir: "/var/lib/lvsctl"}.netnsAgent(namespace)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("agent in %s (-want +got):\n%s", namespace, diff)
	}
}

// self is the program that runs.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// An agent in a namespace changes that namespace, and keeps its ledger where it belongs.
func TestConnectNetns(t *testing.T) {
	network := topo.New(t, topo.Prefix())
	host := network.Host("far", topo.NIC("eth7", "lan", "192.0.2.10/24"))
	tests := []struct {
		name   string
		mounts bool
	}{{"with mounts", true}, {"without mounts", false}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			theirs := dir + "@" + host.Name // on the machine's own file system
			if test.mounts {
				dir = "/var/lib/lvsctl-test"
			} else {
				unpin(t, host.Name)
			}
			h, err := Connector{StateDir: dir, Version: "1.2.3"}.Connect(t.Context(), reach(schema.Reach{Netns: host.Name}))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = h.Close() })
			snap, err := h.Read(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"eth7", "lo"}, snap.Facts.Links); diff != "" || snap.Facts.Version != "agent" {
				t.Errorf("facts of version %s, links (-want +got):\n%s", snap.Facts.Version, diff)
			}
			if err := h.Lock(t.Context(), agent.Holder{Who: "me"}, 0); err != nil {
				t.Fatal(err)
			}
			apply(t, h, step("vip", create(vip("1"))))
			if got := host.Run("ip", "-o", "addr", "show", "dev", "lo"); !strings.Contains(got, "192.0.2.1/32") {
				t.Errorf("addresses there: %s", got)
			}
			if test.mounts {
				host.Run("test", "-s", dir+"/ledger")
				expectGone(t, dir)
			} else {
				expectLedger(t, theirs, resource.Claim{Want: vip("1"), Step: "vip"})
			}
			apply(t, h, step("vip", resource.Change{Action: resource.Delete, Before: vip("1")}))
			closed(t, h)
			if test.mounts {
				host.Run("test", "!", "-e", dir)
			} else {
				expectGone(t, theirs)
			}
		})
	}
}

// unpin takes away the name of the host's mounts, so that it looks as if it had none of
// its own.
func unpin(t *testing.T, name string) {
	t.Helper()
	pin := filepath.Join("/run/mntns", name)
	if err := unix.Unmount(pin, unix.MNT_DETACH); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(pin); err != nil {
		t.Fatal(err)
	}
}

func TestConnectFails(t *testing.T) {
	tests := []struct {
		name  string
		reach schema.Reach
		want  string
	}{
		{"no such namespace", schema.Reach{Netns: "no-such-namespace"}, "no agent answered: "},
		{"no such command", schema.Reach{Command: []string{"/no/such/ssh", "lb1"}}, "start /no/such/ssh: "},
		{"a command that ends", schema.Reach{Command: []string{"false"}}, "no agent answered: exit status 1"},
		{"what the command is given", schema.Reach{Command: []string{"sh", "-c", `echo "$0 $*" >&2; exit 4`, "sh"}}, "no agent answered: exit status 4: sh lvsctl agent"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Connector{}.Connect(t.Context(), reach(test.reach))
			var lost *agent.Error
			if !errors.As(err, &lost) || lost.Code != agent.Unreachable || !strings.HasPrefix(lost.Message, test.want) {
				t.Errorf("got %v\nwant %s…", err, test.want)
			}
		})
	}
}

// The command of a config is a slice that is not written to.
func TestConnectLeavesCommand(t *testing.T) {
	command := append(make([]string, 0, 9), "false")
	_, _ = Connector{}.Connect(t.Context(), reach(schema.Reach{Command: command}))
	if spare := command[:2][1]; spare != "" {
		t.Errorf("%q was written behind the command", spare)
	}
}

func TestConnectLocal(t *testing.T) {
	namespace(t)
	h, err := Connector{Machine: OpenMachine, StateDir: t.TempDir(), Version: "1.2.3"}.Connect(t.Context(), reach(schema.Reach{Local: true}))
	if err != nil {
		t.Fatal(err)
	}
	snap, err := h.Read(t.Context(), nil)
	if err != nil || snap.Facts.Version != "1.2.3" {
		t.Errorf("got %+v, %v", snap, err)
	}
	closed(t, h)
}
