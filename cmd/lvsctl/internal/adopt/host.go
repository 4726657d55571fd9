package adopt

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A host is what stands in a host block.
type host struct {
	home
	timeouts  []resource.Timeout
	ipvs      []resource.Sysctl
	daemons   []resource.SyncDaemon
	links     []link
	sysctls   []resource.Sysctl
	addresses []resource.Address
	routes    []resource.Route
	rules     []resource.Rule
	left      []Omission
}

// A link is an interface with what is to be said of it.
type link struct {
	resource.Link        // of one that was made; of others only the name
	state         string // empty where it is as it always is
	mtu           string
}

// ethernetMTU is the MTU with which interfaces come, but for tunnels.
const ethernetMTU = "1500"

// pickHost picks what a host block has to say, which is not what clusters see to.
func pickHost(at home, clusters []*cluster, covered map[resource.Key]bool, snap *resource.Snapshot) *host {
	h := &host{home: at}
	p := picker{host: h, covered: covered, snap: snap, vips: map[netip.Addr]bool{}}
	for _, c := range clusters {
		for _, vip := range c.vips {
			p.vips[vip] = c.servicesOnly
		}
	}
	for _, r := range snap.Live.Sorted() {
		if !covered[r.Key()] {
			p.pick(r)
		}
	}
	for _, name := range snap.Facts.Links {
		p.comesWithModule(name)
	}
	return h
}

// A picker sorts what is there into a host block.
type picker struct {
	*host
	covered map[resource.Key]bool
	snap    *resource.Snapshot
	vips    map[netip.Addr]bool // all of them; true for those that no cluster sees to
}

// pick takes one object, if it is worth a word.
func (p *picker) pick(r resource.Resource) {
	switch r := r.(type) {
	case resource.Timeout:
		if r.Seconds != timeoutDefaults[r.Name] && r.Seconds <= longest {
			p.timeouts = append(p.timeouts, r)
		}
	case resource.Sysctl:
		p.sysctl(r)
	case resource.SyncDaemon:
		p.daemon(r)
	case resource.Link:
		p.made(r)
	case resource.Address:
		if p.special(r) {
			p.addresses = append(p.addresses, r)
		}
	case resource.Route:
		p.route(r)
	case resource.Rule:
		p.rule(r)
	}
}

// leave notes what cannot be said.
func (p *picker) leave(r resource.Resource, why string) { p.left = append(p.left, Omission{r, why}) }

// sysctl takes settings that are not as the kernel begins with them.
func (p *picker) sysctl(s resource.Sysctl) {
	name, ofIPVS := strings.CutPrefix(s.Name, schema.IPVSSettings)
	if ofIPVS {
		if usual, known := kernelDefaults[name]; known && s.Value != usual {
			p.ipvs = append(p.ipvs, s)
		}
		return
	}
	usual, known := hostDefaults[s.Name]
	if !known {
		usual, known = linkDefaults[s.Name[strings.LastIndexByte(s.Name, '.')+1:]]
	}
	if known && s.Value != usual {
		p.sysctls = append(p.sysctls, s)
	}
}

// daemon takes a sync daemon.
func (p *picker) daemon(d resource.SyncDaemon) {
	if d.MaxLen < 1024 || d.MaxLen > 65000 {
		p.leave(d, "its packets are shorter or longer than the language allows")
		return
	}
	p.daemons = append(p.daemons, d)
}

// makeable are the types of interface that the language has words for.
var makeable = []string{
	resource.LinkDummy, resource.LinkIPIP, resource.LinkSIT, resource.LinkIP6Tnl, resource.LinkGRE, resource.LinkIP6GRE, resource.LinkVLAN,
}

