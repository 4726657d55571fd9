package schema

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// checkSameService: a director knows a service by protocol, address and port, or by its
// firewall mark.
func checkSameService(f *finder) {
	type key struct {
		director *Host
		service  resource.ServiceKey
	}
	first := map[key]*serviceDecl{}
	for c, s := range f.services() {
		if !s.selects() {
			continue
		}
		for _, director := range c.Directors {
			for _, service := range s.Keys() {
				k := key{director, service}
				if other := first[k]; other != nil {
					f.find(s, s.selectorAt(), "The director %q has a service for %s already, at %s. Give one of the two another %s, or remove it.", director.Name, service, place(other.Range), s.selector())
					continue
				}
				first[k] = s
			}
		}
	}
}

// selects tells whether what selects the packets of a service could be read.
func (s *serviceDecl) selects() bool {
	return len(s.VIPs) > 0 && (s.Mark != 0 || s.Protocol != 0 && (s.Port != 0 || !s.broken))
}

// selector is the argument that selects the packets of a service.
func (s *serviceDecl) selector() string {
	if s.Mark != 0 {
		return "fwmark"
	}
	return "port"
}

func (s *serviceDecl) selectorAt() hcl.Range { return s.content.at(s.selector()) }

// checkVIP: a host that has a VIP as its own address answers for it. A director may, where
// answers come back through it: its own address can be the one that clients connect to.
func checkVIP(f *finder) {
	const detail = "The VIP %s is the address of %s. Packets for the VIP would stay there, or go in circles between director and real server. The VIP must be an address that no machine has as its own."
	owners := map[netip.Addr][]*hostDecl{}
	for _, h := range f.hostList {
		owners[h.Address] = append(owners[h.Address], h)
	}
	for c := range f.whole() {
		for _, vip := range c.VIPs {
			for _, h := range owners[vip] {
				if !c.Mode.translates() || !slices.Contains(c.Directors, h.Host) {
					f.find(pair{c, h}, c.content.at("vip"), detail, vip, "the host "+h.Name)
				}
			}
		}
		for _, s := range c.services {
			for at, server := range s.servers() {
				if slices.Contains(c.VIPs, server.Addr) {
					f.find(pair{c, at}, c.content.at("vip"), detail, server.Addr, "the real server at "+server.Source.String())
				}
			}
		}
	}
}

// checkDirectorInterface: the director puts the VIP on an interface.
func checkDirectorInterface(f *finder) {
	for c := range f.whole() {
		for _, director := range c.Directors {
			h := f.hosts[director.Name]
			if c.Interface == "" && h.Interface == "" && !h.content.given("interface") && !h.content.misspelt("interface") {
				f.find(pair{c, h}, h.Range, "The host %q is a director of the cluster %q, and the VIP goes on the interface that clients reach it by. Add interface = \"NAME\" to the host.", h.Name, c.Name)
			}
		}
	}
}

// checkSeveralDirectors: nothing moves a VIP from one director to another yet.
func checkSeveralDirectors(f *finder) {
	first := map[netip.Addr]*clusterDecl{}
	for c := range f.whole() {
		for _, vip := range c.VIPs {
			if other := first[vip]; other != nil && len(c.Directors) > 0 && !slices.Equal(c.Directors, other.Directors) {
				f.find(pair{c, other}, c.content.at("vip"), "The clusters %q and %q have the VIP %s on different directors, at the same time. On one segment that is a duplicate address: clients reach the one or the other by chance. Put both behind the same director, unless each is on a segment of its own.", c.Name, other.Name, vip)
			}
			first[vip] = c
		}
		if len(c.Directors) > 1 {
			f.find(c, c.content.at("directors"), "Each of the %d directors of the cluster %q will hold the VIP at the same time. On one segment that is a duplicate address: clients reach the one or the other by chance. Name one director, unless each is on a segment of its own.", len(c.Directors), c.Name)
		}
	}
}

// needsInterface says what a managed real server needs its interface for, by mode.
var needsInterface = map[Mode]string{
	NAT: "which answers through the director by a route. Add interface = \"NAME\" to the host, the interface that this route leaves by",
	TUN: "and must not check on its interface where packets come from. Add interface = \"NAME\" to the host, the interface that carries its address",
}

