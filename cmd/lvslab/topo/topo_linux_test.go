package topo_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
)

func TestHostsTalk(t *testing.T) {
	n := topo.New(t)
	web := n.Host("web1", topo.NIC("ens33", "lan", "192.168.80.12/24", "fd00:80::12/64"))
	client := n.Host("client", topo.NIC("eth0", "lan", "192.168.80.200/24", "fd00:80::200/64"))
	server := web.Serve(topo.HTTP(":80", "this is web1"))
	web.Serve(topo.UDP(":53", "name"))

	for _, test := range []struct{ server, client string }{
		{"192.168.80.12", "192.168.80.200"},
		{"fd00:80::12", "fd00:80::200"},
	} {
		source := netip.MustParseAddr(test.client)
		want := topo.Response{Body: "this is web1", Source: source, Status: 200}
		compare(t, "get", want, client.Get("http://"+net.JoinHostPort(test.server, "80")+"/"))
		want = topo.Response{Body: "name", Source: source}
		compare(t, "datagram", want, client.Datagram(net.JoinHostPort(test.server, "53")))
	}
	want := []netip.Addr{netip.MustParseAddr("192.168.80.200"), netip.MustParseAddr("fd00:80::200")}
	compare(t, "sources", want, server.Sources())
	server.Stop()
	if got := client.Get("http://192.168.80.12/"); got.Err == nil {
		t.Errorf("get from a stopped server: %v", got)
	}
}

func TestRouted(t *testing.T) {
	n := topo.New(t, topo.Prefix())
	n.Host("router", topo.Forward(),
		topo.NIC("wan", "outside", "10.0.0.1/24", "fd00:1::1/64"), topo.NIC("lan", "inside", "192.168.1.1/24", "fd00:2::1/64"))
	web := n.Host("web", topo.DefaultRoute("192.168.1.1"), topo.DefaultRoute("fd00:2::1"),
		topo.NIC("eth0", "inside", "192.168.1.2/24", "fd00:2::2/64"))
	client := n.Host("client", topo.NIC("eth0", "outside", "10.0.0.9/24", "fd00:1::9/64"),
		topo.Route("192.168.1.0/24", "10.0.0.1"), topo.Route("fd00:2::/64", "fd00:1::1"))
	web.Serve(topo.HTTP(":80", "inside"))
	for url, source := range map[string]string{"http://192.168.1.2/": "10.0.0.9", "http://[fd00:2::2]/": "fd00:1::9"} {
		want := topo.Response{Body: "inside", Source: netip.MustParseAddr(source), Status: 200}
		compare(t, url, want, client.Get(url))
	}
}

// TestDirectRouting sets up direct routing by hand, as a tutorial has it: the
// proof that the kernel under the tests does what the project is about.
func TestDirectRouting(t *testing.T) {
	n := topo.New(t)
	lb := n.Host("lb1", topo.NIC("ens33", "lan", "192.168.80.10/24"))
	client := n.Host("client", topo.NIC("ens33", "lan", "192.168.80.200/24"))
	for i := 1; i <= 2; i++ {
		web := n.Host(fmt.Sprintf("web%d", i), topo.NIC("ens33", "lan", fmt.Sprintf("192.168.80.%d/24", 11+i)))
		web.Serve(topo.HTTP(":80", fmt.Sprintf("this is web%d", i)))
		web.Serve(topo.UDP(":53", fmt.Sprintf("name%d", i)))
		web.Run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
		web.Run("ip", "addr", "add", "192.168.80.188/32", "dev", "lo")
	}
	lb.Run("ip", "addr", "add", "192.168.80.188/32", "dev", "ens33")
	for _, service := range []string{"-t 192.168.80.188:80", "-u 192.168.80.188:53"} {
		_, port, _ := strings.Cut(service, ":")
		ipvsadm(lb, "-A "+service+" -s rr")
		ipvsadm(lb, "-a "+service+" -r 192.168.80.12:"+port+" -g")
		ipvsadm(lb, "-a "+service+" -r 192.168.80.13:"+port+" -g")
	}
	load := client.Load("http://192.168.80.188/", topo.Rate(50))
	time.Sleep(500 * time.Millisecond)
	report := load.Stop()
	one, two := report.Bodies["this is web1"], report.Bodies["this is web2"]
	t.Logf("%d requests: %d and %d", report.Requests, one, two)
	if report.Failed != 0 || one+two != report.Requests || max(one, two)-min(one, two) > 1 || one < 3 {
		t.Errorf("two servers did not take turns: %+v", report)
	}
	compare(t, "sources", map[netip.Addr]int{netip.MustParseAddr("192.168.80.200"): report.Requests}, report.Sources)
	names := map[string]int{}
	for range 4 {
		names[client.Datagram("192.168.80.188:53").String()]++
	}
	compare(t, "names", map[string]int{`"name1" seen from 192.168.80.200`: 2, `"name2" seen from 192.168.80.200`: 2}, names)
}

