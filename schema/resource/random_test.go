package resource

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"time"

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
		return Address{Link: pick(rng, "lo", "eth0"), Prefix: randomPrefix(rng), Label: pick(rng, "", "eth0:1"), Scope: pick[uint8](rng, 0, 200, 253, 254, 7), Deprecated: rng.IntN(2) == 0}
	case KindRoute:
		return randomRoute(rng)
	case KindLink:
		return randomLink(rng)
	case KindLinkSetting:
		return LinkSetting{Link: pick(rng, "tunl0", "eth0"), Name: pick(rng, LinkState, LinkMTU), Value: pick(rng, "up", "1480")}
	case KindFOU:
		return FOU{Family: pick(rng, IPv4, IPv6), Port: pick[uint16](rng, 6080, 5555), GUE: true}
	case KindTimeout:
		return Timeout{Name: pick(rng, TimeoutTCP, TimeoutTCPFin, TimeoutUDP), Seconds: pick[uint32](rng, 1, 900)}
	case KindRule:
		return randomRule(rng)
	case KindMark:
		m := Mark{To: randomPrefix(rng).Masked(), Protocol: pick(rng, 0, TCP, UDP), Mark: pick[uint32](rng, 1, 7)}
		if m.Protocol != 0 {
			m.First = pick[uint16](rng, 0, 80, 443)
			m.Last = m.First
		}
		return m
	case KindSourceNAT:
		n := SourceNAT{Service: randomServiceKey(rng), First: randomAddr(rng)}
		n.Last = pick(rng, n.First, n.First.Next())
		return n
	case KindMSS:
		return MSS{From: randomAddr(rng), Size: pick[uint16](rng, 536, 1440)}
	case KindDirectory:
		return Directory{Path: pick(rng, "/opt/kgc", "/srv/a b"), Mode: pick[Mode](rng, 0o755, 0o1777), Owner: pick(rng, "root", "1234"), Group: "root"}
	case KindFile:
		return File{Path: pick(rng, "/etc/exports.d/web.exports", "/srv/a b"), Content: pick[Text](rng, "", "a\n", "\xff\x00", "{}"), Mode: pick[Mode](rng, 0, 0o4755), Owner: "root", Group: "root"}
	case KindBlock:
		return Block{Path: pick(rng, "/etc/fstab", "/srv/a b"), Name: pick(rng, "web", "web/pages"), Comment: pick(rng, "#", "//"), Content: pick[Text](rng, "", "a\nb\n")}
	case KindUnit:
		u := Unit{Name: pick(rng, "nginx.service", "nfs-server.service"), Setting: pick(rng, UnitRunning, UnitEnabled, UnitFiles), Value: pick(rng, "yes", "no")}
		if u.Setting == UnitFiles {
			u.Reads = pick(rng, "", "/etc/a b\n/etc/c")
		}
		return u
	case KindExport:
		return Export{Path: pick(rng, "/opt/kgc", "/srv/a b"), Client: pick(rng, "*", "192.0.2.0/24", "@web"), Options: pick(rng, "", "no_root_squash,rw")}
	case KindMount:
		return Mount{Target: pick(rng, "/srv/a b", "/mnt"), Source: "192.0.2.1:/opt/kgc", Type: "nfs", Options: pick(rng, "", "ro,vers=3"), Force: rng.IntN(2) == 0}
	case KindSyncDaemon:
		return SyncDaemon{
			Role: pick(rng, SyncMaster, SyncBackup), Interface: pick(rng, "eth0", "eth1"), ID: pick[uint8](rng, 0, 255),
			MaxLen: pick[uint16](rng, 1472, 8972), Group: pick(rng, addr("224.0.0.81"), addr("ff02::81")), Port: 8848, TTL: pick[uint8](rng, 1, 2),
		}
	case KindService:
		return randomService(rng)
	case KindDestination:
		return randomDestination(rng)
	}
	panic("no generator for " + kind.String())
}

func randomLink(rng *rand.Rand) Link {
	l := Link{Name: pick(rng, "dummy0", "gre1"), Type: pick(rng, LinkDummy, LinkGRE, LinkVLAN, LinkIP6Tnl)}
	switch l.Type {
	case LinkGRE:
		l.Local, l.Remote, l.TTL, l.GREKey = randomAddr(rng), pick(rng, netip.Addr{}, randomAddr(rng)), pick[uint8](rng, 0, 64), pick[uint32](rng, 0, 9)
		l.Checksum = rng.IntN(2) == 0
	case LinkIP6Tnl:
		l.Inner = pick(rng, 0, IPv4, IPv6)
	case LinkVLAN:
		l.Parent, l.VLAN = "eth0", pick[uint16](rng, 1, 4094)
	}
	return l
}

func randomRule(rng *rand.Rand) Rule {
	r := Rule{Family: pick(rng, IPv4, IPv6), Priority: pick[uint32](rng, 0, 100, 32766), Table: pick[uint32](rng, 100, 254), Interface: pick(rng, "", "eth0")}
	if rng.IntN(2) == 0 {
		r.From = randomPrefix(rng).Masked()
	}
	if rng.IntN(2) == 0 {
		r.To = randomPrefix(rng).Masked()
	}
	if rng.IntN(2) == 0 {
		r.Mark, r.Mask = pick[uint32](rng, 0, 7), pick[uint32](rng, 1<<32-1, 0xff)
	}
	if rng.IntN(3) == 0 {
		r.Protocol, r.SourcePort = pick(rng, TCP, UDP), pick[uint16](rng, 0, 80)
	}
	return r
}

// randomKind is any kind there is: one that is added without a generator fails.
func randomKind(rng *rand.Rand) Kind { return Kind(1 + rng.IntN(len(kinds)-1)) }

func randomAny(rng *rand.Rand) Resource { return randomResource(rng, randomKind(rng)) }

func randomSet(rng *rand.Rand, n int) Set {
	s := NewSet()
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
		c.Drain = Drain{Within: time.Duration(rng.IntN(60)) * time.Second, Inactive: rng.IntN(2) == 0, Persistent: rng.IntN(2) == 0}
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
	l := Ledger{BootID: pick(rng, "", "b0a7"), Claims: NewByKey[Claim](), Steps: map[string][]Edge{}}
	for range rng.IntN(20) {
		c := randomClaim(rng)
		l.Claims.Put(c.Want.Key(), c)
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
	for k := range s.Live.All() {
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
	asMap[Resource](), asMap[Claim](), asMap[Was](),
}

// asMap has cmp compare what is held by key as a map.
func asMap[V any]() cmp.Option {
	return cmp.Transformer("asMap", func(t *ByKey[V]) map[Key]V { return maps.Collect(t.All()) })
}
