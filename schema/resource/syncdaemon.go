package resource

import (
	"fmt"
	"net/netip"
	"strconv"
)

// SyncRole is what a sync daemon does with connections.
type SyncRole uint8

// The roles. A network namespace may run one daemon of each.
const (
	SyncMaster SyncRole = 1 // IP_VS_STATE_MASTER: tells the others about its connections
	SyncBackup SyncRole = 2 // IP_VS_STATE_BACKUP: learns the connections of a master
)

var syncRoles = [...]string{SyncMaster: "master", SyncBackup: "backup"}

// String returns the role in lower case.
func (r SyncRole) String() string {
	if r == 0 || int(r) >= len(syncRoles) {
		return fmt.Sprintf("role(%d)", uint8(r))
	}
	return syncRoles[r]
}

// MarshalText implements [encoding.TextMarshaler].
func (r SyncRole) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (r *SyncRole) UnmarshalText(text []byte) error {
	for i, name := range syncRoles {
		if i > 0 && name == string(text) {
			*r = SyncRole(i)
			return nil
		}
	}
	return fmt.Errorf("unknown role of a sync daemon %q", text)
}

// A SyncDaemon is a kernel thread that keeps directors' connections in step by
// multicast. It cannot be changed, only stopped and started. While one runs, IPVS
// refuses destinations of another address family than their service's, and the other
// way round.
//
// A daemon is read back as it was started only if no field but ID is zero: the kernel
// fills in what is missing (start_sync_thread in net/netfilter/ipvs/ip_vs_sync.c), and
// it moves a length that it does not like to the nearest one that it does.
type SyncDaemon struct {
	Role      SyncRole `json:"role"`
	Interface string   `json:"interface"` // the network interface to multicast on
	ID        uint8    `json:"id"`        // a backup heeds masters of its own id; a backup with 0 heeds all
	// MaxLen is how many bytes of payload a sync packet has, at most 65,507, or 65,487
	// with an IPv6 group. A backup must take in what its master sends, and has at least
	// 1,024. For 0 a master gets 1,472, or 1,452 with an IPv6 group; a backup gets the MTU
	// of its interface, but at least 1,500, less 28 or 48 for the headers.
	MaxLen uint16     `json:"max_length"`
	Group  netip.Addr `json:"group"` // multicast address; 224.0.0.81 for none
	Port   uint16     `json:"port"`  // UDP port; 8848 for 0
	TTL    uint8      `json:"ttl"`   // of the packets; 1 for 0
}

// Key implements [Resource].
func (d SyncDaemon) Key() Key { return Key{Kind: KindSyncDaemon, Name: d.Role.String()} }

// Attributes implements [Resource].
func (d SyncDaemon) Attributes() []Attribute {
	return []Attribute{
		{"interface", d.Interface}, {"id", strconv.Itoa(int(d.ID))}, {"group", addrOrNone(d.Group)},
		{"port", strconv.Itoa(int(d.Port))}, {"ttl", strconv.Itoa(int(d.TTL))}, {"max length", strconv.Itoa(int(d.MaxLen))},
	}
}

// String implements [Resource].
func (d SyncDaemon) String() string {
	s := d.Role.String()
	for _, a := range d.Attributes() {
		s += " " + a.Name + " " + a.Value
	}
	return s
}
