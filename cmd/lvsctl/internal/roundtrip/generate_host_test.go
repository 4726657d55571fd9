package roundtrip

import (
	"fmt"
	"net/netip"
	"slices"
)

// ipvsSysctls are settings of IPVS with values that they can have. What needs much memory
// or many threads is left small.
var ipvsSysctls = []struct {
	name   string
	values []string
}{
	{"am_droprate", []string{"1", "10", "2147483647"}},
	{"amemthresh", []string{"0", "1024", "2147483647"}},
	{"backup_only", []string{"0", "1"}},
	{"cache_bypass", []string{"0", "1"}},
	{"conn_reuse_mode", []string{"0", "1", "2", "3"}},
	{"conntrack", []string{"0", "1"}},
	{"drop_entry", []string{"0", "1", "3"}},
	{"drop_packet", []string{"0", "1", "3"}},
	{"expire_nodest_conn", []string{"0", "1"}},
	{"expire_quiescent_template", []string{"0", "1"}},
	{"ignore_tunneled", []string{"0", "1"}},
	{"nat_icmp_send", []string{"0", "1"}},
	{"pmtu_disc", []string{"0", "1"}},
	{"run_estimation", []string{"0", "1"}},
	{"schedule_icmp", []string{"0", "1"}},
	{"secure_tcp", []string{"0", "1", "3"}},
	{"sloppy_sctp", []string{"0", "1"}},
	{"sloppy_tcp", []string{"0", "1"}},
	{"snat_reroute", []string{"0", "1"}},
	{"sync_persist_mode", []string{"0", "1"}},
	{"sync_ports", []string{"1", "2", "4"}},
	{"sync_qlen_max", []string{"0", "1000", "2147483647"}},
	{"sync_refresh_period", []string{"0", "10", fmt.Sprint(maxTimeout)}},
	{"sync_retries", []string{"0", "3"}},
	{"sync_sock_size", []string{"0", "65536", "2147483647"}},
	{"sync_threshold", []string{"0 1", "3 50", "5 0"}},
	{"sync_version", []string{"0", "1"}},
}

// settings make an ipvs block.
func (g *generator) settings(m *model, synced bool) *settings {
	s := &settings{timeouts: map[string]int{}, sysctls: map[string]string{}}
	for _, name := range some(g, g.IntN(4), []string{"tcp", "tcpfin", "udp"}) {
		s.timeouts[name] = pick(g, 1, 60, 1+g.IntN(maxTimeout), maxTimeout)
	}
	for _, setting := range some(g, g.IntN(6), ipvsSysctls) {
		s.sysctls[setting.name] = pick(g, setting.values...)
	}
	if slices.ContainsFunc(m.clusters, func(c *cluster) bool { return c.mode == "fullnat" }) && s.sysctls["conntrack"] != "" {
		s.sysctls["conntrack"] = "1"
	}
	if synced {
		for _, role := range some(g, 1+g.IntN(2), []string{"master", "backup"}) {
			s.daemons = append(s.daemons, g.daemon(role))
		}
	}
	return s
}

func (g *generator) daemon(role string) daemon {
	return daemon{
		role: role, link: pick(g, "eth0", "eth1"),
		group:  pick(g, nil, new(addr("224.0.0.81")), new(addr("239.1.2.3")), new(addr("ff02::81")), new(addr("ff05::8848"))),
		id:     maybe(g, pick(g, 0, 1, 255)),
		port:   maybe(g, pick(g, 1024, 8848, 60000)),
		ttl:    maybe(g, pick(g, 1, 64, 255)),
		length: maybe(g, pick(g, 1024, 1400, 65000)),
	}
}

// rawBlocks make blocks that say what the director's host is to have beside its roles.
func (g *generator) rawBlocks() (list []raw) {
	if g.chance(2) {
		return nil
	}
	for _, s := range some(g, g.IntN(3), rawSysctls) {
		value := pick(g, s.values...)
		list = append(list, raw{kind: "sysctl", sysctl: [2]string{s.name, value}, text: fmt.Sprintf("sysctl %q {\n  value = %q\n}\n", s.name, value)})
	}
	if g.chance(3) {
		mtu := 1400 + g.IntN(101)
		list = append(list, raw{kind: "link",
			text:   fmt.Sprintf("link \"eth1\" {\n  mtu = %d\n}\n", mtu),
			probes: []probe{{4, "link show eth1", map[string]any{"ifname": "eth1", "mtu": mtu}}}})
	}
	for i := range g.IntN(3) {
		list = append(list, g.link(i))
	}
	list = append(list, g.subnet()...)
	for i := range g.IntN(3) {
		list = append(list, g.rule(100+i))
	}
	return list
}

// rawSysctls are settings that no mode needs.
var rawSysctls = []struct {
	name   string
	values []string
}{
	{"net.ipv4.conf.eth1.arp_ignore", []string{"0", "1", "2"}},
	{"net.ipv4.conf.eth1.rp_filter", []string{"0", "1", "2"}},
	{"net.ipv4.tcp_fin_timeout", []string{"10", "60"}},
	{"net.ipv4.ip_local_port_range", []string{"1024 65000", "32768 60999"}},
	{"net.ipv6.conf.eth1.hop_limit", []string{"63", "255"}},
}

