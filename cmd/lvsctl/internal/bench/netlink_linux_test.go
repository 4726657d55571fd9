package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/provider/ipvs"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// netlinkEnv names the shape that the test program sets up by netlink, where it does nothing
// else.
const netlinkEnv = "BENCH_NETLINK"

// TestMain lets the test program be one of those that are measured.
func TestMain(m *testing.M) {
	name := os.Getenv(netlinkEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	took, err := sendAlone(name)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(took.Nanoseconds())
}

// sendAlone writes a shape's messages, sends them and hears the kernel's answers, and tells
// how long that took.
func sendAlone(name string) (time.Duration, error) {
	i := slices.IndexFunc(shapes, func(s shape) bool { return s.name == name })
	if i < 0 {
		return 0, fmt.Errorf("there is no shape %q", name)
	}
	ops := shapes[i].operations(first)
	client, err := ipvs.New()
	if err != nil {
		return 0, err
	}
	defer client.Close()
	runtime.GC()
	start := time.Now()
	attempted, failures := client.Apply(ops)
	took := time.Since(start)
	if attempted != len(ops) || len(failures) > 0 {
		return 0, fmt.Errorf("%d operations of %d were sent, and %d failed", attempted, len(ops), len(failures))
	}
	return took, nil
}

// operations are what sets up the shape.
func (s shape) operations(v variant) []ipvs.Op {
	ops := make([]ipvs.Op, 0, s.services+s.servers)
	for i := range s.services {
		key := resource.AddrService(resource.TCP, vip(i), uint16(port(i)))
		ops = append(ops, ipvs.Op{Verb: ipvs.Add, Object: resource.Service{ServiceKey: key, Scheduler: "wlc", Netmask: resource.FullNetmask(resource.IPv4)}})
		for n, to := s.behind(i); n < to; n++ {
			addr, weight := s.server(n, v)
			ops = append(ops, ipvs.Op{Verb: ipvs.Add, Object: resource.Destination{Service: key, Addr: addr, Port: uint16(port(i)), Forward: resource.ForwardDirect, Weight: uint32(weight)}})
		}
	}
	return ops
}

// send measures netlink alone, in a process of its own. The time is what that reports.
func (d *director) send(s shape) cost {
	d.t.Helper()
	program, err := os.Executable()
	if err != nil {
		d.t.Fatal(err)
	}
	c := d.run("", "env", netlinkEnv+"="+s.name, program)
	text, err := os.ReadFile(filepath.Join(d.dir, "output"))
	if err != nil {
		d.t.Fatal(err)
	}
	took, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		d.t.Fatal(err)
	}
	d.judge(s, first)
	return cost{time.Duration(took), c.memory}
}
