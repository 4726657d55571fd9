package roundtrip

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// hcl writes the model as a configuration.
func (m *model) hcl() string {
	var w writer
	w.block(`host "lb"`, func() {
		w.attr("address", m.own)
		w.attr("interface", "eth0")
		w.attr("netns", "lb")
		if m.ipvs != nil {
			w.block("ipvs", func() { w.settings(m.ipvs) })
		}
		for _, r := range m.raw {
			w.lines(r.text)
		}
	})
	if m.web {
		w.block(`host "web"`, func() {
			w.attr("address", web4)
			w.attr("interface", "eth0")
			w.attr("netns", "web")
		})
	}
	for _, c := range m.clusters {
		w.block(fmt.Sprintf("cluster %q", c.name), func() { w.cluster(c) })
	}
	return w.String()
}

// A writer writes HCL.
type writer struct {
	strings.Builder
	depth int
}

func (w *writer) lines(text string) {
	for line := range strings.Lines(text) {
		w.WriteString(strings.Repeat("  ", w.depth) + strings.TrimRight(line, "\n") + "\n")
	}
}

func (w *writer) block(head string, body func()) {
	w.lines(head + " {")
	w.depth++
	body()
	w.depth--
	w.lines("}")
}

// attr writes an argument that has a value.
func (w *writer) attr(name string, value any) {
	if text := literal(value); text != "" {
		w.lines(name + " = " + text)
	}
}

// literal is a value in HCL, empty for one that is not there.
func literal(value any) string {
	switch v := value.(type) {
	case string:
		if v != "" {
			return fmt.Sprintf("%q", v)
		}
	case netip.Addr:
		return fmt.Sprintf("%q", v)
	case *netip.Addr:
		if v != nil {
			return literal(*v)
		}
	case *int:
		if v != nil {
			return fmt.Sprint(*v)
		}
	case []netip.Addr:
		if len(v) == 1 {
			return literal(v[0])
		}
		return list(v)
	case []packets:
		return list(v)
	case []string:
		return list(v)
	default:
		return fmt.Sprint(v)
	}
	return ""
}

// list is a list of strings in HCL, empty for none.
func list[T any](values []T) string {
	if len(values) == 0 {
		return ""
	}
	return "[" + quoted(values) + "]"
}

func quoted[T any](values []T) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprintf("%q", fmt.Sprint(v))
	}
	return strings.Join(words, ", ")
}

func (w *writer) settings(s *settings) {
	for _, name := range slices.Sorted(maps.Keys(s.timeouts)) {
		w.attr(name+"_timeout", s.timeouts[name])
	}
	for _, name := range slices.Sorted(maps.Keys(s.sysctls)) {
		w.attr(name, s.sysctls[name])
	}
	for _, d := range s.daemons {
		w.block(fmt.Sprintf("sync_daemon %q", d.role), func() {
			w.attr("interface", d.link)
			w.attr("id", d.id)
			w.attr("group", d.group)
			w.attr("port", d.port)
			w.attr("ttl", d.ttl)
			w.attr("max_length", d.length)
		})
	}
}

func (w *writer) cluster(c *cluster) {
	w.attr("mode", c.mode)
	w.attr("vip", c.vips)
	w.attr("interface", c.link)
	w.attr("gateway", c.gateway)
	w.attr("gateway_table", c.table)
	w.attr("source", joined(c.source))
	w.attr("mss", c.mss)
	w.attr("algorithm", c.algorithm)
	w.lines("directors = [host.lb]")
	w.tunnel(c.tunnel)
	for _, s := range c.services {
		w.block(fmt.Sprintf("service %q", s.name), func() { w.service(s) })
	}
	w.groups(c.groups)
}

// joined is a range of addresses.
func joined(ends []netip.Addr) string {
	words := make([]string, len(ends))
	for i, a := range ends {
		words[i] = a.String()
	}
	return strings.Join(words, "-")
}

func (w *writer) service(s *service) {
	if s.mark != 0 {
		w.attr("fwmark", s.mark)
		w.attr("packets", s.packets)
	} else {
		w.attr("protocol", s.protocol)
		w.attr("port", s.port)
	}
	w.attr("vip", s.vips)
	w.attr("algorithm", s.algorithm)
	w.attr("flags", s.flags)
	if s.onePacket {
		w.attr("one_packet", true)
	}
	if p := s.persistence; p != nil {
		w.block("persistence", func() {
			w.attr("timeout", p.timeout)
			w.attr("netmask", p.netmask)
			w.attr("engine", p.engine)
		})
	}
	w.groups(s.groups)
}

func (w *writer) groups(groups []*group) {
	for _, g := range groups {
		kind := "real_server"
		if g.pool {
			kind = "pool"
		}
		w.block(fmt.Sprintf("%s %q", kind, g.name), func() { w.group(g) })
	}
}

func (w *writer) group(g *group) {
	switch {
	case g.pool:
		entries := make([]string, len(g.servers))
		for i, s := range g.servers {
			entries[i] = s.entry()
		}
		w.lines("servers = [" + quoted(entries) + "]")
	case !g.servers[0].implied:
		w.attr("address", g.servers[0].addr)
	}
	if g.host != "" {
		w.lines("host = host." + g.host)
	}
	w.attr("mode", g.mode)
	w.attr("port", g.port)
	w.attr("weight", g.weight)
	w.attr("upper_threshold", g.upper)
	w.attr("lower_threshold", g.lower)
	w.tunnel(g.tunnel)
}

// entry is a server as an entry of a pool.
func (s server) entry() string {
	text := s.addr.String()
	if s.port != nil {
		text = netip.AddrPortFrom(s.addr, uint16(*s.port)).String()
	}
	if s.weight != nil {
		text += fmt.Sprintf(" weight %d", *s.weight)
	}
	return text
}

func (w *writer) tunnel(t *tunnel) {
	if t == nil {
		return
	}
	w.block("tunnel", func() {
		w.attr("type", t.kind)
		w.attr("port", t.port)
		w.attr("checksum", t.checksum)
	})
}
