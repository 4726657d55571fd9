package schema

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A probeDecl is a probe with the block that declares it.
type probeDecl struct {
	*Probe
	content *content
	target  endpoint // of http or tcp, zero for a command
}

// An endpoint is where a probe connects to.
type endpoint struct {
	host string // a name, or an address
	port uint16 // 0 where it could not be read
}

// addr is the address, not valid where it is a name.
func (t endpoint) addr() netip.Addr {
	addr, _ := netip.ParseAddr(t.host)
	return addr
}

// probes reads the probe blocks of a cluster.
func (c *content) probes(d *clusterDecl) []*probeDecl {
	var probes []*probeDecl
	var names namespace
	for _, block := range c.blocks {
		if block.Type != probeSpec.Type {
			continue
		}
		for _, r := range c.readings(&names, block, c.scope).list {
			probes = append(probes, c.probe(d, r))
		}
	}
	return probes
}

// probe reads one probe block.
func (c *content) probe(d *clusterDecl, in reading) *probeDecl {
	b := c.inner(probeSpec, in.block, in.scope)
	p := &probeDecl{content: b, Probe: &Probe{Cluster: d.Name, Name: b.label(), Range: b.header()}}
	if b.given("from") {
		if h := b.hostRef("from"); h != nil {
			p.From = h.Host
		}
	}
	b.checkOnlyQuestion()
	p.Try, p.target = b.question()
	return p
}

// question reads what a probe asks, with the place that it connects to.
func (c *content) question() (try resource.Probe, target endpoint) {
	try.HTTP, target = c.url("http")
	if c.given("tcp") {
		try.TCP, target = c.hostPort("tcp")
	}
	try.Command = c.command("command")
	c.answer(&try)
	try.Timeout = c.duration("timeout", time.Millisecond, maxProbeTimeout)
	tries, _ := c.number("tries")
	try.Tries = int(tries)
	return try, target
}

// maxProbeTimeout is how long one try may take at the most.
const maxProbeTimeout = time.Hour

// checkOnlyQuestion reports a probe that asks nothing, or several things.
func (c *content) checkOnlyQuestion() {
	var given []string
	for _, name := range c.spec.OneOf[0] {
		if c.given(name) {
			given = append(given, name)
		}
	}
	switch {
	case len(given) == 0 && !c.misspelt("http") && !c.misspelt("tcp") && !c.misspelt("command"):
		c.fail(c.header(), "Missing question", `A probe asks one thing. Write one of http = "URL" (a page), tcp = "ADDRESS:PORT" (a port that is open) or command = ["PROGRAM", …] (a program that exits 0).`)
	case len(given) > 1:
		d := problem(c.attrs[given[1]].NameRange, "Conflicting arguments", "A probe asks one thing, and this one has %s. Remove all but one, or make a probe of each.", list(given))
		d.Context = hcl.RangeOver(c.attrs[given[0]].NameRange, c.attrs[given[1]].Range).Ptr()
		c.add(d)
	}
}

// answer reads what the answer to a page must be.
func (c *content) answer(p *resource.Probe) {
	status, _ := c.number("status")
	p.Status = int(status)
	p.Contains, _ = c.str("contains")
	for _, name := range []string{"status", "contains"} {
		if c.given(name) && !c.given("http") && !c.misspelt("http") {
			c.fail(c.attrs[name].NameRange, "Conflicting arguments", "The argument %q is about the answer to http, and this probe has none. Remove it.", name)
		}
	}
}

// url is an argument that is the URL of a page, with the place that it leads to.
func (c *content) url(name string) (string, endpoint) {
	s, ok := c.str(name)
	if !ok {
		return "", endpoint{}
	}
	u, err := url.Parse(s)
	defaults := map[string]uint16{"http": 80, "https": 443}
	switch {
	case err != nil || u.Hostname() == "" && defaults[u.Scheme] != 0:
		c.fail(c.at(name), "Invalid URL", "%q is not the URL of a page. It is written like \"http://192.0.2.1/index.html\", with an IPv6 address like \"http://[2001:db8::1]/\".", s)
		return "", endpoint{}
	case defaults[u.Scheme] == 0:
		c.fail(c.at(name), "Invalid URL", "%q does not begin with http:// or https://, and no other pages can be fetched. For anything else there is command.", s)
		return "", endpoint{}
	}
	t := endpoint{u.Hostname(), defaults[u.Scheme]}
	if u.Port() != "" {
		t.port = c.portOf(name, s, u.Port())
	}
	return s, c.checkedHost(name, s, t)
}

// hostPort is an argument that is an address, or the name of a machine, with a port.
func (c *content) hostPort(name string) (string, endpoint) {
	s, ok := c.str(name)
	if !ok {
		return "", endpoint{}
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil || host == "" {
		c.fail(c.at(name), "Invalid address", "%q is not an address with a port. It is written like \"192.0.2.1:25\", or \"[2001:db8::1]:25\".", s)
		return "", endpoint{}
	}
	return s, c.checkedHost(name, s, endpoint{host, c.portOf(name, s, port)})
}

// portOf reads the port in a value, 0 where it is none.
func (c *content) portOf(name, value, port string) uint16 {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		c.fail(c.at(name), "Invalid port", "The port in %q is %q, and must be a number from 1 to %d.", value, port, maxPort)
		return 0
	}
	return uint16(n)
}

// checkedHost reports what looks like an address and is none: it would be taken for a name.
func (c *content) checkedHost(name, value string, t endpoint) endpoint {
	if t.addr().IsValid() || strings.Trim(t.host, "0123456789.") != "" && !strings.Contains(t.host, ":") {
		return t
	}
	c.fail(c.at(name), "Invalid address", "%q in %q is neither an IP address nor the name of a machine.", t.host, value)
	return endpoint{}
}
