package provider

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// ipRule is a rule as ip -d -j rule prints it.
type ipRule struct {
	Priority int    `json:"priority"`
	From     string `json:"src"`
	FromLen  int    `json:"srclen"`
	To       string `json:"dst"`
	ToLen    int    `json:"dstlen"`
	Mark     string `json:"fwmark"`
	Mask     string `json:"fwmask"`
	Iif      string `json:"iif"`
	Proto    string `json:"ipproto"`
	Sport    int    `json:"sport"`
	Table    string `json:"table"`
	Protocol string `json:"protocol"`
}

// ipRules lists the rules of both families in ip(8)'s words, but not those that every
// machine has.
func ipRules(t *testing.T) []string {
	t.Helper()
	lines := []string{}
	for _, family := range []string{"-4", "-6"} {
		for _, r := range runJSON[[]ipRule](t, "ip "+family+" -d -j rule show") {
			if r.Protocol != "kernel" {
				lines = append(lines, family+" "+r.words())
			}
		}
	}
	return lines
}

func (r ipRule) words() string {
	s := fmt.Sprintf("%d: from %s", r.Priority, r.From)
	if r.FromLen != 0 {
		s += fmt.Sprintf("/%d", r.FromLen)
	}
	if r.To != "" {
		s += " to " + r.To
	}
	if r.ToLen != 0 {
		s += fmt.Sprintf("/%d", r.ToLen)
	}
	if r.Mark != "" {
		s += " fwmark " + r.Mark
	}
	if r.Mask != "" {
		s += "/" + r.Mask
	}
	if r.Iif != "" {
		s += " iif " + r.Iif
	}
	if r.Proto != "" {
		s += " ipproto " + r.Proto
	}
	if r.Sport != 0 {
		s += fmt.Sprintf(" sport %d", r.Sport)
	}
	return s + " table " + r.Table + " " + r.Protocol
}

func expectRules(t *testing.T, want ...string) {
	t.Helper()
	if diff := gocmp.Diff(append([]string{}, want...), ipRules(t)); diff != "" {
		t.Errorf("ip rule (-want +got):\n%s", diff)
	}
}

const allBits = 1<<32 - 1

func TestKernelRules(t *testing.T) {
	m := kernel(t)
	tests := []struct {
		rule resource.Rule
		want string
	}{
		{resource.Rule{Family: resource.IPv4, Priority: 100, From: prefix("10.0.0.1/32"), Table: 88}, "-4 100: from 10.0.0.1 table 88 static"},
		{resource.Rule{Family: resource.IPv4, Priority: 0, To: prefix("10.0.0.0/8"), Table: 254}, "-4 0: from all to 10.0.0.0/8 table main static"},
		{resource.Rule{Family: resource.IPv4, Priority: 40000, Mark: 7, Mask: allBits, Table: 255}, "-4 40000: from all fwmark 0x7 table local static"},
		{resource.Rule{Family: resource.IPv4, Priority: 5, Mark: 7, Mask: 0xff, Table: 256}, "-4 5: from all fwmark 0x7/0xff table 256 static"},
		{resource.Rule{Family: resource.IPv4, Priority: 5, Mask: 0xff, Table: 1<<32 - 1}, "-4 5: from all fwmark 0/0xff table 4294967295 static"},
		{resource.Rule{Family: resource.IPv4, Priority: 1<<32 - 1, Interface: "eth0", Table: 1}, "-4 4294967295: from all iif eth0 table 1 static"},
		{resource.Rule{Family: resource.IPv4, Priority: 5, Interface: "not-there-yet", Table: 1}, "-4 5: from all iif not-there-yet table 1 static"},
		{resource.Rule{Family: resource.IPv4, Priority: 5, Table: 1}, "-4 5: from all table 1 static"},
		{resource.Rule{Family: resource.IPv6, Priority: 100, From: prefix("2001:db8::1/128"), Table: 88}, "-6 100: from 2001:db8::1 table 88 static"},
		{resource.Rule{Family: resource.IPv6, Priority: 9, From: prefix("2001:db8::/32"), To: prefix("::1/128"), Mark: allBits, Mask: allBits, Interface: "lo", Table: 1000},
			"-6 9: from 2001:db8::/32 to ::1 fwmark 0xffffffff iif lo table 1000 static"},
		{resource.Rule{Family: resource.IPv6, Priority: 9, Table: 1}, "-6 9: from all table 1 static"},
		{resource.Rule{Family: resource.IPv4, Priority: 1000, From: prefix("10.0.0.1/32"), Protocol: resource.TCP, SourcePort: 80, Table: 100},
			"-4 1000: from 10.0.0.1 ipproto tcp sport 80 table 100 static"},
		{resource.Rule{Family: resource.IPv6, Priority: 1000, Protocol: resource.SCTP, Table: 100}, "-6 1000: from all ipproto sctp table 100 static"},
		{resource.Rule{Family: resource.IPv4, Priority: 1000, SourcePort: 65534, Table: 100}, "-4 1000: from all sport 65534 table 100 static"},

		// Other spellings: read as they were asked for.
		{resource.Rule{Family: resource.IPv4, Priority: 5, From: prefix("0.0.0.0/0"), Table: 1}, "-4 5: from all table 1 static"},
		{resource.Rule{Family: resource.IPv4, Priority: 5, From: prefix("10.0.0.1/32"), To: prefix("0.0.0.0/0"), Mark: 7, Table: 1}, "-4 5: from 10.0.0.1 fwmark 0x7 table 1 static"},
		{resource.Rule{Family: resource.IPv6, Priority: 5, From: prefix("::/0"), To: prefix("::/0"), Table: 1}, "-6 5: from all table 1 static"},
	}
	for _, test := range tests { // no subtests: they would run in another namespace
		t.Log(test.rule)
		apply(t, m, create(test.rule))
		expectRules(t, test.want)
		expectRead(t, m, test.rule)
		fails(t, m, "it is there already: file exists", create(test.rule))
		apply(t, m, remove(test.rule))
		expectRules(t)
		if got := read(t, m, test.rule); got.Len() != 0 {
			t.Errorf("read after it was removed: %v", got)
		}
		apply(t, m, remove(test.rule)) // gone already
	}
}

