package provider

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// routeDriver reads routes and changes unicast ones.
type routeDriver struct{ nl *netlink.Handle }

func (d routeDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	names, err := addressDriver{nl: d.nl}.linkNames()
	if err != nil {
		return err
	}
	wanted := newKeySet(keys)
	tables := map[uint32]bool{}
	for _, k := range keys {
		tables[k.Table] = true
	}
	for table := range tables {
		filter := &netlink.Route{Table: int(table)}
		list, err := dump(func() ([]netlink.Route, error) {
			return d.nl.RouteListFiltered(netlink.FAMILY_ALL, filter, netlink.RT_FILTER_TABLE)
		})
		if err != nil {
			return fmt.Errorf("list routes of table %d: %w", table, err)
		}
		for _, route := range list {
			if route.Tos != 0 {
				continue // another route, for packets of another type of service
			}
			r := routeFrom(route, names[route.LinkIndex])
			if wanted.has(r.Key()) {
				snap.Live.Add(r)
			}
		}
	}
	return nil
}

func (d routeDriver) apply(changes []resource.Change) resource.Outcome {
	return inTurn(changes, func(c resource.Change) error {
		if c.After == nil {
			return d.remove(c.Before.(resource.Route))
		}
		route, err := d.kernelRoute(c.After.(resource.Route))
		if err != nil {
			return err
		}
		if c.Before == nil {
			return d.nl.RouteAdd(route)
		}
		return d.nl.RouteReplace(route)
	})
}

// remove deletes a route. One that is gone already is fine: it may have gone with its
// address or interface.
func (d routeDriver) remove(r resource.Route) error {
	route, err := d.kernelRoute(r)
	if err != nil {
		return err
	}
	if err = d.nl.RouteDel(route); errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

// kernelRoute is a route as the library wants it.
func (d routeDriver) kernelRoute(r resource.Route) (*netlink.Route, error) {
	route := &netlink.Route{
		Table: int(r.Table), Dst: ipNet(r.Prefix), Priority: int(r.Metric),
		Gw: r.Gateway.AsSlice(), Src: r.Source.AsSlice(),
		Scope: netlink.Scope(r.Scope), Protocol: netlink.RouteProtocol(r.Protocol), Type: unix.RTN_UNICAST,
	}
	if r.Link == "" {
		return route, nil
	}
	link, err := d.nl.LinkByName(r.Link)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", r.Link, err)
	}
	route.LinkIndex = link.Attrs().Index
	return route, nil
}

// routeFrom is a route as we see it.
func routeFrom(r netlink.Route, link string) resource.Route {
	return resource.Route{
		Table: uint32(r.Table), Prefix: destination(r), Metric: uint32(r.Priority), Link: link,
		Gateway: addrFrom(r.Gw), Source: addrFrom(r.Src), Scope: uint8(r.Scope), Protocol: uint8(r.Protocol),
		Beyond: beyond(r),
	}
}

// beyond names what a route has that a resource cannot say.
func beyond(r netlink.Route) string {
	var words []string
	if r.Type != unix.RTN_UNICAST {
		words = append(words, "type "+strconv.Itoa(r.Type))
	}
	if len(r.MultiPath) > 0 {
		words = append(words, strconv.Itoa(len(r.MultiPath))+" next hops")
	}
	if r.Encap != nil || r.Via != nil || r.NewDst != nil {
		words = append(words, "encapsulation")
	}
	for _, metric := range []struct {
		name  string
		value int
	}{
		{"mtu", r.MTU}, {"advmss", r.AdvMSS}, {"window", r.Window}, {"rtt", r.Rtt}, {"rttvar", r.RttVar}, {"ssthresh", r.Ssthresh},
		{"cwnd", r.Cwnd}, {"initcwnd", r.InitCwnd}, {"initrwnd", r.InitRwnd}, {"hoplimit", r.Hoplimit}, {"features", r.Features},
		{"rto_min", r.RtoMin}, {"quickack", r.QuickACK}, {"fastopen_no_cookie", r.FastOpenNoCookie}, {"realm", r.Realm},
	} {
		if metric.value != 0 {
			words = append(words, metric.name+" "+strconv.Itoa(metric.value))
		}
	}
	return strings.Join(words, ", ")
}

// destination is where a route leads; the library may leave out that of a default
// route.
func destination(r netlink.Route) netip.Prefix {
	switch {
	case r.Dst != nil:
		return prefixFrom(r.Dst)
	case r.Family == netlink.FAMILY_V6:
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

func addrFrom(ip net.IP) netip.Addr {
	addr, _ := netip.AddrFromSlice(ip)
	return addr.Unmap()
}
