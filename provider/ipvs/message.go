package ipvs

import (
	"encoding/binary"
	"fmt"
)

// Netlink's framing. A datagram holds messages, a message of a generic family holds
// a four-byte header of its own and attributes, and an attribute may hold attributes
// again. Messages and attributes start on multiples of four bytes; numbers are in
// the byte order of the host unless an attribute says otherwise.
const (
	headerLen     = 16 // struct nlmsghdr
	genlHeaderLen = 4  // struct genlmsghdr
	attrHeaderLen = 4  // struct nlattr
)

// native is the byte order of the host.
var native = binary.NativeEndian

// pad rounds n up to where the next message or attribute starts.
func pad(n int) int { return (n + 3) &^ 3 }

// A message is one netlink message of a datagram that was received.
type message struct {
	typ     uint16
	flags   uint16
	seq     uint32
	payload []byte // part of the datagram
}

// nextMessage cuts the first message off a datagram.
func nextMessage(b []byte) (m message, rest []byte, err error) {
	if len(b) < headerLen {
		return m, nil, fmt.Errorf("%w: message header of %d bytes", ErrMalformed, len(b))
	}
	size := int(native.Uint32(b))
	if size < headerLen || size > len(b) {
		return m, nil, fmt.Errorf("%w: message of %d bytes in %d", ErrMalformed, size, len(b))
	}
	m = message{
		typ:     native.Uint16(b[4:]),
		flags:   native.Uint16(b[6:]),
		seq:     native.Uint32(b[8:]),
		payload: b[headerLen:size:size],
	}
	return m, b[min(pad(size), len(b)):], nil
}

// status reads the error number of an NLMSG_ERROR or NLMSG_DONE, 0 for success. A
// dump that ends well may leave it out.
func (m message) status() (errno int32, err error) {
	if len(m.payload) == 0 && m.typ == typeDone {
		return 0, nil
	}
	if len(m.payload) < 4 {
		return 0, fmt.Errorf("%w: status of %d bytes", ErrMalformed, len(m.payload))
	}
	return -int32(native.Uint32(m.payload)), nil
}

// explanation returns the words that the kernel added to an error, if any. They
// follow the header of the request that failed (NETLINK_CAP_ACK, NETLINK_EXT_ACK).
func (m message) explanation() string {
	const start = 4 + headerLen
	if m.flags&flagExplained == 0 || m.flags&flagCapped == 0 || len(m.payload) < start {
		return ""
	}
	attrs := attributes{rest: m.payload[start:]}
	for attrs.next() {
		if attrs.typ == errAttrMessage {
			return attrs.text()
		}
	}
	return ""
}

// attributes walks over a list of attributes and keeps the first error, so that the
// accessors can be called without looking at it each time.
type attributes struct {
	rest []byte
	typ  uint16 // of the current attribute, without its flag bits
	data []byte // of the current attribute
	err  error
}

// next steps to the next attribute and tells whether there is one.
func (a *attributes) next() bool {
	if a.err != nil || len(a.rest) == 0 {
		return false
	}
	if len(a.rest) < attrHeaderLen {
		a.err = fmt.Errorf("%w: attribute header of %d bytes", ErrMalformed, len(a.rest))
		return false
	}
	size := int(native.Uint16(a.rest))
	if size < attrHeaderLen || size > len(a.rest) {
		a.err = fmt.Errorf("%w: attribute of %d bytes in %d", ErrMalformed, size, len(a.rest))
		return false
	}
	a.typ = native.Uint16(a.rest[2:]) & attrTypeMask
	a.data = a.rest[attrHeaderLen:size:size]
	a.rest = a.rest[min(pad(size), len(a.rest)):]
	return true
}

// sized tells whether the current attribute has n bytes, and fails if not.
func (a *attributes) sized(n int) bool {
	if len(a.data) == n {
		return true
	}
	if a.err == nil {
		a.err = fmt.Errorf("%w: attribute %d of %d bytes instead of %d", ErrMalformed, a.typ, len(a.data), n)
	}
	return false
}

// u8 reads a number of one byte.
func (a *attributes) u8() uint8 {
	if !a.sized(1) {
		return 0
	}
	return a.data[0]
}

// u16 reads a number of two bytes.
func (a *attributes) u16() uint16 {
	if !a.sized(2) {
		return 0
	}
	return native.Uint16(a.data)
}

// be16 reads a number of two bytes in network byte order.
func (a *attributes) be16() uint16 {
	if !a.sized(2) {
		return 0
	}
	return binary.BigEndian.Uint16(a.data)
}

// u32 reads a number of four bytes.
func (a *attributes) u32() uint32 {
	if !a.sized(4) {
		return 0
	}
	return native.Uint32(a.data)
}

// u64 reads a number of eight bytes.
func (a *attributes) u64() uint64 {
	if !a.sized(8) {
		return 0
	}
	return native.Uint64(a.data)
}

// text reads a string, up to its NUL where there is one.
func (a *attributes) text() string {
	for i, c := range a.data {
		if c == 0 {
			return intern(a.data[:i])
		}
	}
	return intern(a.data)
}

// intern returns b as a string, without an allocation for the names that the kernel
// sends over and over.
func intern(b []byte) string {
	for _, name := range Schedulers {
		if string(b) == name {
			return name
		}
	}
	if string(b) == "sip" {
		return "sip"
	}
	return string(b)
}
