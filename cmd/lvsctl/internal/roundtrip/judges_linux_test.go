package roundtrip

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
)

// A court asks other programs, and the kernel in its own words, what a director has, and
// notes what is not as it should be. Of programs, which are slow to start, it asks those
// that can have something to say since the last configuration.
type court struct {
	lb       *topo.Host
	now      *model
	before   *model
	findings []string
}

// judge compares everything.
func (c *court) judge() []string {
	c.compareServices("ipvsadm -Sn", c.now.saved(), func() []string { return c.lines("ipvsadm", "-Sn") })
	if c.now.bounded() || c.before.bounded() {
		c.compareServices("ipvsadm -Ln --thresholds", c.now.thresholds(), func() []string { return listed(c.output("", "ipvsadm", "-Ln", "--thresholds"), 2) })
	}
	if c.now.local() || c.before.local() { // which -Sn takes for something else
		c.compareServices("ipvsadm -Ln", c.now.methods(), func() []string { return listed(c.output("", "ipvsadm", "-Ln"), 1) })
	}
	if c.now.timeouts() != c.before.timeouts() {
		c.compare("ipvsadm -Ln --timeout", []string{c.now.timeouts()}, c.lines("ipvsadm", "-Ln", "--timeout"))
	}
	if !slices.Equal(c.now.daemons(), c.before.daemons()) {
		c.compare("ipvsadm -Ln --daemon", c.now.daemons(), c.lines("ipvsadm", "-Ln", "--daemon"))
	}
	if len(c.now.ruleset())+len(c.before.ruleset()) > 0 {
		c.compare("nft list ruleset", c.now.ruleset(), rulesetIn(c.output("", "nft", "--stateless", "list", "ruleset")))
	}
	c.lb.Inside(func() {
		c.compareAddresses()
		for name, want := range c.now.sysctls() {
			got := strings.Join(strings.Fields(c.read("/proc/sys/"+name)), " ")
			if got == "2" && want == "1" && flips[name] {
				got = "1"
			}
			c.compare(name, want, got)
		}
	})
	for _, f := range []int{4, 6} {
		c.compareProbes(f)
	}
	return c.findings
}

// flips are settings that the kernel itself changes between 1 and 2.
var flips = map[string]bool{"net/ipv4/vs/drop_entry": true, "net/ipv4/vs/drop_packet": true, "net/ipv4/vs/secure_tcp": true}

func (c *court) find(format string, args ...any) {
	c.findings = append(c.findings, fmt.Sprintf(format, args...))
}

func (c *court) compare(what string, want, got any) {
	if !reflect.DeepEqual(want, got) { // cmp takes its time
		c.find("%s (-want +got):\n%s", what, cmp.Diff(want, got))
	}
}

// compareServices compares what a program lists. It asks again where that is wrong: while
// services of other hosts come and go, ipvsadm leaves some out or shows them twice.
func (c *court) compareServices(what string, want []string, list func() []string) {
	got := list()
	for range 19 {
		if slices.Equal(want, got) {
			return
		}
		got = list()
	}
	c.compare(what, want, got)
}

// output is what a program prints on the director.
func (c *court) output(input, name string, args ...string) string {
	out, err := c.lb.RunInput(input, name, args...)
	if err != nil {
		c.find("%v", err)
	}
	return out
}

// lines are what a program prints, sorted.
func (c *court) lines(name string, args ...string) []string {
	lines := []string{}
	for line := range strings.Lines(c.output("", name, args...)) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	slices.Sort(lines)
	return lines
}

func (c *court) read(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		c.find("%v", err)
	}
	return string(text)
}

// listed reads what ipvsadm -L prints of real servers, below their services, sorted. Of
// each it takes some columns.
func listed(text string, columns int) []string {
	list := []string{}
	title := ""
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) == 6 && words[0] == "->" && words[1] != "RemoteAddress:Port":
			list = append(list, title+" "+strings.Join(words[:2+columns], " "))
		case len(words) > 2 && words[2] == "IPv6":
			title = strings.Join(words[:3], " ")
		case len(words) > 1:
			title = strings.Join(words[:2], " ")
		}
	}
	slices.Sort(list)
	return list
}

