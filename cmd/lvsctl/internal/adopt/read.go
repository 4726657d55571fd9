package adopt

import (
	"maps"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// What is read of a host beside IPVS, which always is.

// kernelDefaults are the settings of IPVS with which the kernel begins. Those that it
// derives from the machine are missing, since nobody could tell whether they were set:
// sync_qlen_max from the memory, est_cpulist from the processors.
var kernelDefaults = map[string]string{
	"am_droprate": "10", "amemthresh": "1024", "backup_only": "0", "cache_bypass": "0", "conn_reuse_mode": "1", "conntrack": "0",
	"drop_entry": "0", "drop_packet": "0", "est_nice": "0", "expire_nodest_conn": "0", "expire_quiescent_template": "0",
	"ignore_tunneled": "0", "nat_icmp_send": "0", "pmtu_disc": "1", "run_estimation": "1", "schedule_icmp": "0", "secure_tcp": "0",
	"sloppy_sctp": "0", "sloppy_tcp": "0", "snat_reroute": "1", "sync_persist_mode": "0", "sync_ports": "1", "sync_refresh_period": "0",
	"sync_retries": "0", "sync_sock_size": "0", "sync_threshold": "3 50", "sync_version": "1",
}

// timeoutDefaults are the timeouts with which the kernel begins, in seconds.
var timeoutDefaults = map[string]uint32{resource.TimeoutTCP: 900, resource.TimeoutTCPFin: 120, resource.TimeoutUDP: 300}

// hostDefaults are the settings of the host that modes need otherwise, as the kernel
// begins with them.
var hostDefaults = map[string]string{"net.ipv4.ip_forward": "0", "net.ipv6.conf.all.forwarding": "0"}

// linkDefaults are those of its interfaces, below net.ipv4.conf.
var linkDefaults = map[string]string{"arp_announce": "0", "arp_ignore": "0", "rp_filter": "0", "send_redirects": "1"}

// comeWithModules are the interfaces that nobody makes: they come with a module, and are
// down until somebody uses them.
var comeWithModules = []string{"tunl0", "sit0", "ip6tnl0", "gre0", "gretap0", "erspan0", "ip6gre0", "ip_vti0", "ip6_vti0"}

// lists asks for all objects of the kinds that can be listed, and for what every host has.
func lists() []resource.Key {
	var keys []resource.Key
	for _, kind := range []resource.Kind{resource.KindLink, resource.KindAddress, resource.KindRoute, resource.KindRule, resource.KindMark, resource.KindSourceNAT, resource.KindMSS} {
		keys = append(keys, resource.All(kind))
	}
	for _, role := range []resource.SyncRole{resource.SyncMaster, resource.SyncBackup} {
		keys = append(keys, resource.SyncDaemon{Role: role}.Key())
	}
	for _, name := range slices.Sorted(maps.Keys(timeoutDefaults)) {
		keys = append(keys, resource.Timeout{Name: name}.Key())
	}
	for _, name := range slices.Sorted(maps.Keys(kernelDefaults)) {
		keys = append(keys, resource.Sysctl{Name: schema.IPVSSettings + name}.Key())
	}
	for _, name := range slices.Sorted(maps.Keys(hostDefaults)) {
		keys = append(keys, resource.Sysctl{Name: name}.Key())
	}
	return keys
}

// modules asks for those that services have come with.
func modules(snap *resource.Snapshot) []resource.Key {
	keys := []resource.Key{resource.Module{Name: "ip_vs"}.Key()}
	for _, r := range snap.Live.All() {
		if s, ok := r.(resource.Service); ok {
			keys = append(keys, resource.Module{Name: "ip_vs_" + s.Scheduler}.Key())
			if s.Engine != "" {
				keys = append(keys, resource.Module{Name: "ip_vs_pe_" + s.Engine}.Key())
			}
		}
	}
	return keys
}

// settings asks for those of the interfaces.
func settings(facts resource.Facts) []resource.Key {
	var keys []resource.Key
	for _, link := range facts.Links {
		for _, name := range []string{resource.LinkState, resource.LinkMTU} {
			keys = append(keys, resource.LinkSetting{Link: link, Name: name}.Key())
		}
	}
	for _, link := range settingLinks(facts) {
		for _, name := range slices.Sorted(maps.Keys(linkDefaults)) {
			keys = append(keys, resource.Sysctl{Name: resource.LinkSysctl("net.ipv4.conf", link, name)}.Key())
		}
	}
	return keys
}

// settingLinks are the interfaces whose settings matter: those with addresses that are
// more than link-local, and what stands for all. A machine with containers has many others.
func settingLinks(facts resource.Facts) []string {
	links := []string{"all", "default"}
	for _, a := range facts.Addresses {
		if !a.Prefix.Addr().IsLinkLocalUnicast() && !slices.Contains(links, a.Link) {
			links = append(links, a.Link)
		}
	}
	for _, link := range facts.Links {
		if slices.Contains(comeWithModules, link) && !slices.Contains(facts.Down, link) && !slices.Contains(links, link) {
			links = append(links, link)
		}
	}
	slices.SortFunc(links[2:], strings.Compare)
	return links
}
