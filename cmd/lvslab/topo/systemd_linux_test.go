package topo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
)

// A host with systemd is one machine: what systemd starts is in the host's network, and
// sees the host's files.
func TestSystemd(t *testing.T) {
	var name string
	t.Run("host", func(t *testing.T) {
		n := topo.New(t, topo.Prefix())
		h := n.Host("lb1", topo.Systemd(), topo.NIC("ens33", "lan", "192.168.80.10/24"))
		name = h.Name
		plain := n.Host("web1", topo.NIC("ens33", "lan", "192.168.80.12/24"))
		compare(t, "state of systemd", "running\n", h.Run("systemctl", "is-system-running"))
		compare(t, "process 1", "systemd\n", h.Run("ps", "-o", "comm=", "-p", "1"))
		before, boot := h.Snapshot(), h.Run("cat", "/proc/sys/kernel/random/boot_id")

		_, err := h.RunInput("[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=sh -c 'ip -o -4 addr >/etc/seen'\n"+
			"[Install]\nWantedBy=multi-user.target\n", "cp", "/dev/stdin", "/etc/systemd/system/seen.service")
		if err != nil {
			t.Fatal(err)
		}
		h.Run("systemctl", "enable", "--now", "seen.service")
		if got := h.Run("cat", "/etc/seen"); !strings.Contains(got, "192.168.80.10/24") {
			t.Errorf("a service of the host sees these addresses:\n%s", got)
		}
		if _, err := plain.RunErr("ls", "/etc/seen"); err == nil {
			t.Error("a file of one host is seen by another")
		}
		if h.Snapshot() == before {
			t.Error("the snapshot does not show what a service wrote")
		}

		h.Run("rm", "/etc/seen")
		h.Run("touch", "/run/mark")
		h.Reboot()
		if boot == h.Run("cat", "/proc/sys/kernel/random/boot_id") {
			t.Error("the boot id is the one of before")
		}
		if _, err := h.RunErr("ls", "/run/mark"); err == nil {
			t.Error("/run was not emptied")
		}
		h.Run("ls", "/etc/seen") // written by what is enabled
	})
	for _, pattern := range []string{"/run/*ns/" + name, "/sys/fs/cgroup/lvslab-" + name} {
		if left, err := filepath.Glob(pattern); err != nil || len(left) > 0 {
			t.Errorf("left behind: %s (%v)", left, err)
		}
	}
	if _, err := os.Stat("/run/systemd"); err == nil && os.Getenv("LVSLAB") == "1" {
		t.Error("the machine's own /run has something of systemd")
	}
}
