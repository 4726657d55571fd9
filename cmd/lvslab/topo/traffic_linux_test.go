package topo_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
)

func TestFrom(t *testing.T) {
	n := topo.New(t)
	web := n.Host("web1", topo.NIC("ens33", "lan", "192.168.80.12/24", "fd00:80::12/64"))
	client := n.Host("client", topo.NIC("ens33", "lan", "192.168.80.200/24", "192.168.80.201/24", "fd00:80::200/64", "fd00:80::201/64"))
	web.Serve(topo.HTTP(":80", "page"))
	web.Serve(topo.UDP(":53", "name"))
	for _, test := range []struct{ server, source string }{
		{"192.168.80.12", "192.168.80.201:0"},
		{"192.168.80.12", "192.168.80.201:4001"},
		{"192.168.80.12", "192.168.80.201:4001"}, // again, at once
		{"[fd00:80::12]", "[fd00:80::201]:0"},
		{"[fd00:80::12]", "[fd00:80::201]:4001"},
	} {
		source := netip.MustParseAddrPort(test.source)
		want := topo.Response{Body: "page", Source: source.Addr(), Status: 200}
		compare(t, "get from "+test.source, want, client.Get("http://"+test.server+"/", topo.From(source)))
		want = topo.Response{Body: "name", Source: source.Addr()}
		compare(t, "datagram from "+test.source, want, client.Datagram(test.server+":53", topo.From(source)))
	}
	if got := client.Get("http://192.168.80.12/", topo.From(netip.MustParseAddrPort("192.168.80.99:0"))); got.Err == nil {
		t.Errorf("from an address that the client has not: %s", got)
	}
}

func TestTransfer(t *testing.T) {
	n := topo.New(t)
	web := n.Host("web1", topo.NIC("ens33", "lan", "192.168.80.12/24", "fd00:80::12/64"))
	client := n.Host("client", topo.NIC("ens33", "lan", "192.168.80.200/24", "fd00:80::200/64"))
	server := web.Serve(topo.Echo(":7"))
	web.Serve(topo.HTTP(":80", "no echo"))
	for _, addr := range []string{"192.168.80.12:7", "[fd00:80::12]:7"} {
		for _, size := range []int{0, 1, 1 << 20} {
			if err := client.Transfer(addr, size); err != nil {
				t.Errorf("%d bytes to %s: %v", size, addr, err)
			}
		}
	}
	compare(t, "connections", 6, len(server.Sources()))
	if err := client.Transfer("192.168.80.12:80", 100); err == nil || !strings.Contains(err.Error(), "different from byte 0 on") {
		t.Errorf("transfer to a web server: %v", err)
	}
	server.Stop()
	if err := client.Transfer("192.168.80.12:7", 1); err == nil {
		t.Error("transfer to a stopped server")
	}
}

// TestNothingAboveMTU lets the server count what is larger than the MTU, as it comes
// in. Without the lab's care it would be nearly everything.
func TestNothingAboveMTU(t *testing.T) {
	n := topo.New(t)
	n.SegmentMTU("jumbo", 9000)
	web := n.Host("web1", topo.NIC("ens33", "lan", "192.168.80.12/24"), topo.NIC("ens36", "jumbo", "10.0.0.12/24"))
	client := n.Host("client", topo.NIC("ens33", "lan", "192.168.80.200/24"), topo.NIC("ens36", "jumbo", "10.0.0.200/24"))
	web.Serve(topo.Echo(":7"))
	web.Run("nft", `add table ip count; add chain ip count in { type filter hook prerouting priority 0; };
		add rule ip count in ip length > 9000 counter comment "giant";
		add rule ip count in ip length 1501-9000 counter comment "jumbo";`)
	counted := func(name string) bool {
		rules := web.Run("nft", "list", "chain", "ip", "count", "in")
		return !strings.Contains(rules, `counter packets 0 bytes 0 comment "`+name+`"`)
	}
	for _, test := range []struct {
		addr         string
		jumbo, giant bool
	}{{"192.168.80.12:7", false, false}, {"10.0.0.12:7", true, false}} {
		if err := client.Transfer(test.addr, 1<<20); err != nil {
			t.Error(err)
		}
		if counted("jumbo") != test.jumbo || counted("giant") != test.giant {
			t.Errorf("to %s: want jumbo %v, giant %v:\n%s", test.addr, test.jumbo, test.giant, web.Run("nft", "list", "ruleset"))
		}
	}
	client.Run("ip", "link", "set", "ens33", "gso_max_segs", "64") // what a veth does by default
	if err := client.Transfer("192.168.80.12:7", 1<<20); err != nil || !counted("giant") {
		t.Errorf("packets are not larger where nothing keeps them small: %v", err)
	}
}