// checkRealServerInterface: some modes set up the interface of a real server.
func checkRealServerInterface(f *finder) {
	for c, s := range f.wholeServices() {
		for _, server := range s.servers() {
			why, needed := needsInterface[server.Mode]
			if server.Host == nil || !needed || slices.Contains(c.Directors, server.Host) {
				continue
			}
			if h := f.hosts[server.Host.Name]; h.Interface == "" && !h.content.given("interface") && !h.content.misspelt("interface") {
				f.find(pair{c, h}, h.Range, "The host %q is a real server of the cluster %q, %s.", h.Name, c.Name, why)
			}
		}
	}
}

// modeOf is the mode that an argument of a cluster is for.
var modeOf = map[string]Mode{"gateway": NAT, "gateway_table": NAT, "source": FULLNAT, "mss": TUN}

// checkMisplaced: some arguments mean something in one mode only.
func checkMisplaced(f *finder) {
	for _, c := range f.clusters {
		for _, name := range sortedKeys(modeOf) {
			if c.content.given(name) && !c.content.inherits(name) && !c.broken && !c.uses(modeOf[name]) {
				f.find(c, c.content.at(name), "The argument %q is for mode %q, and neither the cluster %q nor one of its real servers is in that mode. Remove it.", name, modeOf[name], c.Name)
			}
		}
	}
}

// beyondServices are the arguments of a cluster that are for what services_only leaves to
// somebody else.
var beyondServices = []string{"interface", "vip_label", "gateway", "gateway_table", "source", "mss"}

// checkServicesOnly: what is left to others is not asked for as well.
func checkServicesOnly(f *finder) {
	for _, c := range f.clusters {
		if !c.ServicesOnly {
			continue
		}
		for _, name := range beyondServices {
			if c.content.given(name) && !c.content.inherits(name) {
				f.find(c, c.content.at(name), "With services_only nothing is set up in the cluster %q but its services, and the argument %q is for more. Remove one of the two.", c.Name, name)
			}
		}
		if c.Mode == FULLNAT {
			f.find(c, c.content.at("mode"), "Mode \"fullnat\" is mode \"nat\" with rules around the services that rewrite the source, and with services_only those are left to somebody else. Write mode = \"nat\", or remove services_only.")
		}
		for _, s := range c.services {
			if len(s.Packets) > 0 {
				f.find(s, s.content.at("packets"), "With services_only somebody else sets the firewall mark of the service %q. Remove packets, or services_only from the cluster.", s.Name)
			}
		}
	}
}

// uses tells whether a cluster or one of its real servers is in a mode.
func (c *clusterDecl) uses(m Mode) bool {
	return c.Mode == m || slices.ContainsFunc(c.services, func(s *serviceDecl) bool {
		return slices.ContainsFunc(s.groups, func(g *group) bool {
			return slices.ContainsFunc(g.servers, func(server RealServer) bool { return server.Mode == m })
		})
	})
}

// checkClusterFamilies: what goes with the VIP is of its family.
func checkClusterFamilies(f *finder) {
	for c := range f.whole() {
		if len(c.VIPs) == 0 {
			continue
		}
		for name, addr := range map[string]netip.Addr{"gateway": c.Gateway, "source": c.Source.First} {
			if addr.IsValid() && addr.Is4() != c.VIPs[0].Is4() {
				f.find(c, c.content.at(name), "The %s %s and the VIP %s are not of the same family. Use an %s address.", name, addr, c.VIPs[0], familyName(c.VIPs[0]))
			}
		}
		f.checkDirectorFamilies(c)
	}
}

// checkDirectorFamilies: where a cluster names no gateway or source, the director's own
// address is one.
func (f *finder) checkDirectorFamilies(c *clusterDecl) {
	for i, director := range c.Directors {
		if !director.Address.IsValid() || director.Address.Is4() == c.VIPs[0].Is4() {
			continue
		}
		const detail = "The VIP %s is an %s address and the director's own, %s, is not, so it cannot be %s. Add %s = \"…\" to the cluster, an %[2]s address of the director."
		at := c.content.at("directors")
		family := familyName(c.VIPs[0])
		if c.Mode == FULLNAT && !c.content.given("source") {
			f.find(pair{c, f.hosts[director.Name]}, at, detail, c.VIPs[0], family, director.Address, "what real servers see as their client", "source")
		}
		if i == 0 && !c.content.given("gateway") && f.answersThrough(c) {
			f.find(pair{c, f.hosts[director.Name]}, at, detail, c.VIPs[0], family, director.Address, "what managed real servers answer through", "gateway")
		}
	}
}

