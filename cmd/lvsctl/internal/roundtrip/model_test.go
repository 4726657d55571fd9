// Package roundtrip has one test, of everything together: any valid configuration,
// applied to a real kernel after any other, is what the kernel then has.
//
// A generator thinks of a configuration as a [model]. From the model comes the text that
// lvsctl reads, and, by code that shares nothing with lvsctl, what ipvsadm, nft, ip and
// /proc have to say when it has been applied. docs/soak.md tells how to run it.
package roundtrip

import (
	"fmt"
	"net/netip"
)

// A model is a configuration as it is written, with the director as host "lb". What is
// left out of the text is nil or empty.
type model struct {
	own      netip.Addr // the director's own address
	web      bool       // whether there is a managed real server, the host "web"
	ipvs     *settings
	raw      []raw
	clusters []*cluster
}

// settings are an ipvs block.
type settings struct {
	timeouts map[string]int    // by their names in ipvsadm: tcp, tcpfin, udp
	sysctls  map[string]string // by their names below net.ipv4.vs
	daemons  []daemon
}

// A daemon is a sync_daemon block.
type daemon struct {
	role, link            string
	group                 *netip.Addr
	id, port, ttl, length *int
}

// A raw block of the director is written as it stands. What it means is looked up with
// ip(8) or in /proc.
type raw struct {
	kind   string // sysctl, link, address, route or rule
	text   string
	sysctl [2]string // a name and the value that it has to have
	addr   netip.Prefix
	probes []probe
}

// A probe is a command for ip -batch, and members of what it prints as JSON.
type probe struct {
	family  int
	command string
	want    map[string]any
}

// A cluster has the director lb.
type cluster struct {
	name, mode    string
	vips          []netip.Addr
	link          string
	algorithm     string
	gateway       *netip.Addr
	table, mss    *int
	source        []netip.Addr // one address, or the first and the last
	tunnel        *tunnel
	groups        []*group
	services      []*service
	agreed        map[string]string // what other clusters have to agree with, see agreement
	mixedFamilies bool
}

// A service is one by port, or with a mark.
type service struct {
	name        string
	protocol    string // empty is tcp
	port        int
	mark        uint32
	packets     []packets
	vips        []netip.Addr // none is all of the cluster's
	algorithm   string
	flags       []string
	onePacket   bool
	persistence *persistence
	groups      []*group
}

// packets get a mark: those of a protocol to some ports, to all with last 0.
type packets struct {
	protocol    string
	first, last int
}

// String writes packets as the language does.
func (p packets) String() string {
	switch {
	case p.last == 0:
		return p.protocol
	case p.first == p.last:
		return fmt.Sprintf("%s/%d", p.protocol, p.first)
	}
	return fmt.Sprintf("%s/%d-%d", p.protocol, p.first, p.last)
}

type persistence struct {
	timeout *int
	netmask string
	engine  string
}

// A group is a real_server block with one server, or a pool.
type group struct {
	name         string
	pool         bool
	host         string // of a real_server
	mode         string
	port, weight *int
	upper, lower *int
	tunnel       *tunnel
	servers      []server
}

type server struct {
	addr         netip.Addr
	implied      bool // it is the own address of the host, and not written
	port, weight *int // of an entry in a pool
}

type tunnel struct {
	kind     string
	port     *int
	checksum string
}

// family is 4 or 6.
func family(a netip.Addr) int {
	if a.Is4() {
		return 4
	}
	return 6
}

func (c *cluster) family() int { return family(c.vips[0]) }

// of is the first value that is written, or else a default.
func of[T any](otherwise T, values ...*T) T {
	for _, v := range values {
		if v != nil {
			return *v
		}
	}
	return otherwise
}
