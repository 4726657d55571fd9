package schema

import (
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// ipvsSettings reads the ipvs block of a host, if it has one.
func (c *content) ipvsSettings() []Setting {
	b := c.only(ipvsSpec)
	if b == nil {
		return nil
	}
	var list []Setting
	add := func(name string, r resource.Resource) { list = append(list, Setting{r, b.at(name)}) }
	for _, a := range ipvsTimeouts {
		if n, ok := b.number(a.Name); ok {
			add(a.Name, resource.Timeout{Name: strings.TrimSuffix(a.Name, "_timeout"), Seconds: n})
		}
	}
	for _, a := range ipvsSysctls {
		if value, ok := b.sysctlValue(&a); ok {
			add(a.Name, resource.Sysctl{Name: IPVSSettings + a.Name, Value: value})
		}
	}
	var roles namespace
	for _, block := range b.blocks {
		if b.enter(&roles, block) {
			if d := b.syncDaemon(block); d.Role != 0 {
				list = append(list, Setting{d, block.DefRange})
			}
		}
	}
	return list
}

// sysctlValue is an argument of an ipvs block as the kernel wants it.
func (c *content) sysctlValue(a *attrSpec) (string, bool) {
	if a.Kind == kindString {
		s, ok := c.str(a.Name)
		s = strings.Join(strings.Fields(s), " ")
		if problem := checkIPVSText(a.Name, s); ok && problem != "" {
			c.fail(c.at(a.Name), "Invalid value", "%s", problem)
			return "", false
		}
		return s, ok
	}
	n, ok := c.number(a.Name)
	if !ok {
		return "", false
	}
	switch {
	case a.Name == "sync_ports" && bits.OnesCount32(n) != 1:
		c.fail(c.at(a.Name), "Invalid number", "The number of ports must be a power of two, and this is %d.", n)
	case flips[a.Name] && n == 2:
		c.fail(c.at(a.Name), "Invalid number", "The kernel goes from 1 to 2 and back by itself, as memory gets short and free again. Write 1 for that, 0 for never or 3 for always.")
	}
	return strconv.FormatUint(uint64(n), 10), true
}

// flips are the settings that the kernel changes between 1 and 2.
var flips = map[string]bool{"drop_entry": true, "drop_packet": true, "secure_tcp": true}

// checkIPVSText says what is wrong with a setting that is not a number, if anything.
func checkIPVSText(name, s string) string {
	if name != "sync_threshold" {
		if strings.Trim(s, "0123456789,-") != "" {
			return fmt.Sprintf("%q is not a list of processors. Write numbers and ranges, as in \"0-3,8\".", s)
		}
		return ""
	}
	first, again, _ := strings.Cut(s, " ")
	a, errA := strconv.ParseUint(first, 10, 31)
	b, errB := strconv.ParseUint(again, 10, 31)
	if errA != nil || errB != nil || a >= b && b != 0 {
		return fmt.Sprintf("%q is not a threshold and a larger period, as in \"3 50\".", s)
	}
	return ""
}

// syncDaemon reads one sync_daemon block.
func (c *content) syncDaemon(block *hcl.Block) resource.SyncDaemon {
	b := c.inner(syncDaemonSpec, block, c.scope)
	var d resource.SyncDaemon
	if err := d.Role.UnmarshalText([]byte(block.Labels[0])); err != nil {
		c.fail(block.LabelRanges[0], "Unknown role", `There is no role %q. A sync daemon is "master" or "backup", and a host can have one of each.`, block.Labels[0])
		return d
	}
	d.Interface = b.interfaceName("interface")
	d.Group = b.multicast("group")
	id, _ := b.number("id")
	ttl, _ := b.number("ttl")
	d.ID, d.TTL, d.Port, d.MaxLen = uint8(id), uint8(ttl), b.uint16("port"), b.uint16("max_length")
	if d.MaxLen == 0 {
		d.MaxLen = ethernetMTU - packetHeaders(d.Group)
	}
	return d
}

// multicast is an argument that is a multicast address.
func (c *content) multicast(name string) netip.Addr {
	s, ok := c.str(name)
	if !ok {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(s)
	if err != nil || !addr.IsMulticast() || addr.Zone() != "" {
		c.fail(c.at(name), "Invalid address", "%q is not a multicast address. Those are from 224.0.0.0 to 239.255.255.255, and from ff00:: on.", s)
		return netip.Addr{}
	}
	return addr
}
