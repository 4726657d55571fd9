package ipvs

import (
	"fmt"
	"net/netip"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// checkDaemon finds what cannot be said about a sync daemon.
func checkDaemon(d *resource.SyncDaemon) error {
	if !isRole(d.Role) {
		return invalid("sync daemon of %v", d.Role)
	}
	if d.Group.Zone() != "" {
		return invalid("multicast group %v with a zone", d.Group)
	}
	return nil
}

// isRole tells the roles that the kernel knows.
func isRole(r resource.SyncRole) bool { return r == resource.SyncMaster || r == resource.SyncBackup }

// appendDaemon appends a sync daemon; to stop one its role is all that is needed.
func appendDaemon(b []byte, d *resource.SyncDaemon, full bool) []byte {
	b, start := beginNest(b, attrDaemon)
	b = appendU32(b, daemonState, uint32(d.Role))
	if full {
		b = appendText(b, daemonInterface, d.Interface)
		b = appendU32(b, daemonSyncID, uint32(d.ID))
		b = appendDaemonOptions(b, d)
	}
	return endNest(b, start)
}

// appendDaemonOptions appends what the kernel has defaults for, where it is given.
// Kernels before 4.3 know none of it.
func appendDaemonOptions(b []byte, d *resource.SyncDaemon) []byte {
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
func decodeDaemon(payload []byte) (resource.SyncDaemon, error) {
	var d resource.SyncDaemon
	body, err := nested(payload, attrDaemon)
	if err != nil {
		return d, err
	}
	attrs := attributes{rest: body}
	for attrs.next() {
		setDaemon(&d, &attrs)
	}
	if attrs.err != nil {
		return resource.SyncDaemon{}, attrs.err
	}
	if !isRole(d.Role) {
		return resource.SyncDaemon{}, fmt.Errorf("%w: sync daemon of %v", ErrMalformed, d.Role)
	}
	return d, nil
}

// setDaemon reads the current attribute into the daemon's field, if there is one for it.
func setDaemon(d *resource.SyncDaemon, a *attributes) {
	switch a.typ {
	case daemonState:
		d.Role = resource.SyncRole(min(a.u32(), 255))
	case daemonInterface:
		d.Interface = a.text()
	case daemonSyncID:
		d.ID = uint8(a.u32())
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
