package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
	"golang.org/x/sys/unix"
)

// The tests that begin with TestKernel change a real machine, in a network namespace of
// their own. Other programs judge what has become of it.

// The first thread of a process never ends. A test that ran on it would keep its network
// namespace, and with it IPVS, in use for good, so it is given to the main goroutine.
func init() { runtime.LockOSThread() }

// kernel puts the test into a network namespace with lo and an interface eth0, both up,
// and opens the machine in it. The test's goroutine keeps its thread, and the thread
// dies with it, so nothing has to be undone; goroutines and subtests that the test
// starts are elsewhere.
//
// Where that cannot be had the test is skipped, but not in the lab (LVSLAB=1), which is
// there to run it.
func kernel(t *testing.T) *Machine {
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
	for _, line := range []string{
		"link set lo up", "link add eth0 type dummy", "link set eth0 addrgenmode none", "link set eth0 up",
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			giveUp("ip %s: %v\n%s", line, err, out)
		}
	}
	m, err := Open("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// run runs a command line in the network namespace of the calling thread.
func run(t *testing.T, line string) string {
	t.Helper()
	argv := strings.Fields(line)
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// runJSON runs a command that prints JSON.
func runJSON[T any](t *testing.T, line string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(run(t, line)), &v); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return v
}

func create(r resource.Resource) resource.Change {
	return resource.Change{Action: resource.Create, After: r}
}

func remove(r resource.Resource) resource.Change {
	return resource.Change{Action: resource.Delete, Before: r}
}

func update(before, after resource.Resource) resource.Change {
	return resource.Change{Action: resource.Update, Before: before, After: after}
}

// apply carries out changes that all have to succeed.
func apply(t *testing.T, m *Machine, changes ...resource.Change) {
	t.Helper()
	out := m.Apply(t.Context(), changes)
	if err := out.Err(changes); err != nil || out.Attempted != len(changes) {
		t.Fatalf("%d of %d changes attempted: %v", out.Attempted, len(changes), err)
	}
}

// fails carries out changes of which the last one, and no other, has to fail, with a
// text in its error.
func fails(t *testing.T, m *Machine, text string, changes ...resource.Change) {
	t.Helper()
	last := len(changes) - 1
	expectOutcome(t, m.Apply(t.Context(), changes), len(changes), map[int]string{last: text})
}

// expectOutcome compares how far changes got, and which of them failed with what text
// in their errors.
func expectOutcome(t *testing.T, out resource.Outcome, attempted int, failures map[int]string) {
	t.Helper()
	if out.Attempted != attempted || len(out.Failures) != len(failures) {
		t.Errorf("%d attempted, failures %v; want %d and %v", out.Attempted, out.Failures, attempted, failures)
		return
	}
	for _, f := range out.Failures {
		if text, ok := failures[f.Index]; !ok || !strings.Contains(f.Err.Error(), text) {
			t.Errorf("change %d: %v, want …%s…", f.Index, f.Err, text)
		}
	}
}

// read is what the machine has of the objects of resources.
func read(t *testing.T, m *Machine, rs ...resource.Resource) resource.Set {
	t.Helper()
	snap, err := m.Read(t.Context(), keysOf(rs))
	if err != nil {
		t.Fatal(err)
	}
	return snap.Live
}

func keysOf(rs []resource.Resource) (keys []resource.Key) {
	for _, r := range rs {
		keys = append(keys, r.Key())
	}
	return keys
}

// expectRead asks the machine for the objects of resources and compares what it says
// with the resources.
func expectRead(t *testing.T, m *Machine, want ...resource.Resource) {
	t.Helper()
	if diff := cmp.Diff(resource.NewSet(want...), read(t, m, want...), alike, resourcetest.AsMaps); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

var alike = cmp.Options{
	cmp.Comparer(func(a, b resource.Resource) bool { return a == b }),
	cmp.Comparer(func(a, b resource.Key) bool { return a == b }),
}

func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }
func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func TestKernelFacts(t *testing.T) {
	m := kernel(t)
	run(t, "ip link add b1 type dummy")
	run(t, "ip link add a1 type dummy")
	run(t, "ip addr add 192.0.2.7/24 dev a1")
	snap, err := m.Read(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := snap.Facts
	schedulers, addresses := got.Schedulers, got.Addresses
	got.Schedulers, got.Addresses = nil, nil
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var hardware []string
	for _, link := range []string{"a1", "b1", "eth0"} {
		hardware = append(hardware, strings.Fields(run(t, "ip -brief link show dev "+link))[2])
	}
	slices.Sort(hardware)
	want := resource.Facts{
		Version: "1.2.3", Program: program, Hardware: hardware,
		Kernel: strings.TrimSpace(run(t, "uname -r")),
		BootID: strings.TrimSpace(run(t, "sysctl -n kernel.random.boot_id")),
		Links:  []string{"a1", "b1", "eth0", "lo"},
		Down:   []string{"a1", "b1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if !slices.IsSorted(schedulers) || !slices.Contains(schedulers, "rr") || !slices.Contains(schedulers, "wlc") {
		t.Errorf("schedulers: %v", schedulers)
	}
	for _, want := range []resource.Address{{Link: "a1", Prefix: prefix("192.0.2.7/24")}, {Link: "lo", Prefix: prefix("127.0.0.1/8"), Scope: 254}} {
		if !slices.Contains(addresses, want) {
			t.Errorf("%s is missing among the addresses: %v", want, addresses)
		}
	}
}

// Thousands of objects are read at once, and those that are not there or were not asked
// for are left out.
func TestKernelReadMany(t *testing.T) {
	m := kernel(t)
	const n = 3000
	var there, asked []resource.Resource
	var batch strings.Builder
	for i := range n {
		a := resource.Address{Link: "lo", Prefix: prefix(fmt.Sprintf("10.%d.%d.1/32", i/250, i%250))}
		r := resource.Route{
			Table: 1000, Prefix: prefix(fmt.Sprintf("172.16.%d.%d/32", i/250, i%250)), Link: "eth0",
			Scope: resource.ScopeLink, Protocol: resource.ProtocolStatic,
		}
		asked = append(asked, a, r)
		if i%3 == 0 {
			continue
		}
		there = append(there, a, r)
		fmt.Fprintf(&batch, "addr add %s dev lo\nroute add %s dev eth0 table 1000 proto static\n", a.Prefix, r.Prefix)
	}
	batch.WriteString("addr add 192.0.2.77/32 dev lo\nroute add 192.0.2.78/32 dev eth0 table 1000\n")
	file := t.TempDir() + "/batch"
	if err := os.WriteFile(file, []byte(batch.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "ip -batch "+file)
	for i := range n {
		asked = append(asked, resource.Sysctl{Name: fmt.Sprintf("net.ipv4.conf.no%d.arp_ignore", i)})
	}
	forward := resource.Sysctl{Name: "net.ipv4.ip_forward", Value: "0"}
	got := read(t, m, append(asked, forward)...)
	if diff := cmp.Diff(resource.NewSet(append(there, forward)...), got, alike, resourcetest.AsMaps); diff != "" {
		t.Errorf("of %d keys (-want +got):\n%.2000s", len(asked)+1, diff)
	}
}

func TestKernelReadRefuses(t *testing.T) {
	m := kernel(t)
	if _, err := m.Read(t.Context(), []resource.Key{{Kind: 99}}); err == nil || !strings.Contains(err.Error(), "unknown kind of resource") {
		t.Errorf("a kind that does not exist: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Read(ctx, nil); err == nil {
		t.Error("read after the context ended")
	}
}

// A machine that is closed keeps no socket, and with it its network namespace, open.
func TestKernelClose(t *testing.T) {
	kernel(t)
	before := sockets(t)
	m, err := Open("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	apply(t, m, create(service("192.0.2.1:80")))
	if sockets(t) <= before {
		t.Error("it has no sockets to close")
	}
	for range 2 { // again, it does nothing
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	if after := sockets(t); after > before {
		t.Errorf("%d sockets are left open", after-before)
	}
}

// sockets counts the sockets that the process has open.
func sockets(t *testing.T) int {
	t.Helper()
	files, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		if target, _ := os.Readlink(file); strings.HasPrefix(target, "socket:") {
			n++
		}
	}
	return n
}

// Changes of several kinds in one list, as a step has them: after one fails nothing
// more is touched, and the outcome says exactly which.
func TestKernelMixedChanges(t *testing.T) {
	m := kernel(t)
	web := service("192.0.2.1:80")
	sysctl := resource.Sysctl{Name: "net.ipv4.conf.eth0.arp_ignore", Value: "1"}
	vip := resource.Address{Link: "eth0", Prefix: prefix("192.0.2.1/32")}
	changes := []resource.Change{
		update(resource.Sysctl{Name: sysctl.Name, Value: "0"}, sysctl),
		create(web), create(realServer(web, "192.0.2.2:80")),
		create(vip),
		create(resource.Address{Link: "eth9", Prefix: prefix("192.0.2.1/32")}), // fails
		create(resource.Address{Link: "eth0", Prefix: prefix("192.0.2.3/32")}),
		create(service("192.0.2.9:80")),
	}
	expectOutcome(t, m.Apply(t.Context(), changes), 5, map[int]string{4: "interface eth9: Link not found"})
	expectIPVS(t, "-A -t 192.0.2.1:80 -s rr", "-a -t 192.0.2.1:80 -r 192.0.2.2:80 -g -w 1")
	expectAddresses(t, "eth0", "192.0.2.1/32 scope global label eth0")
	if got := run(t, "sysctl -n net.ipv4.conf.eth0.arp_ignore"); got != "1\n" {
		t.Errorf("arp_ignore is %s", got)
	}
	expectRead(t, m, sysctl, web, realServer(web, "192.0.2.2:80"), vip)

	// A failure within IPVS, whose changes travel together.
	other := service("192.0.2.5:80")
	out := m.Apply(t.Context(), []resource.Change{
		create(other), create(web), create(realServer(other, "192.0.2.2:80")), remove(vip),
	})
	if len(out.Failures) == 0 || out.Failures[0].Index != 1 {
		t.Fatalf("got %+v, want a failure of change 1", out)
	}
	if out.TookEffect(3) {
		t.Error("it went on after a failure")
	}
	expectAddresses(t, "eth0", "192.0.2.1/32 scope global label eth0")
	var took []string
	for i, line := range []string{"-A -t 192.0.2.5:80 -s rr", "", "-a -t 192.0.2.5:80 -r 192.0.2.2:80 -g -w 1"} {
		if out.TookEffect(i) {
			took = append(took, line)
		}
	}
	expectIPVS(t, append(took, "-A -t 192.0.2.1:80 -s rr", "-a -t 192.0.2.1:80 -r 192.0.2.2:80 -g -w 1")...)
}
