package neighbour

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/mdlayher/packet"
	"golang.org/x/net/bpf"
)

// How often machines are asked who has an address, and how long they may take to answer
// the last time. It is much less than the two seconds that RFC 5227 and RFC 4862 have a
// host wait: who asks here has a person waiting, and most answers take a millisecond.
const (
	askTimes = 3
	askEvery = 120 * time.Millisecond
	askLast  = 200 * time.Millisecond
)

// A Questioner is about to ask the machines on the segment of an interface who has some
// addresses of one family.
type Questioner struct {
	link  *net.Interface
	conn  *packet.Conn
	addrs []netip.Addr
}

// NewQuestioner returns one for the network namespace of the calling thread. The addresses
// are of one family, and at least one.
func NewQuestioner(link *net.Interface, addrs []netip.Addr) (*Questioner, error) {
	protocol, config := etherARP, &packet.Config{}
	if addrs[0].Is6() {
		protocol, config.Filter = etherIPv6, advertisements
	}
	conn, err := packet.Listen(link, packet.Raw, protocol, config)
	if err != nil {
		return nil, err
	}
	return &Questioner{link, conn, addrs}, nil
}

// advertisements lets nothing of IPv6 through but neighbour advertisements: a director has
// other packets, and they would fill the buffer.
var advertisements = assemble(
	bpf.LoadAbsolute{Off: etherLen + 6, Size: 1},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: icmpv6, SkipTrue: 3},
	bpf.LoadAbsolute{Off: etherLen + ipv6Len, Size: 1},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: neighbourAdvertise, SkipTrue: 1},
	bpf.RetConstant{Val: etherLen + ipv6Len + icmpLen + optionLen},
	bpf.RetConstant{Val: 0},
)

func assemble(program ...bpf.Instruction) []bpf.RawInstruction {
	raw, err := bpf.Assemble(program)
	if err != nil {
		panic(err)
	}
	return raw
}

// Ask asks, and returns who has which of the addresses. It takes less than half a second.
func (q *Questioner) Ask() (map[netip.Addr]net.HardwareAddr, error) {
	defer func() { _ = q.conn.Close() }()
	found := map[netip.Addr]net.HardwareAddr{}
	for i := range askTimes {
		for _, a := range q.addrs {
			if found[a] != nil {
				continue
			}
			f := Question(q.link.HardwareAddr, a)
			if _, err := q.conn.WriteTo(f, &packet.Addr{HardwareAddr: f[:hwLen]}); err != nil {
				return nil, err
			}
		}
		patience := askEvery
		if i == askTimes-1 {
			patience = askLast
		}
		if err := q.hear(found, time.Now().Add(patience)); err != nil || len(found) == len(q.addrs) {
			return found, err
		}
	}
	return found, nil
}

// hear notes answers until they are complete or the time is over. What this interface says
// itself is none.
func (q *Questioner) hear(found map[netip.Addr]net.HardwareAddr, until time.Time) error {
	if err := q.conn.SetReadDeadline(until); err != nil {
		return err
	}
	wanted := make(map[netip.Addr]bool, len(q.addrs))
	for _, a := range q.addrs {
		wanted[a] = true
	}
	frame := make([]byte, etherLen+ipv6Len+icmpLen+optionLen)
	for len(found) < len(q.addrs) {
		n, _, err := q.conn.ReadFrom(frame)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
		if addr, hw, ok := Answer(frame[:n]); ok && wanted[addr] && hw.String() != q.link.HardwareAddr.String() {
			found[addr] = hw
		}
	}
	return nil
}
