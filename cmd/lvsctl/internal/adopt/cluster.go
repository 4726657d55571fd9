package adopt

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A cluster is a cluster block. There is one for each VIP, and one for each firewall mark.
type cluster struct {
	name         string
	mode         schema.Mode
	servicesOnly bool
	vips         []netip.Addr
	link         string // for the VIPs, empty where it is the host's own
	source       string // in mode fullnat, empty where it is the host's own address
	services     []*service
}

// A service is a service block.
type service struct {
	resource.Service
	name    string
	packets []string // those that get its mark, nil where somebody else sets it
	servers []resource.Destination
}

// sort puts all services of a host in clusters, in the order of their keys.
func (d *draft) sort(snap *resource.Snapshot) []*cluster {
	servers := map[resource.ServiceKey][]resource.Destination{}
	var found []resource.Service
	for _, r := range snap.Live.Sorted() {
		switch r := r.(type) {
		case resource.Service:
			found = append(found, r)
		case resource.Destination:
			servers[r.Service] = append(servers[r.Service], r)
		}
	}
	var list []*cluster
	byVIP := map[netip.Addr]*cluster{}
	for _, s := range found {
		if why := inexpressible(s); why != "" {
			d.left = append(d.left, Omission{s, why})
			continue
		}
		c := byVIP[s.Addr]
		if s.Mark != 0 || c == nil {
			c = &cluster{vips: []netip.Addr{s.Addr}}
			list = append(list, c)
		}
		if s.Mark == 0 {
			byVIP[s.Addr] = c
		}
		c.services = append(c.services, &service{Service: s, servers: d.expressible(servers[s.ServiceKey], s)})
	}
	for _, c := range list {
		c.settle(snap)
	}
	return list
}

// expressible lists the real servers of a service that the language has words for.
func (d *draft) expressible(list []resource.Destination, s resource.Service) []resource.Destination {
	return slices.DeleteFunc(list, func(dest resource.Destination) bool {
		why := inexpressibleServer(dest, s.ServiceKey)
		if why != "" {
			d.left = append(d.left, Omission{dest, why})
		}
		return why != ""
	})
}

// settle gives a cluster names and the mode of most of its real servers.
func (c *cluster) settle(snap *resource.Snapshot) {
	first := c.services[0]
	if first.Mark != 0 {
		c.name = fmt.Sprintf("fwmark-%d", first.Mark)
		if first.Family == resource.IPv6 {
			c.name += "-ipv6"
		}
		first.name = "marked"
		c.marked(first, snap)
	} else {
		c.name = "vip-" + nameOf(c.vips[0])
		var names nameSet
		for _, s := range c.services {
			s.name = names.take(serviceName(s.ServiceKey), "")
		}
	}
	votes := map[schema.Mode]int{}
	for _, s := range c.services {
		for _, dest := range s.servers {
			votes[modeOf(dest.Forward)]++
		}
	}
	c.mode = schema.DR
	for _, m := range []schema.Mode{schema.DR, schema.NAT, schema.TUN} {
		if votes[m] > votes[c.mode] {
			c.mode = m
		}
	}
}

// marked finds the packets that get the mark of a service by our own rules of nftables,
// and with them its VIPs. Where nothing is known of it the VIP is any address.
func (c *cluster) marked(s *service, snap *resource.Snapshot) {
	packets := map[netip.Addr][]string{}
	for _, r := range snap.Live.Sorted() {
		if m, ok := r.(resource.Mark); ok && m.Mark == s.Mark && resource.FamilyOf(m.To.Addr()) == s.Family && m.To.IsSingleIP() && m.Protocol != 0 {
			packets[m.To.Addr()] = append(packets[m.To.Addr()], packetWords(m))
		}
	}
	vips := slices.SortedFunc(maps.Keys(packets), netip.Addr.Compare)
	alike := !slices.ContainsFunc(vips, func(vip netip.Addr) bool { return !slices.Equal(packets[vip], packets[vips[0]]) })
	if len(vips) == 0 || !alike {
		c.vips = []netip.Addr{anyAddress(s.Family)}
		return
	}
	c.vips, s.packets = vips, packets[vips[0]]
}

// packetWords writes packets as a config does.
func packetWords(m resource.Mark) string {
	switch {
	case m.First == 0 && m.Last == 0:
		return m.Protocol.String()
	case m.First == m.Last:
		return fmt.Sprintf("%s/%d", m.Protocol, m.First)
	}
	return fmt.Sprintf("%s/%d-%d", m.Protocol, m.First, m.Last)
}

