package schema

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/zclconf/go-cty/cty"
)

// A Rollout has the real servers of a cluster change in waves.
type Rollout struct {
	Servers int           // how many may change at a time, 0 where that is a Percent
	Percent int           // of the cluster's real servers, rounded down, but one at least
	Pause   time.Duration // between one wave and the next
	Keep    bool          // a wave that fails is left as it is, not taken back
	// Probes are what directors ask each real server before it is taken in, by its address.
	// Without any they connect to its TCP ports.
	Probes map[netip.Addr][]resource.Probe
	Range  hcl.Range
}

// Size is how many of a number of real servers may change at a time.
func (r *Rollout) Size(servers int) int {
	return max(1, r.Servers, servers*r.Percent/100)
}

// maxPause is how long a rollout may pause between waves.
const maxPause = 24 * time.Hour

// rollout reads the rollout block of a cluster, nil where there is none.
func (c *content) rollout(d *clusterDecl) *Rollout {
	b := c.only(rolloutSpec)
	if b == nil {
		return nil
	}
	d.rolling = b
	r := &Rollout{Range: b.header(), Probes: map[netip.Addr][]resource.Probe{}}
	r.Servers, r.Percent = b.wave("wave")
	r.Pause = b.duration("pause", 0, maxPause)
	if s, ok := b.str("on_failure"); ok {
		r.Keep = b.word("on_failure", s) == rolloutKeep
	}
	for _, block := range b.blocks {
		if block.Type == serverProbeSpec.Type {
			b.serverProbe(r, d, block)
		}
	}
	return r
}

// What becomes of a wave that fails.
const (
	rolloutRevert = "revert"
	rolloutKeep   = "keep"
)

var waveForm = regexp.MustCompile(`^([0-9]{1,9})\s*(%?)$`)

// wave is an argument that is a number of real servers, or a percentage of them.
func (c *content) wave(name string) (servers, percent int) {
	s, ok := c.str(name)
	if !ok {
		return 0, 0
	}
	m := waveForm.FindStringSubmatch(strings.TrimSpace(s))
	n := 0
	if m != nil {
		n, _ = strconv.Atoi(m[1])
	}
	switch {
	case n == 0 || m[2] != "" && n > 100:
		c.fail(c.at(name), "Invalid wave", `The argument %q must be a number of real servers, 1 at least, or a percentage of them from "1%%" to "100%%", and this is %q. %s.`, name, s, c.spec.attr(name).sentence())
		return 0, 0
	case m[2] != "":
		return 0, n
	}
	return n, 0
}

// serverProbe reads what all real servers of a cluster are asked. It is read for each of
// them, until there is something wrong.
func (c *content) serverProbe(r *Rollout, d *clusterDecl, block *hcl.Block) {
	p := c.inner(serverProbeSpec, block, c.scope)
	p.checkOnlyQuestion()
	servers := d.servers()
	if len(servers) == 0 {
		p.scope = c.scope.asking(cty.UnknownVal(cty.String), cty.UnknownVal(cty.String))
		p.question()
	}
	for before, i := p.trouble(), 0; i < len(servers) && p.trouble() == before; i++ {
		p.scope = c.scope.asking(cty.StringVal(servers[i].label()), cty.StringVal(servers[i].Addr.String()))
		try, _ := p.question()
		r.Probes[servers[i].Addr] = append(r.Probes[servers[i].Addr], try)
	}
}

// servers are the real servers of all services of a cluster, each once, as far as they could
// be read.
func (d *clusterDecl) servers() []*RealServer {
	var list []*RealServer
	seen := map[netip.Addr]bool{}
	for _, s := range d.services {
		for _, g := range s.groups {
			for i := range g.servers {
				if addr := g.servers[i].Addr; addr.IsValid() && !seen[addr] {
					seen[addr] = true
					list = append(list, &g.servers[i])
				}
			}
		}
	}
	return list
}

// label is what people call a real server: by its host, or by its address.
func (s *RealServer) label() string {
	if s.Host != nil {
		return s.Host.Name
	}
	return s.Addr.String()
}

// asking is the scope of what one real server is asked: that around it, and server.
func (s *scope) asking(name, address cty.Value) *scope {
	server := &root{name: "server", noun: "part of server", values: map[string]cty.Value{"name": name, "address": address}}
	values := maps.Clone(s.values)
	values["server"] = server.value()
	return &scope{where: s.where, roots: append(slices.Clip(s.roots), server), library: s.library, values: values, instance: s.instance}
}

// How the ports of a real server are asked that is asked nothing else.
const (
	portTimeout = 3 * time.Second
	portTries   = 3
)

// ServerProbes are what directors of a cluster with a rollout ask each of its real servers
// before it is taken in, by address: what the config says, or else whether its TCP ports are
// open.
func (c *Cluster) ServerProbes() map[netip.Addr][]resource.Probe {
	if len(c.Rollout.Probes) > 0 {
		return c.Rollout.Probes
	}
	probes := map[netip.Addr][]resource.Probe{}
	seen := map[netip.AddrPort]bool{}
	for _, svc := range c.Services {
		if !svc.answersTCP() {
			continue
		}
		for i := range svc.RealServers {
			at := netip.AddrPortFrom(svc.RealServers[i].Addr, svc.RealServers[i].Port)
			if at.Port() != 0 && svc.RealServers[i].Weight > 0 && !seen[at] {
				seen[at] = true
				probes[at.Addr()] = append(probes[at.Addr()], resource.Probe{TCP: at.String(), Timeout: portTimeout, Tries: portTries})
			}
		}
	}
	return probes
}

// answersTCP tells services that are for TCP alone.
func (s *Service) answersTCP() bool {
	if s.Mark == 0 {
		return s.Protocol == resource.TCP
	}
	return len(s.Packets) > 0 && !slices.ContainsFunc(s.Packets, func(p Packets) bool { return p.Protocol != resource.TCP })
}
