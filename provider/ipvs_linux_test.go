package provider

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/provider/ipvs"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// expectIPVS compares what ipvsadm -Sn prints with lines in any order.
func expectIPVS(t *testing.T, want ...string) {
	t.Helper()
	got := []string{}
	for line := range strings.Lines(run(t, "ipvsadm -Sn")) {
		got = append(got, strings.TrimSpace(line))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		t.Errorf("ipvsadm -Sn (-want +got):\n%s", diff)
	}
}

// service is a plain TCP service with round robin.
func service(at string) resource.Service {
	ap := netip.MustParseAddrPort(at)
	key := resource.AddrService(resource.TCP, ap.Addr(), ap.Port())
	return resource.Service{ServiceKey: key, Scheduler: "rr", Netmask: resource.FullNetmask(key.Family)}
}

// realServer is a real server with weight 1 by direct routing.
func realServer(s resource.Service, at string) resource.Destination {
	ap := netip.MustParseAddrPort(at)
	return resource.Destination{Service: s.ServiceKey, Addr: ap.Addr(), Port: ap.Port(), Forward: resource.ForwardDirect, Weight: 1}
}

func TestKernelIPVS(t *testing.T) {
	m := kernel(t)
	web, web6 := service("192.0.2.1:80"), service("[2001:db8::1]:80")
	one, two, three := realServer(web, "192.0.2.2:80"), realServer(web, "192.0.2.3:80"), realServer(web6, "[2001:db8::2]:8080")
	three.Forward = resource.ForwardMasquerade
	apply(t, m, create(web), create(one), create(two), create(web6), create(three))
	expectIPVS(t,
		"-A -t 192.0.2.1:80 -s rr", "-a -t 192.0.2.1:80 -r 192.0.2.2:80 -g -w 1", "-a -t 192.0.2.1:80 -r 192.0.2.3:80 -g -w 1",
		"-A -t [2001:db8::1]:80 -s rr", "-a -t [2001:db8::1]:80 -r [2001:db8::2]:8080 -m -w 1")

	// All of IPVS is read, whatever was asked for.
	if diff := cmp.Diff(resource.NewSet(web, one, two, web6, three), read(t, m), alike, resourcetest.AsMaps); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}

	// With keys for it, destinations of some services alone.
	for _, test := range []struct {
		keys []resource.Key
		want resource.Set
	}{
		{[]resource.Key{resource.AllBehind(web6.ServiceKey), web.Key()}, resource.NewSet(web, web6, three)},
		{[]resource.Key{resource.AllBehind(resource.ServiceKey{})}, resource.NewSet(web, web6)},
	} {
		snap, err := m.Read(t.Context(), test.keys)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, snap.Live, alike, resourcetest.AsMaps); diff != "" {
			t.Errorf("read of %v (-want +got):\n%s", test.keys, diff)
		}
	}

	wlc, heavy := web, one
	wlc.Scheduler, heavy.Weight = "wlc", 7
	apply(t, m, update(web, wlc), update(one, heavy), remove(three), remove(web6))
	expectIPVS(t, "-A -t 192.0.2.1:80 -s wlc", "-a -t 192.0.2.1:80 -r 192.0.2.2:80 -g -w 7", "-a -t 192.0.2.1:80 -r 192.0.2.3:80 -g -w 1")

	// What is gone already needs no removal, in the middle of a list too.
	apply(t, m, remove(three), remove(web6), remove(two), remove(two), remove(heavy), remove(wlc), remove(wlc))
	expectIPVS(t)
}

// Connections are those of what was asked for, active and inactive as ipvsadm has them.
func TestKernelConnections(t *testing.T) {
	m := kernel(t)
	for _, a := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
		run(t, "ip addr add "+a+"/32 dev lo")
	}
	web, dns := service("192.0.2.1:80"), service("192.0.2.1:53")
	dns.Protocol = resource.UDP
	one, idle, name := realServer(web, "192.0.2.2:80"), realServer(web, "192.0.2.3:80"), realServer(dns, "192.0.2.2:53")
	one.Forward, name.Forward, idle.Weight = resource.ForwardMasquerade, resource.ForwardMasquerade, 0
	keys := keysOf([]resource.Resource{one, idle, name, realServer(service("192.0.2.9:80"), "192.0.2.2:80")})
	count := func(want resource.Counts, keys ...resource.Key) {
		t.Helper()
		got, err := m.Connections(keys)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b resource.Key) bool { return a == b })); diff != "" {
			t.Errorf("connections (-want +got):\n%s\n%s", diff, run(t, "ipvsadm -Ln"))
		}
	}
	apply(t, m, create(web), create(one), create(idle), create(dns), create(name))
	count(resource.Counts{}, keys...)

	listener, err := net.Listen("tcp", "192.0.2.2:80")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, to := range []struct{ network, addr string }{{"tcp", "192.0.2.1:80"}, {"udp", "192.0.2.1:53"}} {
		conn, err := net.Dial(to.network, to.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("?")); err != nil {
			t.Fatal(err)
		}
	}
	count(resource.Counts{one.Key(): {Active: 1}, name.Key(): {Inactive: 1}}, keys...)
	count(resource.Counts{name.Key(): {Inactive: 1}}, name.Key())
	count(resource.Counts{}, idle.Key())
	if got := run(t, "ipvsadm -Ln"); !regexp.MustCompile(`192\.0\.2\.2:80 +Masq +1 +1 +0`).MatchString(got) || !regexp.MustCompile(`192\.0\.2\.2:53 +Masq +1 +0 +1`).MatchString(got) {
		t.Errorf("ipvsadm -Ln has other connections:\n%s", got)
	}
}

