package nftrules

import (
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
	"golang.org/x/sys/unix"
)

// The first thread of a process never ends. A test that ran on it would keep its network
// namespace in use for good, so it is given to the main goroutine.
func init() { runtime.LockOSThread() }

// namespace puts the test into a network namespace of its own. The test's goroutine keeps
// its thread, and the thread dies with it, so nothing has to be undone; goroutines and
// subtests that the test starts are elsewhere.
//
// Where that cannot be had, or there is no nftables, the test is skipped, but not in the
// lab (LVSLAB=1), which is there to run it.
func namespace(t *testing.T) {
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
	if _, err := Read(); err != nil {
		giveUp("%v", err)
	}
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

// change carries out changes that all have to succeed.
func change(t *testing.T, changes ...resource.Change) {
	t.Helper()
	out := Apply(changes)
	if err := out.Err(changes); err != nil || out.Attempted != len(changes) {
		t.Fatalf("%d of %d changes attempted: %v", out.Attempted, len(changes), err)
	}
}

// expectFailure carries out changes of which one cannot be made, with a text in its error,
// and none is.
func expectFailure(t *testing.T, index int, text string, changes ...resource.Change) {
	t.Helper()
	out := Apply(changes)
	if out.Attempted != 0 || len(out.Failures) != 1 || out.Failures[0].Index != index || !strings.Contains(out.Failures[0].Err.Error(), text) {
		t.Errorf("%d attempted, failures %v; want one of change %d: …%s…", out.Attempted, out.Failures, index, text)
	}
}

// read is what there is of the objects of resources.
func read(t *testing.T, rs ...resource.Resource) resource.Set {
	t.Helper()
	all, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	set := resource.NewSet()
	for _, r := range rs {
		if live, ok := all.Find(r.Key()); ok {
			set.Add(live)
		}
	}
	return set
}

// expectRead compares all that there is with resources.
func expectRead(t *testing.T, want ...resource.Resource) {
	t.Helper()
	got, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(resource.NewSet(want...), got, alike, resourcetest.AsMaps); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

var alike = cmp.Options{
	cmp.Comparer(func(a, b resource.Resource) bool { return a == b }),
	cmp.Comparer(func(a, b resource.Key) bool { return a == b }),
}

func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }
func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }
