package schema

import "github.com/lvsctl/lvsctl/schema/resource"

// checkAllPorts: the kernel schedules what comes to a service for all ports only by the
// persistence of its clients.
func checkAllPorts(f *finder) {
	for c, s := range f.services() {
		if s.Port == 0 && s.content.given("port") && s.Persistence.Timeout == 0 && !s.broken {
			f.find(c, s.content.at("port"), "The service %q is for all ports, and IPVS schedules those only for persistent clients: nothing would be served. Add a persistence block, or name a port.", s.Name)
		}
	}
}

// checkOnePacket: only datagrams stand for themselves.
func checkOnePacket(f *finder) {
	for c, s := range f.services() {
		if s.Flags&resource.FlagOnePacket != 0 && s.Protocol != 0 && s.Protocol != resource.UDP {
			f.find(c, s.content.at("one_packet"), "The service %q is %s, whose packets belong to connections. Only UDP can be scheduled packet by packet.", s.Name, s.Protocol)
		}
	}
}

// checkSIP: the engine reads SIP over UDP.
func checkSIP(f *finder) {
	for c, s := range f.services() {
		if s.Persistence.Engine == "sip" && s.Protocol != 0 && s.Protocol != resource.UDP {
			f.find(c, s.content.at("protocol"), "The service %q keeps clients together by the Call-ID of SIP, which IPVS reads in UDP only, and it is %s. Use protocol = \"udp\".", s.Name, s.Protocol)
		}
	}
}
