package topo

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// transferTimeout is how long a transfer may take by default. Where packets of full
// size are lost it never ends by itself.
const transferTimeout = 10 * time.Second

// Transfer sends size random bytes to the Echo server at addr, and compares what
// comes back. The error says how far it got.
func (h *Host) Transfer(addr string, size int, opts ...ClientOption) error {
	c := newClient(transferTimeout, opts)
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	conn, err := h.connect(ctx, c, "tcp", addr)
	if err != nil {
		return fmt.Errorf("transfer: %w", err)
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return fmt.Errorf("transfer: %w", err)
	}
	sent := make([]byte, size)
	rand.Read(sent)
	return compareEcho(conn.(*net.TCPConn), sent)
}

// compareEcho sends the bytes and reads them back at the same time: neither end has
// room for all of them.
func compareEcho(conn *net.TCPConn, sent []byte) error {
	sending := make(chan error, 1)
	go func() {
		_, err := conn.Write(sent)
		sending <- errors.Join(err, conn.CloseWrite())
	}()
	got, err := io.ReadAll(conn)
	if err != nil {
		return fmt.Errorf("transfer: %d of %d bytes came back: %w", len(got), len(sent), err)
	}
	if err := <-sending; err != nil {
		return fmt.Errorf("transfer: %w", err)
	}
	if i := firstDifference(sent, got); i >= 0 {
		return fmt.Errorf("transfer: %d of %d bytes came back, different from byte %d on", len(got), len(sent), i)
	}
	return nil
}

// firstDifference is where two texts part, or -1 if they do not.
func firstDifference(a, b []byte) int {
	if bytes.Equal(a, b) {
		return -1
	}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
