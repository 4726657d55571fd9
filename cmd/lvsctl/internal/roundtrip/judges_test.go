package roundtrip

import (
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"strings"
)

// What other programs have to say of a host with this configuration. The rules of the
// language are applied here a second time, by what docs/language.md says of them.

// A virtual is a service as IPVS has it: one for each virtual address, or for a mark.
type virtual struct {
	*service
	cluster *cluster
	addr    netip.Addr // not valid with a mark
}

// virtuals lists the services of a model.
func (m *model) virtuals() (list []virtual) {
	for _, c := range m.clusters {
		for _, s := range c.services {
			if s.mark != 0 {
				list = append(list, virtual{service: s, cluster: c})
				continue
			}
			for _, vip := range s.addresses(c) {
				list = append(list, virtual{s, c, vip})
			}
		}
	}
	return list
}

// addresses are those virtual addresses that a service is for.
func (s *service) addresses(c *cluster) []netip.Addr {
	if len(s.vips) > 0 {
		return s.vips
	}
	return c.vips
}

// A real is a real server of one service, with what is not written filled in.
type real struct {
	addr         netip.Addr
	port, weight int
	upper, lower int
	mode         string
	tunnel       tunnel
}

// reals lists the real servers of a service: its own and those of its cluster.
func (v virtual) reals() (list []real) {
	for _, g := range slices.Concat(v.groups, v.cluster.groups) {
		for _, s := range g.servers {
			r := real{
				addr: s.addr, port: of(v.port, s.port, g.port), weight: of(1, s.weight, g.weight),
				upper: of(0, g.upper), lower: of(0, g.lower), mode: v.cluster.modeOf(g),
			}
			if r.mode == "tun" {
				r.tunnel = of(tunnel{kind: "ipip"}, g.tunnel, v.cluster.tunnel)
			}
			list = append(list, r)
		}
	}
	return list
}

func (c *cluster) modeOf(g *group) string {
	if g.mode != "" {
		return g.mode
	}
	return c.mode
}

// saved are the lines of ipvsadm -Sn, sorted.
func (m *model) saved() []string {
	lines := []string{}
	for _, v := range m.virtuals() {
		lines = append(lines, "-A "+v.option()+" -s "+v.scheduler()+v.options())
		for _, r := range v.reals() {
			lines = append(lines, "-a "+v.option()+" -r "+r.endpoint()+" "+r.options())
		}
	}
	slices.Sort(lines)
	return lines
}

// option is how ipvsadm selects a service.
func (v virtual) option() string {
	switch {
	case v.mark != 0 && v.cluster.family() == 6:
		return fmt.Sprintf("-f %d -6", signed(v.mark))
	case v.mark != 0:
		return fmt.Sprintf("-f %d", signed(v.mark))
	}
	letters := map[string]string{"": "-t", "tcp": "-t", "udp": "-u", "sctp": "--sctp-service"}
	return letters[v.protocol] + " " + netip.AddrPortFrom(v.addr, uint16(v.port)).String()
}

// signed is a mark as ipvsadm 1.31 writes it: from 2³¹ on below zero.
func signed(mark uint32) int32 { return int32(mark) }

func (v virtual) scheduler() string {
	if v.algorithm != "" {
		return v.algorithm
	}
	return v.cluster.algorithm
}

// options are the attributes of a service as ipvsadm writes them.
func (v virtual) options() string {
	var text string
	if p := v.persistence; p != nil {
		text += fmt.Sprintf(" -p %d", of(300, p.timeout))
		if p.netmask != "" {
			text += maskOption(p.netmask, v.cluster.family())
		}
		if p.engine != "" {
			text += " --pe " + p.engine
		}
	}
	if v.onePacket {
		text += " -o"
	}
	if len(v.flags) > 0 {
		text += strings.TrimRight(" -b "+strings.Join(v.flagNames(), ","), " ")
	}
	return text
}

// maskOption is the netmask of persistent clients. That of single ones goes without
// saying.
func maskOption(written string, family int) string {
	if written == "32" && family == 4 || written == "255.255.255.255" || written == "128" {
		return ""
	}
	if family == 4 && !strings.Contains(written, ".") {
		p := netip.MustParsePrefix("255.255.255.255/" + written)
		written = p.Masked().Addr().String()
	}
	return " -M " + written
}