func ipvsadm(h *topo.Host, words string) { h.Run("ipvsadm", strings.Fields(words)...) }

func TestOwnViews(t *testing.T) {
	n := topo.New(t)
	one := n.Host("one", topo.NIC("eth0", "lan", "10.1.1.1/24"))
	two := n.Host("two", topo.NIC("eth7", "lan", "10.1.1.2/24"))
	for _, dir := range []string{"/", "/etc", "/run", "/var/lib", "/var", "/opt", "/srv", "/mnt"} {
		file := filepath.Join(dir, "lvslab-test")
		one.Run("sh", "-c", "echo mine > "+file)
		if got := one.Run("cat", file); got != "mine\n" {
			t.Errorf("%s is lost: %q", file, got)
		}
		if _, err := two.RunErr("cat", file); err == nil {
			t.Errorf("%s of one host is seen by another", file)
		}
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s of a host is seen by the machine", file)
		}
		one.Inside(func() {
			if text, err := os.ReadFile(file); err != nil || string(text) != "mine\n" {
				t.Errorf("inside: %s is %q, %v", file, text, err)
			}
		})
	}
	compare(t, "interfaces", "/sys/class/net/eth7\n", two.Run("sh", "-c", "ls -d /sys/class/net/eth*"))
	compare(t, "passwd", output(t, "head", "-1", "/etc/passwd"), one.Run("head", "-1", "/etc/passwd"))
	file := filepath.Join(t.TempDir(), "shared")
	one.Run("touch", file)
	if _, err := os.Stat(file); err != nil {
		t.Errorf("a file that is no host's own: %v", err)
	}
}

func TestUsualToolsEnter(t *testing.T) {
	n := topo.New(t)
	h := n.Host("one", topo.NIC("eth0", "lan", "10.1.1.1/24"))
	h.Run("touch", "/etc/lvslab-test")
	want := h.Run("ip", "-br", "addr")
	compare(t, "ip netns exec", want, output(t, "ip", "netns", "exec", "one", "ip", "-br", "addr"))
	words := append(h.Enter(), "sh", "-c", "ip -br addr; ls /etc/lvslab-test")
	compare(t, "nsenter", want+"/etc/lvslab-test\n", output(t, words[0], words[1:]...))
}

