package schema

import (
	"math"
	"slices"
)

// What a host block can ask for beside its roles in clusters.

const (
	maxLinkMTU = 65535
	maxPrio    = 32765 // the kernel's own rules begin after it
	// maxRulePort is the highest port that a rule can be for (fib_rule_port_range_valid in
	// the kernel's include/net/fib_rules.h).
	maxRulePort = maxPort - 1
)

var syncDaemonSpec = define(blockSpec{
	Type: "sync_daemon", Labels: []string{"role"},
	Doc: "the kernel thread that tells other directors about connections (role master), or learns of theirs (role backup)",
	Attrs: []attrSpec{
		{Name: "interface", Kind: kindString, Required: true, Example: `"eth1"`, Doc: "the network interface to multicast on"},
		{Name: "id", Kind: kindNumber, Max: 255, Default: uint32(0), Doc: "the group of directors; a backup heeds masters of its own id, and with 0 all of them"},
		{Name: "group", Kind: kindString, Default: "224.0.0.81", Doc: "the multicast address"},
		{Name: "port", Kind: kindNumber, Min: 1, Max: maxPort, Default: uint32(8848), Doc: "the UDP port"},
		{Name: "ttl", Kind: kindNumber, Min: 1, Max: 255, Default: uint32(1), Doc: "how many routers the packets may pass, and one"},
		{Name: "max_length", Kind: kindNumber, Min: 1024, Max: 65000, Doc: "the bytes of payload in one packet, by default what fits on Ethernet: 1472, or 1452 over IPv6"},
	},
})

// ipvsTimeouts are the arguments of an ipvs block that are timeouts.
var ipvsTimeouts = []attrSpec{
	{Name: "tcp_timeout", Kind: kindNumber, Min: 1, Max: maxTimeout, Doc: "seconds after which an idle TCP connection is forgotten; the kernel's default is 900"},
	{Name: "tcpfin_timeout", Kind: kindNumber, Min: 1, Max: maxTimeout, Doc: "seconds after which a TCP connection that one side has closed is forgotten; the kernel's default is 120"},
	{Name: "udp_timeout", Kind: kindNumber, Min: 1, Max: maxTimeout, Doc: "seconds since its last datagram after which a UDP client is forgotten; the kernel's default is 300"},
}

