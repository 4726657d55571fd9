package provider

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// The tests below look at what becomes of packets. A client is outside, a web server
// inside, and a director between them, which is a router too: the web server can be
// reached without IPVS.
type site struct {
	t               *testing.T
	net             *topo.Net
	client, lb, web *topo.Host
}

// Sources of requests as the web server sees them.
var (
	clientIP, clientIP6 = addr("10.0.0.9"), addr("fd01::9")
	ownIP, ownIP6       = addr("192.168.1.3"), addr("fd02::3") // the director's, for source NAT
)

func newSite(t *testing.T) *site {
	t.Helper()
	n := topo.New(t, topo.Prefix())
	s := &site{t: t, net: n}
	s.client = n.Host("client", topo.NIC("eth0", "outside", "10.0.0.9/24", "fd01::9/64"), topo.Route("192.168.1.0/24", "10.0.0.1"), topo.Route("fd02::/64", "fd01::1"))
	s.lb = n.Host("lb", topo.Forward(),
		topo.NIC("wan", "outside", "10.0.0.1/24", "10.0.0.100/32", "10.0.0.101/32", "10.0.0.102/32", "fd01::1/64", "fd01::100/128", "fd01::101/128"),
		topo.NIC("lan", "inside", "192.168.1.1/24", "192.168.1.3/24", "fd02::1/64", "fd02::3/128"))
	s.web = n.Host("web", topo.NIC("eth0", "inside", "192.168.1.2/24", "192.168.1.5/24", "fd02::2/64"), topo.DefaultRoute("192.168.1.1"), topo.DefaultRoute("fd02::1"))
	s.web.Serve(topo.HTTP(":80", "page"))
	s.web.Serve(topo.HTTP(":8080", "other page"))
	s.web.Serve(topo.UDP(":53", "name"))
	s.lb.Run("sysctl", "-qw", "net.ipv4.vs.conntrack=1")
	return s
}

// ipvs runs ipvsadm on the director.
func (s *site) ipvs(lines ...string) {
	s.t.Helper()
	for _, line := range lines {
		s.lb.Run("ipvsadm", strings.Fields(line)...)
	}
}

// apply carries out changes in a host.
func (s *site) apply(h *topo.Host, changes ...resource.Change) {
	s.t.Helper()
	h.Do(func() {
		m, err := Open("1.2.3")
		if err != nil {
			s.t.Fatal(err)
		}
		defer m.Close()
		apply(s.t, m, changes...)
	})
}

// expect compares an answer.
func (s *site) expect(what string, got topo.Response, body string, source netip.Addr) {
	s.t.Helper()
	if got.Body != body || got.Source != source {
		s.t.Errorf("%s: %s, want %q seen from %s", what, got, body, source)
	}
}

func sourceNATTo(service string, p resource.Protocol, to netip.Addr) resource.SourceNAT {
	ap := netip.MustParseAddrPort(service)
	return resource.SourceNAT{Service: resource.AddrService(p, ap.Addr(), ap.Port()), First: to, Last: to}
}

// Exactly what IPVS balances by masquerading gets another source.
func TestKernelSourceNATTraffic(t *testing.T) {
	s := newSite(t)
	s.ipvs("-A -t 10.0.0.100:80 -s rr", "-a -t 10.0.0.100:80 -r 192.168.1.2:8080 -m",
		"-A -u 10.0.0.100:53 -s rr", "-a -u 10.0.0.100:53 -r 192.168.1.2:53 -m",
		"-A -t [fd01::100]:80 -s rr", "-a -t [fd01::100]:80 -r [fd02::2]:8080 -m",
		"-A -u [fd01::100]:53 -s rr", "-a -u [fd01::100]:53 -r [fd02::2]:53 -m")
	visit := func(source, source6 netip.Addr) {
		t.Helper()
		s.expect("tcp", s.client.Get("http://10.0.0.100/"), "other page", source)
		s.expect("udp", s.client.Datagram("10.0.0.100:53"), "name", source)
		s.expect("tcp, IPv6", s.client.Get("http://[fd01::100]/"), "other page", source6)
		s.expect("udp, IPv6", s.client.Datagram("[fd01::100]:53"), "name", source6)
	}
	visit(clientIP, clientIP6)

	tcp, udp := sourceNATTo("10.0.0.100:80", resource.TCP, ownIP), sourceNATTo("10.0.0.100:53", resource.UDP, ownIP)
	tcp6, udp6 := sourceNATTo("[fd01::100]:80", resource.TCP, ownIP6), sourceNATTo("[fd01::100]:53", resource.UDP, ownIP6)
	// Somebody else masquerades everything that goes inside. Where our own rule takes a
	// flow it does not come to that, whoever was there first.
	masquerade := func() {
		s.lb.Run("nft", "add table ip theirs")
		s.lb.Run("nft", "add chain ip theirs post { type nat hook postrouting priority srcnat; }")
		s.lb.Run("nft", `add rule ip theirs post oifname "lan" tcp dport 8080 masquerade`)
	}
	masquerade()
	s.apply(s.lb, create(tcp), create(udp), create(tcp6), create(udp6))
	visit(ownIP, ownIP6)
	s.lb.Run("nft", "delete table ip theirs")
	visit(ownIP, ownIP6)
	masquerade()
	visit(ownIP, ownIP6)
	s.lb.Run("nft", "delete table ip theirs")
	s.expect("what the director sends itself", s.lb.Get("http://10.0.0.100/"), "other page", ownIP)

	// What is only routed keeps its source, to the very port that is balanced to as well.
	s.expect("direct", s.client.Get("http://192.168.1.2:8080/"), "other page", clientIP)
	s.expect("direct, udp", s.client.Datagram("192.168.1.2:53"), "name", clientIP)
	s.expect("direct, IPv6", s.client.Get("http://[fd02::2]:8080/"), "other page", clientIP6)

	s.apply(s.lb, remove(tcp), remove(udp), remove(tcp6), remove(udp6))
	visit(clientIP, clientIP6)
}

