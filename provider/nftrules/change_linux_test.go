package nftrules

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/nftables/expr"
	"github.com/lvsctl/lvsctl/provider/nft"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// fakeTables carry out operations as the kernel does.
type fakeTables struct {
	last   uint64 // handle
	tables map[resource.Family]*nft.Table
}

func newFakeTables() *fakeTables {
	return &fakeTables{tables: map[resource.Family]*nft.Table{}}
}

// ruleset is a copy of what is there.
func (f *fakeTables) ruleset() (rs nft.Ruleset) {
	for _, t := range f.tables {
		c := *t
		c.Chains = slices.Clone(t.Chains)
		for i := range c.Chains {
			c.Chains[i].Rules = slices.Clone(c.Chains[i].Rules)
		}
		rs.Tables = append(rs.Tables, c)
	}
	return rs
}

func (f *fakeTables) chain(family resource.Family, name string) *nft.Chain {
	if t := f.tables[family]; t != nil {
		for i := range t.Chains {
			if t.Chains[i].Name == name {
				return &t.Chains[i]
			}
		}
	}
	return nil
}

func (f *fakeTables) do(op nft.Op) error {
	t, c := f.tables[op.Family], f.chain(op.Family, op.Chain)
	switch op.Verb {
	case nft.AddTable:
		if t == nil {
			t = &nft.Table{Family: op.Family, Name: op.Table}
			f.tables[op.Family] = t
		}
		t.Dormant = false
	case nft.DeleteTable:
		if t == nil {
			return fmt.Errorf("no table")
		}
		delete(f.tables, op.Family)
	case nft.AddChain:
		switch {
		case t == nil:
			return fmt.Errorf("no table")
		case c == nil:
			t.Chains = append(t.Chains, nft.Chain{Name: op.Chain, Hook: op.Hook})
			t.Uses++
		case c.Hook != op.Hook:
			return fmt.Errorf("another hook")
		default:
			c.Drop = false
		}
	default:
		if c == nil {
			return fmt.Errorf("no chain %s", op.Chain)
		}
		return f.change(op, t, c)
	}
	return nil
}

// change carries out an operation on a chain that is there.
func (f *fakeTables) change(op nft.Op, t *nft.Table, c *nft.Chain) error {
	handles := func(r nft.Rule) bool { return r.Handle == op.Before || r.Handle == op.Rule.Handle }
	switch op.Verb {
	case nft.AddRule:
		i := len(c.Rules)
		if op.Before != 0 {
			if i = slices.IndexFunc(c.Rules, handles); i < 0 {
				return fmt.Errorf("no rule %d", op.Before)
			}
		}
		f.last++
		op.Rule.Handle = f.last
		c.Rules = slices.Insert(c.Rules, i, op.Rule)
		c.Uses++
		return f.jump(op.Family, op.Rule, 1)
	case nft.DeleteRule:
		i := slices.IndexFunc(c.Rules, handles)
		if i < 0 {
			return fmt.Errorf("no rule %d", op.Rule.Handle)
		}
		r := c.Rules[i]
		c.Rules = slices.Delete(c.Rules, i, i+1)
		c.Uses--
		return f.jump(op.Family, r, -1)
	case nft.DeleteChain:
		for _, r := range c.Rules {
			c.Uses--
			if err := f.jump(op.Family, r, -1); err != nil {
				return err
			}
		}
		if c.Uses > 0 {
			return fmt.Errorf("chain %s is busy", c.Name)
		}
		t.Chains = slices.DeleteFunc(t.Chains, func(c nft.Chain) bool { return c.Name == op.Chain })
		t.Uses--
	}
	return nil
}

// jump counts the jump of a rule that comes or goes, if it is one.
func (f *fakeTables) jump(family resource.Family, r nft.Rule, n int) error {
	for _, e := range r.Exprs {
		v, ok := e.(*expr.Verdict)
		if !ok {
			continue
		}
		target := f.chain(family, v.Chain)
		if target == nil || target.Hook != (nft.Hook{}) {
			return fmt.Errorf("cannot jump to %s", v.Chain)
		}
		target.Uses += n
	}
	return nil
}

