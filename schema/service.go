package schema

import (
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A serviceDecl is a service with the block that declares it.
type serviceDecl struct {
	*Service
	content *content
	groups  []*group // its own and its cluster's, in the order of the text
	broken  bool     // has errors, so that what seems missing may be among them
}

// services reads the service blocks of a cluster. All get the cluster's own real
// servers.
func (c *content) services(d *clusterDecl, shared []*group, taken *serverNames) []*serviceDecl {
	var services []*serviceDecl
	var names namespace
	for _, block := range c.blocks {
		if block.Type == serviceSpec.Type && c.declare(&names, block) {
			s := c.service(d, block, taken)
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
func (l *loader) service(d *clusterDecl, block *hcl.Block, taken *serverNames) *serviceDecl {
	before := l.errors
	c := l.content(serviceSpec, block, d.content.scope)
	s := &serviceDecl{content: c, Service: &Service{Name: block.Labels[0], Range: block.DefRange}}
	if name, ok := c.str("protocol"); ok {
		s.Protocol = resource.Protocols[c.word("protocol", name)]
	}
	s.Port = c.port("port")
	s.Algorithm = c.serviceAlgorithm(d)
	s.AlgorithmAt = c.algorithmAt(d)
	s.Flags = c.flags(s.Algorithm)
	s.Persistence = c.persistence(d)
	s.groups = c.groups(&serverNames{
		single: namespace{outer: &taken.single},
		pools:  namespace{outer: &taken.pools},
	})
	s.broken = l.errors > before
	return s
}

// serviceAlgorithm is the service's own algorithm, or that of its cluster.
func (c *content) serviceAlgorithm(d *clusterDecl) string {
	if c.given("algorithm") || c.misspelt("algorithm") {
		return c.algorithm()
	}
	if !d.content.given("algorithm") && !d.content.misspelt("algorithm") {
		c.failAlike(d, c.header(), "Missing algorithm", `Nothing says how the service's real servers are chosen. Write algorithm = "rr" (each in turn), or another, in the service or for all services in the cluster.`)
	}
	return d.algorithm
}

// algorithmAt is where the algorithm of a service is chosen.
func (c *content) algorithmAt(d *clusterDecl) hcl.Range {
	if c.given("algorithm") {
		return c.at("algorithm")
	}
	return d.content.at("algorithm")
}

// persistence reads the persistence block of a service, if it has one.
func (c *content) persistence(d *clusterDecl) Persistence {
	var first *content
	var p Persistence
	for _, block := range c.blocks {
		if block.Type != persistenceSpec.Type {
			continue
		}
		if first != nil {
			c.fail(block.DefRange, "Duplicate persistence block", "A service has one persistence block at most, and this one has another at %s. Remove one of the two.", place(first.header()))
			continue
		}
		first = c.content(persistenceSpec, block, c.scope)
		p.Timeout, _ = first.number("timeout")
		p.Netmask = first.netmask(d)
		if engine, ok := first.str("engine"); ok {
			p.Engine = first.word("engine", engine)
		}
	}
	return p
}

// netmask is the argument that says which clients count as one.
func (c *content) netmask(d *clusterDecl) uint32 {
	if !d.VIP.IsValid() {
		return 0 // which netmasks are possible is not known
	}
	s, ok := c.str("netmask")
	if !ok {
		return resource.FullNetmask(resource.FamilyOf(d.VIP))
	}
	mask, problem := parseNetmask(s, d.VIP.Is6())
	if problem != "" {
		c.add(ruleNetmask.diagnostic(c.at("netmask"), problem))
	}
	return mask
}
