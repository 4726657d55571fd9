package schema

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// locals computes local values, each after those it refers to.
type locals struct {
	*loader
	vars  *root
	attrs map[string]*hcl.Attribute
	state map[string]localState
	path  []string // from the first local to the one that is being computed
	root  *root
}

type localState uint8

const (
	localNew localState = iota
	localActive
	localDone
)

// loadLocals computes the values of all locals blocks.
func (l *loader) loadLocals(blocks hcl.Blocks, vars *root) *root {
	ls := &locals{
		loader: l, vars: vars,
		attrs: map[string]*hcl.Attribute{},
		state: map[string]localState{},
		root:  &root{name: "local", noun: "local value", misread: l.misread, values: map[string]cty.Value{}, sensitive: map[string]bool{}},
	}
	for _, block := range blocks {
		attrs, diags := block.Body.JustAttributes()
		l.add(diags...)
		for _, name := range sortedKeys(attrs) {
			ls.declareLocal(attrs[name])
		}
	}
	for _, name := range sortedKeys(ls.attrs) {
		ls.root.values[name] = cty.DynamicVal // so that references can be checked
	}
	for _, name := range sortedKeys(ls.attrs) {
		ls.compute(name)
	}
	return ls.root
}

// declareLocal enters one local. The first of two with the same name counts.
func (ls *locals) declareLocal(attr *hcl.Attribute) {
	first, ok := ls.attrs[attr.Name]
	if !ok {
		ls.attrs[attr.Name] = attr
		return
	}
	if byPlace(&hcl.Diagnostic{Subject: &attr.NameRange}, &hcl.Diagnostic{Subject: &first.NameRange}) < 0 {
		ls.attrs[attr.Name], attr, first = attr, first, attr
	}
	ls.fail(attr.NameRange, "Duplicate local value", "The local value %q is declared at %s already. Rename one of the two, or remove it.", attr.Name, place(first.NameRange))
}

// compute gives a local its value, after those it refers to.
func (ls *locals) compute(name string) {
	if ls.state[name] != localNew {
		return
	}
	ls.state[name] = localActive
	ls.path = append(ls.path, name)
	needs, ok := ls.needs(name)
	if ok {
		ls.root.values[name] = ls.value(name, needs)
	}
	ls.path = ls.path[:len(ls.path)-1]
	ls.state[name] = localDone
}

// needs computes the locals that a local refers to, and lists them. It fails on a
// reference back to one that is only being computed.
func (ls *locals) needs(name string) ([]string, bool) {
	var needs []string
	for _, t := range ls.attrs[name].Expr.Variables() {
		if t.RootName() != "local" {
			continue
		}
		if len(t) < 2 {
			ls.fail(t.SourceRange(), "Reference not allowed", "A local value can refer to others one by one, as in local.NAME, and not to all of them, since it is one of them itself.")
			return nil, false
		}
		need, ok := stepName(t[1])
		if _, declared := ls.attrs[need]; !ok || !declared {
			continue // an unknown name is reported with the value
		}
		if ls.state[need] == localActive {
			ls.cycle(need, t.SourceRange())
			return nil, false
		}
		ls.compute(need)
		needs = append(needs, need)
	}
	return needs, true
}

// cycle reports that the local being computed needs one that waits for it.
func (ls *locals) cycle(back string, at hcl.Range) {
	from := slices.Index(ls.path, back)
	path := append(slices.Clone(ls.path[from:]), back)
	ls.fail(at, "Local values refer to each other in a circle", "None of them can be computed first: local.%s. Give one of them a value that does not depend on the others.", strings.Join(path, " → local."))
}

// value computes a local. It sees only the locals it refers to: a scope of all of them
// for each of them would make a thousand locals a million.
func (ls *locals) value(name string, needs []string) cty.Value {
	seen := &root{name: "local", noun: "local value", values: make(map[string]cty.Value, len(needs))}
	for _, need := range needs {
		seen.values[need] = ls.root.values[need]
	}
	s := ls.newScope("A local value", ls.vars, seen)
	s.roots[1] = ls.root // for the names in diagnostics
	v, diags := s.evalHidden(ls.attrs[name].Expr)
	ls.add(diags...)
	if len(ls.vars.sensitive) > 0 && v.ContainsMarked() {
		ls.root.sensitive[name] = true
	}
	return v
}
