package neighbour

import (
	"encoding/hex"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var ours = net.HardwareAddr{0x02, 0, 0, 0, 0, 0x0a}

// frame reads a frame in hexadecimal, with blanks.
func frame(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "\n", "", "\t", "").Replace(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The frames are compared byte by byte with those that tcpdump and arping agree on; their
// checksums are those that tcpdump calls correct.
func TestFrames(t *testing.T) {
	vip4, vip6 := netip.MustParseAddr("192.168.80.188"), netip.MustParseAddr("fd00:80::1:188")
	tests := []struct {
		name string
		got  []byte
		want string
	}{
		{"gratuitous ARP", Announcement(ours, vip4, true), `
			ffffffffffff 02000000000a 0806
			0001 0800 06 04 0001  02000000000a c0a850bc  000000000000 c0a850bc`},
		{"ARP probe", Question(ours, vip4), `
			ffffffffffff 02000000000a 0806
			0001 0800 06 04 0001  02000000000a 00000000  000000000000 c0a850bc`},
		{"advertisement of a host", Announcement(ours, vip6, false), `
			333300000001 02000000000a 86dd
			60000000 0020 3a ff fd000080000000000000000000010188 ff020000000000000000000000000001
			88 00 5682 20000000 fd000080000000000000000000010188 02 01 02000000000a`},
		{"advertisement of a router", Announcement(ours, vip6, true), `
			333300000001 02000000000a 86dd
			60000000 0020 3a ff fd000080000000000000000000010188 ff020000000000000000000000000001
			88 00 d681 a0000000 fd000080000000000000000000010188 02 01 02000000000a`},
		{"solicitation of nobody", Question(ours, vip6), `
			3333ff010188 02000000000a 86dd
			60000000 0018 3a ff 00000000000000000000000000000000 ff0200000000000000000001ff010188
			87 00 7a15 00000000 fd000080000000000000000000010188`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(hex.Dump(frame(t, test.want)), hex.Dump(test.got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	const advertisement = `333300000001 020000000001 86dd
		60000000 0020 3a ff fd000080000000000000000000010188 ff020000000000000000000000000001
		88 00 0000 20000000 fd000080000000000000000000010188 `
	tests := []struct {
		name, frame, want string
	}{
		{"ARP reply", "02000000000a 020000000001 0806 0001 0800 06 04 0002 020000000001 c0a850bc 02000000000a 00000000 0000", "192.168.80.188 at 02:00:00:00:00:01"},
		{"ARP request of who has it", "ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 c0a850bc 000000000000 c0a85001", "192.168.80.188 at 02:00:00:00:00:01"},
		{"ARP through a proxy", "02000000000a 020000000001 0806 0001 0800 06 04 0002 020000000002 c0a850bc 02000000000a 00000000", "192.168.80.188 at 02:00:00:00:00:02"},
		{"ARP probe", "ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 00000000 000000000000 c0a850bc", ""},
		{"ARP of other hardware", "ffffffffffff 020000000001 0806 0006 0800 06 04 0002 020000000001 c0a850bc 02000000000a 00000000", ""},
		{"ARP that is cut off", "02000000000a 020000000001 0806 0001 0800 06 04 0002 020000000001 c0a850bc 02000000000a", ""},
		{"advertisement", advertisement + "02 01 020000000002", "fd00:80::1:188 at 02:00:00:00:00:02"},
		{"advertisement without a place", advertisement, "fd00:80::1:188 at 02:00:00:00:00:01"},
		{"advertisement with half a place", advertisement + "02 01 0200", "fd00:80::1:188 at 02:00:00:00:00:01"},
		{"advertisement with something else", advertisement + "0e 01 020000000002", "fd00:80::1:188 at 02:00:00:00:00:01"},
		{"advertisement through a router", strings.Replace(advertisement, "3a ff", "3a fe", 1), ""},
		{"solicitation", strings.Replace(advertisement, "88 00", "87 00", 1), ""},
		{"UDP", strings.Replace(advertisement, "3a ff", "11 ff", 1), ""},
		{"IPv6 that is cut off", advertisement[:strings.LastIndex(advertisement, " 2000")], ""},
		{"IPv4", "02000000000a 020000000001 0800 4500", ""},
		{"nothing", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if addr, hw, ok := Answer(frame(t, test.frame)); ok {
				got = addr.String() + " at " + hw.String()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Whatever is on the wire, it is read or passed over.
func FuzzAnswer(f *testing.F) {
	for _, addr := range []string{"192.168.80.188", "fd00:80::1:188"} {
		f.Add(Announcement(ours, netip.MustParseAddr(addr), true))
		f.Add(Question(ours, netip.MustParseAddr(addr)))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		addr, hw, ok := Answer(frame)
		if ok && (!addr.IsValid() || len(hw) != hwLen) {
			t.Errorf("%v at %v", addr, hw)
		}
	})
}

// What is announced is what is understood.
func TestAnnouncementIsAnswer(t *testing.T) {
	for _, text := range []string{"192.0.2.1", "2001:db8::1"} {
		want := netip.MustParseAddr(text)
		addr, hw, ok := Answer(Announcement(ours, want, false))
		if !ok || addr != want || hw.String() != ours.String() {
			t.Errorf("%s: got %v at %v, %v", text, addr, hw, ok)
		}
		if addr, hw, ok := Answer(Question(ours, want)); ok {
			t.Errorf("a question about %s answers that %v is at %v", text, addr, hw)
		}
	}
}