// TestSmallMTUOnTheWay has a router that cannot pass on what both ends send, and says
// so, or does not.
func TestSmallMTUOnTheWay(t *testing.T) {
	n := topo.New(t)
	n.SegmentMTU("narrow", 1400)
	router := n.Host("router", topo.Forward(), topo.NIC("wan", "outside", "10.0.0.1/24"), topo.NIC("lan", "narrow", "192.168.1.1/24"))
	web := n.Host("web", topo.DefaultRoute("192.168.2.1"), topo.NIC("eth0", "inside", "192.168.2.2/24"))
	n.Host("middle", topo.Forward(), topo.DefaultRoute("192.168.1.1"),
		topo.NIC("wan", "narrow", "192.168.1.2/24"), topo.NIC("lan", "inside", "192.168.2.1/24"))
	client := n.Host("client", topo.NIC("eth0", "outside", "10.0.0.9/24"), topo.Route("192.168.2.0/24", "10.0.0.1"))
	router.Run("ip", "route", "add", "192.168.2.0/24", "via", "192.168.1.2")
	web.Serve(topo.Echo(":7"))

	router.Run("nft", `add table ip quiet; add chain ip quiet out { type filter hook output priority 0; };
		add rule ip quiet out icmp type destination-unreachable drop;`)
	if err := client.Transfer("192.168.2.2:7", 1<<20, topo.Timeout(2*time.Second)); err == nil {
		t.Error("a transfer passes a router that drops large packets")
	}
	if err := client.Transfer("192.168.2.2:7", 1000); err != nil {
		t.Errorf("small packets: %v", err)
	}
	router.Run("nft", "flush", "ruleset")
	if err := client.Transfer("192.168.2.2:7", 1<<20); err != nil {
		t.Errorf("a router that says what it cannot pass on: %v", err)
	}
}

// TestAnswerFromElsewhere has a server that answers by another address or port than it
// was asked at: the client must not take that for an answer.
func TestAnswerFromElsewhere(t *testing.T) {
	n := topo.New(t)
	web := n.Host("web1", topo.NIC("ens33", "lan", "192.168.80.12/24", "192.168.80.13/24"))
	client := n.Host("client", topo.NIC("ens33", "lan", "192.168.80.200/24"))
	for _, test := range []struct {
		asked, answers string
		heard          bool
	}{
		{"192.168.80.12:53", "192.168.80.12:53", true},
		{"192.168.80.12:54", "192.168.80.13:54", false},
		{"192.168.80.12:55", "192.168.80.12:56", false},
	} {
		asked := listenPacket(t, web, test.asked)
		answers := asked
		if test.answers != test.asked {
			answers = listenPacket(t, web, test.answers)
		}
		go func() {
			if _, from, err := asked.ReadFrom(make([]byte, 100)); err == nil {
				answers.WriteTo([]byte("name 192.168.80.200\n"), from)
			}
		}()
		got := client.Datagram(test.asked, topo.Timeout(time.Second))
		if heard := got.Err == nil; heard != test.heard {
			t.Errorf("asked %s, answered by %s: %s", test.asked, test.answers, got)
		}
	}
}

func listenPacket(t *testing.T, h *topo.Host, addr string) (conn net.PacketConn) {
	t.Helper()
	var err error
	h.Do(func() { conn, err = net.ListenPacket("udp", addr) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
