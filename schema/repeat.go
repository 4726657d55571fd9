package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A block with a for_each stands for one instance of itself for each element. An
// instance is read as if it were written out, with each.key and each.value in its scope,
// under the name LABEL.KEY. That is a name as people can write one, so that plans, ledgers
// and the command line need to know nothing of instances; and it depends on nothing but
// the key, so that it stays when other elements come and go. A host that is written out
// cannot have a dot in its name, so it never is in the way of an instance.

// An instance is one of those that a block with for_each stands for.
type instance struct {
	key   string
	outer *instance // what it is within, nil for none
}

// String says which instance it is.
func (i *instance) String() string {
	s := fmt.Sprintf("each.key = %q", i.key)
	if i.outer != nil {
		s += " within " + i.outer.String()
	}
	return s
}

// forEachAttr is the argument that repeats a block.
var forEachAttr = attrSpec{Name: "for_each", Kind: kindElements, Doc: "what the block is repeated for, with each.key and each.value in it"}

// repeatable lists the types of block that can be repeated, of those within one.
func repeatable(spec *blockSpec) []string {
	var types []string
	for _, nested := range spec.Blocks {
		if slices.Contains(nested.attrNames(), forEachAttr.Name) {
			types = append(types, nested.Type)
		}
		types = append(types, repeatable(nested)...)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

var forEachSchema = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: forEachAttr.Name}}}

// forEach is what a block is repeated for, nil for one that is not.
func forEach(body hcl.Body) hcl.Expression {
	if native, ok := body.(*hclsyntax.Body); ok && native.Attributes[forEachAttr.Name] == nil {
		return nil
	}
	got, _, _ := body.PartialContent(forEachSchema)
	if attr := got.Attributes[forEachAttr.Name]; attr != nil {
		return attr.Expr
	}
	return nil
}

// readings are what there is to read of a block.
type readings struct {
	list     []reading
	repeated bool // the block has a for_each
	known    bool // list is all there is
}

// A reading is a block as it is to be read: itself, or one instance of it.
type reading struct {
	block *hcl.Block // under its own name
	scope *scope
}

// readings declares a block, and lists what there is to read of it.
func (l *loader) readings(names *namespace, block *hcl.Block, s *scope) readings {
	if !l.declare(names, block) {
		return readings{}
	}
	expr := forEach(block.Body)
	if expr == nil {
		return readings{list: []reading{{block, s}}, known: true}
	}
	elements, ok := l.elements(expr, s)
	if !l.roomFor(len(elements), expr.Range()) {
		return readings{repeated: true}
	}
	all := readings{repeated: true, known: ok}
	for _, e := range elements {
		named := *block
		named.Labels = []string{block.Labels[0] + "." + e.key}
		if l.enter(names, &named) {
			all.list = append(all.list, reading{&named, s.within(e)})
		}
	}
	return all
}

// maxInstances bounds what a few lines can grow into, where one for_each stands in another.
// A test lowers it.
var maxInstances = 100_000

// roomFor counts instances, and reports the first ones that are too many.
func (l *loader) roomFor(n int, at hcl.Range) bool {
	before := l.instances
	l.instances += n
	if before <= maxInstances && l.instances > maxInstances {
		l.fail(at, "Too many instances", "With these, the configuration has more than %d instances of blocks with for_each. Real servers that are not managed can stand in a pool, which is one block for any number of them.", maxInstances)
	}
	return l.instances <= maxInstances
}

// An element is what an instance is for.
type element struct {
	key   string
	value cty.Value
}