// link makes a link of its own, of any type. What tunnels have is another for each
// number, since no two can have the same.
func (g *generator) link(number int) raw {
	name, kind := fmt.Sprintf("raw%d", number), pick(g, "dummy", "vlan", "ipip", "sit", "gre", "ip6tnl", "ip6gre")
	want := map[string]any{"ifname": name, "linkinfo.info_kind": kind}
	var w writer
	w.block(fmt.Sprintf("link %q", name), func() {
		w.attr("type", kind)
		switch kind {
		case "dummy":
		case "vlan":
			id := 2*(1+g.IntN(2000)) + number
			w.attr("parent", "eth1")
			w.attr("vlan", id)
			want["link"], want["linkinfo.info_data.id"] = "eth1", id
		default:
			g.tunnelLink(&w, kind, number, want)
		}
		if mtu := maybe(g, 1280+g.IntN(100)); mtu != nil {
			w.attr("mtu", mtu)
			want["mtu"] = *mtu
		}
		if up := maybe(g, g.chance(2)); up != nil {
			w.attr("up", *up)
			want["up"] = *up
		} else {
			want["up"] = true
		}
	})
	return raw{kind: "link", text: w.String(), probes: []probe{{4, "link show " + name, want}}}
}

// tunnelLink writes the arguments of a tunnel.
func (g *generator) tunnelLink(w *writer, kind string, number int, want map[string]any) {
	local, remote := own4, addr("203.0.113.10")
	if kind == "ip6tnl" || kind == "ip6gre" {
		local, remote = own6, addr("2001:db8:9::10")
	}
	for range number {
		remote = remote.Next()
	}
	w.attr("remote", remote)
	want["linkinfo.info_data.remote"] = remote.String()
	if g.chance(2) {
		w.attr("local", local)
		want["linkinfo.info_data.local"] = local.String()
	}
	if ttl := maybe(g, pick(g, 1, 64, 255)); ttl != nil {
		w.attr("ttl", ttl)
		want["linkinfo.info_data.ttl"] = *ttl
	}
	if g.chance(3) {
		w.attr("parent", "eth0")
		want["link"] = "eth0"
	}
	switch kind {
	case "gre", "ip6gre":
		w.attr("key", maybe(g, 1+g.IntN(1<<32-1)))
	case "ip6tnl":
		w.attr("inner", pick(g, "", "ipv4", "ipv6"))
	}
}

// subnet makes addresses of a network on eth1, and routes that lead there.
func (g *generator) subnet() (list []raw) {
	addresses := map[int][]netip.Addr{4: some(g, g.IntN(3), span("198.51.100.1", 4)), 6: some(g, g.IntN(3), span("2001:db8:77::1", 4))}
	bits := map[int]int{4: 24, 6: 64}
	for _, f := range []int{4, 6} {
		for _, a := range addresses[f] {
			p := netip.PrefixFrom(a, bits[f])
			list = append(list, raw{kind: "address", addr: p, text: fmt.Sprintf("address %q {\n  interface = \"eth1\"\n}\n", p)})
		}
	}
	for _, f := range []int{4, 6} {
		if len(addresses[f]) > 0 {
			for i := range g.IntN(3) {
				list = append(list, g.route(f, i, addresses[f]))
			}
		}
	}
	return list
}

// route makes a route over eth1.
func (g *generator) route(f, number int, own []netip.Addr) raw {
	to := map[int][]string{4: {"203.0.113.0/25", "203.0.113.128/25"}, 6: {"2001:db8:88::/64", "2001:db8:99::/64"}}[f][number]
	want := map[string]any{"dst": to, "dev": "eth1", "protocol": "static"}
	table := maybe(g, 200+g.IntN(2))
	var w writer
	w.block(fmt.Sprintf("route %q", to), func() {
		w.attr("interface", "eth1")
		w.attr("table", table)
		if g.chance(2) {
			via := map[int]netip.Addr{4: addr("198.51.100.254"), 6: addr("2001:db8:77::fe")}[f]
			w.attr("via", via)
			want["gateway"] = via.String()
		}
		if metric := maybe(g, 1+g.IntN(3)); metric != nil {
			w.attr("metric", metric)
			want["metric"] = *metric
		}
		if g.chance(3) {
			source := pick(g, own...)
			w.attr("source", source)
			want["prefsrc"] = source.String()
		}
	})
	where := "main"
	if table != nil {
		where = fmt.Sprint(*table)
	}
	return raw{kind: "route", text: w.String(), probes: []probe{{f, fmt.Sprintf("route show table %s exact %s", where, to), want}}}
}

// rule makes a policy rule. Its table is empty, so that nothing else changes.
func (g *generator) rule(priority int) raw {
	f := pick(g, 4, 6)
	want := map[string]any{"priority": priority, "src": "all"}
	var w writer
	w.block(fmt.Sprintf("rule \"%d\"", priority), func() {
		table := 300 + g.IntN(3)
		w.attr("table", table)
		want["table"] = fmt.Sprint(table)
		w.attr("family", fmt.Sprintf("ipv%d", f))
		if g.chance(2) {
			from := map[int]netip.Prefix{4: netip.MustParsePrefix("203.0.113.0/24"), 6: netip.MustParsePrefix("2001:db8:66::/64")}[f]
			w.attr("from", from.String())
			want["src"], want["srclen"] = from.Addr().String(), from.Bits()
		}
		if g.chance(3) {
			w.attr("fwmark", 77)
			want["fwmark"] = "0x4d"
			if g.chance(2) {
				w.attr("mask", 255)
				want["fwmask"] = "0xff"
			}
		}
		if g.chance(3) {
			w.attr("interface", "eth1")
			want["iif"] = "eth1"
		}
	})
	return raw{kind: "rule", text: w.String(), probes: []probe{{f, fmt.Sprintf("rule show priority %d", priority), want}}}
}
