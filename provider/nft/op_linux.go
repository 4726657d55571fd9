package nft

import (
	"encoding/binary"
	"fmt"

	"github.com/google/nftables/userdata"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// A Verb is what an operation does.
type Verb uint8

// The verbs.
const (
	// AddTable makes a table, or wakes one that is dormant.
	AddTable Verb = 1 + iota
	// AddChain makes a chain, or lets one that is there accept what comes to its end.
	AddChain
	// AddRule adds a rule before another one, or at the end of its chain.
	AddRule
	// DeleteRule deletes the rule of a handle.
	DeleteRule
	// DeleteChain deletes a chain with its rules. No others may jump to it.
	DeleteChain
	// DeleteTable deletes a table with all that is in it.
	DeleteTable
)

// An Op is one operation of a transaction.
type Op struct {
	Verb   Verb
	Family resource.Family
	Table  string
	Chain  string // of all but tables
	Hook   Hook   // of AddChain
	Rule   Rule   // of AddRule: expressions and comment; of DeleteRule: the handle
	Before uint64 // of AddRule: the handle of the rule that comes next; 0 is none
}

// verbs are the kernel's names for what we do.
var verbs = [...]struct {
	message uint16
	flags   netlink.HeaderFlags
}{
	AddTable:    {unix.NFT_MSG_NEWTABLE, netlink.Create},
	AddChain:    {unix.NFT_MSG_NEWCHAIN, netlink.Create},
	AddRule:     {unix.NFT_MSG_NEWRULE, netlink.Create},
	DeleteRule:  {unix.NFT_MSG_DELRULE, 0},
	DeleteChain: {unix.NFT_MSG_DELCHAIN, 0},
	DeleteTable: {unix.NFT_MSG_DELTABLE, 0},
}

// adds tells operations that make something.
func (o Op) adds() bool { return o.Verb == AddTable || o.Verb == AddChain || o.Verb == AddRule }

// message is the operation as the kernel reads it.
func (o Op) message() (netlink.Message, error) {
	verb := verbs[o.Verb]
	m := request(verb.message, verb.flags, o.Family)
	ae := newEncoder()
	switch o.Verb {
	case AddTable:
		ae.String(unix.NFTA_TABLE_NAME, o.Table)
		ae.Uint32(unix.NFTA_TABLE_FLAGS, 0)
	case DeleteTable:
		ae.String(unix.NFTA_TABLE_NAME, o.Table)
	case AddChain, DeleteChain:
		ae.String(unix.NFTA_CHAIN_TABLE, o.Table)
		ae.String(unix.NFTA_CHAIN_NAME, o.Chain)
		if o.Hook != (Hook{}) {
			o.encodeHook(ae)
		}
	case AddRule:
		if o.Before == 0 {
			m.Header.Flags |= netlink.Append
		}
		o.encodeRule(ae)
	case DeleteRule:
		ae.String(unix.NFTA_RULE_TABLE, o.Table)
		ae.String(unix.NFTA_RULE_CHAIN, o.Chain)
		ae.Uint64(unix.NFTA_RULE_HANDLE, o.Rule.Handle)
	}
	body, err := ae.Encode()
	if err != nil {
		return m, fmt.Errorf("encode: %w", err)
	}
	m.Data = append(m.Data, body...)
	return m, nil
}

func (o Op) encodeHook(ae *netlink.AttributeEncoder) {
	ae.Nested(unix.NFTA_CHAIN_HOOK, func(ae *netlink.AttributeEncoder) error {
		ae.Uint32(unix.NFTA_HOOK_HOOKNUM, o.Hook.Number)
		ae.Int32(unix.NFTA_HOOK_PRIORITY, o.Hook.Priority)
		return nil
	})
	ae.Uint32(unix.NFTA_CHAIN_POLICY, policyAccept)
	ae.String(unix.NFTA_CHAIN_TYPE, o.Hook.Type)
}

func (o Op) encodeRule(ae *netlink.AttributeEncoder) {
	ae.String(unix.NFTA_RULE_TABLE, o.Table)
	ae.String(unix.NFTA_RULE_CHAIN, o.Chain)
	ae.Nested(unix.NFTA_RULE_EXPRESSIONS, func(ae *netlink.AttributeEncoder) error {
		for _, e := range o.Rule.Exprs {
			ae.Do(unix.NLA_F_NESTED|unix.NFTA_LIST_ELEM, func() ([]byte, error) { return encodeExpr(o.Family, e) })
		}
		return nil
	})
	if o.Before != 0 {
		ae.Uint64(unix.NFTA_RULE_POSITION, o.Before)
	}
	if o.Rule.Comment != "" {
		ae.Bytes(unix.NFTA_RULE_USERDATA, userdata.AppendString(nil, userdata.TypeComment, cut(o.Rule.Comment)))
	}
}

// commentSize is how many bytes a comment may have for nft(8) to read back what it has
// listed itself.
const commentSize = 127

// cut shortens a comment that is too long. Ours are ASCII.
func cut(comment string) string { return comment[:min(len(comment), commentSize)] }

// request is a message without attributes.
func request(typ uint16, flags netlink.HeaderFlags, family resource.Family) netlink.Message {
	return netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | typ), Flags: netlink.Request | flags},
		Data:   header(family, 0),
	}
}

// header is a struct nfgenmsg.
func header(family resource.Family, id uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{byte(family), unix.NFNETLINK_V0}, id)
}

// bracket is the message that begins or ends a transaction.
func bracket(typ netlink.HeaderType) netlink.Message {
	return netlink.Message{
		Header: netlink.Header{Type: typ, Flags: netlink.Request},
		Data:   header(unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES),
	}
}