// made takes an interface that somebody made, but not the one that the host is reached by.
func (p *picker) made(l resource.Link) {
	if !slices.Contains(makeable, l.Type) || slices.Contains(comeWithModules, l.Name) || l.Name == p.link {
		return
	}
	if l.Checksum || l.Parent != "" && !slices.Contains(p.snap.Facts.Links, l.Parent) {
		p.leave(l, "it has checksums, or stands on an interface elsewhere")
		return
	}
	out := link{Link: l}
	if p.setting(l.Name, resource.LinkState) == "down" {
		out.state = "down"
	}
	if mtu := p.setting(l.Name, resource.LinkMTU); mtu != ethernetMTU {
		out.mtu = mtu
	}
	p.links = append(p.links, out)
}

// setting is a setting of an interface.
func (p *picker) setting(link, name string) string {
	s, _ := p.snap.Live.Get(resource.LinkSetting{Link: link, Name: name}.Key()).(resource.LinkSetting)
	return s.Value
}

// comesWithModule takes an interface that came with a module, if somebody uses it.
func (p *picker) comesWithModule(name string) {
	state := resource.LinkSetting{Link: name, Name: resource.LinkState}
	if slices.Contains(comeWithModules, name) && p.setting(name, resource.LinkState) == "up" && !p.covered[state.Key()] {
		p.links = append(p.links, link{Link: resource.Link{Name: name}, state: "up"})
	}
}

// special tells the addresses that are there for the sake of services from those that the
// host has for itself.
func (p *picker) special(a resource.Address) bool {
	addr := a.Prefix.Addr()
	alone, virtual := p.vips[addr]
	switch {
	case addr.IsLoopback(), addr.IsLinkLocalUnicast(), addr == p.addr, virtual && !alone:
		return false
	case virtual, a.Prefix.IsSingleIP(), a.Link == "lo", slices.Contains(comeWithModules, a.Link):
		return true
	}
	_, made := p.snap.Live.Get(resource.Link{Name: a.Link}.Key()).(resource.Link)
	return made && slices.ContainsFunc(p.links, func(l link) bool { return l.Name == a.Link })
}

// route takes a route that somebody set.
func (p *picker) route(r resource.Route) {
	scope := uint8(0)
	if r.Prefix.Addr().Is4() && !r.Gateway.IsValid() {
		scope = resource.ScopeLink
	}
	byAdmin := r.Protocol == resource.ProtocolStatic || r.Protocol == resource.ProtocolBoot
	switch {
	case !byAdmin:
	case r.Beyond != "", r.Link == "", r.Scope != scope, r.Prefix.Addr().Is6() && r.Metric == 0:
		p.leave(r, "it has more to it than the language can say")
	default:
		p.routes = append(p.routes, r)
	}
}

// The rules that every host has begin at 32766, and there is one before all others.
const lastPriority = 32765

// rule takes a rule that somebody made.
func (p *picker) rule(r resource.Rule) {
	_, known := resource.Protocols[r.Protocol.String()]
	switch {
	case r.Priority == 0 && r.Table == tableLocal, r.Priority > lastPriority && (r.Table == resource.TableMain || r.Table == tableDefault):
	case r.Priority == 0, r.Priority > lastPriority, r.Protocol != 0 && !known, r.SourcePort != 0 && r.Protocol == 0:
		p.leave(r, "it has a priority or a protocol that the language does not have")
	default:
		p.rules = append(p.rules, r)
	}
}

// The tables that rules of every host look up beside the main one.
const (
	tableLocal   = 255 // RT_TABLE_LOCAL
	tableDefault = 253 // RT_TABLE_DEFAULT
)

// rulesLeft are our own rules of nftables that no cluster asks for: somebody took the
// ledger away.
func rulesLeft(covered map[resource.Key]bool, snap *resource.Snapshot) []Omission {
	var left []Omission
	for _, r := range snap.Live.Sorted() {
		switch r.(type) {
		case resource.Mark, resource.SourceNAT, resource.MSS:
			if !covered[r.Key()] {
				left = append(left, Omission{r, "it is a rule in the nftables tables of lvsctl that belongs to a cluster with more than its services"})
			}
		}
	}
	return left
}
