package provider

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// addressDriver reads and changes the addresses of network interfaces.
type addressDriver struct {
	nl       *netlink.Handle
	announce *announcer
}

// read picks from the facts, which have all addresses already.
func (addressDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	wanted := newKeySet(keys)
	for _, a := range snap.Facts.Addresses {
		if wanted.has(a.Key()) {
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

// apply carries out changes, and then announces what was added.
func (d addressDriver) apply(changes []resource.Change) resource.Outcome {
	var added []resource.Address
	out := inTurn(changes, func(c resource.Change) error {
		var broadcast net.IP
		if c.Before != nil {
			var err error
			if broadcast, err = d.remove(c.Before.(resource.Address)); err != nil {
				return err
			}
		}
		if c.After == nil {
			return nil
		}
		a := c.After.(resource.Address)
		if err := d.add(a, broadcast); err != nil {
			return err
		}
		added = append(added, a)
		return nil
	})
	out.Notices = d.announce.added(added)
	return out
}

// add adds an address, with a broadcast address that it had before, if any.
func (d addressDriver) add(a resource.Address, broadcast net.IP) error {
	link, err := d.nl.LinkByName(a.Link)
	if err != nil {
		return fmt.Errorf("interface %s: %w", a.Link, err)
	}
	added := kernelAddress(a)
	added.Broadcast = broadcast
	err = d.nl.AddrAdd(link, added)
	if a.Prefix.Addr().Is6() && errors.Is(err, unix.EEXIST) {
		return d.changeLength(link, a, err)
	}
	return err
}

// changeLength gives an IPv6 address another prefix length. An interface cannot have it
// twice, as it can an IPv4 address, so it is gone for a moment.
func (d addressDriver) changeLength(link netlink.Link, a resource.Address, exists error) error {
	list, err := dump(func() ([]netlink.Addr, error) { return d.nl.AddrList(link, netlink.FAMILY_V6) })
	if err != nil {
		return fmt.Errorf("list addresses: %w", err)
	}
	for _, other := range list {
		if p := prefixFrom(other.IPNet); p.Addr() == a.Prefix.Addr() && p != a.Prefix {
			if err := d.nl.AddrDel(link, &other); err != nil {
				return err
			}
			return d.nl.AddrAdd(link, kernelAddress(a))
		}
	}
	return exists
}

// remove deletes an address, and returns the broadcast address that it had. One that is
// gone already is fine, be it with its interface.
func (d addressDriver) remove(a resource.Address) (broadcast net.IP, err error) {
	link, err := d.nl.LinkByName(a.Link)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", a.Link, err)
	}
	var list []netlink.Addr // IPv4
	if a.Prefix.Addr().Is4() {
		list, err = dump(func() ([]netlink.Addr, error) { return d.nl.AddrList(link, netlink.FAMILY_V4) })
		if err != nil {
			return nil, fmt.Errorf("list addresses: %w", err)
		}
		broadcast = broadcastOf(a.Prefix, list)
	}
	err = d.keepingSecondaries(link, a.Prefix, list, func() error { return d.nl.AddrDel(link, kernelAddress(a)) })
	if errors.Is(err, unix.EADDRNOTAVAIL) {
		return nil, nil
	}
	return broadcast, err
}

// broadcastOf is the broadcast address that goes with one of a list of IPv4 addresses:
// 0.0.0.0 for none, nil if the address is not there. The library would give each one that
// is added a broadcast address, and who makes one anew is to leave that as it was.
func broadcastOf(p netip.Prefix, list []netlink.Addr) net.IP {
	i := slices.IndexFunc(list, func(a netlink.Addr) bool { return prefixFrom(a.IPNet) == p })
	switch {
	case i < 0:
		return nil
	case list[i].Broadcast == nil:
		return net.IPv4zero
	}
	return list[i].Broadcast
}

// keepingSecondaries deletes an address, and keeps the kernel from deleting others of a list
// of IPv4 addresses with it: without the setting promote_secondaries all of a network
// go with the one that was the first there, whoever set them up.
func (d addressDriver) keepingSecondaries(link netlink.Link, p netip.Prefix, list []netlink.Addr, remove func() error) error {
	beside := func(a netlink.Addr) bool { o := prefixFrom(a.IPNet); return o != p && o.Masked() == p.Masked() }
	if !slices.ContainsFunc(list, beside) {
		return remove()
	}
	before, err := readSysctl(resource.LinkSysctl("net.ipv4.conf", link.Attrs().Name, "promote_secondaries"))
	if err != nil {
		return err
	}
	if err := writeSysctl(resource.Sysctl{Name: before.Name, Value: "1"}); err != nil {
		return err
	}
	return errors.Join(remove(), writeSysctl(before))
}

// kernelAddress is an address as the library wants it. IPv6 addresses skip duplicate
// address detection, during which they could not be used: a VIP is on several machines
// by design.
func kernelAddress(a resource.Address) *netlink.Addr {
	addr := &netlink.Addr{IPNet: ipNet(a.Prefix), Label: a.Label, Scope: int(a.Scope)}
	if a.Prefix.Addr().Is6() {
		addr.Flags = unix.IFA_F_NODAD
	}
	if a.Deprecated {
		addr.ValidLft, addr.PreferedLft = forever, 0
	}
	return addr
}

// forever is the lifetime of an address that has none.
const forever = math.MaxUint32

// addressFrom is an address as we see it. The kernel labels an IPv4 address with the
// name of its interface unless told otherwise.
func addressFrom(a netlink.Addr, link string) resource.Address {
	r := resource.Address{Link: link, Prefix: prefixFrom(a.IPNet), Label: a.Label, Scope: uint8(a.Scope)}
	r.Deprecated = a.Flags&unix.IFA_F_DEPRECATED != 0
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

// A keySet is what a driver is asked for.
type keySet map[resource.Key]bool

func newKeySet(keys []resource.Key) keySet {
	set := make(keySet, len(keys))
	for _, k := range keys {
		set[k] = true
	}
	return set
}

// has tells whether an object is among what is asked for, by itself or with all others of
// its kind.
func (s keySet) has(k resource.Key) bool { return s[k] || s[resource.All(k.Kind)] }

// ipNet and prefixFrom convert between the library's prefixes and ours.
func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func prefixFrom(n *net.IPNet) netip.Prefix {
	addr, _ := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), bits)
}
