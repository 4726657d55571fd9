package provider

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// expectTimeouts compares what ipvsadm says with the seconds of tcp, tcpfin and udp.
func expectTimeouts(t *testing.T, want string) {
	t.Helper()
	if diff := cmp.Diff("Timeout (tcp tcpfin udp): "+want+"\n", run(t, "ipvsadm -l --timeout")); diff != "" {
		t.Errorf("ipvsadm -l --timeout (-want +got):\n%s", diff)
	}
}

func TestKernelTimeouts(t *testing.T) {
	m := kernel(t)
	run(t, "modprobe ip_vs")
	timeout := func(name string, seconds uint32) resource.Timeout {
		return resource.Timeout{Name: name, Seconds: seconds}
	}
	expectRead(t, m, timeout("tcp", 900), timeout("tcpfin", 120), timeout("udp", 300))
	expectRead(t, m, timeout("tcpfin", 120)) // and no other is read

	// Each is set without touching the others.
	for _, test := range []struct {
		before, after resource.Timeout
		want          string
	}{
		{timeout("tcp", 900), timeout("tcp", 1000), "1000 120 300"},
		{timeout("tcpfin", 120), timeout("tcpfin", 1), "1000 1 300"},
		{timeout("udp", 300), timeout("udp", 86400), "1000 1 86400"},
	} {
		apply(t, m, update(test.before, test.after))
		expectTimeouts(t, test.want)
		expectRead(t, m, test.after)
	}
	apply(t, m,
		resource.Change{Action: resource.Restore, Before: timeout("tcp", 1000), After: timeout("tcp", 900)},
		resource.Change{Action: resource.Restore, Before: timeout("udp", 86400), After: timeout("udp", 300)})
	expectTimeouts(t, "900 1 300")
}

func TestKernelTimeoutFails(t *testing.T) {
	m := kernel(t)
	run(t, "modprobe ip_vs")
	udp := resource.Timeout{Name: "udp", Seconds: 300}
	fails(t, m, "0 seconds cannot be set", update(udp, resource.Timeout{Name: "udp"}))
	fails(t, m, `unknown timeout "sctp"`, create(resource.Timeout{Name: "sctp", Seconds: 5}))
	fails(t, m, "invalid", update(udp, resource.Timeout{Name: "udp", Seconds: 1 << 31}))
	fails(t, m, "cannot delete a timeout", remove(udp))
	expectTimeouts(t, "900 120 300")
	if got := read(t, m, resource.Timeout{Name: "sctp"}); got.Len() != 0 {
		t.Errorf("read %v", got)
	}
}
