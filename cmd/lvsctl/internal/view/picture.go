package view

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A picture is a topology as boxes and arrows, the same for all formats: from the clients
// to the front of each cluster, its VIPs and services, from there to its directors, from all
// of these to the groups of real servers, and from those to whom they mount something from.
type picture struct {
	bands []band
	idle  []string // names of hosts
	desc  string   // all in sentences
}

// A band is one cluster.
type band struct {
	name      string
	front     box
	directors []box
	groups    []serverGroup
	storages  []storage
}

// boxes are all that are behind the clients.
func (b *band) boxes() []box {
	list := append([]box{b.front}, b.directors...)
	for i := range b.groups {
		list = append(list, b.groups[i].box)
	}
	for i := range b.storages {
		list = append(list, b.storages[i].box)
	}
	return list
}

// A box is a title with lines below.
type box struct {
	id    string // letters and digits
	title string
	lines []string
}

// A serverGroup is a box of real servers and what stands on the arrow to it.
type serverGroup struct {
	box
	above []string
	below string
}

// What is drawn at the most; the rest is counted.
const (
	maxServices = 12
	maxServers  = 12
	maxGroups   = 12
)

// newPicture draws a topology.
func newPicture(t *planner.Topology) *picture {
	p := &picture{}
	for i := range t.Clusters {
		p.bands = append(p.bands, newBand(fmt.Sprintf("c%d", i+1), &t.Clusters[i]))
	}
	for _, h := range t.Idle {
		p.idle = append(p.idle, Clean(h.Name))
	}
	p.desc = describe(t)
	return p
}

func newBand(id string, c *planner.ClusterTopology) band {
	b := band{name: Clean(c.Name), front: box{id: id, title: frontTitle(c.Cluster), lines: serviceLines(c.Cluster)}}
	for i, h := range c.Directors {
		has := "VIP on " + c.VIPInterface(h)
		if c.ServicesOnly {
			has = "services only"
		}
		b.directors = append(b.directors, box{
			id: fmt.Sprintf("%sd%d", id, i+1), title: Clean(h.Name),
			lines: []string{h.Address.String(), Clean(has)},
		})
	}
	shown := c.Groups
	if len(shown) > maxGroups {
		shown = shown[:maxGroups-1]
	}
	boxOf := map[*schema.Host]string{}
	for i := range c.Groups {
		group := fmt.Sprintf("%sg%d", id, min(i, len(shown))+1)
		for _, s := range c.Groups[i].Servers {
			boxOf[s.Host] = group
		}
	}
	delete(boxOf, nil)
	for i := range shown {
		b.groups = append(b.groups, newServerGroup(fmt.Sprintf("%sg%d", id, i+1), c, &shown[i]))
	}
	b.storages = newStorages(id, c, boxOf)
	if rest := c.Groups[len(shown):]; len(rest) > 0 {
		b.groups = append(b.groups, otherGroups(fmt.Sprintf("%sg%d", id, len(shown)+1), rest))
	}
	return b
}

func frontTitle(c *schema.Cluster) string {
	if len(c.VIPs) == 1 {
		return "VIP " + c.VIPs[0].String()
	}
	return fmt.Sprintf("%d VIPs: %s", len(c.VIPs), someOf(addresses(c.VIPs), maxNames))
}

// serviceLines are a line for each service of a cluster.
func serviceLines(c *schema.Cluster) []string {
	if len(c.Services) == 0 {
		return []string{"no services"}
	}
	shown := c.Services
	if len(shown) > maxServices {
		shown = shown[:maxServices-1]
	}
	rows := make([][]string, len(shown))
	for i, s := range shown {
		words := s.Algorithm
		if s.Flags&resource.FlagOnePacket != 0 {
			words += ", one packet"
		}
		if s.Persistence.Timeout > 0 {
			words += fmt.Sprintf(", persistent %ds", s.Persistence.Timeout)
		}
		if len(s.VIPs) < len(c.VIPs) {
			words += ", at " + someOf(addresses(s.VIPs), maxNames)
		}
		rows[i] = []string{Clean(s.Name), selector(s), words}
	}
	lines := table(rows)
	if rest := len(c.Services) - len(shown); rest > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", rest))
	}
	return lines
}

// selector says which packets are a service's.
func selector(s *schema.Service) string {
	switch {
	case s.Mark != 0:
		return fmt.Sprintf("fwmark %d", s.Mark)
	case s.Port == 0:
		return s.Protocol.String() + "/all"
	}
	return fmt.Sprintf("%s/%d", s.Protocol, s.Port)
}

