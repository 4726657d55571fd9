package schema

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A content is a block that was checked against its description. Its getters compute
// arguments and report values that cannot be; their second result is false when there
// is no value to use, be it missing or wrong.
type content struct {
	*loader
	spec   *blockSpec
	block  *hcl.Block
	scope  *scope
	attrs  hcl.Attributes
	blocks hcl.Blocks
}

// content checks a block for arguments and blocks that it cannot have, and for
// arguments that it must have.
func (l *loader) content(spec *blockSpec, block *hcl.Block, s *scope) *content {
	got, diags := block.Body.Content(spec.schema)
	l.addContent(spec, diags)
	c := &content{loader: l, spec: spec, block: block, scope: s, attrs: got.Attributes, blocks: got.Blocks}
	for i := range spec.Attrs {
		if a := &spec.Attrs[i]; a.Required && !c.has(a.Name) && !c.misspelt(a.Name) {
			c.missing(c.header(), a)
		}
	}
	return c
}

// header is where the block's type and name are written.
func (c *content) header() hcl.Range { return c.block.DefRange }

// has tells whether an argument is written.
func (c *content) has(name string) bool { return c.attrs[name] != nil }

// given tells whether an argument is written and not null.
func (c *content) given(name string) bool {
	attr := c.attrs[name]
	if attr == nil {
		return false
	}
	v, _ := c.scope.eval(attr.Expr)
	return !v.IsNull()
}

// at is where the value of an argument is written, or the header where it is not.
func (c *content) at(name string) hcl.Range {
	if attr := c.attrs[name]; attr != nil {
		return attr.Expr.Range()
	}
	return c.header()
}

// missing reports that the block lacks an argument.
func (c *content) missing(at hcl.Range, a *attrSpec) {
	c.fail(at, "Missing required argument", "A %s needs the argument %q: %s. An example: %s = %s.", words(c.spec.Type), a.Name, a.Doc, a.Name, a.Example)
}

// misspelt tells whether a missing argument is there under a name that is none. The
// wrong name was reported, so the missing one need not be.
func (c *content) misspelt(name string) bool {
	attrs, _ := c.block.Body.JustAttributes()
	known := c.spec.attrNames()
	for given := range attrs {
		if !slices.Contains(known, given) && nearest(given, known) == name {
			return true
		}
	}
	return false
}

// value computes an argument and converts it to its kind.
func (c *content) value(name string) (cty.Value, bool) {
	attr := c.attrs[name]
	if attr == nil {
		return cty.NilVal, false
	}
	a := c.spec.attr(name)
	v, diags := c.scope.eval(attr.Expr)
	c.add(diags...)
	if v.IsNull() {
		if a.Required {
			c.missing(attr.Expr.Range(), a)
		}
		return cty.NilVal, false
	}
	if !v.IsWhollyKnown() {
		return cty.NilVal, false
	}
	if converted, err := convert.Convert(v, a.Kind.typ); err == nil {
		return converted, true
	}
	c.wrongType(attr.Expr.Range(), a, v)
	return cty.NilVal, false
}

// wrongType reports a value that is not of the argument's kind.
func (c *content) wrongType(at hcl.Range, a *attrSpec, v cty.Value) {
	c.fail(at, "Wrong type of value", "The argument %q must be %s, and this is %s. It is %s.", a.Name, a.Kind.words, describe(v), a.Doc)
}

// describe shows a value that was not expected: a simple one as it is, others by type.
func describe(v cty.Value) string {
	t := v.Type()
	switch {
	case v.IsNull():
		return "null"
	case t == cty.String && len(v.AsString()) < 60:
		return fmt.Sprintf("%q", v.AsString())
	case t == cty.Number:
		return showNumber(v)
	case t == cty.Bool:
		return strconv.FormatBool(v.True())
	case t.IsObjectType():
		return "an object"
	case t.IsTupleType():
		return "a list"
	}
	return "a " + t.FriendlyName()
}

// showNumber writes a number, however large, in few letters.
func showNumber(v cty.Value) string { return v.AsBigFloat().Text('g', 12) }

// str is an argument that is a string: its default where it is missing or null.
func (c *content) str(name string) (string, bool) {
	v, ok := c.value(name)
	if ok {
		return v.AsString(), true
	}
	if c.given(name) {
		return "", false
	}
	s, ok := c.spec.attr(name).Default.(string)
	return s, ok
}

// boolean is an argument that is true or false, false where it is missing.
func (c *content) boolean(name string) bool {
	v, ok := c.value(name)
	return ok && v.True()
}

// strings is an argument that is a list of strings.
func (c *content) strings(name string) ([]string, bool) {
	v, ok := c.value(name)
	if !ok {
		return nil, false
	}
	var list []string
	for _, element := range v.AsValueSlice() {
		if element.IsNull() {
			c.fail(c.at(name), "Wrong type of value", "The argument %q must be a list of strings, and one of them is null.", name)
			return nil, false
		}
		list = append(list, element.AsString())
	}
	return list, true
}

// number is an argument that is a number within its bounds: its default where it is
// missing or null.
func (c *content) number(name string) (uint32, bool) {
	v, ok := c.value(name)
	a := c.spec.attr(name)
	if !ok {
		if c.given(name) {
			return 0, false
		}
		n, ok := a.Default.(uint32)
		return n, ok
	}
	f := v.AsBigFloat()
	n, _ := f.Uint64()
	if !f.IsInt() || f.Sign() < 0 || n < uint64(a.Min) || n > uint64(a.Max) {
		c.fail(c.at(name), "Invalid number", "The argument %q must be a whole number from %d to %d, and this is %s. It is %s.", name, a.Min, a.Max, showNumber(v), a.Doc)
		return 0, false
	}
	return uint32(n), true
}

// port is an argument that is a port number, 0 where it is missing or wrong.
func (c *content) port(name string) uint16 {
	n, _ := c.number(name)
	return uint16(n)
}

// addr is an argument that is an IP address, invalid where it is missing or wrong.
func (c *content) addr(name string) netip.Addr {
	s, ok := c.str(name)
	if !ok {
		return netip.Addr{}
	}
	addr, problem := parseAddr(s)
	if problem != "" {
		c.fail(c.at(name), "Invalid address", "%s", problem)
	}
	return addr
}
