package schema

import (
	"math"
	"slices"
	"time"
)

// What the words of the language can be.
var (
	// algorithms are the schedulers of IPVS, in the order of ipvsadm(8).
	algorithms = []string{
		"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos",
	}
	modes         = []string{string(DR), string(NAT), string(TUN), string(FULLNAT)}
	serverModes   = []string{string(DR), string(NAT), string(TUN), string(Local), string(Bypass)}
	protocols     = []string{"tcp", "udp", "sctp"}
	tunnelTypes   = []string{"ipip", "gue", "gre"}
	checksumWords = []string{"none", "csum", "remcsum"}
)

const (
	maxWeight = math.MaxInt32 // the kernel keeps a weight in an atomic_t
	maxPort   = math.MaxUint16
	// maxThreshold is what the kernel takes, although it keeps thresholds unsigned.
	maxThreshold = math.MaxInt32
	// maxTimeout is nearly 25 days. The kernel keeps seconds × HZ, at up to 1000 Hz, in 32
	// bits that may be signed, and nobody waits longer than that for a client.
	maxTimeout     = math.MaxInt32 / 1000
	defaultTimeout = 300 // as ipvsadm does
	// maxDrain is long enough. Who waits longer for a client takes the weight away, and the
	// real server another day.
	maxDrain = 24 * time.Hour
	// maxSources is how many source addresses FULLNAT can have. Each gives 64512 ports
	// to every port of a real server.
	maxSources = 256
)

var validationSpec = define(blockSpec{
	Type: "validation",
	Doc:  "a condition that the value of a variable must meet",
	Attrs: []attrSpec{
		{Name: "condition", Kind: kindBool, Required: true, Example: "var.weight > 0", Doc: "true for values that can be used"},
		{Name: "error_message", Kind: kindString, Required: true, Example: `"The weight must be above 0."`, Doc: "what is said of a value that cannot"},
	},
})

var variableSpec = define(blockSpec{
	Type: "variable", Labels: []string{"name"},
	Doc: "a value that can be set from outside with --var",
	Attrs: []attrSpec{
		{Name: "type", Kind: kindType, Doc: "the type that values are converted to, any type where it is omitted"},
		{Name: "default", Kind: kindAny, Doc: "the value where none is given with --var"},
		{Name: "description", Kind: kindString, Doc: "what the variable is for"},
		{Name: "sensitive", Kind: kindBool, Doc: "true for a value that is never shown"},
		{Name: "nullable", Kind: kindBool, Doc: "false for the default in place of null"},
	},
	Blocks: []*blockSpec{validationSpec},
})

var localsSpec = define(blockSpec{
	Type: "locals", Open: true,
	Doc: "names for values that are used more than once",
})

var ignoreSpec = define(blockSpec{
	Type: "ignore", Labels: []string{"rule"},
	Doc: "says that what a rule finds here is meant to be so, and why",
	Attrs: []attrSpec{
		{Name: "reason", Kind: kindString, Required: true, Example: `"each is on a segment of its own"`, Doc: "why the finding is no trouble"},
	},
})

var hostSpec = define(blockSpec{
	Type: "host", Labels: []string{"name"},
	Doc: "a machine that lvsctl manages",
	Attrs: []attrSpec{
		{Name: "address", Kind: kindAddress, Required: true, Example: `"192.0.2.1"`, Doc: "the machine's own IP address"},
		{Name: "interface", Kind: kindString, Doc: "the network interface that carries the address; a director needs it for the VIP"},
		{Name: "local", Kind: kindBool, Doc: "true for the machine that lvsctl runs on"},
		{Name: "netns", Kind: kindString, Doc: "the network namespace that is the host, as made by ip netns"},
		{Name: "persist", Kind: kindBool, Doc: "whether its part comes back after a reboot; by default where systemd boots it and it is no network namespace"},
		{Name: "command", Kind: kindStrings, Doc: `the command that reaches the host, as in ["nsenter", "-t", "17", "-n"]`},
		forEachAttr,
	},
	OneOf:  [][]string{{"local", "netns", "command", "ssh"}},
	Blocks: []*blockSpec{sshSpec, ipvsSpec, sysctlSpec, linkSpec, hostAddressSpec, routeSpec, ruleSpec, directorySpec, hostFileSpec, fileBlockSpec, hostMountSpec, unitSpec, ignoreSpec},
})

