package ipvs

import "fmt"

// Stats are the kernel's counters of a service or a destination. It adds them up over
// its processors every two seconds. They start with the object, survive edits, and can
// be set back with [Client.Zero].
type Stats struct {
	Connections uint64
	PacketsIn   uint64
	PacketsOut  uint64 // stays 0 where answers do not pass through the director
	BytesIn     uint64
	BytesOut    uint64
	// Rates are per second, averaged by the kernel over the last few seconds.
	ConnectionRate uint64
	PacketRateIn   uint64
	PacketRateOut  uint64
	ByteRateIn     uint64
	ByteRateOut    uint64
}

// stats reads counters of 64 bits. Those of 32 bits, which the kernel sends beside
// them, say the same with less room.
func (a *attributes) stats() (s Stats) {
	fields := [...]*uint64{
		statsConns: &s.Connections, statsInPackets: &s.PacketsIn, statsOutPackets: &s.PacketsOut,
		statsInBytes: &s.BytesIn, statsOutBytes: &s.BytesOut, statsConnRate: &s.ConnectionRate,
		statsInPacketRate: &s.PacketRateIn, statsOutPacketRate: &s.PacketRateOut,
		statsInByteRate: &s.ByteRateIn, statsOutByteRate: &s.ByteRateOut,
	}
	inner := attributes{rest: a.data}
	for inner.next() {
		if int(inner.typ) < len(fields) && fields[inner.typ] != nil {
			*fields[inner.typ] = inner.u64()
		}
	}
	if inner.err != nil && a.err == nil {
		a.err = fmt.Errorf("counters: %w", inner.err)
	}
	return s
}
