package roundtrip

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A scene is what hosts have, as other programs see it.
type scene map[string]view

// A view is one host in a scene.
type view struct {
	snapshot string
	links    map[string]string // the number of each interface, by its name
}

// scene looks at the hosts that configurations of this seed are for.
func (p *pair) scene() scene {
	sc := scene{}
	for name, h := range p.hosts {
		if name != "lb" && !p.b.web {
			continue // nothing can have happened there
		}
		v := view{snapshot: h.Snapshot()}
		h.Inside(func() { v.links = linkNumbers() })
		sc[name] = v
	}
	return sc
}

// linkNumbers are those of the interfaces here. One that is made anew has another.
func linkNumbers() map[string]string {
	numbers := map[string]string{}
	files, _ := filepath.Glob("/sys/class/net/*/ifindex")
	for _, file := range files {
		number, _ := os.ReadFile(file)
		numbers[filepath.Base(filepath.Dir(file))] = string(number)
	}
	return numbers
}

// compareScenes wants everything on the hosts as it was. What the kernel does in its own
// time may take a moment.
func (p *pair) compareScenes() (findings []string) {
	for range 5 {
		now := p.scene()
		findings = append(p.before.compare(now), p.compareServices(now)...)
		if len(findings) == 0 {
			return nil
		}
		time.Sleep(time.Second)
	}
	return findings
}

func (sc scene) compare(now scene) (findings []string) {
	for name, after := range now {
		before := sc[name]
		anew := map[string]bool{}
		for link, number := range after.links {
			anew[link] = before.links[link] != number
		}
		if want, got := settled(before.snapshot, anew), settled(after.snapshot, anew); !slices.Equal(want, got) {
			findings = append(findings, fmt.Sprintf("everything on %s (-before +after):\n%s", name, cmp.Diff(want, got)))
		}
	}
	return findings
}

// compareServices compares what ipvsadm lists. It leaves services out while those of other
// hosts come and go, and so the court, which asks again and knows what A wants, has the
// last word.
func (p *pair) compareServices(now scene) []string {
	of := func(sc scene) (lines []string) {
		for line := range strings.Lines(sc["lb"].snapshot) {
			if strings.HasPrefix(line, "ipvs ") {
				lines = append(lines, line)
			}
		}
		return lines
	}
	if slices.Equal(of(p.before), of(now)) {
		return nil
	}
	c := &court{lb: p.hosts["lb"], now: p.a, before: p.b}
	return c.judge()
}

// settled is a snapshot without what is allowed to differ, sorted.
func settled(snapshot string, anew map[string]bool) []string {
	var lines []string
	var rules []string
	for line := range strings.Lines(snapshot) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "ipvs = "), strings.HasPrefix(line, "ipvs threshold "):
			// See compareServices.
		case strings.HasPrefix(line, "nft = "):
			rules = append(rules, strings.TrimSpace(strings.TrimPrefix(line, "nft = ")))
		default:
			if line = ofLinks(withoutRank(line), anew); line != "" {
				lines = append(lines, line)
			}
		}
	}
	lines = append(lines, inChains(rules)...)
	slices.Sort(lines)
	return lines
}

var (
	inherited = regexp.MustCompile(`^sysctl net/ipv[46]/(?:conf|neigh)/([^/]+)/`)
	chosen    = regexp.MustCompile(`"permaddr":"[^"]*",?|"mtu":\d+,?`)
	ofDummies = regexp.MustCompile(`"address":"[^"]*",?`)
	rank      = regexp.MustCompile(`,"secondary":true|,"prefsrc":"[^"]*"`)
)

// withoutRank leaves out which of several IPv4 addresses in one network is the primary one,
// which the kernel's own routes have as their source. It is the oldest, and one that comes
// back is the youngest.
func withoutRank(line string) string {
	if strings.HasPrefix(line, "address ") || strings.HasPrefix(line, "route4 ") && strings.Contains(line, `"protocol":"kernel"`) {
		return rank.ReplaceAllString(line, "")
	}
	return line
}

// ofLinks leaves out of a line what an interface that was made anew has from the kernel:
// settings that nobody asked for are those of conf/default at that moment; hardware
// addresses of tunnels and dummies are drawn by lot; link-local addresses are made of
// these, or of the addresses that the host has when the interface comes up; and the MTU is
// what the way to the other end has at that moment. One that was asked for is part of what
// lvsctl reads, and compared there.
func ofLinks(line string, anew map[string]bool) string {
	if m := inherited.FindStringSubmatch(line); m != nil && anew[m[1]] {
		return ""
	}
	key, _, _ := strings.Cut(line, " = ")
	words := strings.Fields(key)
	switch {
	case !slices.ContainsFunc(words, func(word string) bool { return anew[word] }):
		return line
	case words[0] == "address" && strings.HasPrefix(words[2], "fe80:"):
		return ""
	case words[0] == "route6" && words[1] == "local" && strings.HasPrefix(words[3], "fe80:"):
		return ""
	case strings.Contains(line, `"info_kind":"dummy"`):
		return ofDummies.ReplaceAllString(line, "")
	}
	return chosen.ReplaceAllString(line, "")
}

// inChains are the rules of nftables, each with its table and chain. Tables, chains and
// rules stand in the order in which they were made, which means nothing; where the order of
// rules does mean something, lvsctl reads those that are out of it as changed, and what it
// reads is compared as well.
func inChains(lines []string) (rules []string) {
	var table, chain string
	for _, line := range lines {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "}":
		case words[0] == "table":
			table, chain = line, ""
		case words[0] == "chain":
			chain = line
		default:
			rules = append(rules, fmt.Sprintf("nft %s %s %s", table, chain, line))
		}
	}
	return rules
}
