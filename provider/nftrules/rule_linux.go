package nftrules

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/google/nftables/expr"
	"github.com/lvsctl/lvsctl/provider/nft"
	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// This file writes marks, source NAT and MSS as the rules that nft(8) would make of these
// lines, each part of which is left out where it says nothing:
//
//	ip daddr 192.0.2.0/24 tcp dport 80-89 meta mark set 7
//	meta l4proto tcp ip daddr != 192.0.2.1 ct original daddr 192.0.2.1 ct original proto-dst 80 ct status ! dnat snat to 10.0.0.1-10.0.0.4
//	meta mark 7 snat to 10.0.0.1-10.0.0.4
//	ip saddr 192.0.2.1 tcp flags & syn == syn tcp option maxseg size set 1400
//
// and reads them back. A rule that is anything else is not ours.
//
// The one for source NAT has to find the flows that IPVS has sent to a real server by
// masquerading. When they leave the host, the packet goes to the real server, but the
// connection, as it was opened, still to the virtual address: IPVS changes only where the
// answer is expected from. What it hands to a real server by direct routing, or another
// host's packets that are only routed, still go to the virtual address themselves. What
// somebody else's rule has redirected looks the same, but is marked as dnat.
//
// For services by firewall mark only the mark is left to tell: packets with it that are
// routed and not balanced get another source too.

// encodeRule writes a resource as a rule.
func encodeRule(r resource.Resource) nft.Rule {
	rule := nft.Rule{Comment: "lvsctl: " + r.String()}
	switch r := r.(type) {
	case resource.Mark:
		rule.Exprs = encodeMark(r)
	case resource.SourceNAT:
		rule.Exprs = encodeSourceNAT(r)
	case resource.MSS:
		rule.Exprs = encodeMSS(r)
	}
	return rule
}

// decodeRule reads a rule of a chain for one kind of resource, nil if it is not ours.
func decodeRule(kind resource.Kind, family resource.Family, exprs []nft.Expr) resource.Resource {
	r := ruleReader{family: family, rest: normalise(exprs)}
	var found resource.Resource
	switch kind {
	case resource.KindMark:
		found = r.mark()
	case resource.KindSourceNAT:
		found = r.sourceNAT()
	case resource.KindMSS:
		found = r.mss()
	}
	if r.failed || len(r.rest) > 0 || checkRule(found) != nil {
		return nil
	}
	return found
}

// checkRule refuses what cannot be written as a rule, or not in a way that it could be
// read back.
func checkRule(r resource.Resource) error {
	valid := false
	switch r := r.(type) {
	case resource.Mark:
		valid = plain(r.To.Addr()) && r.To == r.To.Masked() && r.First <= r.Last && (r.Protocol != 0 || r.Last == 0)
	case resource.SourceNAT:
		valid = plain(r.First) && plain(r.Last) && r.First.BitLen() == r.Last.BitLen() && r.First.Compare(r.Last) <= 0 &&
			resource.FamilyOf(r.First) == r.Service.Family && validKey(r.Service)
	case resource.MSS:
		valid = plain(r.From)
	}
	if !valid {
		return errors.New("there can be no such rule")
	}
	return nil
}

// plain tells addresses that a packet can have.
func plain(a netip.Addr) bool { return a.IsValid() && !a.Is4In6() && a.Zone() == "" }

func validKey(k resource.ServiceKey) bool {
	if !k.Addr.IsValid() {
		return k == resource.MarkService(k.Family, k.Mark) && k.Mark != 0
	}
	return plain(k.Addr) && k == resource.AddrService(k.Protocol, k.Addr, k.Port) && k.Protocol != 0
}

func encodeMark(m resource.Mark) []nft.Expr {
	e := encodePrefix(destinationOffset(resource.FamilyOf(m.To.Addr())), m.To)
	if m.Protocol != 0 {
		e = append(e, loadProtocol, equal([]byte{byte(m.Protocol)}))
	}
	switch {
	case m.Last == 0:
	case m.First == m.Last:
		e = append(e, loadPort, equal(port(m.First)))
	default: // newer versions of nft(8) write it as a range, and read both
		e = append(e, loadPort, compare(expr.CmpOpGte, port(m.First)), compare(expr.CmpOpLte, port(m.Last)))
	}
	return append(e, immediate(register, binary.NativeEndian.AppendUint32(nil, m.Mark)), setMark)
}

func (r *ruleReader) mark() resource.Mark {
	m := resource.Mark{To: r.prefix(destinationOffset(r.family))}
	if r.maybe(loadProtocol) {
		m.Protocol = resource.Protocol(r.equal(1)[0])
		if r.maybe(loadPort) {
			m.First, m.Last = r.ports()
		}
	}
	m.Mark = binary.NativeEndian.Uint32(r.immediate(register, 4))
	r.must(setMark)
	return m
}

