package schema

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// A group is the real servers of one block: of real_server it is one, of pool any
// number. Servers that could not be read are in it too, without an address.
type group struct {
	content *content
	port    uint16           // the port that is written for all of them, 0 for none
	servers []RealServer     // port 0 is that of each service
	entries []hcl.Expression // see written
}

// serverNames are the names of real servers and pools within one block.
type serverNames struct{ single, pools namespace }

// groups reads the real_server and pool blocks of a cluster or service.
func (c *content) groups(d *clusterDecl, names *serverNames) []*group {
	var groups []*group
	for _, block := range c.blocks {
		switch block.Type {
		case realServerSpec.Type:
			for _, r := range c.readings(&names.single, block, c.scope).list {
				groups = append(groups, c.realServer(d, r))
			}
		case poolSpec.Type:
			for _, r := range c.readings(&names.pools, block, c.scope).list {
				groups = append(groups, c.pool(d, r))
			}
		}
	}
	return groups
}

// realServer reads one real_server block.
func (c *content) realServer(d *clusterDecl, in reading) *group {
	r := c.inner(realServerSpec, in.block, in.scope)
	s := RealServer{Name: r.label(), Source: SourceOf(r.header())}
	s.Mode, s.Tunnel = r.way(d)
	if r.given("host") {
		if h := r.hostRef("host"); h != nil {
			s.Host, s.Addr = h.Host, h.Address
		}
	} else if !r.given("address") {
		r.needServer()
	}
	if r.given("address") {
		s.Addr = r.addr("address")
	}
	s.Port = r.uint16("port")
	s.Weight, _ = r.number("weight")
	s.UpperThreshold, s.LowerThreshold = r.thresholds()
	return &group{content: r, port: s.Port, servers: []RealServer{s}}
}

// way is how packets get to the real servers of a block: in its own mode and tunnel, or
// in those of its cluster.
func (c *content) way(d *clusterDecl) (Mode, Tunnel) {
	mode := d.Mode
	if c.given("mode") {
		mode = c.mode()
	}
	tunnel := c.tunnel(d.tunnel)
	if mode != TUN {
		return mode, Tunnel{}
	}
	return mode, tunnel
}

// thresholds are the two bounds of connections, 0 unless both can be read.
func (c *content) thresholds() (upper, lower uint32) {
	upper, ok := c.number("upper_threshold")
	lower, _ = c.number("lower_threshold")
	if !ok {
		return 0, 0
	}
	return upper, lower
}

// needServer reports a real server that says not which machine it is.
func (c *content) needServer() {
	if !c.misspelt("host") && !c.misspelt("address") {
		c.fail(c.header(), "Missing address", `A real server needs host = host.NAME, for a host that is managed here, or address = "IP", for one that is only sent to.`)
	}
}

// at is where an argument of server i is written, or else the server.
func (g *group) at(i int, name string) hcl.Range {
	if g.content.spec != poolSpec {
		return g.content.at(name)
	}
	if written := g.written(); written != nil {
		return written[i].Range()
	}
	return g.content.at("servers")
}

// written are the expressions of a pool's servers, nil where they are not written one by
// one.
func (g *group) written() []hcl.Expression {
	if g.entries == nil {
		g.entries, _ = hcl.ExprList(g.content.attrs["servers"].Expr)
	}
	return g.entries
}

// addressAt is where the address of server i is written.
func (g *group) addressAt(i int) hcl.Range {
	if g.servers[i].Host != nil && !g.content.given("address") {
		return g.at(i, "host")
	}
	return g.at(i, "address")
}

// placeServers puts the servers that only the service has on the ports they have there.
func (s *serviceDecl) placeServers() {
	for _, g := range s.groups {
		for i := range g.servers {
			g.servers[i].Port = s.portOf(&g.servers[i])
		}
	}
}

// realServers are the servers of all groups of a service, on the ports they have there.
func (s *serviceDecl) realServers() []RealServer {
	if len(s.groups) == 1 && s.groups[0].content.parent == s.content {
		return slices.Clip(s.groups[0].servers)
	}
	n := 0
	for _, g := range s.groups {
		n += len(g.servers)
	}
	servers := make([]RealServer, 0, n)
	for _, g := range s.groups {
		for _, server := range g.servers {
			server.Port = s.portOf(&server)
			servers = append(servers, server)
		}
	}
	return servers
}

// portOf is the port of a real server behind the service.
func (s *serviceDecl) portOf(server *RealServer) uint16 {
	if server.Port != 0 {
		return server.Port
	}
	return s.Port
}
