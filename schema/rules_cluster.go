package schema

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// checkSameService: a director knows a service by protocol, address and port.
func checkSameService(f *finder) {
	type key struct {
		director *Host
		service  resource.ServiceKey
	}
	first := map[key]*serviceDecl{}
	for c, s := range f.services() {
		if !c.VIP.IsValid() || s.Port == 0 && s.broken || s.Protocol == 0 {
			continue
		}
		for _, director := range c.Directors {
			k := key{director, resource.AddrService(s.Protocol, c.VIP, s.Port)}
			if other := first[k]; other != nil {
				f.find(c, s.content.at("port"), "The director %q has a service for %s already, at %s. Give one of the two another port, or remove it.", director.Name, k.service, place(other.Range))
				continue
			}
			first[k] = s
		}
	}
}

// checkVIP: a host that has the VIP as its own address answers for it. A director may, in
// NAT: its own address can be the one that clients connect to.
func checkVIP(f *finder) {
	const detail = "The VIP %s is the address of %s. Packets for the VIP would stay there, or go in circles between director and real server. The VIP must be an address that no machine has as its own."
	for _, c := range f.clusters {
		for _, h := range f.hostList {
			own := c.Mode == NAT && slices.Contains(c.Directors, h.Host)
			if c.VIP.IsValid() && c.VIP == h.Address && !own {
				f.find(c, c.content.at("vip"), detail, c.VIP, "the host "+h.Name)
			}
		}
		for _, s := range c.services {
			for _, server := range s.servers() {
				if server.Addr == c.VIP {
					f.find(c, c.content.at("vip"), detail, c.VIP, "the real server at "+server.Source.String())
				}
			}
		}
	}
}

// checkDirectorInterface: the director puts the VIP on an interface.
func checkDirectorInterface(f *finder) {
	for _, c := range f.clusters {
		for _, director := range c.Directors {
			h := f.hosts[director.Name]
			if c.Interface == "" && h.Interface == "" && !h.content.given("interface") && !h.content.misspelt("interface") {
				f.find(c, h.Range, "The host %q is a director of the cluster %q, and the VIP goes on the interface that clients reach it by. Add interface = \"NAME\" to the host.", h.Name, c.Name)
			}
		}
	}
}

// checkSeveralDirectors: nothing moves the VIP from one director to another yet.
func checkSeveralDirectors(f *finder) {
	first := map[netip.Addr]*clusterDecl{}
	for _, c := range f.clusters {
		if other := first[c.VIP]; other != nil && c.VIP.IsValid() && len(c.Directors) > 0 && !slices.Equal(c.Directors, other.Directors) {
			f.find(c, c.content.at("vip"), "The clusters %q and %q have the VIP %s on different directors, at the same time. On one segment that is a duplicate address: clients reach the one or the other by chance. Put both behind the same director, unless each is on a segment of its own.", c.Name, other.Name, c.VIP)
		}
		first[c.VIP] = c
		if len(c.Directors) > 1 {
			f.find(c, c.content.at("directors"), "Each of the %d directors of the cluster %q will hold the VIP at the same time. On one segment that is a duplicate address: clients reach the one or the other by chance. Name one director, unless each is on a segment of its own.", len(c.Directors), c.Name)
		}
	}
}

// checkRealServerInterface: in NAT a real server gets a default route, which leaves by an
// interface.
func checkRealServerInterface(f *finder) {
	for c, s := range f.services() {
		if c.Mode != NAT {
			continue
		}
		for _, server := range s.servers() {
			if server.Host == nil {
				continue
			}
			if h := f.hosts[server.Host.Name]; h.Interface == "" && !h.content.given("interface") && !h.content.misspelt("interface") {
				f.find(c, h.Range, "The host %q is a real server of the cluster %q, which answers through the director by a default route. Add interface = \"NAME\" to the host, the interface that this route leaves by.", h.Name, c.Name)
			}
		}
	}
}

// checkGateway: only real servers in NAT answer through the director.
func checkGateway(f *finder) {
	for _, c := range f.clusters {
		switch {
		case !c.Gateway.IsValid() || c.Mode == "":
		case c.Mode != NAT:
			f.find(c, c.content.at("gateway"), "Real servers of the cluster %q answer clients directly and need no gateway to the director. Remove the argument, or use mode = \"nat\".", c.Name)
		case c.VIP.IsValid() && c.Gateway.Is4() != c.VIP.Is4():
			f.find(c, c.content.at("gateway"), "The gateway %s and the VIP %s are not of the same family. Use the director's %s address.", c.Gateway, c.VIP, familyName(c.VIP))
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
			f.find(f, h.content.at("address"), "The host %q has the address of the host %q at %s. Two machines in one network cannot both have it.", h.Name, other.Name, place(other.Range))
			continue
		}
		first[h.Address] = h
	}
}

// checkLoopback: on lo nobody finds the director.
func checkLoopback(f *finder) {
	for _, c := range f.clusters {
		for _, h := range c.Directors {
			if c.VIPInterface(h) == "lo" {
				f.find(c, c.content.at("directors"), "The director %q would hold the VIP on lo, where no client finds it. Name the interface that clients reach it by.", h.Name)
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
			f.find(f, h.content.at(attr), "The host %q is reached the same way as the host %q at %s, so both are one machine, where each would undo the work of the other. Describe the machine as one host.", h.Name, other.Name, place(other.Range))
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
	}
	return "", ""
}
