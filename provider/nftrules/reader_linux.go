package nftrules

import (
	"encoding/binary"
	mathbits "math/bits"
	"net/netip"
	"reflect"

	"github.com/google/nftables/expr"
	"github.com/lvsctl/lvsctl/provider/nft"
	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// A ruleReader goes through the expressions of a rule. It remembers that one was not as
// expected, and then goes on with zeros.
type ruleReader struct {
	family resource.Family
	rest   []nft.Expr
	failed bool
}

// peek is the next expression, nil after the last one.
func (r *ruleReader) peek() nft.Expr {
	if len(r.rest) == 0 {
		return nil
	}
	return r.rest[0]
}

// maybe goes past an expression if it is the next one.
func (r *ruleReader) maybe(e nft.Expr) bool {
	if !reflect.DeepEqual(r.peek(), e) {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// must goes past an expression that has to be the next one.
func (r *ruleReader) must(e nft.Expr) { r.failed = !r.maybe(e) || r.failed }

// equal reads the n bytes that the register has to be equal to.
func (r *ruleReader) equal(n int) []byte { return r.compare(expr.CmpOpEq, n) }

// compare reads the n bytes that the register is compared with.
func (r *ruleReader) compare(op expr.CmpOp, n int) []byte {
	if e, ok := r.peek().(*expr.Cmp); ok && len(e.Data) == n && r.maybe(compare(op, e.Data)) {
		return e.Data
	}
	r.failed = true
	return make([]byte, n)
}

// immediate reads the n bytes that are put into a register.
func (r *ruleReader) immediate(reg uint32, n int) []byte {
	if e, ok := r.peek().(*expr.Immediate); ok && len(e.Data) == n && r.maybe(immediate(reg, e.Data)) {
		return e.Data
	}
	r.failed = true
	return make([]byte, n)
}

// prefix reads what encodePrefix writes.
func (r *ruleReader) prefix(offset uint32) netip.Prefix {
	size := addressSize(r.family)
	addr, bits := make([]byte, size), 0
	load, ok := r.peek().(*expr.Payload)
	if ok && load.Base == expr.PayloadBaseNetworkHeader && load.Len > 0 && int(load.Len) <= size {
		n := int(load.Len)
		r.must(loadAddress(offset, n))
		bits = r.maskedBits(n)
		copy(addr, r.equal(n))
	}
	return netip.PrefixFrom(address(addr), bits)
}

// maskedBits reads how many bits of n bytes are looked at.
func (r *ruleReader) maskedBits(n int) int {
	masked, ok := r.peek().(*expr.Bitwise)
	if !ok {
		return n * 8
	}
	bits := 0
	for _, b := range masked.Mask {
		bits += mathbits.OnesCount8(b)
	}
	r.must(mask(prefixMask(min(bits, n*8), n)))
	return bits
}

// ports reads a comparison with one port or with a range.
func (r *ruleReader) ports() (first, last uint16) {
	if span, ok := r.peek().(*expr.Range); ok && len(span.FromData) == 2 && len(span.ToData) == 2 {
		r.must(&expr.Range{Op: expr.CmpOpEq, Register: register, FromData: span.FromData, ToData: span.ToData})
		return binary.BigEndian.Uint16(span.FromData), binary.BigEndian.Uint16(span.ToData)
	}
	p := binary.BigEndian.Uint16(r.equal(2))
	return p, p
}

// normalise makes one form of those that nft(8) has for the same thing.
func normalise(exprs []nft.Expr) []nft.Expr {
	list := make([]nft.Expr, 0, len(exprs))
	for _, e := range exprs {
		switch e := e.(type) {
		case *nft.Ct:
			if e.Key == unix.NFT_CT_DST_IP || e.Key == unix.NFT_CT_DST_IP6 {
				e = &nft.Ct{Key: expr.CtKeyDST, Register: e.Register, Original: e.Original}
			}
			list = append(list, e)
		case *expr.Cmp:
			if span := asRange(list, e); span != nil {
				list[len(list)-1] = span
				continue
			}
			list = append(list, e)
		default:
			list = append(list, e)
		}
	}
	return list
}

// asRange is what a comparison makes together with the one before it, if they are the two
// ends of a range.
func asRange(list []nft.Expr, to *expr.Cmp) *expr.Range {
	if len(list) == 0 || to.Op != expr.CmpOpLte {
		return nil
	}
	from, ok := list[len(list)-1].(*expr.Cmp)
	if !ok || from.Op != expr.CmpOpGte || from.Register != to.Register {
		return nil
	}
	return &expr.Range{Op: expr.CmpOpEq, Register: to.Register, FromData: from.Data, ToData: to.Data}
}