// The table is changed without a moment in which there is no rule.
func TestKernelRuleChange(t *testing.T) {
	m := kernel(t)
	before := resource.Rule{Family: resource.IPv4, Priority: 100, From: prefix("10.0.0.1/32"), Table: 88}
	after := before
	after.Table = 300
	apply(t, m, create(before), update(before, after))
	expectRules(t, "-4 100: from 10.0.0.1 table 300 static")
	expectRead(t, m, after)
	apply(t, m, update(after, after))
	expectRules(t, "-4 100: from 10.0.0.1 table 300 static")

	// If the new one cannot be made, the old one stays.
	fails(t, m, "a rule needs a table", update(after, resource.Rule{Family: resource.IPv4, Priority: 100, From: after.From}))
	expectRead(t, m, after)

	// Interrupted between the two, the rule whose table counts is the one that is read,
	// and the change can be made again.
	run(t, "ip rule add pref 100 from 10.0.0.1 table 88 proto static")
	expectRead(t, m, after)
	apply(t, m, update(after, before))
	expectRules(t, "-4 100: from 10.0.0.1 table 88 static")

	run(t, "ip rule del pref 100")
	apply(t, m, update(before, after)) // what is to be changed is gone
	expectRules(t, "-4 100: from 10.0.0.1 table 300 static")
}

// Rules that a resource cannot say are neither shown nor deleted as others.
func TestKernelRulesOfOthers(t *testing.T) {
	m := kernel(t)
	others := []string{
		"tos 0x10 table 88", "oif eth0 table 88", "ipproto tcp sport 80-81 table 88", "dport 80-90 table 88",
		"uidrange 1-2 table 88", "not from 10.0.0.1 table 88", "goto 200", "nop", "prohibit table 88", "blackhole", "unreachable",
		"table 88 suppress_prefixlength 0", "table 88 suppress_ifgroup 1", "table 88 tun_id 5", "l3mdev", "fwmark 7/0 table 88", "table 88 realms 5",
	}
	for i, selector := range others {
		run(t, fmt.Sprintf("ip rule add pref %d %s", 100+i, selector))
	}
	before := run(t, "ip -d rule")
	var lookalikes []resource.Resource
	var removals []resource.Change
	for i := range others {
		for _, table := range []uint32{0, 88} {
			for _, r := range []resource.Rule{{}, {Mark: 7}, {Mark: 7, Mask: allBits}, {From: prefix("10.0.0.1/32")}} {
				r.Family, r.Priority, r.Table = resource.IPv4, uint32(100+i), table
				lookalikes, removals = append(lookalikes, r), append(removals, remove(r))
			}
		}
	}
	if got := read(t, m, lookalikes...); got.Len() != 0 {
		t.Errorf("read %v", got)
	}
	apply(t, m, removals...)
	if diff := gocmp.Diff(before, run(t, "ip -d rule")); diff != "" {
		t.Errorf("ip -d rule (-before +after):\n%s", diff)
	}
}

// A rule that others made is the same whatever they say of its origin.
func TestKernelRuleAdopted(t *testing.T) {
	m := kernel(t)
	rule := resource.Rule{Family: resource.IPv6, Priority: 100, From: prefix("2001:db8::1/128"), Table: 88}
	for _, protocol := range []string{"", " proto static", " proto 99"} {
		run(t, "ip -6 rule add pref 100 from 2001:db8::1 table 88"+protocol)
		expectRead(t, m, rule)
		fails(t, m, "it is there already", create(rule))
		apply(t, m, remove(rule))
		expectRules(t)
	}
}

