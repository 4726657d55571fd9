package nftrules

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/lvsctl/lvsctl/provider/nft"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A transaction is what the kernel is to do to our tables in one go.
type transaction struct {
	ops    []nft.Op
	causes []int // the change that each operation is for
}

// A changeError is a change that cannot be made.
type changeError struct {
	index int
	err   error
}

// Error implements error.
func (e *changeError) Error() string { return e.err.Error() }

// A wish is what is to become of one rule.
type wish struct {
	state resource.Resource // nil: it is to go
	cause int               // the change that says so
}

// newTransaction works out how to get from the tables that are there to what changes want.
// Of several changes of one rule the last one counts.
func newTransaction(rs nft.Ruleset, changes []resource.Change) (*transaction, error) {
	wishes := map[resource.Family]map[resource.Key]wish{resource.IPv4: {}, resource.IPv6: {}}
	for i, c := range changes {
		w, err := wishOf(c)
		if err != nil {
			return nil, &changeError{i, err}
		}
		w.cause = i
		wishes[ruleFamily(c.Key())][c.Key()] = w
	}
	tx := &transaction{}
	for _, family := range families {
		if len(wishes[family]) == 0 {
			continue
		}
		e := newTableEdit(understand(family, rs), wishes[family])
		if err := e.run(tx); err != nil {
			return nil, err
		}
	}
	return tx, nil
}

// wishOf is what a change wants. A rule that was not in force before us is not made again.
func wishOf(c resource.Change) (wish, error) {
	if c.After == nil || c.Action == resource.Restore && c.After == powerless(c.After) {
		return wish{}, nil
	}
	return wish{state: c.After}, checkRule(c.After)
}

// families are those that there is a table for each.
var families = []resource.Family{resource.IPv4, resource.IPv6}

// ruleFamily is the family of the table that a rule is in.
func ruleFamily(k resource.Key) resource.Family {
	if k.Kind == resource.KindMSS {
		return resource.FamilyOf(k.Prefix.Addr())
	}
	return k.Service.Family
}

// A tableEdit is what becomes of one table.
type tableEdit struct {
	*table
	edits  map[*chainSpec]chainEdit
	adding bool // some rule
	cause  int  // the first change
}

// A chainEdit is what becomes of the rules of one chain.
type chainEdit struct {
	drop, keep []rule
	add        []wish // in the order in which they belong into the chain
}

func newTableEdit(t *table, wishes map[resource.Key]wish) *tableEdit {
	e := &tableEdit{table: t, edits: map[*chainSpec]chainEdit{}}
	byCause := make([]wish, 0, len(wishes))
	for _, w := range wishes {
		byCause = append(byCause, w)
	}
	slices.SortFunc(byCause, func(a, b wish) int { return cmp.Compare(a.cause, b.cause) })
	e.cause = byCause[0].cause
	for _, spec := range ruleChains {
		edit := chainEdit{}
		for _, r := range t.chains[spec].rules {
			if _, ok := wishes[keyOf(r.state)]; ok {
				edit.drop = append(edit.drop, r)
			} else {
				edit.keep = append(edit.keep, r)
			}
		}
		for _, w := range byCause {
			if keyOf(w.state).Kind == spec.kind {
				edit.add, e.adding = append(edit.add, w), true
			}
		}
		slices.SortStableFunc(edit.add, func(a, b wish) int { return precedence(a.state, b.state) })
		e.edits[spec] = edit
	}
	return e
}

// keyOf is the key of a resource, or none of nothing.
func keyOf(r resource.Resource) (k resource.Key) {
	if r != nil {
		k = r.Key()
	}
	return k
}

// run writes the operations.
func (e *tableEdit) run(tx *transaction) error {
	gone := e.goneChains()
	if !e.adding && e.there && len(gone) == e.uses {
		e.do(tx, e.cause, nft.Op{Verb: nft.DeleteTable})
		return nil
	}
	if e.adding && (!e.there || e.dormant) {
		e.do(tx, e.cause, nft.Op{Verb: nft.AddTable})
	}
	if err := e.makeChains(tx); err != nil {
		return err
	}
	for _, spec := range ruleChains {
		if !slices.Contains(gone, spec) {
			e.deleteRules(tx, spec)
			e.addRules(tx, spec)
		}
	}
	if e.emptied(marksChain) {
		e.deleteJumps(tx, gone)
	}
	for _, spec := range gone {
		e.do(tx, e.cause, nft.Op{Verb: nft.DeleteChain, Chain: spec.name})
	}
	return nil
}

