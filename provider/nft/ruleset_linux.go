package nft

import "github.com/lvsctl/lvsctl/schema/resource"

// A Ruleset is tables as they were at one moment.
type Ruleset struct {
	// Generation counts the changes that the network namespace has seen, to all its
	// tables. A transaction can be bound to it.
	Generation uint32
	Tables     []Table
}

// A Table is a table with all its chains.
type Table struct {
	Family  resource.Family
	Name    string
	Dormant bool // switched off, with all that is in it
	Uses    int  // how many chains, sets, named counters and the like are in it
	Chains  []Chain
}

// A Chain is a list of rules.
type Chain struct {
	Name  string
	Hook  Hook
	Drop  bool // the policy: a packet that comes to the end is dropped
	Uses  int  // how many rules are in it or jump to it
	Rules []Rule
}

// A Hook is where packets enter a base chain. Chains that others jump to have none: the
// zero Hook.
type Hook struct {
	Type     string // filter, nat or route
	Number   uint32 // NF_INET_PRE_ROUTING and so on
	Priority int32  // of those at one hook the lowest comes first
}

// A Rule is a list of expressions that a packet goes through until one of them does not
// hold.
type Rule struct {
	Handle uint64 // its number in the table, given by the kernel
	Exprs  []Expr // nil if one of them is of a kind that is not known here
	// Comment is for people. It is written and not read.
	Comment string
}
