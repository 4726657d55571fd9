package ipvs

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// kernelService is a service as a kernel sends it, with attributes that we skip.
const kernelService = `
	9000 0100                             # IPVS_CMD_ATTR_SERVICE, without the nested bit
	  0600 0100 0200 0000                 # AF: AF_INET
	  0600 0200 0600 0000                 # PROTOCOL: TCP
	  1400 0300 c0000201 deadbeef deadbeef deadbeef
	  0600 0400 0050 0000                 # PORT: 80
	  0700 0600 727200 00                 # SCHED_NAME: rr
	  0800 0b00 73697000                  # PE_NAME: sip
	  0c00 0700 03000000 ffffffff         # FLAGS: PERSISTENT|HASHED
	  0800 0800 2c010000                  # TIMEOUT: 300
	  0800 0900 ffff0000                  # NETMASK: 255.255.0.0
	  1000 0a00 0800 0100 05000000 00000000  # STATS, shortened
	  2800 0c00 0c00 0100 0500000000000000   # STATS64, shortened: CONNS 5,
	            0c00 0a00 0900000000000000   #   OUTBPS 9,
	            0c00 0b00 0000000000000000   #   PAD
	  0800 ff3f 00000000                  # of the future`

// kernelDestination is a destination as a kernel sends it.
const kernelDestination = `
	7800 0200
	  1400 0100 0a000002 00000000 00000000 00000000
	  0600 0200 1f90 0000                 # PORT: 8080
	  0800 0300 03010000                  # FWD_METHOD: DROUTE, and a bit that is not the method
	  0800 0400 ffffff7f                  # WEIGHT: 2147483647
	  0500 0d00 02 000000                 # TUN_TYPE: GRE
	  0600 0e00 0000 0000                 # TUN_PORT
	  0600 0f00 0100 0000                 # TUN_FLAGS: CSUM
	  0800 0500 0a000000                  # U_THRESH: 10
	  0800 0600 05000000                  # L_THRESH: 5
	  0800 0700 01000000                  # ACTIVE_CONNS: 1
	  0800 0800 02000000                  # INACT_CONNS: 2
	  0800 0900 03000000                  # PERSIST_CONNS: 3
	  0400 0a00                           # STATS, empty`

// sized fills in the size of the outermost attribute.
func sized(b []byte) []byte {
	native.PutUint16(b, uint16(len(b)))
	return b
}

func TestDecodeService(t *testing.T) {
	got, err := decodeService(sized(layout(t, kernelService)))
	if err != nil {
		t.Fatal(err)
	}
	want := resource.Service{
		ServiceKey: web, Scheduler: "rr", Flags: resource.FlagPersistent, Timeout: 300, Netmask: 0xffff0000, Engine: "sip",
	}
	if got.Service != want {
		t.Errorf("service (-want +got):\n%s", cmp.Diff(want, got.Service, compareAddrs))
	}
	if want := (Stats{Connections: 5, ByteRateOut: 9}); got.Stats != want {
		t.Errorf("counters %+v, want %+v", got.Stats, want)
	}
}

func TestDecodeDestination(t *testing.T) {
	got, err := decodeDestination(sized(layout(t, kernelDestination)), web)
	if err != nil {
		t.Fatal(err)
	}
	want := Destination{
		Destination: resource.Destination{
			Service: web, Addr: netip.MustParseAddr(rip4), Port: 8080, Forward: resource.ForwardDirect, Weight: 1<<31 - 1,
			UpperThreshold: 10, LowerThreshold: 5, TunnelType: resource.TunnelGRE, TunnelFlags: resource.TunnelChecksum,
		},
		Connections: resource.Connections{Active: 1, Inactive: 2, Persistent: 3},
	}
	if got != want {
		t.Errorf("destination (-want +got):\n%s", cmp.Diff(want, got, compareAddrs))
	}
}

