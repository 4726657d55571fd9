package provider

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/provider/neighbour"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Announcing addresses.
//
// Clients and routers remember for minutes which machine of their segment has an address.
// When a VIP comes here from another machine, they go on sending to that one until they
// are told. The kernel does not tell them. So we do, whenever we add an address to an
// interface that others can ask by ARP or neighbour discovery: five times at once, and
// five times again after a few seconds, which is what keepalived does (garp_master_repeat
// and garp_master_delay). The second set is for those that missed the first, as a switch
// that had just brought up a port. It must not keep an apply waiting, so somebody else has
// to send it; see [Machine.AnnounceAgainBy].
//
// An interface that is down tells nobody. What it is to have, it gets after it was brought
// up: that is how plans are ordered.

// announceTimes is how many announcements of an address are in one set.
const announceTimes = 5

// An announcer tells other machines of addresses that were added here.
type announcer struct {
	nl    *netlink.Handle
	again func([]resource.Address) error // sends the second set later; nil: nobody does
}

// added announces addresses that were added just now, and returns what went wrong. They
// are there all the same, and serve whoever looks for them from now on.
func (n *announcer) added(list []resource.Address) (notices []string) {
	list = slices.DeleteFunc(list, func(a resource.Address) bool { return !n.heard(a) })
	if len(list) == 0 {
		return nil
	}
	if err := n.send(list); err != nil {
		notices = append(notices, fmt.Sprintf("other machines could not be told that %s: %v", areHere(list), err))
	}
	if n.again == nil {
		return notices
	}
	if err := n.again(list); err != nil {
		notices = append(notices, fmt.Sprintf("other machines will not be told a second time that %s: %v", areHere(list), err))
	}
	return notices
}

// areHere says where addresses are.
func areHere(list []resource.Address) string {
	words := make([]string, len(list))
	for i, a := range list {
		words[i] = a.Prefix.Addr().String()
	}
	return strings.Join(words, ", ") + map[bool]string{true: " is here now", false: " are here now"}[len(list) == 1]
}

// heard tells whether other machines can ask for an address: it is on an interface of
// Ethernet that is up and uses ARP, and the kernel is not told to keep quiet about it.
func (n *announcer) heard(a resource.Address) bool {
	link, err := n.nl.LinkByName(a.Link)
	if err != nil {
		return false // it is gone, and the address with it
	}
	attrs := link.Attrs()
	switch {
	case attrs.Flags&net.FlagUp == 0, attrs.RawFlags&unix.IFF_NOARP != 0, attrs.EncapType != "ether":
		return false
	case a.Scope == resource.ScopeHost:
		return false
	}
	return a.Prefix.Addr().Is6() || !silent(a.Link)
}

// silent tells whether an interface answers no ARP request for an address of the machine,
// whichever that is. The kernel takes the larger of the two settings.
func silent(link string) bool {
	const never = "8" // see arp_ignore in the kernel's ip-sysctl.rst
	for _, l := range []string{"all", link} {
		if s, err := readSysctl(resource.LinkSysctl("net.ipv4.conf", l, "arp_ignore")); err == nil && s.Value == never {
			return true
		}
	}
	return false
}

// send announces addresses once in a set, those of one interface together.
func (n *announcer) send(list []resource.Address) error {
	byLink := map[string][]netip.Addr{}
	var links []string
	for _, a := range list {
		if byLink[a.Link] == nil {
			links = append(links, a.Link)
		}
		byLink[a.Link] = append(byLink[a.Link], a.Prefix.Addr())
	}
	for _, name := range links {
		link, err := n.nl.LinkByName(name)
		if err != nil {
			return fmt.Errorf("interface %s: %w", name, err)
		}
		if err := neighbour.Announce(netInterface(link), byLink[name], forwards(name), announceTimes); err != nil {
			return takes(fmt.Errorf("interface %s: %w", name, err), unix.CAP_NET_RAW)
		}
	}
	return nil
}

// netInterface is an interface as package net knows it.
func netInterface(link netlink.Link) *net.Interface {
	a := link.Attrs()
	return &net.Interface{Index: a.Index, Name: a.Name, HardwareAddr: a.HardwareAddr}
}

// forwards tells whether the machine is a router for IPv6 on an interface.
func forwards(link string) bool {
	s, err := readSysctl(resource.LinkSysctl("net.ipv6.conf", link, "forwarding"))
	return err == nil && s.Value != "0"
}

// AnnounceAgainBy says who announces addresses for the second time, some seconds after
// they were added. It must not wait for that. Until then nobody does.
func (m *Machine) AnnounceAgainBy(start func([]resource.Address) error) { m.announcer.again = start }

// Announce tells the other machines on its segments which of some addresses are here. One
// that is not is passed over: it may be somewhere else by now.
func (m *Machine) Announce(list []resource.Address) error {
	all, err := addressDriver{nl: m.nl}.all()
	if err != nil {
		return err
	}
	there := make(map[resource.Key]bool, len(all))
	for _, a := range all {
		there[a.Key()] = true
	}
	return m.announcer.send(slices.DeleteFunc(slices.Clone(list), func(a resource.Address) bool {
		return !there[a.Key()] || !m.announcer.heard(a)
	}))
}
