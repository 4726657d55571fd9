package schema

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// selectors reads what selects the packets of a service: protocol and port, or a
// firewall mark and whatever gets it.
func (c *content) selectors(s *Service) {
	s.Port = c.uint16("port")
	s.Mark, _ = c.number("fwmark")
	s.Packets = c.packets("packets")
	if !c.given("fwmark") {
		if name, ok := c.str("protocol"); ok {
			s.Protocol = resource.Protocols[c.word("protocol", name)]
		}
		switch {
		case !c.given("port") && !c.misspelt("port") && !c.misspelt("fwmark"):
			c.fail(c.header(), "Missing required argument", "A service needs the port that clients connect to, as in port = 80, or the firewall mark of its packets, as in fwmark = 1.")
		case c.given("packets"):
			c.fail(c.at("packets"), "Conflicting arguments", "These packets would get the firewall mark of the service, and it has none. Add a fwmark in place of the port, or remove the packets.")
		}
		return
	}
	for _, name := range []string{"port", "protocol"} {
		if c.given(name) {
			c.fail(c.at(name), "Conflicting arguments", "A service with a fwmark is for all packets that have the mark, whatever their protocol and port. Remove the %s, and say which packets get the mark with packets = [\"tcp/80\"].", name)
		}
	}
}

// packets is an argument that lists packets, each PROTOCOL or PROTOCOL/PORT or
// PROTOCOL/FIRST-LAST.
func (c *content) packets(name string) []Packets {
	words, _ := c.strings(name)
	var list []Packets
	for _, word := range words {
		p, problem := parsePackets(word)
		for _, other := range list {
			if problem == "" && p.overlaps(other) {
				problem = fmt.Sprintf("%q is for packets that another entry of the list is for already.", word)
			}
		}
		if problem != "" {
			c.fail(c.at(name), "Invalid packets", "%s", problem)
			return nil
		}
		list = append(list, p)
	}
	return list
}

// parsePackets reads one entry.
func parsePackets(word string) (p Packets, problem string) {
	protocol, ports, some := strings.Cut(word, "/")
	p.Protocol = resource.Protocols[protocol]
	if p.Protocol == 0 {
		return p, fmt.Sprintf("%q does not begin with a protocol. Write %s, alone or with a port or ports, as in \"tcp/80\" or \"udp/5000-5010\".", word, listWords(protocols))
	}
	if !some {
		return p, ""
	}
	first, last, several := strings.Cut(ports, "-")
	if !several {
		last = first
	}
	a, errA := strconv.ParseUint(first, 10, 16)
	b, errB := strconv.ParseUint(last, 10, 16)
	if errA != nil || errB != nil || a == 0 || b < a {
		return p, fmt.Sprintf("%q does not end with a port from 1 to %d, or a first and a last one, as in \"udp/5000-5010\".", word, maxPort)
	}
	p.First, p.Last = uint16(a), uint16(b)
	return p, ""
}

// cover tells whether all packets of the others are among them. All ports are 0 to 0.
func (p Packets) cover(o Packets) bool {
	return p.Protocol == o.Protocol && (p.Last == 0 || o.Last != 0 && p.First <= o.First && o.Last <= p.Last)
}

// overlaps tells whether some packets are in both.
func (p Packets) overlaps(o Packets) bool {
	all := p.Last == 0 || o.Last == 0
	return p.Protocol == o.Protocol && (all || p.First <= o.Last && o.First <= p.Last)
}
