package adopt

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/zclconf/go-cty/cty"
)

// write writes a config in the canonical layout.
func write(subject Subject, h *host, clusters []*cluster, left []Omission) []byte {
	return hclwrite.Format(draftFile(subject, h, clusters, left).Bytes())
}

// draftFile is a config in any layout.
func draftFile(subject Subject, h *host, clusters []*cluster, left []Omission) *hclwrite.File {
	file := hclwrite.NewEmptyFile()
	w := writer{file.Body()}
	w.comment("Written by lvsctl adopt: what is there on " + subject.Name + ". A plan with it changes nothing there.")
	w.host(subject, h)
	for _, c := range clusters {
		w.cluster(subject, h, c)
	}
	w.left(left)
	return file
}

// A writer writes into a block.
type writer struct{ *hclwrite.Body }

func (w writer) comment(text string) {
	for _, line := range wrapped(text, 95) {
		w.AppendUnstructuredTokens(hclwrite.Tokens{{Type: hclsyntax.TokenComment, Bytes: []byte("# " + line + "\n")}})
	}
}

// wrapped breaks a text into lines.
func wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}

// block begins a block, after an empty line unless it is the first thing.
func (w writer) block(kind string, labels ...string) writer {
	w.AppendNewline()
	return writer{w.AppendNewBlock(kind, labels).Body()}
}

// text writes an argument that is a string, if there is one.
func (w writer) text(name, value string) {
	if value != "" {
		w.SetAttributeValue(name, cty.StringVal(value))
	}
}

// number writes an argument that is a number, unless it is what stands for a missing one.
func (w writer) number(name string, value, missing uint64) {
	if value != missing {
		w.SetAttributeValue(name, cty.NumberUIntVal(value))
	}
}

func (w writer) yes(name string) { w.SetAttributeValue(name, cty.True) }

// list writes an argument that is a list of strings, on a line for each if there are many.
func (w writer) list(name string, values []string) {
	if len(values) == 0 {
		return
	}
	w.SetAttributeRaw(name, listTokens(values))
}

// inLine is how many strings of a list stand in one line.
const inLine = 4

func listTokens(values []string) hclwrite.Tokens {
	elements := make([]hclwrite.Tokens, len(values))
	for i, v := range values {
		elements[i] = hclwrite.TokensForValue(cty.StringVal(v))
	}
	if len(values) <= inLine {
		return hclwrite.TokensForTuple(elements)
	}
	newline := &hclwrite.Token{Type: hclsyntax.TokenNewline, Bytes: []byte("\n")}
	tokens := hclwrite.Tokens{{Type: hclsyntax.TokenOBrack, Bytes: []byte("[")}, newline}
	for _, e := range elements {
		tokens = append(append(tokens, e...), &hclwrite.Token{Type: hclsyntax.TokenComma, Bytes: []byte(",")}, newline)
	}
	return append(tokens, &hclwrite.Token{Type: hclsyntax.TokenCBrack, Bytes: []byte("]")})
}

// addrs writes an argument that is an address or a list of them.
func (w writer) addrs(name string, addrs []netip.Addr) {
	if len(addrs) == 1 {
		w.text(name, addrs[0].String())
		return
	}
	words := make([]string, len(addrs))
	for i, a := range addrs {
		words[i] = a.String()
	}
	w.list(name, words)
}

// addr writes an argument that is an address, if there is one.
func (w writer) addr(name string, a netip.Addr) {
	if a.IsValid() {
		w.text(name, a.String())
	}
}

