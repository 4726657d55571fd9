package ipvs

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// compareAddrs lets cmp look at addresses, whose fields are hidden from it.
var compareAddrs = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// layout turns a message written down by hand, with comments after #, into bytes.
func layout(t *testing.T, text string) []byte {
	t.Helper()
	if native.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the messages are written down in little-endian byte order")
	}
	var digits strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for _, word := range strings.Fields(line) {
			digits.WriteString(word)
		}
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const vip4, vip6, rip4, rip6 = "192.0.2.1", "2001:db8::1", "10.0.0.2", "2001:db8::2"

var web = resource.AddrService(resource.TCP, netip.MustParseAddr(vip4), 80)

// The layouts are written from the kernel's headers, not from what the encoder does.
var goldenOps = []struct {
	name string
	op   Op
	want string
}{
	{"add service", Op{Add, resource.Service{
		ServiceKey: web, Scheduler: "wrr", Flags: resource.FlagPersistent, Timeout: 300, Netmask: 0xffffff00,
	}}, `
		68000000 1c00 0500 07000000 00000000  # 104 bytes, family 28, REQUEST|ACK, sequence 7, port
		01 01 0000                            # IPVS_CMD_NEW_SERVICE, version 1
		5400 0180                             # IPVS_CMD_ATTR_SERVICE, nested
		  0600 0100 0200 0000                 # AF: AF_INET
		  0600 0200 0600 0000                 # PROTOCOL: TCP
		  1400 0300 c0000201 000000000000000000000000
		  0600 0400 0050 0000                 # PORT: 80
		  0800 0600 77727200                  # SCHED_NAME: wrr
		  0c00 0700 01000000 3d000000         # FLAGS: PERSISTENT of all but HASHED
		  0800 0800 2c010000                  # TIMEOUT: 300
		  0800 0900 ffffff00                  # NETMASK, network byte order`},
	{"edit service with IPv6 and engine", Op{Edit, resource.Service{
		ServiceKey: resource.AddrService(resource.UDP, netip.MustParseAddr(vip6), 5060), Scheduler: "rr",
		Flags: resource.FlagPersistent | resource.FlagOnePacket, Timeout: 60, Netmask: 64, Engine: "sip",
	}}, `
		70000000 1c00 0500 07000000 00000000
		02 01 0000                            # IPVS_CMD_SET_SERVICE
		5c00 0180
		  0600 0100 0a00 0000                 # AF: AF_INET6
		  0600 0200 1100 0000                 # PROTOCOL: UDP
		  1400 0300 20010db8 00000000 00000000 00000001
		  0600 0400 13c4 0000                 # PORT: 5060
		  0700 0600 727200 00                 # SCHED_NAME: rr
		  0800 0b00 73697000                  # PE_NAME: sip
		  0c00 0700 05000000 3d000000         # FLAGS: PERSISTENT|ONEPACKET
		  0800 0800 3c000000                  # TIMEOUT: 60
		  0800 0900 40000000                  # NETMASK: prefix length 64`},
	{"delete service by mark", Op{Delete, resource.Service{ServiceKey: resource.MarkService(resource.IPv4, 258)}}, `
		28000000 1c00 0500 07000000 00000000
		03 01 0000                            # IPVS_CMD_DEL_SERVICE
		1400 0180
		  0600 0100 0200 0000                 # AF: AF_INET
		  0800 0500 02010000                  # FWMARK: 258`},
	{"add destination in a tunnel", Op{Add, resource.Destination{
		Service: resource.MarkService(resource.IPv6, 7), Addr: netip.MustParseAddr(rip6), Forward: resource.ForwardTunnel,
		Weight: 3, UpperThreshold: 10, LowerThreshold: 5,
		TunnelType: resource.TunnelGUE, TunnelPort: 6080, TunnelFlags: resource.TunnelChecksum,
	}}, `
		88000000 1c00 0500 07000000 00000000
		05 01 0000                            # IPVS_CMD_NEW_DEST
		1400 0180
		  0600 0100 0a00 0000                 # AF: AF_INET6
		  0800 0500 07000000                  # FWMARK: 7
		6000 0280                             # IPVS_CMD_ATTR_DEST, nested
		  0600 0b00 0a00 0000                 # ADDR_FAMILY: AF_INET6
		  1400 0100 20010db8 00000000 00000000 00000002
		  0600 0200 0000 0000                 # PORT: 0
		  0800 0300 02000000                  # FWD_METHOD: TUNNEL
		  0800 0400 03000000                  # WEIGHT: 3
		  0800 0500 0a000000                  # U_THRESH: 10
		  0800 0600 05000000                  # L_THRESH: 5
		  0500 0d00 01 000000                 # TUN_TYPE: GUE
		  0600 0e00 17c0 0000                 # TUN_PORT: 6080
		  0600 0f00 0100 0000                 # TUN_FLAGS: CSUM`},
	{"delete destination", Op{Delete, resource.Destination{Service: web, Addr: netip.MustParseAddr(rip4), Port: 8080, Weight: 9}}, `
		6c000000 1c00 0500 07000000 00000000
		07 01 0000                            # IPVS_CMD_DEL_DEST
		3000 0180
		  0600 0100 0200 0000
		  0600 0200 0600 0000
		  1400 0300 c0000201 000000000000000000000000
		  0600 0400 0050 0000
		2800 0280
		  0600 0b00 0200 0000                 # ADDR_FAMILY: AF_INET
		  1400 0100 0a000002 000000000000000000000000
		  0600 0200 1f90 0000                 # PORT: 8080`},
}