// answersThrough tells whether a cluster has managed real servers in NAT.
func (f *finder) answersThrough(c *clusterDecl) bool {
	return slices.ContainsFunc(c.services, func(s *serviceDecl) bool {
		for _, server := range s.servers() {
			if server.Host != nil && server.Mode == NAT && !slices.Contains(c.Directors, server.Host) {
				return true
			}
		}
		return false
	})
}

// checkSource: directors get all addresses of the source, and answer for them.
func checkSource(f *finder) {
	const detail = "The source includes %s, the address of %s. The director would get that address too, and the two would take each other's packets. Use addresses that no machine has."
	for c := range f.whole() {
		for _, h := range f.hostList {
			if c.Source.contains(h.Address) && !slices.Contains(c.Directors, h.Host) {
				f.find(c, c.content.at("source"), detail, h.Address, "the host "+h.Name)
			}
		}
		for _, s := range c.services {
			for _, server := range s.servers() {
				own := slices.ContainsFunc(c.Directors, func(h *Host) bool { return h.Address == server.Addr })
				if c.Source.contains(server.Addr) && !own {
					f.find(c, c.content.at("source"), detail, server.Addr, "the real server at "+server.Source.String())
				}
			}
		}
	}
}

// checkFullNAT: sources are rewritten for whole services.
func checkFullNAT(f *finder) {
	for c, s := range f.services() {
		if c.Mode != FULLNAT {
			continue
		}
		for at, server := range s.servers() {
			if server.Mode != FULLNAT && server.Mode != Local && server.Mode != "" {
				f.find(at.behind(s), at.at(at.i, "mode"), "In FULLNAT the source of every packet to a service's real servers is rewritten, and a real server in mode %q needs that of the client. Put it in a cluster of its own.", server.Mode)
			}
		}
	}
}

// checkNoServices: a cluster without services is a VIP where nobody answers.
func checkNoServices(f *finder) {
	for _, c := range f.clusters {
		if !c.broken && len(c.services) == 0 {
			f.find(c, c.Range, "The cluster %q has no service, so its directors get the VIP and refuse every connection to it. Add a service.", c.Name)
		}
	}
}

// checkSameAddress: an address is the own one of one machine, at least of those that
// can reach each other.
func checkSameAddress(f *finder) {
	first := map[netip.Addr]*hostDecl{}
	for _, h := range f.hostList {
		if !h.Address.IsValid() {
			continue
		}
		if other := first[h.Address]; other != nil {
			f.find(pair{h, other}, h.content.at("address"), "The host %q has the address of the host %q at %s. Two machines in one network cannot both have it.", h.Name, other.Name, place(other.Range))
			continue
		}
		first[h.Address] = h
	}
}

// checkLoopback: on lo nobody finds the director.
func checkLoopback(f *finder) {
	for c := range f.whole() {
		for _, h := range c.Directors {
			if c.VIPInterface(h) == "lo" {
				f.find(pair{c, f.hosts[h.Name]}, c.content.at("directors"), "The director %q would hold the VIP on lo, where no client finds it unless a routing protocol announces it. Name the interface that clients reach it by.", h.Name)
			}
		}
	}
}

// checkReach: two hosts that are reached the same way are one machine with one ledger.
func checkReach(f *finder) {
	first := map[string]*hostDecl{}
	for _, h := range f.hostList {
		key, attr := h.Reach.key()
		if key == "" {
			continue
		}
		if other := first[key]; other != nil {
			f.find(h, h.content.at(attr), "The host %q is reached the same way as the host %q at %s, so both are one machine, where each would undo the work of the other. Describe the machine as one host.", h.Name, other.Name, place(other.Range))
			continue
		}
		first[key] = h
	}
}

// key tells ways to reach a host apart, and names the argument. Both are empty for a
// host without one.
func (r Reach) key() (key, attr string) {
	switch {
	case r.Local:
		return "local", "local"
	case r.Netns != "":
		return "netns " + r.Netns, "netns"
	case len(r.Command) > 0:
		return "command " + strings.Join(r.Command, "\x00"), "command"
	case r.SSH != nil:
		return fmt.Sprintf("ssh %s port %d by %s", r.SSH.Address, r.SSH.Port, r.SSH.Jump), "ssh"
	}
	return "", ""
}
