package topo

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// segment is one Ethernet: a bridge in a namespace of its own. No packet on it is
// larger than its MTU.
type segment struct {
	name   string
	links  *netlink.Handle
	bridge netlink.Link
	ports  int
	mtu    int
}

// defaultMTU is that of Ethernet.
const defaultMTU = 1500

// SegmentMTU gives the interfaces on a segment another MTU than 1500. It comes before
// the hosts that are plugged in there.
func (n *Net) SegmentMTU(name string, mtu int) {
	n.t.Helper()
	s := n.segment(name)
	if s.ports > 0 {
		n.t.Fatalf("topology: segment %s has hosts already", name)
	}
	s.mtu = mtu
}

// segment returns the segment of that name, made at first use.
func (n *Net) segment(name string) *segment {
	n.t.Helper()
	if s, ok := n.segments[name]; ok {
		return s
	}
	pinName := n.prefix + "lvslab-" + name
	ns, err := newNetwork(pinName)
	n.must(err)
	n.cleanup("remove segment "+name, func() error {
		ns.Close()
		return unpin(filepath.Join(netPins, pinName))
	})
	s := &segment{name: name, mtu: defaultMTU}
	n.must(s.build(ns))
	n.t.Cleanup(s.links.Close)
	n.segments[name] = s
	return s
}

// build makes the bridge. It forwards at once and to everyone: there is no
// spanning tree to wait for and no multicast to learn.
func (s *segment) build(ns *os.File) (err error) {
	quiet := []setting{{"net/ipv6/conf/all/disable_ipv6", "1"}, {"net/ipv6/conf/default/disable_ipv6", "1"}}
	if err := inNetwork(ns, func() error { return writeSettings(quiet) }); err != nil {
		return err
	}
	if s.links, err = netlink.NewHandleAt(netns.NsHandle(ns.Fd())); err != nil {
		return fmt.Errorf("segment %s: %w", s.name, err)
	}
	snooping := false
	bridge := &netlink.Bridge{LinkAttrs: netlink.NewLinkAttrs(), MulticastSnooping: &snooping}
	bridge.Name = "br0"
	if err := s.links.LinkAdd(bridge); err != nil {
		return fmt.Errorf("make bridge of %s: %w", s.name, err)
	}
	s.bridge = bridge
	if err := s.links.LinkSetUp(bridge); err != nil {
		return fmt.Errorf("bring up bridge of %s: %w", s.name, err)
	}
	return nil
}

// plug joins a new interface called name, in the network ns, to the segment.
func (s *segment) plug(ns *os.File, name string) error {
	s.ports++
	port := &netlink.Veth{
		LinkAttrs: netlink.NewLinkAttrs(), PeerName: name, PeerNamespace: netlink.NsFd(ns.Fd()),
	}
	port.Name = fmt.Sprintf("port%d", s.ports)
	port.MasterIndex = s.bridge.Attrs().Index
	port.MTU = s.mtu // the interface's too
	if err := s.links.LinkAdd(port); err != nil {
		return fmt.Errorf("plug %s into %s: %w", name, s.name, err)
	}
	if err := s.links.LinkSetUp(port); err != nil {
		return fmt.Errorf("bring up port of %s: %w", s.name, err)
	}
	return nil
}
