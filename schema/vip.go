package schema

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// vips is the argument that is the virtual IP or several of one family, none where one
// of them is wrong.
func (c *content) vips(d *clusterDecl) []netip.Addr {
	var vips []netip.Addr
	for _, s := range c.oneOrMany("vip") {
		if p, err := netip.ParsePrefix(s); err == nil {
			c.add(ruleVIPPrefix.Finding(c.at("vip"), fmt.Sprintf("%q has a prefix length. A VIP always has the prefix of a single address, so that no host answers for the subnet around it: write %q.", s, p.Addr())))
			return nil
		}
		addr, problem := d.parseVIP(s)
		switch {
		case problem != "":
		case slices.Contains(vips, addr):
			problem = fmt.Sprintf("%q is in this list twice.", s)
		case len(vips) > 0 && addr.Is4() != vips[0].Is4():
			problem = fmt.Sprintf("%q and %q are not of the same family, and their services need real servers of either. Write a cluster for each family.", vips[0], s)
		}
		if problem != "" {
			c.fail(c.at("vip"), "Invalid address", "%s", problem)
			return nil
		}
		vips = append(vips, addr)
	}
	return vips
}

// parseVIP reads an address that can be a virtual IP of the cluster, or says why it
// cannot. One that nobody sets up can be any that the kernel takes.
func (d *clusterDecl) parseVIP(s string) (addr netip.Addr, problem string) {
	addr, err := netip.ParseAddr(s)
	if d.ServicesOnly && err == nil && (addr.IsUnspecified() || addr.IsLoopback()) && !addr.Is4In6() && addr.Zone() == "" {
		return addr, ""
	}
	addr, problem = parseAddr(s)
	if problem == "" && addr.IsLoopback() {
		problem = fmt.Sprintf("%q is a loopback address, which no client can reach.", s)
	}
	return addr, problem
}

// serviceVIPs are those of the cluster's virtual IPs that a service is for.
func (c *content) serviceVIPs(d *clusterDecl) []netip.Addr {
	if !c.given("vip") {
		return d.VIPs
	}
	vips := c.vips(d)
	for _, vip := range vips {
		if len(d.VIPs) > 0 && !slices.Contains(d.VIPs, vip) {
			c.fail(c.at("vip"), "Unknown VIP", "The VIP %s is none of the cluster %q, which has %s. Add it there, or use one of those.", vip, d.Name, listAddrs(d.VIPs))
			return nil
		}
	}
	return vips
}

// listAddrs writes addresses one after the other.
func listAddrs(addrs []netip.Addr) string {
	words := make([]string, len(addrs))
	for i, a := range addrs {
		words[i] = a.String()
	}
	return strings.Join(words, ", ")
}

// oneOrMany is an argument that is a string or a list of them, at least one.
func (c *content) oneOrMany(name string) []string {
	v, ok := c.value(name)
	if !ok {
		return nil
	}
	if v.Type() == cty.String {
		return []string{v.AsString()}
	}
	if !v.CanIterateElements() || v.Type().IsObjectType() || v.Type().IsMapType() {
		c.wrongType(c.at(name), c.spec.attr(name), v)
		return nil
	}
	var list []string
	for _, element := range v.AsValueSlice() {
		if element.IsNull() || element.Type() != cty.String {
			c.wrongType(c.at(name), c.spec.attr(name), element)
			return nil
		}
		list = append(list, element.AsString())
	}
	a := c.spec.attr(name)
	switch {
	case len(list) > 0:
	case a.Required:
		c.missing(c.at(name), a)
	default:
		c.fail(c.at(name), "Empty list", "The argument %q is a list without an element. Add one, or remove the argument. %s.", name, a.sentence())
	}
	return list
}

// addrRange is an argument that is an address, or the first and the last of several.
func (c *content) addrRange(name string) AddrRange {
	s, ok := c.str(name)
	if !ok {
		return AddrRange{}
	}
	from, to, several := strings.Cut(s, "-")
	first, problem := parseAddr(strings.TrimSpace(from))
	last := first
	if several && problem == "" {
		last, problem = parseAddr(strings.TrimSpace(to))
	}
	switch {
	case problem != "":
		problem += " Several are written as the first and the last, as in \"10.0.0.10-10.0.0.19\"."
	case first.Is4() != last.Is4():
		problem = fmt.Sprintf("%s and %s are not of the same family.", first, last)
	case last.Less(first):
		problem = fmt.Sprintf("%s comes after %s: write the lower address first.", first, last)
	case !within(first, last, maxSources):
		problem = fmt.Sprintf("From %s to %s are more than %d addresses, and the director would get each of them.", first, last, maxSources)
	}
	if problem != "" {
		c.fail(c.at(name), "Invalid address", "%s", problem)
		return AddrRange{}
	}
	return AddrRange{first, last}
}

// within tells whether a range has n addresses at most.
func within(first, last netip.Addr, n int) bool {
	for range n {
		if first == last {
			return true
		}
		first = first.Next()
	}
	return false
}
