package ipvs

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// ackOnly answers messages that ask for it.
func ackOnly(m message) [][]byte {
	if m.flags&flagAck == 0 {
		return nil
	}
	return [][]byte{status(m, 0)}
}

// failing answers the messages with the given numbers, counted from 0, with errors.
func failing(errs map[int]syscall.Errno) func(message) [][]byte {
	n := -1
	return func(m message) [][]byte {
		n++
		if errno, ok := errs[n]; ok {
			return [][]byte{status(m, errno)}
		}
		return ackOnly(m)
	}
}

// addDestinations makes n operations.
func addDestinations(n int) []Op {
	g := newGenerator(6)
	var ops []Op
	for range n {
		ops = append(ops, Op{Add, g.destination(web)})
	}
	return ops
}

// indexes lists which operations failed.
func indexes(failures []Failure) (list []int) {
	for _, f := range failures {
		list = append(list, f.Index)
	}
	return list
}

func TestApply(t *testing.T) {
	tests := []struct {
		name      string
		ops       int
		errs      map[int]syscall.Errno
		sends     int
		attempted int
		failed    []int
	}{
		{name: "nothing"},
		{name: "one", ops: 1, sends: 1, attempted: 1},
		{name: "a full batch", ops: 128, sends: 1, attempted: 128},
		{name: "one more", ops: 129, sends: 2, attempted: 129},
		{name: "many", ops: 1000, sends: 8, attempted: 1000},
		{name: "first fails", ops: 3, errs: map[int]syscall.Errno{0: syscall.EEXIST}, sends: 1, attempted: 3, failed: []int{0}},
		{name: "last fails", ops: 3, errs: map[int]syscall.Errno{2: syscall.EEXIST}, sends: 1, attempted: 3, failed: []int{2}},
		{
			name: "stops after the batch that fails", ops: 1000,
			errs:  map[int]syscall.Errno{200: syscall.EEXIST, 130: syscall.ESRCH, 500: syscall.EINVAL},
			sends: 2, attempted: 256, failed: []int{130, 200},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := &fakeKernel{serve: failing(test.errs)}
			attempted, failures := newConn(f, testFamily).apply(addDestinations(test.ops))
			if attempted != test.attempted || f.sends != test.sends {
				t.Errorf("attempted %d in %d batches, want %d in %d", attempted, f.sends, test.attempted, test.sends)
			}
			if diff := cmp.Diff(test.failed, indexes(failures)); diff != "" {
				t.Errorf("failures (-want +got):\n%s", diff)
			}
			for _, failure := range failures {
				if want := test.errs[failure.Index]; !errors.Is(failure.Err, want) {
					t.Errorf("operation %d: %v, want %v", failure.Index, failure.Err, want)
				}
			}
		})
	}
}

// TestApplyAsksOnce looks at the flags of a batch.
func TestApplyAsksOnce(t *testing.T) {
	var acks []int
	n := 0
	f := &fakeKernel{serve: func(m message) [][]byte {
		if m.flags&flagAck != 0 {
			acks = append(acks, n)
		}
		n++
		return ackOnly(m)
	}}
	newConn(f, testFamily).apply(addDestinations(300))
	if diff := cmp.Diff([]int{127, 255, 299}, acks); diff != "" {
		t.Errorf("acknowledgements asked for (-want +got):\n%s", diff)
	}
}

func TestApplyIgnoresOlderAnswers(t *testing.T) {
	f := &fakeKernel{serve: ackOnly}
	c := newConn(f, testFamily)
	c.seq = 1<<32 - 2 // numbers wrap around within the batch
	f.queue = [][]byte{
		answer(typeError, flagCapped, c.seq, errorPayload(syscall.EEXIST)),
		answer(typeError, flagCapped, c.seq-5, errorPayload(syscall.ESRCH)),
		answer(testFamily, 0, c.seq+1, nil),
	}
	if attempted, failures := c.apply(addDestinations(5)); attempted != 5 || len(failures) != 0 {
		t.Errorf("attempted %d, failures %v", attempted, failures)
	}
}

