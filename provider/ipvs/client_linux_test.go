package ipvs

import (
	"errors"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/genetlink/genltest"
	"github.com/mdlayher/netlink"

	"github.com/lvsctl/lvsctl/schema/resource"
)

func TestLookUp(t *testing.T) {
	family := genetlink.Family{ID: 31, Version: familyVersion, Name: familyName}
	unused := func(genetlink.Message, netlink.Message) ([]genetlink.Message, error) { panic("must not be asked") }
	c := genltest.Dial(genltest.ServeFamily(family, unused))
	defer c.Close()
	if id, err := lookUp(c); err != nil || id != family.ID {
		t.Errorf("got %d, %v, want %d", id, err, family.ID)
	}
}

func TestLookUpFails(t *testing.T) {
	tests := map[string]struct {
		errno syscall.Errno
		want  []error
	}{
		"not loaded": {syscall.ENOENT, []error{ErrNotLoaded, os.ErrNotExist, syscall.ENOENT}},
		"no memory":  {syscall.ENOMEM, []error{syscall.ENOMEM}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := genltest.Dial(func(genetlink.Message, netlink.Message) ([]genetlink.Message, error) {
				return nil, genltest.Error(int(test.errno))
			})
			defer c.Close()
			_, err := lookUp(c)
			for _, want := range test.want {
				if !errors.Is(err, want) {
					t.Errorf("error %v is not %v", err, want)
				}
			}
		})
	}
}

// A fakeTable serves dumps of a table to any number of connections.
type fakeTable struct {
	mu      sync.Mutex
	entries []Entry
	gone    map[resource.ServiceKey]syscall.Errno // how dumps of these destinations fail
	asked   map[resource.ServiceKey]int
	hidden  map[resource.ServiceKey]bool // from dumps of services
}

func (f *fakeTable) serve(m message) [][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	var answers [][]byte
	switch m.payload[0] {
	case cmdGetService:
		if m.flags&flagDump == 0 {
			return f.one(m)
		}
		for _, e := range f.entries {
			if !f.hidden[e.Service.ServiceKey] {
				answers = append(answers, element(m, 0, appendService(nil, &e.Service)))
			}
		}
	case cmdGetDest:
		e := f.find(m.payload[genlHeaderLen:])
		f.asked[e.Service.ServiceKey]++
		if errno := f.gone[e.Service.ServiceKey]; errno != 0 {
			return [][]byte{status(m, errno)}
		}
		for _, d := range e.Destinations {
			answers = append(answers, element(m, 0, appendDestination(nil, &d.Destination, true)))
		}
	default:
		panic("unexpected command")
	}
	return append(answers, done(m))
}

// one answers a request for one service.
func (f *fakeTable) one(m message) [][]byte {
	for _, e := range f.entries {
		if string(appendKey(nil, &e.Service.ServiceKey)) == string(m.payload[genlHeaderLen:]) {
			return [][]byte{element(m, 0, appendService(nil, &e.Service)), status(m, 0)}
		}
	}
	return [][]byte{status(m, syscall.ESRCH)}
}

// find looks up the service that a request is about.
func (f *fakeTable) find(body []byte) Entry {
	i := slices.IndexFunc(f.entries, func(e Entry) bool { return string(appendKey(nil, &e.Service.ServiceKey)) == string(body) })
	if i < 0 {
		panic("unknown service")
	}
	return f.entries[i]
}

// client connects to the table n times.
func (f *fakeTable) client(n int) *Client {
	f.asked = make(map[resource.ServiceKey]int)
	var fakes []*fakeKernel
	for range n {
		fakes = append(fakes, &fakeKernel{serve: f.serve})
	}
	return clientOf(fakes...)
}

// clientOf makes a client that is connected to fakes.
func clientOf(fakes ...*fakeKernel) *Client {
	c := &Client{}
	for _, f := range fakes {
		c.attach(testFamily, f)
	}
	return c
}

// table makes a random table of n services.
func table(seed uint64, n int) (entries []Entry) {
	g := newGenerator(seed)
	for range n {
		e := Entry{Service: g.service()}
		for range g.IntN(9) {
			e.Destinations = append(e.Destinations, Destination{Destination: g.destination(e.Service.ServiceKey)})
		}
		entries = append(entries, e)
	}
	return entries
}

func TestClientTable(t *testing.T) {
	for _, n := range []int{0, 1, 3, 200} {
		f := &fakeTable{entries: table(7, n)}
		c := f.client(4)
		got, err := c.Table()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(f.entries, got, compareAddrs, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("table of %d (-want +got):\n%s", n, diff)
		}
		for key, times := range f.asked {
			if times != 1 {
				t.Errorf("%v: read %d times", key, times)
			}
		}
	}
}

