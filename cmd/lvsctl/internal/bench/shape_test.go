// Package bench measures lvsctl beside ipvsadm and keepalived: whole processes, on one
// kernel, in one run. It has tests alone; make bench runs them, and docs/performance.md says
// how to read what they write.
package bench

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
)

// A shape is how much is balanced: so many services with so many real servers, as evenly as
// can be.
type shape struct {
	name              string
	services, servers int
	rounds            int  // how often each program is measured, where there is time for it
	repeats           int  // how often in a round what only looks is measured
	coldOnly          bool // nothing is done but setting it up
}

// shapes are those that are measured. The second one is as large as a director gets that
// balances the services of a whole company.
var shapes = []shape{
	{"100 × 100", 100, 10_000, 3, 3, false},
	{"37,205 in 2,277", 2_277, 37_205, 3, 2, false},
	{"10,000 × 5", 10_000, 50_000, 1, 1, true},
}

// edits are those that a shape has in a round, one after the other.
func (s shape) edits() []variant { return []variant{edited, first}[:s.repeats-1] }

// A variant is what is said of the real servers of a shape.
type variant struct {
	weight int // of the one in the middle; all others have weight 10
	others bool
}

var (
	first    = variant{weight: 10}
	edited   = variant{weight: 20}
	replaced = variant{weight: 10, others: true} // by as many other real servers
)

// vipShare is how many services have one VIP, and are in one cluster.
const vipShare = 25

// vip is the address of a service.
func vip(service int) netip.Addr {
	n := service / vipShare
	return netip.AddrFrom4([4]byte{10, 200, byte(n >> 8), byte(n)})
}

func port(service int) int { return 80 + service%vipShare }

// behind are the numbers of the first real server of a service and of the first one that is
// not its own.
func (s shape) behind(service int) (from, to int) {
	return service * s.servers / s.services, (service + 1) * s.servers / s.services
}

// middle is the real server whose weight is edited, and its service.
func (s shape) middle() (service, server int) {
	service = s.services / 2
	server, _ = s.behind(service)
	return service, server
}

// server is the address of a real server, and its weight.
func (s shape) server(n int, v variant) (netip.Addr, int) {
	weight := 10
	if _, m := s.middle(); n == m {
		weight = v.weight
	}
	block := byte(0)
	if v.others {
		block = 64
	}
	return netip.AddrFrom4([4]byte{10, block + byte(n>>16), byte(n >> 8), byte(n)}), weight
}

// config writes the shape as a config of lvsctl. The director is the machine itself, and has
// its VIPs from somebody else, as it has with the other two.
func (s shape) config(w io.Writer, v variant) {
	fmt.Fprint(w, "host \"lb1\" {\n  address = \"10.255.0.1\"\n  local   = true\n}\n")
	for i := range s.services {
		if i%vipShare == 0 {
			fmt.Fprintf(w, "\ncluster \"c%d\" {\n  mode          = \"dr\"\n  vip           = %q\n  services_only = true\n  algorithm     = \"wlc\"\n  directors     = [host.lb1]\n", i/vipShare, vip(i))
		}
		fmt.Fprintf(w, "\n  service \"s%d\" {\n    port = %d\n\n    pool \"all\" {\n      servers = [\n", i, port(i))
		for n, to := s.behind(i); n < to; n++ {
			addr, weight := s.server(n, v)
			fmt.Fprintf(w, "        \"%s weight %d\",\n", addr, weight)
		}
		fmt.Fprint(w, "      ]\n    }\n  }\n")
		if (i+1)%vipShare == 0 || i == s.services-1 {
			fmt.Fprint(w, "}\n")
		}
	}
}

// rules writes the shape as ipvsadm reads and prints it.
func (s shape) rules(w io.Writer, v variant) {
	for i := range s.services {
		fmt.Fprintf(w, "-A -t %s:%d -s wlc\n", vip(i), port(i))
		for n, to := s.behind(i); n < to; n++ {
			addr, weight := s.server(n, v)
			fmt.Fprintf(w, "-a -t %s:%d -r %s:%d -g -w %d\n", vip(i), port(i), addr, port(i), weight)
		}
	}
}

// keepalived writes the shape as a config of keepalived, without checks.
func (s shape) keepalived(w io.Writer, v variant) {
	for i := range s.services {
		fmt.Fprintf(w, "virtual_server %s %d {\n  lb_algo wlc\n  lb_kind DR\n  protocol TCP\n", vip(i), port(i))
		for n, to := s.behind(i); n < to; n++ {
			addr, weight := s.server(n, v)
			fmt.Fprintf(w, "  real_server %s %d {\n    weight %d\n  }\n", addr, port(i), weight)
		}
		fmt.Fprint(w, "}\n")
	}
}

// A form is one of the above.
type form func(s shape, w io.Writer, v variant)

// writeFile has a shape written to a file of a directory.
func (s shape) writeFile(dir, name string, write form, v variant) (string, error) {
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	write(s, w, v)
	return path, w.Flush()
}
