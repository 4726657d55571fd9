package host

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
	"github.com/lvsctl/lvsctl/state"
	"golang.org/x/sys/unix"
)

// namespace puts the test into a network namespace of its own. The test's goroutine
// keeps its thread, and the thread dies with it. Without root the test is skipped, but
// not in the lab.
func namespace(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	err := unix.Unshare(unix.CLONE_NEWNET)
	if err == nil {
		err = exec.Command("ip", "link", "set", "lo", "up").Run()
	}
	switch {
	case err == nil:
	case os.Getenv("LVSLAB") == "1":
		t.Fatal(err)
	default:
		t.Skipf("NOT TESTED, needs a network namespace: %v", err)
	}
}

// open opens the local machine. The test closes it, or leaves that to its end.
func open(t *testing.T, dir string) agent.Host {
	t.Helper()
	h, err := Open(OpenMachine, dir, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// locked opens and locks it.
func locked(t *testing.T, dir string) agent.Host {
	t.Helper()
	h := open(t, dir)
	if err := h.Lock(t.Context(), agent.Holder{Who: "me@here", Command: "lvsctl apply x"}, 0); err != nil {
		t.Fatal(err)
	}
	return h
}

func closed(t *testing.T, h agent.Host) {
	t.Helper()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

func step(name string, changes ...resource.Change) resource.Step {
	return resource.Step{StepRef: resource.StepRef{Host: "h", Name: name}, Changes: changes}
}

func create(r resource.Resource) resource.Change {
	return resource.Change{Action: resource.Create, After: r}
}

func vip(last string) resource.Address {
	return resource.Address{Link: "lo", Prefix: prefix("192.0.2." + last + "/32")}
}

// apply carries out a step that has to succeed.
func apply(t *testing.T, h agent.Host, s resource.Step) {
	t.Helper()
	out, err := h.Apply(t.Context(), s)
	if err == nil {
		err = out.Err(s.Changes)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// expectLedger compares what stands in the ledger's files with claims.
func expectLedger(t *testing.T, dir string, want ...resource.Claim) {
	t.Helper()
	store, err := state.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	claims := resource.NewByKey[resource.Claim]()
	for _, c := range want {
		claims.Put(c.Want.Key(), c)
	}
	if diff := cmp.Diff(claims, store.Ledger().Claims, alike, resourcetest.AsMaps); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

var alike = cmp.Options{
	cmp.Comparer(func(a, b resource.Resource) bool { return a == b }),
	cmp.Comparer(func(a, b resource.Key) bool { return a == b }),
}

// expectLoopback compares the addresses of lo, by ip(8), with some.
func expectLoopback(t *testing.T, want ...string) {
	t.Helper()
	out, err := exec.Command("ip", "-j", "-4", "addr", "show", "dev", "lo").Output()
	if err != nil {
		t.Fatal(err)
	}
	var links []struct {
		Addresses []struct {
			Local string `json:"local"`
		} `json:"addr_info"`
	}
	if err := json.Unmarshal(out, &links); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range links[0].Addresses {
		if a.Local != "127.0.0.1" {
			got = append(got, a.Local)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("addresses of lo (-want +got):\n%s", diff)
	}
}

func setting(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("sysctl", "-n", name).CombinedOutput()
	if err != nil {
		t.Fatalf("sysctl %s: %v\n%s", name, err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// What a step makes is ours, with what stood there before; what it gives up is not any
// more; and when nothing is, no file stays.
func TestLocalLifeOfClaims(t *testing.T) {
	namespace(t)
	dir := filepath.Join(t.TempDir(), "state")
	before, after := sysctl("net.ipv4.conf.lo.arp_ignore", "0"), sysctl("net.ipv4.conf.lo.arp_ignore", "1")
	h := locked(t, dir)
	apply(t, h, step("quiet", resource.Change{Action: resource.Update, Before: before, After: after}))
	apply(t, h, step("vip", create(vip("1")), create(vip("2"))))
	expectLoopback(t, "192.0.2.1", "192.0.2.2")
	expectLedger(t, dir,
		resource.Claim{Want: after, Prior: before, Step: "quiet"},
		resource.Claim{Want: vip("1"), Step: "vip"}, resource.Claim{Want: vip("2"), Step: "vip"})
	closed(t, h)

	h = locked(t, dir) // a later run
	snap, err := h.Read(t.Context(), []resource.Key{vip("1").Key(), vip("9").Key()})
	if err != nil {
		t.Fatal(err)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil || snap.Ledger.BootID != strings.TrimSpace(string(boot)) || snap.Facts.Version != "1.2.3" {
		t.Errorf("snapshot of boot %q, facts %+v; %v", snap.Ledger.BootID, snap.Facts, err)
	}
	// Asked for or claimed, each is read.
	if diff := cmp.Diff(resource.NewSet(after, vip("1"), vip("2")), snap.Live, alike, resourcetest.AsMaps); diff != "" {
		t.Errorf("live (-want +got):\n%s", diff)
	}
	apply(t, h, step("vip", resource.Change{Action: resource.Delete, Before: vip("1")}))
	expectLedger(t, dir, resource.Claim{Want: after, Prior: before, Step: "quiet"}, resource.Claim{Want: vip("2"), Step: "vip"})
	apply(t, h, step("vip", resource.Change{Action: resource.Delete, Before: vip("2")}))
	apply(t, h, step("quiet", resource.Change{Action: resource.Restore, Before: after, After: before}))
	expectLoopback(t)
	if got := setting(t, before.Name); got != "0" {
		t.Errorf("%s is %s", before.Name, got)
	}
	closed(t, h)
	expectGone(t, dir)
}

func expectGone(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		entries, _ := os.ReadDir(dir)
		t.Errorf("the state directory is still there: %v, %v", err, entries)
	}
}

// A failure in the middle leaves exactly the claims of what took effect.
func TestLocalFailureInTheMiddle(t *testing.T) {
	namespace(t)
	dir := t.TempDir()
	h := locked(t, dir)
	apply(t, h, step("earlier", create(vip("9"))))
	before, after := sysctl("net.ipv4.conf.lo.arp_ignore", "0"), sysctl("net.ipv4.conf.lo.arp_ignore", "1")
	s := step("vip",
		resource.Change{Action: resource.Adopt, Before: sysctl("net.ipv4.ip_forward", "0"), After: sysctl("net.ipv4.ip_forward", "0")},
		resource.Change{Action: resource.Update, Before: before, After: after},
		create(vip("1")),
		create(resource.Address{Link: "eth9", Prefix: prefix("192.0.2.2/32")}), // fails
		create(vip("3")),
		resource.Change{Action: resource.Delete, Before: vip("9")},
	)
	out, err := h.Apply(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Err(s.Changes); err == nil || err.Error() != "create address 192.0.2.2/32 on eth9: interface eth9: Link not found" {
		t.Errorf("got %v", err)
	}
	if out.Attempted != 4 || len(out.Failures) != 1 || out.Failures[0].Index != 3 {
		t.Errorf("got %+v", out)
	}
	expectLoopback(t, "192.0.2.9", "192.0.2.1")
	expectLedger(t, dir,
		resource.Claim{Want: sysctl("net.ipv4.ip_forward", "0"), Prior: sysctl("net.ipv4.ip_forward", "0"), Step: "vip"},
		resource.Claim{Want: after, Prior: before, Step: "vip"},
		resource.Claim{Want: vip("1"), Step: "vip"},
		resource.Claim{Want: vip("9"), Step: "earlier"})
}

// Claims are on disk before the host is touched: a run that dies in the middle of a step
// has claimed all of it.
func TestLocalClaimsFirst(t *testing.T) {
	namespace(t)
	dir := t.TempDir()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	script := "#!/bin/sh\necho here > " + fifo + "\nexec cat " + fifo + "\n"
	if err := os.WriteFile(filepath.Join(bin, "modprobe"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	h := locked(t, dir)
	module := resource.Module{Name: "slow"}
	seen := make(chan resource.Ledger, 1)
	go func() { // while modprobe runs
		defer close(seen)
		if _, err := os.ReadFile(fifo); err != nil {
			return
		}
		store, err := state.Open(dir)
		if err == nil {
			seen <- store.Ledger()
			_ = store.Close()
		}
		_ = os.WriteFile(fifo, nil, 0)
	}()
	apply(t, h, step("load", create(module), create(vip("1"))))
	ledger, ok := <-seen
	if !ok || ledger.Claims.Len() != 2 || ledger.Claims.Get(vip("1").Key()).Want != resource.Resource(vip("1")) {
		t.Errorf("during the step the ledger said %v", ledger)
	}
}

// Adopting and forgetting are between us and the ledger.
func TestLocalLedgerAlone(t *testing.T) {
	namespace(t)
	dir := t.TempDir()
	h := locked(t, dir)
	there, gone := sysctl("net.ipv4.ip_forward", "0"), vip("1")
	apply(t, h, step("vip", create(gone)))
	if out, err := exec.Command("ip", "addr", "del", "192.0.2.1/32", "dev", "lo").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	apply(t, h, step("adopt",
		resource.Change{Action: resource.Adopt, Before: there, After: there},
		resource.Change{Action: resource.Adopt, Before: vip("7"), After: vip("7")}, // is not there: nobody looks
		resource.Change{Action: resource.Forget, Before: gone}))
	expectLoopback(t)
	expectLedger(t, dir, resource.Claim{Want: there, Prior: there, Step: "adopt"}, resource.Claim{Want: vip("7"), Prior: vip("7"), Step: "adopt"})
}

func TestLocalNeedsLock(t *testing.T) {
	namespace(t)
	dir := filepath.Join(t.TempDir(), "state")
	h := open(t, dir)
	if _, err := h.Apply(t.Context(), step("vip", create(vip("1")))); err == nil || err.Error() != "the host is not locked" {
		t.Errorf("got %v", err)
	}
	expectLoopback(t)
	if _, err := h.Read(t.Context(), nil); err != nil {
		t.Error(err)
	}
	closed(t, h)
	expectGone(t, dir) // reading leaves nothing either
}

// A lock that somebody holds is an error of its own code, and says who it is.
func TestLocalLocked(t *testing.T) {
	namespace(t)
	dir := t.TempDir()
	first := locked(t, dir)
	second := open(t, dir)
	err := second.Lock(t.Context(), agent.Holder{Who: "you@there"}, 0)
	var held *agent.Error
	if !errors.As(err, &held) || held.Code != agent.Locked || !strings.HasPrefix(held.Message, "locked by me@here since ") || !strings.HasSuffix(held.Message, ": lvsctl apply x)") {
		t.Fatalf("got %v", err)
	}
	if _, err := second.Read(t.Context(), nil); err != nil {
		t.Errorf("read while somebody else has the lock: %v", err)
	}
	released := make(chan error)
	time.AfterFunc(100*time.Millisecond, func() { released <- first.Close() })
	if err := second.Lock(t.Context(), agent.Holder{Who: "you@there"}, 30*time.Second); err != nil {
		t.Errorf("after waiting: %v", err)
	}
	if err := <-released; err != nil {
		t.Error(err)
	}
}

// What cannot be remembered is not done.
func TestLocalLedgerFails(t *testing.T) {
	namespace(t)
	dir := t.TempDir()
	h := locked(t, dir)
	apply(t, h, step("vip", create(vip("1"))))
	if err := os.Rename(filepath.Join(dir, "ledger"), filepath.Join(dir, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	_, err := h.Apply(t.Context(), step("vip", create(vip("2"))))
	if err == nil || !strings.HasPrefix(err.Error(), "write ledger, nothing of this step was done: ") {
		t.Errorf("got %v", err)
	}
	expectLoopback(t, "192.0.2.1")
}

// What there is to say about the ledger's files comes with the snapshot, as what is printed
// here may not be seen by anybody.
func TestLocalNotices(t *testing.T) {
	namespace(t)
	dir := t.TempDir()
	h := locked(t, dir)
	apply(t, h, step("vip", create(vip("1"))))
	closed(t, h)
	f, err := os.OpenFile(filepath.Join(dir, "ledger"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("the crash came he"); err != nil {
		t.Fatal(err)
	}
	snap, err := open(t, dir).Read(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(snap.Notices) != 1 || snap.Ledger.Claims.Len() != 1 {
		t.Errorf("notices %q, claims %v", snap.Notices, snap.Ledger.Claims)
	}
}

func TestLocalDamagedLedger(t *testing.T) {
	namespace(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ledger"), []byte("not a ledger\nat all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := open(t, dir)
	if _, err := h.Read(t.Context(), nil); !errors.Is(err, state.ErrDamaged) {
		t.Errorf("read: %v", err)
	}
	if err := h.Lock(t.Context(), agent.Holder{}, 0); !errors.Is(err, state.ErrDamaged) {
		t.Errorf("lock: %v", err)
	}
	if _, err := h.Apply(t.Context(), step("vip", create(vip("1")))); err == nil {
		t.Error("apply over a damaged ledger")
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}
