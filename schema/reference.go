package schema

import (
	"net/netip"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
)

// hostRef is an argument that refers to a host, nil where it is missing or wrong.
func (c *content) hostRef(name string) *hostDecl {
	attr := c.attrs[name]
	if attr == nil {
		return nil
	}
	return c.hostOf(name, attr.Expr)
}

// hostOf finds the host that an expression refers to. The short way for host.NAME
// matters with thousands of them. In JSON it would take text for a reference.
func (c *content) hostOf(name string, expr hcl.Expression) *hostDecl {
	t, diags := hcl.AbsTraversalForExpr(expr)
	if !diags.HasErrors() && len(t) == 2 && t.RootName() == "host" && !json.IsJSONExpression(expr) {
		step, _ := stepName(t[1])
		if h := c.hosts[step]; h != nil {
			return h
		}
		if r := c.scope.root("host"); r.repeated[step] && r.values[step].IsKnown() {
			c.severalHosts(expr.Range())
			return nil
		}
	}
	v, diags := c.scope.eval(expr)
	c.add(diags...)
	return c.hostFrom(name, expr.Range(), v)
}

// severalHosts reports a reference to all hosts of a block with for_each.
func (c *content) severalHosts(at hcl.Range) {
	c.fail(at, "Wrong type of value", "This is a map of hosts, as a block with for_each makes them. One of them is referred to by its key, as in host.NAME[\"KEY\"], and a list of all is values(host.NAME).")
}

// hostRefs is an argument that is a list of references to hosts, each once.
func (c *content) hostRefs(name string) []*hostDecl {
	attr := c.attrs[name]
	if attr == nil {
		return nil
	}
	exprs, diags := hcl.ExprList(attr.Expr)
	if diags.HasErrors() {
		return c.hostRefsFrom(name)
	}
	if len(exprs) == 0 {
		c.missing(attr.Expr.Range(), c.spec.attr(name))
	}
	var hosts []*hostDecl
	for _, expr := range exprs {
		hosts = c.addHost(hosts, c.hostOf(name, expr), expr.Range())
	}
	return hosts
}

// hostRefsFrom is hostRefs for a list that is computed.
func (c *content) hostRefsFrom(name string) []*hostDecl {
	at := c.at(name)
	v, ok := c.value(name)
	if !ok {
		return nil
	}
	if isHost(v) {
		c.fail(at, "Wrong type of value", "The argument %q is a list, since there can be several: write [%s].", name, hostReference(v.GetAttr("name").AsString(), at.Filename))
		return nil
	}
	if isHosts(v) {
		c.fail(at, "Wrong type of value", "The argument %q is a list, and this is a map of hosts: write values(…) around it.", name)
		return nil
	}
	if !v.CanIterateElements() || v.Type().IsObjectType() || v.Type().IsMapType() {
		c.wrongType(at, c.spec.attr(name), v)
		return nil
	}
	if v.LengthInt() == 0 {
		c.missing(at, c.spec.attr(name))
	}
	var hosts []*hostDecl
	for _, element := range v.AsValueSlice() {
		hosts = c.addHost(hosts, c.hostFrom(name, at, element), at)
	}
	return hosts
}

// addHost appends a host, nil for none, unless it is in the list already.
func (c *content) addHost(hosts []*hostDecl, h *hostDecl, at hcl.Range) []*hostDecl {
	if h == nil {
		return hosts
	}
	for _, other := range hosts {
		if other == h {
			c.fail(at, "Duplicate reference", "The host %q is in this list already. Remove one of the two.", h.Name)
			return hosts
		}
	}
	return append(hosts, h)
}

// hostFrom finds the host that a value stands for, nil for none.
func (c *content) hostFrom(name string, at hcl.Range, v cty.Value) *hostDecl {
	switch {
	case !v.IsKnown():
		c.unknown++
		return nil
	case v.IsNull():
		c.notHost(name, at, v)
		return nil
	case v.Type() == cty.String:
		how := "without quotes"
		if isJSON(at.Filename) {
			how = "within ${ and }"
		}
		c.fail(at, "Wrong type of value", "A host is referred to %s: %s.", how, c.reference(v.AsString(), at.Filename))
		return nil
	case isHost(v):
		if h := c.hosts[v.GetAttr("name").AsString()]; h != nil {
			return h
		}
	case isHosts(v):
		c.severalHosts(at)
		return nil
	}
	c.notHost(name, at, v)
	return nil
}

// isHost tells whether a value is what a reference to a host stands for.
func isHost(v cty.Value) bool {
	if !v.Type().IsObjectType() || !v.Type().HasAttribute("name") {
		return false
	}
	name := v.GetAttr("name")
	return name.Type() == cty.String && name.IsKnown() && !name.IsNull()
}

// isHosts tells whether a value is what a reference to a repeated host block stands for.
func isHosts(v cty.Value) bool {
	if !v.Type().IsObjectType() || !v.IsKnown() || v.IsNull() {
		return false
	}
	types := v.Type().AttributeTypes()
	for _, t := range types {
		if !t.IsObjectType() || !t.HasAttribute("name") {
			return false
		}
	}
	return len(types) > 0
}

// notHost reports a value that is not what references to hosts stand for.
func (c *content) notHost(name string, at hcl.Range, v cty.Value) {
	what := "The argument"
	if c.spec.attr(name).Kind == kindHosts {
		what = "Each element of"
	}
	c.fail(at, "Wrong type of value", "%s %q must be %s, and this is %s.", what, name, kindHost.words, describe(v))
}

// reference writes the reference that was meant by a string in a file: the host of that
// name or of that address.
func (c *content) reference(s, file string) string {
	s = strings.TrimPrefix(s, "host.")
	if c.hosts[s] != nil {
		return "write " + hostReference(s, file)
	}
	names := c.hostNames()
	addr, err := netip.ParseAddr(s)
	for _, name := range names {
		if err == nil && c.hosts[name].Address == addr {
			return "write " + hostReference(name, file) + ", which has the address " + s
		}
	}
	if len(names) == 0 {
		return "declare a host block and write " + hostReference("NAME", file)
	}
	return "write " + hostReference("NAME", file) + ". Declared are " + list(names)
}

// hostNames are the names of all hosts in order.
func (l *loader) hostNames() []string {
	if l.sortedHosts == nil {
		l.sortedHosts = sortedKeys(l.hosts)
	}
	return l.sortedHosts
}
