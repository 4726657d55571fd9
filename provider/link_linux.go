package provider

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// linkDriver reads network interfaces, and makes and deletes virtual ones.
type linkDriver struct{ nl *netlink.Handle }

func (d linkDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	links, err := dump(d.nl.LinkList)
	if err != nil {
		return fmt.Errorf("list network interfaces: %w", err)
	}
	names := make(map[int]string, len(links))
	for _, l := range links {
		names[l.Attrs().Index] = l.Attrs().Name
	}
	wanted := newKeySet(keys)
	for _, l := range links {
		if r := linkFrom(l, names); wanted.has(r.Key()) {
			snap.Live.Add(r)
		}
	}
	return nil
}

// linkFrom is a link as we see it, with the names of all links by their numbers.
func linkFrom(l netlink.Link, names map[int]string) resource.Link {
	r := resource.Link{Name: l.Attrs().Name, Type: l.Type(), Parent: parentOf(l.Attrs(), names)}
	switch l := l.(type) {
	case *netlink.Vlan:
		r.VLAN = uint16(l.VlanId)
		if l.VlanProtocol != netlink.VLAN_PROTOCOL_8021Q {
			r.Type += " " + l.VlanProtocol.String()
		}
	case *netlink.Iptun:
		r.Local, r.Remote, r.TTL = endFrom(l.Local), endFrom(l.Remote), l.Ttl
	case *netlink.Sittun:
		r.Local, r.Remote, r.TTL = endFrom(l.Local), endFrom(l.Remote), l.Ttl
	case *netlink.Ip6tnl:
		r.Local, r.Remote, r.TTL = endFrom(l.Local), endFrom(l.Remote), l.Ttl
		setInner(&r, l.Proto)
	case *netlink.Gretun:
		r.Local, r.Remote, r.TTL = endFrom(l.Local), endFrom(l.Remote), l.Ttl
		setGRE(&r, l)
	}
	return r
}

// parentOf names the link below another one. One in another network namespace has only
// a number here, and is written as ip(8) does.
func parentOf(a *netlink.LinkAttrs, names map[int]string) string {
	if a.ParentIndex == 0 {
		return ""
	}
	if name, ok := names[a.ParentIndex]; ok && a.NetNsID == -1 {
		return name
	}
	return "if" + strconv.Itoa(a.ParentIndex)
}

// endFrom is an end of a tunnel; the kernel writes zeros for any.
func endFrom(ip net.IP) netip.Addr {
	if addr := addrFrom(ip); addr.IsValid() && !addr.IsUnspecified() {
		return addr
	}
	return netip.Addr{}
}

// innerProtocols are what the kernel calls the families that an ip6tnl can carry.
var innerProtocols = map[resource.Family]uint8{0: 0, resource.IPv4: unix.IPPROTO_IPIP, resource.IPv6: unix.IPPROTO_IPV6}

// setInner says what a tunnel carries. If that is none of the families, the type says
// so: it is no tunnel of ours.
func setInner(r *resource.Link, protocol uint8) {
	for family, p := range innerProtocols {
		if p == protocol {
			r.Inner = family
			return
		}
	}
	r.Type += " proto " + strconv.Itoa(int(protocol))
}

// setGRE says what packets carry that is the same both ways. Of what is not, and of what
// a resource cannot say, the type tells in ip(8)'s words: it is no tunnel of ours.
func setGRE(r *resource.Link, l *netlink.Gretun) {
	keyed := l.IFlags&nl.GRE_KEY != 0
	if l.IFlags == l.OFlags && l.IFlags&nl.GRE_SEQ == 0 && l.IKey == l.OKey && keyed == (l.IKey != 0) {
		r.GREKey, r.Checksum = l.IKey, l.IFlags&nl.GRE_CSUM != 0
		return
	}
	for _, way := range []struct {
		name  string
		flags uint16
		key   uint32
	}{{"i", l.IFlags, l.IKey}, {"o", l.OFlags, l.OKey}} {
		if way.flags&nl.GRE_KEY != 0 {
			r.Type += fmt.Sprintf(" %skey %d", way.name, way.key)
		}
		if way.flags&nl.GRE_SEQ != 0 {
			r.Type += fmt.Sprintf(" %sseq", way.name)
		}
		if way.flags&nl.GRE_CSUM != 0 {
			r.Type += fmt.Sprintf(" %scsum", way.name)
		}
	}
}

func (d linkDriver) apply(changes []resource.Change) resource.Outcome {
	return inTurn(changes, func(c resource.Change) error {
		after, making := c.After.(resource.Link)
		if making {
			// Before anything is deleted for it.
			if err := checkLink(after); err != nil {
				return err
			}
		}
		if c.Before != nil {
			if err := d.remove(c.Before.(resource.Link)); err != nil {
				return err
			}
		}
		if making {
			return d.add(after)
		}
		return nil
	})
}

// linkTypes are the types that can be made, and with them the family of a tunnel's ends.
var linkTypes = map[string]resource.Family{
	resource.LinkDummy: 0, resource.LinkVLAN: 0,
	resource.LinkIPIP: resource.IPv4, resource.LinkSIT: resource.IPv4, resource.LinkGRE: resource.IPv4,
	resource.LinkIP6Tnl: resource.IPv6, resource.LinkIP6GRE: resource.IPv6,
}

// checkLink finds what would otherwise be left out without a word.
func checkLink(l resource.Link) error {
	family, ok := linkTypes[l.Type]
	if !ok {
		return fmt.Errorf("cannot make a link of type %s", l.Type)
	}
	for _, end := range []netip.Addr{l.Local, l.Remote} {
		if end.IsValid() && (resource.FamilyOf(end) != family || end.Is4In6() || end.Zone() != "") {
			return fmt.Errorf("address %s is not one of type %s", end, l.Type)
		}
	}
	return nil
}

// remove deletes a link. One that is gone already is fine. One of another type than ours
// is refused: it could not be made again.
func (d linkDriver) remove(l resource.Link) error {
	link, err := d.nl.LinkByName(l.Name)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, ok := linkTypes[link.Type()]; !ok {
		return fmt.Errorf("cannot delete a link of type %s", link.Type())
	}
	if err = d.nl.LinkDel(link); errors.Is(err, unix.ENODEV) {
		return nil
	}
	return err
}

func (d linkDriver) add(l resource.Link) error {
	parent := 0
	if l.Parent != "" {
		link, err := d.nl.LinkByName(l.Parent)
		if err != nil {
			return fmt.Errorf("interface %s: %w", l.Parent, err)
		}
		parent = link.Attrs().Index
	}
	err := newLink(l, parent)
	if errors.Is(err, unix.EEXIST) {
		return d.inTheWay(l, err)
	}
	return err
}

// inTheWay explains why a link cannot be made: the kernel says the same of one that has
// its name and of one that does its work.
func (d linkDriver) inTheWay(l resource.Link, err error) error {
	if _, found := d.nl.LinkByName(l.Name); found == nil {
		return err
	}
	if l.Type == resource.LinkVLAN {
		return fmt.Errorf("another link has VLAN %d of %s: %w", l.VLAN, l.Parent, err)
	}
	return fmt.Errorf("another tunnel has the same ends: %w", err)
}
