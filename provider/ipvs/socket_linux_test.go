package ipvs

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// connectControl connects to the family that every kernel has and everybody may ask,
// the one about the other families.
func connectControl(t *testing.T) (*conn, *socket) {
	t.Helper()
	s, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return newConn(s, unix.GENL_ID_CTRL), s
}

func TestSocket(t *testing.T) {
	c, _ := connectControl(t)
	for range 3 {
		var names []string
		err := c.dump(unix.CTRL_CMD_GETFAMILY, nil, func() { names = nil }, func(payload []byte) error {
			attrs := attributes{rest: payload}
			for attrs.next() {
				if attrs.typ == unix.CTRL_ATTR_FAMILY_NAME {
					names = append(names, attrs.text())
				}
			}
			return attrs.err
		})
		if err != nil || len(names) == 0 || names[0] != "nlctrl" {
			t.Errorf("families %v, %v", names, err)
		}
		if err := c.do(unix.CTRL_CMD_NEWFAMILY, nil); !errors.Is(err, syscall.EOPNOTSUPP) {
			t.Errorf("unsupported command: %v", err)
		}
	}
}

func TestSocketDoesNotWaitForever(t *testing.T) {
	c, s := connectControl(t)
	s.timeout = 10 * time.Millisecond
	if err := c.listen(func(message) (bool, error) { return true, nil }); !errors.Is(err, ErrNoAnswer) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v, want %v", err, ErrNoAnswer)
	}
}

func TestSocketTellsOfTruncation(t *testing.T) {
	c, _ := connectControl(t)
	c.in = c.in[:8]
	if err := c.do(unix.CTRL_CMD_NEWFAMILY, nil); !errors.Is(err, ErrMalformed) {
		t.Errorf("error %v, want %v", err, ErrMalformed)
	}
}

func TestSocketClosed(t *testing.T) {
	s, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	c := newConn(s, unix.GENL_ID_CTRL)
	if err := c.do(unix.CTRL_CMD_NEWFAMILY, nil); err == nil {
		t.Error("talked through a closed socket")
	}
	if _, err := s.recv(c.in); err == nil {
		t.Error("received from a closed socket")
	}
}

// TestNew tells a kernel that has IPVS from one that does not, whichever this is.
func TestNew(t *testing.T) {
	c, err := New()
	if err != nil {
		if !errors.Is(err, ErrNotLoaded) || !errors.Is(err, os.ErrNotExist) {
			t.Errorf("error %v, want %v", err, ErrNotLoaded)
		}
		t.Log(err)
		return
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