// do adds an operation on the table.
func (e *tableEdit) do(tx *transaction, cause int, op nft.Op) {
	op.Family, op.Table = e.family, tableName
	tx.ops = append(tx.ops, op)
	tx.causes = append(tx.causes, cause)
}

// makeChains makes the chains that rules are put into, and the ways into them.
func (e *tableEdit) makeChains(tx *transaction) error {
	for _, spec := range ruleChains {
		if add := e.edits[spec].add; len(add) > 0 {
			if err := e.makeChain(tx, spec, add[0].cause); err != nil {
				return err
			}
		}
	}
	add := e.edits[marksChain].add
	if len(add) == 0 {
		return nil
	}
	for _, spec := range jumpChains {
		if err := e.makeChain(tx, spec, add[0].cause); err != nil {
			return err
		}
		if e.chains[spec].jumps() == 0 {
			e.do(tx, add[0].cause, nft.Op{Verb: nft.AddRule, Chain: spec.name, Rule: nft.Rule{Exprs: spec.jump, Comment: spec.why}})
		}
	}
	return nil
}

func (e *tableEdit) makeChain(tx *transaction, spec *chainSpec, cause int) error {
	c := e.chains[spec]
	if c.strange {
		return &changeError{cause, fmt.Errorf("chain %s of table %s %s: %w", spec.name, familyWord(e.family), tableName, errStrangeChain)}
	}
	if !c.there || c.drop {
		e.do(tx, cause, nft.Op{Verb: nft.AddChain, Chain: spec.name, Hook: spec.hook})
	}
	return nil
}

// errStrangeChain is about a chain that has the name of one of ours, but is not.
var errStrangeChain = errors.New("somebody made it differently: delete it, and lvsctl makes it as it has to be")

// familyWord is how nft(8) calls a family.
func familyWord(f resource.Family) string {
	if f == resource.IPv6 {
		return "ip6"
	}
	return "ip"
}

func (e *tableEdit) deleteRules(tx *transaction, spec *chainSpec) {
	for _, r := range e.edits[spec].drop {
		e.do(tx, e.cause, nft.Op{Verb: nft.DeleteRule, Chain: spec.name, Rule: nft.Rule{Handle: r.handle}})
	}
}

// addRules puts each rule before the first one of ours that has to come after it.
func (e *tableEdit) addRules(tx *transaction, spec *chainSpec) {
	next := e.edits[spec].keep
	for _, w := range e.edits[spec].add {
		for len(next) > 0 && (next[0].state == nil || precedence(next[0].state, w.state) <= 0) {
			next = next[1:]
		}
		op := nft.Op{Verb: nft.AddRule, Chain: spec.name, Rule: encodeRule(w.state)}
		if len(next) > 0 {
			op.Before = next[0].handle
		}
		e.do(tx, w.cause, op)
	}
}

// goneChains lists the chains that are no longer needed, in the order in which they can
// be deleted: the ways to the marks before the marks.
func (e *tableEdit) goneChains() (gone []*chainSpec) {
	if e.emptied(marksChain) {
		for _, spec := range jumpChains {
			if c := e.chains[spec]; c.there && !c.strange && c.jumps() == len(c.rules) {
				gone = append(gone, spec)
			}
		}
	}
	for _, spec := range ruleChains {
		if e.chains[spec].there && e.emptied(spec) && !e.othersJump(spec) {
			gone = append(gone, spec)
		}
	}
	return gone
}

// emptied tells whether there will be no rule in a chain of ours.
func (e *tableEdit) emptied(spec *chainSpec) bool {
	edit := e.edits[spec]
	return !e.chains[spec].strange && len(edit.keep) == 0 && len(edit.add) == 0
}

// othersJump tells whether somebody else's rule jumps to a chain.
func (e *tableEdit) othersJump(spec *chainSpec) bool {
	jumps := e.chains[spec].uses - len(e.chains[spec].rules)
	if spec == marksChain {
		for _, from := range jumpChains {
			jumps -= e.chains[from].jumps()
		}
	}
	return jumps > 0
}

// deleteJumps deletes the ways to the marks from chains that stay because others have
// rules in them.
func (e *tableEdit) deleteJumps(tx *transaction, gone []*chainSpec) {
	for _, spec := range jumpChains {
		if slices.Contains(gone, spec) {
			continue
		}
		for _, r := range e.chains[spec].rules {
			if r.jump {
				e.do(tx, e.cause, nft.Op{Verb: nft.DeleteRule, Chain: spec.name, Rule: nft.Rule{Handle: r.handle}})
			}
		}
	}
}