// anyAddress stands for all addresses of a family.
func anyAddress(f resource.Family) netip.Addr {
	if f == resource.IPv6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// modes are those of real servers, by what the kernel calls them.
var modes = map[resource.Forward]schema.Mode{
	resource.ForwardMasquerade: schema.NAT, resource.ForwardLocal: schema.Local, resource.ForwardTunnel: schema.TUN,
	resource.ForwardDirect: schema.DR, resource.ForwardBypass: schema.Bypass,
}

func modeOf(f resource.Forward) schema.Mode { return modes[f] }

// ways are the ways in which a cluster can be written, the best first. The last one is its
// services alone, which is always possible.
func (c *cluster) ways(snap *resource.Snapshot) []*cluster {
	alone := *c
	alone.servicesOnly = true
	alone.services = make([]*service, len(c.services))
	for i, s := range c.services {
		bare := *s
		bare.packets = nil
		alone.services[i] = &bare
	}
	if c.vips[0].IsUnspecified() {
		return []*cluster{&alone}
	}
	whole := *c
	whole.link = linkOfVIP(c.vips[0], snap)
	ways := []*cluster{&whole, &alone}
	if from := c.rewritten(snap); from != "" {
		full := whole
		full.mode, full.source = schema.FULLNAT, from
		ways = slices.Insert(ways, 0, &full)
	}
	return ways
}

// linkOfVIP is the interface that has a VIP, empty for none.
func linkOfVIP(vip netip.Addr, snap *resource.Snapshot) string {
	i := slices.IndexFunc(snap.Facts.Addresses, func(a resource.Address) bool { return a.Prefix.Addr() == vip })
	if i < 0 {
		return ""
	}
	return snap.Facts.Addresses[i].Link
}

// rewritten is what our rules of nftables write over the client's address in packets for
// all services of the cluster, empty where they do not.
func (c *cluster) rewritten(snap *resource.Snapshot) string {
	from := ""
	for i, s := range c.services {
		n, ok := snap.Live.Get(resource.SourceNAT{Service: s.ServiceKey}.Key()).(resource.SourceNAT)
		words := n.First.String()
		if n.First != n.Last {
			words += "-" + n.Last.String()
		}
		if !ok || i > 0 && words != from {
			return ""
		}
		from = words
	}
	return from
}

// shared tells whether all services of a cluster have the same real servers, each on the
// port of the service or all on the same other one.
func (c *cluster) shared() bool {
	relative := func(s *service) []resource.Destination {
		list := make([]resource.Destination, len(s.servers))
		for i, dest := range s.servers {
			dest.Service = resource.ServiceKey{}
			if dest.Port == s.Port {
				dest.Port = 0
			}
			list[i] = dest
		}
		slices.SortFunc(list, func(a, b resource.Destination) int {
			return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.Port, b.Port))
		})
		return list
	}
	first := relative(c.services[0])
	return !slices.ContainsFunc(c.services[1:], func(s *service) bool { return !slices.Equal(relative(s), first) })
}

// algorithm is that of most services, the first of several.
func (c *cluster) algorithm() string {
	votes := map[string]int{}
	best := c.services[0].Scheduler
	for _, s := range c.services {
		votes[s.Scheduler]++
	}
	for _, name := range slices.Sorted(maps.Keys(votes)) {
		if votes[name] > votes[best] {
			best = name
		}
	}
	return best
}

// serviceName is what people call the service on a port.
func serviceName(k resource.ServiceKey) string {
	switch name := wellKnown[k.Port]; {
	case k.Port == 0:
		return "all-" + k.Protocol.String()
	case name == "":
		return fmt.Sprintf("%s-%d", k.Protocol, k.Port)
	case k.Protocol == resource.TCP:
		return name
	default:
		return name + "-" + k.Protocol.String()
	}
}

// wellKnown are services by their ports.
var wellKnown = map[uint16]string{
	21: "ftp", 22: "ssh", 25: "smtp", 53: "dns", 80: "http", 110: "pop3", 143: "imap", 389: "ldap", 443: "https", 465: "smtps",
	514: "syslog", 587: "submission", 636: "ldaps", 993: "imaps", 995: "pop3s", 1812: "radius", 3306: "mysql", 5060: "sip",
	5432: "postgresql", 6379: "redis",
}

// A nameSet hands out names, each once.
type nameSet map[string]bool

// take gives out a name, or, where it is taken, the name with a detail behind it, or with
// a number.
func (n *nameSet) take(name, detail string) string {
	if *n == nil {
		*n = nameSet{}
	}
	free := name
	if (*n)[free] && detail != "" {
		free = name + "-" + detail
	}
	for i := 2; (*n)[free]; i++ {
		free = fmt.Sprintf("%s-%d", name, i)
	}
	(*n)[free] = true
	return free
}

// nameOf is an address as a name can have it.
func nameOf(a netip.Addr) string { return strings.ReplaceAll(a.String(), ":", "-") }
