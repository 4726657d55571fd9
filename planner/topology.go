package planner

import (
	"slices"

	"github.com/lvsctl/lvsctl/schema"
)

// A Topology is what a config looks like from far away: what stands behind what.
type Topology struct {
	Clusters []ClusterTopology
	Idle     []*schema.Host // that have no part in any of the clusters
}

// A ClusterTopology is one cluster with the machines behind it.
type ClusterTopology struct {
	*schema.Cluster
	Groups []Group // of all real servers, each in one of them
}

// A Group is the real servers of a cluster that packets of the same services reach in the
// same way.
type Group struct {
	Kind
	Services []*schema.Service // at least one, in the order of the config
	Servers  []*Server         // at least one, in the order of the config
}

// NewTopology looks at some clusters of a config, all of them where none is given.
func NewTopology(cfg *schema.Config, only ...*schema.Cluster) *Topology {
	clusters := only
	if len(clusters) == 0 {
		clusters = cfg.Clusters
	}
	t := &Topology{}
	busy := map[*schema.Host]bool{}
	for _, c := range clusters {
		ct := ClusterTopology{Cluster: c, Groups: groups(c)}
		for _, h := range hostsOf(c) {
			busy[h] = true
		}
		for _, p := range c.Probes {
			busy[p.From] = true
		}
		t.Clusters = append(t.Clusters, ct)
	}
	if len(only) > 0 {
		return t // the other hosts may be busy elsewhere
	}
	for _, h := range cfg.Hosts {
		if !busy[h] {
			t.Idle = append(t.Idle, h)
		}
	}
	return t
}

// groups puts the machines behind a cluster in groups, in the order of the config.
func groups(c *schema.Cluster) []Group {
	var list []Group
	byKind := map[Kind][]int{}
	for _, s := range servers(c) {
		of := func(i int) bool { return slices.Equal(list[i].Services, s.Services) }
		if n := slices.IndexFunc(byKind[s.Kind], of); n >= 0 {
			g := &list[byKind[s.Kind][n]]
			g.Servers = append(g.Servers, s)
			continue
		}
		byKind[s.Kind] = append(byKind[s.Kind], len(list))
		list = append(list, Group{s.Kind, s.Services, []*Server{s}})
	}
	return list
}
