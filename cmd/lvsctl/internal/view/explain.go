package view

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
)

// modeTitles are the modes for headlines.
var modeTitles = map[schema.Mode]string{
	schema.DR:      "Direct routing",
	schema.NAT:     "Masquerading",
	schema.TUN:     "Tunnelling",
	schema.FULLNAT: "Masquerading of both sides",
	schema.Local:   "The director itself",
	schema.Bypass:  "Bypass",
}

// Explain prints how a cluster works: its services, the way of a packet to each kind of
// real server, and what is set up for that.
func (p *Printer) Explain(e *planner.Explanation) {
	c := e.Cluster
	mode := strings.ToLower(modeTitles[c.Mode])
	vips := "VIP "
	if len(c.VIPs) > 1 {
		vips = "VIPs "
	}
	if c.ServicesOnly {
		vips = "services only, " + vips
	}
	p.paragraph("", fmt.Sprintf("%s: %s (%s), %s on %s", c.Name, mode, c.Mode, vips+someOf(addresses(c.VIPs), maxNames), someOf(hostNames(c.Directors), maxNames)), bold)
	p.services(c)
	for i := range e.Ways {
		p.way(&e.Ways[i], len(c.Services) > 1)
	}
	p.shared(c)
	p.stages(e)
	p.probed(c)
}

func addresses(addrs []netip.Addr) []string {
	list := make([]string, len(addrs))
	for i, a := range addrs {
		list[i] = a.String()
	}
	return list
}

func hostNames(hosts []*schema.Host) []string {
	list := make([]string, len(hosts))
	for i, h := range hosts {
		list[i] = h.Name
	}
	return list
}

// services prints what services do with what comes in. Those that do the same are printed
// together.
func (p *Printer) services(c *schema.Cluster) {
	var order []string
	alike := map[string][]string{}
	for _, s := range c.Services {
		says := strings.Join(planner.Behaviour(s), " ")
		if alike[says] == nil {
			order = append(order, says)
		}
		alike[says] = append(alike[says], serviceWords(s))
	}
	for _, says := range order {
		p.Printf("\n")
		p.paragraph("Service ", someOf(alike[says], maxNames), plain)
		p.paragraph("  ", says, plain)
	}
	if len(c.Services) == 0 {
		p.Printf("\n")
		p.paragraph("", "There is no service: nobody answers at the VIP.", plain)
	}
}

// serviceWords names a service with what clients connect to.
func serviceWords(s *schema.Service) string {
	return s.Name + " (" + strings.Join(keyWords(s), ", ") + ")"
}

// keyWords writes the services that IPVS has for one of the config.
func keyWords(s *schema.Service) []string {
	keys := s.Keys()
	words := make([]string, len(keys))
	for i, k := range keys {
		words[i] = k.String()
	}
	return words
}

// way prints how a packet gets to one kind of real server, and the answer back.
func (p *Printer) way(w *planner.Way, several bool) {
	title := wayTitle(w)
	if several {
		title += ", as for service " + w.Service.Name
	}
	p.Printf("\n")
	p.paragraph("", title, bold)
	column := 0
	for _, h := range w.Hops {
		column = max(column, utf8.RuneCountInString(between(h)))
	}
	for i, h := range w.Hops {
		p.hop(i+1, h, column)
	}
	if unmanaged := unmanagedOf(w); len(unmanaged) > 0 && w.Needs != "" {
		p.paragraph("  ", fmt.Sprintf("Not managed: %s. Somebody else has to set up there: %s.", someOf(unmanaged, maxNames), w.Needs), plain)
	}
}

// wayTitle says which real servers a way is to.
func wayTitle(w *planner.Way) string {
	title := modeTitles[w.Mode]
	if w.Local {
		title = modeTitles[schema.Local]
	}
	if w.Mode == schema.TUN && !w.Local {
		title += " (" + w.Tunnel.Type.String() + ")"
	}
	name := planner.MachineName(w.Server)
	if addr := w.Server.Addr.String(); addr != name {
		name += " (" + addr + ")"
	}
	title += ": the way to " + name
	others := make([]string, 0, len(w.Alike))
	for _, s := range w.Alike[1:] {
		others = append(others, planner.MachineName(s.RealServer))
	}
	if len(others) > 0 {
		title += ", and likewise to " + someOf(others, maxNames)
	}
	return title
}

func unmanagedOf(w *planner.Way) []string {
	var list []string
	for _, s := range w.Alike {
		if s.Host == nil {
			list = append(list, planner.MachineName(s.RealServer))
		}
	}
	return list
}

// between names the two ends of a hop.
func between(h planner.Hop) string {
	if h.From == h.To {
		return Clean("within " + h.To)
	}
	return Clean(h.From + " → " + h.To)
}

// hop prints one hop: a line or two with the packet, and below what happens.
func (p *Printer) hop(n int, h planner.Hop, column int) {
	head := fmt.Sprintf("  %d. %s  ", n, pad(between(h), column))
	lines := []string{packetWords(h)}
	if h.Outer != nil {
		lines = []string{"outer " + ends(*h.Outer), "inner " + ends(h.Packet)}
	}
	room := p.columns() - utf8.RuneCountInString(head)
	if slices.ContainsFunc(lines, func(l string) bool { return utf8.RuneCountInString(l) > room }) {
		p.Printf("%s\n", strings.TrimRight(head, " "))
		head = "       "
	}
	for i, line := range lines {
		if i > 0 {
			head = strings.Repeat(" ", utf8.RuneCountInString(head))
		}
		p.Printf("%s%s\n", head, p.paint(cyan, line))
	}
	p.paragraph("     ", h.Why, plain)
}

// ends writes where a packet comes from and goes to.
func ends(p planner.Packet) string { return p.Source.String() + " → " + p.Destination.String() }

// packet writes a packet and what was rewritten on it.
func packetWords(h planner.Hop) string {
	text := ends(h.Packet)
	switch len(h.Rewritten) {
	case 0:
		return text
	case 1:
		return text + "  (" + h.Rewritten[0] + " rewritten)"
	}
	return text + "  (both rewritten)"
}

// stages prints what is set up where, in which order and why.
func (p *Printer) stages(e *planner.Explanation) {
	if len(e.Steps) == 0 {
		return
	}
	p.Printf("\n")
	p.paragraph("", "What lvsctl sets up, step by step", bold)
	for i, st := range stages(e.Steps) {
		p.paragraph(fmt.Sprintf("%3d. ", i+1), someOf(st.hosts, maxNames)+": "+st.title(), plain)
		p.items("     ", st.words(), ", ", cyan)
		for _, first := range st.after {
			p.paragraph("     ", fmt.Sprintf("after %d: %s", first.stage+1, first.why), dim)
		}
	}
	if len(e.Besides) > 0 {
		p.Printf("\n")
		p.paragraph("", fmt.Sprintf("What the host blocks of %s ask for comes before all this.", someOf(e.Besides, maxNames)), plain)
	}
}
