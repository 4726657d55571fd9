package resource

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The generators below make resources that a kernel could hold: fields that mean
// nothing together are not set together. All of them draw from small sets, so that
// values meet again.

func pick[T any](rng *rand.Rand, items ...T) T { return items[rng.IntN(len(items))] }

func randomAddr(rng *rand.Rand) netip.Addr {
	return netip.MustParseAddr(pick(rng, "192.0.2.1", "192.0.2.2", "10.0.0.1", "2001:db8::1", "2001:db8::2", "fe80::1"))
}

func randomPrefix(rng *rand.Rand) netip.Prefix {
	addr := randomAddr(rng)
	return netip.PrefixFrom(addr, pick(rng, addr.BitLen(), 24, 16))
}

func randomServiceKey(rng *rand.Rand) ServiceKey {
	if rng.IntN(3) == 0 {
		return MarkService(pick(rng, IPv4, IPv6), pick[uint32](rng, 1, 7, 1<<32-1))
	}
	return AddrService(pick(rng, TCP, UDP, SCTP), randomAddr(rng), pick[uint16](rng, 0, 80, 65535))
}

func randomService(rng *rand.Rand) Service {
	s := Service{ServiceKey: randomServiceKey(rng), Scheduler: pick(rng, "rr", "wlc", "sh", "mh")}
	s.Netmask = FullNetmask(s.Family)
	s.Flags = ServiceFlags(rng.Uint32()) & FlagsSettable
	if s.Flags&FlagPersistent != 0 {
		s.Timeout = pick[uint32](rng, 0, 1, 300, 1<<31)
		s.Netmask = pick[uint32](rng, s.Netmask, 64)
		s.Engine = pick(rng, "", "sip")
	}
	return s
}

func randomDestination(rng *rand.Rand) Destination {
	d := Destination{
		Service: randomServiceKey(rng), Addr: randomAddr(rng), Port: pick[uint16](rng, 0, 80, 65535),
		Forward: Forward(rng.IntN(len(forwardNames))), Weight: pick[uint32](rng, 0, 1, 1<<31-1),
		UpperThreshold: pick[uint32](rng, 0, 5, 1<<32-1), LowerThreshold: pick[uint32](rng, 0, 3),
	}
	if d.Forward == ForwardTunnel {
		d.TunnelType = pick(rng, TunnelIPIP, TunnelGUE, TunnelGRE)
		d.TunnelPort = pick[uint16](rng, 0, 6080)
		d.TunnelFlags = pick(rng, 0, TunnelChecksum, TunnelRemoteChecksum)
	}
	return d
}

func randomRoute(rng *rand.Rand) Route {
	r := Route{
		Table: pick(rng, TableMain, 100, 1<<32-1), Prefix: randomPrefix(rng).Masked(), Metric: pick[uint32](rng, 0, 1024),
		Link: pick(rng, "", "lo", "eth0"), Scope: pick[uint8](rng, 0, ScopeLink), Protocol: pick[uint8](rng, 2, ProtocolStatic),
	}
	if rng.IntN(2) == 0 {
		r.Gateway = randomAddr(rng)
	}
	if rng.IntN(2) == 0 {
		r.Source = randomAddr(rng)
	}
	return r
}

// randomResource is a resource of the given kind.
func randomResource(rng *rand.Rand, kind Kind) Resource {
	switch kind {
	case KindModule:
		return Module{Name: pick(rng, "ip_vs", "ip_vs_rr", "dummy")}
	case KindSysctl:
		return Sysctl{Name: LinkSysctl("net.ipv4.conf", pick(rng, "lo", "eth0.100", "all"), "arp_ignore"), Value: pick(rng, "", "0", "4096\t131072")}
	case KindAddress:
		return Address{Link: pick(rng, "lo", "eth0"), Prefix: randomPrefix(rng), Label: pick(rng, "", "eth0:1"), Scope: pick[uint8](rng, 0, 200, 253, 254, 7)}
	case KindRoute:
		return randomRoute(rng)
	case KindService:
		return randomService(rng)
	case KindDestination:
		return randomDestination(rng)
	}
	panic("no generator for " + kind.String())
}