func TestDecodeInfo(t *testing.T) {
	got, err := decodeInfo(layout(t, `0800 0100 01020100 0800 0200 00100000`))
	if want := (Info{Version: "1.2.1", ConnTableSize: 4096}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// service, destination and daemon wrap the decoders so that one table can name them.
func service(b []byte) error     { _, err := decodeService(b); return err }
func destination(b []byte) error { _, err := decodeDestination(b, web); return err }
func daemon(b []byte) error      { _, err := decodeDaemon(b); return err }
func info(b []byte) error        { _, err := decodeInfo(b); return err }
func timeouts(b []byte) error    { _, err := decodeTimeouts(b); return err }

func TestDecodeMalformed(t *testing.T) {
	tests := []struct {
		name   string
		decode func([]byte) error
		bytes  string
	}{
		{"nothing", service, ``},
		{"another object", service, `0400 0200`},
		{"half an attribute header", service, `0400`},
		{"attribute smaller than its header", service, `0300 0100`},
		{"attribute larger than the message", service, `0800 0100 0000`},
		{"empty service", service, `0400 0100`},
		{"counter of four bytes", service, `1000 0100 0c00 0c00 0800 0100 01000000`},
		{"half a header inside", service, `0600 0100 0600`},
		{"family of one byte", service, `0c00 0100 0500 0100 02 000000`},
		{"family unknown", service, `0c00 0100 0600 0100 0300 0000`},
		{"key incomplete", service, `0c00 0100 0600 0100 0200 0000`},
		{"mark without family", service, `0c00 0100 0800 0500 07000000`},
		{"protocol too large", service, `0c00 0100 0600 0200 0006 0000`},
		{"IPv4 address alone", service, `1400 0100 0600 0100 0200 0000 0800 0300 c0000201`},
		{"port of four bytes", service, `1400 0100 0600 0100 0200 0000 0800 0400 00500000`},
		{"flags without mask", service, `1400 0100 0600 0100 0200 0000 0800 0700 01000000`},
		{"netmask of two bytes", service, `1400 0100 0600 0100 0200 0000 0600 0900 ffff0000`},
		{"destination without address", destination, `0c00 0200 0600 0b00 0200 0000`},
		{"address of five bytes", destination, `1000 0200 0900 0100 0a00000200 000000`},
		{"weight of two bytes", destination, `0c00 0200 0600 0400 0100 0000`},
		{"tunnel type of no bytes", destination, `0800 0200 0400 0d00`},
		{"daemon without role", daemon, `0400 0300`},
		{"role unknown", daemon, `0c00 0300 0800 0100 03000000`},
		{"group of three bytes", daemon, `0c00 0300 0700 0500 e00000 00`},
		{"version of one byte", info, `0500 0100 01 000000`},
		{"timeout of one byte", timeouts, `0500 0400 01 000000`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := test.decode(layout(t, test.bytes)); !errors.Is(err, ErrMalformed) {
				t.Errorf("error %v, want %v", err, ErrMalformed)
			}
		})
	}
}

// TestDecodeTruncated cuts good messages short at every byte.
func TestDecodeTruncated(t *testing.T) {
	tests := map[string]struct {
		decode func([]byte) error
		whole  []byte
	}{
		"service":     {service, sized(layout(t, kernelService))},
		"destination": {destination, sized(layout(t, kernelDestination))},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := test.decode(test.whole); err != nil {
				t.Fatal(err)
			}
			for n := range len(test.whole) {
				if err := test.decode(test.whole[:n]); !errors.Is(err, ErrMalformed) {
					t.Errorf("%d of %d bytes: error %v", n, len(test.whole), err)
				}
			}
		})
	}
}

// FuzzDecode feeds anything to all decoders. What they accept has to survive being
// encoded and decoded again.
func FuzzDecode(f *testing.F) {
	g := newGenerator(4)
	for range 20 {
		s := g.service()
		d := g.destination(s.ServiceKey)
		f.Add(appendService(nil, &s))
		f.Add(appendDestination(nil, &d, true))
	}
	f.Add(appendDaemon(nil, &resource.SyncDaemon{Role: resource.SyncMaster, Interface: "lo", Group: netip.MustParseAddr("ff02::51")}, true))
	f.Add(appendTimeouts(nil, Timeouts{1, 2, 3}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := decodeService(b); err == nil && checkService(&e.Service) == nil {
			if again, err := decodeService(appendService(nil, &e.Service)); err != nil || again.Service != e.Service {
				t.Errorf("service %+v became %+v, %v", e.Service, again.Service, err)
			}
		}
		if d, err := decodeDestination(b, web); err == nil {
			if again, err := decodeDestination(appendDestination(nil, &d.Destination, true), web); err != nil || again.Destination != d.Destination {
				t.Errorf("destination %+v became %+v, %v", d, again, err)
			}
		}
		_, _ = decodeDaemon(b)
		_, _ = decodeInfo(b)
		_, _ = decodeTimeouts(b)
	})
}

// FuzzNextMessage feeds anything to the framing. It has to come to an end and stay
// within its bytes.
func FuzzNextMessage(f *testing.F) {
	f.Add(appendOp(nil, 28, flagRequest, 1, Op{Delete, resource.Service{ServiceKey: web}}))
	f.Add(answer(typeError, flagCapped|flagExplained, 1, appendText(append(errorPayload(22), make([]byte, 16)...), errAttrMessage, "no")))
	f.Fuzz(func(t *testing.T, b []byte) {
		for rest := b; len(rest) > 0; {
			m, after, err := nextMessage(rest)
			if err != nil {
				return
			}
			if len(after) >= len(rest) || len(m.payload) > len(b) {
				t.Fatalf("%d bytes left of %d, payload %d", len(after), len(rest), len(m.payload))
			}
			_, _ = m.status()
			_ = m.explanation()
			rest = after
		}
	})
}

func BenchmarkDecodeService(b *testing.B) {
	s := newGenerator(1).service()
	payload := appendService(nil, &s)
	b.ReportAllocs()
	for b.Loop() {
		if err := service(payload); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeDestination(b *testing.B) {
	g := newGenerator(1)
	d := g.destination(g.key())
	payload := appendDestination(nil, &d, true)
	b.ReportAllocs()
	for b.Loop() {
		if err := destination(payload); err != nil {
			b.Fatal(err)
		}
	}
}