func newServerGroup(id string, c *planner.ClusterTopology, g *planner.Group) serverGroup {
	out := serverGroup{box: box{id: id, title: count(len(g.Servers), "real server"), lines: serverLines(g.Servers)}}
	out.above = []string{modeWords(g.Kind)}
	if len(g.Services) < len(c.Services) {
		names := make([]string, len(g.Services))
		for i, s := range g.Services {
			names[i] = Clean(s.Name)
		}
		out.above = append(out.above, "for "+someOf(names, maxNames))
	}
	out.below = answers[g.Mode]
	if g.Local {
		out.below = answers[schema.Local]
	}
	return out
}

// answers says which way answers go, by mode.
var answers = map[schema.Mode]string{
	schema.DR: "answers direct", schema.TUN: "answers direct", schema.NAT: "answers via director", schema.FULLNAT: "answers via director",
	schema.Local: "the director itself",
}

// modeWords writes the mode of a kind of real server, with its tunnel.
func modeWords(k planner.Kind) string {
	if k.Mode != schema.TUN {
		return string(k.Mode)
	}
	words := "tun " + k.Tunnel.Type.String()
	if k.Tunnel.Port != 0 {
		words += fmt.Sprintf(" port %d", k.Tunnel.Port)
	}
	return words
}

// otherGroups counts what there is no room for.
func otherGroups(id string, groups []planner.Group) serverGroup {
	servers, services := 0, map[*schema.Service]bool{}
	for _, g := range groups {
		servers += len(g.Servers)
		for _, s := range g.Services {
			services[s] = true
		}
	}
	return serverGroup{
		box:   box{id: id, title: count(servers, "real server"), lines: []string{fmt.Sprintf("in %d more groups", len(groups))}},
		above: []string{"for " + count(len(services), "service")},
	}
}

// serverLines are a line for each real server and for each pool. Of many only the first
// are shown.
func serverLines(servers []*planner.Server) []string {
	var rows [][]string
	var order []string
	pools := map[string][]*planner.Server{}
	single := 0
	for _, s := range servers {
		if s.Name != "" {
			if single++; single <= maxServers {
				rows = append(rows, []string{Clean(planner.MachineName(s.RealServer)), s.Addr.String(), extras(s)})
			}
			continue
		}
		if pools[s.Pool] == nil {
			order = append(order, s.Pool)
		}
		pools[s.Pool] = append(pools[s.Pool], s)
	}
	if single > maxServers {
		rows = rows[:maxServers-1]
	}
	lines := table(rows)
	if rest := single - len(rows); rest > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", rest))
	}
	return append(lines, poolLines(order, pools)...)
}

// poolLines are a line for each pool, with how many real servers it has. Of many only the
// first are shown.
func poolLines(order []string, pools map[string][]*planner.Server) []string {
	var lines []string
	for i, name := range order {
		if i == maxServers-1 && len(order) > maxServers {
			rest := 0
			for _, name := range order[i:] {
				rest += len(pools[name])
			}
			return append(lines, fmt.Sprintf("%d more pools: %d", len(order)-i, rest))
		}
		list := pools[name]
		words := list[0].Addr.String()
		if len(list) > 1 {
			words += " … " + list[len(list)-1].Addr.String()
		}
		lines = append(lines, fmt.Sprintf("pool %s: %s, %s", Clean(name), count(len(list), "server"), words))
	}
	return lines
}

// extras are what is not as usual on a real server: other ports than the services', other
// weights than 1.
func extras(s *planner.Server) string {
	var words []string
	for _, port := range s.Ports {
		words = append(words, fmt.Sprintf("port %d", port))
	}
	if !slices.Equal(s.Weights, []uint32{1}) {
		for _, w := range s.Weights {
			words = append(words, fmt.Sprintf("weight %d", w))
		}
	}
	return someOf(words, maxNames)
}

// table writes rows in columns.
func table(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		for j, cell := range row {
			lines[i] += pad(cell, widths[j]) + "  "
		}
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// describe puts a topology in sentences, for those who cannot see it.
func describe(t *planner.Topology) string {
	var sentences []string
	for _, c := range t.Clusters {
		total := 0
		var modes []string
		for _, g := range c.Groups {
			total += len(g.Servers)
			if m := modeWords(g.Kind); !slices.Contains(modes, m) {
				modes = append(modes, m)
			}
		}
		s := fmt.Sprintf("Clients reach %s of cluster %s at %s on %s", count(len(c.Services), "service"), Clean(c.Name), frontTitle(c.Cluster), someOf(hostNames(c.Directors), maxNames))
		if total > 0 {
			s += fmt.Sprintf("; behind are %s, by %s", count(total, "real server"), someOf(modes, maxNames))
		}
		if n := len(c.Shares); n > 0 {
			s += fmt.Sprintf("; hosts of the cluster have %s in common", count(n, "share"))
		}
		sentences = append(sentences, s+".")
	}
	return strings.Join(sentences, " ")
}
