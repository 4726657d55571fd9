package adopt

import (
	"fmt"
	"math"
	"math/bits"
	"net/netip"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// The kernel takes more than the language has words for: what cannot work, and what
// belongs to schedulers of others. Such objects are left out, and so they stay as they
// are.

// algorithms are those that the language knows.
var algorithms = map[string]bool{
	"rr": true, "wrr": true, "lc": true, "wlc": true, "lblc": true, "lblcr": true, "dh": true, "sh": true, "sed": true, "nq": true,
	"fo": true, "ovf": true, "mh": true, "twos": true,
}

// longest is how many seconds a timeout can have.
const longest = math.MaxInt32 / 1000

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// inexpressible says why the language has no words for a service, empty where it has.
func inexpressible(s resource.Service) string {
	persistent := s.Flags&resource.FlagPersistent != 0
	switch {
	case s.Mark == 0 && resource.Protocols[s.Protocol.String()] == 0:
		return "it is of a protocol that IPVS is not known to balance"
	case s.Addr.IsMulticast(), s.Addr == broadcast:
		return "its address belongs to many machines"
	case !algorithms[s.Scheduler]:
		return fmt.Sprintf("its scheduler %q is none of the kernel's own", s.Scheduler)
	case s.Engine != "" && (s.Engine != "sip" || !persistent || s.Mark == 0 && s.Protocol != resource.UDP):
		return fmt.Sprintf("its persistence engine %q has nothing to look at there", s.Engine)
	case s.Flags&resource.FlagOnePacket != 0 && s.Mark == 0 && s.Protocol != resource.UDP:
		return "it is scheduled packet by packet, and its packets belong to connections"
	case s.Mark == 0 && s.Port == 0 && !persistent:
		return "it is for every port and not persistent, so that it is never served"
	case persistent && (s.Timeout == 0 || s.Timeout > longest):
		return fmt.Sprintf("its persistence of %d seconds is out of bounds", s.Timeout)
	case persistent && !contiguous(s.Netmask, s.Family):
		return "its netmask for persistence makes no groups of neighbours"
	}
	return ""
}

// contiguous tells whether a netmask is one that has a prefix length from 1 on.
func contiguous(mask uint32, f resource.Family) bool {
	if f == resource.IPv6 {
		return mask >= 1 && mask <= 128
	}
	return mask != 0 && bits.LeadingZeros32(^mask) == bits.OnesCount32(mask)
}

// inexpressibleServer says why the language has no words for a real server of a service,
// empty where it has.
func inexpressibleServer(d resource.Destination, s resource.ServiceKey) string {
	_, known := modes[d.Forward]
	tunnel := d.Forward == resource.ForwardTunnel
	switch {
	case !known:
		return "it is reached in a way that the kernel did not have when lvsctl was written"
	case d.Addr.IsUnspecified(), d.Addr.IsMulticast(), d.Addr == broadcast:
		return "its address is not that of one machine"
	case d.Port == 0 && s.Port != 0:
		return "it has no port, and its service has one"
	case d.Weight > math.MaxInt32:
		return "its weight is negative for the kernel"
	case d.UpperThreshold > math.MaxInt32, d.LowerThreshold > d.UpperThreshold:
		return "its thresholds are out of bounds"
	case resource.FamilyOf(d.Addr) != s.Family && !tunnel:
		return "it is of another address family than its service"
	case !expressibleTunnel(d, tunnel):
		return "its tunnel is none that ipvsadm would make"
	}
	return ""
}

// expressibleTunnel tells whether a destination has what goes with its type of tunnel, and
// no more.
func expressibleTunnel(d resource.Destination, tunnel bool) bool {
	switch none := d.TunnelPort == 0 && d.TunnelFlags == 0; {
	case !tunnel:
		return none && d.TunnelType == 0
	case d.TunnelType == resource.TunnelIPIP:
		return none
	case d.TunnelType == resource.TunnelGUE:
		return d.TunnelPort != 0 && d.TunnelFlags <= resource.TunnelRemoteChecksum
	case d.TunnelType == resource.TunnelGRE:
		return d.TunnelPort == 0 && d.TunnelFlags <= resource.TunnelChecksum
	}
	return false
}
