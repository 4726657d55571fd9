package topo

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// volatile are the members of the ip command's JSON that change by themselves,
// or that name a thing by the order in which it was made.
var volatile = []string{
	"ifindex", "link_index", "promiscuity", "valid_life_time", "preferred_life_time", "expires", "stats", "stats64",
	"hello_timer", "tcn_timer", "topology_change_timer", "gc_timer",
}

// ipTable is what one line of an ip batch shows, and the members that name an
// entry of it.
type ipTable struct {
	label   string
	command string
	key     []string
}

// ipBatches are the tables a snapshot asks for, by the family that the ip command
// is run for. One run asks for several, since starting it is most of the cost.
var ipBatches = map[string][]ipTable{
	"-4": {
		{"address", "addr", []string{"ifname", "local", "prefixlen"}},
		{"link", "link", []string{"ifname"}},
		{"neighbour", "neigh show nud permanent", []string{"dev", "dst"}},
		{"rule4", "rule", []string{"priority"}},
		{"route4", "route show table all", []string{"table", "type", "dst", "dev"}},
	},
	"-6": {
		{"address", "addr", []string{"ifname", "local", "prefixlen"}},
		{"neighbour", "neigh show nud permanent", []string{"dev", "dst"}},
		{"rule6", "rule", []string{"priority"}},
		{"route6", "route show table all", []string{"table", "type", "dst", "dev"}},
	},
}

// ipLines has a line for each entry of the tables of a family.
func (h *Host) ipLines(family string) (lines []string, err error) {
	var commands strings.Builder
	for _, table := range ipBatches[family] {
		commands.WriteString(table.command + "\n")
	}
	out, err := h.RunInput(commands.String(), "ip", family, "-json", "-details", "-batch", "-")
	if err != nil {
		return nil, err
	}
	answers := json.NewDecoder(strings.NewReader(out))
	for _, table := range ipBatches[family] {
		var entries []map[string]any
		if err := answers.Decode(&entries); err != nil {
			return nil, fmt.Errorf("ip %s %s: %w", family, table.command, err)
		}
		if table.label == "address" {
			entries = addressEntries(entries)
		}
		for _, entry := range entries {
			dropVolatile(entry)
			if table.label == "link" {
				dropIdle(entry)
			}
			lines = append(lines, jsonLine(table.label, entry, table.key))
		}
	}
	return lines, nil
}

// fouPorts has a line for each port that takes packets out of UDP.
func (h *Host) fouPorts() ([]string, error) {
	if has, err := h.tells(hasFouPorts); !has || err != nil {
		return nil, err
	}
	return h.outputLines("fou", "ip", "fou", "show")
}

// addressEntries has an entry for each address; the ip command has one for each
// interface, empty where the family has none.
func addressEntries(links []map[string]any) (entries []map[string]any) {
	for _, link := range links {
		list, _ := link["addr_info"].([]any)
		for _, item := range list {
			if addr, ok := item.(map[string]any); ok {
				addr["ifname"] = link["ifname"]
				entries = append(entries, addr)
			}
		}
	}
	return entries
}

// dropVolatile removes volatile members at any depth.
func dropVolatile(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range volatile {
			delete(value, name)
		}
		for _, member := range value {
			dropVolatile(member)
		}
	case []any:
		for _, item := range value {
			dropVolatile(item)
		}
	}
}

// dropIdle removes what the kernel gives tunl0 when it first comes up, and leaves there
// when it goes down again; see isIdle.
func dropIdle(link map[string]any) {
	if flags, _ := link["flags"].([]any); !slices.Contains(flags, any("UP")) {
		delete(link, "inet6_addr_gen_mode")
		delete(link, "qdisc")
	}
}

// jsonLine is an entry under a key made of some of its members.
func jsonLine(label string, entry map[string]any, key []string) string {
	words := []string{label}
	for _, name := range key {
		if value, ok := entry[name]; ok {
			words = append(words, fmt.Sprint(value))
		}
	}
	text, err := json.Marshal(entry) // of what json.Unmarshal made: cannot fail
	if err != nil {
		panic(err)
	}
	return strings.Join(words, " ") + " = " + string(text)
}
