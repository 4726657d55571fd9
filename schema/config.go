// Package schema is the language: it turns HCL files into a [Config], or into
// diagnostics that say where and why it cannot.
//
// Nothing here knows a machine. The config is what a human wrote, with names
// resolved, defaults filled in and mistakes found; what a mode needs on which host is
// the planner's business.
package schema

import (
	"net/netip"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A Config is everything that the files describe. It holds at least one host or
// cluster, and every reference in it is resolved.
type Config struct {
	Hosts    []*Host    // in the order of their names
	Clusters []*Cluster // in the order of their names
	Policies []*Policy  // in the order of the text
	Backend  *Backend   // nil: the hosts alone keep runs apart
}

// A Host is a machine that lvsctl manages: it reads and changes what a role in a
// cluster needs there and what the host block itself asks for, and nothing else.
type Host struct {
	Name      string
	Address   netip.Addr // the address of its own: DIP of a director, RIP of a real server
	Interface string     // the network interface that carries Address
	Reach     Reach
	IPVS      []Setting // settings of IPVS as a whole, which exist once it is loaded
	Settings  []Setting // whatever else the host block asks for
	Persist   *bool     // whether a reboot brings its part back; nil is: where systemd boots it
	Ignores   []Ignore  // rules whose findings about the host are meant to be so
	Range     hcl.Range
}

// IPVSSettings is what the names of the kernel's settings of IPVS begin with. They exist
// once it is loaded.
const IPVSSettings = "net.ipv4.vs."

// A Setting is one resource that a host block asks for by name.
type Setting struct {
	Resource resource.Resource
	Range    hcl.Range
}

// Reach says how lvsctl gets to a host. Exactly one field is set.
type Reach struct {
	Local   bool     // the machine lvsctl runs on
	Netns   string   // a network namespace of that machine, as made by ip netns
	Command []string // an argv prefix in front of "lvsctl agent"
	SSH     *SSH     // another machine, by ssh
}

// SSH says how the ssh of the machine that lvsctl runs on gets to a host. What is empty is
// for ssh to know, as from ~/.ssh/config.
type SSH struct {
	Address  string // a name that ssh knows, or an address
	User     string
	Port     uint16
	Identity string        // the file with the private key
	Jump     string        // hosts on the way, as in ssh -J
	Options  []string      // of ssh_config(5), each as keyword=value
	Timeout  time.Duration // for which the host may say nothing
	Agent    string        // the lvsctl that is installed there; empty: one is copied there
}

// Mode is how a cluster's directors pass packets on to its real servers.
type Mode string

// The modes.
const (
	DR      Mode = "dr"      // direct routing
	NAT     Mode = "nat"     // masquerading: answers come back through the director
	TUN     Mode = "tun"     // tunnelling: packets are wrapped in others
	FULLNAT Mode = "fullnat" // masquerading with the director's own address as source
	Local   Mode = "local"   // of a real server: it is the director itself
	Bypass  Mode = "bypass"  // of a real server: packets go where they are addressed to
)

// A Cluster is one virtual IP, or several that share everything, with the directors
// that hold it and the services behind it.
type Cluster struct {
	Name string
	Mode Mode         // of real servers that have none of their own
	VIPs []netip.Addr // at least one, all of one family
	// VIPLabels are, for each VIP, what its label has after the interface's name and a colon.
	// Without any, labels are as they are.
	VIPLabels []string
	// ServicesOnly leaves all but the services and what is behind them to somebody else.
	// The only VIP can be 0.0.0.0 or :: then, which is any address of its family.
	ServicesOnly bool
	Interface    string // of the directors, for the VIPs; empty where each has its own there
	// Gateway is that of managed real servers in NAT; not valid where it is the director's
	// own address. With a GatewayTable it is for answers alone, in a routing table of that
	// number; 0 is their default route.
	Gateway      netip.Addr
	GatewayTable uint32
	Source       AddrRange // of packets to real servers in FULLNAT; not valid is the director's own address
	MSS          uint16    // bytes in one TCP segment that managed real servers in TUN take at most; 0 is as they like
	Directors    []*Host   // at least one
	Services     []*Service
	Shares       []*Share // in the order of the text
	Probes       []*Probe // in the order of the text
	Rollout      *Rollout // nil: all real servers may change at once
	Ignores      []Ignore // rules whose findings about the cluster are meant to be so
	Range        hcl.Range
}

// A Share is a directory that hosts have in common over NFS.
type Share struct {
	Name      string // unique in the cluster
	Server    *Host
	Address   netip.Addr          // of the server, for those who mount
	Path      string              // absolute and clean
	Directory *resource.Directory // nil: it must be there
	Clients   []string            // as in [resource.Export]
	Options   string              // as in [resource.Export]
	Mounts    []*ShareMount       // in the order of the text
	Ignores   []Ignore            // rules whose findings about the share are meant to be so
	Range     hcl.Range
}

// Source is what is mounted, as mount(8) has it.
func (s *Share) Source() string {
	if s.Address.Is6() {
		return "[" + s.Address.String() + "]:" + s.Path
	}
	return s.Address.String() + ":" + s.Path
}

// A ShareMount is where hosts mount a share.
type ShareMount struct {
	Target  string // absolute and clean
	Hosts   []*Host
	Options string // as in [resource.Mount]
	Boot    bool   // it is mounted at boot, too
	Force   bool   // it is unmounted even while somebody uses it
	Range   hcl.Range
}

// A Probe asks a cluster what its clients would, to see whether it works.
type Probe struct {
	Cluster string // its name
	Name    string // unique in the cluster
	From    *Host  // nil: the machine that lvsctl runs on
	Try     resource.Probe
	Range   hcl.Range
}

// Host is the name of the host that asks, empty for the machine that lvsctl runs on.
func (p *Probe) Host() string {
	if p.From == nil {
		return ""
	}
	return p.From.Name
}

// Probes lists the probes of all clusters.
func (c *Config) Probes() []*Probe {
	var list []*Probe
	for _, cluster := range c.Clusters {
		list = append(list, cluster.Probes...)
	}
	return list
}

// Family is the address family of the cluster's VIPs.
func (c *Cluster) Family() resource.Family { return resource.FamilyOf(c.VIPs[0]) }

// An AddrRange is one address or several in a row, of one family.
type AddrRange struct{ First, Last netip.Addr }

// IsValid tells a range from none.
func (r AddrRange) IsValid() bool { return r.First.IsValid() }

// contains tells whether an address is one of the range.
func (r AddrRange) contains(a netip.Addr) bool {
	return a.IsValid() && r.IsValid() && !a.Less(r.First) && !r.Last.Less(a)
}

// VIPInterface is the interface on which a director of the cluster has the VIP.
func (c *Cluster) VIPInterface(director *Host) string {
	if c.Interface != "" {
		return c.Interface
	}
	return director.Interface
}

// VIPLabel is the label that a VIP is to have on an interface, empty for whichever it has.
func (c *Cluster) VIPLabel(link string, vip netip.Addr) string {
	i := slices.Index(c.VIPs, vip)
	if i < 0 || i >= len(c.VIPLabels) {
		return ""
	}
	return link + ":" + c.VIPLabels[i]
}

// A Service is one port of the cluster's virtual IPs, or the packets with one firewall
// mark, and the real servers that answer there.
type Service struct {
	Name        string
	VIPs        []netip.Addr          // those of the cluster's that it is for
	Protocol    resource.Protocol     // 0 with a Mark
	Port        uint16                // 0 is every port
	Mark        uint32                // the firewall mark; 0 where address and port select packets
	Packets     []Packets             // those for VIPs that get the Mark; none where somebody else sets it
	Flags       resource.ServiceFlags // one-packet scheduling and the algorithm's own
	Algorithm   string                // the IPVS scheduler
	AlgorithmAt hcl.Range             // where it is chosen, in the service or its cluster
	Persistence Persistence           // zero: none
	// Drain is how long connections of a removed real server may take to end before it goes,
	// 0 is not at all.
	Drain time.Duration
	// RealServers are those of the service and those of its cluster, single ones and
	// pools alike, in the order of the config.
	RealServers []RealServer
	Ignores     []Ignore // those of the service alone; its cluster's count as well
	Range       hcl.Range
}

// Packets are those of one protocol to some ports.
type Packets struct {
	Protocol    resource.Protocol
	First, Last uint16 // 0 to 0 is every port
}

// Keys are the services as IPVS knows them: one for each VIP, or one for the mark.
func (s *Service) Keys() []resource.ServiceKey {
	if s.Mark != 0 {
		return []resource.ServiceKey{resource.MarkService(resource.FamilyOf(s.VIPs[0]), s.Mark)}
	}
	keys := make([]resource.ServiceKey, len(s.VIPs))
	for i, vip := range s.VIPs {
		keys[i] = resource.AddrService(s.Protocol, vip, s.Port)
	}
	return keys
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
	Pool   string // the name of its pool, empty for one with a Name
	Host   *Host  // nil: not managed, only sent to
	Addr   netip.Addr
	Mode   Mode // its own, or its cluster's
	Port   uint16
	Tunnel Tunnel // in TUN
	Weight uint32
	// UpperThreshold and LowerThreshold bound its connections, 0 is no bound.
	UpperThreshold, LowerThreshold uint32
	Source                         resource.Source
}

// A Tunnel is how packets are wrapped on their way to a real server.
type Tunnel struct {
	Type  resource.TunnelType
	Port  uint16 // the UDP port of the real server, for GUE
	Flags uint16 // as in [resource.Destination]
}

// SourceOf is the place where a range begins.
func SourceOf(r hcl.Range) resource.Source {
	return resource.Source{File: r.Filename, Line: r.Start.Line}
}
