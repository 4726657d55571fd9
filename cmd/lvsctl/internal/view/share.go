package view

import (
	"fmt"
	"slices"

	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
)

// A ShareJSON is what hosts of a cluster have in common.
type ShareJSON struct {
	Name    string      `json:"name"`
	Server  string      `json:"server"`
	Source  string      `json:"source"` // as mount(8) has it
	Clients []string    `json:"clients"`
	Options string      `json:"options"`
	Mounts  []MountJSON `json:"mounts"`
}

// A MountJSON is where hosts mount a share.
type MountJSON struct {
	Target string   `json:"target"`
	Hosts  []string `json:"hosts"`
}

func sharesJSON(c *schema.Cluster) []ShareJSON {
	list := make([]ShareJSON, len(c.Shares))
	for i, s := range c.Shares {
		list[i] = ShareJSON{s.Name, s.Server.Name, s.Source(), append([]string{}, s.Clients...), s.Options, []MountJSON{}}
		for _, m := range s.Mounts {
			list[i].Mounts = append(list[i].Mounts, MountJSON{m.Target, hostNames(m.Hosts)})
		}
	}
	return list
}

// shared prints what hosts of a cluster have in common.
func (p *Printer) shared(c *schema.Cluster) {
	if len(c.Shares) == 0 {
		return
	}
	p.Printf("\n")
	p.paragraph("", "Shared storage", bold)
	for _, s := range c.Shares {
		words := fmt.Sprintf("%s: %s of %s, for %s", s.Name, s.Source(), s.Server.Name, someOf(s.Clients, maxNames))
		for _, m := range s.Mounts {
			words += fmt.Sprintf("; mounted at %s of %s", m.Target, someOf(hostNames(m.Hosts), maxNames))
		}
		p.paragraph("  ", words+".", plain)
	}
}

// A storage is the box of a host that shares something with others of its cluster.
type storage struct {
	box
	groups []string // the boxes of real servers that mount it
}

// newStorages are the boxes of those that share something, behind the boxes of real servers.
func newStorages(id string, c *planner.ClusterTopology, boxOf map[*schema.Host]string) []storage {
	var list []storage
	var rows [][][]string
	at := map[*schema.Host]int{}
	for _, s := range c.Shares {
		i, known := at[s.Server]
		if !known {
			i = len(list)
			at[s.Server] = i
			list = append(list, storage{box: box{id: fmt.Sprintf("%sn%d", id, i+1), title: "shares of " + Clean(s.Server.Name)}})
			rows = append(rows, nil)
		}
		rows[i] = append(rows[i], shareRows(s)...)
		for _, m := range s.Mounts {
			for _, h := range m.Hosts {
				if group := boxOf[h]; group != "" && !slices.Contains(list[i].groups, group) {
					list[i].groups = append(list[i].groups, group)
				}
			}
		}
	}
	for i := range list {
		list[i].lines = shortTable(rows[i])
	}
	return list
}

// shareRows are a row for each place where a share is mounted, or one if it is nowhere.
func shareRows(s *schema.Share) [][]string {
	name, source := Clean(s.Name), Clean(s.Source())
	if len(s.Mounts) == 0 {
		return [][]string{{name, source}}
	}
	var rows [][]string
	for _, m := range s.Mounts {
		rows = append(rows, []string{name, source, Clean("at " + m.Target + " of " + someOf(hostNames(m.Hosts), maxNames))})
	}
	return rows
}

// shortTable writes rows in columns, of many only the first.
func shortTable(rows [][]string) []string {
	if len(rows) <= maxServices {
		return table(rows)
	}
	shown := rows[:maxServices-1]
	return append(table(shown), fmt.Sprintf("and %d more", len(rows)-len(shown)))
}
