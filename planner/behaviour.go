package planner

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// choices say which real server something new goes to, by algorithm.
var choices = map[string]string{
	"rr":    "each real server in turn",
	"wrr":   "each real server in turn, as often as its weight says",
	"lc":    "the real server with the fewest connections",
	"wlc":   "the real server with the fewest connections for its weight",
	"lblc":  "the real server that had the same destination before, unless it has too many connections",
	"lblcr": "one of the real servers that had the same destination before, of which there are more while they have too many connections",
	"dh":    "the real server that a hash of the destination address picks",
	"sh":    "the real server that a hash of the client's address picks, so the same client goes to the same one",
	"sed":   "the real server that would be the least busy with it, for its weight",
	"nq":    "an idle real server, or if there is none to the one that would be the least busy with it, for its weight",
	"fo":    "the real server with the highest weight that is not full",
	"ovf":   "the real server with the highest weight that has fewer connections than its weight",
	"mh":    "the real server that a consistent hash (Maglev) of the client's address picks, which stays the same for most clients when others come and go",
	"twos":  "the one with fewer connections for its weight, of two that are drawn",
}

// Behaviour says in sentences what a service does with what comes in: what gets its mark,
// how it chooses, and how long it sticks to that.
func Behaviour(s *schema.Service) []string {
	says := marking(s)
	if s.Mark == 0 && s.Port == 0 {
		says = append(says, "It is for every port that no other service is for.")
	}
	switch {
	case len(s.RealServers) == 0:
		says = append(says, "It has no real server, so whatever comes in is refused.")
	case s.Flags&resource.FlagOnePacket != 0:
		says = append(says, fmt.Sprintf("Each datagram by itself goes to %s (%s): IPVS remembers nothing of it.", choice(s), s.Algorithm))
	case s.Protocol == resource.UDP:
		says = append(says, fmt.Sprintf("What is new goes to %s (%s). UDP has no connections: datagrams from one port of a client count as one until none came for the UDP timeout of IPVS.", choice(s), s.Algorithm))
	default:
		says = append(says, fmt.Sprintf("New connections go to %s (%s).", choice(s), s.Algorithm))
	}
	return append(says, sticking(s)...)
}

// choice says which real server something new goes to. The flags sh-port and mh-port
// hash the client's port too, so that clients do not stick.
func choice(s *schema.Service) string {
	if s.Flags&resource.FlagSched2 == 0 {
		return choices[s.Algorithm]
	}
	switch s.Algorithm {
	case "sh":
		return "the real server that a hash of the client's address and port picks"
	case "mh":
		return "the real server that a consistent hash (Maglev) of the client's address and port picks"
	}
	return choices[s.Algorithm]
}

// marking says what gives packets the mark of a service, nothing for one without.
func marking(s *schema.Service) []string {
	switch {
	case s.Mark == 0:
		return nil
	case len(s.Packets) == 0:
		return []string{fmt.Sprintf("It is for packets with the firewall mark %d. The config does not say what sets it: somebody else has to, on the director, before IPVS sees the packet.", s.Mark)}
	}
	words := make([]string, len(s.Packets))
	for i, p := range s.Packets {
		words[i] = packetWords(p)
	}
	vips := make([]string, len(s.VIPs))
	for i, vip := range s.VIPs {
		vips[i] = vip.String()
	}
	return []string{fmt.Sprintf("On the director nftables gives the firewall mark %d to %s for %s, and the service is for what has it: a client's connections to any of these count as to one service.", s.Mark, sentenceList(words), sentenceList(vips))}
}

// packetWords writes packets as a config does.
func packetWords(p schema.Packets) string {
	switch {
	case p.First == 0 && p.Last == 0:
		return "all of " + p.Protocol.String()
	case p.First == p.Last:
		return fmt.Sprintf("%s/%d", p.Protocol, p.First)
	}
	return fmt.Sprintf("%s/%d-%d", p.Protocol, p.First, p.Last)
}

// sticking says how long a client stays with a real server, nothing where it does not.
func sticking(s *schema.Service) []string {
	p, family := s.Persistence, resource.FamilyOf(s.VIPs[0])
	if p.Timeout == 0 {
		return nil
	}
	who := "A client stays with its real server"
	switch {
	case p.Engine == "sip":
		who = "A call (by its SIP Call-ID) stays with its real server"
	case family == resource.IPv6 && p.Netmask != resource.FullNetmask(family):
		who = fmt.Sprintf("All clients of one /%d stay with one real server", p.Netmask)
	case p.Netmask != resource.FullNetmask(family):
		who = fmt.Sprintf("All clients of one /%d stay with one real server", bits.OnesCount32(p.Netmask))
	}
	return []string{fmt.Sprintf("%s until %d s after the last connection.", who, p.Timeout)}
}

// sentenceList writes words for a sentence: "a, b and c".
func sentenceList(words []string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
}
