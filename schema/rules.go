package schema

import (
	"fmt"
	"iter"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// A Rule finds configurations that can be read but cannot work, or that work and hurt.
type Rule struct {
	Number    int // in the list of rules, 0 for none
	Name      string
	Severity  hcl.DiagnosticSeverity
	Summary   string // the fixed summary of all its findings
	Doc       string // what it finds: lower case, no period
	Ignorable bool   // what it finds may be meant to be so
	Facts     bool   // it looks at hosts, and so is applied by who reads them

	check func(*finder) // nil where it is applied elsewhere
}

// fault is a rule for what the kernel refuses or what cannot work.
func fault(number int, name, summary, doc string, check func(*finder)) *Rule {
	return &Rule{Number: number, Name: name, Severity: hcl.DiagError, Summary: summary, Doc: doc, check: check}
}

// warning is a rule for what works and hurts, unless it is meant to be so.
func warning(number int, name, summary, doc string, check func(*finder)) *Rule {
	return &Rule{Number: number, Name: name, Severity: hcl.DiagWarning, Summary: summary, Doc: doc, Ignorable: true, check: check}
}

// judged is a rule for what can only work in circumstances that the config does not show.
func judged(number int, name, summary, doc string, check func(*finder)) *Rule {
	r := fault(number, name, summary, doc, check)
	r.Ignorable = true
	return r
}

// The rules that are applied while blocks are read.
var (
	ruleAlgorithm = fault(2, "algorithm", "Unknown algorithm", "a word that is no scheduler of IPVS", nil)
	ruleTunnel    = fault(9, "tunnel", "Invalid tunnel", "a tunnel whose port or checksum is not one that its type has, or that lacks the port that it needs", nil)
	ruleVIPPrefix = fault(11, "vip-prefix", "VIP with a prefix length", "a VIP that is written with a prefix length, of which it always has the longest", nil)
	ruleNetmask   = fault(10, "netmask", "Invalid netmask", "a netmask that is none, or that is not for the family of the VIP", nil)
)

// The rules that look at hosts. The planner applies them when it has read those.
var (
	RuleSegment    = onHosts(warning(13, "other-segment", "Real server on another segment", "a real server in mode dr whose address is in none of the director's networks", nil))
	RuleNear       = onHosts(warning(19, "near-clients", "Clients beside the real servers", "a VIP in mode nat that is in the network of a real server, which answers clients there without the director", nil))
	RuleReuse      = onHosts(warning(22, "slow-reuse", "Connections that wait for a second", "conntrack = 1 without conn_reuse_mode = 0 on a kernel before 5.9", nil))
	RuleAdvertised = onHosts(warning(0, "advertised-route", "Default route that goes with forwarding", "a director that is to pass IPv6 packets on, and whose default route comes from router advertisements, without accept_ra = 2", nil))
	RuleBalancer   = onHosts(warning(35, "other-balancer", "Another program balances here", "keepalived with virtual servers, ldirectord or kube-proxy on a director", nil))
	RuleAnswered   = onHosts(judged(36, "vip-answered", "VIP is at another machine", "a VIP that is not on its director yet, and that another machine on the segment answers for", nil))
)

func onHosts(r *Rule) *Rule {
	r.Facts = true
	return r
}

// rules are all rules. A new one is a line here and a function below.
var rules = []*Rule{
	fault(1, "port-mapping", "Port mapping without NAT", "a real server on another port than its service, in a mode that cannot change ports", checkPortMapping),
	ruleAlgorithm,
	fault(3, "same-service", "Service declared twice", "two services on one director with the same protocol, VIP and port, or with the same firewall mark", checkSameService),
	fault(4, "same-real-server", "Real server declared twice", "two real servers of one service with the same address and port", checkSameRealServer),
	fault(5, "all-ports", "All ports without persistence", "a service for all ports that has no persistence, and would never be served", checkAllPorts),
	fault(6, "one-packet", "One-packet scheduling of connections", "scheduling packet by packet for a service that is not UDP", checkOnePacket),
	warning(0, "one-packet-nat", "One-packet scheduling in NAT", "scheduling packet by packet in mode nat or fullnat, where answers would need the connection that is not remembered", checkOnePacketNAT),
	fault(0, "sip", "Persistence engine without UDP", "the persistence engine sip in a service that is not UDP", checkSIP),
	fault(7, "mixed-families", "Mixed address families", "a real server that is not of the VIP's address family, other than in mode tun without a sync daemon", checkFamilies),
	fault(8, "thresholds", "Invalid thresholds", "a lower threshold without an upper one, or above it", checkThresholds),
	ruleTunnel,
	ruleNetmask,
	ruleVIPPrefix,
	fault(12, "vip-is-own-address", "VIP is the address of a host", "a VIP that is the own address of a real server or host, other than of a director in mode nat or fullnat", checkVIP),
	fault(14, "arp-settings", "ARP settings of a real server overridden", "a sysctl block that lets a managed real server in mode dr or tun answer for the VIP", checkARP),
	warning(15, "arp-on-lo", "ARP settings without effect", "ARP settings for lo and no other interface", checkARPOnLo),
	fault(16, "rp-filter", "Reverse path filter of a real server overridden", "a sysctl block that lets a managed real server in mode tun drop what comes out of the tunnel", checkReversePath),
	warning(17, "mss", "No room for the tunnel's headers", "TCP segments that do not fit through Ethernet any more once they are wrapped for a managed real server in mode tun", checkMSS),
	fault(18, "default-route", "Answers past the director", "a route block that leads the answers of a managed real server in mode nat past the director", checkDefaultRoute),
	fault(0, "answers-port", "Answers that no rule can be for", "a managed real server in mode nat that answers from port 65535 by a gateway_table", checkAnswersPort),
	fault(20, "ip-forward", "Forwarding of a director overridden", "a sysctl block that keeps a director in mode nat or fullnat from passing packets on", checkForwarding),
	fault(21, "conntrack", "Connection tracking of a director overridden", "conntrack = 0 on a director in mode fullnat", checkConntrack),
	warning(23, "sticky-drained", "Drained real server keeps its clients", "a real server with weight 0 behind a persistent service, and a director without expire_quiescent_template = 1", checkStickyDrained),
	warning(25, "weights-ignored", "Weights without effect", "real servers with different weights behind an algorithm that does not look at them", checkWeightsIgnored),
	warning(26, "nothing-behind", "Service without real servers", "a service that has no real server, and refuses every connection", checkNothingBehind),
	warning(27, "sync-loop", "Packets in circles between directors", "a director that is a real server too and has a sync daemon in the role of backup, without backup_only = 1", checkSyncLoop),
	warning(28, "loopback-server", "Loopback address as real server", "a real server that is 127.0.0.1 or the like", checkLoopbackServer),
	RuleSegment, RuleNear, RuleReuse, RuleAdvertised, RuleBalancer, RuleAnswered,
	warning(32, "open-share", "Share that anyone writes to", "an NFS share for reading and writing with everyone, or one with no_root_squash", checkOpenShare),
	fault(33, "share-clients", "Mount that is refused", "a host that mounts an NFS share and is none of its clients", checkShareClients),
	warning(0, "own-share", "Server that mounts its own share", "an NFS share that is mounted by the host that has it", checkOwnShare),
	fault(0, "same-mount", "Two shares in one place", "two NFS shares that a host mounts in the same directory", checkMountTwice),
	warning(34, "timeouts", "Persistence outlives connections", "a TCP service whose persistence is longer than its director remembers an idle connection", checkTimeouts),
	warning(0, "shadowed-by-mark", "Service without packets", "a service for packets that another service on the director gets by a firewall mark", checkShadowed),
	fault(0, "same-packets", "Packets with two marks", "packets to one VIP that get a firewall mark from two services on one director", checkSamePackets),
	warning(0, "all-drained", "All weights are 0", "a service whose real servers all have weight 0, and that takes no new connections", checkAllDrained),
	warning(0, "no-services", "Cluster without services", "a cluster that has no service, so that nobody answers for its VIP", checkNoServices),
	warning(0, "several-directors", "VIP on several directors", "a VIP that several directors hold at the same time, in one cluster or in two", checkSeveralDirectors),
	fault(0, "director-interface", "Director without interface", "a director for whose VIP neither its host nor the cluster names an interface", checkDirectorInterface),
	fault(0, "real-server-interface", "Real server without interface", "a managed real server in mode nat or tun whose host names no interface", checkRealServerInterface),
	fault(0, "misplaced-argument", "Argument of another mode", "an argument of a cluster that is for a mode which neither the cluster nor one of its real servers has", checkMisplaced),
	fault(0, "services-only", "More than services", "an argument or mode in a cluster with services_only that asks for more than services", checkServicesOnly),
	fault(0, "cluster-families", "Mixed address families", "a gateway or source, or a director's own address in its place, that is not of the VIP's address family", checkClusterFamilies),
	fault(0, "source-in-use", "Source is the address of a host", "a source of a cluster in mode fullnat that is the own address of a real server, or of a host that is no director of the cluster", checkSource),
	fault(0, "mixed-fullnat", "Other modes in FULLNAT", "a real server in another mode in a cluster of mode fullnat", checkFullNAT),
	warning(0, "probe-elsewhere", "Probe of another address", "a probe of an address that is no VIP of its cluster", checkProbeAddress),
	warning(0, "probe-port", "Probe of a port without service", "a probe of a port of a VIP for which its cluster has no service", checkProbePort),
	warning(0, "probe-from-within", "Probe from within the cluster", "a probe of a VIP from a director or a real server in mode dr or tun, which have the VIP themselves", checkProbeFrom),
	warning(0, "rollout-wave", "Wave of all real servers", "a rollout whose wave is as large as a service of its cluster", checkRolloutWave),
	warning(0, "rollout-probe", "Rollout without probe", "a rollout that can tell real servers that work from others neither by a probe block nor by a TCP port", checkRolloutProbe),
	warning(0, "same-address", "Two hosts with one address", "two hosts with the same address", checkSameAddress),
	judged(0, "vip-on-loopback", "VIP on the loopback interface", "a director that would hold the VIP on lo, where no client finds it", checkLoopback),
	fault(0, "same-host-twice", "Two hosts on one machine", "two hosts that are reached in the same way, and so are one machine", checkReach),
}

// Rules lists the rules that a configuration is checked against.
func Rules() []Rule {
	list := make([]Rule, len(rules))
	for i, r := range rules {
		list[i] = *r
	}
	return list
}

// RuleOf is the rule that a diagnostic comes from, nil for one that comes from none.
func RuleOf(d *hcl.Diagnostic) *Rule {
	r, _ := d.Extra.(*Rule)
	return r
}

// A finder is what a rule looks through and reports to. What it looks through may have
// errors: a value that could not be read is zero.
type finder struct {
	*loader
	rule *Rule
	seen map[seenAt]bool // where the rule found something
}

// A seenAt is a place in an instance, nil for none.
type seenAt struct {
	at hcl.Range
	of *instance
}

// A subject is what a finding is about: one block, or several that do not go together.
type subject interface{ blocks() []*content }

func (h *hostDecl) blocks() []*content    { return []*content{h.content} }
func (c *clusterDecl) blocks() []*content { return []*content{c.content} }
func (s *serviceDecl) blocks() []*content { return []*content{s.content} }
func (p *probeDecl) blocks() []*content   { return []*content{p.content} }

// A pair is two subjects together.
type pair [2]subject

func (p pair) blocks() []*content { return slices.Concat(p[0].blocks(), p[1].blocks()) }

// checkRules applies all rules.
func (l *loader) checkRules() {
	for _, r := range rules {
		if r.check != nil {
			r.check(&finder{loader: l, rule: r, seen: map[seenAt]bool{}})
		}
	}
}

// find reports a place, unless one of the blocks it is about ignores the rule. A place that
// several services share is reported once.
func (f *finder) find(about subject, at hcl.Range, format string, args ...any) {
	silenced := false
	for _, b := range about.blocks() {
		silenced = b.silences(f.rule) || silenced // each is to know that it has a use
	}
	if silenced {
		return
	}
	first := about.blocks()[0]
	place := seenAt{at, first.scope.instance}
	if f.seen[place] {
		return
	}
	f.seen[place] = true
	first.addAlike(first.crowd(), f.rule.Finding(at, fmt.Sprintf(format, args...)))
}

// Finding is what the rule has to say of a place.
func (r *Rule) Finding(at hcl.Range, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: r.Severity, Summary: r.Summary, Detail: detail + r.wayOut(), Subject: &at, Extra: r}
}