// flagNames are the flags of a service by the names that ipvsadm has for them, in its
// order. It has none for the third one of sh and mh.
func (v virtual) flagNames() []string {
	names := []string{"flag-1", "flag-2", "flag-3"}
	if s := v.scheduler(); s == "sh" || s == "mh" {
		names = []string{s + "-fallback", s + "-port"}
	}
	var given []string
	for i, name := range names {
		if slices.Contains(v.flags, name) || slices.Contains(v.flags, fmt.Sprintf("flag-%d", i+1)) {
			given = append(given, name)
		}
	}
	return given
}

func (r real) endpoint() string { return netip.AddrPortFrom(r.addr, uint16(r.port)).String() }

// forwarding are the modes in the words of ipvsadm -S and -L. The former takes local for
// direct routing, and neither has a word for bypass.
var forwarding = map[string][2]string{
	"dr": {"-g", "Route"}, "nat": {"-m", "Masq"}, "fullnat": {"-m", "Masq"}, "tun": {"-i", "Tunnel"},
	"local": {"-g", "Local"}, "bypass": {"(null)", "(null)"},
}

// options are the attributes of a real server as ipvsadm writes them.
func (r real) options() string {
	text := fmt.Sprintf("%s -w %d", forwarding[r.mode][0], r.weight)
	if r.mode != "tun" {
		return text
	}
	text += " --tun-type " + r.tunnel.kind
	if r.tunnel.kind == "gue" {
		text += fmt.Sprintf(" --tun-port %d", *r.tunnel.port)
	}
	if r.tunnel.kind != "ipip" {
		text += map[string]string{"": " --tun-nocsum", "none": " --tun-nocsum", "csum": " --tun-csum", "remcsum": " --tun-remcsum"}[r.tunnel.checksum]
	}
	return text
}

// title is a service as ipvsadm -L begins its line.
func (v virtual) title() string {
	switch {
	case v.mark != 0 && v.cluster.family() == 6:
		return fmt.Sprintf("FWM %d IPv6", signed(v.mark))
	case v.mark != 0:
		return fmt.Sprintf("FWM %d", signed(v.mark))
	}
	return strings.ToUpper(or(v.protocol, "tcp")) + " " + netip.AddrPortFrom(v.addr, uint16(v.port)).String()
}

// thresholds are the real servers of ipvsadm -Ln --thresholds, each with its service and
// its two bounds, sorted.
func (m *model) thresholds() []string {
	lines := []string{}
	for _, v := range m.virtuals() {
		for _, r := range v.reals() {
			lines = append(lines, fmt.Sprintf("%s -> %s %d %d", v.title(), r.endpoint(), r.upper, r.lower))
		}
	}
	slices.Sort(lines)
	return lines
}

// bounded tells whether a real server has a threshold.
func (m *model) bounded() bool {
	return slices.ContainsFunc(m.thresholds(), func(line string) bool { return !strings.HasSuffix(line, " 0 0") })
}

// local tells whether a real server is the director itself.
func (m *model) local() bool {
	return slices.ContainsFunc(m.methods(), func(line string) bool { return strings.HasSuffix(line, " "+forwarding["local"][1]) })
}

// methods are the real servers of ipvsadm -Ln, each with its service and how packets are
// forwarded, sorted.
func (m *model) methods() []string {
	lines := []string{}
	for _, v := range m.virtuals() {
		for _, r := range v.reals() {
			lines = append(lines, fmt.Sprintf("%s -> %s %s", v.title(), r.endpoint(), forwarding[r.mode][1]))
		}
	}
	slices.Sort(lines)
	return lines
}

// timeouts is the line of ipvsadm -Ln --timeout.
func (m *model) timeouts() string {
	t := map[string]int{"tcp": 900, "tcpfin": 120, "udp": 300}
	if m.ipvs != nil {
		for name, seconds := range m.ipvs.timeouts {
			t[name] = seconds
		}
	}
	return fmt.Sprintf("Timeout (tcp tcpfin udp): %d %d %d", t["tcp"], t["tcpfin"], t["udp"])
}

// daemons are the lines of ipvsadm -Ln --daemon, sorted.
func (m *model) daemons() []string {
	lines := []string{}
	if m.ipvs == nil {
		return lines
	}
	for _, d := range m.ipvs.daemons {
		group := of(netip.MustParseAddr("224.0.0.81"), d.group)
		length := map[int]int{4: 1472, 6: 1452}[family(group)]
		lines = append(lines, fmt.Sprintf("%s sync daemon (mcast=%s, syncid=%d, maxlen=%d, group=%s, port=%d, ttl=%d)",
			d.role, d.link, of(0, d.id), of(length, d.length), group, of(8848, d.port), of(1, d.ttl)))
	}
	slices.Sort(lines)
	return lines
}

