package provider

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// expectDaemons compares what ipvsadm lists with lines.
func expectDaemons(t *testing.T, want ...string) {
	t.Helper()
	got := slices.Collect(strings.Lines(run(t, "ipvsadm --list --numeric --daemon")))
	for i := range got {
		got[i] = strings.TrimSpace(got[i])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ipvsadm --list --daemon (-want +got):\n%s", diff)
	}
}

// syncing is a machine with two interfaces to multicast on.
func syncing(t *testing.T) *Machine {
	m := kernel(t)
	run(t, "modprobe ip_vs")
	run(t, "ip link add jumbo0 mtu 9000 type dummy")
	run(t, "ip link set jumbo0 up")
	for _, link := range []string{"eth0", "jumbo0"} {
		run(t, "ip addr add 192.0.2.1/24 dev "+link)
		run(t, "ip addr add fe80::1/64 dev "+link+" nodad")
	}
	return m
}

func TestKernelSyncDaemons(t *testing.T) {
	m := syncing(t)
	master := resource.SyncDaemon{
		Role: resource.SyncMaster, Interface: "eth0", ID: 7, MaxLen: 1400, Group: addr("224.0.0.81"), Port: 8848, TTL: 1,
	}
	backup := resource.SyncDaemon{
		Role: resource.SyncBackup, Interface: "jumbo0", MaxLen: 8972, Group: addr("239.1.2.3"), Port: 9000, TTL: 64,
	}
	const masterLine = "master sync daemon (mcast=eth0, syncid=7, maxlen=1400, group=224.0.0.81, port=8848, ttl=1)"
	const backupLine = "backup sync daemon (mcast=jumbo0, syncid=0, maxlen=8972, group=239.1.2.3, port=9000, ttl=64)"
	apply(t, m, create(master))
	expectDaemons(t, masterLine)
	expectRead(t, m, master)
	apply(t, m, create(backup))
	expectDaemons(t, masterLine, backupLine)
	expectRead(t, m, master, backup)
	expectRead(t, m, backup) // and no other is read
	for _, daemon := range []resource.SyncDaemon{master, backup} {
		fails(t, m, "exists already", create(daemon))
	}

	moved := master
	moved.Interface, moved.ID, moved.Group, moved.MaxLen = "jumbo0", 255, addr("ff02::81"), 1
	const movedLine = "master sync daemon (mcast=jumbo0, syncid=255, maxlen=1, group=ff02::81, port=8848, ttl=1)"
	apply(t, m, update(master, moved))
	expectDaemons(t, movedLine, backupLine)
	expectRead(t, m, moved, backup)

	apply(t, m, remove(backup))
	expectDaemons(t, movedLine)
	if got := read(t, m, backup); got.Len() != 0 {
		t.Errorf("read after it was stopped: %v", got)
	}
	apply(t, m, remove(backup), remove(moved), update(moved, master)) // gone already
	expectDaemons(t, masterLine)
	apply(t, m, remove(master))
	expectDaemons(t)
}

// What the kernel makes of a daemon that leaves things open, or asks for too much.
func TestKernelSyncDaemonDefaults(t *testing.T) {
	m := syncing(t)
	tests := []struct {
		name   string
		asked  resource.SyncDaemon
		length uint16
	}{
		{"a master, whatever the MTU", resource.SyncDaemon{Role: resource.SyncMaster, Interface: "jumbo0"}, 1472},
		{"a backup, by the MTU", resource.SyncDaemon{Role: resource.SyncBackup, Interface: "jumbo0"}, 8972},
		{"a backup on a loopback", resource.SyncDaemon{Role: resource.SyncBackup, Interface: "lo"}, 65507},
		{"a master with IPv6", resource.SyncDaemon{Role: resource.SyncMaster, Interface: "eth0", Group: addr("ff02::81")}, 1452},
		{"a backup with IPv6", resource.SyncDaemon{Role: resource.SyncBackup, Interface: "eth0", Group: addr("ff02::81")}, 1452},
		{"a small master", resource.SyncDaemon{Role: resource.SyncMaster, Interface: "eth0", MaxLen: 1}, 1},
		{"a small backup", resource.SyncDaemon{Role: resource.SyncBackup, Interface: "eth0", MaxLen: 1023}, 1024},
		{"a big master", resource.SyncDaemon{Role: resource.SyncMaster, Interface: "eth0", MaxLen: 65535}, 65507},
		{"a big backup with IPv6", resource.SyncDaemon{Role: resource.SyncBackup, Interface: "eth0", MaxLen: 65535, Group: addr("ff02::81")}, 65487},
	}
	for _, test := range tests { // no subtests: they would run in another namespace
		t.Log(test.name)
		want := test.asked
		want.MaxLen, want.Port, want.TTL = test.length, 8848, 1
		if !want.Group.IsValid() {
			want.Group = addr("224.0.0.81")
		}
		apply(t, m, create(test.asked))
		expectDaemons(t, fmt.Sprintf("%s sync daemon (mcast=%s, syncid=0, maxlen=%d, group=%s, port=8848, ttl=1)",
			want.Role, want.Interface, want.MaxLen, want.Group))
		expectRead(t, m, want)
		apply(t, m, remove(want))
	}
}

func TestKernelSyncDaemonFails(t *testing.T) {
	m := syncing(t)
	daemon := resource.SyncDaemon{Role: resource.SyncMaster, Interface: "eth9", Group: addr("224.0.0.81")}
	fails(t, m, "start ipvs sync daemon (master): no such device", create(daemon))
	daemon.Interface = "eth0"
	daemon.Group = addr("192.0.2.81")
	fails(t, m, "invalid", create(daemon))
	daemon.Group = addr("224.0.0.81")
	run(t, "ip link set eth0 down")
	fails(t, m, "network is unreachable", create(daemon))
	daemon.Role = 3
	fails(t, m, "invalid: sync daemon of role(3)", create(daemon))
	expectDaemons(t)
}