// TestSnapshot changes one thing of each sort, and each must show.
func TestSnapshot(t *testing.T) {
	n := topo.New(t)
	output(t, "modprobe", "-a", "ipip", "ip6_tunnel", "fou") // links of their own come with them
	h := n.Host("lb1", topo.NIC("ens33", "lan", "192.168.80.10/24", "fd00::10/64"), topo.DefaultRoute("192.168.80.1"))
	before := h.Snapshot()
	time.Sleep(1100 * time.Millisecond)
	began := time.Now()
	compare(t, "unchanged host", before, h.Snapshot())
	t.Logf("a snapshot has %d lines and takes %v", strings.Count(before, "\n"), time.Since(began))

	var do, undo []string
	for _, change := range snapshotChanges {
		do, undo = append(do, change.do), append(undo, change.undo)
	}
	slices.Reverse(undo)
	restore := "cp -p " + machinePasswd(t) + " /etc/passwd"
	h.Run("sh", "-ec", strings.Join(do, "\n"))
	after := h.Snapshot()
	for _, change := range snapshotChanges {
		if !hasNewLine(before, after, change.key, change.value) {
			t.Errorf("%s: no new line %q with %q", change.do, change.key, change.value)
		}
	}
	if t.Failed() {
		t.Log(cmp.Diff(before, after))
	}
	h.Run("sh", "-ec", strings.Join(append(undo, restore), "\n"))
	compare(t, "all undone", before, h.Snapshot())
}

// hasNewLine tells whether a line with this key and value is in the second snapshot
// alone.
func hasNewLine(before, after, key, value string) bool {
	for line := range strings.Lines(after) {
		if strings.HasPrefix(line, key+" = ") && strings.Contains(line, value) && !strings.Contains(before, line) {
			return true
		}
	}
	return false
}