// sysctls are the settings that have to have a value on the director.
func (m *model) sysctls() map[string]string {
	all := map[string]string{}
	if m.ipvs != nil {
		for name, value := range m.ipvs.sysctls {
			all["net/ipv4/vs/"+name] = value
		}
	}
	for _, r := range m.raw {
		if name := r.sysctl[0]; name != "" {
			all[strings.ReplaceAll(name, ".", "/")] = r.sysctl[1]
		}
	}
	for _, c := range m.clusters {
		if c.mode == "fullnat" {
			all["net/ipv4/vs/conntrack"] = "1"
		}
	}
	return all
}

// addresses are those that the director has for the configuration, of a family.
func (m *model) addresses(f int) []netip.Prefix {
	list := []netip.Prefix{}
	add := func(p netip.Prefix) {
		if family(p.Addr()) == f && !slices.Contains(list, p) && p.Addr() != m.own {
			list = append(list, p)
		}
	}
	for _, c := range m.clusters {
		for _, a := range slices.Concat(c.vips, between(c.source)) {
			add(netip.PrefixFrom(a, a.BitLen()))
		}
	}
	for _, r := range m.raw {
		if r.addr.IsValid() {
			add(r.addr)
		}
	}
	slices.SortFunc(list, netip.Prefix.Compare)
	return list
}

// between are the addresses of a range.
func between(ends []netip.Addr) (list []netip.Addr) {
	if len(ends) == 0 {
		return nil
	}
	for a := ends[0]; ; a = a.Next() {
		list = append(list, a)
		if a == ends[len(ends)-1] {
			return list
		}
	}
}

// ruleset is what nft lists, without comments: the rules of each chain, sorted, by the
// name of the chain.
func (m *model) ruleset() map[string][]string {
	set := map[string][]string{}
	for _, c := range m.clusters {
		table := nftFamily(c.family()) + " lvsctl "
		for _, s := range c.services {
			for _, p := range s.packets {
				for _, vip := range s.addresses(c) {
					rule := fmt.Sprintf("%s daddr %s %s meta mark set 0x%08x", nftFamily(c.family()), vip, p.match(), s.mark)
					set[table+"marks"] = append(set[table+"marks"], rule)
					set[table+"prerouting"] = []string{"jump marks"}
					set[table+"output"] = []string{`oif "lo" jump marks`}
				}
			}
		}
	}
	for _, v := range m.virtuals() {
		if v.cluster.mode == "fullnat" {
			chain := nftFamily(v.cluster.family()) + " lvsctl source"
			set[chain] = append(set[chain], v.sourceNAT(m.own))
		}
	}
	for _, rules := range set {
		slices.Sort(rules)
	}
	return set
}

// nftFamily is a family as nft calls it.
func nftFamily(f int) string { return map[int]string{4: "ip", 6: "ip6"}[f] }

// match is how nft writes what packets are selected.
func (p packets) match() string {
	switch {
	case p.last == 0:
		return "meta l4proto " + p.protocol
	case p.first == p.last:
		return fmt.Sprintf("%s dport %d", p.protocol, p.first)
	}
	return fmt.Sprintf("%s dport %d-%d", p.protocol, p.first, p.last)
}

// sourceNAT is the rule that gives a service's packets another source.
func (v virtual) sourceNAT(own netip.Addr) string {
	source := own.String()
	if list := between(v.cluster.source); len(list) > 0 {
		source = nftRange(list)
	}
	if v.mark != 0 {
		return fmt.Sprintf("meta mark 0x%08x snat to %s", v.mark, source)
	}
	protocol, ip, port := or(v.protocol, "tcp"), nftFamily(v.cluster.family()), ""
	if v.port != 0 {
		port = fmt.Sprintf(" ct original proto-dst %d", v.port)
	}
	return fmt.Sprintf("meta l4proto %s %s daddr != %s ct original %[2]s daddr %[3]s%s ct status ! dnat snat to %s", protocol, ip, v.addr, port, source)
}

// nftRange is how nft writes addresses in a row: as a network if they are one.
func nftRange(list []netip.Addr) string {
	first, n := list[0], uint(len(list))
	network := netip.PrefixFrom(first, first.BitLen()-bits.TrailingZeros(n))
	switch {
	case n == 1:
		return first.String()
	case bits.OnesCount(n) == 1 && network == network.Masked():
		return network.String()
	}
	return first.String() + "-" + list[n-1].String()
}
