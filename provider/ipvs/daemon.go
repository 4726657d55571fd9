package ipvs

import (
	"fmt"
	"net/netip"
)

// Role is what a sync daemon does with connections.
type Role uint8

// The roles. A network namespace may run one daemon of each.
const (
	Master Role = 1 // IP_VS_STATE_MASTER: tells the others about its connections
	Backup Role = 2 // IP_VS_STATE_BACKUP: learns the connections of a master
)

// String returns the role in lower case.
func (r Role) String() string {
	switch r {
	case Master:
		return "master"
	case Backup:
		return "backup"
	}
	return fmt.Sprintf("role(%d)", uint8(r))
}

// A Daemon is a kernel thread that keeps directors' connections in step by multicast.
// It cannot be changed, only stopped and started. While one runs, IPVS refuses
// destinations of another address family than their service's, and the other way
// round. Fields that are zero get the kernel's default.
type Daemon struct {
	Role      Role
	Interface string     // the network interface to multicast on
	SyncID    uint8      // a backup heeds masters of its own id; a backup with 0 heeds all
	MaxLen    uint16     // bytes of payload of a sync packet; by the interface's MTU if 0
	Group     netip.Addr // multicast address; 224.0.0.81 if not given
	Port      uint16     // UDP port; 8848 if 0
	TTL       uint8      // of the packets; 1 if 0
}

// check finds what cannot be said about a daemon.
func (d Daemon) check() error {
	if d.Role != Master && d.Role != Backup {
		return invalid("sync daemon of %v", d.Role)
	}
	if d.Group.Zone() != "" {
		return invalid("multicast group %v with a zone", d.Group)
	}
	return nil
}

// appendDaemon appends a sync daemon; to stop one its role is all that is needed.
func appendDaemon(b []byte, d Daemon, full bool) []byte {
	b, start := beginNest(b, attrDaemon)
	b = appendU32(b, daemonState, uint32(d.Role))
	if full {
		b = appendText(b, daemonInterface, d.Interface)
		b = appendU32(b, daemonSyncID, uint32(d.SyncID))
		b = appendDaemonOptions(b, d)
	}
	return endNest(b, start)
}

// appendDaemonOptions appends what the kernel has defaults for, where it is given.
// Kernels before 4.3 know none of it.
func appendDaemonOptions(b []byte, d Daemon) []byte {
	if d.MaxLen != 0 {
		b = appendU16(b, daemonMaxLen, d.MaxLen)
	}
	switch {
	case d.Group.Is4():
		a := d.Group.As4()
		b = append(appendAttr(b, daemonGroup, len(a)), a[:]...)
	case d.Group.Is6():
		b = appendAddr(b, daemonGroup6, d.Group)
	}
	if d.Port != 0 {
		b = appendU16(b, daemonPort, d.Port)
	}
	if d.TTL != 0 {
		b = appendU8(b, daemonTTL, d.TTL)
	}
	return b
}

// decodeDaemon reads the sync daemon of a message.
func decodeDaemon(payload []byte) (Daemon, error) {
	body, err := nested(payload, attrDaemon)
	if err != nil {
		return Daemon{}, err
	}
	var d Daemon
	attrs := attributes{rest: body}
	for attrs.next() {
		d.set(&attrs)
	}
	if attrs.err != nil {
		return Daemon{}, attrs.err
	}
	if d.Role != Master && d.Role != Backup {
		return Daemon{}, fmt.Errorf("%w: sync daemon of %v", ErrMalformed, d.Role)
	}
	return d, nil
}

// set reads the current attribute into the daemon's field, if there is one for it.
func (d *Daemon) set(a *attributes) {
	switch a.typ {
	case daemonState:
		d.Role = Role(min(a.u32(), 255))
	case daemonInterface:
		d.Interface = a.text()
	case daemonSyncID:
		d.SyncID = uint8(a.u32())
	case daemonMaxLen:
		d.MaxLen = a.u16()
	case daemonGroup:
		if a.sized(4) {
			d.Group = netip.AddrFrom4([4]byte(a.data))
		}
	case daemonGroup6:
		if a.sized(addrLen) {
			d.Group = netip.AddrFrom16([addrLen]byte(a.data))
		}
	case daemonPort:
		d.Port = a.u16()
	case daemonTTL:
		d.TTL = a.u8()
	}
}
