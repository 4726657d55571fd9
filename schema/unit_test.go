package schema

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
)

func TestParseEntry(t *testing.T) {
	tests := []struct {
		text string
		want RealServer // with port 7 and weight 9 where nothing is written
		bad  string     // the part that is wrong
	}{
		{text: "10.0.0.1", want: RealServer{Addr: netip.MustParseAddr("10.0.0.1"), Port: 7, Weight: 9}},
		{text: "10.0.0.1:80", want: RealServer{Addr: netip.MustParseAddr("10.0.0.1"), Port: 80, Weight: 9}},
		{text: " 10.0.0.1  weight\t0 ", want: RealServer{Addr: netip.MustParseAddr("10.0.0.1"), Port: 7}},
		{text: "fd00::1", want: RealServer{Addr: netip.MustParseAddr("fd00::1"), Port: 7, Weight: 9}},
		{text: "[fd00::1]", want: RealServer{Addr: netip.MustParseAddr("fd00::1"), Port: 7, Weight: 9}},
		{text: "[fd00::1]:80 weight 5", want: RealServer{Addr: netip.MustParseAddr("fd00::1"), Port: 80, Weight: 5}},
		{text: "10.0.0.1:80 weight 5 weight 6", bad: "weight"},
		{text: "10.0.0.1:+80", bad: "+80"},
		{text: "10.0.0.1 weight 5x", bad: "5x"},
		{text: "10.0.0.1, 10.0.0.2", bad: "10.0.0.1,"},
		{text: "[fd00::1]80", bad: "[fd00::1]80"},
		{text: "fd00::1::80", bad: "fd00::1::80"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			got := RealServer{Port: 7, Weight: 9}
			bad := parseEntry(test.text, &got)
			if bad != nil {
				if part := test.text[bad.offset : bad.offset+len(bad.part)]; part != bad.part || part != test.bad {
					t.Errorf("bad part %q, at its offset %q; want %q", bad.part, part, test.bad)
				}
				return
			}
			if test.bad != "" {
				t.Fatalf("no error, want one about %q", test.bad)
			}
			if diff := cmp.Diff(test.want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseNetmask(t *testing.T) {
	tests := []struct {
		text string
		v6   bool
		want uint32 // 0 for an error
	}{
		{"255.255.255.255", false, 0xffffffff},
		{"255.255.255.0", false, 0xffffff00},
		{"128.0.0.0", false, 0x80000000},
		{"32", false, 0xffffffff},
		{"1", false, 0x80000000},
		{"128", true, 128},
		{"1", true, 1},
		{"0", false, 0},
		{"33", false, 0},
		{"0", true, 0},
		{"129", true, 0},
		{"0.0.0.0", false, 0},
		{"255.0.255.0", false, 0},
		{"0.255.255.255", false, 0},
		{"255.255.255.0", true, 0},
		{"ffff::", true, 0},
		{"", false, 0},
		{"-1", false, 0},
	}
	for _, test := range tests {
		got, problem := parseNetmask(test.text, test.v6)
		if got != test.want || (problem == "") != (test.want != 0) {
			t.Errorf("%q, IPv6 %v: got %#x, %q; want %#x", test.text, test.v6, got, problem, test.want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"interface", "address", "netns", "web1", "web2"}
	tests := []struct{ given, want string }{
		{"interfcae", "interface"},
		{"adress", "address"},
		{"nets", "netns"},
		{"web3", "web1"},
		{"webserver", ""},
		{"x", ""},
		{"", ""},
	}
	for _, test := range tests {
		if got := nearest(test.given, names); got != test.want {
			t.Errorf("nearest(%q) = %q, want %q", test.given, got, test.want)
		}
	}
}

func TestList(t *testing.T) {
	tests := []struct {
		names []string
		want  string
	}{
		{nil, "none"},
		{[]string{"a"}, "a"},
		{[]string{"a", "b"}, "a and b"},
		{[]string{"a", "b", "c"}, "a, b and c"},
		{[]string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}, "1, 2, 3, 4, 5, 6, 7, 8 and 2 more"},
	}
	for _, test := range tests {
		if got := list(test.names); got != test.want {
			t.Errorf("list(%q) = %q, want %q", test.names, got, test.want)
		}
	}
}

// TestSpecs holds every description to what the getters expect of it.
func TestSpecs(t *testing.T) {
	walkSpecs(func(b *blockSpec) {
		if b.Doc == "" {
			t.Errorf("block %s is not documented", b.Type)
		}
		for _, a := range b.Attrs {
			if a.Doc == "" || a.Kind == nil {
				t.Errorf("%s of %s is not described", a.Name, b.Type)
			}
			if a.Required && a.Example == "" {
				t.Errorf("%s of %s is required: %v, has an example: %v", a.Name, b.Type, a.Required, a.Example != "")
			}
			if (a.Kind == kindNumber) != (a.Max > 0) {
				t.Errorf("%s of %s has bounds %d to %d", a.Name, b.Type, a.Min, a.Max)
			}
		}
		for _, name := range slices.Concat(b.OneOf...) {
			if !slices.Contains(b.blockTypes(), name) && b.attr(name).Required {
				t.Errorf("%s of %s is one of several and required", name, b.Type)
			}
		}
	})
}

func TestRules(t *testing.T) {
	names := map[string]bool{}
	for _, r := range Rules() {
		if r.Name == "" || r.Summary == "" || r.Doc == "" || r.Severity == hcl.DiagInvalid || names[r.Name] {
			t.Errorf("rule %+v lacks something or is there twice", r)
		}
		names[r.Name] = true
	}
}

// TestCrowd makes the same mistake in many places: what is shown of it is bounded, and
// what is not shown is counted.
func TestCrowd(t *testing.T) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "host \"h%d\" {\n  address = var.missing\n  netns = \"n%d\"\n}\n", i, i)
	}
	config, _, diags := Parse(map[string][]byte{"a.hcl": []byte(text.String())}, nil)
	if config != nil || len(diags) != maxTotal {
		t.Fatalf("%d diagnostics, want %d", len(diags), maxTotal)
	}
	if last := diags[maxTotal-1].Detail; !strings.HasSuffix(last, " 950 more places have the same problem.") {
		t.Errorf("the last one says %q", last)
	}
}

// TestOverhead: what a tunnel adds to a packet, and what is left of 1500 bytes for TCP.
func TestOverhead(t *testing.T) {
	four, six := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")
	tests := []struct {
		tunnel       Tunnel
		vip, server  netip.Addr
		overhead     uint16
		segmentBytes uint16
	}{
		{Tunnel{}, four, four, 20, 1440},
		{Tunnel{}, six, six, 40, 1400},
		{Tunnel{}, four, six, 40, 1420},
		{Tunnel{}, six, four, 20, 1420},
		{Tunnel{Type: resource.TunnelGUE, Port: 6080}, four, four, 32, 1428},
		{Tunnel{Type: resource.TunnelGUE, Port: 6080, Flags: resource.TunnelChecksum}, four, four, 32, 1428},
		{Tunnel{Type: resource.TunnelGUE, Port: 6080, Flags: resource.TunnelRemoteChecksum}, four, four, 40, 1420},
		{Tunnel{Type: resource.TunnelGRE}, four, six, 44, 1416},
		{Tunnel{Type: resource.TunnelGRE, Flags: resource.TunnelChecksum}, six, six, 48, 1392},
	}
	for _, test := range tests {
		if got := test.tunnel.Overhead(test.server); got != test.overhead {
			t.Errorf("%+v to %s: overhead %d, want %d", test.tunnel, test.server, got, test.overhead)
		}
		if got := test.tunnel.segment(test.vip, test.server); got != test.segmentBytes {
			t.Errorf("%+v to %s for %s: segments of %d, want %d", test.tunnel, test.server, test.vip, got, test.segmentBytes)
		}
	}
}
