package schema

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/zclconf/go-cty/cty"
)

// settings reads what a host block asks for beside its roles, in the order in which it
// can be set up: interfaces, settings, addresses, routes, rules, files, mounts, units.
func (c *content) settings(h *Host) []Setting {
	var list []Setting
	readers := []struct {
		spec *blockSpec
		read func(*content, *Host) []resource.Resource
	}{
		{linkSpec, (*content).hostLink}, {sysctlSpec, (*content).hostSysctl}, {hostAddressSpec, (*content).hostAddress},
		{routeSpec, (*content).hostRoute}, {ruleSpec, (*content).hostRule},
		{directorySpec, (*content).hostDirectory}, {hostFileSpec, (*content).hostFile}, {fileBlockSpec, (*content).hostFileBlock},
		{hostMountSpec, (*content).hostMount},
		{unitSpec, func(b *content, _ *Host) []resource.Resource { return b.hostUnit(list) }},
	}
	first := map[resource.Key]hcl.Range{}
	for _, r := range readers {
		for _, block := range c.blocks {
			if block.Type != r.spec.Type {
				continue
			}
			for _, res := range r.read(c.inner(r.spec, block, c.scope), h) {
				if at, twice := first[res.Key()]; twice {
					c.fail(block.DefRange, "Duplicate "+block.Type, "The host asks for %s at %s already. Remove one of the two.", res.Key(), place(at))
					continue
				}
				first[res.Key()] = block.DefRange
				list = append(list, Setting{res, block.DefRange})
			}
		}
	}
	return list
}

// label is the name of the block.
func (c *content) label() string { return c.block.Labels[0] }

// failLabel reports what is wrong with the name of the block.
func (c *content) failLabel(format string, args ...any) {
	c.fail(c.block.LabelRanges[0], "Invalid name", format, args...)
}

// hostSysctl reads one sysctl block.
func (c *content) hostSysctl(*Host) []resource.Resource {
	name := c.label()
	parts := strings.Split(name, ".")
	if len(parts) < 2 || strings.ContainsAny(name, " \t\n\x00") || slices.Contains(parts, "") || slices.Contains(strings.Split(name, "/"), "..") {
		c.failLabel("%q is not the name of a kernel setting. It is written with dots, as sysctl -a shows it: \"net.ipv4.ip_forward\".", name)
		return nil
	}
	v, ok := c.value("value")
	if !ok {
		return nil
	}
	if raw, _ := c.scope.eval(c.attrs["value"].Expr); raw.Type() == cty.Bool {
		c.wrongType(c.at("value"), c.spec.attr("value"), raw)
		return nil
	}
	value := strings.Join(strings.Fields(v.AsString()), " ")
	if strings.ContainsRune(value, 0) {
		c.wrongType(c.at("value"), c.spec.attr("value"), v)
		return nil
	}
	return []resource.Resource{resource.Sysctl{Name: name, Value: value}}
}

// hostLink reads one link block.
func (c *content) hostLink(*Host) []resource.Resource {
	name := c.label()
	if problem := checkInterface(name); problem != "" {
		c.failLabel("%s", problem)
		return nil
	}
	var list []resource.Resource
	made := c.given("type")
	if made {
		l, ok := c.madeLink(name)
		if !ok {
			return nil
		}
		list = append(list, l)
	} else {
		c.onlyMade()
	}
	if mtu, ok := c.number("mtu"); ok {
		list = append(list, resource.LinkSetting{Link: name, Name: resource.LinkMTU, Value: strconv.Itoa(int(mtu))})
	}
	if made || c.given("up") {
		state := "down"
		if c.boolean("up") || !c.given("up") {
			state = "up"
		}
		list = append(list, resource.LinkSetting{Link: name, Name: resource.LinkState, Value: state})
	}
	if len(list) == 0 {
		c.fail(c.header(), "Nothing to do", "The block says nothing about the interface %q. Add up or mtu, or a type for an interface that is to be made.", name)
	}
	return list
}

// linkArgs are the arguments of links that are made, with the types that need or can
// have them.
var linkArgs = []struct {
	name  string
	types []string
	needs bool
}{
	{"parent", []string{"vlan"}, true},
	{"parent", []string{"ipip", "sit", "ip6tnl", "gre", "ip6gre"}, false},
	{"vlan", []string{"vlan"}, true},
	{"local", []string{"ipip", "sit", "ip6tnl", "gre", "ip6gre"}, false},
	{"remote", []string{"ipip", "sit", "ip6tnl", "gre", "ip6gre"}, false},
	{"ttl", []string{"ipip", "sit", "ip6tnl", "gre", "ip6gre"}, false},
	{"key", []string{"gre", "ip6gre"}, false},
	{"inner", []string{"ip6tnl"}, false},
}