func TestKernelIPVSFails(t *testing.T) {
	m := kernel(t)
	web := service("192.0.2.1:80")
	failsWith(t, m, ipvs.ErrNoService, create(realServer(web, "192.0.2.2:80")))
	odd := web
	odd.Scheduler = "nosuch"
	failsWith(t, m, ipvs.ErrNoScheduler, create(odd))
	apply(t, m, create(web))
	failsWith(t, m, ipvs.ErrExist, create(web))
	expectIPVS(t, "-A -t 192.0.2.1:80 -s rr")
}

// A long list travels in several parts. What is gone already in one of them does not hold
// up the next, and what fails there is told by its place in the whole list.
func TestKernelIPVSLongList(t *testing.T) {
	m := kernel(t)
	web := service("192.0.2.1:80")
	changes := []resource.Change{create(web), remove(realServer(web, "10.9.9.9:80"))}
	for i := range 300 {
		changes = append(changes, create(realServer(web, fmt.Sprintf("10.0.%d.%d:80", i/200, 1+i%200))))
	}
	const twice = 250
	changes[twice] = changes[twice-1]
	out := m.Apply(t.Context(), changes)
	if len(out.Failures) != 1 || out.Failures[0].Index != twice || !errors.Is(out.Failures[0].Err, ipvs.ErrExist) {
		t.Errorf("got %+v, want a failure of change %d", out, twice)
	}
	took := []string{}
	for i, c := range changes {
		if d, ok := c.After.(resource.Destination); ok && out.TookEffect(i) {
			took = append(took, fmt.Sprintf("-a -t 192.0.2.1:80 -r %s:80 -g -w 1", d.Addr))
		}
	}
	expectIPVS(t, append(took, "-A -t 192.0.2.1:80 -s rr")...)
}

// failsWith carries out a change that has to fail with an error of a kind.
func failsWith(t *testing.T, m *Machine, want error, c resource.Change) {
	t.Helper()
	out := m.Apply(t.Context(), []resource.Change{c})
	if len(out.Failures) != 1 || out.Failures[0].Index != 0 || !errors.Is(out.Failures[0].Err, want) {
		t.Errorf("%s %s: got %+v, want %v", c.Action, c.Key(), out, want)
	}
}

// Reading a host must not change it: where IPVS is not loaded it stays so, and there is
// simply nothing.
func TestKernelReadLoadsNothing(t *testing.T) {
	m := kernel(t)
	unloadIPVS(t)
	snap, err := m.Read(t.Context(), keysOf([]resource.Resource{
		service("192.0.2.1:80"), resource.Timeout{Name: resource.TimeoutTCP}, resource.SyncDaemon{Role: resource.SyncMaster},
	}))
	if err != nil {
		t.Fatal(err)
	}
	if snap.Live.Len() != 0 {
		t.Errorf("read %v", snap.Live)
	}
	if !slices.Contains(snap.Facts.Schedulers, "rr") {
		t.Errorf("schedulers that could be loaded: %v", snap.Facts.Schedulers)
	}
	if loaded(t, "ip_vs") {
		t.Error("reading has loaded ip_vs")
	}
	// The same machine can load it, and then use it.
	web := service("192.0.2.1:80")
	apply(t, m, create(resource.Module{Name: "ip_vs"}), create(resource.Module{Name: "ip_vs_rr"}), create(web))
	expectIPVS(t, "-A -t 192.0.2.1:80 -s rr")
	expectRead(t, m, web)
}

// unloadIPVS removes the module. Namespaces of tests that ended hold on to it for a
// while.
func unloadIPVS(t *testing.T) {
	t.Helper()
	var out []byte
	for deadline := time.Now().Add(60 * time.Second); loaded(t, "ip_vs"); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("ip_vs cannot be unloaded: %s\n%s", out, run(t, "lsmod"))
		}
		for line := range strings.Lines(run(t, "lsmod")) {
			if name := strings.Fields(line)[0]; strings.HasPrefix(name, "ip_vs_") {
				out, _ = exec.Command("modprobe", "-r", name).CombinedOutput()
			}
		}
		if more, err := exec.Command("modprobe", "-r", "ip_vs").CombinedOutput(); err != nil {
			out = more
		}
	}
}