// Flows that look a little like balanced ones keep their source.
func TestKernelSourceNATTrafficOfOthers(t *testing.T) {
	s := newSite(t)
	s.ipvs("-A -t 10.0.0.100:80 -s rr", "-a -t 10.0.0.100:80 -r 10.0.0.12:80 -g")
	neighbour := s.net.Host("neighbour", topo.NIC("eth0", "outside", "10.0.0.12/24"))
	neighbour.Run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
	neighbour.Run("ip", "addr", "add", "10.0.0.100/32", "dev", "lo")
	neighbour.Serve(topo.HTTP(":80", "neighbour's page"))
	s.lb.Run("nft", "add table ip theirs")
	s.lb.Run("nft", "add chain ip theirs pre { type nat hook prerouting priority dstnat; }")
	s.lb.Run("nft", "add rule ip theirs pre ip daddr 10.0.0.1 tcp dport 80 dnat to 192.168.1.2:8080")
	any := sourceNATTo("10.0.0.100:0", resource.TCP, ownIP)
	s.apply(s.lb, create(any), create(sourceNATTo("10.0.0.1:80", resource.TCP, ownIP)), create(sourceNATTo("192.168.1.2:80", resource.TCP, ownIP)))
	s.expect("by direct routing", s.client.Get("http://10.0.0.100/"), "neighbour's page", clientIP)
	s.expect("redirected by somebody", s.client.Get("http://10.0.0.1/"), "other page", clientIP)
	s.expect("routed", s.client.Get("http://192.168.1.2/"), "page", clientIP)

	// The same rule takes what the service masquerades, of every port.
	s.ipvs("-C", "-A -t 10.0.0.100:0 -s rr -p", "-a -t 10.0.0.100:0 -r 192.168.1.2:0 -m")
	s.expect("every port", s.client.Get("http://10.0.0.100:8080/"), "other page", ownIP)
	s.expect("every port", s.client.Get("http://10.0.0.100/"), "page", ownIP)
}

// A source of several addresses is used as such, the client keeps its port, and the web
// server needs no way to the client.
func TestKernelSourceNATTrafficPool(t *testing.T) {
	s := newSite(t)
	s.ipvs("-A -t 10.0.0.100:81 -s rr", "-a -t 10.0.0.100:81 -r 192.168.1.2:8081 -m")
	pool := sourceNATTo("10.0.0.100:81", resource.TCP, ownIP)
	pool.Last = addr("192.168.1.4")
	s.lb.Run("ip", "addr", "add", "192.168.1.4/24", "dev", "lan")
	s.web.Run("ip", "route", "del", "default") // it needs none
	s.apply(s.lb, create(pool))
	listener, err := s.web.Listen("tcp", ":8081")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for range 8 {
		conn, err := s.client.Dial(ctx, "tcp", "10.0.0.100:81")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		served, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer served.Close()
		from, local := netip.MustParseAddrPort(served.RemoteAddr().String()), netip.MustParseAddrPort(conn.LocalAddr().String())
		if a := from.Addr().Unmap(); a.Less(pool.First) || pool.Last.Less(a) || from.Port() != local.Port() {
			t.Errorf("%s is seen as %s", local, from)
		}
	}
}

