package ipvs

import (
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// The first thread of a process never ends. A test that ran on it would keep its network
// namespace, and with it IPVS, in use for good, so it is given to the main goroutine.
func init() { runtime.LockOSThread() }

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
		want := resource.NewSet()
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
		if diff := cmp.Diff(want, readSet(t, c), compareAddrs, resourcetest.AsMaps); diff != "" {
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
	set := resource.NewSet()
	for _, e := range entries {
		set.Add(e.Service)
		for _, d := range e.Destinations {
			set.Add(d.Destination)
		}
	}
	return set
}

func TestKernelManyDestinations(t *testing.T) {
	c := namespace(t)
	ops := many()
	apply(t, c, ops...)
	expect(t, lines(ops)...)
	expectThresholds(t, ops)
	set := readSet(t, c)
	for _, op := range ops {
		if set.Get(op.Object.Key()) != op.Object {
			t.Fatalf("got %v, want %v", set.Get(op.Object.Key()), op.Object)
		}
	}
	if set.Len() != len(ops) {
		t.Errorf("%d objects, want %d", set.Len(), len(ops))
	}
}

// Services of other network namespaces come and go while those of this one are read.
func TestKernelOtherNamespacesChange(t *testing.T) {
	c := namespace(t)
	var keys []resource.ServiceKey
	var ops []Op
	for i := range uint32(60) {
		s := resource.Service{ServiceKey: resource.MarkService(resource.IPv4, 1000+i), Scheduler: "rr", Netmask: resource.FullNetmask(resource.IPv4)}
		keys = append(keys, s.ServiceKey)
		ops = append(ops, Op{Add, s})
	}
	apply(t, c, ops...)
	over, failed := make(chan struct{}), make(chan error, 1)
	go func() { failed <- comeAndGo(over) }()
	defer func() {
		close(over)
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}()
	for i := range 200 {
		table, err := c.Table(keys...)
		if err != nil || len(table) != len(ops) {
			t.Fatalf("read %d: %d services, want %d, error %v", i, len(table), len(ops), err)
		}
	}
}

// comeAndGo adds and deletes services in a network namespace of its own.
func comeAndGo(over <-chan struct{}) error {
	runtime.LockOSThread() // for good: the thread ends with the goroutine
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	c, err := New()
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		for _, verb := range []Verb{Add, Delete} {
			for i := range uint32(20) {
				s := resource.Service{ServiceKey: resource.MarkService(resource.IPv4, 1+i), Scheduler: "rr", Netmask: resource.FullNetmask(resource.IPv4)}
				if _, failures := c.Apply([]Op{{verb, s}}); len(failures) > 0 {
					return failures[0].Err
				}
			}
		}
		select {
		case <-over:
			return nil
		default:
		}
	}
}