// TestApplyLostAnswer has an error reply come through and the acknowledgement not.
func TestApplyLostAnswer(t *testing.T) {
	tests := map[string]struct{ deaf, want error }{
		"timeout":  {nil, os.ErrDeadlineExceeded},
		"overflow": {syscall.ENOBUFS, syscall.ENOBUFS},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			n := -1
			f := &fakeKernel{deaf: test.deaf, serve: func(m message) [][]byte {
				if n++; n == 1 {
					return [][]byte{status(m, syscall.EEXIST)}
				}
				return nil
			}}
			attempted, failures := newConn(f, testFamily).apply(addDestinations(200))
			if attempted != 128 || len(failures) != 128 || f.sends != 1 {
				t.Fatalf("attempted %d in %d batches, %d failures", attempted, f.sends, len(failures))
			}
			for i, failure := range failures {
				want := ErrNoAnswer
				if i == 1 {
					want = ErrExist
				}
				if failure.Index != i || !errors.Is(failure.Err, want) || i != 1 && !errors.Is(failure.Err, test.want) {
					t.Errorf("operation %d: %v, want %v", failure.Index, failure.Err, want)
				}
			}
		})
	}
}

func TestApplyMalformedAnswer(t *testing.T) {
	f := &fakeKernel{serve: func(m message) [][]byte { return [][]byte{answer(typeError, 0, m.seq, nil)} }}
	attempted, failures := newConn(f, testFamily).apply(addDestinations(2))
	if attempted != 2 || len(failures) != 2 || !errors.Is(failures[0].Err, ErrMalformed) || !errors.Is(failures[0].Err, ErrNoAnswer) {
		t.Errorf("attempted %d, failures %v", attempted, failures)
	}
}

func TestApplyCannotSend(t *testing.T) {
	f := &fakeKernel{refuse: syscall.ENOBUFS}
	attempted, failures := newConn(f, testFamily).apply(addDestinations(2))
	if attempted != 0 || len(failures) != 1 || failures[0].Index != 0 || !errors.Is(failures[0].Err, syscall.ENOBUFS) {
		t.Errorf("attempted %d, failures %v", attempted, failures)
	}
}