// Marked packets reach the services of their marks, those of the director itself too, and
// the more specific mark wins in whatever order they came.
func TestKernelMarkTraffic(t *testing.T) {
	s := newSite(t)
	s.ipvs("-A -f 7 -s rr", "-a -f 7 -r 192.168.1.2:0 -m", "-A -f 8 -s rr", "-a -f 8 -r 192.168.1.2:8080 -m",
		"-A -f 7 -6 -s rr", "-a -f 7 -6 -r [fd02::2]:0 -m")
	wide := resource.Mark{To: prefix("10.0.0.96/27"), Protocol: resource.TCP, First: 80, Last: 81, Mark: 8}
	narrow := resource.Mark{To: prefix("10.0.0.101/32"), Protocol: resource.TCP, Mark: 7}
	names := resource.Mark{To: prefix("10.0.0.101/32"), Protocol: resource.UDP, First: 53, Last: 53, Mark: 7}
	v6 := resource.Mark{To: prefix("fd01::101/128"), Mark: 7}
	nat := resource.SourceNAT{Service: resource.MarkService(resource.IPv4, 7), First: ownIP, Last: ownIP}
	if got := s.client.Get("http://10.0.0.101/"); got.Err == nil {
		t.Errorf("without a mark: %s", got)
	}
	for _, order := range [][]resource.Change{{create(wide), create(narrow)}, {create(narrow), create(wide)}} {
		s.apply(s.lb, order[0])
		s.apply(s.lb, order[1], create(names), create(v6))
		s.expect("narrow", s.client.Get("http://10.0.0.101/"), "page", clientIP)
		s.expect("wide", s.client.Get("http://10.0.0.102/"), "other page", clientIP)
		s.expect("wide, other port", s.client.Get("http://10.0.0.102:81/"), "other page", clientIP)
		s.expect("narrow, other port", s.client.Get("http://10.0.0.101:8080/"), "other page", clientIP)
		s.expect("udp", s.client.Datagram("10.0.0.101:53"), "name", clientIP)
		s.expect("IPv6", s.client.Get("http://[fd01::101]/"), "page", clientIP6)
		s.apply(s.lb, create(nat))
		s.expect("with source NAT", s.client.Get("http://10.0.0.101/"), "page", ownIP)
		s.expect("the other mark without", s.client.Get("http://10.0.0.102/"), "other page", clientIP)
		s.expect("from the director", s.lb.Get("http://10.0.0.101/"), "page", ownIP)
		s.apply(s.lb, remove(wide), remove(narrow), remove(names), remove(v6), remove(nat))
	}
	if got := s.client.Get("http://10.0.0.101/"); got.Err == nil {
		t.Errorf("without a mark: %s", got)
	}

	// A mark for everybody's pages, as for a cache, has the web server in it too. The
	// director still reaches that, and not what IPVS would choose.
	s.apply(s.lb, create(resource.Mark{To: prefix("0.0.0.0/0"), Protocol: resource.TCP, First: 80, Last: 80, Mark: 8}))
	s.expect("marked", s.client.Get("http://10.0.0.102/"), "other page", clientIP)
	s.expect("health check", s.lb.Get("http://192.168.1.2/"), "page", addr("192.168.1.1"))

	// Source NAT by mark cannot tell what is only routed.
	s.expect("routed", s.client.Get("http://192.168.1.2/"), "page", clientIP)
	eighth := resource.SourceNAT{Service: resource.MarkService(resource.IPv4, 8), First: ownIP, Last: ownIP}
	s.apply(s.lb, create(eighth))
	s.expect("routed with a mark", s.client.Get("http://192.168.1.2/"), "page", ownIP)
	s.expect("routed without", s.client.Get("http://192.168.1.2:8080/"), "other page", clientIP)
}

// A client sends no larger segments than it was told to, and is told by no other address.
func TestKernelMSSTraffic(t *testing.T) {
	s := newSite(t)
	s.client.Run("sysctl", "-qw", "net.ipv4.tcp_timestamps=0") // they would take their part of a segment
	segments := func(address string) int {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		conn, err := s.client.Dial(ctx, "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return segmentSize(t, conn)
	}
	all := func() string {
		return fmt.Sprint(segments("192.168.1.2:80"), segments("192.168.1.5:80"), segments("[fd02::2]:80"))
	}
	mss := resource.MSS{From: addr("192.168.1.2"), Size: 1200}
	mss6 := resource.MSS{From: addr("fd02::2"), Size: 1210}
	large := mss
	large.Size = 9000
	steps := []struct {
		name    string
		changes []resource.Change
		want    string
	}{
		{"nothing", nil, "1460 1460 1440"},
		{"both families", []resource.Change{create(mss), create(mss6)}, "1200 1460 1210"},
		{"never more", []resource.Change{update(mss, large)}, "1460 1460 1210"},
		{"removed", []resource.Change{remove(large), remove(mss6)}, "1460 1460 1440"},
	}
	for _, step := range steps {
		s.apply(s.web, step.changes...)
		if diff := cmp.Diff(step.want, all()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

// segmentSize is how much the peer of a connection takes in one segment.
func segmentSize(t *testing.T, conn net.Conn) (size int) {
	t.Helper()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if failed := raw.Control(func(fd uintptr) {
		size, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG)
	}); failed != nil || err != nil {
		t.Fatal(failed, err)
	}
	return size
}