// wayOut ends the details of findings that may be meant to be so.
func (r *Rule) wayOut() string {
	if r == nil || !r.Ignorable {
		return ""
	}
	return fmt.Sprintf(" If it is meant to be so, say why: ignore %q { reason = \"…\" }.", r.Name)
}

// services goes through all services with their clusters.
func (f *finder) services() iter.Seq2[*clusterDecl, *serviceDecl] {
	return func(yield func(*clusterDecl, *serviceDecl) bool) {
		for _, c := range f.clusters {
			for _, s := range c.services {
				if !yield(c, s) {
					return
				}
			}
		}
	}
}

// whole goes through the clusters that are set up with all that their mode needs.
func (f *finder) whole() iter.Seq[*clusterDecl] {
	return func(yield func(*clusterDecl) bool) {
		for _, c := range f.clusters {
			if !c.ServicesOnly && !yield(c) {
				return
			}
		}
	}
}

// wholeServices goes through the services of those clusters.
func (f *finder) wholeServices() iter.Seq2[*clusterDecl, *serviceDecl] {
	return func(yield func(*clusterDecl, *serviceDecl) bool) {
		for c := range f.whole() {
			for _, s := range c.services {
				if !yield(c, s) {
					return
				}
			}
		}
	}
}

// servers goes through the real servers of a service that could be read, with their
// group and their place in it.
func (s *serviceDecl) servers() iter.Seq2[serverRef, *RealServer] {
	return func(yield func(serverRef, *RealServer) bool) {
		for _, g := range s.groups {
			for i := range g.servers {
				if g.servers[i].Addr.IsValid() && !yield(serverRef{g, i}, &g.servers[i]) {
					return
				}
			}
		}
	}
}

// A serverRef is a real server by its place in a group.
type serverRef struct {
	*group
	i int
}

// behind is the real server behind a service, which it may share with others.
func (r serverRef) behind(s *serviceDecl) subject { return pair{r, s} }

func (r serverRef) blocks() []*content { return []*content{r.content} }