// The kernel deletes the first rule that has what it is told. Where that is not the one
// that is meant, it is put behind it before.
func TestKernelRuleAmbiguous(t *testing.T) {
	m := kernel(t)
	wide := resource.Rule{Family: resource.IPv4, Priority: 100, Table: 88}
	narrow, marked, tcp := wide, wide, wide
	narrow.From = prefix("10.0.0.1/32")
	marked.Mark, marked.Mask = 7, allBits
	tcp.Protocol, tcp.SourcePort, tcp.Interface = resource.TCP, 80, "eth0"
	apply(t, m, create(marked), create(tcp), create(wide), create(narrow))
	const markedLine, wideLine = "-4 100: from all fwmark 0x7 table 88 static", "-4 100: from all table 88 static"
	const tcpLine, narrowLine = "-4 100: from all iif eth0 ipproto tcp sport 80 table 88 static", "-4 100: from 10.0.0.1 table 88 static"
	expectRules(t, markedLine, tcpLine, wideLine, narrowLine)
	expectRead(t, m, wide, narrow, marked, tcp)
	apply(t, m, remove(wide))
	expectRules(t, narrowLine, markedLine, tcpLine)
	fails(t, m, "a rule for fewer packets has the same priority and table: file exists", create(wide))
	apply(t, m, remove(marked), remove(tcp))
	expectRules(t, narrowLine)

	// One of another origin can be told apart.
	run(t, "ip rule add pref 100 table 88 proto 99")
	expectRead(t, m, wide, narrow)
	apply(t, m, remove(wide))
	expectRules(t, narrowLine)
}

// A rule that cannot be moved stays, and so does what it is taken for.
func TestKernelRuleInTheWay(t *testing.T) {
	m := kernel(t)
	wide := resource.Rule{Family: resource.IPv6, Priority: 100, Table: 88}
	tests := []struct{ first, last string }{
		{"iif eth0 dport 80 table 88 proto static", ""},                  // more than a resource can say
		{"iif eth0 table 88 proto static", "table 99"},                   // it would come after another table
		{"iif eth0 table 88 proto static", "from ::1 prohibit"},          // or after another end
		{"iif eth0 table 88 proto static", "from ::1 table 88 prohibit"}, // whatever table that names
	}
	for _, test := range tests { // no subtests: they would run in another namespace
		run(t, "ip -6 rule add pref 100 "+test.first)
		apply(t, m, create(wide))
		if test.last != "" {
			run(t, "ip -6 rule add pref 100 "+test.last)
		}
		before := ipRules(t)
		fails(t, m, "the kernel would delete another rule for it: 100: from all iif eth0 (IPv6) table 88", remove(wide))
		expectRules(t, before...)
		for range before {
			run(t, "ip -6 rule del pref 100")
		}
	}
}

func TestKernelRuleFails(t *testing.T) {
	m := kernel(t)
	tests := []struct {
		rule resource.Rule
		text string
	}{
		{resource.Rule{Family: resource.IPv6, Priority: 100, From: prefix("10.0.0.1/32"), Table: 88}, "prefix 10.0.0.1/32 is not of the rule's family"},
		{resource.Rule{Family: resource.IPv4, Priority: 100, To: prefix("2001:db8::/32"), Table: 88}, "prefix 2001:db8::/32 is not of the rule's family"},
		{resource.Rule{Family: resource.IPv6, Priority: 100, To: prefix("::ffff:10.0.0.0/104"), Table: 88}, "prefix ::ffff:10.0.0.0/104 is not of the rule's family"},
		{resource.Rule{Family: resource.IPv4, Priority: 100}, "a rule needs a table"},
		{resource.Rule{Family: resource.IPv4, Priority: 100, SourcePort: 65535, Table: 88}, "the kernel has no rules for port 65535"},
		{resource.Rule{Family: 99, Priority: 100, Table: 88}, "list rules: address family not supported by protocol"},
	}
	for _, test := range tests {
		fails(t, m, test.text, create(test.rule))
	}
	expectRules(t)
}

