package schema

import (
	"fmt"
	"slices"
)

// Algorithms lists the IPVS schedulers that services can have.
func Algorithms() []string { return slices.Clone(algorithms) }

// Cluster finds a cluster by its name. The error says which there are.
func (c *Config) Cluster(name string) (*Cluster, error) {
	names := make([]string, len(c.Clusters))
	for i, cluster := range c.Clusters {
		if cluster.Name == name {
			return cluster, nil
		}
		names[i] = cluster.Name
	}
	return nil, fmt.Errorf("the config has no cluster %q; it has %s.%s", name, list(names), didYouMean(name, names, "%q"))
}