func encodeSourceNAT(n resource.SourceNAT) []nft.Expr {
	var e []nft.Expr
	if service := n.Service; service.Addr.IsValid() {
		vip := service.Addr.AsSlice()
		e = append(e, loadProtocol, equal([]byte{byte(service.Protocol)}),
			loadAddress(destinationOffset(service.Family), len(vip)), compare(expr.CmpOpNeq, vip),
			loadOpenedTo, equal(vip))
		if service.Port != 0 {
			e = append(e, loadOpenedPort, equal(port(service.Port)))
		}
		e = append(e, loadStatus, maskStatus, equal(make([]byte, 4)))
	} else {
		e = append(e, loadMark, equal(binary.NativeEndian.AppendUint32(nil, service.Mark)))
	}
	e = append(e, immediate(register, n.First.AsSlice()))
	if n.First == n.Last {
		return append(e, sourceNAT(n.Service.Family, register))
	}
	return append(e, immediate(register2, n.Last.AsSlice()), sourceNAT(n.Service.Family, register2))
}

func (r *ruleReader) sourceNAT() (n resource.SourceNAT) {
	if r.maybe(loadMark) {
		n.Service = resource.MarkService(r.family, binary.NativeEndian.Uint32(r.equal(4)))
	} else {
		n.Service = r.balanced()
	}
	size := addressSize(r.family)
	n.First = address(r.immediate(register, size))
	if n.Last = n.First; r.maybe(sourceNAT(r.family, register)) {
		return n
	}
	n.Last = address(r.immediate(register2, size))
	r.must(sourceNAT(r.family, register2))
	return n
}

// balanced reads which service's flows a rule is for.
func (r *ruleReader) balanced() (service resource.ServiceKey) {
	size := addressSize(r.family)
	r.must(loadProtocol)
	protocol := resource.Protocol(r.equal(1)[0])
	r.must(loadAddress(destinationOffset(r.family), size))
	unlike := r.compare(expr.CmpOpNeq, size)
	r.must(loadOpenedTo)
	vip := r.equal(size)
	r.failed = r.failed || !bytes.Equal(vip, unlike)
	service = resource.AddrService(protocol, address(vip), 0)
	if r.maybe(loadOpenedPort) {
		service.Port = binary.BigEndian.Uint16(r.equal(2))
		r.failed = r.failed || service.Port == 0
	}
	r.must(loadStatus)
	r.must(maskStatus)
	r.failed = !bytes.Equal(r.equal(4), make([]byte, 4)) || r.failed
	return service
}

func encodeMSS(m resource.MSS) []nft.Expr {
	from := m.From.AsSlice()
	return []nft.Expr{
		loadAddress(sourceOffset(resource.FamilyOf(m.From)), len(from)), equal(from),
		loadProtocol, equal([]byte{unix.IPPROTO_TCP}), loadTCPFlags, maskSYN, equal([]byte{tcpSYN}),
		immediate(register, port(m.Size)), setMSS,
	}
}

func (r *ruleReader) mss() (m resource.MSS) {
	size := addressSize(r.family)
	r.must(loadAddress(sourceOffset(r.family), size))
	m.From = address(r.equal(size))
	for _, e := range []nft.Expr{loadProtocol, equal([]byte{unix.IPPROTO_TCP}), loadTCPFlags, maskSYN, equal([]byte{tcpSYN})} {
		r.must(e)
	}
	m.Size = binary.BigEndian.Uint16(r.immediate(register, 2))
	r.must(setMSS)
	return m
}

// encodePrefix compares an address of a packet with a prefix as nft(8) does: of one that
// ends between two bytes with a mask, and nothing of one that holds every address.
func encodePrefix(offset uint32, p netip.Prefix) []nft.Expr {
	size := (p.Bits() + 7) / 8
	addr := p.Addr().AsSlice()
	switch {
	case size == 0:
		return nil
	case p.Bits()%8 == 0:
		return []nft.Expr{loadAddress(offset, size), equal(addr[:size])}
	}
	return []nft.Expr{loadAddress(offset, len(addr)), mask(prefixMask(p.Bits(), len(addr))), equal(addr)}
}

// powerless is a resource whose rule is there, but not in force: without the attributes
// that it wants to have.
func powerless(r resource.Resource) resource.Resource {
	switch r := r.(type) {
	case resource.Mark:
		r.Mark = 0
		return r
	case resource.SourceNAT:
		r.First, r.Last = netip.Addr{}, netip.Addr{}
		return r
	case resource.MSS:
		r.Size = 0
		return r
	}
	panic(fmt.Sprintf("%T is no rule", r))
}
