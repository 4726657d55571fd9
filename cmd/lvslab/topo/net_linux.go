package topo

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Net is one topology: hosts, and the segments that join them. It belongs to a
// test and goes away with it.
type Net struct {
	t        testing.TB
	prefix   string
	segments map[string]*segment
	hosts    []*Host // in the order in which they were made
}

// Option changes how New makes a topology.
type Option func(*Net)

// Prefix puts a random word before the names of all namespaces, so that several
// topologies with the same host names can live side by side.
func Prefix() Option {
	return func(n *Net) { n.prefix = fmt.Sprintf("t%04x-", rand.Uint32N(1<<16)) }
}

// New returns an empty topology that is taken down when the test ends. It skips
// the test where the machine cannot have one; in the lab that is a failure.
// Without Prefix, topologies wait for each other, across processes too.
func New(t testing.TB, opts ...Option) *Net {
	t.Helper()
	if err := available(); err != nil {
		if os.Getenv("LVSLAB") == "1" {
			t.Fatalf("the lab cannot make a topology: %v", err)
		}
		t.Skipf("needs root and a kernel with IPVS (%v): make test runs it in the lab", err)
	}
	n := &Net{t: t, segments: map[string]*segment{}}
	for _, opt := range opts {
		opt(n)
	}
	if n.prefix == "" {
		n.must(n.exclude())
	}
	n.must(preparePins())
	return n
}

// available tells why there can be no topology, if so.
func available() error {
	if os.Geteuid() != 0 {
		return errors.New("not root")
	}
	if _, err := os.Stat("/proc/net/ip_vs"); err == nil {
		return nil
	}
	if out, err := exec.Command("modprobe", "ip_vs").CombinedOutput(); err != nil {
		return fmt.Errorf("modprobe ip_vs: %w %s", err, out)
	}
	return nil
}

// lockFile is held by the one topology that uses names without a prefix.
const lockFile = "/run/lvslab-topo.lock"

// exclude waits until no other topology uses plain names.
func (n *Net) exclude() error {
	f, err := os.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open lock: %w", err)
	}
	n.t.Cleanup(func() { f.Close() })
	deadline := time.Now().Add(5 * time.Minute)
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) || time.Now().After(deadline) {
			return fmt.Errorf("wait for another topology to end (%s): %w", lockFile, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// must ends the test on an error.
func (n *Net) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatalf("topology: %v", err)
	}
}

// cleanup registers what to undo when the test ends; it may only complain.
func (n *Net) cleanup(what string, undo func() error) {
	n.t.Cleanup(func() {
		if err := undo(); err != nil {
			n.t.Errorf("topology: %s: %v", what, err)
		}
	})
}
