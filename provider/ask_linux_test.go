package provider

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A machine that has addresses is at the other end of a wire.
func TestKernelAsk(t *testing.T) {
	m := kernel(t)
	run(t, "ip netns add asked")
	t.Cleanup(func() { run(t, "ip netns del asked") })
	for _, line := range []string{
		"ip link add wire address 02:00:00:00:00:0a type veth peer name end address 02:00:00:00:00:0e netns asked",
		"ip link set wire up",
		"ip -n asked link set end up",
		"ip -n asked addr add 192.0.2.1/24 dev end",
		"ip -n asked addr add 192.0.2.2/24 dev end",
		"ip -n asked addr add 2001:db8::1/64 dev end nodad",
		"ip addr add 192.0.2.9/24 dev wire", // our own says nothing
	} {
		run(t, line)
	}
	time.Sleep(time.Second) // IPv6 comes up with the carrier
	list := []resource.Address{
		on("wire", "192.0.2.1/32"), on("wire", "192.0.2.7/32"), on("wire", "2001:db8::1/128"), on("wire", "2001:db8::7/128"),
		on("wire", "192.0.2.2/24"), on("wire", "192.0.2.9/32"), on("lo", "192.0.2.1/32"), on("eth0", "192.0.2.1/32"), on("gone", "192.0.2.1/32"),
	}
	end := resource.Neighbour{Hardware: "02:00:00:00:00:0e"}
	start := time.Now()
	got := m.Ask(list)
	t.Logf("it took %v", time.Since(start))
	if diff := cmp.Diff([]resource.Neighbour{end, {}, end, {}, end, {}, {}, {}, {}}, got); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	if out := run(t, "ip -n asked neigh show dev end"); out != "" {
		t.Errorf("who was asked has learnt from it: %s", out)
	}

	run(t, "tc qdisc add dev wire root pfifo limit 0")
	for i, n := range m.Ask(list[:3]) {
		if n.Failure == "" {
			t.Errorf("%s could not be asked for, and there is no failure", list[i])
		}
	}
}