// apply makes changes, all of which have to be possible.
func (f *fakeTables) apply(t *testing.T, changes ...resource.Change) {
	t.Helper()
	tx, err := newTransaction(f.ruleset(), changes)
	if err != nil {
		t.Fatal(err)
	}
	for i, op := range tx.ops {
		if err := f.do(op); err != nil {
			t.Fatalf("operation %d of %d: %+v: %v\n%s", i, len(tx.ops), op, err, f)
		}
	}
}

// live is all that is read.
func (f *fakeTables) live() resource.Set {
	set := resource.NewSet()
	for _, family := range []resource.Family{resource.IPv4, resource.IPv6} {
		set.Copy(understand(family, f.ruleset()).live().ByKey)
	}
	return set
}

// String lists the tables in short.
func (f *fakeTables) String() string {
	var b strings.Builder
	for _, family := range []resource.Family{resource.IPv4, resource.IPv6} {
		t := f.tables[family]
		if t == nil {
			continue
		}
		fmt.Fprintf(&b, "table %d, %d uses\n", family, t.Uses)
		for _, c := range t.Chains {
			fmt.Fprintf(&b, "  chain %s, %d uses\n", c.Name, c.Uses)
			for _, r := range c.Rules {
				fmt.Fprintf(&b, "    %d %s\n", r.Handle, r.Comment)
			}
		}
	}
	return b.String()
}

// others makes things in our tables that are not ours.
func (f *fakeTables) others(t *testing.T, rng *rand.Rand) {
	t.Helper()
	family := pick(rng, resource.IPv4, resource.IPv6)
	do := func(op nft.Op) {
		op.Family, op.Table = family, tableName
		op.Rule.Comment = fmt.Sprint("other ", f.last)
		if err := f.do(op); err != nil {
			t.Fatal(err)
		}
	}
	do(nft.Op{Verb: nft.AddTable})
	switch rng.IntN(4) {
	case 0:
		f.tables[family].Uses++ // a set
	case 1:
		do(nft.Op{Verb: nft.AddChain, Chain: "other"})
		if f.chain(family, "marks") != nil {
			do(nft.Op{Verb: nft.AddRule, Chain: "other", Rule: nft.Rule{Exprs: []nft.Expr{loadMark, jumpToMarks}}})
		}
	default:
		for _, c := range slices.Clone(f.tables[family].Chains) {
			op := nft.Op{Verb: nft.AddRule, Chain: c.Name}
			if len(c.Rules) > 0 && rng.IntN(2) == 0 {
				op.Before = c.Rules[rng.IntN(len(c.Rules))].Handle
			}
			if rng.IntN(3) == 0 {
				do(op)
			}
		}
	}
}

