package roundtrip

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
)

// A generator makes configurations, one after the other. The same seed makes the same
// ones.
//
// Addresses, ports and marks are few, so that one configuration has much in common with
// the next: the same service with another algorithm, the same real server with another
// weight. All of them are valid. What two clusters could contradict each other in is
// agreed upon, see [agreement].
type generator struct {
	*rand.Rand
	last   *model
	agreed agreement
}

func newGenerator(seed uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, seed))}
	g.last = &model{own: pick(g, own4, own4, own4, own6), web: g.chance(3)}
	return g
}

// The addresses of hosts, as the topology of the test has them.
var (
	own4, own6 = addr("10.0.0.1"), addr("fd00::1")
	web4, web6 = addr("10.0.0.2"), addr("fd00::2")
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// span are n addresses in a row.
func span(first string, n int) []netip.Addr {
	list := []netip.Addr{addr(first)}
	for len(list) < n {
		list = append(list, list[len(list)-1].Next())
	}
	return list
}

// The addresses that there are, by family.
var (
	vips    = map[int][]netip.Addr{4: append(span("10.0.0.100", 3), span("192.0.2.1", 2)...), 6: append(span("fd00::100", 3), span("2001:db8::1", 2)...)}
	servers = map[int][]netip.Addr{4: append(span("10.0.0.20", 18), span("172.16.0.1", 6)...), 6: append(span("fd00::20", 18), span("2001:db8:1::1", 6)...)}
	sources = map[int][]netip.Addr{4: span("10.0.0.150", 6), 6: span("fd00::150", 6)}
)

// algorithms are those of Debian's kernel, which lacks twos.
var algorithms = []string{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh"}

// pick returns one of the choices.
func pick[T any](g *generator, choices ...T) T { return choices[g.IntN(len(choices))] }

// chance is true in one of n cases.
func (g *generator) chance(n int) bool { return g.IntN(n) == 0 }

// maybe writes a value in half of all cases.
func maybe[T any](g *generator, v T) *T {
	if g.chance(2) {
		return nil
	}
	return &v
}

// some are n of the choices, in their order.
func some[T any](g *generator, n int, choices []T) []T {
	chosen := g.Perm(len(choices))[:min(n, len(choices))]
	slices.Sort(chosen)
	list := make([]T, len(chosen))
	for i, at := range chosen {
		list[i] = choices[at]
	}
	return list
}

// next makes the next configuration. A third of the clusters of the last one stay as
// they are.
func (g *generator) next() *model {
	m := &model{own: g.last.own, web: g.last.web}
	synced := g.chance(5) // there can be sync daemons or mixed address families
	g.agreed = agreement{}
	for _, c := range g.last.clusters {
		if g.chance(3) && (!synced || !c.mixedFamilies) {
			m.clusters = append(m.clusters, c)
			maps.Copy(g.agreed, c.agreed)
		}
	}
	for want := 1 + g.IntN(4); len(m.clusters) < want; {
		m.clusters = append(m.clusters, g.cluster(m, synced))
	}
	if synced || g.chance(2) {
		m.ipvs = g.settings(m, synced)
	}
	m.raw = g.rawBlocks()
	g.last = m
	return m
}

// An agreement is what the clusters of a configuration have settled, and how: which of
// them has a service, for example, or what the one gateway of a real server is.
type agreement map[string]string

// settle is what has been agreed upon about something, or now is.
func (g *generator) settle(c *cluster, what, how string) string {
	if other, settled := g.agreed[what]; settled {
		how = other
	}
	g.agreed[what], c.agreed[what] = how, how
	return how
}

// take settles something that nobody else may have.
func (g *generator) take(c *cluster, what ...string) bool {
	for _, w := range what {
		if _, taken := g.agreed[w]; taken {
			return false
		}
	}
	for _, w := range what {
		g.settle(c, w, "taken")
	}
	return true
}

// cluster makes a cluster with a name that no other one has.
func (g *generator) cluster(m *model, synced bool) *cluster {
	c := &cluster{agreed: map[string]string{}}
	for c.name == "" || slices.ContainsFunc(m.clusters, func(o *cluster) bool { return o.name == c.name }) {
		c.name = pick(g, "a", "b", "c", "d", "e", "f")
	}
	c.mode = pick(g, "dr", "nat", "tun", "tun", "fullnat")
	c.vips = some(g, 1+g.IntN(3), vips[pick(g, 4, 6)])
	if translates(c.mode) && c.family() == family(m.own) && g.chance(6) {
		c.vips = append(c.vips, m.own)
	}
	c.link = pick(g, "", "", "eth0", "eth1")
	c.algorithm = pick(g, "", pick(g, algorithms...))
	if c.mode == "tun" && g.chance(2) || g.chance(8) {
		c.tunnel = g.tunnel()
	}
	servers := g.newServerMaker(m, c, synced)
	c.groups = servers.groups("shared", g.IntN(3), nil)
	for i := range g.IntN(4) + g.IntN(2) {
		if s := g.service(m, c, fmt.Sprintf("s%d", i)); s != nil {
			s.groups = servers.fork().groups(s.name, g.IntN(3), s)
			c.services = append(c.services, s)
		}
	}
	g.reach(m, c)
	return c
}

// translates tells the modes in which the director writes the address and port of a real
// server over the virtual one.
func translates(mode string) bool { return mode == "nat" || mode == "fullnat" }

// reach makes what a cluster says about the way of packets, as far as it has a real
// server that this is for.
func (g *generator) reach(m *model, c *cluster) {
	if c.uses("nat", "") {
		g.gateway(m, c)
	}
	if c.mode == "fullnat" && (c.family() != family(m.own) || g.chance(2)) {
		list := sources[c.family()]
		first := g.IntN(len(list) - 3)
		c.source = slices.Compact([]netip.Addr{list[first], list[first+g.IntN(4)]})
	}
	if c.uses("tun", "") && g.chance(2) {
		g.mss(c)
	}
}

// uses tells whether a cluster is in a mode, or a service has a real server that is; with
// a host, whether that is such a real server.
func (c *cluster) uses(mode, host string) bool {
	if c.mode == mode && host == "" {
		return true
	}
	return slices.ContainsFunc(c.services, func(s *service) bool {
		return slices.ContainsFunc(slices.Concat(s.groups, c.groups), func(g *group) bool {
			return c.modeOf(g) == mode && len(g.servers) > 0 && (host == "" || g.host == host)
		})
	})
}

// gateway makes the way back of managed real servers. They have one default route, and
// one in a table.
func (g *generator) gateway(m *model, c *cluster) {
	if g.chance(2) && !c.answersFrom(65535) {
		n := 100 + g.IntN(3)
		if c.uses("nat", "web") {
			fmt.Sscan(g.settle(c, "table", fmt.Sprint(n)), &n)
		}
		c.table = &n
	}
	directors := map[int][]netip.Addr{4: {own4, addr("10.0.0.3")}, 6: {own6, addr("fd00::3")}}
	via := pick(g, directors[c.family()]...)
	if c.uses("nat", "web") {
		via = addr(g.settle(c, fmt.Sprintf("gateway of IPv%d in table %d", c.family(), of(0, c.table)), via.String()))
	}
	if via != m.own || g.chance(2) {
		c.gateway = &via
	}
}

// answersFrom tells whether a managed real server in NAT answers from a port, which for
// the last one cannot be by a routing table.
func (c *cluster) answersFrom(port int) bool {
	for _, s := range c.services {
		for _, g := range slices.Concat(s.groups, c.groups) {
			if g.host == "web" && c.modeOf(g) == "nat" && s.mark == 0 && of(s.port, g.port) == port {
				return true
			}
		}
	}
	return false
}

// mss makes a bound for TCP segments, which managed real servers have by virtual address.
func (g *generator) mss(c *cluster) {
	n := 88 + g.IntN(1400)
	if c.uses("tun", "web") {
		for _, vip := range c.vips {
			if settled := g.settle(c, "mss of "+vip.String(), fmt.Sprint(n)); settled != fmt.Sprint(n) {
				return
			}
		}
	}
	c.mss = &n
}

// service makes a service, nil where none is free.
func (g *generator) service(m *model, c *cluster, name string) *service {
	s := &service{name: name}
	if g.chance(3) {
		s.vips = some(g, 1+g.IntN(len(c.vips)), c.vips)
	}
	free := false
	for range 10 {
		if free = g.selector(c, s); free {
			break
		}
	}
	if !free {
		return nil
	}
	if s.mark != 0 {
		s.packets = g.packets(m, c, s)
	}
	if c.algorithm == "" || g.chance(2) {
		s.algorithm = pick(g, algorithms...)
	}
	s.flags = g.flags(virtual{service: s, cluster: c}.scheduler())
	datagrams := s.mark != 0 || s.protocol == "udp"
	s.onePacket = datagrams && g.chance(4)
	if s.mark == 0 && s.port == 0 || g.chance(3) {
		s.persistence = g.persistence(c.family(), datagrams)
	}
	return s
}

// selector makes what selects the packets of a service, and tells whether no other
// service has it.
func (g *generator) selector(c *cluster, s *service) bool {
	s.protocol, s.port, s.mark = "", 0, 0
	if g.chance(4) {
		s.mark = pick(g, 1, 2, 3, 1<<31, 1<<32-1, 1+g.Uint32N(1<<32-1))
		return g.take(c, fmt.Sprintf("service of IPv%d with mark %d", c.family(), s.mark))
	}
	s.protocol = pick(g, "", "tcp", "udp", "udp", "sctp")
	s.port = pick(g, 0, 53, 80, 443, 5060, 65535, 1+g.IntN(7999))
	var what []string
	for _, vip := range s.addresses(c) {
		what = append(what, virtual{service: s, cluster: c, addr: vip}.title())
	}
	return g.take(c, what...)
}

// packets make a list of packets that get a mark and have none yet. Somebody else may
// set it.
func (g *generator) packets(m *model, c *cluster, s *service) (list []packets) {
	for range g.IntN(5) {
		p := packets{protocol: pick(g, "tcp", "udp", "sctp")}
		if !g.chance(6) {
			p.first = pick(g, 80, 443, 1+g.IntN(65535))
			p.last = min(65535, p.first+pick(g, 0, 0, 1, 1000))
		}
		taken := slices.ContainsFunc(list, p.overlaps)
		for _, o := range append(m.clusters[:len(m.clusters):len(m.clusters)], c) {
			for _, other := range o.services {
				shared := slices.ContainsFunc(s.addresses(c), func(a netip.Addr) bool { return slices.Contains(other.addresses(o), a) })
				taken = taken || shared && slices.ContainsFunc(other.packets, p.overlaps)
			}
		}
		if !taken {
			list = append(list, p)
		}
	}
	return list
}

func (p packets) overlaps(o packets) bool {
	return p.protocol == o.protocol && (p.last == 0 || o.last == 0 || p.first <= o.last && o.first <= p.last)
}

// flags make flags by the names that an algorithm has for them, or by number.
func (g *generator) flags(algorithm string) []string {
	if !g.chance(3) {
		return nil
	}
	names := []string{"flag-1", "flag-2", "flag-3"}
	if algorithm == "sh" || algorithm == "mh" {
		names = append(names, algorithm+"-fallback", algorithm+"-port")
	}
	return some(g, 1+g.IntN(3), names)
}

func (g *generator) persistence(family int, datagrams bool) *persistence {
	p := &persistence{timeout: maybe(g, pick(g, 1, 60, 3600, 1+g.IntN(maxTimeout), maxTimeout))}
	switch {
	case g.chance(2):
	case family == 6:
		p.netmask = fmt.Sprint(pick(g, 1, 64, 128, 1+g.IntN(128)))
	default:
		bits := pick(g, 1, 24, 32, 1+g.IntN(32))
		p.netmask = fmt.Sprint(bits)
		if g.chance(2) {
			p.netmask = netip.PrefixFrom(addr("255.255.255.255"), bits).Masked().Addr().String()
		}
	}
	if datagrams && g.chance(3) {
		p.engine = "sip"
	}
	return p
}

// maxTimeout is the longest timeout that can be written, in seconds.
const maxTimeout = 2147483

func (g *generator) tunnel() *tunnel {
	t := &tunnel{kind: pick(g, "ipip", "gue", "gre")}
	switch t.kind {
	case "ipip":
		t.checksum = pick(g, "", "none")
	case "gue":
		t.port = new(pick(g, 1, 6080, 65535))
		t.checksum = pick(g, "", "none", "csum", "remcsum")
	case "gre":
		t.checksum = pick(g, "", "none", "csum")
	}
	return t
}