// Whatever rule is made comes back as it was asked for, among many.
func TestKernelRandomRules(t *testing.T) {
	m := kernel(t)
	run(t, "ip rule add pref 7 from 10.0.0.0/8 table 77")
	run(t, "ip -6 rule add pref 7 from 2001:db8::/32 table 77")
	const seeds = 60
	var made []resource.Rule
	for seed := range uint64(seeds) {
		rule := randomRule(rand.New(rand.NewPCG(seed, 1)), uint32(100+seed))
		apply(t, m, create(rule))
		made = append(made, rule)
	}
	for seed, rule := range made {
		expectRead(t, m, rule)
		changed := rule
		changed.Table = rule.Table%1000 + 1000
		apply(t, m, update(rule, changed))
		expectRead(t, m, changed)
		made[seed] = changed
		if t.Failed() {
			t.Fatalf("seed %d: %s", seed, rule)
		}
	}
	want := []string{"-4 7: from 10.0.0.0/8 table 77 unspec"}
	for _, rule := range made {
		if rule.Family == resource.IPv4 {
			want = append(want, ruleLine(rule))
		}
	}
	want = append(want, "-6 7: from 2001:db8::/32 table 77 unspec")
	for _, rule := range made {
		if rule.Family == resource.IPv6 {
			want = append(want, ruleLine(rule))
		}
	}
	expectRules(t, want...)
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(seeds) {
		apply(t, m, remove(made[i]))
		if got := read(t, m, made[i]); got.Len() != 0 {
			t.Errorf("read after it was removed: %v", got)
		}
	}
	expectRules(t, "-4 7: from 10.0.0.0/8 table 77 unspec", "-6 7: from 2001:db8::/32 table 77 unspec")
}

// randomRule is a rule of a priority.
func randomRule(rng *rand.Rand, priority uint32) resource.Rule {
	r := resource.Rule{
		Family: pick(rng, resource.IPv4, resource.IPv6), Priority: priority,
		Table: pick(rng, 1, 250, 256, 500, rng.Uint32N(1<<31)+2000), Interface: pick(rng, "", "eth0", "lo", "eth9"),
	}
	if rng.IntN(2) == 0 {
		r.From = randomRulePrefix(rng, r.Family)
	}
	if rng.IntN(2) == 0 {
		r.To = randomRulePrefix(rng, r.Family)
	}
	if rng.IntN(2) == 0 {
		r.Mark, r.Mask = rng.Uint32(), pick(rng, allBits, 0xff, 1+rng.Uint32N(allBits))
	}
	if rng.IntN(2) == 0 {
		r.Protocol, r.SourcePort = pick(rng, resource.TCP, resource.UDP, resource.SCTP), pick(rng, 0, uint16(1+rng.UintN(65534)))
	}
	return r
}

func randomRulePrefix(rng *rand.Rand, family resource.Family) netip.Prefix {
	addr := randomEnd(rng, family)
	return netip.PrefixFrom(addr, 1+rng.IntN(addr.BitLen()))
}

// ruleLine is a rule as ipRules has it.
func ruleLine(r resource.Rule) string {
	family := "-4"
	if r.Family == resource.IPv6 {
		family = "-6"
	}
	s := fmt.Sprintf("%s %d: from %s", family, r.Priority, cmp.Or(shortPrefix(r.From), "all"))
	if r.To.IsValid() {
		s += " to " + shortPrefix(r.To)
	}
	if r.Mask != 0 {
		s += fmt.Sprintf(" fwmark %s", cmp.Or(hex(r.Mark), "0"))
		if r.Mask != allBits {
			s += "/" + hex(r.Mask)
		}
	}
	if r.Interface != "" {
		s += " iif " + r.Interface
	}
	if r.Protocol != 0 {
		s += " ipproto " + r.Protocol.String()
	}
	if r.SourcePort != 0 {
		s += fmt.Sprintf(" sport %d", r.SourcePort)
	}
	return fmt.Sprintf("%s table %d static", s, r.Table)
}

func hex(n uint32) string { return fmt.Sprintf("%#x", n) }

// shortPrefix writes a prefix as ip(8) does, one address without its length.
func shortPrefix(p netip.Prefix) string {
	switch {
	case !p.IsValid():
		return ""
	case p.IsSingleIP():
		return p.Addr().String()
	}
	return p.String()
}

// A rule can be written in several ways, of which each has the same meaning.
func TestRuleSpellings(t *testing.T) {
	tests := []struct {
		rule resource.Rule
		n    int
	}{
		{resource.Rule{Family: resource.IPv4, Table: 1}, 4},
		{resource.Rule{Family: resource.IPv6, From: prefix("2001:db8::/32"), Table: 1}, 2},
		{resource.Rule{Family: resource.IPv4, From: prefix("10.0.0.1/32"), To: prefix("10.0.0.1/32"), Mark: 7, Mask: 0xff, Table: 1}, 1},
		{resource.Rule{Family: resource.IPv4, Mark: 7, Mask: allBits, Table: 1}, 8},
	}
	for _, test := range tests {
		got := spellings(test.rule)
		keys := newKeySet(nil)
		for _, r := range got {
			keys[r.Key()] = true
			if canonical(r) != test.rule {
				t.Errorf("%s is spelled %s", test.rule, r)
			}
		}
		if len(got) != test.n || len(keys) != test.n || !slices.Contains(got, test.rule) {
			t.Errorf("%s: %d spellings, want %d: %v", test.rule, len(got), test.n, got)
		}
	}
}
