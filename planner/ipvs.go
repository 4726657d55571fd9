package planner

import (
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
		d.want(s, resource.Module{Name: "ip_vs_" + svc.Algorithm}, schema.SourceOf(svc.Range))
	}
	return s
}

// services wants the services of a cluster, still without destinations.
func (d *Desired) services(c *schema.Cluster, h *schema.Host) *step {
	s := d.step(h, c.Name, "virtual services")
	for _, svc := range c.Services {
		d.want(s, ipvsService(c, svc), schema.SourceOf(svc.Range))
	}
	return s
}

// ipvsService is a service as the kernel knows it.
func ipvsService(c *schema.Cluster, svc *schema.Service) resource.Service {
	key := serviceKey(c, svc)
	s := resource.Service{ServiceKey: key, Scheduler: svc.Algorithm, Flags: svc.Flags, Netmask: resource.FullNetmask(key.Family)}
	if svc.Persistence.Timeout > 0 {
		s.Flags |= resource.FlagPersistent
		s.Timeout = svc.Persistence.Timeout
		s.Netmask = svc.Persistence.Netmask
		s.Engine = svc.Persistence.Engine
	}
	return s
}

func serviceKey(c *schema.Cluster, svc *schema.Service) resource.ServiceKey {
	return resource.AddrService(svc.Protocol, c.VIP, svc.Port)
}

// destinations wants the real servers behind the services of a cluster. A managed one
// gets a step of its own, with all its destinations: it is taken in as a whole, and
// not before it is ready. All others share one step.
func (d *Desired) destinations(c *schema.Cluster, h *schema.Host, services *step, ready map[*schema.Host]*step, forward resource.Forward) []*step {
	var steps []*step
	byServer := map[*schema.Host]*step{}
	stepOf := func(rs *schema.Host) *step {
		if s, ok := byServer[rs]; ok {
			return s
		}
		purpose := "real servers in service"
		if rs != nil {
			purpose = rs.Name + " in service"
		}
		s := d.step(h, c.Name, purpose)
		s.comesAfter(services, "a destination belongs to its service")
		if prepared := ready[rs]; prepared != nil {
			s.comesAfter(prepared, rs.Name+" would drop packets for the VIP")
		}
		byServer[rs] = s
		steps = append(steps, s)
		return s
	}
	for _, svc := range c.Services {
		key := serviceKey(c, svc)
		for i := range svc.RealServers {
			rs := &svc.RealServers[i]
			d.want(stepOf(rs.Host), destination(key, rs, forward), rs.Source)
		}
	}
	return steps
}

// destination is a real server of a service as the kernel knows it.
func destination(key resource.ServiceKey, rs *schema.RealServer, forward resource.Forward) resource.Destination {
	return resource.Destination{
		Service: key, Addr: rs.Addr, Port: rs.Port, Forward: forward, Weight: rs.Weight,
		UpperThreshold: rs.UpperThreshold, LowerThreshold: rs.LowerThreshold,
	}
}

// managedServers lists the real servers of a cluster that lvsctl manages, each host
// once, without directors of the same cluster: those own the VIP already, and IPVS hands
// them their share without sending it anywhere.
func managedServers(c *schema.Cluster) []*schema.RealServer {
	seen := map[*schema.Host]bool{nil: true}
	for _, director := range c.Directors {
		seen[director] = true
	}
	var list []*schema.RealServer
	for _, svc := range c.Services {
		for i := range svc.RealServers {
			if rs := &svc.RealServers[i]; !seen[rs.Host] {
				seen[rs.Host] = true
				list = append(list, rs)
			}
		}
	}
	return list
}