// ipvsSysctls are the arguments of an ipvs block that are settings below net.ipv4.vs, by
// their names there. Bounds are those of the kernel, which passes over other values
// without a word.
var ipvsSysctls = []attrSpec{
	{Name: "am_droprate", Kind: kindNumber, Max: math.MaxInt32, Doc: "with drop_packet = 3, one packet of how many is dropped"},
	{Name: "amemthresh", Kind: kindNumber, Max: math.MaxInt32, Doc: "the free memory, in pages, below which the automatic defences begin"},
	{Name: "backup_only", Kind: kindNumber, Max: 1, Doc: "1 keeps a director that is backup from scheduling, so that packets do not loop between directors that are real servers too"},
	{Name: "cache_bypass", Kind: kindNumber, Max: 1, Doc: "1 sends packets on to where they are addressed while no real server is available"},
	{Name: "conn_reuse_mode", Kind: kindNumber, Max: 3, Doc: "what happens when a client uses a port again: 0 keeps the old real server, 1 chooses anew, 2 chooses anew also while the old connection is closing"},
	{Name: "conntrack", Kind: kindNumber, Max: 1, Doc: "1 keeps the connections of IPVS known to netfilter; mode fullnat needs it"},
	{Name: "drop_entry", Kind: kindNumber, Max: 3, Doc: "whether half-open connections are dropped: 0 never, 1 when memory gets short, 3 always"},
	{Name: "drop_packet", Kind: kindNumber, Max: 3, Doc: "whether some packets are dropped: 0 never, 1 when memory gets short, 3 always"},
	{Name: "est_cpulist", Kind: kindString, Doc: "the processors on which rates are computed, as in \"0-3\""},
	{Name: "est_nice", Kind: kindNumber, Max: 19, Doc: "how much the threads that compute rates give way to others"},
	{Name: "expire_nodest_conn", Kind: kindNumber, Max: 1, Doc: "1 ends connections at once whose real server was removed; 0 lets their packets vanish until the client gives up"},
	{Name: "expire_quiescent_template", Kind: kindNumber, Max: 1, Doc: "1 lets persistent clients of a real server with weight 0 get another one"},
	{Name: "ignore_tunneled", Kind: kindNumber, Max: 1, Doc: "1 leaves packets alone that came out of a tunnel"},
	{Name: "nat_icmp_send", Kind: kindNumber, Max: 1, Doc: "1 tells a real server in NAT that a connection of its packet is not known"},
	{Name: "pmtu_disc", Kind: kindNumber, Max: 1, Doc: "0 lets tunnels exceed the path MTU, so that packets are fragmented instead of refused"},
	{Name: "run_estimation", Kind: kindNumber, Max: 1, Doc: "0 stops the computing of rates, which takes time with many services"},
	{Name: "schedule_icmp", Kind: kindNumber, Max: 1, Doc: "1 schedules ICMP packets that belong to no known connection"},
	{Name: "secure_tcp", Kind: kindNumber, Max: 3, Doc: "whether TCP states are followed more strictly: 0 never, 1 when memory gets short, 3 always"},
	{Name: "sloppy_sctp", Kind: kindNumber, Max: 1, Doc: "1 takes in SCTP connections from any packet on, not only from their first"},
	{Name: "sloppy_tcp", Kind: kindNumber, Max: 1, Doc: "1 takes in TCP connections from any packet on, not only from their first"},
	{Name: "snat_reroute", Kind: kindNumber, Max: 1, Doc: "1 looks up the route of answers again after their source was rewritten"},
	{Name: "sync_persist_mode", Kind: kindNumber, Max: 1, Doc: "1 tells backups of persistence only when a client comes back"},
	{Name: "sync_ports", Kind: kindNumber, Min: 1, Max: 64, Doc: "how many threads and UDP ports synchronisation uses, a power of two"},
	{Name: "sync_qlen_max", Kind: kindNumber, Max: math.MaxInt32, Doc: "how many messages to backups may wait"},
	{Name: "sync_refresh_period", Kind: kindNumber, Max: maxTimeout, Doc: "seconds of difference in a connection's timeout that are told to backups"},
	{Name: "sync_retries", Kind: kindNumber, Max: 3, Doc: "how often a message to backups is repeated"},
	{Name: "sync_sock_size", Kind: kindNumber, Max: math.MaxInt32, Doc: "the size of the socket buffers of synchronisation, in bytes"},
	{Name: "sync_threshold", Kind: kindString, Doc: "after how many packets a connection is told to backups, and how many packets later again, as in \"3 50\""},
	{Name: "sync_version", Kind: kindNumber, Max: 1, Doc: "0 speaks to backups that run Linux 2.6"},
}

var ipvsSpec = define(blockSpec{
	Type:   "ipvs",
	Single: true,
	Doc:    "settings of IPVS as a whole on a director; those that are not written stay as they are",
	Attrs:  slices.Concat(ipvsTimeouts, ipvsSysctls),
	Blocks: []*blockSpec{syncDaemonSpec},
})

var sysctlSpec = define(blockSpec{
	Type: "sysctl", Labels: []string{"name"},
	Doc: "a kernel setting under /proc/sys, by its name with dots; a dot within the name of an interface is a slash",
	Attrs: []attrSpec{
		{Name: "value", Kind: kindText, Required: true, Example: "1", Doc: "the value, several fields with a blank between them"},
	},
})

var linkTypes = []string{"dummy", "ipip", "sit", "ip6tnl", "gre", "ip6gre", "vlan"}

