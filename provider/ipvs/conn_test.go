package ipvs

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lvsctl/lvsctl/schema/resource"
)

const testFamily = 28

// A fakeKernel answers requests by a function and keeps the answers until they are
// received. It is the transport of the connection under test.
type fakeKernel struct {
	// serve returns the datagrams to answer one message with.
	serve  func(m message) [][]byte
	sends  int      // datagrams sent
	queue  [][]byte // datagrams to be received
	refuse error    // fails every send, if set
	deaf   error    // fails receiving when the queue is empty; a timeout if not set
	closed bool
}

func (f *fakeKernel) send(b []byte) error {
	if f.refuse != nil {
		return f.refuse
	}
	f.sends++
	for rest := b; len(rest) > 0; {
		m, after, err := nextMessage(rest)
		if err != nil {
			return err
		}
		f.queue = append(f.queue, f.serve(m)...)
		rest = after
	}
	return nil
}

func (f *fakeKernel) recv(b []byte) (int, error) {
	if len(f.queue) == 0 {
		if f.deaf != nil {
			return 0, f.deaf
		}
		return 0, os.ErrDeadlineExceeded
	}
	d := f.queue[0]
	f.queue = f.queue[1:]
	copy(b, d)
	return len(d), nil
}

func (f *fakeKernel) close() error { f.closed = true; return nil }

// answer builds a message of the kernel's.
func answer(typ, flags uint16, seq uint32, payload []byte) []byte {
	b := native.AppendUint32(nil, uint32(headerLen+len(payload)))
	b = native.AppendUint16(b, typ)
	b = native.AppendUint16(b, flags)
	b = native.AppendUint32(b, seq)
	return append(append(b, 0, 0, 0, 0), payload...)
}

// errorPayload starts the payload of an error reply.
func errorPayload(errno syscall.Errno) []byte { return native.AppendUint32(nil, uint32(-int32(errno))) }

// status is an error reply, or an acknowledgement if errno is 0.
func status(m message, errno syscall.Errno) []byte {
	return answer(typeError, flagCapped, m.seq, append(errorPayload(errno), make([]byte, headerLen)...))
}

// element is an answer of the family's, with the attributes that encode appends.
func element(m message, flags uint16, attrs []byte) []byte {
	return answer(testFamily, flags, m.seq, append([]byte{m.payload[0], familyVersion, 0, 0}, attrs...))
}

func done(m message) []byte { return answer(typeDone, 0x2, m.seq, make([]byte, 4)) }

// dumpServices collects services through a connection to f.
func dumpServices(f *fakeKernel) ([]resource.Service, error) {
	var list []resource.Service
	err := newConn(f, testFamily).dump(cmdGetService, nil, func() { list = nil }, func(b []byte) error {
		s, err := decodeService(b)
		list = append(list, s.Service)
		return err
	})
	return list, err
}

// services makes n random services and their encodings.
func services(n int) (list []resource.Service, encoded [][]byte) {
	g := newGenerator(5)
	for range n {
		s := g.service()
		list = append(list, s)
		encoded = append(encoded, appendService(nil, &s))
	}
	return list, encoded
}

func TestDump(t *testing.T) {
	want, encoded := services(3)
	f := &fakeKernel{serve: func(m message) [][]byte {
		if m.flags != flagRequest|flagDump || m.payload[0] != cmdGetService {
			t.Errorf("request with flags %#x, command %d", m.flags, m.payload[0])
		}
		stale := m
		stale.seq--
		return [][]byte{
			element(stale, 0, encoded[2]),
			slices.Concat(element(m, 0, encoded[0]), element(m, 0, encoded[1])),
			element(m, 0, encoded[2]),
			done(stale),
			done(m),
		}
	}}
	got, err := dumpServices(f)
	if diff := cmp.Diff(want, got, compareAddrs); err != nil || diff != "" {
		t.Errorf("error %v, services (-want +got):\n%s", err, diff)
	}
}

func TestDumpStartsAgainWhenInterrupted(t *testing.T) {
	want, encoded := services(2)
	var round int
	f := &fakeKernel{serve: func(m message) [][]byte {
		round++
		var flag uint16
		if round < 3 {
			flag = flagInterrupted
		}
		return [][]byte{element(m, flag, encoded[0]), element(m, 0, encoded[1]), done(m)}
	}}
	got, err := dumpServices(f)
	if diff := cmp.Diff(want, got, compareAddrs); err != nil || diff != "" || round != 3 {
		t.Errorf("round %d, error %v, services (-want +got):\n%s", round, err, diff)
	}
}

