package ipvs

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// TestKernelCounters sends a datagram through a service and looks at what is left of it
// after edits and after zeroing.
func TestKernelCounters(t *testing.T) {
	c := namespace(t)
	run(t, "ip", "addr", "add", vip4+"/32", "dev", "lo")
	dns := resource.AddrService(resource.UDP, netip.MustParseAddr(vip4), 53)
	d := server(dns, "127.0.0.1", 53, resource.ForwardMasquerade)
	apply(t, c, Op{Add, simple(dns, "rr")}, Op{Add, d})
	conn, err := net.Dial("udp", vip4+":53")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	stats := func() string { return run(t, "ipvsadm", "-Ln", "--stats") }
	counted := regexp.MustCompile(`-> 127\.0\.0\.1:53 +1 +1 `)
	for deadline := time.Now().Add(10 * time.Second); !counted.MatchString(stats()); {
		if time.Now().After(deadline) { // the kernel adds its counters up every two seconds
			t.Fatalf("the datagram was not counted:\n%s", stats())
		}
		time.Sleep(100 * time.Millisecond)
	}
	d.Weight = 5
	apply(t, c, Op{Edit, d})
	list, err := c.Destinations(dns)
	if want := (resource.Connections{Inactive: 1}); err != nil || len(list) != 1 || list[0].Connections != want || list[0].Weight != 5 {
		t.Errorf("got %+v, %v, want %+v", list, err, want)
	}
	if table, err := c.Table(); err != nil || len(table) != 1 {
		t.Errorf("services: %+v, %v", table, err)
	} else if s := table[0].Stats; s.Connections != 1 || s.PacketsIn != 1 || s.BytesIn != 20+8+5 {
		t.Errorf("counters %+v, want one datagram of 33 bytes", s)
	}
	if out := stats(); !counted.MatchString(out) {
		t.Errorf("counters did not survive the edit:\n%s", out)
	}
	if err := c.Zero(dns); err != nil {
		t.Error(err)
	}
	if out := stats(); counted.MatchString(out) {
		t.Errorf("counters were not reset:\n%s", out)
	}
	if err := c.Zero(web); !errors.Is(err, ErrNoService) {
		t.Errorf("zero no service: %v", err)
	}
	if err := c.ZeroAll(); err != nil {
		t.Error(err)
	}
}

func TestKernelTimeouts(t *testing.T) {
	c := namespace(t)
	for _, test := range []struct {
		set, want Timeouts
		show      string
	}{
		{Timeouts{}, Timeouts{TCP: 900, TCPFin: 120, UDP: 300}, "900 120 300"},
		{Timeouts{TCP: 1000, UDP: 30}, Timeouts{TCP: 1000, TCPFin: 120, UDP: 30}, "1000 120 30"},
		{Timeouts{TCPFin: 7}, Timeouts{TCP: 1000, TCPFin: 7, UDP: 30}, "1000 7 30"},
	} {
		if err := c.SetTimeouts(test.set); err != nil {
			t.Fatal(err)
		}
		got, err := c.Timeouts()
		if err != nil || got != test.want {
			t.Errorf("got %+v, %v, want %+v", got, err, test.want)
		}
		if out := run(t, "ipvsadm", "-L", "--timeout"); !strings.Contains(out, test.show) {
			t.Errorf("ipvsadm says %q, want %q", out, test.show)
		}
	}
	if err := c.SetTimeouts(Timeouts{TCP: 1 << 31}); !errors.Is(err, ErrInvalid) {
		t.Errorf("excessive timeout: %v", err)
	}
}

func TestKernelDaemons(t *testing.T) {
	c := namespace(t)
	run(t, "ip", "link", "add", "sync0", "type", "dummy")
	run(t, "ip", "addr", "add", "192.0.2.9/24", "dev", "sync0")
	run(t, "ip", "link", "set", "sync0", "up")
	master := resource.SyncDaemon{Role: resource.SyncMaster, Interface: "sync0", ID: 7, MaxLen: 1000, Group: netip.MustParseAddr("239.0.0.5"), Port: 9000, TTL: 3}
	for _, d := range []resource.SyncDaemon{master, {Role: resource.SyncBackup, Interface: "sync0"}} {
		if err := c.StartDaemon(d); err != nil {
			t.Fatal(err)
		}
		if err := c.StartDaemon(d); !errors.Is(err, ErrExist) {
			t.Errorf("start again: %v", err)
		}
	}
	backup := resource.SyncDaemon{Role: resource.SyncBackup, Interface: "sync0", Group: netip.MustParseAddr("224.0.0.81"), Port: 8848, TTL: 1}
	got, err := c.Daemons()
	if len(got) == 2 {
		backup.MaxLen = got[1].MaxLen // by the MTU
	}
	if diff := cmp.Diff([]resource.SyncDaemon{master, backup}, got, compareAddrs); err != nil || diff != "" {
		t.Errorf("error %v, daemons (-want +got):\n%s", err, diff)
	}
	out := run(t, "ipvsadm", "-L", "--daemon")
	t.Log(out)
	for _, word := range []string{"master sync daemon", "backup sync daemon", "sync0", "syncid=7", "maxlen=1000", "239.0.0.5", "9000"} {
		if !strings.Contains(out, word) {
			t.Errorf("ipvsadm does not say %q", word)
		}
	}
	apply(t, c, Op{Add, simple(web, "rr")})
	fails(t, c, ErrInvalid, Op{Add, server(web, rip6, 80, resource.ForwardTunnel)}) // another family while they run
	for _, role := range []resource.SyncRole{resource.SyncMaster, resource.SyncBackup} {
		if err := c.StopDaemon(role); err != nil {
			t.Error(err)
		}
		if err := c.StopDaemon(role); !errors.Is(err, ErrNoDaemon) {
			t.Errorf("stop again: %v", err)
		}
	}
	if err := c.StartDaemon(resource.SyncDaemon{Role: resource.SyncMaster, Interface: "none0"}); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("start without interface: %v", err)
	}
	if got, err := c.Daemons(); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestKernelPermission asks without CAP_NET_ADMIN.
func TestKernelPermission(t *testing.T) {
	c := namespace(t)
	var caps [2]unix.CapUserData // none
	if err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &caps[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Services(); !errors.Is(err, ErrPermission) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("services: %v", err)
	}
	fails(t, c, ErrPermission, Op{Add, simple(web, "rr")})
}