// A dump of several datagrams can lack services, or have them twice.
func TestClientTableIsSure(t *testing.T) {
	f := &fakeTable{entries: table(11, 60)}
	keys := make([]resource.ServiceKey, len(f.entries))
	for i, e := range f.entries {
		keys[i] = e.Service.ServiceKey
	}
	f.hidden = map[resource.ServiceKey]bool{keys[2]: true, keys[4]: true, keys[5]: true}
	got, err := f.client(2).Table(keys[0], keys[4], resource.MarkService(resource.IPv4, 77), keys[2], keys[4])
	want := slices.Concat(f.entries[:2], f.entries[3:4], f.entries[6:], f.entries[4:5], f.entries[2:3])
	if diff := cmp.Diff(want, got, compareAddrs, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("error %v, table (-want +got):\n%s", err, diff)
	}
	if _, err := f.client(1).Table(resource.ServiceKey{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a table with no service for sure: %v", err)
	}

	twice := &fakeTable{entries: table(12, 60)}
	twice.entries = append(twice.entries, twice.entries[1])
	got, err = twice.client(1).Table()
	if diff := cmp.Diff(twice.entries[:60], got, compareAddrs, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("one twice: error %v, table (-want +got):\n%s", err, diff)
	}
}

// What leaves room in the first datagram is all there is.
func TestClientTableInOneDatagram(t *testing.T) {
	_, encoded := services(3)
	f := &fakeKernel{serve: func(m message) [][]byte {
		if m.payload[0] == cmdGetDest {
			return [][]byte{done(m)}
		}
		if m.flags&flagDump == 0 {
			t.Error("it asks for a service that cannot be missing")
		}
		return [][]byte{slices.Concat(element(m, 0, encoded[0]), element(m, 0, encoded[1]), element(m, 0, encoded[2])), done(m)}
	}}
	if got, err := clientOf(f).Table(resource.MarkService(resource.IPv4, 77)); err != nil || len(got) != 3 {
		t.Errorf("%d entries, error %v", len(got), err)
	}
}

func TestClientTableWhileServiceGoes(t *testing.T) {
	f := &fakeTable{entries: table(8, 20)}
	gone := f.entries[7].Service.ServiceKey
	f.gone = map[resource.ServiceKey]syscall.Errno{gone: syscall.ESRCH}
	f.entries[7].Destinations = nil
	got, err := f.client(3).Table()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f.entries, got, compareAddrs, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestClientTableFails(t *testing.T) {
	f := &fakeTable{entries: table(9, 20)}
	f.gone = map[resource.ServiceKey]syscall.Errno{f.entries[19].Service.ServiceKey: syscall.EPERM}
	if got, err := f.client(3).Table(); !errors.Is(err, ErrPermission) || got != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestClientAppendDestinations(t *testing.T) {
	f := &fakeTable{entries: table(10, 2)}
	c := f.client(1)
	var got, want []Destination
	for _, e := range f.entries {
		var err error
		if got, err = c.AppendDestinations(got, e.Service.ServiceKey); err != nil {
			t.Fatal(err)
		}
		want = append(want, e.Destinations...)
	}
	if diff := cmp.Diff(want, got, compareAddrs); diff != "" {
		t.Errorf("destinations (-want +got):\n%s", diff)
	}
	if _, err := c.Destinations(resource.ServiceKey{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("destinations of no service: %v", err)
	}
}

func TestClientClose(t *testing.T) {
	a, b := &fakeKernel{}, &fakeKernel{}
	if err := clientOf(a, b).Close(); err != nil || !a.closed || !b.closed {
		t.Errorf("error %v, closed %v and %v", err, a.closed, b.closed)
	}
}

// TestClientCommands looks at what the small commands send.
func TestClientCommands(t *testing.T) {
	master, backup := resource.SyncDaemon{Role: resource.SyncMaster, Interface: "lo"}, resource.SyncDaemon{Role: resource.SyncBackup}
	tests := map[string]struct {
		call func(*Client) error
		cmd  uint8
		body []byte
	}{
		"flush":        {(*Client).Flush, cmdFlush, nil},
		"zero all":     {(*Client).ZeroAll, cmdZero, nil},
		"zero":         {func(c *Client) error { return c.Zero(web) }, cmdZero, appendKey(nil, &web)},
		"set timeouts": {func(c *Client) error { return c.SetTimeouts(Timeouts{TCP: 1}) }, cmdSetConfig, appendTimeouts(nil, Timeouts{TCP: 1})},
		"start daemon": {func(c *Client) error { return c.StartDaemon(master) }, cmdNewDaemon, appendDaemon(nil, &master, true)},
		"stop daemon":  {func(c *Client) error { return c.StopDaemon(resource.SyncBackup) }, cmdDelDaemon, appendDaemon(nil, &backup, false)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := &fakeKernel{serve: func(m message) [][]byte {
				want := append([]byte{test.cmd, familyVersion, 0, 0}, test.body...)
				if diff := cmp.Diff(want, m.payload); diff != "" {
					t.Errorf("request (-want +got):\n%s", diff)
				}
				return [][]byte{status(m, 0)}
			}}
			if err := test.call(clientOf(f)); err != nil || f.sends != 1 {
				t.Errorf("error %v after %d requests", err, f.sends)
			}
			f.serve = func(m message) [][]byte { return [][]byte{status(m, syscall.EPERM)} }
			if err := test.call(clientOf(f)); !errors.Is(err, ErrPermission) {
				t.Errorf("error %v, want %v", err, ErrPermission)
			}
		})
	}
}

func TestStartDaemonRefuses(t *testing.T) {
	f := &fakeKernel{serve: func(message) [][]byte { panic("must not be asked") }}
	if err := clientOf(f).StartDaemon(resource.SyncDaemon{Interface: "lo"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("error %v, want %v", err, ErrInvalid)
	}
}
