package topo

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/moby/sys/mountinfo"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Host is a machine of the topology.
type Host struct {
	// Name is what the namespaces are called, the topology's prefix included.
	Name string

	net     *Net
	network *os.File // the network namespace
	mounts  *os.File // the mount namespace
	layers  []layer  // directories of which the host has a view of its own
	links   *netlink.Handle
	options []HostOption
	macs    map[string]net.HardwareAddr // of interfaces, which outlive a boot
	systemd *systemd                    // nil where there is none
}

// HostOption is a part of a host's description.
type HostOption struct {
	order int
	apply func(h *Host) error
}

// Options are applied in this order, whatever order they are written in.
const (
	orderSetting = iota
	orderNIC
	orderRoute
	orderSystemd
)

// NIC gives the host an interface on a segment, with addresses in CIDR notation.
// It is up, with carrier, when Host returns.
func NIC(name, segment string, addrs ...string) HostOption {
	return HostOption{orderNIC, func(h *Host) error { return h.addNIC(name, segment, addrs) }}
}

// Route sends what is for the prefix dst to the gateway via.
func Route(dst, via string) HostOption {
	return HostOption{orderRoute, func(h *Host) error {
		_, prefix, err := net.ParseCIDR(dst)
		if err != nil {
			return fmt.Errorf("route: %w", err)
		}
		return h.addRoute(prefix, via)
	}}
}

// DefaultRoute sends everything that no other route covers to the gateway via.
func DefaultRoute(via string) HostOption {
	return HostOption{orderRoute, func(h *Host) error { return h.addRoute(nil, via) }}
}

// Forward makes the host a router for both families.
func Forward() HostOption {
	return HostOption{orderSetting, func(h *Host) error {
		return h.set(setting{"net/ipv4/ip_forward", "1"}, setting{"net/ipv6/conf/all/forwarding", "1"})
	}}
}

// Host adds a host. It replaces what a crashed run may have left under its name.
func (n *Net) Host(name string, opts ...HostOption) *Host {
	n.t.Helper()
	h := &Host{Name: n.prefix + name, net: n, options: opts}
	n.must(h.build())
	if err := h.furnish(); err != nil {
		n.t.Fatalf("topology: host %s: %v", name, err)
	}
	return h
}

