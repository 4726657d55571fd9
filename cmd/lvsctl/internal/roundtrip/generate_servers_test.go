package roundtrip

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// A serverMaker makes real servers of a cluster, each address in one block alone.
type serverMaker struct {
	*generator
	model   *model
	cluster *cluster
	synced  bool
	free    map[int][]netip.Addr // addresses that are not taken yet, by family
	hosts   []string             // managed hosts that are not taken yet
}

// newServerMaker has all addresses free.
func (g *generator) newServerMaker(m *model, c *cluster, synced bool) *serverMaker {
	maker := &serverMaker{generator: g, model: m, cluster: c, synced: synced, free: map[int][]netip.Addr{}}
	for _, f := range []int{4, 6} {
		for _, i := range g.Perm(len(servers[f])) {
			maker.free[f] = append(maker.free[f], servers[f][i])
		}
	}
	if m.web {
		maker.hosts = append(maker.hosts, "web")
	}
	if !slices.Contains(c.vips, m.own) {
		maker.hosts = append(maker.hosts, "lb")
	}
	return maker
}

// fork is for one service: what it takes stays free for others.
func (g *serverMaker) fork() *serverMaker {
	other := *g
	other.free = maps.Clone(g.free)
	return &other
}

// groups make n blocks of real servers, for a service or, with nil, for all services.
func (g *serverMaker) groups(label string, n int, s *service) (list []*group) {
	for i := range n {
		list = append(list, g.group(fmt.Sprintf("%s-%d", label, i), s))
	}
	return list
}

func (g *serverMaker) group(name string, s *service) *group {
	b := &group{name: name, pool: g.chance(2), weight: maybe(g.generator, g.weight())}
	b.mode = g.mode()
	mode := g.cluster.modeOf(b)
	if mode == "tun" && g.chance(2) {
		b.tunnel = g.tunnel()
	}
	b.port = g.port(mode, s)
	if b.pool {
		g.pool(b, mode)
		return b
	}
	if g.chance(5) {
		b.upper = new(pick(g.generator, 0, 1, 1000, 1+g.IntN(maxThreshold), maxThreshold))
		b.lower = maybe(g.generator, pick(g.generator, 0, *b.upper, g.IntN(*b.upper+1)))
	}
	if !g.managed(b, mode) {
		b.servers = []server{{addr: g.address(mode)}}
	}
	return b
}

// maxThreshold is the highest number of connections that can be written.
const maxThreshold = 1<<31 - 1

// mode makes a mode of a block's own, or none.
func (g *serverMaker) mode() string {
	switch {
	case !g.chance(3):
		return ""
	case g.cluster.mode == "fullnat":
		return pick(g.generator, "", "local")
	}
	return pick(g.generator, "dr", "dr", "nat", "nat", "tun", "tun", "local", "bypass")
}

func (g *generator) weight() int {
	return pick(g, 0, 1, 2, 3, 100, 65536, 1<<31-1, g.IntN(1<<31))
}

// port makes a port that a block in a mode can have, or none.
func (g *serverMaker) port(mode string, s *service) *int {
	switch {
	case translates(mode):
		return maybe(g.generator, 8000+g.IntN(4))
	case s == nil || s.mark != 0 || !g.chance(4):
		return nil
	case s.port == 0:
		return new(8000)
	}
	return new(s.port)
}

// address takes an address that real servers in a mode can have. Only tunnels carry one
// family in the other.
func (g *serverMaker) address(mode string) netip.Addr {
	f := g.cluster.family()
	if mode == "tun" && !g.synced && g.chance(4) {
		f = 10 - f
		g.cluster.mixedFamilies = true
	}
	if len(g.free[f]) == 0 {
		panic("there are fewer addresses than a cluster can have real servers")
	}
	a := g.free[f][0]
	g.free[f] = g.free[f][1:]
	return a
}

// pool makes the entries of a pool. Where ports are mapped, one address can be there
// twice.
func (g *serverMaker) pool(b *group, mode string) {
	for range g.IntN(6) {
		s := server{addr: g.address(mode), weight: maybe(g.generator, g.weight())}
		if translates(mode) {
			s.port = maybe(g.generator, 8100+g.IntN(4))
		}
		b.servers = append(b.servers, s)
		if translates(mode) && g.chance(4) {
			s.port = new(8200)
			b.servers = append(b.servers, s)
		}
	}
}

// managed makes a real server of a managed host, if one is left and it can be in the
// mode.
func (g *serverMaker) managed(b *group, mode string) bool {
	if len(g.hosts) == 0 || mode == "bypass" || !g.chance(3) {
		return false
	}
	host := g.hosts[0]
	if host == "web" && (mode == "local" || !g.receives(b, mode)) {
		return false
	}
	g.hosts = g.hosts[1:]
	b.host = host
	own := map[string]netip.Addr{"lb": g.model.own, "web": web4}[host]
	s := server{addr: map[string]map[int]netip.Addr{"lb": {4: own4, 6: own6}, "web": {4: web4, 6: web6}}[host][g.cluster.family()]}
	s.implied = s.addr == own && g.chance(2)
	b.servers = []server{s}
	return true
}

// receives tells whether the managed real server can have the receiving end of a block's
// tunnel. It has one for GRE, with checksums or without.
func (g *serverMaker) receives(b *group, mode string) bool {
	if mode != "tun" {
		return true
	}
	t := of(tunnel{kind: "ipip"}, b.tunnel, g.cluster.tunnel)
	summed := fmt.Sprint(t.checksum == "csum")
	return t.kind != "gre" || g.settle(g.cluster, fmt.Sprintf("checksums of GRE in IPv%d", g.cluster.family()), summed) == summed
}
