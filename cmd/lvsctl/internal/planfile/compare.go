package planfile

import (
	"maps"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A Move is one thing that is not as it was when a plan was saved.
type Move struct {
	What Thing
	Name string // of the file, variable, or host

	// Key, Then and Now are for objects on hosts. A state may be nil, where the object
	// is not there. The same one twice means that only the ledger moved.
	Key       resource.Key
	Then, Now resource.Resource
}

// Thing tells what can move.
type Thing uint8

// The things.
const (
	FileChanged Thing = 1 + iota
	FileAdded
	FileRemoved
	VariableMoved // a variable has another value
	MeaningMoved  // the same config asks for something else, of another lvsctl
	ObjectMoved   // an object that one of the plans changes
	LiveMoved     // objects that neither plan changes
	LedgerMoved   // what the host remembers of objects that neither plan changes
	OrderMoved    // the same changes in another order
)

// ConfigMoves lists what is different about the config. What the files say comes first:
// what they mean follows from that.
func (f *File) ConfigMoves(now *File) []Move {
	var moves []Move
	for _, name := range union(f.Config.Files, now.Config.Files) {
		then, was := f.Config.Files[name]
		digest, is := now.Config.Files[name]
		switch {
		case !was:
			moves = append(moves, Move{What: FileAdded, Name: name})
		case !is:
			moves = append(moves, Move{What: FileRemoved, Name: name})
		case then != digest:
			moves = append(moves, Move{What: FileChanged, Name: name})
		}
	}
	then, values := f.Request.values(), now.Request.values()
	for _, name := range union(then, values) {
		value, was := then[name]
		if another, is := values[name]; was != is || value != another {
			moves = append(moves, Move{What: VariableMoved, Name: name})
		}
	}
	if len(moves) == 0 && f.Config.Desired != now.Config.Desired {
		moves = append(moves, Move{What: MeaningMoved})
	}
	return moves
}

// values are the variables by name.
func (r Request) values() map[string]string {
	values := map[string]string{}
	for _, v := range r.Variables {
		values[v.Name] = v.Value
	}
	return values
}

// union lists the keys of two maps, sorted.
func union[V any](a, b map[string]V) []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(names)
	return slices.Compact(names)
}

// HostMoves lists what is different on the hosts, for plans of the same config.
func (f *File) HostMoves(now *File) []Move {
	moves := objectMoves(f.Plan, now.Plan)
	explained := map[string]bool{}
	for _, m := range moves {
		explained[m.Name] = true
	}
	for _, host := range union(f.Basis, now.Basis) {
		then, basis := f.Basis[host], now.Basis[host]
		if explained[host] {
			continue
		}
		if then.Live != basis.Live {
			moves = append(moves, Move{What: LiveMoved, Name: host})
		}
		if then.Ledger != basis.Ledger {
			moves = append(moves, Move{What: LedgerMoved, Name: host})
		}
	}
	if len(moves) == 0 && !f.Plan.Equal(now.Plan) {
		moves = append(moves, Move{What: OrderMoved})
	}
	return moves
}

// An object is one on a host.
type object struct {
	host string
	key  resource.Key
}

func (o object) compare(p object) int {
	if c := strings.Compare(o.host, p.host); c != 0 {
		return c
	}
	return o.key.Compare(p.key)
}

// An effect is what a plan does to an object, be it by one change or by several.
type effect struct {
	first, last resource.Action
	from, to    resource.Resource
}

// effects are those of a plan.
func effects(plan *planner.Plan) map[object]effect {
	all := map[object]effect{}
	for _, step := range plan.Steps {
		for _, c := range step.Changes {
			o := object{step.Host, c.Key()}
			e, again := all[o]
			if !again {
				e.first, e.from = c.Action, c.Before
			}
			if !c.Action.TouchesHost() {
				e.from = c.After // it stays as it is
			}
			e.last, e.to = c.Action, c.After
			all[o] = e
		}
	}
	return all
}

// objectMoves lists the objects that two plans do not do the same to. The config being
// the same, one that only one plan changes was or is as that plan leaves it.
func objectMoves(saved, now *planner.Plan) []Move {
	before, after := effects(saved), effects(now)
	var moves []Move
	for o, e := range before {
		n, still := after[o]
		switch {
		case !still:
			moves = append(moves, o.moved(e.from, e.to))
		case n != e:
			moves = append(moves, o.moved(e.from, n.from))
		}
	}
	for o, n := range after {
		if _, was := before[o]; !was {
			moves = append(moves, o.moved(n.to, n.from))
		}
	}
	slices.SortFunc(moves, func(a, b Move) int { return object{a.Name, a.Key}.compare(object{b.Name, b.Key}) })
	return moves
}

func (o object) moved(then, now resource.Resource) Move {
	return Move{What: ObjectMoved, Name: o.host, Key: o.key, Then: then, Now: now}
}
