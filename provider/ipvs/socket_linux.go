package ipvs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const (
	// answerTimeout is how long to wait for a datagram. The kernel answers before
	// sending returns, so whatever is not there by then is hardly going to come.
	answerTimeout = 5 * time.Second
	// bufferSize holds the answers to a batch in which every operation fails, many
	// times over. In bytes.
	bufferSize = 1 << 20
)

// A socket is the transport to the kernel of this machine. It goes around the Receive
// of package netlink, which does not tell to which message of a batch an error belongs.
type socket struct {
	conn    *genetlink.Conn
	raw     syscall.RawConn
	timeout time.Duration
}

var _ transport = (*socket)(nil)

// dial opens a socket in the network namespace of the calling thread.
func dial() (*socket, error) {
	c, err := genetlink.Dial(nil)
	if err != nil {
		return nil, err
	}
	s, err := newSocket(c)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return s, nil
}

// newSocket prepares a connection for batches.
func newSocket(c *genetlink.Conn) (*socket, error) {
	// A kernel that does not know these options answers at greater length, or with
	// fewer words. Both are as good.
	_ = c.SetOption(netlink.CapAcknowledge, true)
	_ = c.SetOption(netlink.ExtendedAcknowledge, true)
	// Both go beyond the system's limits if we are allowed to.
	if err := errors.Join(c.SetReadBuffer(bufferSize), c.SetWriteBuffer(bufferSize)); err != nil {
		return nil, fmt.Errorf("set socket buffers: %w", err)
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &socket{conn: c, raw: raw, timeout: answerTimeout}, nil
}

// send implements transport. Without an address a netlink socket talks to the kernel.
func (s *socket) send(b []byte) error {
	var err error
	waited := s.raw.Write(func(fd uintptr) bool {
		err = retry(func() error { _, err := unix.Write(int(fd), b); return err })
		return !errors.Is(err, unix.EAGAIN)
	})
	if waited != nil {
		return waited
	}
	return os.NewSyscallError("write", err)
}

// recv implements transport.
func (s *socket) recv(b []byte) (n int, err error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(s.timeout)); err != nil {
		return 0, err
	}
	waited := s.raw.Read(func(fd uintptr) bool {
		err = retry(func() error { n, _, err = unix.Recvfrom(int(fd), b, unix.MSG_TRUNC); return err })
		return !errors.Is(err, unix.EAGAIN)
	})
	if waited != nil {
		return 0, waited
	}
	return n, os.NewSyscallError("recvfrom", err)
}

// close implements transport.
func (s *socket) close() error { return s.conn.Close() }

// retry calls f until no signal gets in its way.
func retry(f func() error) error {
	for {
		if err := f(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// lookUp finds the number of the family.
func lookUp(c *genetlink.Conn) (uint16, error) {
	f, err := c.GetFamily(familyName)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%w (%w)", ErrNotLoaded, err)
	}
	if err != nil {
		return 0, fmt.Errorf("look up generic netlink family %s: %w", familyName, err)
	}
	return f.ID, nil
}
