package schema

import (
	"net/netip"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// translates tells the modes in which the director rewrites where a packet goes to.
func (m Mode) translates() bool { return m == NAT || m == FULLNAT }

// checkPortMapping: unless addresses are rewritten, a packet arrives on the port that the
// client sent it to.
func checkPortMapping(f *finder) {
	const detail = "In mode %q packets reach the real server as the client sent them, on port %d of the service %q, and port %d is ignored. Remove the port, and let the real server listen on %[2]d."
	const marked = "In mode %q packets reach the real server as the client sent them, on whatever port has the firewall mark of the service %[3]q, and port %[4]d is ignored. Remove the port."
	for _, s := range f.wholeServices() {
		if s.Port == 0 && s.Mark == 0 {
			continue
		}
		format := detail
		if s.Mark != 0 {
			format = marked
		}
		for at, server := range s.servers() {
			if server.Port == 0 || server.Port == s.Port || server.Mode.translates() || server.Mode == "" {
				continue
			}
			where := at.at(at.i, "port")
			if server.Port == at.port {
				where = at.content.at("port") // one place for all of them
			}
			f.find(at.behind(s), where, format, server.Mode, s.Port, s.Name, server.Port)
		}
	}
}

// checkMSS: a full TCP segment does not fit any more when it is wrapped.
func checkMSS(f *finder) {
	for c, s := range f.wholeServices() {
		if len(s.VIPs) == 0 || s.Protocol != resource.TCP && s.Mark == 0 || c.broken {
			continue
		}
		for at, server := range s.servers() {
			if server.Mode != TUN || server.Host == nil || slices.Contains(c.Directors, server.Host) {
				continue
			}
			switch fits := server.Tunnel.segment(s.VIPs[0], server.Addr); {
			case c.MSS == 0:
				f.find(at.behind(s), c.Range, "A full TCP segment from a client does not fit through Ethernet any more when it is wrapped for the real server %s, and is refused or cut up until the client has found out. Let the real servers ask for shorter ones: mss = %d. With a larger MTU between director and real servers, mss = %d says that all is well.", server.Addr, fits, fits+server.Tunnel.Overhead(server.Addr))
			case c.MSS > fits && c.MSS < fits+server.Tunnel.Overhead(server.Addr):
				f.find(at.behind(s), c.content.at("mss"), "A TCP segment of %d bytes, wrapped for the real server %s, does not fit through Ethernet. Use mss = %d, or %d where the MTU between director and real servers is larger.", c.MSS, server.Addr, fits, fits+server.Tunnel.Overhead(server.Addr))
			}
		}
	}
}

// checkSameRealServer: the kernel knows a real server of a service by its address and
// port.
func checkSameRealServer(f *finder) {
	for _, s := range f.services() {
		if s.inOrder() {
			continue
		}
		first := map[netip.AddrPort]resource.Source{}
		for at, server := range s.servers() {
			key := netip.AddrPortFrom(server.Addr, s.portOf(server))
			if other, ok := first[key]; ok {
				f.find(at.behind(s), at.addressAt(at.i), "The service %q has the real server %s at %s already. To send it more connections, raise its weight; or remove one of the two.", s.Name, key, other)
				continue
			}
			first[key] = server.Source
		}
	}
}

// inOrder tells whether each real server of a service comes before the next, as nothing does
// that is there twice.
func (s *serviceDecl) inOrder() bool {
	var last netip.AddrPort
	for _, server := range s.servers() {
		next := netip.AddrPortFrom(server.Addr, s.portOf(server))
		if last.Compare(next) >= 0 {
			return false
		}
		last = next
	}
	return true
}

// checkFamilies: only tunnels can carry one family in the other.
func checkFamilies(f *finder) {
	for c, s := range f.services() {
		if len(s.VIPs) == 0 {
			continue
		}
		for at, server := range s.servers() {
			if server.Addr.Is4() == s.VIPs[0].Is4() {
				continue
			}
			if server.Mode == TUN {
				f.mixedWithSync(c, s, at, server)
			} else {
				f.find(at.behind(s), at.addressAt(at.i), "The real server %s and the VIP %s are not of the same family, and packets of one cannot be sent on as packets of the other. Use the real server's %s address, or mode = \"tun\", which carries one in the other.", server.Addr, s.VIPs[0], familyName(s.VIPs[0]))
			}
		}
	}
}

// mixedWithSync finds a director that tells others about connections: it cannot say that
// the two ends are of different families.
func (f *finder) mixedWithSync(c *clusterDecl, s *serviceDecl, at serverRef, server *RealServer) {
	for _, director := range c.Directors {
		h := f.hosts[director.Name]
		if daemon, ok := h.daemon(anyRole); ok {
			f.find(pair{at.behind(s), h}, at.addressAt(at.i), "The real server %s and the VIP %s are not of the same family, and the director %q has a sync daemon (%s), which cannot tell of such connections: the kernel refuses one of the two. Use the real server's %s address, or remove the sync daemon.", server.Addr, s.VIPs[0], h.Name, place(daemon), familyName(s.VIPs[0]))
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
	for _, s := range f.services() {
		for _, g := range s.groups {
			for i := range g.servers {
				switch server := &g.servers[i]; {
				case server.LowerThreshold <= server.UpperThreshold:
				case server.UpperThreshold == 0:
					f.find(serverRef{g, i}.behind(s), g.at(i, "lower_threshold"), "A lower threshold says when a real server that reached its upper threshold gets connections again, and there is no upper_threshold. Add one, or remove lower_threshold.")
				default:
					f.find(serverRef{g, i}.behind(s), g.at(i, "lower_threshold"), "The lower threshold %d is above the upper threshold %d, so a full real server would count as free. Lower it.", server.LowerThreshold, server.UpperThreshold)
				}
			}
		}
	}
}

// ignoresWeights are the algorithms that look at a weight only for whether it is 0.
var ignoresWeights = map[string]string{"rr": "wrr", "lc": "wlc", "dh": "sh"}

// checkWeightsIgnored: weights that differ promise a difference.
func checkWeightsIgnored(f *finder) {
	for _, s := range f.services() {
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
				f.find(s, s.AlgorithmAt, "The algorithm %q treats all real servers alike, but those of the service %q have different weights: %d at %s, %d at %s. Use %q for weights to count, or give all the same.",
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
			f.find(s, s.Range, "The service %q has no real server, so every connection to it is refused. Add a real_server or a pool to the service, or to the cluster for all its services.", s.Name)
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
			f.find(s, s.Range, "All real servers of the service %q have weight 0, so it takes no new connections. Give at least one of them a weight.", s.Name)
		}
	}
}

// checkStickyDrained: weight 0 is for new clients.
func checkStickyDrained(f *finder) {
	const detail = "The real server %s takes no new clients, but one that came to the service %q before comes back to it until %d seconds after its last connection, and so may never leave. For weight 0 to end that, add expire_quiescent_template = 1 to the ipvs block of the director %q."
	for c, s := range f.services() {
		if s.Persistence.Timeout == 0 || c.broken || s.broken {
			continue
		}
		for at, server := range s.servers() {
			if server.Weight != 0 {
				continue
			}
			for _, director := range c.Directors {
				if h := f.hosts[director.Name]; h.lacks("expire_quiescent_template") {
					f.find(pair{at.behind(s), h}, at.at(at.i, "weight"), detail, server.Addr, s.Name, s.Persistence.Timeout, h.Name)
				}
			}
		}
	}
}

// checkLoopbackServer: the kernel takes a loopback address for the director itself.
func checkLoopbackServer(f *finder) {
	for _, s := range f.services() {
		for at, server := range s.servers() {
			switch {
			case !server.Addr.IsLoopback():
			case server.Mode.translates():
				f.find(at.behind(s), at.addressAt(at.i), "The real server %s is the director itself, and the kernel drops packets from the network that are rewritten to a loopback address. Use the director's own address.", server.Addr)
			default:
				f.find(at.behind(s), at.addressAt(at.i), "The real server %s is the director itself, whatever its address says: packets keep the VIP as their destination, so the server must listen there, and one that listens on %[1]s alone gets none of them. Use the director's own address.", server.Addr)
			}
		}
	}
}
