// Package resource is the vocabulary that every room of lvsctl shares: what can
// exist on a host, how it is identified, and what can be done to it.
//
// A resource is a small comparable struct that describes one object on one host in
// the state it has or should have. That makes the diff a comparison: two states of
// the same object differ exactly when have != want. Everything else here is data
// about resources: a [Change] turns one state into another, a [Step] groups the
// changes that are made together and says what must have happened before, a
// [Ledger] remembers which objects are ours and what stood there before us, and a
// [Snapshot] is all that one host has to say at one moment.
//
// The package imports nothing of the project, and nothing in it can touch a machine.
package resource

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
)

// A Resource is one object on a host, in the state it has or should have.
// Implementations are comparable values, so that == tells whether two states are
// the same.
type Resource interface {
	// Key identifies the object; all states of one object share it.
	Key() Key
	// Attributes lists what can differ between two states of the object, always the
	// same names in the same order, for printing.
	Attributes() []Attribute
	// String names the object and its state in the words of its own tool's users.
	String() string
}

// An Attribute is one printable property of a resource.
type Attribute struct{ Name, Value string }

// Kind tells the kinds of resource apart.
type Kind uint8

// The kinds of resource. The order is the one in which objects of one step are
// listed when nothing else orders them: what others stand on comes first.
const (
	KindModule Kind = 1 + iota
	KindLink
	KindLinkSetting
	KindFOU
	KindSysctl
	KindTimeout
	KindAddress
	KindRoute
	KindRule
	KindMark
	KindSourceNAT
	KindMSS
	KindDirectory
	KindFile
	KindBlock
	KindUnit
	KindExport
	KindMount
	KindSyncDaemon
	KindService
	KindDestination
)

// Volatile tells the kinds whose objects do not outlive the boot that they were made in.
func (k Kind) Volatile() bool {
	return k != KindDirectory && k != KindFile && k != KindBlock && k != KindUnit
}

// kinds is the one list that a new kind is added to.
var kinds = [...]struct {
	name   string
	decode func([]byte) (Resource, error)
}{
	KindModule:      {"module", decode[Module]},
	KindLink:        {"link", decode[Link]},
	KindLinkSetting: {"link-setting", decode[LinkSetting]},
	KindFOU:         {"fou", decode[FOU]},
	KindSysctl:      {"sysctl", decode[Sysctl]},
	KindTimeout:     {"timeout", decode[Timeout]},
	KindAddress:     {"address", decode[Address]},
	KindRoute:       {"route", decode[Route]},
	KindRule:        {"rule", decode[Rule]},
	KindMark:        {"mark", decode[Mark]},
	KindSourceNAT:   {"source-nat", decode[SourceNAT]},
	KindMSS:         {"mss", decode[MSS]},
	KindDirectory:   {"directory", decode[Directory]},
	KindFile:        {"file", decode[File]},
	KindBlock:       {"block", decode[Block]},
	KindUnit:        {"unit", decode[Unit]},
	KindExport:      {"export", decode[Export]},
	KindMount:       {"mount", decode[Mount]},
	KindSyncDaemon:  {"sync-daemon", decode[SyncDaemon]},
	KindService:     {"service", decode[Service]},
	KindDestination: {"destination", decode[Destination]},
}

