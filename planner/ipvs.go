package planner

import (
	"net/netip"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// What every mode has in common on a director: the modules, the services, and the
// destinations of each real server.

// ipvsModules wants IPVS and the schedulers of a cluster loaded. The kernel could load
// schedulers by itself, but not from everywhere, and a missing one is better found
// here.
func (d *Desired) ipvsModules(c *schema.Cluster, h *schema.Host) *step {
	s := d.step(h, c.Name, "load IPVS")
	d.want(s, resource.Module{Name: "ip_vs"}, schema.SourceOf(c.Range))
	for _, svc := range c.Services {
		source := schema.SourceOf(svc.Range)
		d.want(s, resource.Module{Name: "ip_vs_" + svc.Algorithm}, source)
		if svc.Persistence.Engine != "" {
			d.want(s, resource.Module{Name: "ip_vs_pe_" + svc.Persistence.Engine}, source)
		}
	}
	return s
}

// services wants the services of a cluster, still without destinations.
func (d *Desired) services(c *schema.Cluster, h *schema.Host) *step {
	s := d.step(h, c.Name, "virtual services")
	for _, svc := range c.Services {
		for _, key := range svc.Keys() {
			d.want(s, ipvsService(key, svc), schema.SourceOf(svc.Range))
			d.drains[serviceAt{h.Name, key}] = drainOf(svc)
		}
	}
	return s
}

// ipvsService is a service as the kernel knows it.
func ipvsService(key resource.ServiceKey, svc *schema.Service) resource.Service {
	s := resource.Service{ServiceKey: key, Scheduler: svc.Algorithm, Flags: svc.Flags, Netmask: resource.FullNetmask(key.Family)}
	if svc.Persistence.Timeout > 0 {
		s.Flags |= resource.FlagPersistent
		s.Timeout = svc.Persistence.Timeout
		s.Netmask = svc.Persistence.Netmask
		s.Engine = svc.Persistence.Engine
	}
	return s
}

// destinations wants the real servers behind the services of a cluster. A managed one
// gets a step of its own, with all its destinations: it is taken in as a whole, and
// not before it is ready. All others share one step.
func (d *Desired) destinations(c *schema.Cluster, h *schema.Host, services *step, ready map[role]*step) []*step {
	var steps []*step
	byServer := map[*schema.Host]*step{}
	stepOf := func(rs *schema.RealServer) *step {
		s, known := byServer[rs.Host]
		if !known {
			purpose, server := "real servers in service", ""
			if rs.Host != nil {
				purpose, server = rs.Host.Name+" in service", rs.Host.Name
			}
			s = d.step(h, c.Name, purpose)
			s.server = server
			s.comesAfter(services, "a destination belongs to its service")
			byServer[rs.Host] = s
			steps = append(steps, s)
			for _, mounted := range d.mounts[rs.Host] {
				s.comesAfter(mounted, rs.Host.Name+" would answer without what it mounts")
			}
		}
		if rs.Host != nil {
			if prepared := ready[role{rs.Host, rs.Mode}]; prepared != nil {
				s.comesAfter(prepared, rs.Host.Name+" "+recipes[rs.Mode].unprepared)
			}
		}
		return s
	}
	for _, svc := range c.Services {
		for _, key := range svc.Keys() {
			if len(svc.RealServers) == 0 {
				continue
			}
			behind := d.wants[h.Name].Open(key, len(svc.RealServers))
			for i := range svc.RealServers {
				rs := &svc.RealServers[i]
				d.wantServer(behind, stepOf(rs), destination(key, rs), rs.Source)
			}
		}
	}
	return steps
}

// marks wants the packets of services with a firewall mark marked, and returns the step,
// nil where there is nothing to mark.
func (d *Desired) marks(c *schema.Cluster, h *schema.Host, services *step, inService []*step) *step {
	var s *step
	for _, svc := range c.Services {
		if len(svc.Packets) > 0 && s == nil {
			s = d.step(h, c.Name, "mark packets")
			s.comesAfter(services, "a mark means nothing without its service")
			for _, first := range inService {
				s.comesAfter(first, "a marked packet must find a real server")
			}
		}
		for _, p := range svc.Packets {
			for _, vip := range svc.VIPs {
				d.want(s, resource.Mark{To: hostOnly(vip), Protocol: p.Protocol, First: p.First, Last: p.Last, Mark: svc.Mark}, schema.SourceOf(svc.Range))
			}
		}
	}
	return s
}

// destination is a real server of a service as the kernel knows it.
func destination(key resource.ServiceKey, rs *schema.RealServer) resource.Destination {
	return resource.Destination{
		Service: key, Addr: rs.Addr, Port: rs.Port, Forward: recipes[rs.Mode].forward, Weight: rs.Weight,
		UpperThreshold: rs.UpperThreshold, LowerThreshold: rs.LowerThreshold,
		TunnelType: rs.Tunnel.Type, TunnelPort: rs.Tunnel.Port, TunnelFlags: rs.Tunnel.Flags,
	}
}

// hostOnly is the prefix of one address alone, /32 or /128.
func hostOnly(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// vipAddress is an address that a host has for others, alone in its prefix so that it
// brings no subnet along. Its own packets have to keep the host's own address as source:
// of IPv4 addresses the first one stays that, of IPv6 addresses any could be chosen.
func vipAddress(link string, a netip.Addr) resource.Address {
	return resource.Address{Link: link, Prefix: hostOnly(a), Deprecated: a.Is6()}
}

// labelledVIP is a VIP of a cluster on an interface, with its label if it is to have one.
func labelledVIP(c *schema.Cluster, link string, vip netip.Addr) resource.Address {
	a := vipAddress(link, vip)
	a.Label = c.VIPLabel(link, vip)
	return a
}
