package bench

import (
	"net/netip"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/lvsctl/lvsctl/provider/ipvs"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A balancer is a keepalived at work.
type balancer struct {
	*director
	cmd    *exec.Cmd
	kernel *ipvs.Client
}

// keep starts keepalived with a config, and waits until all is there. It sets up one service
// after the other, in the order of its config: the last one tells. It is asked for by netlink
// every few milliseconds, which takes next to nothing from keepalived; ipvsadm has the last
// word on what is there.
func (d *director) keep(s shape, config string) (*balancer, cost) {
	d.t.Helper()
	b := &balancer{director: d, cmd: exec.Command("keepalived", "--dont-fork", "--check", "--use-file", config,
		"--pid", filepath.Join(d.dir, "keepalived.pid"), "--checkers_pid", filepath.Join(d.dir, "checkers.pid"))}
	var err error
	d.Do(func() { b.kernel, err = ipvs.New() })
	if err != nil {
		d.t.Fatal(err)
	}
	from, to := s.behind(s.services - 1)
	start := time.Now()
	if err := d.StartCmd(b.cmd); err != nil {
		d.t.Fatal(err)
	}
	b.await(s.services-1, func(list []ipvs.Destination) bool { return len(list) == to-from })
	return b, cost{time: time.Since(start)}
}

// await waits until the real servers of a service are as they should be.
func (b *balancer) await(service int, there func([]ipvs.Destination) bool) {
	b.t.Helper()
	key := resource.AddrService(resource.TCP, vip(service), uint16(port(service)))
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		list, err := b.kernel.Destinations(key)
		if err != nil {
			b.t.Fatal(err)
		}
		if there(list) {
			return
		}
	}
	b.t.Fatalf("keepalived has not set up service %d in %v", service, patience)
}

// reload has keepalived read its config again, and waits until a real server has the weight
// that it has there.
func (b *balancer) reload(s shape, weight int) cost {
	b.t.Helper()
	service, n := s.middle()
	var addr netip.Addr
	addr, _ = s.server(n, first)
	start := time.Now()
	if err := b.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		b.t.Fatal(err)
	}
	b.await(service, func(list []ipvs.Destination) bool {
		for _, d := range list {
			if d.Addr == addr {
				return d.Weight == uint32(weight)
			}
		}
		return false
	})
	return cost{time: time.Since(start)}
}

// stop ends keepalived, which takes away all that it has set up.
func (b *balancer) stop() cost {
	b.t.Helper()
	start := time.Now()
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.t.Fatal(err)
	}
	if err := b.cmd.Wait(); err != nil {
		b.t.Fatal("keepalived: ", err)
	}
	b.kernel.Close()
	return cost{time.Since(start), peak(b.cmd)}
}
