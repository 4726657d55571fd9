package nft

import (
	"errors"
	"fmt"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// ErrMalformed says that a message from the kernel cannot be understood.
var ErrMalformed = errors.New("malformed nftables message")

// headerLen is the size of struct nfgenmsg, which is ahead of the attributes.
const headerLen = 4

// walk calls f at every attribute of a message.
func walk(m netlink.Message, f func(*netlink.AttributeDecoder) error) error {
	if len(m.Data) < headerLen {
		return fmt.Errorf("%w: header of %d bytes", ErrMalformed, len(m.Data))
	}
	if err := each(m.Data[headerLen:], f); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// decodeGeneration reads the answer to NFT_MSG_GETGEN.
func decodeGeneration(m netlink.Message) (generation uint32, err error) {
	err = walk(m, func(ad *netlink.AttributeDecoder) error {
		if ad.Type() == unix.NFTA_GEN_ID {
			generation = ad.Uint32()
		}
		return nil
	})
	return generation, err
}

// decodeTable reads a table without what is in it.
func decodeTable(m netlink.Message, family resource.Family) (Table, error) {
	t := Table{Family: family}
	err := walk(m, func(ad *netlink.AttributeDecoder) error {
		switch ad.Type() {
		case unix.NFTA_TABLE_NAME:
			t.Name = ad.String()
		case unix.NFTA_TABLE_FLAGS:
			t.Dormant = ad.Uint32()&unix.NFT_TABLE_F_DORMANT != 0
		case unix.NFTA_TABLE_USE:
			t.Uses = int(ad.Uint32())
		}
		return nil
	})
	return t, err
}

// decodeChain reads a chain without its rules, and the name of its table.
func decodeChain(m netlink.Message) (table string, c Chain, err error) {
	err = walk(m, func(ad *netlink.AttributeDecoder) error {
		switch ad.Type() {
		case unix.NFTA_CHAIN_TABLE:
			table = ad.String()
		case unix.NFTA_CHAIN_NAME:
			c.Name = ad.String()
		case unix.NFTA_CHAIN_TYPE:
			c.Hook.Type = ad.String()
		case unix.NFTA_CHAIN_POLICY:
			c.Drop = ad.Uint32() == policyDrop
		case unix.NFTA_CHAIN_USE:
			c.Uses = int(ad.Uint32())
		case unix.NFTA_CHAIN_HOOK:
			return each(ad.Bytes(), func(ad *netlink.AttributeDecoder) error {
				switch ad.Type() {
				case unix.NFTA_HOOK_HOOKNUM:
					c.Hook.Number = ad.Uint32()
				case unix.NFTA_HOOK_PRIORITY:
					c.Hook.Priority = ad.Int32()
				}
				return nil
			})
		}
		return nil
	})
	return table, c, err
}

// The policies of a chain: NF_DROP and NF_ACCEPT.
const (
	policyDrop   = 0
	policyAccept = 1
)

// decodeRule reads a rule, and the names of its table and chain.
func decodeRule(m netlink.Message, family resource.Family) (table, chain string, r Rule, err error) {
	err = walk(m, func(ad *netlink.AttributeDecoder) (err error) {
		switch ad.Type() {
		case unix.NFTA_RULE_TABLE:
			table = ad.String()
		case unix.NFTA_RULE_CHAIN:
			chain = ad.String()
		case unix.NFTA_RULE_HANDLE:
			r.Handle = ad.Uint64()
		case unix.NFTA_RULE_EXPRESSIONS:
			r.Exprs, err = decodeExprs(family, ad.Bytes())
		}
		return err
	})
	return table, chain, r, err
}