// furnish gives the host what it was described with.
func (h *Host) furnish() error {
	h.beNFSClient()
	for order := orderSetting; order <= orderSystemd; order++ {
		for _, opt := range h.options {
			if opt.order == order {
				if err := opt.apply(h); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// beNFSClient has NFS servers know the host by its name, if the kernel can mount from them by
// now (modprobe nfs). Hosts share a kernel and its node name: to a server of NFS 4 they would
// be one client, which forgets its files whenever the other one says something.
func (h *Host) beNFSClient() {
	h.Inside(func() { _ = os.WriteFile("/sys/fs/nfs/net/nfs_client/identifier", []byte(h.Name), 0) })
}

// build makes the host's namespaces and brings its loopback up.
func (h *Host) build() (err error) {
	h.net.cleanup("remove host "+h.Name, h.remove)
	h.net.hosts = append(h.net.hosts, h)
	if h.network, err = newNetwork(h.Name); err != nil {
		return err
	}
	if err := h.newMounts(); err != nil {
		return err
	}
	return h.startNetwork()
}

// startNetwork opens the host's network and brings its loopback up. Addresses are usable
// at once: nobody else has them, so there is nothing to detect.
func (h *Host) startNetwork() (err error) {
	if h.links, err = netlink.NewHandleAt(netns.NsHandle(h.network.Fd())); err != nil {
		return fmt.Errorf("open host %s: %w", h.Name, err)
	}
	err = h.set(
		setting{"net/ipv6/conf/all/accept_dad", "0"}, setting{"net/ipv6/conf/default/accept_dad", "0"},
		setting{"net/ipv6/conf/default/dad_transmits", "0"}, setting{"net/ipv6/conf/default/accept_ra", "0"},
		setting{"net/ipv6/conf/default/router_solicitations", "0"},
	)
	if err != nil {
		return err
	}
	_, err = h.linkUp("lo")
	return err
}

// remove ends the host's processes and lets its namespaces go.
func (h *Host) remove() error {
	if h.links != nil {
		h.links.Close()
	}
	for _, other := range h.net.hosts {
		other.dropShares()
	}
	if err := h.halt(); err != nil {
		return err
	}
	if h.network != nil {
		if err := killAll(h.network); err != nil {
			return err
		}
		h.network.Close()
	}
	if h.mounts != nil {
		h.mounts.Close()
		h.mounts = nil
	}
	for _, l := range h.layers {
		l.upper.Close()
	}
	if err := unpin(filepath.Join(mountPins, h.Name)); err != nil {
		return err
	}
	return unpin(filepath.Join(netPins, h.Name))
}

// dropShares unmounts what comes from servers. It is for all hosts before the first of them
// goes: the kernel would wait for a server that is not there any more.
func (h *Host) dropShares() {
	if h.mounts == nil {
		return
	}
	h.Inside(func() { h.unmountAll(unix.MNT_FORCE, "nfs", "nfs4") })
}

// unmountAll takes away the file systems of some types, as the last thing that is done with
// them. It is for threads inside the host.
func (h *Host) unmountAll(flags int, types ...string) {
	file, err := os.Open(h.procOfOne() + "/mountinfo")
	if err != nil {
		return // there is no /proc; what is left goes with the namespace
	}
	defer file.Close()
	found, err := mountinfo.GetMountsFromReader(file, mountinfo.FSTypeFilter(types...))
	if err != nil {
		return
	}
	for _, m := range slices.Backward(found) {
		unix.Unmount(m.Mountpoint, flags|unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
	}
}

// procOfOne is where /proc shows somebody who is in the host, for a thread that is: itself, or
// systemd where it has a /proc without this thread.
func (h *Host) procOfOne() string {
	if h.systemd != nil {
		return "/proc/1"
	}
	return "/proc/thread-self"
}

func (h *Host) addNIC(name, segment string, addrs []string) error {
	if err := h.net.segment(segment).plug(h.network, name); err != nil {
		return err
	}
	if err := h.keepMAC(name); err != nil {
		return err
	}
	link, err := h.linkUp(name)
	if err != nil {
		return err
	}
	if err := h.sendSinglePackets(link); err != nil {
		return err
	}
	for _, text := range addrs {
		addr, err := netlink.ParseAddr(text)
		if err != nil {
			return fmt.Errorf("address of %s: %w", name, err)
		}
		if err := h.links.AddrAdd(link, addr); err != nil {
			return fmt.Errorf("add %s to %s: %w", text, name, err)
		}
	}
	return h.awaitCarrier(name)
}

func (h *Host) linkUp(name string) (netlink.Link, error) {
	link, err := h.links.LinkByName(name)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", name, err)
	}
	if err := h.links.LinkSetUp(link); err != nil {
		return nil, fmt.Errorf("bring up %s: %w", name, err)
	}
	return link, nil
}

// sendSinglePackets makes the interface send what a wire would carry. By default a
// veth takes up to 64 KiB of a TCP stream as one packet, through the bridge too and
// whatever the MTU is, and IPVS of some kernels does not compare such a packet with
// the MTU: trouble with the MTU would not show.
func (h *Host) sendSinglePackets(link netlink.Link) error {
	if err := h.links.LinkSetGSOMaxSegs(link, 1); err != nil {
		return fmt.Errorf("switch off segmentation offload of %s: %w", link.Attrs().Name, err)
	}
	return nil
}

func (h *Host) addRoute(dst *net.IPNet, via string) error {
	gateway := net.ParseIP(via)
	if gateway == nil {
		return fmt.Errorf("route: %q is no address", via)
	}
	if err := h.links.RouteAdd(&netlink.Route{Dst: dst, Gw: gateway}); err != nil {
		return fmt.Errorf("add route by %s: %w", via, err)
	}
	return nil
}

// awaitCarrier waits until the interface can send.
func (h *Host) awaitCarrier(name string) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		link, err := h.links.LinkByName(name)
		if err != nil {
			return fmt.Errorf("find %s: %w", name, err)
		}
		if link.Attrs().OperState == netlink.OperUp {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s has no carrier, it is %s", name, link.Attrs().OperState)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