// elements computes a for_each. It fails unless all elements can be told.
func (l *loader) elements(expr hcl.Expression, s *scope) ([]element, bool) {
	v, diags := s.eval(expr)
	fail := func(at hcl.Range, summary, format string, args ...any) {
		diags = append(diags, problem(at, summary, format, args...))
	}
	var list []element
	known := allKnown(v)
	switch t := v.Type(); {
	case !known:
		l.unknown++
	case v.IsNull():
		fail(expr.Range(), "Invalid for_each", "The value is null. Where there is to be no instance, write {}.")
	case t.IsObjectType() || t.IsMapType():
		list = keyed(expr, v, s, fail)
	case t.IsTupleType() || t.IsListType() || t.IsSetType():
		list = listed(expr, v, fail)
	default:
		fail(expr.Range(), "Wrong type of value", "The argument \"for_each\" must be %s, and this is %s.", kindElements.words, describe(v))
	}
	for _, d := range diags {
		l.report(d, s.instance)
	}
	return list, known && !diags.HasErrors()
}

// allKnown tells whether the keys of a for_each are known: a list is its own keys.
func allKnown(v cty.Value) bool {
	t := v.Type()
	if !v.IsKnown() || v.IsNull() || !t.IsTupleType() && !t.IsListType() {
		return v.IsKnown()
	}
	return !slices.ContainsFunc(v.AsValueSlice(), func(e cty.Value) bool { return !e.IsKnown() })
}

// A failer reports an error.
type failer func(at hcl.Range, summary, format string, args ...any)

// keyed are the elements of a map or object.
func keyed(expr hcl.Expression, v cty.Value, s *scope, fail failer) []element {
	written := writtenKeys(expr, s, fail)
	var list []element
	for it := v.ElementIterator(); it.Next(); {
		key, value := it.Element()
		if bad := notKey(key.AsString()); bad != "" {
			at, ok := written[key.AsString()]
			if !ok {
				at = expr.Range()
			}
			fail(at, "Invalid key", "%s", bad)
			continue
		}
		list = append(list, element{key.AsString(), value})
	}
	return list
}

// writtenKeys are the places of keys that are written one by one. It finds those that are
// there twice: the value has only one of them.
func writtenKeys(expr hcl.Expression, s *scope, fail failer) map[string]hcl.Range {
	pairs, _ := hcl.ExprMap(expr)
	written := make(map[string]hcl.Range, len(pairs))
	for _, pair := range pairs {
		v, _ := s.eval(pair.Key)
		if key, ok := simpleKey(v); ok {
			if _, before := written[key]; before {
				fail(pair.Key.Range(), "Duplicate key", twice, key)
			}
			written[key] = pair.Key.Range()
		}
	}
	return written
}

const twice = "The key %q is there twice, and it names an instance. Remove one of the two, or give it another."

// listed are the elements of a list or set. Each is its own key, so that the name of an
// instance does not depend on what comes before it.
func listed(expr hcl.Expression, v cty.Value, fail failer) []element {
	written, _ := hcl.ExprList(expr)
	seen := map[string]bool{}
	var list []element
	for i, value := range v.AsValueSlice() {
		at := expr.Range()
		if i < len(written) {
			at = written[i].Range()
		}
		key, ok := simpleKey(value)
		bad := notKey(key)
		switch {
		case !ok:
			fail(at, "Wrong type of value", "An element of a list is the key of its instance, so it must be a string or a number, and this is %s. Write a map, or make one: { for s in LIST : s.name => s }.", describe(value))
		case bad != "":
			fail(at, "Invalid key", "%s", bad)
		case seen[key]:
			fail(at, "Duplicate key", twice, key)
		default:
			list = append(list, element{key, value})
		}
		seen[key] = true
	}
	return list
}

// simpleKey is a string or number as a key.
func simpleKey(v cty.Value) (string, bool) {
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.String && v.Type() != cty.Number {
		return "", false
	}
	text, err := convert.Convert(v, cty.String)
	return text.AsString(), err == nil
}

// notKey says why a string cannot be the end of a name, if it cannot.
func notKey(key string) string {
	if key != "" && strings.IndexFunc(key, notInName) < 0 {
		return ""
	}
	return fmt.Sprintf("The key %q is part of the instance's name, so it must have only letters, digits, dashes, underscores and dots, and at least one of them.", key)
}