// onlyMade reports arguments that an interface cannot have that is there already.
func (c *content) onlyMade() {
	for _, a := range linkArgs {
		if c.given(a.name) {
			c.fail(c.at(a.name), "Conflicting arguments", "An interface without a type is there already, and its %q cannot be changed. Add the type of the interface to make, or remove the argument.", a.name)
			return
		}
	}
}

// madeLink reads an interface that is to be made.
func (c *content) madeLink(name string) (resource.Link, bool) {
	s, _ := c.str("type")
	l := resource.Link{Name: name, Type: c.word("type", s)}
	if l.Type == "" {
		return l, false
	}
	before := c.errors
	c.checkLinkArgs(l.Type)
	l.Parent = c.interfaceName("parent")
	l.Local, l.Remote = c.addr("local"), c.addr("remote")
	l.VLAN = c.uint16("vlan")
	ttl, _ := c.number("ttl")
	l.TTL = uint8(ttl)
	l.GREKey, _ = c.number("key")
	if s, ok := c.str("inner"); ok {
		l.Inner = families[c.word("inner", s)]
	}
	v6 := l.Type == resource.LinkIP6Tnl || l.Type == resource.LinkIP6GRE
	for arg, a := range map[string]netip.Addr{"local": l.Local, "remote": l.Remote} {
		if a.IsValid() && a.Is6() != v6 {
			c.fail(c.at(arg), "Mixed address families", "The ends of a tunnel of type %q are %s addresses, and %s is not.", l.Type, map[bool]string{false: "IPv4", true: "IPv6"}[v6], a)
		}
	}
	return l, c.errors == before
}

// families are the address families by their names.
var families = map[string]resource.Family{"ipv4": resource.IPv4, "ipv6": resource.IPv6}

// checkLinkArgs finds arguments that a type of link needs or cannot have.
func (c *content) checkLinkArgs(linkType string) {
	can := map[string]bool{}
	for _, a := range linkArgs {
		if !slices.Contains(a.types, linkType) {
			continue
		}
		can[a.name] = true
		if a.needs && !c.given(a.name) && !c.misspelt(a.name) {
			c.fail(c.header(), "Missing required argument", "A link of type %q needs the argument %q: %s.", linkType, a.name, c.spec.attr(a.name).Doc)
		}
	}
	for _, a := range linkArgs {
		if c.given(a.name) && !can[a.name] {
			c.fail(c.at(a.name), "Conflicting arguments", "A link of type %q has no %q. Remove the argument.", linkType, a.name)
		}
	}
}

// hostAddress reads one address block.
func (c *content) hostAddress(h *Host) []resource.Resource {
	p, err := netip.ParsePrefix(c.label())
	if err != nil || !p.Addr().IsValid() || p.Addr().Is4In6() || p.Addr().IsUnspecified() || p.Addr().IsMulticast() {
		c.failLabel("%q is not an IP address with a prefix length, as in \"192.0.2.1/24\".", c.label())
		return nil
	}
	link, ok := c.linkOr(h)
	if !ok {
		return nil
	}
	a := resource.Address{Link: link, Prefix: p, Label: c.addressLabel(link, p.Addr().Is6())}
	if p.Addr().IsLinkLocalUnicast() && p.Addr().Is6() {
		a.Scope = resource.ScopeLink
	}
	return []resource.Resource{a}
}

// linkOr is the argument interface, or the host's own interface.
func (c *content) linkOr(h *Host) (string, bool) {
	if c.given("interface") {
		link := c.interfaceName("interface")
		return link, link != ""
	}
	if h.Interface == "" {
		c.fail(c.header(), "Missing interface", "The host has no interface of its own here, so this block has to name one: interface = \"NAME\".")
	}
	return h.Interface, h.Interface != ""
}

