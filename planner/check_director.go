package planner

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// What can be told of a director only when it was read.

// note adds a finding of a rule about a director, unless host or cluster say that it is
// meant to be so.
func (c *checker) note(r *schema.Rule, h *schema.Host, cluster *schema.Cluster, at *hcl.Range, format string, args ...any) {
	d := r.Finding(*at, fmt.Sprintf(format, args...))
	about := [][]schema.Ignore{h.Ignores}
	if cluster != nil {
		about = append(about, cluster.Ignores)
	}
	if !schema.Ignored(d, about...) && !c.seen[d.Error()] {
		c.seen[d.Error()] = true
		c.diags = c.diags.Append(d)
	}
}

// otherBalancers finds programs that would undo what lvsctl does.
func (c *checker) otherBalancers(h *schema.Host, facts resource.Facts) {
	for _, name := range facts.Balancers {
		c.note(schema.RuleBalancer, h, nil, h.Range.Ptr(),
			"On director %s runs %s, which keeps services of its own in IPVS. Where both know the same service, each undoes the work of the other. Let one of them have it.",
			h.Name, name)
	}
}

// elsewhere finds real servers in direct routing that a director cannot reach without a
// router: a packet for the VIP would come back from there, or go in circles.
func (c *checker) elsewhere(cluster *schema.Cluster, h *schema.Host, facts resource.Facts) {
	segments := networks(facts)
	near := func(a netip.Addr) bool {
		return slices.ContainsFunc(segments, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	var first *schema.RealServer
	n := 0
	for _, svc := range cluster.Services {
		for i := range svc.RealServers {
			rs := &svc.RealServers[i]
			if rs.Mode == schema.DR && rs.Host != h && !near(rs.Addr) {
				if n++; first == nil {
					first = rs
				}
			}
		}
	}
	if first == nil || len(segments) == 0 {
		return
	}
	more := ""
	if n > 1 {
		more = fmt.Sprintf(" %d more are like it.", n-1)
	}
	c.note(schema.RuleSegment, h, cluster, lineOf(first.Source),
		"The real server %s is in none of the networks of director %s.%s In direct routing only the MAC address of a packet changes, and a router on the way would send it back for the VIP. Use mode = \"tun\" for it, unless both are on one segment all the same.",
		first.Addr, h.Name, more)
}

// networks are those that a host is in.
func networks(facts resource.Facts) (list []netip.Prefix) {
	for _, a := range facts.Addresses {
		if a.Link != "lo" && !a.Prefix.IsSingleIP() {
			list = append(list, a.Prefix.Masked())
		}
	}
	return list
}

// nearClients finds a VIP that is in the network of the real servers behind it, in
// masquerading. Clients there are answered without a router, and so without the director,
// unless a table of its own leads answers there.
func (c *checker) nearClients(cluster *schema.Cluster, h *schema.Host, facts resource.Facts) {
	if cluster.GatewayTable != 0 {
		return
	}
	segments := networks(facts)
	for _, svc := range cluster.Services {
		for _, rs := range svc.RealServers {
			if rs.Mode != schema.NAT || rs.Host == h {
				continue
			}
			for _, vip := range svc.VIPs {
				both := func(p netip.Prefix) bool { return p.Contains(rs.Addr) && p.Contains(vip) }
				if i := slices.IndexFunc(segments, both); i >= 0 {
					c.note(schema.RuleNear, h, cluster, lineOf(rs.Source),
						"The VIP %s is in the network of the real server %s behind it, %s. A client in that network is answered directly, from an address that it never asked, and drops the answer; only clients elsewhere are served. Use another network for the real servers, or a gateway_table if they are managed.",
						vip, rs.Addr, segments[i])
					return
				}
			}
		}
	}
}

var (
	conntrack = resource.Sysctl{Name: schema.IPVSSettings + "conntrack", Value: "1"}
	reuseMode = resource.Sysctl{Name: schema.IPVSSettings + "conn_reuse_mode"}.Key()
)

// slowReuse finds kernels that let a client wait for a second when it uses a port again
// (fixed in Linux 5.9).
func (c *checker) slowReuse(d *Desired, h *schema.Host, snap *resource.Snapshot) {
	tracks, wanted := d.wants[h.Name].Find(conntrack.Key())
	if !wanted || tracks.state != resource.Resource(conntrack) || !olderThan(snap.Facts.Kernel, 5, 9) {
		return
	}
	mode := snap.Live.Get(reuseMode)
	if w, chosen := d.wants[h.Name].Find(reuseMode); chosen {
		mode = w.state
	}
	if mode != nil && mode.(resource.Sysctl).Value != "0" {
		c.note(schema.RuleReuse, h, nil, lineOf(tracks.source),
			"The kernel of director %s is %s. Before 5.9, with conntrack = 1, a client that uses a port again waits for a second. Set conn_reuse_mode = 0 in the ipvs block of the host, or use a newer kernel.",
			h.Name, snap.Facts.Kernel)
	}
}

var (
	forwardIPv6       = resource.Sysctl{Name: "net.ipv6.conf.all.forwarding", Value: "1"}
	advertisedDefault = resource.Route{Table: resource.TableMain, Prefix: netip.PrefixFrom(netip.IPv6Unspecified(), 0), Metric: resource.DefaultMetricIPv6}.Key()
)

// acceptAdvertised is the setting that says whether an interface heeds router
// advertisements: 2 is also as a router.
func acceptAdvertised(link string) resource.Key {
	return resource.Sysctl{Name: resource.LinkSysctl("net.ipv6.conf", link, "accept_ra")}.Key()
}

// advertisedRoute finds a director whose default route the kernel deletes, with all that
// comes from router advertisements, at the moment when the director becomes a router.
func (c *checker) advertisedRoute(d *Desired, h *schema.Host, cluster *schema.Cluster, snap *resource.Snapshot) {
	forwards, wanted := d.wants[h.Name].Find(forwardIPv6.Key())
	now, _ := snap.Live.Get(forwardIPv6.Key()).(resource.Sysctl)
	route, _ := snap.Live.Get(advertisedDefault).(resource.Route)
	if !wanted || forwards.state != resource.Resource(forwardIPv6) || now.Value != "0" || route.Protocol != resource.ProtocolRA {
		return
	}
	heed := resource.Sysctl{Name: acceptAdvertised(route.Link).Name, Value: "2"}
	w, chosen := d.wants[h.Name].Find(heed.Key())
	if snap.Live.Get(heed.Key()) == resource.Resource(heed) || chosen && w.state == resource.Resource(heed) {
		return
	}
	c.note(schema.RuleAdvertised, h, cluster, lineOf(forwards.source),
		"The default route of director %s (via %s on %s) comes from router advertisements. The kernel deletes it when the director becomes a router, and heeds no further ones. Add sysctl %q with value = 2 to the host, or give it a default route of its own.",
		h.Name, route.Gateway, route.Link, heed.Name)
}

// olderThan compares a release such as "5.4.0-42-generic" with a version. One that
// cannot be read is not older.
func olderThan(release string, major, minor int) bool {
	first, rest, _ := strings.Cut(release, ".")
	second, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(first)
	b, errB := strconv.Atoi(second)
	return errA == nil && errB == nil && (a < major || a == major && b < minor)
}