func TestAppendOp(t *testing.T) {
	for _, test := range goldenOps {
		t.Run(test.name, func(t *testing.T) {
			want := layout(t, test.want)
			if err := test.op.check(); err != nil {
				t.Fatal(err)
			}
			// Something stands before it in the buffer, as in a batch.
			got := appendOp([]byte("before"), 28, flagRequest|flagAck, 7, test.op)
			got = bytes.TrimPrefix(got, []byte("before"))
			if diff := cmp.Diff(hex.Dump(want), hex.Dump(got)); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAppendDaemon(t *testing.T) {
	d := resource.SyncDaemon{
		Role: resource.SyncMaster, Interface: "eth0", ID: 7, MaxLen: 1400,
		Group: netip.MustParseAddr("224.0.0.81"), Port: 8848, TTL: 2,
	}
	want := layout(t, `
		4000 0380                             # IPVS_CMD_ATTR_DAEMON, nested
		  0800 0100 01000000                  # STATE: master
		  0900 0200 6574683000 000000         # MCAST_IFN: eth0
		  0800 0300 07000000                  # SYNC_ID: 7
		  0600 0400 7805 0000                 # SYNC_MAXLEN: 1400
		  0800 0500 e0000051                  # MCAST_GROUP: 224.0.0.81
		  0600 0700 9022 0000                 # MCAST_PORT: 8848, host byte order
		  0500 0800 02 000000                 # MCAST_TTL: 2`)
	if diff := cmp.Diff(hex.Dump(want), hex.Dump(appendDaemon(nil, &d, true))); diff != "" {
		t.Errorf("daemon (-want +got):\n%s", diff)
	}
	want = layout(t, `0c00 0380 0800 0100 01000000`)
	if diff := cmp.Diff(hex.Dump(want), hex.Dump(appendDaemon(nil, &d, false))); diff != "" {
		t.Errorf("daemon to stop (-want +got):\n%s", diff)
	}
}

func TestServiceRoundTrip(t *testing.T) {
	g := newGenerator(1)
	for range 10_000 {
		want := g.service()
		entry, err := decodeService(appendService(nil, &want))
		got := entry.Service
		if err != nil {
			t.Fatalf("%v: %v", want, err)
		}
		if got != want {
			t.Fatalf("service (-want +got):\n%s", cmp.Diff(want, got, compareAddrs))
		}
	}
}

func TestDestinationRoundTrip(t *testing.T) {
	g := newGenerator(2)
	for range 10_000 {
		want := g.destination(g.key())
		got, err := decodeDestination(appendDestination(nil, &want, true), want.Service)
		if err != nil {
			t.Fatalf("%v: %v", want, err)
		}
		if got.Destination != want || got.Connections != (resource.Connections{}) {
			t.Fatalf("destination (-want +got):\n%s", cmp.Diff(want, got.Destination, compareAddrs))
		}
	}
}

func TestDaemonRoundTrip(t *testing.T) {
	tests := map[string]resource.SyncDaemon{
		"defaults": {Role: resource.SyncBackup, Interface: "lo"},
		"IPv4":     {Role: resource.SyncMaster, Interface: "bond0.100", ID: 255, MaxLen: 9000, Group: netip.MustParseAddr("239.1.2.3"), Port: 65535, TTL: 255},
		"IPv6":     {Role: resource.SyncBackup, Interface: "eth0", ID: 1, Group: netip.MustParseAddr("ff02::51"), Port: 1, TTL: 1},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := decodeDaemon(appendDaemon(nil, &want, true))
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("daemon (-want +got):\n%s", cmp.Diff(want, got, compareAddrs))
			}
		})
	}
}

func TestTimeoutsRoundTrip(t *testing.T) {
	want := Timeouts{TCP: 900, TCPFin: 120, UDP: 300}
	got, err := decodeTimeouts(appendTimeouts(nil, want))
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestAppendTextIsPadded(t *testing.T) {
	for n := range 9 {
		b := appendText(nil, 6, strings.Repeat("x", n))
		if len(b) != attrHeaderLen+pad(n+1) {
			t.Errorf("text of %d bytes takes %d", n, len(b))
		}
		if size := int(native.Uint16(b)); size != attrHeaderLen+n+1 {
			t.Errorf("text of %d bytes says %d", n, size)
		}
	}
}

func BenchmarkEncodeService(b *testing.B) {
	op := Op{Add, newGenerator(1).service()}
	benchmarkEncode(b, op)
}

func BenchmarkEncodeDestination(b *testing.B) {
	g := newGenerator(1)
	benchmarkEncode(b, Op{Add, g.destination(g.key())})
}

// benchmarkEncode includes the check, as every operation goes through it.
func benchmarkEncode(b *testing.B, op Op) {
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		if err := op.check(); err != nil {
			b.Fatal(err)
		}
		buf = appendOp(buf[:0], 28, flagRequest, 1, op)
	}
}

func TestEncodingDoesNotAllocate(t *testing.T) {
	g := newGenerator(3)
	s := g.service()
	ops := []Op{{Add, s}, {Delete, s}, {Edit, g.destination(s.ServiceKey)}}
	buf := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() {
		for _, op := range ops {
			if op.check() != nil {
				t.Fatal("refused")
			}
			buf = appendOp(buf[:0], 28, flagRequest, 1, op)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