// compareAddresses looks at all addresses beside those that the director always has. Of
// IPv4 addresses, the kernel says in /proc only that they are there.
func (c *court) compareAddresses() {
	want := []string{}
	for _, p := range c.now.addresses(4) {
		want = append(want, p.Addr().String())
	}
	slices.Sort(want)
	c.compare("/proc/net/fib_trie", slices.Compact(want), c.localIPv4())
	want = []string{}
	for _, p := range c.now.addresses(6) {
		want = append(want, p.String())
	}
	slices.Sort(want)
	c.compare("/proc/net/if_inet6", want, c.globalIPv6())
}

func (c *court) localIPv4() []string {
	found := []string{}
	last := ""
	for line := range strings.Lines(c.read("/proc/thread-self/net/fib_trie")) {
		words := strings.Fields(line)
		switch {
		case words[0] == "|--":
			last = words[1]
		case strings.HasPrefix(strings.TrimSpace(line), "/32 host LOCAL") && !slices.Contains(append(found, always...), last):
			found = append(found, last)
		}
	}
	slices.Sort(found)
	return found
}

// always are the addresses of the topology.
var always = []string{"127.0.0.1", own4.String(), own6.String(), "10.0.1.1"}

func (c *court) globalIPv6() []string {
	const global = "00"
	found := []string{}
	for line := range strings.Lines(c.read("/proc/thread-self/net/if_inet6")) {
		words := strings.Fields(line) // address, number, prefix length, scope, flags, interface
		raw, _ := hex.DecodeString(words[0])
		a, _ := netip.AddrFromSlice(raw)
		bits, _ := strconv.ParseUint(words[2], 16, 8)
		text := netip.PrefixFrom(a, int(bits)).String()
		if words[3] == global && !slices.Contains(always, a.String()) && !slices.Contains(found, text) {
			found = append(found, text)
		}
	}
	slices.Sort(found)
	return found
}

// rulesetIn reads what nft lists: the rules of each chain, sorted, by the name of the
// chain. A table without any is there by its own name.
func rulesetIn(text string) map[string][]string {
	set := map[string][]string{}
	table, chain := "", ""
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " comment ")
		words := strings.Fields(line)
		switch {
		case len(words) < 2 || words[0] == "type":
		case words[0] == "table":
			table = words[1] + " " + words[2]
			set[table] = []string{}
		case words[0] == "chain":
			chain = table + " " + words[1]
			delete(set, table)
			set[chain] = []string{}
		default:
			set[chain] = append(set[chain], line)
		}
	}
	for _, rules := range set {
		slices.Sort(rules)
	}
	return set
}

// compareProbes asks ip(8) about the blocks of the host.
func (c *court) compareProbes(f int) {
	var probes []probe
	var commands strings.Builder
	for _, r := range c.now.raw {
		for _, p := range r.probes {
			if p.family == f {
				probes = append(probes, p)
				commands.WriteString(p.command + "\n")
			}
		}
	}
	if len(probes) == 0 {
		return
	}
	answers := json.NewDecoder(strings.NewReader(c.output(commands.String(), "ip", fmt.Sprintf("-%d", f), "-json", "-details", "-batch", "-")))
	for _, p := range probes {
		var got []map[string]any
		if err := answers.Decode(&got); err != nil {
			c.find("ip %s: %v", p.command, err)
			return
		}
		if !slices.ContainsFunc(got, p.answers) {
			c.find("ip -%d %s: want %v, got %v", f, p.command, p.want, got)
		}
	}
}

// answers tells whether an entry of ip(8)'s output is as wanted.
func (p probe) answers(entry map[string]any) bool {
	for name, want := range p.want {
		var got any = entry
		for _, part := range strings.Split(name, ".") {
			members, _ := got.(map[string]any)
			got = members[part]
		}
		if name == "up" {
			flags, _ := entry["flags"].([]any)
			got = slices.Contains(flags, any("UP"))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			return false
		}
	}
	return true
}
