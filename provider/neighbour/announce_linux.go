package neighbour

import (
	"net"
	"net/netip"
	"time"

	"github.com/mdlayher/packet"
)

// announceWithin bounds how long an interface may take to send all announcements.
const announceWithin = time.Second

// Announce tells the machines on the segment of an interface, several times in a row, that
// addresses are found there: all of them once, then all of them again. Router says what
// [Announcement] does.
func Announce(link *net.Interface, addrs []netip.Addr, router bool, times int) error {
	conn, err := packet.Listen(link, packet.Raw, 0, nil) // of protocol 0, it hears nothing
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetWriteDeadline(time.Now().Add(announceWithin)); err != nil {
		return err
	}
	frames := make([][]byte, len(addrs))
	for i, a := range addrs {
		frames[i] = Announcement(link.HardwareAddr, a, router)
	}
	for range times {
		for _, f := range frames {
			if _, err := conn.WriteTo(f, &packet.Addr{HardwareAddr: f[:hwLen]}); err != nil {
				return err
			}
		}
	}
	return nil
}
