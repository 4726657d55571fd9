package resource

import (
	"encoding/json"
	"fmt"
	"slices"
)

// A Boxed resource carries its kind along in JSON: {"kind":"sysctl","state":{…}}.
type Boxed struct{ Resource }

type boxedJSON struct {
	Kind  Kind            `json:"kind"`
	State json.RawMessage `json:"state"`
}

// MarshalJSON implements [json.Marshaler]. No resource is null.
func (b Boxed) MarshalJSON() ([]byte, error) {
	if b.Resource == nil {
		return []byte("null"), nil
	}
	state, err := json.Marshal(b.Resource)
	if err != nil {
		return nil, err
	}
	return json.Marshal(boxedJSON{b.Key().Kind, state})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (b *Boxed) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		b.Resource = nil
		return nil
	}
	var box boxedJSON
	if err := json.Unmarshal(data, &box); err != nil {
		return err
	}
	if box.Kind == 0 || int(box.Kind) >= len(kinds) {
		return fmt.Errorf("resource without a kind")
	}
	r, err := kinds[box.Kind].decode(box.State)
	if err == nil {
		err = checkFamily(r.Key())
	}
	b.Resource = r
	return err
}

// checkFamily refuses keys of objects that belong to an address family and name none.
func checkFamily(k Key) error {
	switch k.Kind {
	case KindService, KindDestination, KindSourceNAT, KindFOU, KindRule:
		if k.Service.Family != IPv4 && k.Service.Family != IPv6 {
			return fmt.Errorf("%s without an address family", k.Kind)
		}
	}
	return nil
}

func decode[R Resource](data []byte) (Resource, error) {
	var r R
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, err
	}
	return r, nil
}