// snapshotChanges are things to change, and what shows them. Changes to one link do
// not hide each other: each value is looked for.
var snapshotChanges = []struct{ do, undo, key, value string }{
	// Links.
	{"ip link add d0 type dummy", "ip link del d0", "link d0", `"info_kind":"dummy"`},
	{"ip link set ens33 mtu 1400", "ip link set ens33 mtu 1500", "link ens33", `"mtu":1400`},
	{"ip link set ens33 alias x", "ip link set ens33 alias ''", "link ens33", `"ifalias":"x"`},
	{"ip link set tunl0 up", "ip link set tunl0 down", "link tunl0", `"flags":["NOARP","UP","LOWER_UP"]`},
	{"ip link add t0 type ipip remote 10.8.0.1 local 10.8.0.2", "ip link del t0", "link t0", `"remote":"10.8.0.1"`},
	{"ip link add t1 type ipip remote 10.8.0.3 encap gue encap-dport 7777", "ip link del t1", "link t1", `"dport":7777`},
	{"ip link add t6 type ip6tnl remote fd00::8", "ip link del t6", "link t6", `"remote":"fd00::8"`},
	// Addresses, routes, rules.
	{"ip addr add 10.9.9.9/32 dev lo", "ip addr del 10.9.9.9/32 dev lo", "address lo 10.9.9.9 32", ""},
	{"ip -6 addr add fd09::9/128 dev lo", "ip -6 addr del fd09::9/128 dev lo", "address lo fd09::9 128", ""},
	{"ip neigh add 192.168.80.77 lladdr 02:00:00:00:00:77 dev ens33", "ip neigh del 192.168.80.77 dev ens33",
		"neighbour ens33 192.168.80.77", "02:00:00:00:00:77"},
	{"ip route add 10.7.0.0/16 via 192.168.80.1", "ip route del 10.7.0.0/16", "route4 main unicast 10.7.0.0/16 ens33", ""},
	{"ip route add default via 192.168.80.2 table 77", "ip route del default table 77", "route4 77 unicast default ens33", "192.168.80.2"},
	{"ip -6 route add fd07::/64 via fd00::1", "ip -6 route del fd07::/64", "route6 main unicast fd07::/64 ens33", ""},
	{"ip -6 route add local ::/0 dev lo table 78", "ip -6 route del local ::/0 dev lo table 78", "route6 78 local default lo", ""},
	{"ip rule add fwmark 7 table 77", "ip rule del fwmark 7 table 77", "rule4 32765", `"fwmark":"0x7"`},
	{"ip -6 rule add from fd00::10 table 78 pref 900", "ip -6 rule del pref 900", "rule6 900", `"src":"fd00::10"`},
	// Ports that take packets out of UDP.
	{"ip fou add port 5555 ipproto 4", "ip fou del port 5555", "fou", "port 5555 ipproto 4"},
	{"ip -6 fou add port 5556 gue", "ip -6 fou del port 5556", "fou", "port 5556 gue -6"},
	// Kernel parameters: of IPVS, of every link, of the host.
	{"sysctl -qw net.ipv4.vs.conntrack=1", "sysctl -qw net.ipv4.vs.conntrack=0", "sysctl net/ipv4/vs/conntrack", "1"},
	{"sysctl -qw net.ipv4.conf.lo.arp_ignore=1", "sysctl -qw net.ipv4.conf.lo.arp_ignore=0", "sysctl net/ipv4/conf/lo/arp_ignore", "1"},
	{"sysctl -qw net.ipv4.conf.tunl0.rp_filter=2", "sysctl -qw net.ipv4.conf.tunl0.rp_filter=0", "sysctl net/ipv4/conf/tunl0/rp_filter", "2"},
	{"sysctl -qw net.ipv4.neigh.ens33.mcast_solicit=9", "sysctl -qw net.ipv4.neigh.ens33.mcast_solicit=3",
		"sysctl net/ipv4/neigh/ens33/mcast_solicit", "9"},
	{"sysctl -qw net.ipv4.icmp_ratelimit=500", "sysctl -qw net.ipv4.icmp_ratelimit=1000", "sysctl net/ipv4/icmp_ratelimit", "500"},
	{"sysctl -qw net.ipv6.conf.ens33.hop_limit=9", "sysctl -qw net.ipv6.conf.ens33.hop_limit=64", "sysctl net/ipv6/conf/ens33/hop_limit", "9"},
	{"sysctl -qw net.ipv6.icmp.ratelimit=500", "sysctl -qw net.ipv6.icmp.ratelimit=1000", "sysctl net/ipv6/icmp/ratelimit", "500"},
	{"sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0", "sysctl -qw net.netfilter.nf_conntrack_tcp_loose=1",
		"sysctl net/netfilter/nf_conntrack_tcp_loose", "0"},
	// IPVS.
	{"ipvsadm -A -t 10.9.9.9:80 -s wlc", "ipvsadm -D -t 10.9.9.9:80", "ipvs", "-A -t 10.9.9.9:80 -s wlc"},
	{"ipvsadm -A -f 7 -6 -s rr -p 9", "ipvsadm -D -f 7 -6", "ipvs", "-A -f 7 -6 -s rr -p 9"},
	{"ipvsadm -a -t 10.9.9.9:80 -r 10.9.9.8 -i --tun-type gue --tun-port 7777", "ipvsadm -d -t 10.9.9.9:80 -r 10.9.9.8",
		"ipvs", "-a -t 10.9.9.9:80 -r 10.9.9.8:80 -i -w 1 --tun-type gue --tun-port 7777"},
	{"ipvsadm -a -t 10.9.9.9:80 -r 10.9.9.7 -g -x 9 -y 8", "ipvsadm -d -t 10.9.9.9:80 -r 10.9.9.7",
		"ipvs threshold TCP 10.9.9.9:80 10.9.9.7:80", "upper 9, lower 8"},
	{"ipvsadm --set 901 121 301", "ipvsadm --set 900 120 300", "ipvs timeout", "901 121 301"},
	{"ipvsadm --start-daemon master --mcast-interface lo --syncid 7", "ipvsadm --stop-daemon master", "ipvs daemon", "syncid=7"},
	// Filters, mounts, files.
	{"nft add table ip t", "nft delete table ip t", "nft", "table ip t {"},
	{"mkdir /etc/lvslab-test", "rmdir /etc/lvslab-test", "file /etc/lvslab-test", "drwxr-xr-x"},
	{"rm /etc/passwd", "true", "file /etc/passwd", "removed"},
	{"chown 7:8 /etc/hosts", "chown 0:0 /etc/hosts", "file /etc/hosts", " 7:8 "},
	{"mkdir -p /opt/kgc; echo kgc >/opt/kgc/index.html", "rm -r /opt/kgc", "file /opt/kgc/index.html", "-rw-r--r-- 0:0 sha256:"},
	{"echo '/opt/kgc\t*(ro)' >/var/lib/nfs/etab", ">/var/lib/nfs/etab", "export", "/opt/kgc"},
	{"mount -t tmpfs lvslab-test /mnt", "umount /mnt", "mount /mnt", "tmpfs lvslab-test"},
}

