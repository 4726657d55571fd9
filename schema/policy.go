package schema

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
)

// A Policy refuses plans. Each of its conditions counts for itself, and a plan has to meet
// all of them.
type Policy struct {
	Name     string
	Message  string   // what its author says to those whose plan is refused, never empty
	Clusters []string // whose steps are judged, by name; none: all, and host blocks
	// MaxRemoved is how many of a service's real servers one plan may take away or give weight
	// 0, in percent; nil is any number.
	MaxRemoved  *int
	KeepServers bool     // no service is left without a real server that takes connections
	KeepVIPs    bool     // no VIP goes
	Hosts       []*Host  // the only ones that may be changed; none: all
	Windows     []Window // when hosts may be changed; none: always
	Range       hcl.Range
}

// About tells whether a policy is about what is done for a cluster.
func (p *Policy) About(cluster string) bool {
	return len(p.Clusters) == 0 || slices.Contains(p.Clusters, cluster)
}

// Policy finds a policy by its name. The error says which there are.
func (c *Config) Policy(name string) (*Policy, error) {
	names := make([]string, len(c.Policies))
	for i, p := range c.Policies {
		if p.Name == name {
			return p, nil
		}
		names[i] = p.Name
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("the config has no policy %q, nor any other", name)
	}
	return nil, fmt.Errorf("the config has no policy %q; it has %s.%s", name, list(names), didYouMean(name, names, "%q"))
}

// loadPolicies reads all policy blocks.
func (l *loader) loadPolicies(blocks hcl.Blocks, s *scope) {
	complete := l.errors == 0 // so that all clusters are known
	var names namespace
	for _, block := range blocks {
		if l.declare(&names, block) {
			l.policies = append(l.policies, l.policy(block, s, complete))
		}
	}
}

// policy reads one policy block.
func (l *loader) policy(block *hcl.Block, s *scope, clustersKnown bool) *Policy {
	before := l.trouble()
	c := l.content(policySpec, block, s)
	p := &Policy{Name: c.label(), Range: c.header()}
	p.Message = c.message("message")
	p.Clusters = c.clusterNames("clusters", clustersKnown)
	p.MaxRemoved = c.percent("max_removed")
	p.KeepServers = c.boolean("keep_servers")
	p.KeepVIPs = c.boolean("keep_vips")
	for _, h := range c.hostRefs("hosts") {
		p.Hosts = append(p.Hosts, h.Host)
	}
	for _, block := range c.blocks {
		if block.Type == windowSpec.Type {
			p.Windows = append(p.Windows, c.inner(windowSpec, block, c.scope).window())
		}
	}
	if l.trouble() == before && !p.refuses() {
		c.fail(c.header(), "Policy without a condition", `Nothing is against this policy. Write what a plan must not do: max_removed = "25%%", keep_servers = true, keep_vips = true, hosts = [host.NAME] or a window block.`)
	}
	return p
}

// refuses tells whether there are plans that are against the policy.
func (p *Policy) refuses() bool {
	return p.MaxRemoved != nil || p.KeepServers || p.KeepVIPs || len(p.Hosts) > 0 || len(p.Windows) > 0
}

// message is an argument that says something to people.
func (c *content) message(name string) string {
	s, ok := c.str(name)
	s = strings.TrimSpace(s)
	if ok && s == "" {
		c.fail(c.at(name), "Missing message", "The message is empty. Write why a plan is refused, and whom to ask, for the one whose plan it is.")
	}
	return s
}

// clusterNames is an argument that is a list of names of clusters. Those of a config with
// errors may be others.
func (c *content) clusterNames(name string, known bool) []string {
	names, ok := c.strings(name)
	if !ok {
		return nil
	}
	if len(names) == 0 {
		c.fail(c.at(name), "No cluster", "The list is empty, so that the policy is about no cluster. Remove the argument for a policy about all of them.")
		return nil
	}
	all := make([]string, len(c.clusters))
	for i, cluster := range c.clusters {
		all[i] = cluster.Name
	}
	for _, n := range names {
		if known && !slices.Contains(all, n) {
			c.fail(c.at(name), "Unknown cluster", "There is no cluster named %q. Declared here: %s.%s", n, list(all), didYouMean(n, all, "%q"))
		}
	}
	return names
}

var percentForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9]{1,2})\s*%$`)
})

// percent is an argument that is a percentage below 100, nil where it is missing or wrong.
func (c *content) percent(name string) *int {
	s, ok := c.str(name)
	if !ok {
		return nil
	}
	m := percentForm().FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		c.fail(c.at(name), "Invalid percentage", `The argument %q must be a whole percentage from "0%%" to "99%%", with the sign, and this is %q. %s.`, name, s, c.spec.attr(name).sentence())
		return nil
	}
	n, _ := strconv.Atoi(m[1])
	return &n
}
