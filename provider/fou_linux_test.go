package provider

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// expectFOU compares what ip fou show prints with lines in any order.
func expectFOU(t *testing.T, want ...string) {
	t.Helper()
	got := []string{}
	for line := range strings.Lines(run(t, "ip fou show")) {
		got = append(got, strings.TrimSpace(line))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		t.Errorf("ip fou show (-want +got):\n%s", diff)
	}
}

func TestKernelFOU(t *testing.T) {
	m := kernel(t)
	run(t, "modprobe fou")
	tests := []struct {
		port resource.FOU
		want string
	}{
		{resource.FOU{Family: resource.IPv4, Port: 6080, GUE: true}, "port 6080 gue"},
		{resource.FOU{Family: resource.IPv6, Port: 6080, GUE: true}, "port 6080 gue -6"},
		{resource.FOU{Family: resource.IPv4, Port: 5555, Protocol: 4}, "port 5555 ipproto 4"},
		{resource.FOU{Family: resource.IPv6, Port: 65535, Protocol: 47}, "port 65535 ipproto 47 -6"},
		{resource.FOU{Family: resource.IPv4, Port: 1, Protocol: 255}, "port 1 ipproto 255"},
	}
	var lines []string
	var ports []resource.Resource
	for _, test := range tests { // no subtests: they would run in another namespace
		t.Log(test.port)
		apply(t, m, create(test.port))
		expectFOU(t, test.want)
		expectRead(t, m, test.port)
		fails(t, m, "address already in use", create(test.port))
		apply(t, m, remove(test.port))
		expectFOU(t)
		if got := read(t, m, test.port); got.Len() != 0 {
			t.Errorf("read after it was removed: %v", got)
		}
		apply(t, m, remove(test.port)) // gone already
		lines, ports = append(lines, test.want), append(ports, test.port)
	}

	// All of them side by side, and what becomes of one does not touch the others.
	for _, port := range ports {
		apply(t, m, create(port))
	}
	expectFOU(t, slices.Clone(lines)...)
	expectRead(t, m, ports...)
	expectRead(t, m, ports[1]) // and no other is read
	plain := resource.FOU{Family: resource.IPv6, Port: 6080, Protocol: 41}
	apply(t, m, update(ports[1], plain))
	lines[1] = "port 6080 ipproto 41 -6"
	expectFOU(t, slices.Clone(lines)...)
	expectRead(t, m, plain, ports[0])
	apply(t, m, remove(ports[0]))
	expectFOU(t, slices.Clone(lines[1:])...)
}

// A port that is bound to an address is another one: it is not shown as ours, and stays
// when ours goes.
func TestKernelFOUOfOthers(t *testing.T) {
	m := kernel(t)
	run(t, "modprobe fou")
	run(t, "ip addr add 2001:db8::1/64 dev eth0 nodad")
	run(t, "ip fou add port 6080 gue local 127.0.0.1")
	run(t, "ip -6 fou add port 6080 gue local 2001:db8::1")
	run(t, "ip fou add port 7000 ipproto 4 local 127.0.0.1 peer 127.0.0.2 peer_port 7001")
	bound := []string{
		"port 6080 gue local 127.0.0.1", "port 6080 gue -6 local 2001:db8::1",
		"port 7000 ipproto 4 local 127.0.0.1 peer 127.0.0.2 peer_port 7001",
	}
	for _, port := range []resource.FOU{
		{Family: resource.IPv4, Port: 6080, GUE: true}, {Family: resource.IPv6, Port: 6080, GUE: true}, {Family: resource.IPv4, Port: 7000, Protocol: 4},
	} {
		if got := read(t, m, port); got.Len() != 0 {
			t.Errorf("read %v", got)
		}
		apply(t, m, remove(port))
		fails(t, m, "address already in use", create(port))
	}
	expectFOU(t, slices.Clone(bound)...)
	run(t, "ip fou add port 7000 ipproto 4 -6") // beside it, in the other family
	expectRead(t, m, resource.FOU{Family: resource.IPv6, Port: 7000, Protocol: 4})
}

func TestKernelFOUFails(t *testing.T) {
	m := kernel(t)
	run(t, "modprobe fou")
	fails(t, m, "protocol 4: what is inside GUE is said by each packet", create(resource.FOU{Family: resource.IPv4, Port: 6080, GUE: true, Protocol: 4}))
	fails(t, m, "not supported", create(resource.FOU{Family: 9, Port: 6080, GUE: true}))
	expectFOU(t)
}

// Without the module there are no ports, and neither reading nor removing loads it.
// Loaded again it has another number, which must not be remembered.
func TestKernelFOULoading(t *testing.T) {
	m := kernel(t)
	port := resource.FOU{Family: resource.IPv4, Port: 6080, GUE: true}
	for range 2 {
		unloadFOU(t)
		if got := read(t, m, port); got.Len() != 0 {
			t.Errorf("read %v", got)
		}
		apply(t, m, remove(port))
		fails(t, m, "the kernel module fou is not loaded", create(port))
		if loaded(t, "fou") {
			t.Error("fou has been loaded")
		}
		apply(t, m, create(resource.Module{Name: "fou"}), create(port))
		expectFOU(t, "port 6080 gue")
		expectRead(t, m, port)
		apply(t, m, remove(port))
	}
}

// unloadFOU removes the module. Ports of namespaces of tests that ended hold on to it for
// a while.
func unloadFOU(t *testing.T) {
	t.Helper()
	var out []byte
	for deadline := time.Now().Add(60 * time.Second); loaded(t, "fou"); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("fou cannot be unloaded: %s", out)
		}
		out, _ = exec.Command("modprobe", "-r", "fou").CombinedOutput()
	}
}
