package schema

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// A loader carries one configuration from its files to a [Config].
type loader struct {
	reporter
	given    map[string]string // values of variables from outside
	misread  map[string]bool   // names in blocks at the top of files that make no sense
	hosts    map[string]*hostDecl
	hostList []*hostDecl // in the order of the text
	clusters []*clusterDecl
}

// A clusterDecl is a cluster with the block that declares it.
type clusterDecl struct {
	*Cluster
	content   *content
	algorithm string // the default for its services
	services  []*serviceDecl
	broken    bool // has errors, so that what seems missing may be among them
}

// load reads the bodies of all files, in the order in which things depend on each
// other. The result is nil when something is wrong.
func (l *loader) load(bodies []hcl.Body) *Config {
	blocks := map[string]hcl.Blocks{}
	for _, body := range bodies {
		got, diags := body.Content(fileSpec.schema)
		l.addContent(fileSpec, diags)
		for _, block := range got.Blocks {
			blocks[block.Type] = append(blocks[block.Type], block)
		}
		l.misreadBody(body)
	}
	vars := l.loadVariables(blocks["variable"])
	locals := l.loadLocals(blocks["locals"], vars)
	hosts := l.loadHosts(blocks["host"], newScope("A host", vars, locals))
	l.loadClusters(blocks["cluster"], newScope("A cluster", vars, locals, hosts))
	if len(l.hosts)+len(l.clusters) == 0 && l.errors == 0 {
		l.add(&hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Nothing is configured",
			Detail:   "The configuration has no host and no cluster block. To take everything down that lvsctl set up, use lvsctl destroy with the configuration that set it up.",
		})
	}
	l.checkRules()
	if l.errors > 0 {
		return nil
	}
	return l.config()
}

// misreadBody notes what blocks that HCL refuses may have been meant to declare.
func (l *loader) misreadBody(body hcl.Body) {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
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
	config := &Config{}
	for _, name := range sortedKeys(l.hosts) {
		config.Hosts = append(config.Hosts, l.hosts[name].Host)
	}
	slices.SortFunc(l.clusters, func(a, b *clusterDecl) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range l.clusters {
		for _, s := range c.services {
			s.RealServers = s.realServers()
			c.Services = append(c.Services, s.Service)
		}
		config.Clusters = append(config.Clusters, c.Cluster)
	}
	return config
}

// loadClusters reads all cluster blocks.
func (l *loader) loadClusters(blocks hcl.Blocks, s *scope) {
	var names namespace
	for _, block := range blocks {
		if l.declare(&names, block) {
			l.clusters = append(l.clusters, l.cluster(block, s))
		}
	}
}

// cluster reads one cluster block.
func (l *loader) cluster(block *hcl.Block, s *scope) *clusterDecl {
	before := l.errors
	c := l.content(clusterSpec, block, s)
	d := &clusterDecl{content: c, Cluster: &Cluster{Name: block.Labels[0], Range: block.DefRange}}
	d.Mode = c.mode()
	d.VIP = c.vip()
	d.Interface, _ = c.str("interface")
	d.Gateway = c.addr("gateway")
	d.algorithm = c.algorithm()
	for _, h := range c.hostRefs("directors") {
		d.Directors = append(d.Directors, h.Host)
	}
	var names serverNames
	shared := c.groups(&names)
	d.services = c.services(d, shared, &names)
	d.broken = l.errors > before
	return d
}

// mode is the argument that says how packets get to the real servers.
func (c *content) mode() Mode {
	s, ok := c.str("mode")
	switch {
	case !ok:
		return ""
	case slices.Contains(knownModes, s):
		c.fail(c.at("mode"), "Unsupported mode", "The mode %q is not supported by this version of lvsctl. Supported is %s.", s, listWords(modes))
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

// vip is the argument that is the virtual IP.
func (c *content) vip() netip.Addr {
	s, ok := c.str("vip")
	if !ok {
		return netip.Addr{}
	}
	addr, problem := parseAddr(s)
	if p, err := netip.ParsePrefix(s); err == nil {
		problem = fmt.Sprintf("%q has a prefix length. A VIP always has the prefix of a single address, so that no host answers for the subnet around it: write %q.", s, p.Addr())
	}
	if problem == "" && addr.IsLoopback() {
		problem = fmt.Sprintf("%q is a loopback address, which no client can reach.", s)
	}
	if problem != "" {
		c.fail(c.at("vip"), "Invalid address", "%s", problem)
		return netip.Addr{}
	}
	return addr
}
