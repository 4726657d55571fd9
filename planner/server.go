package planner

import (
	"net/netip"
	"slices"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A Kind is what real servers have in common that packets reach in the same way.
type Kind struct {
	Mode   schema.Mode
	Tunnel schema.Tunnel   // in TUN
	Family resource.Family // of their addresses
	Local  bool            // they are directors of the cluster: nothing is sent anywhere
}

// A Server is one machine behind a cluster, with all the services that it serves there in
// the same way.
type Server struct {
	Kind
	*schema.RealServer                   // as the first of its services has it
	Director           *schema.Host      // the one that it is itself, nil for none
	Services           []*schema.Service // in the order of the config
	Ports              []uint16          // that are not the service's own, in the order of the config
	Weights            []uint32          // each once
}

// servers lists the machines behind a cluster in the order of the config.
func servers(c *schema.Cluster) []*Server {
	type machine struct {
		kind Kind
		addr netip.Addr
	}
	var list []*Server
	known := map[machine]*Server{}
	for _, svc := range c.Services {
		for i := range svc.RealServers {
			rs := &svc.RealServers[i]
			director := directorAt(c, rs)
			m := machine{kindOf(rs, director), rs.Addr}
			s := known[m]
			if s == nil {
				s = &Server{Kind: m.kind, RealServer: rs, Director: director}
				known[m] = s
				list = append(list, s)
			}
			s.serves(svc, rs)
		}
	}
	return list
}

// kindOf is the kind of a real server that may be a director itself. Where packets are
// handed over there as they are, it does not matter how they would be sent.
func kindOf(rs *schema.RealServer, director *schema.Host) Kind {
	k := Kind{rs.Mode, rs.Tunnel, resource.FamilyOf(rs.Addr), director != nil}
	if k.Local && k.Mode != schema.NAT && k.Mode != schema.FULLNAT {
		k.Mode, k.Tunnel = schema.Local, schema.Tunnel{}
	}
	return k
}

// serves notes that a machine is behind a service.
func (s *Server) serves(svc *schema.Service, rs *schema.RealServer) {
	if n := len(s.Services); n == 0 || s.Services[n-1] != svc {
		s.Services = append(s.Services, svc)
	}
	if rs.Port != svc.Port && !slices.Contains(s.Ports, rs.Port) {
		s.Ports = append(s.Ports, rs.Port)
	}
	if !slices.Contains(s.Weights, rs.Weight) {
		s.Weights = append(s.Weights, rs.Weight)
	}
}

// directorAt is the director of a cluster that a real server is itself, nil for none.
func directorAt(c *schema.Cluster, rs *schema.RealServer) *schema.Host {
	for _, h := range c.Directors {
		if rs.Host == h || rs.Addr == h.Address || rs.Mode == schema.Local {
			return h
		}
	}
	return nil
}
