package nftrules

import (
	"encoding/binary"
	"reflect"
	"slices"

	"github.com/google/nftables/expr"
	"github.com/lvsctl/lvsctl/provider/nft"
	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// tableName is the name of our tables, one of each family. One for both families would
// need Linux 5.2, and its rules would have to ask for the family.
const tableName = "lvsctl"

// A chainSpec is one of the chains that we make.
type chainSpec struct {
	name string
	hook nft.Hook
	kind resource.Kind // of what its rules are; 0: its one rule of ours jumps to the marks
	jump []nft.Expr    // that rule
	why  string        // its comment
}

// The chains of a table of ours. Names are chosen so that nft(8) can read them, which
// takes "mark" for something else.
//
// Marks are given to what comes in, and to what the host sends to an address of its own.
// The latter comes in too, by the loopback, but then its connection has got its source, and
// source NAT is too late. To mark more of what the host sends would be wrong: a wide prefix
// may have the real servers in it, and the host checks their health. The chain is not one
// that chooses a new route: IPVS needs none, and what it has just sent must keep its own.
//
// Source NAT comes before the usual priority of 100. Otherwise it would depend on who came
// first whether somebody's general masquerading takes our flows.
var (
	marksChain = &chainSpec{name: "marks", kind: resource.KindMark}
	ruleChains = []*chainSpec{
		marksChain,
		{name: "source", hook: nft.Hook{Type: "nat", Number: unix.NF_INET_POST_ROUTING, Priority: 99}, kind: resource.KindSourceNAT},
		{name: "mss", hook: nft.Hook{Type: "filter", Number: unix.NF_INET_LOCAL_OUT, Priority: mangle}, kind: resource.KindMSS},
	}
	jumpChains = []*chainSpec{
		{
			name: "prerouting", hook: nft.Hook{Type: "filter", Number: unix.NF_INET_PRE_ROUTING, Priority: mangle},
			jump: []nft.Expr{jumpToMarks}, why: "lvsctl: marks for what comes in",
		},
		{
			name: "output", hook: nft.Hook{Type: "filter", Number: unix.NF_INET_LOCAL_OUT, Priority: mangle},
			jump: []nft.Expr{loadOutput, equal(loopback), jumpToMarks}, why: "lvsctl: marks for what this host sends to itself",
		},
	}
)

// mangle is the priority at which packets are changed before others look at them.
const mangle = -150

// What the jumps to the marks look at.
var (
	jumpToMarks = &expr.Verdict{Kind: expr.VerdictJump, Chain: "marks"}
	loadOutput  = &expr.Meta{Key: expr.MetaKeyOIF, Register: register}
	loopback    = binary.NativeEndian.AppendUint32(nil, 1) // its number everywhere
)

// A table is a table of ours as it is, with its rules understood.
type table struct {
	family  resource.Family
	there   bool
	dormant bool
	uses    int
	chains  map[*chainSpec]*chain
}

// A chain is one of our chains as it is.
type chain struct {
	there   bool
	strange bool // of our name, but somewhere else: somebody else's
	drop    bool
	uses    int
	rules   []rule
}

// A rule is a rule in a chain of ours.
type rule struct {
	handle uint64
	state  resource.Resource // nil if it is not for a resource
	jump   bool              // to the marks, where it is ours
}

// understand reads the table of a family.
func understand(family resource.Family, rs nft.Ruleset) *table {
	t := &table{family: family, chains: map[*chainSpec]*chain{}}
	var chains []nft.Chain
	for _, have := range rs.Tables {
		if have.Family == family {
			t.there, t.dormant, t.uses, chains = true, have.Dormant, have.Uses, have.Chains
		}
	}
	byName := map[string]nft.Chain{}
	for _, c := range chains {
		byName[c.Name] = c
	}
	for _, spec := range slices.Concat(ruleChains, jumpChains) {
		have, there := byName[spec.name]
		t.chains[spec] = spec.understand(family, have, there)
	}
	return t
}

func (spec *chainSpec) understand(family resource.Family, have nft.Chain, there bool) *chain {
	c := &chain{there: there, strange: there && have.Hook != spec.hook, drop: have.Drop, uses: have.Uses}
	if c.strange {
		return c
	}
	for _, r := range have.Rules {
		understood := rule{handle: r.Handle}
		if spec.kind != 0 {
			understood.state = decodeRule(spec.kind, family, r.Exprs)
		} else {
			understood.jump = reflect.DeepEqual(r.Exprs, spec.jump)
		}
		c.rules = append(c.rules, understood)
	}
	return c
}

// live lists what the rules of the table do. Those that are there but not in force are
// shown as such: of a table that sleeps, behind one that they have to precede, or several
// for one thing that contradict each other.
func (t *table) live() resource.Set {
	live := resource.NewSet()
	for _, spec := range ruleChains {
		inForce := t.inForce(spec)
		var last resource.Resource
		for _, r := range t.chains[spec].rules {
			if r.state == nil {
				continue
			}
			state := r.state
			other, again := live.Find(state.Key())
			misplaced := last != nil && precedence(state, last) < 0
			if !inForce || misplaced || again && other != state {
				state = powerless(state)
			}
			if !misplaced {
				last = r.state
			}
			live.Add(state)
		}
	}
	return live
}

// inForce tells whether packets get to the rules of a chain.
func (t *table) inForce(spec *chainSpec) bool {
	if t.dormant || t.chains[spec].drop {
		return false
	}
	if spec != marksChain {
		return true
	}
	for _, from := range jumpChains {
		if c := t.chains[from]; c.jumps() == 0 || c.drop {
			return false
		}
	}
	return true
}

// jumps counts the rules that jump to the marks.
func (c *chain) jumps() (n int) {
	for _, r := range c.rules {
		if r.jump {
			n++
		}
	}
	return n
}
