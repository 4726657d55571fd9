// Package schema is the language: it turns HCL files into a [Config], or into
// diagnostics that say where and why it cannot.
//
// Nothing here knows a machine. The config is what a human wrote, with names
// resolved, defaults filled in and mistakes found; what a mode needs on which host is
// the planner's business.
package schema

import (
	"net/netip"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A Config is everything that the files describe. It holds at least one host or
// cluster, and every reference in it is resolved.
type Config struct {
	Hosts    []*Host    // in the order of their names
	Clusters []*Cluster // in the order of their names
}

// A Host is a machine that lvsctl manages: it reads and changes what a role in a
// cluster needs there, and nothing else.
type Host struct {
	Name      string
	Address   netip.Addr // the address of its own: DIP of a director, RIP of a real server
	Interface string     // the network interface that carries Address
	Reach     Reach
	Range     hcl.Range
}

// Reach says how lvsctl gets to a host. Exactly one field is set.
type Reach struct {
	Local   bool     // the machine lvsctl runs on
	Netns   string   // a network namespace of that machine, as made by ip netns
	Command []string // an argv prefix in front of "lvsctl agent"
}

// Mode is how a cluster's directors pass packets on to its real servers.
type Mode string

// The modes.
const (
	DR  Mode = "dr"  // direct routing
	NAT Mode = "nat" // masquerading: answers come back through the director
)

// A Cluster is one virtual IP with the directors that hold it and the services
// behind it.
type Cluster struct {
	Name      string
	Mode      Mode
	VIP       netip.Addr
	Interface string     // of the directors, for the VIP; empty where each has its own there
	Gateway   netip.Addr // of managed real servers in NAT; not valid where it is the director's own address
	Directors []*Host    // at least one
	Services  []*Service
	Range     hcl.Range
}

// VIPInterface is the interface on which a director of the cluster has the VIP.
func (c *Cluster) VIPInterface(director *Host) string {
	if c.Interface != "" {
		return c.Interface
	}
	return director.Interface
}

// A Service is one port of the cluster's virtual IP and the real servers that answer
// there.
type Service struct {
	Name        string
	Protocol    resource.Protocol
	Port        uint16                // 0 is every port
	Flags       resource.ServiceFlags // one-packet scheduling and the algorithm's own
	Algorithm   string                // the IPVS scheduler
	AlgorithmAt hcl.Range             // where it is chosen, in the service or its cluster
	Persistence Persistence           // zero: none
	// RealServers are those of the service and those of its cluster, single ones and
	// pools alike, in the order of the config.
	RealServers []RealServer
	Range       hcl.Range
}

// Persistence keeps a client with the real server it first got.
type Persistence struct {
	Timeout uint32 // seconds since the client's last connection; 0 is no persistence
	Netmask uint32 // as in [resource.Service]: what counts as one client
	Engine  string // the persistence engine, "sip" or none
}

// A RealServer is one server behind a service. There may be tens of thousands.
type RealServer struct {
	Name   string // empty in a pool
	Host   *Host  // nil: not managed, only sent to
	Addr   netip.Addr
	Port   uint16
	Weight uint32
	// UpperThreshold and LowerThreshold bound its connections, 0 is no bound.
	UpperThreshold, LowerThreshold uint32
	Source                         resource.Source
}

// SourceOf is the place where a range begins.
func SourceOf(r hcl.Range) resource.Source {
	return resource.Source{File: r.Filename, Line: r.Start.Line}
}
