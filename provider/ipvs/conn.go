package ipvs

import (
	"errors"
	"fmt"
)

// A transport carries datagrams to the kernel and back.
type transport interface {
	// send hands a datagram of one or more messages to the kernel.
	send(b []byte) error
	// recv receives one datagram into b and returns its size, which is larger than b
	// where it did not fit. It fails where nothing comes for some seconds.
	recv(b []byte) (int, error)
	close() error
}

const (
	// recvSize is what a datagram of the kernel's fits into: it sizes those of a dump
	// by the reader's buffer, but makes none larger than this.
	recvSize = 32 << 10
	// dumpAttempts is how often a table that keeps changing is read.
	dumpAttempts = 10
)

// A conn holds conversations with the kernel, one at a time. Every request has a
// sequence number that the kernel repeats in its answers, so that what is left of a
// conversation that broke off does not get into the next one.
type conn struct {
	transport
	family uint16
	seq    uint32 // of the last request sent
	out    []byte // requests, reused
	in     []byte // answers, reused
	body   []byte // of a request, reused
}

// newConn starts talking to the generic netlink family of the given number.
func newConn(t transport, family uint16) *conn {
	return &conn{transport: t, family: family, in: make([]byte, recvSize)}
}

// exchange sends one request and hears its answers up to the one that ends it. The
// payloads of answers go to each, without their generic netlink header, to be looked
// at only during the call. An error of each does not end the conversation, but is
// returned after it.
func (c *conn) exchange(cmd uint8, flags uint16, body []byte, each func(payload []byte) error) error {
	c.seq++
	b, start := beginMessage(c.out[:0], c.family, cmd, flagRequest|flags, c.seq)
	c.out = endMessage(append(b, body...), start)
	if err := c.send(c.out); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	var interrupted bool
	var failed error
	err := c.listen(func(m message) (over bool, err error) {
		if m.seq != c.seq {
			return false, nil
		}
		interrupted = interrupted || m.flags&flagInterrupted != 0 && flags&flagDump != 0
		switch {
		case m.typ == typeError, m.typ == typeDone:
			return true, verdict(m, cmd)
		case m.typ == c.family && failed == nil:
			failed = deliver(m, each)
		}
		return false, nil
	})
	switch {
	case err != nil:
		return err
	case failed != nil:
		return failed
	case interrupted:
		return ErrInterrupted
	}
	return nil
}

// deliver hands the payload of an answer to each.
func deliver(m message, each func([]byte) error) error {
	if len(m.payload) < genlHeaderLen {
		return fmt.Errorf("%w: generic header of %d bytes", ErrMalformed, len(m.payload))
	}
	return each(m.payload[genlHeaderLen:])
}

// verdict is the error that a command was answered with, or nil.
func verdict(m message, cmd uint8) error {
	errno, err := m.status()
	if err != nil || errno == 0 {
		return err
	}
	return explain(cmd, errno, m.explanation())
}

// listen receives messages until hear says that the conversation is over, which may
// be with an error.
func (c *conn) listen(hear func(m message) (over bool, err error)) error {
	for {
		n, err := c.recv(c.in)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNoAnswer, err)
		}
		if n > len(c.in) {
			return fmt.Errorf("%w: datagram of %d bytes", ErrMalformed, n)
		}
		for rest := c.in[:n]; len(rest) > 0; {
			var m message
			if m, rest, err = nextMessage(rest); err != nil {
				return err
			}
			if over, err := hear(m); over || err != nil {
				return err
			}
		}
	}
}

// do sends one command and waits until it is done.
func (c *conn) do(cmd uint8, body []byte) error {
	return c.exchange(cmd, flagAck, body, func([]byte) error { return nil })
}

// ask sends one question and waits for its answer.
func (c *conn) ask(cmd uint8, each func(payload []byte) error) error {
	return c.exchange(cmd, flagAck, nil, each)
}

// dump asks for a list and hands its elements to each. Where the kernel says that the
// list changed meanwhile it starts again, after a call of restart.
func (c *conn) dump(cmd uint8, body []byte, restart func(), each func(payload []byte) error) error {
	for range dumpAttempts {
		restart()
		err := c.exchange(cmd, flagDump, body, each)
		if !errors.Is(err, ErrInterrupted) {
			return err
		}
	}
	return ErrInterrupted
}
