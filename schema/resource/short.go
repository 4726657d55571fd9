package resource

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
)

// The short form of a destination is what is said of it beside its service, such as
//
//	10.0.0.2:80 dr 10
//
// which is its address and port, how it is forwarded to, and its weight, and then its upper and
// lower threshold if it has any. Ledgers are written so, and what a host says of itself: tens
// of thousands of destinations take a tenth of the room and of the time that they take in full.

// HasShort tells whether the short form says all that there is to say.
func (d *Destination) HasShort() bool {
	return d.Addr.IsValid() && d.Addr.Zone() == "" && d.Forward <= ForwardBypass && d.TunnelType == 0 && d.TunnelPort == 0 && d.TunnelFlags == 0
}

// AppendShort appends the short form, which has neither quotes nor commas.
func (d *Destination) AppendShort(b []byte) []byte {
	b = append(netip.AddrPortFrom(d.Addr, d.Port).AppendTo(b), ' ')
	b = append(append(b, d.Forward.String()...), ' ')
	b = strconv.AppendUint(b, uint64(d.Weight), 10)
	if d.UpperThreshold != 0 || d.LowerThreshold != 0 {
		b = strconv.AppendUint(append(b, ' '), uint64(d.UpperThreshold), 10)
		b = strconv.AppendUint(append(b, ' '), uint64(d.LowerThreshold), 10)
	}
	return b
}

// ReadShort reads the short form, all but the service.
func (d *Destination) ReadShort(text []byte) error {
	endpoint, rest, _ := bytes.Cut(text, []byte{' '})
	at, err := netip.ParseAddrPort(string(endpoint))
	d.Addr, d.Port = at.Addr(), at.Port()
	forward, rest, _ := bytes.Cut(rest, []byte{' '})
	weight, rest, more := bytes.Cut(rest, []byte{' '})
	ok := err == nil && d.Forward.UnmarshalText(forward) == nil && readNumber(weight, &d.Weight)
	if more {
		upper, lower, _ := bytes.Cut(rest, []byte{' '})
		ok = ok && readNumber(upper, &d.UpperThreshold) && readNumber(lower, &d.LowerThreshold)
	}
	if !ok {
		return fmt.Errorf("%q is not what a destination is", text)
	}
	return nil
}

func readNumber(text []byte, to *uint32) bool {
	n, err := strconv.ParseUint(string(text), 10, 32)
	*to = uint32(n)
	return err == nil
}

// shortJSON is many destinations of one service, all of one claim's step if they are claims.
type shortJSON struct {
	Service ServiceKey `json:"service"`
	Step    string     `json:"step,omitempty"`
	Servers string     `json:"servers"` // with commas between them
}

// shorten is those of a host's destinations of which there is nothing more to say than their
// short form and a step, and the others, both in the order of the keys.
func shorten[V any](t *ByKey[V], of func(V) (d Destination, step string, ok bool)) (short []shortJSON, others []V) {
	var text []byte
	for key, v := range t.Sorted() {
		d, step, ok := of(v)
		if !ok || !d.HasShort() {
			others = append(others, v)
			continue
		}
		last := len(short) - 1
		if last < 0 || short[last].Service != key.Service || short[last].Step != step {
			if last >= 0 {
				short[last].Servers = string(text)
			}
			short, text = append(short, shortJSON{Service: key.Service, Step: step}), text[:0]
		} else {
			text = append(text, ',')
		}
		text = d.AppendShort(text)
	}
	if last := len(short) - 1; last >= 0 {
		short[last].Servers = string(text)
	}
	return short, others
}

// lengthen adds what was shortened.
func lengthen[V any](t *ByKey[V], short []shortJSON, of func(d Destination, step string) V) error {
	for i := range short {
		s := &short[i]
		if err := checkFamily(Key{Kind: KindDestination, Service: s.Service}); err != nil {
			return err
		}
		texts := []byte(s.Servers)
		behind := t.Open(s.Service, bytes.Count(texts, []byte{','})+1)
		for more := true; more; {
			var text []byte
			text, texts, more = bytes.Cut(texts, []byte{','})
			d := Destination{Service: s.Service}
			if err := d.ReadShort(text); err != nil {
				return err
			}
			behind.Put(d.Addr, d.Port, of(d, s.Step))
		}
	}
	return nil
}
