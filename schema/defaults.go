package schema

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// The defaults block says once what many clusters have in common. Its arguments become
// those of blocks that lack them, as if they were written there but at their own place, so
// that whatever is wrong with one is found where it can be put right. An argument that is
// null is written, and so takes nothing from here.

// defaults are what the defaults block says, nothing where there is none.
type defaults struct {
	content *content
	attrs   hcl.Attributes // those that can be taken over
	tunnel  Tunnel
}

// loadDefaults reads the defaults block. What is wrong with it is reported here, so what
// could not be read is unknown to those who take it over.
func (l *loader) loadDefaults(blocks hcl.Blocks, s *scope) {
	l.defaults.attrs = hcl.Attributes{}
	for i, block := range blocks {
		if i > 0 {
			l.fail(block.DefRange, "Duplicate defaults block", "There is one defaults block at most, and another is at %s. Put everything in one of the two.", place(blocks[0].DefRange))
			continue
		}
		c := l.content(defaultsSpec, block, s)
		l.defaults.content = c
		l.defaults.tunnel = c.tunnel(Tunnel{})
		l.defaults.take("mode", func() { c.mode() })
		l.defaults.take("interface", func() { c.interfaceName("interface") })
		l.defaults.take("algorithm", func() { c.algorithm() })
		l.defaults.take("drain", func() { c.duration("drain", 0, maxDrain) })
		l.defaults.take("directors", func() { c.hostRefs("directors") })
		l.defaults.take("mss", func() { c.uint16("mss") })
		l.defaults.take("weight", func() { c.number("weight") })
	}
}

// take makes an argument available if it is given, as unknown where it cannot be read.
func (d *defaults) take(name string, read func()) {
	before := d.content.trouble()
	read()
	attr := d.content.attrs[name]
	switch {
	case !d.content.given(name):
	case d.content.trouble() > before:
		d.attrs[name] = &hcl.Attribute{Name: name, Expr: hcl.StaticExpr(cty.DynamicVal, attr.Expr.Range()), Range: attr.Range, NameRange: attr.NameRange}
	default:
		d.attrs[name] = attr
	}
}

// inherit gives a block the arguments that it lacks.
func (c *content) inherit() {
	for i := range c.spec.Attrs {
		a := &c.spec.Attrs[i]
		if attr := c.defaults.attrs[a.Name]; a.Inherit && attr != nil && !c.has(a.Name) {
			c.attrs[a.Name] = attr
		}
	}
}

// inherits tells whether an argument comes from the defaults.
func (c *content) inherits(name string) bool {
	attr := c.attrs[name]
	return attr != nil && attr == c.defaults.attrs[name]
}

// lacks tells whether an argument is missing, unless it is somewhere under a name that is
// none.
func (c *content) lacks(name string) bool {
	if c.has(name) || c.misspelt(name) {
		return false
	}
	from := c.defaults.content
	return from == nil || !from.misspelt(name)
}
