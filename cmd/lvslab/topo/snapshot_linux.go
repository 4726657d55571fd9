package topo

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// volatile are the members of the ip command's JSON that change by themselves,
// or that name a thing by the order in which it was made.
var volatile = []string{
	"ifindex", "link_index", "valid_life_time", "preferred_life_time", "expires", "stats", "stats64",
	"hello_timer", "tcn_timer", "topology_change_timer", "gc_timer",
}

// ipTables are the ip commands a snapshot asks, and the members that name an
// entry of each.
var ipTables = []struct {
	label string
	args  []string
	key   []string
}{
	{"link", []string{"-d", "link"}, []string{"ifname"}},
	{"rule4", []string{"-4", "rule"}, []string{"priority"}},
	{"rule6", []string{"-6", "rule"}, []string{"priority"}},
	{"route4", []string{"-4", "route", "show", "table", "all"}, []string{"table", "type", "dst", "dev"}},
	{"route6", []string{"-6", "route", "show", "table", "all"}, []string{"table", "type", "dst", "dev"}},
	{"neighbour", []string{"neigh", "show", "nud", "permanent"}, []string{"dev", "dst"}},
}

// textTables are the commands whose output a snapshot takes line by line. The
// lines of those that are ordered have a meaning together and keep their order.
var textTables = []struct {
	label   string
	args    []string
	ordered bool
}{
	{"ipvs", []string{"ipvsadm", "-Sn"}, false},
	{"ipvs daemon", []string{"ipvsadm", "-Ln", "--daemon"}, false},
	{"ipvs timeout", []string{"ipvsadm", "-Ln", "--timeout"}, false},
	{"nft", []string{"nft", "--stateless", "list", "ruleset"}, true},
}

// sysctlTrees are the kernel parameters a snapshot reads, below /proc/sys.
var sysctlTrees = []string{
	"net/ipv4/conf", "net/ipv4/vs", "net/ipv4/ip_forward", "net/ipv4/ip_nonlocal_bind",
	"net/ipv6/conf", "net/ipv6/ip_nonlocal_bind",
}

// ownState is where the tool under test keeps its books. They are not part of
// what it does to a host.
const ownState = "/var/lib/lvsctl/"

// Snapshot describes everything about the host that a converger could change, as
// other tools than ours see it: links, addresses, routes, rules, kernel
// parameters, IPVS, nftables, mounts, and the files of /etc and /var/lib that
// differ from the machine's. It has one "key = value" a line, and is the same for
// the same state, so that two snapshots can be compared as text.
func (h *Host) Snapshot() string {
	h.net.t.Helper()
	lines := h.addresses()
	for _, table := range ipTables {
		for _, entry := range h.ip(table.args...) {
			lines = append(lines, jsonLine(table.label, entry, table.key))
		}
	}
	var ordered []string
	for _, table := range textTables {
		text := h.textTable(table.label, table.args)
		if table.ordered {
			ordered = append(ordered, text...)
		} else {
			lines = append(lines, text...)
		}
	}
	h.Inside(func() { lines = append(lines, h.must2(readSettings())...) })
	h.Inside(func() { lines = append(lines, h.must2(readMounts())...) })
	for _, l := range h.layers {
		lines = append(lines, h.must2(l.changes())...)
	}
	slices.Sort(lines)
	return strings.Join(append(lines, ordered...), "\n") + "\n"
}

// must2 ends the test on an error.
func (h *Host) must2(lines []string, err error) []string {
	h.net.t.Helper()
	if err != nil {
		h.net.t.Fatalf("%s: snapshot: %v", h.Name, err)
	}
	return lines
}

// ip asks the ip command and drops what is volatile from the answer.
func (h *Host) ip(args ...string) []map[string]any {
	h.net.t.Helper()
	var entries []map[string]any
	out := h.Run("ip", append([]string{"-json"}, args...)...)
	if strings.TrimSpace(out) == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(out), &entries); err != nil {
		h.net.t.Fatalf("%s: snapshot: ip %s: %v", h.Name, strings.Join(args, " "), err)
	}
	entries = slices.DeleteFunc(entries, func(e map[string]any) bool { return len(e) == 0 })
	for _, entry := range entries {
		dropVolatile(entry)
	}
	return entries
}

// addresses has a line for each address instead of each interface.
func (h *Host) addresses() (lines []string) {
	h.net.t.Helper()
	for _, link := range h.ip("addr") {
		list, _ := link["addr_info"].([]any)
		for _, item := range list {
			if addr, ok := item.(map[string]any); ok {
				addr["ifname"] = link["ifname"]
				lines = append(lines, jsonLine("address", addr, []string{"ifname", "local", "prefixlen"}))
			}
		}
	}
	return lines
}

// textTable has a line for each line of a command's output.
func (h *Host) textTable(label string, args []string) (lines []string) {
	h.net.t.Helper()
	for line := range strings.Lines(h.Run(args[0], args[1:]...)) {
		if line = strings.TrimRight(line, " \n"); line != "" {
			lines = append(lines, label+" = "+line)
		}
	}
	return lines
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

// readSettings reads the kernel parameters of the calling thread's network. Some
// cannot be read, and some are not there: both are nothing to compare.
func readSettings() (lines []string, err error) {
	for _, tree := range sysctlTrees {
		err := filepath.WalkDir(filepath.Join("/proc/sys", tree), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return nil
			}
			if value, err := os.ReadFile(path); err == nil {
				name := strings.TrimPrefix(path, "/proc/sys/")
				lines = append(lines, "sysctl "+name+" = "+strings.TrimSpace(string(value)))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// readMounts reads the mounts of the calling thread.
func readMounts() (lines []string, err error) {
	text, err := os.ReadFile("/proc/thread-self/mounts")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) >= 4 {
			lines = append(lines, fmt.Sprintf("mount %s = %s %s %s", f[1], f[2], f[0], f[3]))
		}
	}
	return lines, nil
}

// changes lists what the host has changed in its view of a directory. A file
// that was copied up but is still as on the machine has not changed.
func (l layer) changes() (lines []string, err error) {
	root := fmt.Sprintf("/proc/self/fd/%d/", l.upper.Fd())
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.Join(l.dir, strings.TrimPrefix(path, root))
		if strings.HasPrefix(name+"/", ownState) {
			return filepath.SkipDir
		}
		have, err := describe(path)
		if err != nil {
			return err
		}
		before, err := describe(name)
		if err == nil && before == have {
			return nil
		}
		lines = append(lines, "file "+name+" = "+have)
		return nil
	})
	return lines, err
}

// describe tells a file's type, mode and content in a line.
func describe(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	switch {
	case info.Mode()&fs.ModeCharDevice != 0: // how an overlay notes a removal
		return "removed", nil
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		return "link to " + target, err
	case info.Mode().IsRegular():
		data, err := os.ReadFile(path)
		return fmt.Sprintf("%v sha256:%x", info.Mode(), sha256.Sum256(data)), err
	}
	return info.Mode().String(), nil
}
