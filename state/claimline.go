package state

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Most lines of a log are about services and destinations, tens of thousands of them, and
// reading and writing them by reflection takes more time than all else that is done with a log.
// So these are written and read here, letter by letter as [encoding/json] would write them.
// What looks in any way different, or says more, is left to that.

// appendBody appends the body of a record, if it is one of those that are written here.
func (r *record) appendBody(b []byte) ([]byte, bool) {
	switch r.word {
	case wordClaim:
		return appendClaim(b, r.claim, false)
	case wordWas:
		return appendWas(b, r.says.(resource.WasEntry))
	case wordRelease:
		return appendKey(b, r.claim.Want)
	}
	return b, false
}

// appendClaim appends the body of a claim. It tells whether it could. Those in what an object
// was say also that nothing was there before.
func appendClaim(b []byte, c resource.Claim, nothing bool) ([]byte, bool) {
	if !plainResource(c.Want) || c.Prior != nil && !plainResource(c.Prior) || !plain(c.Step) {
		return b, false
	}
	b = appendBox(append(b, `{"want":`...), c.Want)
	switch {
	case c.Prior != nil:
		b = appendBox(append(b, `,"prior":`...), c.Prior)
	case nothing:
		b = append(b, `,"prior":null`...)
	}
	return append(appendQuoted(b, `,"step":`, c.Step), '}'), true
}

// appendWas appends the body of what an object was that is claimed, and as it was left.
func appendWas(b []byte, e resource.WasEntry) ([]byte, bool) {
	if !e.Claimed || e.Live != e.Claim.Want || e.Claim.Want.Key() != e.Key {
		return b, false
	}
	b, ok := appendKey(append(b, `{"key":`...), e.Claim.Want)
	if !ok {
		return b, false
	}
	b, ok = appendClaim(append(b, `,"claim":`...), e.Claim, true)
	return append(b, '}'), ok
}

// appendKey appends the key of a service or destination.
func appendKey(b []byte, r resource.Resource) ([]byte, bool) {
	if !plainResource(r) {
		return b, false
	}
	b = append(b, '{')
	switch r := r.(type) {
	case resource.Service:
		b = append(appendService(append(b, `"service":{`...), r.ServiceKey), `},"kind":"service"}`...)
	case resource.Destination:
		b = append(netip.PrefixFrom(r.Addr, r.Addr.BitLen()).AppendTo(append(b, `"prefix":"`...)), `","service":{`...)
		b = appendNumber(append(appendService(b, r.Service), '}'), `,"port":`, uint64(r.Port))
		b = append(b, `,"kind":"destination"}`...)
	}
	return b, true
}

// plainResource tells a service or destination that there are words for here.
func plainResource(r resource.Resource) bool {
	switch r := r.(type) {
	case resource.Service:
		return plainService(r.ServiceKey) && plain(r.Scheduler) && plain(r.Engine)
	case resource.Destination:
		return r.Addr.IsValid() && r.Addr.Zone() == "" && plainService(r.Service) && r.Forward <= resource.ForwardBypass
	}
	return false
}

