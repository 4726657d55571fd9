package nftrules

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/nftables/expr"
	"github.com/lvsctl/lvsctl/provider/nft"
	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// The registers that rules compute in.
const (
	register  = unix.NFT_REG_1
	register2 = unix.NFT_REG_2
)

// What rules look at.
var (
	loadProtocol   = &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register}
	loadMark       = &expr.Meta{Key: expr.MetaKeyMARK, Register: register}
	setMark        = &expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: register}
	loadPort       = payload(expr.PayloadBaseTransportHeader, 2, 2) // of the destination
	loadTCPFlags   = payload(expr.PayloadBaseTransportHeader, 13, 1)
	loadOpenedTo   = &nft.Ct{Key: expr.CtKeyDST, Register: register, Original: true}
	loadOpenedPort = &nft.Ct{Key: expr.CtKeyPROTODST, Register: register, Original: true}
	loadStatus     = &nft.Ct{Key: expr.CtKeySTATUS, Register: register}
	maskStatus     = mask(binary.NativeEndian.AppendUint32(nil, statusDNAT))
	maskSYN        = mask([]byte{tcpSYN})
	setMSS         = &expr.Exthdr{SourceRegister: register, Op: expr.ExthdrOpTcpopt, Type: tcpOptionMSS, Offset: 2, Len: 2}
)

const (
	tcpOptionMSS = 2
	tcpSYN       = 0x02
	statusDNAT   = 1 << 5 // IPS_DST_NAT
)

// Where the addresses are in the headers of IPv4 and IPv6.

func sourceOffset(f resource.Family) uint32 {
	if f == resource.IPv4 {
		return 12
	}
	return 8
}

func destinationOffset(f resource.Family) uint32 {
	return sourceOffset(f) + uint32(addressSize(f))
}

func addressSize(f resource.Family) int {
	if f == resource.IPv4 {
		return 4
	}
	return 16
}

// Expressions.

func payload(base expr.PayloadBase, offset, size uint32) *expr.Payload {
	return &expr.Payload{DestRegister: register, Base: base, Offset: offset, Len: size}
}

func loadAddress(offset uint32, size int) *expr.Payload {
	return payload(expr.PayloadBaseNetworkHeader, offset, uint32(size))
}

func compare(op expr.CmpOp, data []byte) *expr.Cmp {
	return &expr.Cmp{Op: op, Register: register, Data: data}
}

func equal(data []byte) *expr.Cmp { return compare(expr.CmpOpEq, data) }

func mask(bits []byte) *expr.Bitwise {
	return &expr.Bitwise{SourceRegister: register, DestRegister: register, Len: uint32(len(bits)), Mask: bits, Xor: make([]byte, len(bits))}
}

func immediate(reg uint32, data []byte) *expr.Immediate {
	return &expr.Immediate{Register: reg, Data: data}
}

// sourceNAT writes an address from the first register to the given one.
func sourceNAT(family resource.Family, last uint32) *expr.NAT {
	return &expr.NAT{Type: expr.NATTypeSourceNAT, Family: uint32(family), RegAddrMin: register, RegAddrMax: last}
}

func port(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }

func address(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b)
	return a
}

// prefixMask has its first bits set, of so many bytes.
func prefixMask(bits, size int) []byte {
	m := make([]byte, size)
	for i := range bits {
		m[i/8] |= 0x80 >> (i % 8)
	}
	return m
}