// serverAttrs are the arguments of real servers that pools have too.
var (
	portAttr   = attrSpec{Name: "port", Kind: kindNumber, Min: 1, Max: maxPort, Doc: "the port that packets are sent to, the service's own where it is omitted"}
	weightAttr = attrSpec{Name: "weight", Kind: kindNumber, Inherit: true, Max: maxWeight, Default: uint32(1), Doc: "the share of new connections; 0 takes no new ones"}
	upperAttr  = attrSpec{Name: "upper_threshold", Kind: kindNumber, Max: maxThreshold, Default: uint32(0), Doc: "the number of connections at which the real server gets no more; 0 is no limit"}
	modeAttr   = attrSpec{Name: "mode", Kind: kindString, Words: serverModes, Doc: "how packets get there, in the cluster's mode where it is omitted"}
	lowerAttr  = attrSpec{Name: "lower_threshold", Kind: kindNumber, Max: maxThreshold, Default: uint32(0), Doc: "the number of connections below which it gets new ones again"}
)

var tunnelSpec = define(blockSpec{
	Type: "tunnel", Single: true,
	Doc: "how packets are wrapped on their way to real servers in mode tun",
	Attrs: []attrSpec{
		{Name: "type", Kind: kindString, Words: tunnelTypes, Default: "ipip", Doc: "what they are wrapped in: IP, UDP with a GUE header, or GRE"},
		{Name: "port", Kind: kindNumber, Min: 1, Max: maxPort, Doc: "the UDP port of the real servers, for gue"},
		{Name: "checksum", Kind: kindString, Words: checksumWords, Default: "none", Doc: "the checksum of the outer packet, for gue and gre: csum is a full one, remcsum leaves that of the inner packet to the receiver"},
	},
})

var realServerSpec = define(blockSpec{
	Type: "real_server", Labels: []string{"name"},
	Doc: "one server behind a service, or behind all services of its cluster",
	Attrs: []attrSpec{
		{Name: "host", Kind: kindHost, Doc: "the managed host that is the real server"},
		{Name: "address", Kind: kindAddress, Doc: "the address that is sent to, by default the host's own"},
		portAttr, weightAttr, upperAttr, lowerAttr, modeAttr, forEachAttr,
	},
	OneOf:  [][]string{{"host", "address"}},
	Blocks: []*blockSpec{tunnelSpec, ignoreSpec},
})

var poolSpec = define(blockSpec{
	Type: "pool", Labels: []string{"name"},
	Doc: "many real servers that are not managed, one string each",
	Attrs: []attrSpec{
		{Name: "servers", Kind: kindStrings, Required: true, Example: `["10.0.0.1", "10.0.0.2:8080 weight 5"]`, Doc: "the real servers, each an address with a port and a weight if need be"},
		portAttr, weightAttr, modeAttr, forEachAttr,
	},
	Blocks: []*blockSpec{tunnelSpec, ignoreSpec},
})

var persistenceSpec = define(blockSpec{
	Type: "persistence", Single: true,
	Doc: "keeps a client with the real server it first got",
	Attrs: []attrSpec{
		{Name: "timeout", Kind: kindNumber, Min: 1, Max: maxTimeout, Default: uint32(defaultTimeout), Doc: "seconds since the client's last connection"},
		{Name: "netmask", Kind: kindNetmask, Doc: "how much of the client's address counts, all of it where it is omitted"},
		{Name: "engine", Kind: kindString, Words: []string{"sip"}, Doc: "what tells clients apart beside their address: sip is the Call-ID of SIP over UDP"},
	},
})

var serviceSpec = define(blockSpec{
	Type: "service", Labels: []string{"name"},
	Doc: "one port of the cluster's virtual IPs, or the packets with one firewall mark",
	Attrs: []attrSpec{
		{Name: "protocol", Kind: kindString, Words: protocols, Default: "tcp", Doc: "the transport protocol"},
		{Name: "port", Kind: kindNumber, Max: maxPort, Doc: "the port that clients connect to; 0 is every port, with persistence"},
		{Name: "fwmark", Kind: kindNumber, Min: 1, Max: math.MaxUint32, Doc: "in place of protocol and port, the firewall mark of the packets"},
		{Name: "packets", Kind: kindStrings, Doc: `the packets to the virtual IPs that get the fwmark, as in ["tcp/80", "udp/5000-5010"]; without it somebody else sets the mark`},
		{Name: "vip", Kind: kindAddresses, Doc: "those of the cluster's virtual IPs that the service is for, all where it is omitted"},
		{Name: "one_packet", Kind: kindBool, Doc: "true to choose a real server for every datagram anew; UDP only"},
		{Name: "flags", Kind: kindStrings, Doc: "what the algorithm is told: sh-fallback and sh-port, mh-fallback and mh-port, or flag-1, flag-2 and flag-3"},
		{Name: "algorithm", Kind: kindString, Words: algorithms, Doc: "how real servers are chosen, the cluster's own where it is omitted"},
		{Name: "drain", Kind: kindDuration, Doc: "how long connections of a removed real server may take to end before it goes, the cluster's own where it is omitted"},
		forEachAttr,
	},
	OneOf:  [][]string{{"port", "fwmark"}},
	Blocks: []*blockSpec{persistenceSpec, realServerSpec, poolSpec, ignoreSpec},
})

