package state

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Most lines of a log are claims on destinations, tens of thousands of them, and reading
// and writing them by reflection takes more time than all else that is done with a log.
// So these are written and read here, letter by letter as [encoding/json] would write them.
// What looks in any way different, or says more, is left to that.

// appendClaim appends the body of a claim on a destination. It tells whether it could.
func appendClaim(b []byte, c resource.Claim) ([]byte, bool) {
	want, ok := c.Want.(resource.Destination)
	if !ok || !plainDestination(want) || !plain(c.Step) {
		return b, false
	}
	prior, had := c.Prior.(resource.Destination)
	if c.Prior != nil && (!had || !plainDestination(prior)) {
		return b, false
	}
	b = appendBox(append(b, `{"want":`...), want)
	if had {
		b = appendBox(append(b, `,"prior":`...), prior)
	}
	return append(appendStep(b, c.Step), '}'), true
}

// appendBody appends the body of a record, if it is one of those that are written here.
func (r *record) appendBody(b []byte) ([]byte, bool) {
	switch r.word {
	case wordClaim:
		return appendClaim(b, r.claim)
	case wordWas:
		return appendWas(b, r.says.(resource.WasEntry))
	case wordRelease:
		return appendRelease(b, r.claim)
	}
	return b, false
}

// plainDestination tells a destination that appendBox has words for.
func plainDestination(d resource.Destination) bool {
	k := d.Service
	_, protocol := resource.Protocols[k.Protocol.String()]
	return d.Addr.IsValid() && d.Addr.Zone() == "" && k.Addr.Zone() == "" && k.Family == resource.FamilyOf(k.Addr) && k.Addr.IsValid() &&
		k.Mark == 0 && protocol && d.Forward <= resource.ForwardBypass
}

// plain tells text that is the same in JSON, between quotes.
func plain[T string | []byte](text T) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// appendBox appends a destination with its kind.
func appendBox(b []byte, d resource.Destination) []byte {
	b = appendService(append(b, `{"kind":"destination","state":{`...), d.Service)
	b = append(d.Addr.AppendTo(append(b, `,"address":"`...)), `","port":`...)
	b = strconv.AppendUint(b, uint64(d.Port), 10)
	b = append(append(append(b, `,"forward":"`...), d.Forward.String()...), `","weight":`...)
	b = strconv.AppendUint(b, uint64(d.Weight), 10)
	b = appendNumber(b, `,"upper_threshold":`, uint64(d.UpperThreshold))
	b = appendNumber(b, `,"lower_threshold":`, uint64(d.LowerThreshold))
	b = appendNumber(b, `,"tunnel_type":`, uint64(d.TunnelType))
	b = appendNumber(b, `,"tunnel_port":`, uint64(d.TunnelPort))
	b = appendNumber(b, `,"tunnel_flags":`, uint64(d.TunnelFlags))
	return append(b, "}}"...)
}

// appendService appends a service's key, with its name.
func appendService(b []byte, k resource.ServiceKey) []byte {
	b = append(k.Addr.AppendTo(append(b, `"service":{"address":"`...)), '"')
	b = appendNumber(b, `,"port":`, uint64(k.Port))
	b = append(append(append(b, `,"protocol":"`...), k.Protocol.String()...), `","family":"ipv`...)
	if k.Family == resource.IPv6 {
		return append(b, `6"}`...)
	}
	return append(b, `4"}`...)
}

// appendRelease appends the body of a release of a destination: its key.
func appendRelease(b []byte, claim resource.Claim) ([]byte, bool) {
	d, ok := claim.Want.(resource.Destination)
	if !ok || !plainDestination(d) {
		return b, false
	}
	b = append(b, `{"prefix":"`...)
	b = netip.PrefixFrom(d.Addr, d.Addr.BitLen()).AppendTo(b)
	b = appendNumber(appendService(append(b, `",`...), d.Service), `,"port":`, uint64(d.Port))
	return append(b, `,"kind":"destination"}`...), true
}

