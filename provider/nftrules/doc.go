// Package nftrules keeps marks, source NAT and MSS as rules in nftables tables of our
// own, "table ip lvsctl" and "table ip6 lvsctl". Other tables are never touched, and what
// others put into ours stays. Tables and chains are made when they are needed, and go with
// the last rule in them.
//
// Rules are recognised by what they do. Their comments are for people.
package nftrules
