package schema

import "math"

// What the words of the language can be.
var (
	// algorithms are the schedulers of IPVS, in the order of ipvsadm(8).
	algorithms = []string{
		"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos",
	}
	// modes that can be used, and modes that are only known by name.
	modes      = []string{string(DR), string(NAT)}
	knownModes = []string{"tun", "fullnat"}
	protocols  = []string{"tcp", "udp", "sctp"}
)

const (
	maxWeight = math.MaxInt32 // the kernel keeps a weight in an atomic_t
	maxPort   = math.MaxUint16
	// maxTimeout is 31 days. The kernel keeps seconds × HZ, at 1000 Hz in 32 bits
	// that may be signed, and nobody waits longer than that for a client.
	maxTimeout     = 31 * 24 * 60 * 60
	defaultTimeout = 300 // as ipvsadm does
)

var variableSpec = define(blockSpec{
	Type: "variable", Labels: []string{"name"},
	Doc: "a value that can be set from outside with --var",
	Attrs: []attrSpec{
		{Name: "type", Kind: kindType, Doc: "the type that values are converted to, any type where it is omitted"},
		{Name: "default", Kind: kindAny, Doc: "the value where none is given with --var"},
		{Name: "description", Kind: kindString, Doc: "what the variable is for"},
	},
})

var localsSpec = define(blockSpec{
	Type: "locals", Open: true,
	Doc: "names for values that are used more than once",
})

var hostSpec = define(blockSpec{
	Type: "host", Labels: []string{"name"},
	Doc: "a machine that lvsctl manages",
	Attrs: []attrSpec{
		{Name: "address", Kind: kindAddress, Required: true, Example: `"192.0.2.1"`, Doc: "the machine's own IP address"},
		{Name: "interface", Kind: kindString, Doc: "the network interface that carries the address; a director needs it for the VIP"},
		{Name: "local", Kind: kindBool, Doc: "true for the machine that lvsctl runs on"},
		{Name: "netns", Kind: kindString, Doc: "the network namespace that is the host, as made by ip netns"},
		{Name: "command", Kind: kindStrings, Doc: `the command that reaches the host, as in ["ssh", "lb1"]`},
	},
})

// serverAttrs are the arguments of real servers that pools have too.
var (
	portAttr   = attrSpec{Name: "port", Kind: kindNumber, Min: 1, Max: maxPort, Doc: "the port that packets are sent to, the service's own where it is omitted"}
	weightAttr = attrSpec{Name: "weight", Kind: kindNumber, Max: maxWeight, Default: uint32(1), Doc: "the share of new connections; 0 takes no new ones"}
	upperAttr  = attrSpec{Name: "upper_threshold", Kind: kindNumber, Max: math.MaxUint32, Default: uint32(0), Doc: "the number of connections at which the real server gets no more; 0 is no limit"}
	lowerAttr  = attrSpec{Name: "lower_threshold", Kind: kindNumber, Max: math.MaxUint32, Default: uint32(0), Doc: "the number of connections below which it gets new ones again"}
)

var realServerSpec = define(blockSpec{
	Type: "real_server", Labels: []string{"name"},
	Doc: "one server behind a service, or behind all services of its cluster",
	Attrs: []attrSpec{
		{Name: "host", Kind: kindHost, Doc: "the managed host that is the real server"},
		{Name: "address", Kind: kindAddress, Doc: "the address that is sent to, by default the host's own"},
		portAttr, weightAttr, upperAttr, lowerAttr,
	},
})

var poolSpec = define(blockSpec{
	Type: "pool", Labels: []string{"name"},
	Doc: "many real servers that are not managed, one string each",
	Attrs: []attrSpec{
		{Name: "servers", Kind: kindStrings, Required: true, Example: `["10.0.0.1", "10.0.0.2:8080 weight 5"]`, Doc: "the real servers, each an address with a port and a weight if need be"},
		portAttr, weightAttr,
	},
})

var persistenceSpec = define(blockSpec{
	Type: "persistence",
	Doc:  "keeps a client with the real server it first got",
	Attrs: []attrSpec{
		{Name: "timeout", Kind: kindNumber, Min: 1, Max: maxTimeout, Default: uint32(defaultTimeout), Doc: "seconds since the client's last connection"},
		{Name: "netmask", Kind: kindNetmask, Doc: "how much of the client's address counts, all of it where it is omitted"},
		{Name: "engine", Kind: kindString, Words: []string{"sip"}, Doc: "what tells clients apart beside their address: sip is the Call-ID of SIP over UDP"},
	},
})

var serviceSpec = define(blockSpec{
	Type: "service", Labels: []string{"name"},
	Doc: "one port of the cluster's virtual IP",
	Attrs: []attrSpec{
		{Name: "protocol", Kind: kindString, Words: protocols, Default: "tcp", Doc: "the transport protocol"},
		{Name: "port", Kind: kindNumber, Required: true, Example: "80", Max: maxPort, Doc: "the port that clients connect to; 0 is every port, with persistence"},
		{Name: "one_packet", Kind: kindBool, Doc: "true to choose a real server for every datagram anew; UDP only"},
		{Name: "flags", Kind: kindStrings, Doc: "what the algorithm is told: sh-fallback and sh-port, mh-fallback and mh-port, or flag-1, flag-2 and flag-3"},
		{Name: "algorithm", Kind: kindString, Words: algorithms, Doc: "how real servers are chosen, the cluster's own where it is omitted"},
	},
	Blocks: []*blockSpec{persistenceSpec, realServerSpec, poolSpec},
})

var clusterSpec = define(blockSpec{
	Type: "cluster", Labels: []string{"name"},
	Doc: "one virtual IP, the directors that hold it and the services behind it",
	Attrs: []attrSpec{
		{Name: "mode", Kind: kindString, Required: true, Words: modes, Example: `"dr"`, Doc: "how packets get to the real servers"},
		{Name: "vip", Kind: kindAddress, Required: true, Example: `"192.0.2.1"`, Doc: "the virtual IP address that clients connect to, without prefix length"},
		{Name: "interface", Kind: kindString, Doc: "the network interface of the directors for the VIP, each host's own interface where it is omitted"},
		{Name: "gateway", Kind: kindAddress, Doc: "in NAT, the address of the director that managed real servers answer through, its own address where it is omitted"},
		{Name: "algorithm", Kind: kindString, Words: algorithms, Doc: "how real servers are chosen by services that do not say so themselves"},
		{Name: "directors", Kind: kindHosts, Required: true, Example: "[host.lb1]", Doc: "the hosts that hold the VIP"},
	},
	Blocks: []*blockSpec{serviceSpec, realServerSpec, poolSpec},
})

// fileSpec is what may stand at the top of a file.
var fileSpec = define(blockSpec{
	Type:   "file",
	Doc:    "a configuration file",
	Blocks: []*blockSpec{variableSpec, localsSpec, hostSpec, clusterSpec},
})