// appendWas appends the body of what a destination was that is claimed, and as it was left.
func appendWas(b []byte, e resource.WasEntry) ([]byte, bool) {
	if !e.Claimed || e.Claim.Prior != nil || e.Live != e.Claim.Want || e.Claim.Want.Key() != e.Key {
		return b, false
	}
	b, ok := appendRelease(append(b, `{"key":`...), e.Claim)
	if !ok || !plain(e.Claim.Step) {
		return b, false
	}
	b = appendBox(append(b, `,"claim":{"want":`...), e.Claim.Want.(resource.Destination))
	b = append(b, `,"prior":null`...)
	return append(appendStep(b, e.Claim.Step), "}}"...), true
}

// appendStep appends the name of a claim's step, if it has one.
func appendStep(b []byte, name string) []byte {
	if name == "" {
		return b
	}
	return append(append(append(b, `,"step":"`...), name...), '"')
}

// appendNumber appends a number with its name, unless it is 0.
func appendNumber(b []byte, name string, n uint64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendUint(append(b, name...), n, 10)
}

// A claimReader reads what appendClaim has written. Lines in a row often name the same step
// and the same service: these are kept.
type claimReader struct {
	rest  []byte
	again []byte // what was read, written again

	step, vip string
	vipAddr   netip.Addr
}

// read reads the body of a claim. It is right where it would be written like that again, and
// that alone is looked at: none of the steps on the way there minds what it finds.
func (r *claimReader) read(body []byte) (c resource.Claim, ok bool) {
	r.rest = body
	r.skip(`{"want":`)
	c.Want = r.destination()
	if r.skip(`,"prior":`) {
		c.Prior = r.destination()
	}
	if r.skip(`,"step":"`) {
		if name := r.quoted(); string(name) != r.step {
			r.step = string(name)
		}
		c.Step = r.step
	}
	r.again, ok = appendClaim(r.again[:0], c)
	return c, ok && bytes.Equal(r.again, body) && (c.Prior == nil || c.Prior.Key() == c.Want.Key())
}

// destination reads what appendBox has written.
func (r *claimReader) destination() (d resource.Destination) {
	r.skip(`{"kind":"destination","state":{"service":{"address":"`)
	if vip := r.quoted(); string(vip) != r.vip {
		r.vip = string(vip)
		r.vipAddr, _ = netip.ParseAddr(r.vip)
	}
	d.Service = resource.AddrService(0, r.vipAddr, uint16(r.number(`,"port":`)))
	r.skip(`,"protocol":"`)
	d.Service.Protocol = resource.Protocols[string(r.quoted())]
	r.skip(`,"family":"`)
	r.quoted()
	r.skip(`},"address":"`)
	d.Addr, _ = netip.ParseAddr(string(r.quoted()))
	d.Port = uint16(r.number(`,"port":`))
	r.skip(`,"forward":"`)
	_ = d.Forward.UnmarshalText(r.quoted())
	d.Weight = uint32(r.number(`,"weight":`))
	d.UpperThreshold = uint32(r.number(`,"upper_threshold":`))
	d.LowerThreshold = uint32(r.number(`,"lower_threshold":`))
	d.TunnelType = resource.TunnelType(r.number(`,"tunnel_type":`))
	d.TunnelPort = uint16(r.number(`,"tunnel_port":`))
	d.TunnelFlags = uint16(r.number(`,"tunnel_flags":`))
	r.skip("}}")
	return d
}

// skip goes past a text, and tells whether it is there.
func (r *claimReader) skip(text string) bool {
	there := len(r.rest) >= len(text) && string(r.rest[:len(text)]) == text
	if there {
		r.rest = r.rest[len(text):]
	}
	return there
}

// quoted reads up to a quote, and goes past it.
func (r *claimReader) quoted() []byte {
	text, rest, _ := bytes.Cut(r.rest, []byte{'"'})
	r.rest = rest
	return text
}

// number reads a number with its name, 0 where it is not there.
func (r *claimReader) number(name string) (n uint64) {
	if !r.skip(name) {
		return 0
	}
	for len(r.rest) > 0 && r.rest[0] >= '0' && r.rest[0] <= '9' {
		n = n*10 + uint64(r.rest[0]-'0')
		r.rest = r.rest[1:]
	}
	return n
}
