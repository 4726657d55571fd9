package roundtrip

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A coverage counts how often what can be written was written, as "what value".
type coverage map[string]int

// count notes a value, or what stands for a range of values.
func (c coverage) count(what string, value any) {
	c[strings.TrimSpace(fmt.Sprintf("%s %v", what, value))]++
}

// optional notes a number that need not be written, by whether it is one of the corners.
func (c coverage) optional(what string, value *int, corners ...int) {
	switch {
	case value == nil:
		c.count(what, "omitted")
	case slices.Contains(corners, *value):
		c.count(what, *value)
	default:
		c.count(what, "another")
	}
}

// model notes everything about a configuration.
func (c coverage) model(m *model) {
	c.count("configurations", "")
	c.count("director", fmt.Sprintf("IPv%d", family(m.own)))
	if m.web {
		c.count("host", "web")
	}
	if m.ipvs != nil {
		c.settings(m.ipvs)
	}
	for _, r := range m.raw {
		c.raw(r)
	}
	for _, cl := range m.clusters {
		c.cluster(cl)
	}
	for _, v := range m.virtuals() {
		c.count("services", "")
		for _, r := range v.reals() {
			c.count("real servers", "")
			c.real(v, r)
		}
	}
}

func (c coverage) settings(s *settings) {
	for name := range s.timeouts {
		c.count("timeout", name)
	}
	for name, value := range s.sysctls {
		c.count("ipvs "+name, value)
	}
	for _, d := range s.daemons {
		c.count("sync daemon", d.role)
		group := of(addr("224.0.0.81"), d.group)
		c.count("sync daemon group", fmt.Sprintf("IPv%d", family(group)))
		c.optional("sync daemon id", d.id, 0, 255)
		c.optional("sync daemon port", d.port)
		c.optional("sync daemon ttl", d.ttl, 1, 255)
		c.optional("sync daemon max_length", d.length, 1024, 65000)
	}
}

func (c coverage) raw(r raw) {
	c.count("block", r.kind)
	if r.kind == "link" {
		kind := "of the host"
		if want, made := r.probes[0].want["linkinfo.info_kind"]; made {
			kind = fmt.Sprint(want)
		}
		c.count("link", kind)
	}
	for _, p := range r.probes {
		c.count(r.kind, fmt.Sprintf("IPv%d", p.family))
	}
}

func (c coverage) cluster(cl *cluster) {
	c.count("clusters", "")
	c.count("mode", cl.mode)
	c.count("vips", fmt.Sprintf("%d of IPv%d", len(cl.vips), cl.family()))
	c.count("cluster interface", or(cl.link, "omitted"))
	c.count("cluster algorithm", given(cl.algorithm != ""))
	c.count("cluster tunnel", given(cl.tunnel != nil))
	c.count("gateway", given(cl.gateway != nil))
	c.count("gateway_table", given(cl.table != nil))
	c.count("mss", given(cl.mss != nil))
	c.count("source", fmt.Sprintf("%d addresses", len(between(cl.source))))
	if len(cl.services) == 0 {
		c.count("cluster", "without services")
	}
	for _, s := range cl.services {
		c.service(virtual{service: s, cluster: cl})
	}
	c.groups(cl, cl.groups)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func given(is bool) string {
	if is {
		return "written"
	}
	return "omitted"
}

func (c coverage) service(v virtual) {
	c.count("algorithm", v.scheduler())
	c.count("service vip", given(len(v.vips) > 0))
	c.count("one_packet", v.onePacket)
	for _, f := range v.flags {
		c.count("flag", v.flagWord(f))
	}
	if v.mark != 0 {
		c.count("selected by", fmt.Sprintf("fwmark in IPv%d", v.cluster.family()))
		for _, p := range v.packets {
			kind := "to ports"
			if p.first == p.last {
				kind = "to a port"
			}
			if p.last == 0 {
				kind = "all"
			}
			c.count("packets", p.protocol+" "+kind)
		}
		c.count("packets", given(len(v.packets) > 0))
	} else {
		port := v.port
		c.count("selected by", fmt.Sprintf("%s in IPv%d", or(v.protocol, "tcp by default"), v.cluster.family()))
		c.optional("port", &port, 0, 65535)
	}
	if p := v.persistence; p != nil {
		c.optional("persistence timeout", p.timeout, 1, maxTimeout)
		c.count("persistence netmask", fmt.Sprintf("in IPv%d %s", v.cluster.family(), netmaskWord(p.netmask)))
		c.count("persistence engine", or(p.engine, "omitted"))
	}
	c.groups(v.cluster, v.groups)
}

// flagWord tells the numbered flags of sh and mh apart, which have names, from those of
// others.
func (v virtual) flagWord(flag string) string {
	if s := v.scheduler(); strings.HasPrefix(flag, "flag-") && (s == "sh" || s == "mh") {
		return flag + " of " + s
	}
	return flag
}

func netmaskWord(mask string) string {
	switch {
	case mask == "":
		return "omitted"
	case mask == "32" || mask == "128" || mask == "255.255.255.255":
		return "whole"
	case strings.Contains(mask, "."):
		return "dotted"
	}
	return "as a length"
}

func (c coverage) groups(cl *cluster, groups []*group) {
	for _, g := range groups {
		kind := "real_server"
		if g.pool {
			kind = "pool"
		}
		c.count(kind, "")
		c.count(kind+" mode", or(g.mode, "omitted")+" in "+cl.mode)
		c.count(kind+" port", given(g.port != nil))
		c.count(kind+" weight", given(g.weight != nil))
		c.count(kind+" tunnel", given(g.tunnel != nil))
		if g.host != "" {
			c.count("real_server host", g.host+" in "+cl.modeOf(g))
		}
		for _, s := range g.servers {
			if g.pool {
				c.count("pool entry port", given(s.port != nil))
				c.count("pool entry weight", given(s.weight != nil))
			}
		}
	}
}

func (c coverage) real(v virtual, r real) {
	c.count("real server in mode", r.mode)
	c.count("real server", fmt.Sprintf("IPv%d behind IPv%d", family(r.addr), v.cluster.family()))
	c.optional("weight", &r.weight, 0, 1, 1<<31-1)
	c.optional("upper threshold", &r.upper, 0, maxThreshold)
	c.optional("lower threshold", &r.lower, 0, maxThreshold)
	if r.port != v.port {
		c.count("port mapped in mode", r.mode)
	}
	if r.mode == "tun" {
		c.count("tunnel", strings.TrimSpace(r.tunnel.kind+" "+or(r.tunnel.checksum, "none")))
		if r.tunnel.kind == "gue" {
			c.optional("gue port", r.tunnel.port, 1, 65535)
		}
	}
}

// lines are the counts, sorted.
func (c coverage) lines() []string {
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(c)) {
		lines = append(lines, fmt.Sprintf("%7d %s", c[what], what))
	}
	return lines
}
