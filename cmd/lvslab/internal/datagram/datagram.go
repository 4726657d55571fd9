// Package datagram answers UDP datagrams from the address they were sent to.
//
// A socket that listens on the wildcard address answers from whatever address
// the route back suggests. Behind a load balancer that forwards packets unchanged
// this is the wrong one: the client asked the service's address and takes an
// answer from nobody else.
package datagram

import (
	"fmt"
	"net"
	"net/netip"
)

// Serve answers every datagram on conn with what answer returns for its sender
// and payload. An answer that cannot be sent is lost, as any datagram may be.
// Serve ends when conn cannot be read: with net.ErrClosed after it was closed.
func Serve(conn *net.UDPConn, answer func(from netip.AddrPort, data []byte) []byte) error {
	if err := askDestination(conn); err != nil {
		return fmt.Errorf("ask for destination addresses: %w", err)
	}
	data, control := make([]byte, 64<<10), make([]byte, 256)
	for {
		n, nc, _, from, err := conn.ReadMsgUDPAddrPort(data, control)
		if err != nil {
			return err
		}
		reply := answer(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), data[:n])
		source, err := sourceControl(control[:nc])
		if err != nil {
			return err
		}
		conn.WriteMsgUDPAddrPort(reply, source, from)
	}
}
