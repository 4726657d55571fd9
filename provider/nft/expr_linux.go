package nft

import (
	"encoding/binary"
	"fmt"

	"github.com/google/nftables/expr"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// An Expr is one expression of a rule: a [*Ct], or one of package expr: *Meta,
// *Payload, *Cmp, *Range, *Bitwise, *Immediate, *Verdict, *NAT or *Exthdr.
type Expr any

// A Ct loads something about a packet's connection into a register. The one of package
// expr writes the direction in a form that kernels complain about, and cannot read it.
type Ct struct {
	Key      expr.CtKey
	Register uint32
	Original bool // of the direction in which the connection was opened; else no direction is meant
}

// encodeExpr writes an expression with its name.
func encodeExpr(family resource.Family, e Expr) ([]byte, error) {
	switch e := e.(type) {
	case *Ct:
		return encodeCt(e)
	case expr.Any:
		return expr.Marshal(byte(family), e)
	}
	return nil, fmt.Errorf("%T is no expression", e)
}

func encodeCt(e *Ct) ([]byte, error) {
	ae := newEncoder()
	ae.String(unix.NFTA_EXPR_NAME, "ct")
	ae.Nested(unix.NFTA_EXPR_DATA, func(ae *netlink.AttributeEncoder) error {
		ae.Uint32(unix.NFTA_CT_DREG, e.Register)
		ae.Uint32(unix.NFTA_CT_KEY, uint32(e.Key))
		if e.Original {
			ae.Uint8(unix.NFTA_CT_DIRECTION, ctOriginal)
		}
		return nil
	})
	return ae.Encode()
}

// ctOriginal is IP_CT_DIR_ORIGINAL.
const ctOriginal = 0

// decodeExprs reads the expressions of a rule. It returns nil where one of them is not
// known.
func decodeExprs(family resource.Family, data []byte) ([]Expr, error) {
	exprs, known := []Expr{}, true
	err := each(data, func(ad *netlink.AttributeDecoder) error {
		e, err := decodeExpr(family, ad.Bytes())
		known = known && e != nil
		exprs = append(exprs, e)
		return err
	})
	if err != nil || !known {
		return nil, err
	}
	return exprs, nil
}

// decodeExpr reads one expression, nil if it is of an unknown kind.
func decodeExpr(family resource.Family, data []byte) (Expr, error) {
	var name string
	var body []byte
	err := each(data, func(ad *netlink.AttributeDecoder) error {
		switch ad.Type() {
		case unix.NFTA_EXPR_NAME:
			name = ad.String()
		case unix.NFTA_EXPR_DATA:
			body = ad.Bytes()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if name == "ct" {
		return decodeCt(body)
	}
	e := named(name)
	if e == nil {
		return nil, nil
	}
	if err := expr.Unmarshal(byte(family), body, e); err != nil {
		return nil, fmt.Errorf("expression %s: %w", name, err)
	}
	if i, ok := e.(*expr.Immediate); ok && i.Register == unix.NFT_REG_VERDICT {
		return decodeVerdict(body)
	}
	return e, nil
}

// named is an empty expression of the given name, nil if it is unknown.
func named(name string) expr.Any {
	switch name {
	case "meta":
		return &expr.Meta{}
	case "payload":
		return &expr.Payload{}
	case "cmp":
		return &expr.Cmp{}
	case "range":
		return &expr.Range{}
	case "bitwise":
		return &expr.Bitwise{}
	case "immediate":
		return &expr.Immediate{}
	case "nat":
		return &expr.NAT{}
	case "exthdr":
		return &expr.Exthdr{}
	}
	return nil
}

// decodeCt reads what a [Ct] can say, and nil if there is more.
func decodeCt(body []byte) (Expr, error) {
	e, known := &Ct{}, true
	err := each(body, func(ad *netlink.AttributeDecoder) error {
		switch ad.Type() {
		case unix.NFTA_CT_KEY:
			e.Key = expr.CtKey(ad.Uint32())
		case unix.NFTA_CT_DREG:
			e.Register = ad.Uint32()
		case unix.NFTA_CT_DIRECTION:
			e.Original = ad.Uint8() == ctOriginal
			known = known && e.Original
		default:
			known = false
		}
		return nil
	})
	if err != nil || !known {
		return nil, err
	}
	return e, nil
}

// decodeVerdict reads an immediate that is a verdict. The library's own reader does not
// look at lengths.
func decodeVerdict(body []byte) (Expr, error) {
	data, err := find(body, unix.NFTA_IMMEDIATE_DATA)
	if err == nil {
		data, err = find(data, unix.NFTA_DATA_VERDICT)
	}
	if err != nil {
		return nil, err
	}
	v := &expr.Verdict{}
	err = each(data, func(ad *netlink.AttributeDecoder) error {
		switch ad.Type() {
		case unix.NFTA_VERDICT_CODE:
			v.Kind = expr.VerdictKind(ad.Int32())
		case unix.NFTA_VERDICT_CHAIN:
			v.Chain = ad.String()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// newEncoder writes attributes as nf_tables has them: numbers big-endian.
func newEncoder() *netlink.AttributeEncoder {
	ae := netlink.NewAttributeEncoder()
	ae.ByteOrder = binary.BigEndian
	return ae
}

// each calls f at every attribute in turn.
func each(data []byte, f func(*netlink.AttributeDecoder) error) error {
	ad, err := netlink.NewAttributeDecoder(data)
	if err != nil {
		return err
	}
	ad.ByteOrder = binary.BigEndian
	for ad.Next() {
		if err := f(ad); err != nil {
			return err
		}
	}
	return ad.Err()
}

// find returns what is in the attribute of a type; nothing if there is none.
func find(data []byte, typ uint16) (found []byte, err error) {
	err = each(data, func(ad *netlink.AttributeDecoder) error {
		if ad.Type() == typ {
			found = ad.Bytes()
		}
		return nil
	})
	return found, err
}