// randomKind is any kind there is: one that is added without a generator fails.
func randomKind(rng *rand.Rand) Kind { return Kind(1 + rng.IntN(len(kinds)-1)) }

func randomAny(rng *rand.Rand) Resource { return randomResource(rng, randomKind(rng)) }

func randomSet(rng *rand.Rand, n int) Set {
	s := Set{}
	for range n {
		s.Add(randomAny(rng))
	}
	return s
}

// randomChange is about one object, before and after or either.
func randomChange(rng *rand.Rand) Change {
	kind := randomKind(rng)
	c := Change{Action: Action(1 + rng.IntN(len(actionNames)-1)), Reason: pick(rng, "", NewInConfig, Destroying)}
	sides := 1 + rng.IntN(3)
	if sides&1 != 0 {
		c.Before = randomResource(rng, kind)
	}
	if sides&2 != 0 {
		c.After = randomResource(rng, kind)
		if c.Before != nil && c.Before.Key() != c.After.Key() {
			c.Before = nil
		}
	}
	if rng.IntN(2) == 0 {
		c.Source = Source{"c.hcl", rng.IntN(99)}
	}
	if rng.IntN(2) == 0 {
		c.Cuts = randomConnections(rng)
	}
	return c
}

func randomConnections(rng *rand.Rand) Connections {
	return Connections{Active: rng.Uint32(), Inactive: rng.Uint32(), Persistent: rng.Uint32N(3)}
}

func randomEdges(rng *rand.Rand) []Edge {
	var edges []Edge
	for i := range rng.IntN(3) {
		edges = append(edges, Edge{StepRef{pick(rng, "lb1", "web1"), fmt.Sprint("web: step ", i)}, pick(rng, "", "→ \"so\"\n<that>")})
	}
	return edges
}

func randomStep(rng *rand.Rand) Step {
	s := Step{StepRef: StepRef{"lb1", "web: services"}, After: randomEdges(rng)}
	for range rng.IntN(4) {
		s.Changes = append(s.Changes, randomChange(rng))
	}
	return s
}

func randomClaim(rng *rand.Rand) Claim {
	c := Claim{Want: randomAny(rng), Step: pick(rng, "", "a: b")}
	if rng.IntN(2) == 0 {
		c.Prior = randomResource(rng, c.Want.Key().Kind)
	}
	return c
}

func randomLedger(rng *rand.Rand) Ledger {
	l := Ledger{BootID: pick(rng, "", "b0a7"), Claims: map[Key]Claim{}, Steps: map[string][]Edge{}}
	for range rng.IntN(20) {
		c := randomClaim(rng)
		l.Claims[c.Want.Key()] = c
		l.Steps[c.Step] = randomEdges(rng)
	}
	return l
}

func randomSnapshot(rng *rand.Rand) Snapshot {
	s := Snapshot{
		Facts: Facts{Version: "1.2", Kernel: "6.1.0-9", BootID: "b0a7", Schedulers: []string{"rr", "wlc"}, Links: pick(rng, nil, []string{"eth0", "lo"})},
		Live:  randomSet(rng, rng.IntN(30)), Connections: map[Key]Connections{}, Ledger: randomLedger(rng),
		Notices: pick(rng, nil, []string{"the last line of the ledger is incomplete"}),
	}
	for k := range s.Live {
		if k.Kind == KindDestination {
			s.Connections[k] = randomConnections(rng)
		}
	}
	return s
}

func randomOutcome(rng *rand.Rand) Outcome {
	o := Outcome{Attempted: rng.IntN(9)}
	for i := range rng.IntN(4) {
		o.Failures = append(o.Failures, Failure{Index: 2 * i, Err: errors.New(pick(rng, "busy", "no \"such\"\nthing")), Unknown: rng.IntN(2) == 0})
	}
	return o
}

// alike compares what went through JSON: resources and keys by ==, errors by their
// text, and nothing is nothing whether it was made or not.
var alike = cmp.Options{
	cmp.Comparer(func(a, b Resource) bool { return a == b }),
	cmp.Comparer(func(a, b Key) bool { return a == b }),
	cmp.Comparer(func(a, b error) bool { return a.Error() == b.Error() }),
	cmpopts.EquateEmpty(),
}
