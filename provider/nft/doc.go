// Package nft talks to nf_tables in the kernel: it reads tables with all that is in
// them, and changes them in transactions. It knows nothing of what rules are for.
//
// Most expressions of rules are those of github.com/google/nftables/expr. The
// connection of that module is not used, for three reasons: it leaves out of a rule
// what it does not know, so that one rule could be taken for another; it does not tell
// which message of a transaction the kernel refuses; and it cannot bind a transaction
// to the state that was read.
package nft
