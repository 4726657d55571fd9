package schema

import (
	"net/netip"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// checkPortMapping: in direct routing only the link-layer address of a packet changes,
// so it arrives on the port that the client sent it to.
func checkPortMapping(f *finder) {
	const detail = "In direct routing packets reach the real server as the client sent them, on port %d of the service %q, and port %d is ignored. Remove the port, and let the real server listen on %d."
	for c, s := range f.services() {
		if c.Mode != DR || s.Port == 0 {
			continue
		}
		for _, g := range s.groups {
			if g.port != 0 && g.port != s.Port {
				f.find(c, g.content.at("port"), detail, s.Port, s.Name, g.port, s.Port)
			}
			for i := range g.servers {
				if port := g.servers[i].Port; port != 0 && port != s.Port && port != g.port {
					f.find(c, g.at(i, "port"), detail, s.Port, s.Name, port, s.Port)
				}
			}
		}
	}
}

// checkSameRealServer: the kernel knows a real server of a service by its address and
// port.
func checkSameRealServer(f *finder) {
	first := map[netip.AddrPort]resource.Source{}
	for c, s := range f.services() {
		clear(first)
		for at, server := range s.servers() {
			key := netip.AddrPortFrom(server.Addr, s.portOf(server))
			if other, ok := first[key]; ok {
				f.find(c, at.addressAt(at.i), "The service %q has the real server %s at %s already. To send it more connections, raise its weight; or remove one of the two.", s.Name, key, other)
				continue
			}
			first[key] = server.Source
		}
	}
}

// checkFamilies: only tunnels can carry one family in the other.
func checkFamilies(f *finder) {
	for c, s := range f.services() {
		if !c.VIP.IsValid() {
			continue
		}
		for at, server := range s.servers() {
			if server.Addr.Is4() != c.VIP.Is4() {
				f.find(c, at.addressAt(at.i), "The real server %s and the VIP %s are not of the same family, and packets of one cannot be sent on as packets of the other. Use the real server's %s address.", server.Addr, c.VIP, familyName(c.VIP))
			}
		}
	}
}

// familyName names the family of an address.
func familyName(a netip.Addr) string {
	if a.Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// checkThresholds: the kernel refuses a lower threshold above the upper one.
func checkThresholds(f *finder) {
	for c, s := range f.services() {
		for _, g := range s.groups {
			for i, server := range g.servers {
				switch {
				case server.LowerThreshold <= server.UpperThreshold:
				case server.UpperThreshold == 0:
					f.find(c, g.at(i, "lower_threshold"), "A lower threshold says when a real server that reached its upper threshold gets connections again, and there is no upper_threshold. Add one, or remove lower_threshold.")
				default:
					f.find(c, g.at(i, "lower_threshold"), "The lower threshold %d is above the upper threshold %d, so a full real server would count as free. Lower it.", server.LowerThreshold, server.UpperThreshold)
				}
			}
		}
	}
}

// ignoresWeights are the algorithms that look at a weight only for whether it is 0.
var ignoresWeights = map[string]string{"rr": "wrr", "lc": "wlc", "dh": "sh"}

// checkWeightsIgnored: weights that differ promise a difference.
func checkWeightsIgnored(f *finder) {
	for c, s := range f.services() {
		instead, ignored := ignoresWeights[s.Algorithm]
		if !ignored {
			continue
		}
		var first *RealServer
		for _, server := range s.servers() {
			if server.Weight == 0 {
				continue
			}
			if first == nil {
				first = server
			}
			if server.Weight != first.Weight {
				f.find(c, s.AlgorithmAt, "The algorithm %q treats all real servers alike, but those of the service %q have different weights: %d at %s, %d at %s. Use %q for weights to count, or give all the same.",
					s.Algorithm, s.Name, first.Weight, first.Source, server.Weight, server.Source, instead)
				break
			}
		}
	}
}

// checkNothingBehind: a service without real servers refuses connections.
func checkNothingBehind(f *finder) {
	for c, s := range f.services() {
		if !c.broken && !s.broken && !slices.ContainsFunc(s.groups, func(g *group) bool { return len(g.servers) > 0 }) {
			f.find(c, s.Range, "The service %q has no real server, so every connection to it is refused. Add a real_server or a pool to the service, or to the cluster for all its services.", s.Name)
		}
	}
}

// checkAllDrained: weight 0 takes no new connections.
func checkAllDrained(f *finder) {
	for c, s := range f.services() {
		if c.broken || s.broken {
			continue
		}
		n, drained := 0, 0
		for _, server := range s.servers() {
			n++
			drained += boolInt(server.Weight == 0)
		}
		if n > 0 && drained == n {
			f.find(c, s.Range, "All real servers of the service %q have weight 0, so it takes no new connections. Give at least one of them a weight.", s.Name)
		}
	}
}