var probeSpec = define(blockSpec{
	Type: "probe", Labels: []string{"name"},
	Doc: "what a client asks of the cluster, to see whether it works: a page, a port or a program",
	Attrs: slices.Concat(
		[]attrSpec{{Name: "from", Kind: kindHost, Doc: "the host that asks, by default the machine that lvsctl runs on"}},
		question("192.0.2.1"), []attrSpec{forEachAttr},
	),
	OneOf:  [][]string{{"http", "tcp", "command"}},
	Blocks: []*blockSpec{ignoreSpec},
})

// question is the arguments that say what a probe asks, with a host for the examples.
func question(host string) []attrSpec {
	return []attrSpec{
		{Name: "http", Kind: kindString, Doc: `the URL of a page, as in "http://` + host + `/"`},
		{Name: "tcp", Kind: kindString, Doc: `an address with a port that is connected to, as in "` + host + `:25"`},
		{Name: "command", Kind: kindStrings, Doc: `a program with its arguments that must exit 0, as in ["curl", "-f", "ftp://` + host + `/"]`},
		{Name: "status", Kind: kindNumber, Min: 100, Max: 599, Doc: "the status that the page must have, any from 200 to 399 where it is omitted; redirects are not followed"},
		{Name: "contains", Kind: kindString, Doc: "what must be in the first MiB of the page"},
		{Name: "timeout", Kind: kindDuration, Default: "3s", Doc: "how long one try may take, up to an hour"},
		{Name: "tries", Kind: kindNumber, Min: 1, Max: 100, Default: uint32(3), Doc: "how many tries, a second apart, may be made until one passes"},
	}
}

var serverProbeSpec = define(blockSpec{
	Type:  "probe",
	Doc:   "what directors ask each real server, with server.name and server.address in it, before it gets connections; without any probe they connect to its TCP ports",
	Attrs: question("${server.address}"),
	OneOf: [][]string{{"http", "tcp", "command"}},
})

var rolloutSpec = define(blockSpec{
	Type: "rollout", Single: true,
	Doc: "has real servers change in waves, each taken out of service, changed, probed and taken in again before the next",
	Attrs: []attrSpec{
		{Name: "wave", Kind: kindText, Required: true, Example: "1", Doc: `how many real servers may change at a time, as a number or as in "25%" of those of the cluster, rounded down, but one at least`},
		{Name: "pause", Kind: kindDuration, Default: "0s", Doc: "how long to wait after each wave before the next, up to 24h"},
		{Name: "on_failure", Kind: kindString, Words: []string{rolloutRevert, rolloutKeep}, Default: rolloutRevert, Doc: "what becomes of a wave that fails: revert takes it back, keep leaves it for somebody to look at; either way the waves before it stay and none comes after it"},
	},
	Blocks: []*blockSpec{serverProbeSpec},
})