func plainService(k resource.ServiceKey) bool {
	protocol := k.Protocol == resource.TCP || k.Protocol == resource.UDP || k.Protocol == resource.SCTP
	return protocol && k.Mark == 0 && k.Addr.IsValid() && k.Addr.Zone() == "" && k.Family == resource.FamilyOf(k.Addr)
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

// appendBox appends a service or destination with its kind.
func appendBox(b []byte, r resource.Resource) []byte {
	switch r := r.(type) {
	case resource.Service:
		b = appendService(append(b, `{"kind":"service","state":{`...), r.ServiceKey)
		b = append(append(append(b, `,"scheduler":"`...), r.Scheduler...), '"')
		b = appendNumber(b, `,"flags":`, uint64(r.Flags))
		b = appendNumber(b, `,"timeout":`, uint64(r.Timeout))
		b = strconv.AppendUint(append(b, `,"netmask":`...), uint64(r.Netmask), 10)
		b = appendQuoted(b, `,"engine":`, r.Engine)
	case resource.Destination:
		b = append(appendService(append(b, `{"kind":"destination","state":{"service":{`...), r.Service), '}')
		b = append(r.Addr.AppendTo(append(b, `,"address":"`...)), `","port":`...)
		b = strconv.AppendUint(b, uint64(r.Port), 10)
		b = append(append(append(b, `,"forward":"`...), r.Forward.String()...), `","weight":`...)
		b = strconv.AppendUint(b, uint64(r.Weight), 10)
		b = appendNumber(b, `,"upper_threshold":`, uint64(r.UpperThreshold))
		b = appendNumber(b, `,"lower_threshold":`, uint64(r.LowerThreshold))
		b = appendNumber(b, `,"tunnel_type":`, uint64(r.TunnelType))
		b = appendNumber(b, `,"tunnel_port":`, uint64(r.TunnelPort))
		b = appendNumber(b, `,"tunnel_flags":`, uint64(r.TunnelFlags))
	}
	return append(b, "}}"...)
}

// appendService appends what a service's key is made of.
func appendService(b []byte, k resource.ServiceKey) []byte {
	b = append(k.Addr.AppendTo(append(b, `"address":"`...)), '"')
	b = appendNumber(b, `,"port":`, uint64(k.Port))
	b = append(append(append(b, `,"protocol":"`...), k.Protocol.String()...), `","family":"ipv`...)
	if k.Family == resource.IPv6 {
		return append(b, `6"`...)
	}
	return append(b, `4"`...)
}

// appendQuoted appends a text with its name, unless it is empty.
func appendQuoted(b []byte, name, text string) []byte {
	if text == "" {
		return b
	}
	return append(append(append(append(b, name...), '"'), text...), '"')
}

// appendNumber appends a number with its name, unless it is 0.
func appendNumber(b []byte, name string, n uint64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendUint(append(b, name...), n, 10)
}

// A claimReader reads what is written above. Lines in a row often have the same words, and the
// same VIP: these are kept.
type claimReader struct {
	rest  []byte
	again []byte // what was read, written again

	step, scheduler string
	vip             []byte
	vipAddr         netip.Addr
}

// read reads the body of a claim. It is right where it would be written like that again, and
// that alone is looked at: none of the steps on the way there minds what it finds.
func (r *claimReader) read(body []byte) (c resource.Claim, ok bool) {
	r.rest = body
	c = r.claim()
	r.again, ok = appendClaim(r.again[:0], c, false)
	return c, ok && bytes.Equal(r.again, body) && samePrior(c)
}

// readWas reads the body of what an object was, likewise.
func (r *claimReader) readWas(body []byte) (e resource.WasEntry, ok bool) {
	_, r.rest, _ = bytes.Cut(body, []byte(`,"claim":`))
	e.Claimed, e.Claim = true, r.claim()
	if e.Claim.Want == nil {
		return e, false
	}
	e.Key, e.Live = e.Claim.Want.Key(), e.Claim.Want
	r.again, ok = appendWas(r.again[:0], e)
	return e, ok && bytes.Equal(r.again, body) && samePrior(e.Claim)
}

// samePrior tells whether what was there before was the same object.
func samePrior(c resource.Claim) bool { return c.Prior == nil || c.Prior.Key() == c.Want.Key() }

func (r *claimReader) claim() (c resource.Claim) {
	r.skip(`{"want":`)
	c.Want = r.box()
	if !r.skip(`,"prior":null`) && r.skip(`,"prior":`) {
		c.Prior = r.box()
	}
	c.Step = r.word(&r.step, `,"step":"`)
	return c
}

// box reads what appendBox has written.
func (r *claimReader) box() resource.Resource {
	switch {
	case r.skip(`{"kind":"service","state":{`):
		s := resource.Service{ServiceKey: r.service()}
		s.Scheduler = r.word(&r.scheduler, `,"scheduler":"`)
		s.Flags = resource.ServiceFlags(r.number(`,"flags":`))
		s.Timeout = uint32(r.number(`,"timeout":`))
		s.Netmask = uint32(r.number(`,"netmask":`))
		var engine string
		s.Engine = r.word(&engine, `,"engine":"`)
		r.skip("}}")
		return s
	case r.skip(`{"kind":"destination","state":{"service":{`):
		d := resource.Destination{Service: r.service()}
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
	return nil
}

// service reads what appendService has written.
func (r *claimReader) service() resource.ServiceKey {
	r.skip(`"address":"`)
	if vip := r.quoted(); !bytes.Equal(vip, r.vip) {
		r.vip = append(r.vip[:0], vip...)
		r.vipAddr, _ = netip.ParseAddr(string(vip))
	}
	port := uint16(r.number(`,"port":`))
	r.skip(`,"protocol":"`)
	protocol := resource.Protocols[string(r.quoted())]
	r.skip(`,"family":"`)
	r.quoted()
	return resource.AddrService(protocol, r.vipAddr, port)
}

// skip goes past a text, and tells whether it is there.
func (r *claimReader) skip(text string) bool {
	there := len(r.rest) >= len(text) && string(r.rest[:len(text)]) == text
	if there {
		r.rest = r.rest[len(text):]
	}
	return there
}

// word reads a text with its name, empty where it is not there. The last one is used again if
// it is the same.
func (r *claimReader) word(last *string, name string) string {
	if !r.skip(name) {
		return ""
	}
	if text := r.quoted(); string(text) != *last {
		*last = string(text)
	}
	return *last
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
