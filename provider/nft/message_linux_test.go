package nft

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/nftables/expr"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// One of each expression that can be written and read.
var everyExpr = []Expr{
	&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
	&expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: 1},
	&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 16, Len: 4},
	&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: []byte{192, 0, 2}},
	&expr.Range{Op: expr.CmpOpEq, Register: 1, FromData: []byte{0, 80}, ToData: []byte{0, 89}},
	&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: []byte{255, 255, 240, 0}, Xor: make([]byte, 4)},
	&Ct{Key: expr.CtKeyDST, Register: 1, Original: true},
	&Ct{Key: expr.CtKeySTATUS, Register: 1},
	&expr.Immediate{Register: 2, Data: []byte{0, 0, 0, 7}},
	&expr.Verdict{Kind: expr.VerdictJump, Chain: "marks"},
	&expr.Verdict{Kind: expr.VerdictDrop},
	&expr.NAT{Type: expr.NATTypeSourceNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: 1, RegAddrMax: 2},
	&expr.Exthdr{SourceRegister: 1, Op: expr.ExthdrOpTcpopt, Type: 2, Offset: 2, Len: 2},
}

func TestRuleMessage(t *testing.T) {
	op := Op{Verb: AddRule, Family: resource.IPv4, Table: "lvsctl", Chain: "marks", Rule: Rule{Exprs: everyExpr, Comment: "why"}, Before: 9}
	m, err := op.message()
	if err != nil {
		t.Fatal(err)
	}
	table, chain, got, err := decodeRule(m, resource.IPv4)
	if table != op.Table || chain != op.Chain || err != nil {
		t.Errorf("table %q, chain %q, %v", table, chain, err)
	}
	if diff := cmp.Diff(everyExpr, got.Exprs); diff != "" {
		t.Errorf("expressions (-want +got):\n%s", diff)
	}
}

// A rule with something that is not known is not taken for one without it.
func TestUnknownExpressions(t *testing.T) {
	encode := func(name string, attrs ...netlink.Attribute) []byte {
		ae := newEncoder()
		ae.String(unix.NFTA_EXPR_NAME, name)
		body, err := netlink.MarshalAttributes(attrs)
		if err != nil {
			t.Fatal(err)
		}
		ae.Bytes(unix.NFTA_EXPR_DATA, body)
		data, err := ae.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	u32 := func(typ uint16, v byte) netlink.Attribute {
		return netlink.Attribute{Type: typ, Data: []byte{0, 0, 0, v}}
	}
	tests := []struct {
		name string
		expr []byte
	}{
		{"a kind of the future", encode("telepathy")},
		{"one that the library does not read", encode("byteorder", u32(unix.NFTA_BYTEORDER_SREG, 1))},
		{"one that changes the packet", encode("counter", u32(1, 1))},
		{"a connection's other direction", encode("ct", u32(unix.NFTA_CT_KEY, 9), u32(unix.NFTA_CT_DREG, 1), netlink.Attribute{Type: unix.NFTA_CT_DIRECTION, Data: []byte{1}})},
		{"writing to a connection", encode("ct", u32(unix.NFTA_CT_KEY, 3), u32(unix.NFTA_CT_SREG, 1))},
	}
	for _, test := range tests {
		ae := newEncoder()
		ae.Do(unix.NFTA_LIST_ELEM, func() ([]byte, error) { return encodeExpr(resource.IPv4, everyExpr[0]) })
		ae.Bytes(unix.NFTA_LIST_ELEM, test.expr)
		data, err := ae.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decodeExprs(resource.IPv4, data); got != nil || err != nil {
			t.Errorf("%s: %v, %v", test.name, got, err)
		}
	}
}

func TestUnknownExpressionIsNotSent(t *testing.T) {
	_, err := transaction(1, []Op{{Verb: AddTable, Table: "t"}, {Verb: AddRule, Table: "t", Chain: "c", Rule: Rule{Exprs: []Expr{"accept"}}}})
	var refused *OpError
	if !errors.As(err, &refused) || refused.Index != 1 {
		t.Errorf("got %v", err)
	}
}

func TestComment(t *testing.T) {
	long := make([]byte, 300)
	for i := range long {
		long[i] = 'x'
	}
	for _, test := range []struct {
		comment string
		size    int // with type, length and the zero at the end
	}{{"why", 6}, {string(long[:127]), 130}, {string(long[:128]), 130}, {string(long), 130}} {
		m, err := Op{Verb: AddRule, Table: "t", Chain: "c", Rule: Rule{Comment: test.comment}}.message()
		if err != nil {
			t.Fatal(err)
		}
		got, err := find(m.Data[headerLen:], unix.NFTA_RULE_USERDATA)
		if err != nil || len(got) != test.size || got[1] != byte(test.size-2) {
			t.Errorf("a comment of %d bytes: %v, %v", len(test.comment), got, err)
		}
	}
}

// Whatever comes from a kernel, reading it ends, and what is read of expressions can be
// written.
func FuzzDecode(f *testing.F) {
	for _, op := range []Op{
		{Verb: AddTable, Table: "lvsctl"},
		{Verb: AddChain, Table: "lvsctl", Chain: "mss", Hook: Hook{"filter", 3, -150}},
		{Verb: AddRule, Table: "lvsctl", Chain: "marks", Rule: Rule{Exprs: everyExpr, Comment: "why"}, Before: 9},
	} {
		m, err := op.message()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(m.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := netlink.Message{Data: data}
		decodeGeneration(m)
		decodeTable(m, resource.IPv4)
		decodeChain(m)
		_, _, r, err := decodeRule(m, resource.IPv4)
		if err != nil {
			return
		}
		for _, e := range r.Exprs {
			if _, err := encodeExpr(resource.IPv4, e); err != nil {
				t.Errorf("%#v is read but cannot be written: %v", e, err)
			}
		}
	})
}
