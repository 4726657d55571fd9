package schema

import (
	"cmp"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A serviceDecl is a service with the block that declares it.
type serviceDecl struct {
	*Service
	content *content
	timeout hcl.Range // of its persistence, where it is written
	groups  []*group  // its own and its cluster's, in the order of the text
	broken  bool      // has errors, so that what seems missing may be among them
}

// services reads the service blocks of a cluster. All get the cluster's own real
// servers.
func (c *content) services(d *clusterDecl, shared []*group, taken *serverNames) []*serviceDecl {
	var services []*serviceDecl
	var names namespace
	for _, block := range c.blocks {
		if block.Type != serviceSpec.Type {
			continue
		}
		for _, r := range c.readings(&names, block, c.scope).list {
			s := c.service(d, r, taken)
			s.groups = slices.Concat(s.groups, shared)
			slices.SortStableFunc(s.groups, func(a, b *group) int {
				return cmp.Compare(a.content.header().Start.Byte, b.content.header().Start.Byte)
			})
			services = append(services, s)
		}
	}
	return services
}

// service reads one service block.
func (c *content) service(d *clusterDecl, in reading, taken *serverNames) *serviceDecl {
	before := c.trouble()
	b := c.inner(serviceSpec, in.block, in.scope)
	s := &serviceDecl{content: b, Service: &Service{Name: b.label(), Ignores: b.ignores, Range: b.header()}}
	s.VIPs = b.serviceVIPs(d)
	b.selectors(s.Service)
	s.Algorithm = b.serviceAlgorithm(d)
	s.AlgorithmAt = b.algorithmAt(d)
	s.Flags = b.flags(s.Algorithm)
	s.Drain = b.serviceDrain(d)
	s.Persistence, s.timeout = b.persistence(d)
	s.groups = b.groups(d, &serverNames{
		single: namespace{outer: &taken.single},
		pools:  namespace{outer: &taken.pools},
	})
	s.placeServers()
	s.broken = c.trouble() > before
	return s
}

// serviceAlgorithm is the service's own algorithm, or that of its cluster.
func (c *content) serviceAlgorithm(d *clusterDecl) string {
	if c.given("algorithm") || c.misspelt("algorithm") {
		return c.algorithm()
	}
	cluster := d.content
	if !cluster.given("algorithm") && (cluster.has("algorithm") || cluster.lacks("algorithm")) {
		c.failAlike(d, c.header(), "Missing algorithm", `Nothing says how the service's real servers are chosen. Write algorithm = "rr" (each in turn), or another, in the service, in the cluster for all its services, or in defaults for all clusters.`)
	}
	return d.algorithm
}

// serviceDrain is how long real servers of the service may take to go, or those of its
// cluster.
func (c *content) serviceDrain(d *clusterDecl) time.Duration {
	if c.given("drain") {
		return c.duration("drain", 0, maxDrain)
	}
	return d.drain
}

// algorithmAt is where the algorithm of a service is chosen.
func (c *content) algorithmAt(d *clusterDecl) hcl.Range {
	if c.given("algorithm") {
		return c.at("algorithm")
	}
	return d.content.at("algorithm")
}

// persistence reads the persistence block of a service, if it has one, and says where its
// timeout is.
func (c *content) persistence(d *clusterDecl) (p Persistence, timeout hcl.Range) {
	if b := c.only(persistenceSpec); b != nil {
		p.Timeout, _ = b.number("timeout")
		timeout = b.at("timeout")
		p.Netmask = b.netmask(d)
		if engine, ok := b.str("engine"); ok {
			p.Engine = b.word("engine", engine)
		}
	}
	return p, timeout
}

// netmask is the argument that says which clients count as one.
func (c *content) netmask(d *clusterDecl) uint32 {
	if len(d.VIPs) == 0 {
		return 0 // which netmasks are possible is not known
	}
	s, ok := c.str("netmask")
	if !ok {
		return resource.FullNetmask(d.Family())
	}
	mask, problem := parseNetmask(s, d.Family() == resource.IPv6)
	if problem != "" {
		c.add(ruleNetmask.Finding(c.at("netmask"), problem))
	}
	return mask
}