// String returns the kind's name as it stands in JSON output and addresses.
func (k Kind) String() string {
	if k == 0 || int(k) >= len(kinds) {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return kinds[k].name
}

// Setting tells the kinds whose objects cannot be made or deleted, only set: they are
// there as long as what they belong to is. One that was not there when a plan was made
// may have come with an earlier step, such as the loading of a module.
func (k Kind) Setting() bool {
	return k == KindSysctl || k == KindLinkSetting || k == KindTimeout || k == KindUnit
}

// Editable tells the kinds whose objects can be changed in place. Those of the others
// are deleted and made again.
func (k Kind) Editable() bool { return k != KindLink && k != KindSyncDaemon && k != KindFOU }

// MarshalText implements [encoding.TextMarshaler].
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (k *Kind) UnmarshalText(text []byte) error {
	for i := range kinds {
		if i > 0 && kinds[i].name == string(text) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("unknown kind of resource %q", text)
}

// A Key identifies a resource on its host. It is one flat struct for all kinds, so
// that tens of thousands of them can be map keys without an allocation each; which
// fields a kind uses is up to its Key method.
type Key struct {
	Name    string       `json:"name,omitzero"`    // of what has one; link of an address; selector of a rule
	Prefix  netip.Prefix `json:"prefix,omitzero"`  // address, route, mark; one address as a host prefix: destination, MSS
	Service ServiceKey   `json:"service,omitzero"` // service, destination, source NAT; parts of it: mark, rule, FOU
	Table   uint32       `json:"table,omitzero"`   // route
	Metric  uint32       `json:"metric,omitzero"`  // route; priority of a rule; last port of a mark
	Port    uint16       `json:"port,omitzero"`    // destination, FOU; first port of a mark
	Kind    Kind         `json:"kind"`
}

// Compare orders keys by kind and then by what the kind is identified with.
func (k Key) Compare(o Key) int {
	if c := cmp.Or(cmp.Compare(k.Kind, o.Kind), k.Service.Compare(o.Service)); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(k.Table, o.Table),
		k.Prefix.Addr().Compare(o.Prefix.Addr()),
		cmp.Compare(k.Prefix.Bits(), o.Prefix.Bits()),
		cmp.Compare(k.Metric, o.Metric),
		cmp.Compare(k.Port, o.Port),
		strings.Compare(k.Name, o.Name),
	)
}

// String returns the key as people write it, such as "sysctl net.ipv4.ip_forward"
// or "destination tcp 192.0.2.1:80 → 192.0.2.2:80". It is unique within a host.
func (k Key) String() string { return k.Kind.String() + " " + k.Words() }

// Words is the key without its kind.
func (k Key) Words() string {
	switch k.Kind {
	case KindAddress:
		return k.Prefix.String() + " on " + k.Name
	case KindRoute:
		return routeWords(k)
	case KindRule:
		return ruleWords(k)
	case KindFOU:
		return fouWords(k)
	case KindMark:
		return markWords(k)
	case KindMSS:
		return "from " + k.Prefix.Addr().String()
	case KindService, KindSourceNAT:
		return k.Service.String()
	case KindDestination:
		return k.Service.String() + " → " + endpoint(k.Prefix.Addr(), k.Port)
	default:
		return k.Name
	}
}

// All is a key that is no object's: whoever reads a host with it gets all objects of a
// kind that can be listed. Those are links, addresses, routes, rules, and the kinds that
// are rules of our own nftables tables.
func All(kind Kind) Key { return Key{Kind: kind} }

// AllBehind is a key that is no object's: whoever reads a host with some of them gets no
// destinations but those of the services that they name.
func AllBehind(service ServiceKey) Key { return Key{Kind: KindDestination, Service: service} }

// A Set is a collection of resources by key. It holds no nil; the zero Set is empty and can
// be read.
type Set struct{ *ByKey[Resource] }

// NewSet returns the set of the given resources. Of two with the same key the last
// one stays.
func NewSet(rs ...Resource) Set {
	s := Set{NewByKey[Resource]()}
	for _, r := range rs {
		s.Add(r)
	}
	return s
}

// Add puts r in the set, in the place of another state of the same object.
func (s Set) Add(r Resource) { s.Put(r.Key(), r) }

// Clone returns a copy.
func (s Set) Clone() Set { return Set{s.ByKey.Clone()} }

// Sorted lists the set in the order of its keys.
func (s Set) Sorted() []Resource {
	list := make([]Resource, 0, s.Len())
	for _, r := range s.ByKey.Sorted() {
		list = append(list, r)
	}
	return list
}

// hostPrefix is the prefix that holds addr alone; the zero prefix for no address.
func hostPrefix(addr netip.Addr) netip.Prefix {
	if !addr.IsValid() {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(addr, addr.BitLen())
}

// endpoint writes an address and port as ipvsadm does, IPv6 in brackets.
func endpoint(addr netip.Addr, port uint16) string {
	return netip.AddrPortFrom(addr, port).String()
}
