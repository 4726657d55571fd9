package command

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A world is a directory in which files stand for what works. Its probes are made by the
// machine that the test runs on.
type world struct {
	*session
	t   *testing.T
	dir string
	out strings.Builder
}

// newWorld returns a world with a probe for each name, and those that work.
func newWorld(t *testing.T, names, working string) *world {
	w := &world{t: t, dir: t.TempDir()}
	cluster := &schema.Cluster{Name: "web"}
	for _, name := range strings.Fields(names) {
		try := resource.Probe{Command: []string{"test", "-e", filepath.Join(w.dir, name)}, Timeout: time.Minute, Tries: 1}
		cluster.Probes = append(cluster.Probes, &schema.Probe{Cluster: "web", Name: name, Try: try})
	}
	a := &app{out: &w.out, err: io.Discard, color: "never", stateDir: w.dir, now: time.Now}
	w.session = &session{app: a, config: &schema.Config{Clusters: []*schema.Cluster{cluster}}}
	for _, name := range strings.Fields(working) {
		w.repair(name)
	}
	return w
}

// repair makes something work.
func (w *world) repair(name string) {
	if err := os.WriteFile(filepath.Join(w.dir, name), nil, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// spoil makes something not work.
func (w *world) spoil(name string) {
	if err := os.Remove(filepath.Join(w.dir, name)); err != nil {
		w.t.Fatal(err)
	}
}

// watched begins to watch.
func (w *world) watched() *watch {
	watch, err := w.newWatch(w.t.Context(), &planner.Plan{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(watch.close)
	return watch
}

// said is what was printed since the last call.
func (w *world) said() string {
	defer w.out.Reset()
	return w.out.String()
}

func (w *world) expect(what string, has ...string) {
	w.t.Helper()
	for _, want := range has {
		if !strings.Contains(what, want) {
			w.t.Errorf("no %q in %q", want, what)
		}
	}
}

// What passed before must pass afterwards. What failed before is not asked again.
func TestWatch(t *testing.T) {
	w := newWorld(t, "page port new", "page port")
	watch := w.watched()
	w.expect(w.said(), "Probing before the first change", "web: page", "web: port", "web: new", "Probes: 2 passed, 1 failed.")

	if err := watch.again(t.Context(), "Again."); err != nil {
		t.Errorf("nothing was spoilt: %v", err)
	}
	said := w.said()
	w.expect(said, "Again.\n", "Probes: 2 passed, 0 failed.")
	if strings.Contains(said, "web: new") {
		t.Errorf("asked again what failed before: %q", said)
	}

	w.spoil("page")
	w.spoil("port")
	err := watch.again(t.Context(), "Again.")
	const want = "the probe web: page passed before, and fails now: exit status 1\n" +
		"the probe web: port passed before, and fails now: exit status 1"
	if err == nil || err.Error() != want || !brokeProbes(err) {
		t.Errorf("got %v\nwant %v", err, want)
	}
	w.expect(w.said(), "Probes: 0 passed, 2 failed.")

	w.repair("page")
	w.repair("port")
	if err := watch.again(t.Context(), "Again."); err != nil {
		t.Errorf("all is repaired: %v", err)
	}
}

// Without probes, and without any that passed, there is nothing to say afterwards.
func TestWatchNothing(t *testing.T) {
	for _, names := range []string{"", "new"} {
		w := newWorld(t, names, "")
		watch := w.watched()
		if said := w.said(); (said == "") != (names == "") {
			t.Errorf("probes %q before: %q", names, said)
		}
		if err := watch.again(t.Context(), "Again."); err != nil || w.said() != "" {
			t.Errorf("probes %q after: %v", names, err)
		}
	}
	none := &watch{}
	defer none.close()
	if err := none.again(t.Context(), "Again."); err != nil {
		t.Error(err)
	}
}

// The watch goes on until there is trouble.
func TestWatchKeep(t *testing.T) {
	w := newWorld(t, "page", "page")
	watch := w.watched()
	trouble, stop := watch.keep(t.Context(), time.Millisecond)
	defer stop()
	select {
	case err := <-trouble:
		t.Fatalf("nothing was spoilt: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	w.spoil("page")
	select {
	case err := <-trouble:
		if !brokeProbes(err) {
			t.Errorf("got %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("nobody noticed that the page is gone")
	}
}

// To be told to stop is no trouble, not even in the middle of a probe.
func TestWatchStops(t *testing.T) {
	w := newWorld(t, "slow", "slow")
	watch := w.watched()
	slow := watch.before[0].Probe
	slow.Try.Command = []string{"sleep", "600"}
	trouble, stop := watch.keep(t.Context(), 0)
	time.Sleep(50 * time.Millisecond)
	stop()
	select {
	case err := <-trouble:
		t.Errorf("got %v", err)
	default:
	}
}

// Who interrupts the probes before the first change is not told what they found.
func TestWatchInterrupted(t *testing.T) {
	w := newWorld(t, "page", "page")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.newWatch(ctx, &planner.Plan{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if said := w.said(); strings.Contains(said, "passed") || strings.Contains(said, "failed") {
		t.Errorf("said %q", said)
	}
}