// machinePasswd is a copy that a host can restore its own from.
func machinePasswd(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "passwd")
	output(t, "cp", "-p", "/etc/passwd", file)
	return file
}

func TestRunTellsWhatFailed(t *testing.T) {
	n := topo.New(t)
	h := n.Host("one")
	_, err := h.RunErr("sh", "-c", "echo out; echo err >&2; exit 3")
	var failed *topo.CommandError
	if !errors.As(err, &failed) || failed.Code != 3 || failed.Stdout != "out\n" || failed.Stderr != "err\n" {
		t.Errorf("got %#v", err)
	}
	if got, err := h.RunInput("hello", "cat"); got != "hello" || err != nil {
		t.Errorf("input: got %q, %v", got, err)
	}
	p := h.Start("sh", "-c", "echo started; sleep 100")
	for deadline := time.Now().Add(10 * time.Second); p.Output() != "started\n"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("background process printed %q", p.Output())
		}
	}
}

// TestTakenDown makes the same hosts twice, with a daemon and a connection in the
// first, and expects nothing of them afterwards.
func TestTakenDown(t *testing.T) {
	for range 2 {
		t.Run("topology", func(t *testing.T) {
			n := topo.New(t)
			h := n.Host("gone", topo.NIC("eth0", "lan", "10.1.1.1/24"))
			h.Run("sh", "-c", "sleep 98765 >/dev/null 2>&1 &")
			h.Serve(topo.HTTP(":80", "x"))
			conn, err := h.Dial(context.Background(), "tcp", "10.1.1.1:80")
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
		})
	}
	for _, pin := range []string{"/run/netns/gone", "/run/netns/lvslab-lan", "/run/mntns/gone"} {
		if _, err := os.Lstat(pin); err == nil {
			t.Errorf("left over: %s", pin)
		}
	}
	if out, err := exec.Command("pgrep", "-f", "^sleep 98765").Output(); err == nil {
		t.Errorf("a process is left over: %s", out)
	}
}

// TestReplacesLeftOvers finds the pins of a run that was killed.
func TestReplacesLeftOvers(t *testing.T) {
	n := topo.New(t)
	output(t, "ip", "netns", "add", "stale")
	output(t, "ip", "netns", "exec", "stale", "ip", "link", "add", "old0", "type", "dummy")
	h := n.Host("stale", topo.NIC("eth0", "lan", "10.1.1.1/24"))
	if got := h.Run("ls", "/sys/class/net"); strings.Contains(got, "old0") {
		t.Errorf("the host has an interface from before:\n%s", got)
	}
}

// TestDoRestoresThread runs many short visits and looks at where they end.
func TestDoRestoresThread(t *testing.T) {
	n := topo.New(t)
	one, two := n.Host("one"), n.Host("two")
	here := network(t)
	one.Do(func() {
		outer := network(t)
		two.Do(func() {
			if network(t) == outer || network(t) == here {
				t.Error("not in the host's network")
			}
		})
		if network(t) != outer {
			t.Error("a visit from one host to another does not lead back")
		}
	})
	if network(t) != here {
		t.Error("a visit does not lead back")
	}
}

func network(t *testing.T) string {
	t.Helper()
	link, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// compare fails the test when got is not what was wanted.
func compare[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	same := cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// output runs a command on the machine.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