type changeJSON struct {
	Action Action      `json:"action"`
	Before Boxed       `json:"before"`
	After  Boxed       `json:"after"`
	Reason Reason      `json:"reason,omitempty"`
	Source Source      `json:"source,omitzero"`
	Cuts   Connections `json:"cuts,omitzero"`
	Drain  Drain       `json:"drain,omitzero"`
	Claim  *Claim      `json:"claim,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (c Change) MarshalJSON() ([]byte, error) {
	return json.Marshal(changeJSON{c.Action, Boxed{c.Before}, Boxed{c.After}, c.Reason, c.Source, c.Cuts, c.Drain, c.Claim})
}

// UnmarshalJSON implements [json.Unmarshaler]. A change about no object is refused.
func (c *Change) UnmarshalJSON(data []byte) error {
	var v changeJSON
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	switch before, after := v.Before.Resource, v.After.Resource; {
	case v.Action == 0:
		return fmt.Errorf("change without an action")
	case before == nil && after == nil:
		return fmt.Errorf("change without an object")
	case before != nil && after != nil && before.Key() != after.Key():
		return fmt.Errorf("change of one object into another")
	case v.Claim != nil && (before == nil || before.Key() != v.Claim.Want.Key()) && (after == nil || after.Key() != v.Claim.Want.Key()):
		return fmt.Errorf("change with a claim on another object")
	}
	*c = Change{v.Action, v.Before.Resource, v.After.Resource, v.Reason, v.Source, v.Cuts, v.Drain, v.Claim}
	return nil
}

type claimJSON struct {
	Want  Boxed  `json:"want"`
	Prior Boxed  `json:"prior"`
	Step  string `json:"step,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (c Claim) MarshalJSON() ([]byte, error) {
	return json.Marshal(claimJSON{Boxed{c.Want}, Boxed{c.Prior}, c.Step})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (c *Claim) UnmarshalJSON(data []byte) error {
	var v claimJSON
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	if v.Want.Resource == nil {
		return fmt.Errorf("claim without an object")
	}
	*c = Claim{v.Want.Resource, v.Prior.Resource, v.Step}
	return nil
}

// MarshalJSON implements [json.Marshaler]: a list in the order of the keys.
func (s Set) MarshalJSON() ([]byte, error) {
	boxes := make([]Boxed, 0, s.Len())
	for _, r := range s.ByKey.Sorted() {
		boxes = append(boxes, Boxed{r})
	}
	return json.Marshal(boxes)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Set) UnmarshalJSON(data []byte) error {
	var boxes []Boxed
	if err := json.Unmarshal(data, &boxes); err != nil {
		return err
	}
	*s = NewSet()
	for _, b := range boxes {
		if b.Resource == nil {
			return fmt.Errorf("set with a missing resource")
		}
		s.Add(b.Resource)
	}
	return nil
}

type ledgerJSON struct {
	BootID string            `json:"boot_id"`
	Claims []Claim           `json:"claims"`
	Steps  map[string][]Edge `json:"steps"`
	Moves  *Moves            `json:"moves,omitempty"`
	Last   *Last             `json:"last,omitempty"`
	Lost   []Claim           `json:"lost,omitempty"`
	Host   string            `json:"host,omitempty"`
	Short  []shortJSON       `json:"destinations,omitempty"` // those of the claims that have a short form
}

// MarshalJSON implements [json.Marshaler]: claims as lists in the order of their keys.
func (l Ledger) MarshalJSON() ([]byte, error) {
	short, claims := shorten(l.Claims, func(c Claim) (Destination, string, bool) {
		d, is := c.Want.(Destination)
		return d, c.Step, is && c.Prior == nil
	})
	return json.Marshal(ledgerJSON{l.BootID, claims, l.Steps, l.Moves, l.Last, sorted(l.Lost), l.Host, short})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (l *Ledger) UnmarshalJSON(data []byte) error {
	var v ledgerJSON
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*l = Ledger{BootID: v.BootID, Claims: NewClaims(v.Claims...), Steps: v.Steps, Moves: v.Moves, Last: v.Last, Host: v.Host}
	if len(v.Lost) > 0 {
		l.Lost = NewClaims(v.Lost...)
	}
	return lengthen(l.Claims, v.Short, func(d Destination, step string) Claim { return Claim{Want: d, Step: step} })
}

// Sorted lists the ledger's claims in the order of their keys.
func (l Ledger) Sorted() []Claim { return sorted(l.Claims) }

// sorted lists claims in the order of their keys.
func sorted(byKey *ByKey[Claim]) []Claim {
	claims := make([]Claim, 0, byKey.Len())
	for _, c := range byKey.Sorted() {
		claims = append(claims, c)
	}
	return claims
}

// Counts says what destinations are serving. In JSON it is a list in the order of the keys.
type Counts map[Key]Connections

type connectionsJSON struct {
	Key Key `json:"key"`
	Connections
}

// MarshalJSON implements [json.Marshaler].
func (c Counts) MarshalJSON() ([]byte, error) {
	list := make([]connectionsJSON, 0, len(c))
	for k, conns := range c {
		list = append(list, connectionsJSON{k, conns})
	}
	slices.SortFunc(list, func(a, b connectionsJSON) int { return a.Key.Compare(b.Key) })
	return json.Marshal(list)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (c *Counts) UnmarshalJSON(data []byte) error {
	var list []connectionsJSON
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*c = make(Counts, len(list))
	for _, entry := range list {
		(*c)[entry.Key] = entry.Connections
	}
	return nil
}

type snapshotJSON struct {
	Facts       Facts       `json:"facts"`
	Live        Set         `json:"live"`
	Connections Counts      `json:"connections,omitempty"`
	Ledger      Ledger      `json:"ledger"`
	Notices     []string    `json:"notices,omitempty"`
	Short       []shortJSON `json:"destinations,omitempty"` // those of the live objects that have a short form
}

// MarshalJSON implements [json.Marshaler].
func (s Snapshot) MarshalJSON() ([]byte, error) {
	short, live := shorten(s.Live.ByKey, func(r Resource) (Destination, string, bool) {
		d, is := r.(Destination)
		return d, "", is
	})
	return json.Marshal(snapshotJSON{s.Facts, NewSet(live...), s.Connections, s.Ledger, s.Notices, short})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Snapshot) UnmarshalJSON(data []byte) error {
	var v snapshotJSON
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*s = Snapshot{v.Facts, v.Live, v.Connections, v.Ledger, v.Notices}
	if len(v.Short) > 0 && s.Live.ByKey == nil {
		s.Live = NewSet()
	}
	return lengthen(s.Live.ByKey, v.Short, func(d Destination, _ string) Resource { return d })
}

// MarshalText implements [encoding.TextMarshaler].
func (p Protocol) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (p *Protocol) UnmarshalText(text []byte) error {
	known, ok := Protocols[string(text)]
	if !ok {
		return fmt.Errorf("unknown protocol %q", text)
	}
	*p = known
	return nil
}

// MarshalText implements [encoding.TextMarshaler].
func (f Family) MarshalText() ([]byte, error) {
	switch f {
	case IPv4:
		return []byte("ipv4"), nil
	case IPv6:
		return []byte("ipv6"), nil
	}
	return nil, fmt.Errorf("unknown address family %d", f)
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (f *Family) UnmarshalText(text []byte) error {
	switch string(text) {
	case "ipv4":
		*f = IPv4
	case "ipv6":
		*f = IPv6
	default:
		return fmt.Errorf("unknown address family %q", text)
	}
	return nil
}

// MarshalText implements [encoding.TextMarshaler].
func (f Forward) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (f *Forward) UnmarshalText(text []byte) error {
	i := slices.Index(forwardNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("unknown forwarding method %q", text)
	}
	*f = Forward(i)
	return nil
}
