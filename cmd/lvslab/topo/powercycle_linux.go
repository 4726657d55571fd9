package topo

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// powerCycle ends everything in a host without systemd and gives it what a boot gives a
// machine: a network with nothing but what it was described with, an empty /run, and
// another boot id. Its files stay.
func (h *Host) powerCycle() error {
	h.dropShares() // as long as their server can be reached: the kernel would wait for it
	if err := h.unplug(); err != nil {
		return err
	}
	h.stopNFS() // as long as there is rpcbind: the kernel would wait for that, too
	if err := killAll(h.network); err != nil {
		return err
	}
	h.links.Close()
	h.network.Close()
	var err error
	if h.network, err = newNetwork(h.Name); err != nil {
		return err
	}
	if err := h.startNetwork(); err != nil {
		return err
	}
	if err := h.inMounts(freshMounts); err != nil {
		return err
	}
	return h.furnish()
}

// stopNFS ends the NFS server of the kernel, which no signal reaches and which would keep the
// old network alive, and takes away what it and the clients are controlled by.
func (h *Host) stopNFS() {
	h.Inside(func() {
		_ = os.WriteFile("/proc/fs/nfsd/threads", []byte("0\n"), 0) // there is none as a rule
		h.unmountAll(0, "nfsd", "rpc_pipefs")
	})
}

// unplug takes the host's interfaces off their segments. Somebody may keep the old network
// alive, and would answer there.
func (h *Host) unplug() error {
	links, err := h.links.LinkList()
	if err != nil {
		return fmt.Errorf("list interfaces of %s: %w", h.Name, err)
	}
	h.macs = map[string]net.HardwareAddr{}
	for _, link := range links {
		if _, is := link.(*netlink.Veth); is {
			h.macs[link.Attrs().Name] = link.Attrs().HardwareAddr
			if err := h.links.LinkDel(link); err != nil {
				return fmt.Errorf("unplug %s: %w", link.Attrs().Name, err)
			}
		}
	}
	return nil
}

// keepMAC gives an interface the MAC address that it had before the host booted.
func (h *Host) keepMAC(name string) error {
	mac, had := h.macs[name]
	if !had {
		return nil
	}
	link, err := h.links.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find %s: %w", name, err)
	}
	if err := h.links.LinkSetHardwareAddr(link, mac); err != nil {
		return fmt.Errorf("set the MAC address of %s: %w", name, err)
	}
	return nil
}

// bootID is where a boot's id is read.
const bootID = "/proc/sys/kernel/random/boot_id"

// freshMounts renews the mounts that show what a boot makes new.
func freshMounts() error {
	if err := unix.Unmount(bootID, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("take away the boot id: %w", err)
	}
	if err := unix.Unmount("/run", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("take away /run: %w", err)
	}
	if err := errors.Join(mountRun(), renewSys(), writeBootID()); err != nil {
		return err
	}
	if err := unix.Mount(bootIDFile, bootID, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount the boot id: %w", err)
	}
	return nil
}

// writeBootID writes the id of a new boot.
func writeBootID() error {
	id, err := os.ReadFile("/proc/sys/kernel/random/uuid")
	if err != nil {
		return err
	}
	return os.WriteFile(bootIDFile, id, 0o444)
}