func (w writer) host(subject Subject, h *host) {
	w.AppendNewline()
	b := writer{w.AppendNewBlock("host", []string{subject.Name}).Body()}
	b.addr("address", h.addr)
	if h.link != "lo" {
		b.text("interface", h.link)
	}
	switch r := subject.Reach; {
	case r.Local:
		b.yes("local")
	case r.Netns != "":
		b.text("netns", r.Netns)
	case r.SSH != nil:
		b.ssh(r.SSH, h)
	default:
		b.list("command", r.Command)
	}
	b.ipvs(h)
	for _, l := range h.links {
		b.link(l)
	}
	for _, s := range h.sysctls {
		b.block("sysctl", s.Name).setting("value", s.Value)
	}
	for _, a := range h.addresses {
		b.block("address", a.Prefix.String()).text("interface", a.Link)
	}
	for _, r := range h.routes {
		b.route(r)
	}
	for _, r := range h.rules {
		b.rule(r)
	}
}

// setting writes a value as a number where it is one.
func (w writer) setting(name, value string) {
	if n, err := strconv.ParseUint(value, 10, 32); err == nil && strconv.FormatUint(n, 10) == value {
		w.SetAttributeValue(name, cty.NumberUIntVal(n))
		return
	}
	w.SetAttributeValue(name, cty.StringVal(value))
}

// ssh writes how ssh reaches the host.
func (w writer) ssh(s *schema.SSH, h *host) {
	b := w.block("ssh")
	if s.Address != h.addr.String() {
		b.text("address", s.Address)
	}
	b.text("user", s.User)
}

// ipvs writes the settings of IPVS, if there are any.
func (w writer) ipvs(h *host) {
	if len(h.timeouts)+len(h.ipvs)+len(h.daemons) == 0 {
		return
	}
	b := w.block("ipvs")
	for _, t := range h.timeouts {
		b.number(t.Name+"_timeout", uint64(t.Seconds), 0)
	}
	for _, s := range h.ipvs {
		b.setting(strings.TrimPrefix(s.Name, schema.IPVSSettings), s.Value)
	}
	for _, d := range h.daemons {
		daemon := b.block("sync_daemon", d.Role.String())
		daemon.text("interface", d.Interface)
		daemon.number("id", uint64(d.ID), 0)
		daemon.addr("group", d.Group)
		daemon.number("port", uint64(d.Port), 0)
		daemon.number("ttl", uint64(d.TTL), 0)
		daemon.number("max_length", uint64(d.MaxLen), 0)
	}
}

// familyNames are the address families in the language.
var familyNames = map[resource.Family]string{resource.IPv4: "ipv4", resource.IPv6: "ipv6"}

func (w writer) link(l link) {
	b := w.block("link", l.Name)
	b.text("type", l.Type)
	b.text("parent", l.Parent)
	b.number("vlan", uint64(l.VLAN), 0)
	b.addr("local", l.Local)
	b.addr("remote", l.Remote)
	b.number("ttl", uint64(l.TTL), 0)
	b.number("key", uint64(l.GREKey), 0)
	b.text("inner", familyNames[l.Inner])
	if l.mtu != "" {
		b.setting("mtu", l.mtu)
	}
	if l.state != "" {
		b.SetAttributeValue("up", cty.BoolVal(l.state == "up"))
	}
}

func (w writer) route(r resource.Route) {
	name := r.Prefix.String()
	if r.Prefix.Bits() == 0 && r.Gateway.IsValid() {
		name = "default"
	}
	b := w.block("route", name)
	b.addr("via", r.Gateway)
	b.text("interface", r.Link)
	b.addr("source", r.Source)
	b.number("table", uint64(r.Table), uint64(resource.TableMain))
	usual := uint32(0)
	if r.Prefix.Addr().Is6() {
		usual = resource.DefaultMetricIPv6
	}
	b.number("metric", uint64(r.Metric), uint64(usual))
}

