package schema

import (
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// A loader carries one configuration from its files to a [Config].
type loader struct {
	reporter
	sources     *Sources
	library     *library
	inputs      []*given                       // values of variables from outside, those that count last
	misread     map[string]bool                // names in blocks at the top of files that make no sense
	bodies      map[hcl.Range]*hcl.BodyContent // of blocks that are read for several instances, by header
	hosts       map[string]*hostDecl
	hostList    []*hostDecl // in the order of the text
	sortedHosts []string    // see hostNames
	instances   int         // of all blocks with for_each
	defaults    defaults
	ignorer     ignorer
	clusters    []*clusterDecl
	policies    []*Policy
	backend     *Backend // nil for none
}

// A clusterDecl is a cluster with the block that declares it.
type clusterDecl struct {
	*Cluster
	content   *content
	algorithm string        // the default for its services
	drain     time.Duration // the default for its services
	tunnel    Tunnel        // the default for its real servers
	services  []*serviceDecl
	shares    []*shareDecl
	probes    []*probeDecl
	rolling   *content // its rollout block, nil for none
	broken    bool     // has errors, so that what seems missing may be among them
}

// load reads the bodies of all files, in the order in which things depend on each
// other. The result is nil when something is wrong.
func (l *loader) load(bodies []hcl.Body) *Config {
	blocks := map[string]hcl.Blocks{}
	for _, body := range bodies {
		got, diags := fileSpec.content(body)
		l.addContent(fileSpec, diags)
		showHeaders(got.Blocks)
		for _, block := range got.Blocks {
			blocks[block.Type] = append(blocks[block.Type], block)
		}
		if diags.HasErrors() {
			l.misreadBody(body)
		}
	}
	vars := l.loadVariables(blocks["variable"])
	locals := l.loadLocals(blocks["locals"], vars)
	hosts := l.loadHosts(blocks["host"], l.newScope("A host", vars, locals))
	l.loadDefaults(blocks["defaults"], l.newScope("A defaults block", vars, locals, hosts))
	l.loadClusters(blocks["cluster"], l.newScope("A cluster", vars, locals, hosts))
	l.loadPolicies(blocks["policy"], l.newScope("A policy", vars, locals, hosts))
	l.loadBackend(blocks["backend"], l.newScope("A backend", vars, locals))
	if len(l.hosts)+len(l.clusters) == 0 && l.errors == 0 {
		l.add(&hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Nothing is configured",
			Detail:   "The configuration has no host and no cluster block. To take everything down that lvsctl set up, use lvsctl destroy with the configuration that set it up.",
		})
	}
	l.checkRules()
	l.checkIgnores()
	if l.errors > 0 {
		return nil
	}
	return l.config()
}

// misreadBody notes what blocks that HCL refuses may have been meant to declare.
func (l *loader) misreadBody(body hcl.Body) {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		l.misreadJSON(body)
		return
	}
	for _, block := range native.Blocks {
		known := slices.ContainsFunc(fileSpec.schema.Blocks, func(s hcl.BlockHeaderSchema) bool {
			return s.Type == block.Type && len(s.LabelNames) == len(block.Labels)
		})
		if !known {
			l.misreadBlock(block.Labels, block.Body.Attributes)
		}
	}
}

// misreadBlock notes the names that a block could have declared.
func (l *loader) misreadBlock(labels []string, attrs hclsyntax.Attributes) {
	names := slices.Concat(labels, sortedKeys(attrs))
	if len(names) == 0 {
		names = []string{anyName}
	}
	for _, name := range names {
		l.misread[name] = true
	}
}

// config is the result, sorted by name.
func (l *loader) config() *Config {
	config := &Config{Policies: l.policies, Backend: l.backend}
	for _, name := range sortedKeys(l.hosts) {
		config.Hosts = append(config.Hosts, l.hosts[name].Host)
	}
	slices.SortFunc(l.clusters, func(a, b *clusterDecl) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range l.clusters {
		for _, s := range c.services {
			s.RealServers = s.realServers()
			c.Services = append(c.Services, s.Service)
		}
		for _, s := range c.shares {
			c.Shares = append(c.Shares, s.Share)
		}
		for _, p := range c.probes {
			c.Probes = append(c.Probes, p.Probe)
		}
		config.Clusters = append(config.Clusters, c.Cluster)
	}
	return config
}

// loadClusters reads all cluster blocks.
func (l *loader) loadClusters(blocks hcl.Blocks, s *scope) {
	var names namespace
	for _, block := range blocks {
		for _, r := range l.readings(&names, block, s).list {
			l.clusters = append(l.clusters, l.cluster(r.block, r.scope))
		}
	}
}

// cluster reads one cluster block.
func (l *loader) cluster(block *hcl.Block, s *scope) *clusterDecl {
	before := l.trouble()
	c := l.content(clusterSpec, block, s)
	d := &clusterDecl{content: c, Cluster: &Cluster{Name: c.label(), Ignores: c.ignores, Range: c.header()}}
	d.Mode = c.mode()
	d.ServicesOnly = c.boolean("services_only")
	d.VIPs = c.vips(d)
	d.Interface, _ = c.str("interface")
	d.Gateway = c.addr("gateway")
	d.GatewayTable = c.table("gateway_table")
	d.Source = c.addrRange("source")
	d.MSS = c.uint16("mss")
	d.tunnel = c.tunnel(l.defaults.tunnel)
	d.algorithm = c.algorithm()
	d.drain = c.duration("drain", 0, maxDrain)
	for _, h := range c.hostRefs("directors") {
		d.Directors = append(d.Directors, h.Host)
	}
	d.VIPLabels = c.vipLabels(d)
	var names serverNames
	shared := c.groups(d, &names)
	d.services = c.services(d, shared, &names)
	d.shares = c.shares()
	d.probes = c.probes(d)
	d.Rollout = c.rollout(d)
	if c.inherits("mss") && !d.uses(TUN) {
		d.MSS = 0
	}
	d.broken = l.trouble() > before
	return d
}

// mode is the argument that says how packets get to the real servers, empty where it is
// missing or wrong.
func (c *content) mode() Mode {
	s, ok := c.str("mode")
	if !ok {
		return ""
	}
	return Mode(c.word("mode", s))
}

// algorithm is the argument that names an IPVS scheduler, empty where it is missing or
// wrong.
func (c *content) algorithm() string {
	s, ok := c.str("algorithm")
	if !ok {
		return ""
	}
	return c.word("algorithm", s)
}

// word checks a value that must be one of the words of its argument. It is empty where
// it is not.
func (c *content) word(name, s string) string {
	words := c.spec.attr(name).Words
	if slices.Contains(words, s) {
		return s
	}
	d := problem(c.at(name), "Unknown "+name, "There is no %s %q. It must be %s.%s", name, s, listWords(words), didYouMean(s, words, "%q"))
	if name == "algorithm" {
		d.Extra = ruleAlgorithm
	}
	c.add(d)
	return ""
}
