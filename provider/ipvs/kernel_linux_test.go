package ipvs

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// namespace puts the test into a network namespace of its own and connects to the IPVS
// in it. The test's goroutine keeps its thread, and the thread dies with it, so nothing
// has to be undone; goroutines and subtests that the test starts are elsewhere.
//
// Without root and IPVS the test is skipped, but not in the lab (LVSLAB=1), which is
// there to run it.
func namespace(t testing.TB) *Client {
	t.Helper()
	giveUp := t.Fatalf
	if os.Getenv("LVSLAB") != "1" {
		giveUp = func(format string, args ...any) {
			t.Helper()
			t.Skipf("NOT TESTED AGAINST A KERNEL, use go test -exec 'lvslab run': "+format, args...)
		}
	}
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		giveUp("unshare: %v", err)
	}
	// Before the first address there is no table of local addresses, and the kernel then
	// takes every IPv4 destination for a broadcast address.
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		giveUp("set lo up: %v\n%s", err, out)
	}
	c, err := New()
	if err != nil {
		giveUp("%v", err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := c.Info(); err != nil {
		giveUp("%v", err)
	}
	return c
}

// apply applies operations that all have to succeed.
func apply(t testing.TB, c *Client, ops ...Op) {
	t.Helper()
	attempted, failures := c.Apply(ops)
	for _, f := range failures[:min(len(failures), 5)] {
		t.Errorf("%v %v: %v", ops[f.Index].Verb, ops[f.Index].Object, f.Err)
	}
	if attempted != len(ops) || len(failures) > 0 {
		t.Fatalf("attempted %d of %d, %d failed", attempted, len(ops), len(failures))
	}
}

// fails applies operations of which the last one, and no other, has to fail.
func fails(t *testing.T, c *Client, want error, ops ...Op) {
	t.Helper()
	last := ops[len(ops)-1]
	_, failures := c.Apply(ops)
	if len(failures) != 1 || failures[0].Index != len(ops)-1 || !errors.Is(failures[0].Err, want) {
		t.Errorf("%v %v: %v, want %v", last.Verb, last.Object, failures, want)
		return
	}
	t.Logf("%v %v: %v", last.Verb, last.Object, failures[0].Err)
}

// simple is a service without options.
func simple(key resource.ServiceKey, scheduler string) resource.Service {
	return resource.Service{ServiceKey: key, Scheduler: scheduler, Netmask: resource.FullNetmask(key.Family)}
}

// server is a destination without options.
func server(key resource.ServiceKey, addr string, port uint16, method resource.Forward) resource.Destination {
	return resource.Destination{Service: key, Addr: netip.MustParseAddr(addr), Port: port, Forward: method, Weight: 1}
}

func TestKernelInfo(t *testing.T) {
	c := namespace(t)
	info, err := c.Info()
	if err != nil || info.Version != "1.2.1" || info.ConnTableSize < 256 {
		t.Errorf("got %+v, %v", info, err)
	}
}

func TestKernelLifeOfAService(t *testing.T) {
	c := namespace(t)
	s, d := simple(web, "rr"), server(web, rip4, 80, resource.ForwardDirect)
	apply(t, c, Op{Add, s}, Op{Add, d})
	expect(t, "-A -t 192.0.2.1:80 -s rr", "-a -t 192.0.2.1:80 -r 10.0.0.2:80 -g -w 1")

	s.Scheduler, s.Flags, s.Timeout, s.Netmask = "sh", resource.FlagPersistent|resource.FlagSched1|resource.FlagSched2, 300, 0xffffff00
	d.Forward, d.Weight, d.UpperThreshold, d.LowerThreshold = resource.ForwardMasquerade, 0, 100, 50
	apply(t, c, Op{Edit, s}, Op{Edit, d})
	expect(t, "-A -t 192.0.2.1:80 -s sh -p 300 -M 255.255.255.0 -b sh-fallback,sh-port",
		"-a -t 192.0.2.1:80 -r 10.0.0.2:80 -m -w 0")
	expectThresholds(t, []Op{{Add, d}})

	s = simple(web, "wlc") // flags can be cleared
	apply(t, c, Op{Edit, s})
	got, err := c.Services()
	if diff := cmp.Diff([]resource.Service{s}, got, compareAddrs); err != nil || diff != "" {
		t.Errorf("error %v, services (-want +got):\n%s", err, diff)
	}
	apply(t, c, Op{Delete, d})
	expect(t, "-A -t 192.0.2.1:80 -s wlc")
	apply(t, c, Op{Delete, s})
	expect(t)
}

func TestKernelServices(t *testing.T) {
	v6 := netip.MustParseAddr(vip6)
	udp := resource.AddrService(resource.UDP, netip.MustParseAddr(vip4), 5060)
	tests := []struct {
		service resource.Service
		want    string
	}{
		{simple(resource.AddrService(resource.SCTP, v6, 9), "rr"), "-A --sctp-service [2001:db8::1]:9 -s rr"},
		{simple(resource.MarkService(resource.IPv4, 7), "wrr"), "-A -f 7 -s wrr"},
		{simple(resource.MarkService(resource.IPv6, 7), "wrr"), "-A -f 7 -6 -s wrr"},
		{resource.Service{ServiceKey: udp, Scheduler: "rr", Flags: resource.FlagPersistent | resource.FlagOnePacket, Timeout: 60, Netmask: 0xfffffffe, Engine: "sip"},
			"-A -u 192.0.2.1:5060 -s rr -p 60 -M 255.255.255.254 --pe sip -o"},
		{resource.Service{ServiceKey: resource.AddrService(resource.TCP, v6, 0), Scheduler: "mh", Flags: resource.FlagPersistent | resource.FlagSched1, Timeout: 1, Netmask: 64},
			"-A -t [2001:db8::1]:0 -s mh -p 1 -M 64 -b mh-fallback"},
		{simple(web, "none"), "-A -t 192.0.2.1:80 -s none"},
	}
	c := namespace(t)
	for _, test := range tests {
		apply(t, c, Op{Add, test.service})
		expect(t, test.want)
		got, err := c.Services()
		if err != nil || len(got) != 1 || got[0] != test.service {
			t.Errorf("got %+v, %v, want %+v", got, err, test.service)
		}
		apply(t, c, Op{Delete, test.service})
	}
}

func TestKernelSchedulers(t *testing.T) {
	c := namespace(t)
	names, err := AvailableSchedulers(release(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("schedulers: %v", names)
	for _, name := range Schedulers {
		op := Op{Add, simple(web, name)}
		if !slices.Contains(names, name) {
			fails(t, c, ErrNoScheduler, op)
			continue
		}
		apply(t, c, op)
		expect(t, "-A -t 192.0.2.1:80 -s "+name)
		apply(t, c, Op{Delete, op.Object})
	}
}

// release is the running kernel's.
func release(t *testing.T) string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	return unix.ByteSliceToString(name.Release[:])
}

func TestKernelDestinations(t *testing.T) {
	c := namespace(t)
	v6 := resource.AddrService(resource.UDP, netip.MustParseAddr(vip6), 53)
	mark := resource.MarkService(resource.IPv6, 1)
	gue := server(web, "10.0.0.4", 80, resource.ForwardTunnel)
	gue.TunnelType, gue.TunnelPort, gue.TunnelFlags = resource.TunnelGUE, 6080, resource.TunnelRemoteChecksum
	gre := server(v6, "2001:db8::5", 53, resource.ForwardTunnel)
	gre.TunnelType, gre.TunnelFlags, gre.Weight = resource.TunnelGRE, resource.TunnelChecksum, 1<<31-1
	apply(t, c,
		Op{Add, simple(web, "rr")}, Op{Add, simple(v6, "rr")}, Op{Add, simple(mark, "rr")},
		Op{Add, server(web, "10.0.0.2", 80, resource.ForwardDirect)},
		Op{Add, server(web, "10.0.0.3", 8080, resource.ForwardMasquerade)},
		Op{Add, gue}, Op{Add, gre},
		Op{Add, server(web, "2001:db8::6", 80, resource.ForwardTunnel)}, // of another family
		Op{Add, server(mark, "2001:db8::7", 0, resource.ForwardDirect)},
		Op{Add, server(web, "10.0.0.8", 80, resource.ForwardLocal)},
		Op{Add, server(web, "10.0.0.9", 80, resource.ForwardBypass)},
	)
	want := []string{
		"-A -t 192.0.2.1:80 -s rr",
		"-A -u [2001:db8::1]:53 -s rr",
		"-A -f 1 -6 -s rr",
		"-a -t 192.0.2.1:80 -r 10.0.0.2:80 -g -w 1",
		"-a -t 192.0.2.1:80 -r 10.0.0.3:8080 -m -w 1",
		"-a -t 192.0.2.1:80 -r 10.0.0.4:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum",
		"-a -u [2001:db8::1]:53 -r [2001:db8::5]:53 -i -w 2147483647 --tun-type gre --tun-csum",
		"-a -t 192.0.2.1:80 -r [2001:db8::6]:80 -i -w 1 --tun-type ipip",
		"-a -f 1 -6 -r [2001:db8::7]:0 -g -w 1",
	}
	// ipvsadm has no words for the last two.
	got := slices.DeleteFunc(saved(t), func(s string) bool { return strings.Contains(s, "10.0.0.8") || strings.Contains(s, "10.0.0.9") })
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ipvsadm -Sn (-want +got):\n%s", diff)
	}
	list, err := c.Destinations(web)
	if err != nil || len(list) != 6 {
		t.Fatalf("got %v, %v", list, err)
	}
	if missing, err := c.Destinations(resource.MarkService(resource.IPv4, 99)); err != nil || len(missing) != 0 {
		t.Errorf("destinations of a service that is not there: %v, %v", missing, err)
	}
}

// TestKernelRandom applies random services, of the schedulers that are there, and reads
// them back.
func TestKernelRandom(t *testing.T) {
	c := namespace(t)
	names, err := AvailableSchedulers(release(t))
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(3) {
		var ops []Op
		want := make(resource.Set)
		for _, e := range table(100+seed, 100) {
			if !slices.Contains(names, e.Service.Scheduler) {
				e.Service.Scheduler = "rr"
			}
			ops = append(ops, Op{Add, e.Service})
			for _, d := range e.Destinations {
				ops = append(ops, Op{Add, d.Destination})
			}
		}
		for _, op := range ops {
			want.Add(op.Object)
		}
		apply(t, c, ops...)
		expect(t, lines(ops)...)
		expectThresholds(t, ops)
		if diff := cmp.Diff(want, readSet(t, c), compareAddrs); diff != "" {
			t.Errorf("seed %d: table (-want +got):\n%s", seed, diff)
		}
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		expect(t)
	}
}

// readSet reads the table as a set.
func readSet(t testing.TB, c *Client) resource.Set {
	t.Helper()
	entries, err := c.Table()
	if err != nil {
		t.Fatal(err)
	}
	set := make(resource.Set)
	for _, e := range entries {
		set.Add(e.Service)
		for _, d := range e.Destinations {
			set.Add(d.Destination)
		}
	}
	return set
}

func TestKernelErrors(t *testing.T) {
	c := namespace(t)
	s, d := simple(web, "rr"), server(web, rip4, 80, resource.ForwardDirect)
	other := resource.MarkService(resource.IPv4, 1)
	apply(t, c, Op{Add, s}, Op{Add, d})
	with := func(change func(*resource.Destination)) resource.Destination {
		d := server(web, "10.0.0.3", 80, resource.ForwardTunnel)
		change(&d)
		return d
	}
	v6 := simple(resource.AddrService(resource.TCP, netip.MustParseAddr(vip6), 80), "rr")
	v6.Netmask = 129
	tests := []struct {
		name string
		op   Op
		want error
	}{
		{"service there", Op{Add, s}, ErrExist},
		{"service there, by class", Op{Add, s}, fs.ErrExist},
		{"destination there", Op{Add, d}, ErrExist},
		{"edit no service", Op{Edit, simple(other, "rr")}, ErrNoService},
		{"delete no service", Op{Delete, simple(other, "rr")}, ErrNoService},
		{"destination of no service", Op{Add, server(other, rip4, 0, resource.ForwardDirect)}, ErrNoService},
		{"edit no destination", Op{Edit, server(web, "10.0.0.3", 80, resource.ForwardDirect)}, ErrNoDestination},
		{"delete no destination", Op{Delete, server(web, "10.0.0.3", 80, resource.ForwardDirect)}, ErrNoDestination},
		{"unknown scheduler", Op{Add, simple(other, "best")}, ErrNoScheduler},
		{"edit to unknown scheduler", Op{Edit, simple(web, "best")}, ErrNoScheduler},
		{"long scheduler", Op{Add, simple(other, "a-scheduler-of-the-future")}, ErrInvalid},
		{"unknown engine", Op{Add, func() resource.Service { s := simple(other, "rr"); s.Engine = "diesel"; return s }()}, ErrNoScheduler},
		{"prefix length", Op{Add, v6}, ErrInvalid},
		{"lower threshold alone", Op{Add, with(func(d *resource.Destination) { d.LowerThreshold = 1 })}, ErrRange},
		{"thresholds swapped", Op{Add, with(func(d *resource.Destination) { d.LowerThreshold, d.UpperThreshold = 2, 1 })}, ErrRange},
		{"weight", Op{Add, with(func(d *resource.Destination) { d.Weight = 1 << 31 })}, ErrRange},
		{"GUE without port", Op{Add, with(func(d *resource.Destination) { d.TunnelType = resource.TunnelGUE })}, ErrInvalid},
		{"multicast", Op{Add, server(web, "224.0.0.1", 80, resource.ForwardDirect)}, ErrInvalid},
		{"family without tunnel", Op{Add, server(web, rip6, 80, resource.ForwardDirect)}, ErrInvalid},
	}
	before := saved(t)
	for _, test := range tests {
		t.Log(test.name)
		fails(t, c, test.want, test.op)
	}
	expect(t, before...)
}

func TestKernelFailureInTheMiddle(t *testing.T) {
	c := namespace(t)
	ops := []Op{{Add, simple(web, "rr")}}
	g := newGenerator(21)
	for len(ops) < 500 {
		ops = append(ops, Op{Add, g.destination(web)})
	}
	bad := ops[200].Object.(resource.Destination)
	bad.Weight = 1 << 31
	ops[200].Object = bad
	attempted, failures := c.Apply(ops)
	if attempted != 256 || !slices.Equal(indexes(failures), []int{200}) || !errors.Is(failures[0].Err, ErrRange) {
		t.Errorf("attempted %d, failures %v", attempted, failures)
	}
	done := slices.Delete(slices.Clone(ops[:256]), 200, 201)
	expect(t, lines(done)...)
	expectThresholds(t, done)
}

// TestKernelWholeBatchFails has the kernel answer every message of a batch.
func TestKernelWholeBatchFails(t *testing.T) {
	c := namespace(t)
	attempted, failures := c.Apply(addDestinations(1000))
	if attempted != batchSize || len(failures) != batchSize {
		t.Fatalf("attempted %d, %d failures", attempted, len(failures))
	}
	for i, f := range failures {
		if f.Index != i || !errors.Is(f.Err, ErrNoService) {
			t.Errorf("failure %d: %+v", i, f)
		}
	}
}

// many makes operations for 100 services of 100 destinations each.
func many() (ops []Op) {
	g := newGenerator(22)
	for range 100 {
		s := simple(g.key(), "rr")
		ops = append(ops, Op{Add, s})
		for range 100 {
			ops = append(ops, Op{Add, g.destination(s.ServiceKey)})
		}
	}
	return ops
}

func TestKernelManyDestinations(t *testing.T) {
	c := namespace(t)
	ops := many()
	apply(t, c, ops...)
	expect(t, lines(ops)...)
	expectThresholds(t, ops)
	set := readSet(t, c)
	for _, op := range ops {
		if set[op.Object.Key()] != op.Object {
			t.Fatalf("got %v, want %v", set[op.Object.Key()], op.Object)
		}
	}
	if len(set) != len(ops) {
		t.Errorf("%d objects, want %d", len(set), len(ops))
	}
}

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
	master := Daemon{Role: Master, Interface: "sync0", SyncID: 7, MaxLen: 1000, Group: netip.MustParseAddr("239.0.0.5"), Port: 9000, TTL: 3}
	for _, d := range []Daemon{master, {Role: Backup, Interface: "sync0"}} {
		if err := c.StartDaemon(d); err != nil {
			t.Fatal(err)
		}
		if err := c.StartDaemon(d); !errors.Is(err, ErrExist) {
			t.Errorf("start again: %v", err)
		}
	}
	backup := Daemon{Role: Backup, Interface: "sync0", Group: netip.MustParseAddr("224.0.0.81"), Port: 8848, TTL: 1}
	got, err := c.Daemons()
	if len(got) == 2 {
		backup.MaxLen = got[1].MaxLen // by the MTU
	}
	if diff := cmp.Diff([]Daemon{master, backup}, got, compareAddrs); err != nil || diff != "" {
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
	for _, role := range []Role{Master, Backup} {
		if err := c.StopDaemon(role); err != nil {
			t.Error(err)
		}
		if err := c.StopDaemon(role); !errors.Is(err, ErrNoDaemon) {
			t.Errorf("stop again: %v", err)
		}
	}
	if err := c.StartDaemon(Daemon{Role: Master, Interface: "none0"}); !errors.Is(err, syscall.ENODEV) {
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

func BenchmarkKernelApply(b *testing.B) {
	c := namespace(b)
	ops := many()
	for b.Loop() {
		apply(b, c, ops...)
		b.StopTimer()
		if err := c.Flush(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(ops)), "ns/change")
}

// BenchmarkKernelRestore has ipvsadm do what BenchmarkKernelApply does.
func BenchmarkKernelRestore(b *testing.B) {
	c := namespace(b)
	input := strings.Join(lines(many()), "\n") + "\n"
	for b.Loop() {
		cmd := exec.Command("ipvsadm", "-R")
		cmd.Stdin = strings.NewReader(input)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		b.StopTimer()
		if err := c.Flush(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func BenchmarkKernelTable(b *testing.B) {
	c := namespace(b)
	apply(b, c, many()...)
	all := c.conns
	defer func() { c.conns = all }()
	for n := 1; n <= len(all); n *= 2 {
		c.conns = all[:n]
		b.Run(fmt.Sprintf("readers=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if entries, err := c.Table(); err != nil || len(entries) != 100 {
					b.Fatal(len(entries), err)
				}
			}
		})
	}
}