func TestApplyRefusesWhatCannotBeSaid(t *testing.T) {
	good := resource.Service{ServiceKey: web, Scheduler: "rr"}
	changed := func(change func(*resource.Service)) resource.Service {
		s := good
		change(&s)
		return s
	}
	real4 := netip.MustParseAddr(rip4)
	tests := map[string]Op{
		"no verb":               {0, good},
		"unknown verb":          {4, good},
		"nothing":               {Add, nil},
		"pointer":               {Add, &good},
		"another kind":          {Add, resource.Sysctl{Name: "net.ipv4.ip_forward"}},
		"no key":                {Delete, resource.Service{Scheduler: "rr"}},
		"no address":            {Add, changed(func(s *resource.Service) { s.Addr = netip.Addr{} })},
		"wrong family":          {Add, changed(func(s *resource.Service) { s.Family = resource.IPv6 })},
		"zone":                  {Add, changed(func(s *resource.Service) { s.Family, s.Addr = resource.IPv6, netip.MustParseAddr("fe80::1%eth0") })},
		"mark and address":      {Add, changed(func(s *resource.Service) { s.Mark = 1 })},
		"NUL in a name":         {Add, changed(func(s *resource.Service) { s.Scheduler = "r\x00r" })},
		"flag of the kernel's":  {Edit, changed(func(s *resource.Service) { s.Flags = 2 })},
		"destination of nobody": {Add, resource.Destination{Addr: real4}},
		"no server":             {Add, resource.Destination{Service: web}},
		"server with zone":      {Add, resource.Destination{Service: web, Addr: netip.MustParseAddr("fe80::1%eth0")}},
		"unknown method":        {Add, resource.Destination{Service: web, Addr: real4, Forward: 8}},
	}
	for name, bad := range tests {
		t.Run(name, func(t *testing.T) {
			c := newConn(&fakeKernel{serve: func(message) [][]byte { panic("must not be asked") }}, testFamily)
			attempted, failures := c.apply([]Op{{Add, good}, bad, {Add, good}})
			if attempted != 0 || len(failures) != 1 || failures[0].Index != 1 || !errors.Is(failures[0].Err, ErrInvalid) {
				t.Errorf("attempted %d, failures %v", attempted, failures)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	tests := []struct {
		cmd   uint8
		errno syscall.Errno
		name  error
		class error
	}{
		{cmdNewService, syscall.EEXIST, ErrExist, fs.ErrExist},
		{cmdNewService, syscall.ENOENT, ErrNoScheduler, nil},
		{cmdSetService, syscall.ENOENT, ErrNoScheduler, nil},
		{cmdSetService, syscall.ESRCH, ErrNoService, fs.ErrNotExist},
		{cmdDelService, syscall.ESRCH, ErrNoService, fs.ErrNotExist},
		{cmdNewDest, syscall.EEXIST, ErrExist, fs.ErrExist},
		{cmdNewDest, syscall.ESRCH, ErrNoService, fs.ErrNotExist},
		{cmdNewDest, syscall.ERANGE, ErrRange, nil},
		{cmdNewDest, syscall.EINVAL, ErrInvalid, fs.ErrInvalid},
		{cmdSetDest, syscall.ENOENT, ErrNoDestination, fs.ErrNotExist},
		{cmdDelDest, syscall.ENOENT, ErrNoDestination, fs.ErrNotExist},
		{cmdNewDaemon, syscall.EEXIST, ErrExist, fs.ErrExist},
		{cmdNewDaemon, syscall.ENODEV, nil, nil},
		{cmdDelDaemon, syscall.ESRCH, ErrNoDaemon, fs.ErrNotExist},
		{cmdGetInfo, syscall.EPERM, ErrPermission, fs.ErrPermission},
		{cmdGetInfo, syscall.ENOENT, nil, nil},
	}
	for _, test := range tests {
		err := explain(test.cmd, int32(test.errno), "")
		if test.name != nil && !errors.Is(err, test.name) || test.class != nil && !errors.Is(err, test.class) {
			t.Errorf("command %d, %v: got %v, want %v and %v", test.cmd, test.errno, err, test.name, test.class)
		}
		if errno, ok := errors.AsType[syscall.Errno](err); !ok || errno != test.errno {
			t.Errorf("command %d, %v: number %v, %v", test.cmd, test.errno, errno, ok)
		}
	}
}

func TestExplanation(t *testing.T) {
	payload := append(errorPayload(syscall.EINVAL), make([]byte, headerLen)...)
	payload = appendText(payload, errAttrMessage, "invalid weight")
	f := &fakeKernel{serve: func(m message) [][]byte {
		return [][]byte{answer(typeError, flagCapped|flagExplained, m.seq, payload)}
	}}
	_, failures := newConn(f, testFamily).apply(addDestinations(1))
	if len(failures) != 1 || !strings.HasSuffix(failures[0].Err.Error(), "invalid argument: invalid weight)") {
		t.Errorf("failures %v", failures)
	}
}

// BenchmarkApply measures all that is ours of a batch: checking, encoding, reading the
// answer.
func BenchmarkApply(b *testing.B) {
	ops := addDestinations(batchSize)
	f := &fakeKernel{serve: ackOnly}
	c := newConn(f, testFamily)
	b.ReportAllocs()
	for b.Loop() {
		if _, failures := c.apply(ops); len(failures) != 0 {
			b.Fatal(failures)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(ops)), "ns/change")
}