func (w writer) rule(r resource.Rule) {
	b := w.block("rule", strconv.FormatUint(uint64(r.Priority), 10))
	if !r.From.IsValid() && !r.To.IsValid() && r.Family == resource.IPv6 {
		b.text("family", familyNames[r.Family])
	}
	for _, side := range []struct {
		name string
		p    netip.Prefix
	}{{"from", r.From}, {"to", r.To}} {
		if side.p.IsValid() {
			b.text(side.name, networkWords(side.p))
		}
	}
	b.number("fwmark", uint64(r.Mark), 0)
	all := uint64(0)
	if r.Mark != 0 {
		all = 1<<32 - 1
	}
	b.number("mask", uint64(r.Mask), all)
	b.text("interface", r.Interface)
	if r.Protocol != 0 {
		b.text("protocol", r.Protocol.String())
	}
	b.number("source_port", uint64(r.SourcePort), 0)
	b.number("table", uint64(r.Table), 0)
}

// networkWords writes one address without its prefix length.
func networkWords(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

func (w writer) cluster(subject Subject, h *host, c *cluster) {
	b := w.block("cluster", c.name)
	b.text("mode", string(c.mode))
	b.addrs("vip", c.vips)
	if c.servicesOnly {
		b.yes("services_only")
	} else if c.link != h.link {
		b.text("interface", c.link)
	}
	if c.mode == schema.FULLNAT && c.source != h.addr.String() {
		b.text("source", c.source)
	}
	b.text("algorithm", c.algorithm())
	director := hcl.Traversal{hcl.TraverseRoot{Name: "host"}, hcl.TraverseAttr{Name: subject.Name}}
	b.SetAttributeRaw("directors", hclwrite.TokensForTuple([]hclwrite.Tokens{hclwrite.TokensForTraversal(director)}))
	shared := c.shared()
	for _, s := range c.services {
		b.service(c, s, shared)
	}
	if shared {
		b.servers(c, c.services[0])
	}
}

func (w writer) service(c *cluster, s *service, shared bool) {
	b := w.block("service", s.name)
	if s.Mark != 0 {
		b.number("fwmark", uint64(s.Mark), 0)
		b.list("packets", s.packets)
	} else {
		if s.Protocol != resource.TCP {
			b.text("protocol", s.Protocol.String())
		}
		b.SetAttributeValue("port", cty.NumberUIntVal(uint64(s.Port)))
	}
	if s.Scheduler != c.algorithm() {
		b.text("algorithm", s.Scheduler)
	}
	b.list("flags", flagNames(s.Service))
	if s.Flags&resource.FlagOnePacket != 0 {
		b.yes("one_packet")
	}
	b.persistence(s.Service)
	if !shared {
		b.servers(c, s)
	}
}

// flagNames are the flags for the algorithm by their names there.
func flagNames(s resource.Service) []string {
	names := []string{"flag-1", "flag-2", "flag-3"}
	if s.Scheduler == "sh" || s.Scheduler == "mh" {
		names[0], names[1] = s.Scheduler+"-fallback", s.Scheduler+"-port"
	}
	var list []string
	for i, f := range []resource.ServiceFlags{resource.FlagSched1, resource.FlagSched2, resource.FlagSched3} {
		if s.Flags&f != 0 {
			list = append(list, names[i])
		}
	}
	return list
}

func (w writer) persistence(s resource.Service) {
	if s.Flags&resource.FlagPersistent == 0 {
		return
	}
	b := w.block("persistence")
	b.number("timeout", uint64(s.Timeout), 0)
	switch m := s.Netmask; {
	case m == resource.FullNetmask(s.Family):
	case s.Family == resource.IPv6:
		b.text("netmask", strconv.FormatUint(uint64(m), 10))
	default:
		b.text("netmask", netip.AddrFrom4([4]byte{byte(m >> 24), byte(m >> 16), byte(m >> 8), byte(m)}).String())
	}
	b.text("engine", s.Engine)
}

// left notes what is there and not described.
func (w writer) left(list []Omission) {
	if len(list) == 0 {
		return
	}
	w.AppendNewline()
	w.comment("Left out, and left as it is:")
	for _, o := range list {
		w.comment(fmt.Sprintf("- %s %s: %s", o.Object.Key().Kind, o.Object, o.Why))
	}
}

// A bundle is real servers that are reached in the same way, and so can be in one pool.
type bundle struct {
	mode   schema.Mode
	tunnel tunnel
}

type tunnel struct {
	kind  resource.TunnelType
	port  uint16
	flags uint16
}

// fewest is how many real servers are a pool. Fewer have blocks of their own.
const fewest = 4

// servers writes the real servers of a service, or those that all services share.
func (w writer) servers(c *cluster, s *service) {
	var bundles []bundle
	byBundle := map[bundle][]resource.Destination{}
	var single []resource.Destination
	for _, d := range s.servers {
		b := bundle{c.modeOf(d), tunnel{d.TunnelType, d.TunnelPort, d.TunnelFlags}}
		if d.UpperThreshold != 0 {
			single = append(single, d)
			continue
		}
		if byBundle[b] == nil {
			bundles = append(bundles, b)
		}
		byBundle[b] = append(byBundle[b], d)
	}
	for _, b := range bundles {
		if len(byBundle[b]) < fewest {
			single = append(single, byBundle[b]...)
			delete(byBundle, b)
		}
	}
	slices.SortFunc(single, func(a, b resource.Destination) int { return a.Key().Compare(b.Key()) })
	var names, pools nameSet
	for _, d := range single {
		w.server(c, s, d, names.take(nameOf(d.Addr), strconv.Itoa(int(d.Port))))
	}
	for _, b := range bundles {
		if list := byBundle[b]; list != nil {
			w.pool(c, s, b, list, pools.take("servers", string(b.mode)))
		}
	}
}

// modeOf is the mode of a real server in a cluster, where NAT may be FULLNAT.
func (c *cluster) modeOf(d resource.Destination) schema.Mode {
	if m := modeOf(d.Forward); m != schema.NAT || c.mode != schema.FULLNAT {
		return m
	}
	return schema.FULLNAT
}

// way writes mode and tunnel of real servers.
func (w writer) way(c *cluster, b bundle) {
	if b.mode != c.mode {
		w.text("mode", string(b.mode))
	}
	if b.tunnel == (tunnel{}) {
		return
	}
	t := w.block("tunnel")
	t.text("type", b.tunnel.kind.String())
	t.number("port", uint64(b.tunnel.port), 0)
	t.text("checksum", []string{"", "csum", "remcsum"}[b.tunnel.flags])
}

func (w writer) server(c *cluster, s *service, d resource.Destination, name string) {
	b := w.block("real_server", name)
	b.addr("address", d.Addr)
	b.number("port", uint64(d.Port), uint64(s.Port))
	b.number("weight", uint64(d.Weight), 1)
	b.number("upper_threshold", uint64(d.UpperThreshold), 0)
	b.number("lower_threshold", uint64(d.LowerThreshold), 0)
	b.way(c, bundle{c.modeOf(d), tunnel{d.TunnelType, d.TunnelPort, d.TunnelFlags}})
}

// pool writes many real servers. What all of them have is said once.
func (w writer) pool(c *cluster, s *service, as bundle, list []resource.Destination, name string) {
	b := w.block("pool", name)
	alike := func(of func(resource.Destination) uint32) bool {
		return !slices.ContainsFunc(list, func(d resource.Destination) bool { return of(d) != of(list[0]) })
	}
	onePort := alike(func(d resource.Destination) uint32 { return uint32(d.Port) })
	oneWeight := alike(func(d resource.Destination) uint32 { return d.Weight })
	if onePort {
		b.number("port", uint64(list[0].Port), uint64(s.Port))
	}
	if oneWeight {
		b.number("weight", uint64(list[0].Weight), 1)
	}
	entries := make([]string, len(list))
	for i, d := range list {
		entries[i] = d.Addr.String()
		if !onePort && d.Port != s.Port {
			entries[i] = netip.AddrPortFrom(d.Addr, d.Port).String()
		}
		if !oneWeight && d.Weight != 1 {
			entries[i] += fmt.Sprintf(" weight %d", d.Weight)
		}
	}
	b.list("servers", entries)
	b.way(c, as)
}