// foreign lists what is in our tables and not ours, in order.
func (f *fakeTables) foreign() string {
	var lines []string
	for line := range strings.Lines(f.String()) {
		if strings.Contains(line, "other") && !strings.Contains(line, "uses") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// Whatever was there, changes lead to what they say; what others put into our tables
// stays where it is; and of ours nothing is left without a use.
func TestTransactionHistories(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 40 {
		f := newFakeTables()
		want := resource.NewSet()
		shared := rng.IntN(2) == 0
		for range 15 {
			if shared && rng.IntN(3) == 0 {
				f.others(t, rng)
			}
			foreign := f.foreign()
			changes := randomChanges(rng, want)
			f.apply(t, changes...)
			if diff := cmp.Diff(want, f.live(), alike, resourcetest.AsMaps); diff != "" {
				t.Fatalf("after %v (-want +got):\n%s\n%s", changes, diff, f)
			}
			if diff := cmp.Diff(foreign, f.foreign()); diff != "" {
				t.Fatalf("what is not ours (-before +after):\n%s", diff)
			}
		}
		var all []resource.Change
		for _, r := range want.All() {
			all = append(all, remove(r))
		}
		foreign := f.foreign()
		f.apply(t, all...)
		if f.live().Len() > 0 || !shared && len(f.tables) > 0 {
			t.Fatalf("left over:\n%s", f)
		}
		if diff := cmp.Diff(foreign, f.foreign()); diff != "" {
			t.Fatalf("what is not ours, after the last of ours (-before +after):\n%s", diff)
		}
	}
}

// randomChanges draws changes and makes them to a set.
func randomChanges(rng *rand.Rand, set resource.Set) (changes []resource.Change) {
	for range 1 + rng.IntN(6) {
		r := randomRule(rng)
		before := set.Get(r.Key())
		switch {
		case before == nil:
			changes = append(changes, create(r))
			set.Add(r)
		case rng.IntN(2) == 0:
			changes = append(changes, update(before, r))
			set.Add(r)
		default:
			changes = append(changes, remove(before))
			set.Delete(r.Key())
		}
	}
	return changes
}

// Ours are never behind one that they have to precede, in whatever order they come.
func TestTransactionOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	f := newFakeTables()
	set := randomRules(rng, 200)
	for _, r := range set.All() {
		f.apply(t, create(r))
	}
	for _, table := range f.tables {
		for _, spec := range ruleChains {
			rules := understand(table.Family, f.ruleset()).chains[spec].rules
			if !slices.IsSortedFunc(rules, func(a, b rule) int { return precedence(a.state, b.state) }) {
				t.Errorf("chain %s is not in order:\n%s", spec.name, f)
			}
		}
	}
}

// What is there already is not made again, and one of several equal rules is enough.
func TestTransactionAgain(t *testing.T) {
	f := newFakeTables()
	m := resource.Mark{To: prefix("192.0.2.1/32"), Mark: 7}
	f.apply(t, create(m), create(m), update(m, m))
	f.apply(t, create(m))
	if n := len(f.chain(resource.IPv4, "marks").Rules); n != 1 {
		t.Errorf("%d rules\n%s", n, f)
	}
	f.apply(t, remove(m), create(m), remove(m))
	f.apply(t, remove(m))
	if len(f.tables) != 0 {
		t.Errorf("left over:\n%s", f)
	}
}

// A chain of our name that somebody else made is in the way of what belongs into it, and
// of nothing else.
func TestTransactionStrangeChain(t *testing.T) {
	f := newFakeTables()
	for _, op := range []nft.Op{{Verb: nft.AddTable}, {Verb: nft.AddChain, Chain: "source", Hook: nft.Hook{Type: "nat", Number: 4, Priority: 100}}} {
		op.Family, op.Table = resource.IPv4, tableName
		if err := f.do(op); err != nil {
			t.Fatal(err)
		}
	}
	mss := resource.MSS{From: addr("192.0.2.1"), Size: 1400}
	nat := resource.SourceNAT{Service: resource.MarkService(resource.IPv4, 7), First: addr("10.0.0.1"), Last: addr("10.0.0.1")}
	_, err := newTransaction(f.ruleset(), []resource.Change{create(mss), create(nat)})
	var refused *changeError
	if !errors.As(err, &refused) || refused.index != 1 || !strings.Contains(err.Error(), "chain source of table ip lvsctl: somebody made it differently") {
		t.Errorf("got %v", err)
	}
	f.apply(t, create(mss), remove(nat))
	f.apply(t, remove(mss))
	if f.chain(resource.IPv4, "source") == nil || f.chain(resource.IPv4, "mss") != nil {
		t.Errorf("left:\n%s", f)
	}
}

// What was there and not in force is not put back when ours goes.
func TestTransactionRestore(t *testing.T) {
	f := newFakeTables()
	mark := resource.Mark{To: prefix("192.0.2.1/32"), Mark: 7}
	other := mark
	other.Mark = 8
	f.apply(t, create(mark))
	f.apply(t, resource.Change{Action: resource.Restore, Before: mark, After: other})
	if diff := cmp.Diff(resource.NewSet(other), f.live(), alike, resourcetest.AsMaps); diff != "" {
		t.Errorf("restored (-want +got):\n%s", diff)
	}
	f.apply(t, resource.Change{Action: resource.Restore, Before: other, After: powerless(mark)})
	if len(f.tables) != 0 {
		t.Errorf("left over:\n%s", f)
	}
}
