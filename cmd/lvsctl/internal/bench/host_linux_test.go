package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
)

// A lab is where programs are measured: each has a host of its own, which is new and goes
// when it was measured. The kernel keeps destinations that were removed for some minutes,
// in a list for each network namespace, and every one that is added looks for itself there:
// who comes after others in the same namespace pays for what they left.
type lab struct {
	t      *testing.T
	dir    string // for configs
	lvsctl string
}

// A director is the host on which a program is measured.
type director struct {
	*lab
	*topo.Host
	t *testing.T // of the host
}

func newLab(t *testing.T) *lab {
	t.Helper()
	lvsctl, err := filepath.Abs("../../../../bin/lvsctl")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("modprobe", "-a", "ip_vs", "ip_vs_wlc").CombinedOutput(); err != nil {
		t.Fatalf("modprobe: %v\n%s", err, out)
	}
	return &lab{t: t, dir: t.TempDir(), lvsctl: lvsctl}
}

// on measures a program on a host that nobody has been on, and takes that down.
func (l *lab) on(program string, measure func(d *director)) {
	l.t.Helper()
	l.settle()
	done := l.t.Run(program, func(t *testing.T) {
		measure(&director{l, topo.New(t).Host("lb1", topo.NIC("eth0", "lan", "10.255.0.1/8")), t})
	})
	if !done {
		l.t.FailNow()
	}
}

// How long there must be no sign of it until the kernel has taken down what was let go of,
// and how long that may take.
const (
	quiet    = 200 * time.Millisecond
	patience = 10 * time.Minute
)

// settle waits until the kernel has taken down the hosts that are gone, with all destinations
// that they had: that must not be in the time of who comes next.
func (l *lab) settle() {
	l.t.Helper()
	deadline := time.Now().Add(patience)
	for since := time.Now(); time.Since(since) < quiet; time.Sleep(5 * time.Millisecond) {
		if l.takingDown() {
			since = time.Now()
		}
		if since.After(deadline) {
			l.t.Fatalf("the kernel has not taken down a network in %v", patience)
		}
	}
}

// takingDown tells whether the kernel is taking down a network namespace. A worker does that,
// and is called like kworker/u2:1+netns while it is at it, and kworker/u2:1-netns afterwards.
func (l *lab) takingDown() bool {
	l.t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		l.t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name) // fails for a process that has ended meanwhile
		if err == nil && strings.HasSuffix(strings.TrimSpace(string(text)), "+netns") {
			return true
		}
	}
	return false
}
