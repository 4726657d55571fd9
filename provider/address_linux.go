package provider

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// addressDriver reads and changes the addresses of network interfaces.
type addressDriver struct{ nl *netlink.Handle }

// read picks from the facts, which have all addresses already.
func (addressDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	wanted := keySet(keys)
	for _, a := range snap.Facts.Addresses {
		if wanted[a.Key()] {
			snap.Live.Add(a)
		}
	}
	return nil
}

// all lists the addresses of all interfaces, in the order of their keys.
func (d addressDriver) all() ([]resource.Address, error) {
	names, err := d.linkNames()
	if err != nil {
		return nil, err
	}
	list, err := dump(func() ([]netlink.Addr, error) { return d.nl.AddrList(nil, netlink.FAMILY_ALL) })
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	addresses := make([]resource.Address, len(list))
	for i, a := range list {
		addresses[i] = addressFrom(a, names[a.LinkIndex])
	}
	slices.SortFunc(addresses, func(a, b resource.Address) int { return a.Key().Compare(b.Key()) })
	return addresses, nil
}

func (d addressDriver) linkNames() (map[int]string, error) {
	links, err := dump(d.nl.LinkList)
	if err != nil {
		return nil, fmt.Errorf("list network interfaces: %w", err)
	}
	names := make(map[int]string, len(links))
	for _, l := range links {
		names[l.Attrs().Index] = l.Attrs().Name
	}
	return names, nil
}

func (d addressDriver) apply(changes []resource.Change) resource.Outcome {
	return inTurn(changes, func(c resource.Change) error {
		if c.Before != nil {
			if err := d.remove(c.Before.(resource.Address)); err != nil {
				return err
			}
		}
		if c.After != nil {
			return d.add(c.After.(resource.Address))
		}
		return nil
	})
}

func (d addressDriver) add(a resource.Address) error {
	link, err := d.nl.LinkByName(a.Link)
	if err != nil {
		return fmt.Errorf("interface %s: %w", a.Link, err)
	}
	return d.nl.AddrAdd(link, kernelAddress(a))
}

// remove deletes an address. One that is gone already is fine, be it with its
// interface.
func (d addressDriver) remove(a resource.Address) error {
	link, err := d.nl.LinkByName(a.Link)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("interface %s: %w", a.Link, err)
	}
	err = d.nl.AddrDel(link, kernelAddress(a))
	if errors.Is(err, unix.EADDRNOTAVAIL) {
		return nil
	}
	return err
}

// kernelAddress is an address as the library wants it. IPv6 addresses skip duplicate
// address detection, during which they could not be used: a VIP is on several machines
// by design.
func kernelAddress(a resource.Address) *netlink.Addr {
	addr := &netlink.Addr{IPNet: ipNet(a.Prefix), Label: a.Label, Scope: int(a.Scope)}
	if a.Prefix.Addr().Is6() {
		addr.Flags = unix.IFA_F_NODAD
	}
	return addr
}

// addressFrom is an address as we see it. The kernel labels an IPv4 address with the
// name of its interface unless told otherwise.
func addressFrom(a netlink.Addr, link string) resource.Address {
	r := resource.Address{Link: link, Prefix: prefixFrom(a.IPNet), Label: a.Label, Scope: uint8(a.Scope)}
	if r.Label == link {
		r.Label = ""
	}
	return r
}

// dump repeats a netlink dump that the kernel says was disturbed while it ran, a
// bounded number of times.
func dump[T any](list func() ([]T, error)) ([]T, error) {
	for range 10 {
		items, err := list()
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			return items, err
		}
	}
	return nil, fmt.Errorf("it changes too fast to be read: %w", netlink.ErrDumpInterrupted)
}

func keySet(keys []resource.Key) map[resource.Key]bool {
	set := make(map[resource.Key]bool, len(keys))
	for _, k := range keys {
		set[k] = true
	}
	return set
}

// ipNet and prefixFrom convert between the library's prefixes and ours.
func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func prefixFrom(n *net.IPNet) netip.Prefix {
	addr, _ := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), bits)
}