func TestDumpErrors(t *testing.T) {
	_, encoded := services(1)
	tests := []struct {
		name  string
		serve func(m message) [][]byte
		want  error
	}{
		{"refused", func(m message) [][]byte { return [][]byte{status(m, syscall.EPERM)} }, ErrPermission},
		{"fails at the end", func(m message) [][]byte {
			return [][]byte{element(m, 0, encoded[0]), answer(typeDone, 0, m.seq, errorPayload(syscall.ENOMEM))}
		}, syscall.ENOMEM},
		{"never ends", func(m message) [][]byte { return [][]byte{element(m, 0, encoded[0])} }, ErrNoAnswer},
		{"always interrupted", func(m message) [][]byte {
			return [][]byte{element(m, flagInterrupted, encoded[0]), done(m)}
		}, ErrInterrupted},
		{"bad element", func(m message) [][]byte { return [][]byte{element(m, 0, []byte{1}), done(m)} }, ErrMalformed},
		{"short generic header", func(m message) [][]byte {
			return [][]byte{answer(testFamily, 0, m.seq, []byte{1, 2}), done(m)}
		}, ErrMalformed},
		{"short message header", func(message) [][]byte { return [][]byte{{1, 2, 3}} }, ErrMalformed},
		{"message beyond the datagram", func(m message) [][]byte { return [][]byte{done(m)[:headerLen]} }, ErrMalformed},
		{"short status", func(m message) [][]byte { return [][]byte{answer(typeError, 0, m.seq, []byte{0})} }, ErrMalformed},
		{"huge datagram", func(message) [][]byte { return [][]byte{make([]byte, recvSize+1)} }, ErrMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := &fakeKernel{serve: test.serve}
			if _, err := dumpServices(f); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

// TestDumpGoesOnAfterBadElement makes sure that what follows an element that cannot be
// decoded does not stay behind for the next conversation.
func TestDumpGoesOnAfterBadElement(t *testing.T) {
	f := &fakeKernel{serve: func(m message) [][]byte {
		return [][]byte{element(m, 0, []byte{1}), element(m, 0, nil), done(m)}
	}}
	if _, err := dumpServices(f); !errors.Is(err, ErrMalformed) {
		t.Errorf("error %v", err)
	}
	if len(f.queue) != 0 {
		t.Errorf("%d datagrams left", len(f.queue))
	}
}

func TestDumpWithoutStatusInDone(t *testing.T) {
	f := &fakeKernel{serve: func(m message) [][]byte { return [][]byte{answer(typeDone, 0, m.seq, nil)} }}
	if list, err := dumpServices(f); err != nil || len(list) != 0 {
		t.Errorf("got %v, %v", list, err)
	}
}

func TestAsk(t *testing.T) {
	f := &fakeKernel{serve: func(m message) [][]byte {
		return [][]byte{element(m, 0, appendTimeouts(nil, Timeouts{1, 2, 3})), status(m, 0)}
	}}
	var got Timeouts
	err := newConn(f, testFamily).ask(cmdGetConfig, func(b []byte) (err error) {
		got, err = decodeTimeouts(b)
		return err
	})
	if want := (Timeouts{1, 2, 3}); err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestDo(t *testing.T) {
	tests := map[string]struct {
		kernel fakeKernel
		want   error
	}{
		"acknowledged": {fakeKernel{serve: func(m message) [][]byte { return [][]byte{status(m, 0)} }}, nil},
		"refused":      {fakeKernel{serve: func(m message) [][]byte { return [][]byte{status(m, syscall.EINVAL)} }}, ErrInvalid},
		"no answer":    {fakeKernel{serve: func(message) [][]byte { return nil }}, os.ErrDeadlineExceeded},
		"not sent":     {fakeKernel{refuse: syscall.ENOBUFS}, syscall.ENOBUFS},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := newConn(&test.kernel, testFamily).do(cmdFlush, nil); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

var _ transport = (*fakeKernel)(nil)
