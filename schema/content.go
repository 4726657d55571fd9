package schema

import (
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
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
	parent *content // the block it stands in, nil for one at the top of a file
	attrs  hcl.Attributes
	blocks hcl.Blocks

	ignores []Ignore
}

// content checks a block for arguments and blocks that it cannot have, and for
// arguments that it must have. A block that is read for many instances is checked once.
func (l *loader) content(spec *blockSpec, block *hcl.Block, s *scope) *content {
	c := &content{loader: l, spec: spec, block: block, scope: s}
	if known := l.bodies[block.DefRange]; known != nil && s.instance != nil {
		c.attrs, c.blocks = known.Attributes, known.Blocks
	} else {
		got, diags := spec.content(block.Body)
		l.addContent(spec, diags)
		l.splitJSON(spec, got)
		showHeaders(got.Blocks)
		c.attrs, c.blocks = got.Attributes, got.Blocks
		c.inherit()
		c.checkRequired()
		if s.instance != nil {
			l.bodies[block.DefRange] = got
		}
	}
	c.readIgnores()
	return c
}

// checkRequired reports arguments that are missing.
func (c *content) checkRequired() {
	for i := range c.spec.Attrs {
		if a := &c.spec.Attrs[i]; a.Required && c.lacks(a.Name) {
			c.missing(c.header(), a)
		}
	}
}

// inner is content for a block that stands in this one.
func (c *content) inner(spec *blockSpec, block *hcl.Block, s *scope) *content {
	n := c.content(spec, block, s)
	n.parent = c
	return n
}

// crowd is within what findings about the block are counted: its cluster, or all hosts.
func (c *content) crowd() any {
	for c.parent != nil {
		c = c.parent
	}
	if c.spec == hostSpec {
		return hostSpec
	}
	return c
}

// add takes over diagnostics about the block.
func (c *content) add(diags ...*hcl.Diagnostic) {
	for _, d := range diags {
		c.report(d, c.scope.instance)
	}
}

// fail reports an error at a place.
func (c *content) fail(at hcl.Range, summary, format string, args ...any) {
	c.add(problem(at, summary, format, args...))
}

// failAlike is fail for what may be wrong many times within the same thing.
func (c *content) failAlike(within any, at hcl.Range, summary, format string, args ...any) {
	c.addAlike(within, problem(at, summary, format, args...))
}

// addAlike takes over a diagnostic unless there are enough of its sort already.
func (c *content) addAlike(within any, d *hcl.Diagnostic) {
	if c.fits(crowd{d.Summary, within}, maxAlike, d) {
		c.add(d)
	}
}

// only is the block of a type that there can be one of, nil where there is none.
func (c *content) only(spec *blockSpec) *content {
	if !spec.Single {
		panic("the description of " + spec.Type + " does not say that there is one at most")
	}
	var first *content
	for _, block := range c.blocks {
		switch {
		case block.Type != spec.Type:
		case first != nil:
			c.fail(block.DefRange, "Duplicate "+words(spec.Type)+" block", "%s has one %s block at most, and this one has another at %s. Remove one of the two.", one(c.spec.Type), words(spec.Type), place(first.header()))
		default:
			first = c.inner(spec, block, c.scope)
		}
	}
	return first
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
	c.fail(at, "Missing required argument", "%s needs the argument %q: %s. An example: %s = %s.", one(c.spec.Type), a.Name, a.Doc, a.Name, a.Example)
}

// misspelt tells whether a missing argument is there under a name that is none. The
// wrong name was reported, so the missing one need not be.
func (c *content) misspelt(name string) bool {
	for given := range argumentsIn(c.block.Body) { // in JSON blocks are among them
		if !c.has(given) && !slices.Contains(c.spec.blockTypes(), given) && nearest(given, c.spec.attrNames()) == name {
			return true
		}
	}
	return false
}

// argumentsIn lists the names of the arguments of a body.
func argumentsIn(body hcl.Body) iter.Seq[string] {
	if native, ok := body.(*hclsyntax.Body); ok {
		return maps.Keys(native.Attributes)
	}
	attrs, _ := body.JustAttributes()
	return maps.Keys(attrs)
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
		c.unknown++
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
	c.fail(at, "Wrong type of value", "The argument %q must be %s, and this is %s. %s.", a.Name, a.Kind.words, describe(v), a.sentence())
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

// duration is an argument that is a span of time within bounds: its default where it is
// missing or null, 0 where it is wrong.
func (c *content) duration(name string, least, most time.Duration) time.Duration {
	s, ok := c.str(name)
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < least || d > most {
		c.fail(c.at(name), "Invalid duration", `The argument %q must be a duration from %q to %q, such as "500ms", "30s" or "1m30s", and this is %q. %s.`,
			name, shortTime(least), shortTime(most), s, c.spec.attr(name).sentence())
		return 0
	}
	return d
}

// shortTime writes a time without units of which there are none.
func shortTime(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
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
		c.fail(c.at(name), "Invalid number", "The argument %q must be a whole number from %d to %d, and this is %s. %s.", name, a.Min, a.Max, showNumber(v), a.sentence())
		return 0, false
	}
	return uint32(n), true
}

// uint16 is an argument that is a small number, such as a port, 0 where it is missing or
// wrong.
func (c *content) uint16(name string) uint16 {
	n, _ := c.number(name)
	return uint16(n)
}

// table is an argument that is the number of a routing table, 0 where it is missing or
// wrong. Those that the kernel keeps for itself are refused.
func (c *content) table(name string) uint32 {
	n, _ := c.number(name)
	if n >= 253 && n <= 255 {
		c.fail(c.at(name), "Invalid number", "The routing table %d is one of the kernel's own (253 default, 254 main, 255 local). Use another, such as 100.", n)
		return 0
	}
	return n
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