var linkSpec = define(blockSpec{
	Type: "link", Labels: []string{"name"},
	Doc: "a network interface: one to make, or settings of one that is there",
	Attrs: []attrSpec{
		{Name: "type", Kind: kindString, Words: linkTypes, Doc: "what to make; an interface without it must be there already"},
		{Name: "up", Kind: kindBool, Doc: "true for up and false for down; one that is made is up unless this says false, another one stays as it is"},
		{Name: "mtu", Kind: kindNumber, Min: 68, Max: maxLinkMTU, Doc: "the bytes of an IP packet that fit through"},
		{Name: "parent", Kind: kindString, Doc: "the interface below: a VLAN needs it, a tunnel can be bound to it"},
		{Name: "vlan", Kind: kindNumber, Min: 1, Max: 4094, Doc: "the id of a VLAN"},
		{Name: "local", Kind: kindAddress, Doc: "a tunnel's own end, any address where it is omitted"},
		{Name: "remote", Kind: kindAddress, Doc: "a tunnel's other end, any address where it is omitted"},
		{Name: "ttl", Kind: kindNumber, Min: 1, Max: 255, Doc: "the TTL of a tunnel's packets, that of what they carry where it is omitted"},
		{Name: "key", Kind: kindNumber, Min: 1, Max: math.MaxUint32, Doc: "the key of a gre or ip6gre tunnel"},
		{Name: "inner", Kind: kindString, Words: []string{"ipv4", "ipv6"}, Doc: "what an ip6tnl carries, either where it is omitted"},
	},
})

var hostAddressSpec = define(blockSpec{
	Type: "address", Labels: []string{"prefix"},
	Doc: "an IP address with its prefix length",
	Attrs: []attrSpec{
		{Name: "interface", Kind: kindString, Doc: "the network interface, the host's own where it is omitted"},
		{Name: "label", Kind: kindString, Doc: "the label of an IPv4 address, for people who look with ifconfig: the interface's name, a colon and a word, as in \"ens33:0\"; where it is omitted, the label stays as it is"},
	},
})

var routeSpec = define(blockSpec{
	Type: "route", Labels: []string{"prefix"},
	Doc: "a route to a network, or the default route",
	Attrs: []attrSpec{
		{Name: "via", Kind: kindAddress, Doc: "the next router; without it the network is on the interface itself"},
		{Name: "interface", Kind: kindString, Doc: "the network interface, the host's own where it is omitted"},
		{Name: "source", Kind: kindAddress, Doc: "the host's address in packets that go this way, unless they have one"},
		{Name: "table", Kind: kindNumber, Min: 1, Max: math.MaxUint32, Doc: "the routing table, the main one where it is omitted"},
		{Name: "metric", Kind: kindNumber, Min: 1, Max: math.MaxUint32, Doc: "of several routes to a network the one with the lowest metric is used"},
	},
})

var ruleSpec = define(blockSpec{
	Type: "rule", Labels: []string{"priority"},
	Doc: "which packets look up their route in which table; the name of the block is its priority, of which the lowest comes first",
	Attrs: []attrSpec{
		{Name: "table", Kind: kindNumber, Required: true, Example: "100", Min: 1, Max: math.MaxUint32, Doc: "the routing table"},
		{Name: "from", Kind: kindPrefix, Doc: "the packets' source, all where it is omitted"},
		{Name: "to", Kind: kindPrefix, Doc: "the packets' destination, all where it is omitted"},
		{Name: "fwmark", Kind: kindNumber, Min: 1, Max: math.MaxUint32, Doc: "the packets' firewall mark"},
		{Name: "mask", Kind: kindNumber, Min: 1, Max: math.MaxUint32, Doc: "the bits of the firewall mark that count, all where it is omitted"},
		{Name: "interface", Kind: kindString, Doc: "the network interface that the packets came in by"},
		{Name: "protocol", Kind: kindString, Words: protocols, Doc: "the packets' transport protocol"},
		{Name: "source_port", Kind: kindNumber, Min: 1, Max: maxRulePort, Doc: "the port that packets of the protocol come from"},
		{Name: "family", Kind: kindString, Words: []string{"ipv4", "ipv6"}, Doc: "the address family where neither from nor to tells it, ipv4 where it is omitted"},
	},
})
