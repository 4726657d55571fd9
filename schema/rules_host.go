package schema

import (
	"iter"
	"net/netip"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Rules for host blocks that ask for something else than the host's roles need.

// sysctl is what a host block sets a kernel setting to, and where.
func (h *hostDecl) sysctl(name string) (value string, at hcl.Range, ok bool) {
	for _, list := range [][]Setting{h.Settings, h.IPVS} {
		for _, s := range list {
			if r, is := s.Resource.(resource.Sysctl); is && r.Name == name {
				return r.Value, s.Range, true
			}
		}
	}
	return "", hcl.Range{}, false
}

// lacks tells whether a host block certainly does not set one of IPVS's settings to 1.
func (h *hostDecl) lacks(setting string) bool {
	value, _, _ := h.sysctl(IPVSSettings + setting)
	return value != "1" && !h.broken
}

const anyRole resource.SyncRole = 0

// daemon is where a host block asks for a sync daemon in a role.
func (h *hostDecl) daemon(role resource.SyncRole) (hcl.Range, bool) {
	for _, s := range h.IPVS {
		if d, is := s.Resource.(resource.SyncDaemon); is && (role == anyRole || d.Role == role) {
			return s.Range, true
		}
	}
	return hcl.Range{}, false
}

// directors goes through the directors of all clusters.
func (f *finder) directors() iter.Seq2[*clusterDecl, *hostDecl] {
	return func(yield func(*clusterDecl, *hostDecl) bool) {
		for c := range f.whole() {
			for _, h := range c.Directors {
				if !yield(c, f.hosts[h.Name]) {
					return
				}
			}
		}
	}
}

// managed goes through the hosts that are set up as real servers in a mode, by cluster,
// each once. Directors are left out, since they have the VIP already.
func (f *finder) managed(m Mode) iter.Seq2[*clusterDecl, *hostDecl] {
	return func(yield func(*clusterDecl, *hostDecl) bool) {
		var last *clusterDecl
		seen := map[*Host]bool{}
		for c, s := range f.wholeServices() {
			if c != last {
				clear(seen)
				last = c
			}
			for _, server := range s.servers() {
				h := server.Host
				if h == nil || server.Mode != m || seen[h] || slices.Contains(c.Directors, h) {
					continue
				}
				seen[h] = true
				if !yield(c, f.hosts[h.Name]) {
					return
				}
			}
		}
	}
}

// overridden finds a sysctl block that sets something else than a role of the host needs.
func (f *finder) overridden(c *clusterDecl, h *hostDecl, name, needed, why string) {
	if value, at, ok := h.sysctl(name); ok && value != needed {
		f.find(pair{h, c}, at, "The host %q is %s, which needs %s = %s, and this sets it to %s. Remove it, or the host from the cluster.", h.Name, why, name, needed, value)
	}
}

// quietLinks are the interfaces of a real server that must not be asked about the VIP: those
// that the kernel looks at when somebody does.
func quietLinks(m Mode, h *hostDecl) []string {
	if m == DR {
		return []string{"all", "lo"}
	}
	return []string{"all", "tunl0", h.Interface}
}

// checkARP: a real server that says that it has the VIP gets packets past the director.
func checkARP(f *finder) {
	for _, m := range []Mode{DR, TUN} {
		for c, h := range f.managed(m) {
			if !c.isIPv4() {
				continue
			}
			why := "a real server of the cluster \"" + c.Name + "\" in mode \"" + string(m) + "\" and must not answer for the VIP"
			for _, link := range quietLinks(m, h) {
				f.overridden(c, h, resource.LinkSysctl("net.ipv4.conf", link, "arp_ignore"), "1", why)
				f.overridden(c, h, resource.LinkSysctl("net.ipv4.conf", link, "arp_announce"), "2", why)
			}
		}
	}
}

// checkReversePath: packets come out of a tunnel from clients that are reached another way.
func checkReversePath(f *finder) {
	for c, h := range f.managed(TUN) {
		if !c.isIPv4() {
			continue
		}
		why := "a real server of the cluster \"" + c.Name + "\" that must take what comes out of the tunnel"
		for _, link := range quietLinks(TUN, h) {
			f.overridden(c, h, resource.LinkSysctl("net.ipv4.conf", link, "rp_filter"), "0", why)
		}
	}
}

// isIPv4 tells whether the VIPs of a cluster could be read and are IPv4 addresses.
func (c *clusterDecl) isIPv4() bool { return len(c.VIPs) > 0 && c.VIPs[0].Is4() }

// checkARPOnLo: somebody who asks for the VIP does so through a network interface.
func checkARPOnLo(f *finder) {
	quiet := map[*hostDecl]bool{} // lvsctl sees to all interfaces
	for _, m := range []Mode{DR, TUN} {
		for c, h := range f.managed(m) {
			quiet[h] = quiet[h] || c.isIPv4()
		}
	}
	for _, h := range f.hostList {
		for _, setting := range []string{"arp_ignore", "arp_announce"} {
			value, at, ok := h.sysctl(resource.LinkSysctl("net.ipv4.conf", "lo", setting))
			if ok && value != "0" && !quiet[h] && !h.broken && !h.setsElsewhere(setting) {
				f.find(h, at, "ARP requests for an address on lo come in by a network interface, and what counts there is the larger of its own %s and that of \"all\". This alone changes nothing. Set net.ipv4.conf.all.%[1]s as well.", setting)
			}
		}
	}
}

// setsElsewhere tells whether a host block has an ARP setting for other interfaces than lo.
func (h *hostDecl) setsElsewhere(setting string) bool {
	return slices.ContainsFunc(h.Settings, func(s Setting) bool {
		r, ok := s.Resource.(resource.Sysctl)
		return ok && strings.HasPrefix(r.Name, "net.ipv4.conf.") && strings.HasSuffix(r.Name, "."+setting) && !strings.HasPrefix(r.Name, "net.ipv4.conf.lo.")
	})
}

// checkDefaultRoute: answers that do not pass through the director still have the real
// server's address.
func checkDefaultRoute(f *finder) {
	for c, h := range f.managed(NAT) {
		gateway := c.gateway()
		if !gateway.IsValid() {
			continue
		}
		instead := "Remove it, or keep it for everything but answers: gateway_table = 100 in the cluster."
		if c.GatewayTable != 0 {
			instead = "Remove it, or put it in another table."
		}
		for _, s := range h.Settings {
			r, ok := s.Resource.(resource.Route)
			if ok && r.Prefix.Bits() == 0 && r.Gateway != gateway && c.answersBy(r) {
				f.find(pair{h, c}, s.Range, "The host %q is a real server of the cluster %q in mode \"nat\", and its answers must go through the director, %s. This route leads past it. %s", h.Name, c.Name, gateway, instead)
			}
		}
	}
}

// checkAnswersPort: answers are told from what else a real server sends by the port that
// they come from.
func checkAnswersPort(f *finder) {
	for c, s := range f.services() {
		if c.GatewayTable == 0 || s.Mark != 0 {
			continue
		}
		for at, server := range s.servers() {
			if server.Mode == NAT && server.Host != nil && !slices.Contains(c.Directors, server.Host) && s.portOf(server) > maxRulePort {
				f.find(at.behind(s), at.at(at.i, "port"), "The real server %s answers from port %d, and its answers are to go by a routing table of their own. The kernel has no policy rules for that port. Let it listen on another one, or remove the gateway_table.", server.Addr, s.portOf(server))
			}
		}
	}
}

// gateway is what real servers in NAT answer through, not valid where that is not known.
func (c *clusterDecl) gateway() netip.Addr {
	if c.Gateway.IsValid() || c.content.given("gateway") || len(c.Directors) == 0 {
		return c.Gateway
	}
	return c.Directors[0].Address
}

// answersBy tells whether a default route of a real server in NAT stands in the place of
// the one through the director, or before it.
func (c *clusterDecl) answersBy(r resource.Route) bool {
	table, metric := c.GatewayTable, uint32(0)
	if table == 0 {
		table = resource.TableMain
	}
	if r.Prefix.Addr().Is6() {
		metric = resource.DefaultMetricIPv6
	}
	return len(c.VIPs) > 0 && r.Prefix.Addr().Is4() == c.VIPs[0].Is4() && r.Table == table && r.Metric <= metric
}

// checkForwarding: what the director gets from real servers is not for itself.
func checkForwarding(f *finder) {
	for c, h := range f.directors() {
		if !c.uses(NAT) && !c.uses(FULLNAT) || len(c.VIPs) == 0 {
			continue
		}
		why := "a director of the cluster \"" + c.Name + "\" and passes packets on"
		names := []string{"net.ipv6.conf.all.forwarding"}
		if c.isIPv4() {
			names = []string{"net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"}
		}
		for _, name := range names {
			f.overridden(c, h, name, "1", why)
		}
	}
}

// checkConntrack: netfilter rewrites sources, and must see the packets of IPVS.
func checkConntrack(f *finder) {
	for c, h := range f.directors() {
		if c.Mode == FULLNAT {
			f.overridden(c, h, IPVSSettings+"conntrack", "1", "a director of the cluster \""+c.Name+"\" and rewrites sources in netfilter")
		}
	}
}

// checkSyncLoop: a packet that one director sends to another as a real server is for a VIP
// that both have services for.
func checkSyncLoop(f *finder) {
	for c, s := range f.services() {
		for at, server := range s.servers() {
			if server.Host == nil || !slices.Contains(c.Directors, server.Host) {
				continue
			}
			h := f.hosts[server.Host.Name]
			if daemon, ok := h.daemon(resource.SyncBackup); ok && h.lacks("backup_only") {
				f.find(pair{h, at.behind(s)}, daemon, "The director %q is also a real server of the cluster %q. While it is backup, it would schedule again what another director sends it, and packets could go in circles. Add backup_only = 1 to the ipvs block.", h.Name, c.Name)
			}
		}
	}
}