// hostRoute reads one route block.
func (c *content) hostRoute(h *Host) []resource.Resource {
	r := resource.Route{Table: resource.TableMain, Gateway: c.addr("via"), Source: c.addr("source"), Protocol: resource.ProtocolStatic}
	var problem string
	if r.Prefix, problem = parseNetwork(c.label(), r.Gateway.Is6()); problem != "" {
		c.failLabel("%s", problem)
		return nil
	}
	for arg, a := range map[string]netip.Addr{"via": r.Gateway, "source": r.Source} {
		if a.IsValid() && a.Is4() != r.Prefix.Addr().Is4() {
			c.fail(c.at(arg), "Mixed address families", "The route leads to %s, and %s is not of that family.", r.Prefix, a)
		}
	}
	if n, ok := c.number("table"); ok {
		r.Table = n
	}
	r.Metric, _ = c.number("metric")
	switch {
	case r.Prefix.Addr().Is6() && r.Metric == 0:
		r.Metric = resource.DefaultMetricIPv6
	case r.Prefix.Addr().Is4() && !r.Gateway.IsValid():
		r.Scope = resource.ScopeLink
	}
	link, ok := c.linkOr(h)
	r.Link = link
	if !ok {
		return nil
	}
	return []resource.Resource{r}
}

// parseNetwork reads where a route leads, or says what is wrong with it. "default" is
// everywhere in the family of the next router.
func parseNetwork(s string, v6 bool) (p netip.Prefix, problem string) {
	switch {
	case s == "default" && v6:
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0), ""
	case s == "default":
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0), ""
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		addr, err := netip.ParseAddr(s)
		if err != nil || addr.Zone() != "" {
			return p, fmt.Sprintf("%q is not a network such as \"192.0.2.0/24\", nor an address, nor \"default\".", s)
		}
		p = netip.PrefixFrom(addr, addr.BitLen())
	}
	switch {
	case p.Addr().Is4In6():
		return p, fmt.Sprintf("%q is an IPv4 network in IPv6 dress.", s)
	case p != p.Masked():
		return p, fmt.Sprintf("%q has bits set beyond its prefix length: write %q.", s, p.Masked())
	}
	return p, ""
}

// hostRule reads one rule block.
func (c *content) hostRule(*Host) []resource.Resource {
	priority, err := strconv.ParseUint(c.label(), 10, 32)
	if err != nil || priority < 1 || priority > maxPrio {
		c.failLabel("%q is not a priority. The name of a rule is a number from 1 to %d, and the lowest one comes first.", c.label(), maxPrio)
		return nil
	}
	r := resource.Rule{Priority: uint32(priority), Family: resource.IPv4, Interface: c.interfaceName("interface")}
	r.From, r.To = c.prefix("from"), c.prefix("to")
	r.Table, _ = c.number("table")
	r.Mark, _ = c.number("fwmark")
	r.Mask, _ = c.number("mask")
	if r.Mask == 0 && r.Mark != 0 {
		r.Mask = 1<<32 - 1
	}
	if s, ok := c.str("protocol"); ok {
		r.Protocol = resource.Protocols[c.word("protocol", s)]
	}
	if r.SourcePort = c.uint16("source_port"); r.SourcePort != 0 && !c.given("protocol") {
		c.fail(c.at("source_port"), "Missing required argument", "Ports belong to a transport protocol: add protocol = \"tcp\", or another.")
	}
	if s, ok := c.str("family"); ok {
		r.Family = families[c.word("family", s)]
	}
	for _, arg := range []string{"from", "to"} {
		p := map[string]netip.Prefix{"from": r.From, "to": r.To}[arg]
		switch {
		case !p.IsValid():
		case c.given("family") && resource.FamilyOf(p.Addr()) != r.Family, arg == "to" && r.From.IsValid() && r.From.Addr().Is4() != p.Addr().Is4():
			c.fail(c.at(arg), "Mixed address families", "A rule is for one address family, and %s is not of that of its other arguments.", p)
			return nil
		default:
			r.Family = resource.FamilyOf(p.Addr())
		}
	}
	if r.Table == 0 || r.Family == 0 {
		return nil
	}
	return []resource.Resource{r}
}

// prefix is an argument that is a network or an address, invalid where it is missing or
// wrong, or everything.
func (c *content) prefix(name string) netip.Prefix {
	s, ok := c.str(name)
	if !ok {
		return netip.Prefix{}
	}
	p, problem := parseNetwork(s, false)
	if problem != "" {
		c.fail(c.at(name), "Invalid address", "%s", problem)
		return netip.Prefix{}
	}
	return p
}