var clusterSpec = define(blockSpec{
	Type: "cluster", Labels: []string{"name"},
	Doc: "one virtual IP or several, the directors that hold it and the services behind it",
	Attrs: []attrSpec{
		{Name: "mode", Kind: kindString, Inherit: true, Required: true, Words: modes, Example: `"dr"`, Doc: "how packets get to the real servers"},
		{Name: "vip", Kind: kindAddresses, Required: true, Example: `"192.0.2.1"`, Doc: "the virtual IP address that clients connect to, without prefix length, or a list of several"},
		{Name: "vip_label", Kind: kindLabels, Doc: "what follows the interface's name and a colon in the label of an IPv4 VIP, for people who look with ifconfig, as in \"0\" for ens33:0; with several VIPs a list with one for each. An address without it keeps the label that it has"},
		{Name: "services_only", Kind: kindBool, Doc: "true to set up the services alone: the VIP on the directors, their settings, and what real servers need are left to somebody else"},
		{Name: "interface", Kind: kindString, Inherit: true, Doc: "the network interface of the directors for the VIP, each host's own interface where it is omitted"},
		{Name: "gateway", Kind: kindAddress, Doc: "in NAT, the address of the director that managed real servers answer through, its own address where it is omitted"},
		{Name: "gateway_table", Kind: kindNumber, Min: 1, Max: math.MaxUint32, Doc: "in NAT, the number of a routing table that managed real servers answer by, so that their default route stays as it is"},
		{Name: "source", Kind: kindString, Doc: "in FULLNAT, the address that real servers see as their client, or several as in \"10.0.0.10-10.0.0.19\"; the director's own where it is omitted"},
		{Name: "mss", Kind: kindNumber, Inherit: true, Min: 88, Max: maxPort, Doc: "in tun, the bytes of payload that managed real servers take in one TCP segment at most, so that it fits with its wrapping; 1440 for ipip on Ethernet"},
		{Name: "algorithm", Kind: kindString, Inherit: true, Words: algorithms, Doc: "how real servers are chosen by services that do not say so themselves"},
		{Name: "drain", Kind: kindDuration, Inherit: true, Default: "30s", Doc: "how long connections of a removed real server may take to end before it goes; 0s is not at all"},
		{Name: "directors", Kind: kindHosts, Inherit: true, Required: true, Example: "[host.lb1]", Doc: "the hosts that hold the VIP"},
		forEachAttr,
	},
	Blocks: []*blockSpec{serviceSpec, realServerSpec, poolSpec, tunnelSpec, shareSpec, probeSpec, rolloutSpec, ignoreSpec},
})

var defaultsSpec = define(blockSpec{
	Type: "defaults", Single: true,
	Doc: "what clusters have that do not say it themselves",
	Attrs: []attrSpec{
		{Name: "mode", Kind: kindString, Words: modes, Doc: "how packets get to the real servers"},
		{Name: "interface", Kind: kindString, Doc: "the network interface of the directors for the VIP"},
		{Name: "mss", Kind: kindNumber, Min: 88, Max: maxPort, Doc: "in tun, the bytes of payload that managed real servers take in one TCP segment at most"},
		{Name: "algorithm", Kind: kindString, Words: algorithms, Doc: "how real servers are chosen"},
		{Name: "drain", Kind: kindDuration, Doc: "how long connections of a removed real server may take to end before it goes"},
		{Name: "directors", Kind: kindHosts, Example: "[host.lb1]", Doc: "the hosts that hold the VIPs"},
		{Name: "weight", Kind: kindNumber, Max: maxWeight, Doc: "the share of new connections of a real server"},
	},
	Blocks: []*blockSpec{tunnelSpec},
})

var windowSpec = define(blockSpec{
	Type: "window",
	Doc:  "a time of day on some days in which hosts may be changed",
	Attrs: []attrSpec{
		{Name: "days", Kind: kindStrings, Doc: "the days on which it begins, of mon, tue, wed, thu, fri, sat and sun; every day where it is omitted"},
		{Name: "from", Kind: kindClock, Default: "00:00", Doc: "when it begins"},
		{Name: "to", Kind: kindClock, Default: "24:00", Doc: "when it ends, on the next day where that is before from"},
		{Name: "zone", Kind: kindString, Default: "UTC", Doc: `the time zone whose clocks count, as in "Europe/Berlin"`},
	},
})

var policySpec = define(blockSpec{
	Type: "policy", Labels: []string{"name"},
	Doc: "what no plan may do unless it is overridden by name; each of its conditions counts for itself",
	Attrs: []attrSpec{
		{Name: "message", Kind: kindString, Required: true, Example: `"Ask the on-call lead."`, Doc: "what to tell those whose plan is refused"},
		{Name: "max_removed", Kind: kindPercent, Doc: "the part of a service's real servers that one plan may remove or give weight 0 at the most"},
		{Name: "keep_servers", Kind: kindBool, Doc: "true where no service may be left without a real server that takes connections"},
		{Name: "keep_vips", Kind: kindBool, Doc: "true where no virtual IP may be removed"},
		{Name: "hosts", Kind: kindHosts, Example: "[host.lb1]", Doc: "the only hosts that may be changed"},
		{Name: "clusters", Kind: kindStrings, Doc: "the names of the clusters that the policy is about, all and what host blocks ask for where it is omitted"},
	},
	Blocks: []*blockSpec{windowSpec},
})

// fileSpec is what may stand at the top of a file.
var fileSpec = define(blockSpec{
	Type:   "file",
	Doc:    "a configuration file",
	Blocks: []*blockSpec{variableSpec, localsSpec, hostSpec, clusterSpec, defaultsSpec, policySpec, backendSpec},
})
