package ipvs

import (
	"math/rand/v2"
	"net/netip"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// A generator makes random services and destinations that every kernel accepts. The
// same seed makes the same ones.
type generator struct {
	*rand.Rand
	n uint32 // numbers what has to be unique
}

func newGenerator(seed uint64) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, seed))}
}

// pick returns one of the choices.
func pick[T any](g *generator, choices ...T) T { return choices[g.IntN(len(choices))] }

// maybe returns v half of the time, and else the zero value.
func maybe[T any](g *generator, v T) T {
	var zero T
	return pick(g, v, zero)
}

// addr makes an address that no other call makes.
func (g *generator) addr(f resource.Family) netip.Addr {
	g.n++
	a, b, c := byte(g.n>>16), byte(g.n>>8), byte(g.n)
	if f == resource.IPv4 {
		return netip.AddrFrom4([4]byte{10, a, b, c})
	}
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, byte(g.Uint32()), 13: a, 14: b, 15: c})
}

func (g *generator) port() uint16 { return uint16(1 + g.IntN(65535)) }

func (g *generator) key() resource.ServiceKey {
	f := pick(g, resource.IPv4, resource.IPv6)
	if g.IntN(4) == 0 {
		g.n++
		return resource.MarkService(f, g.n)
	}
	return resource.AddrService(pick(g, resource.TCP, resource.UDP, resource.SCTP), g.addr(f), g.port())
}

func (g *generator) service() resource.Service {
	s := resource.Service{
		ServiceKey: g.key(),
		Scheduler:  pick(g, "rr", "wrr", "lc", "wlc", "sh", "mh", "sed", "nq", "dh", "fo", "ovf", "lblc", "lblcr"),
	}
	s.Netmask = resource.FullNetmask(s.Family)
	s.Flags = maybe(g, resource.FlagSched1) | maybe(g, resource.FlagSched2)
	if s.Scheduler != "sh" && s.Scheduler != "mh" { // ipvsadm -S leaves their third flag out
		s.Flags |= maybe(g, resource.FlagSched3)
	}
	if g.IntN(2) == 0 {
		s.Flags |= resource.FlagPersistent
		s.Timeout = uint32(1 + g.IntN(86400))
		s.Netmask = g.netmask(s.Family)
	}
	if s.Protocol == resource.UDP {
		s.Flags |= maybe(g, resource.FlagOnePacket)
		if s.Flags&resource.FlagPersistent != 0 {
			s.Engine = maybe(g, "sip")
		}
	}
	return s
}

func (g *generator) netmask(f resource.Family) uint32 {
	if f == resource.IPv6 {
		return uint32(1 + g.IntN(128))
	}
	return ^uint32(0) << g.IntN(32)
}

func (g *generator) destination(service resource.ServiceKey) resource.Destination {
	d := resource.Destination{
		Service: service,
		Addr:    g.addr(service.Family),
		Port:    service.Port,
		Forward: pick(g, resource.ForwardMasquerade, resource.ForwardTunnel, resource.ForwardDirect),
		Weight:  pick(g, 0, 1, uint32(g.IntN(65536)), 1<<31-1),
	}
	if g.IntN(3) == 0 {
		d.UpperThreshold = uint32(1 + g.IntN(1<<20))
		d.LowerThreshold = uint32(g.IntN(int(d.UpperThreshold) + 1))
	}
	switch d.Forward {
	case resource.ForwardMasquerade:
		if service.Mark == 0 {
			d.Port = g.port()
		}
	case resource.ForwardTunnel:
		d.TunnelType = pick(g, resource.TunnelIPIP, resource.TunnelGUE, resource.TunnelGRE)
		g.tunnel(&d)
	}
	return d
}

// tunnel fills in what goes with the type of tunnel.
func (g *generator) tunnel(d *resource.Destination) {
	switch d.TunnelType {
	case resource.TunnelGUE:
		d.TunnelPort = g.port()
		d.TunnelFlags = pick(g, 0, resource.TunnelChecksum, resource.TunnelRemoteChecksum)
	case resource.TunnelGRE:
		d.TunnelFlags = pick(g, 0, resource.TunnelChecksum)
	}
}
