package nftrules

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// nftRule is a rule as nft -j list ruleset prints it.
type nftRule struct {
	Family  string `json:"family"`
	Table   string `json:"table"`
	Chain   string `json:"chain"`
	Comment string `json:"comment"`
	Expr    any    `json:"expr"`
}

// nftRules lists the rules of our tables, in order, but for the ways to the marks.
func nftRules(t *testing.T) (rules []nftRule) {
	t.Helper()
	list := runJSON[struct {
		Objects []struct {
			Rule nftRule `json:"rule"`
		} `json:"nftables"`
	}](t, "nft -j list ruleset")
	for _, o := range list.Objects {
		if r := o.Rule; r.Table == "lvsctl" && r.Chain != "prerouting" && r.Chain != "output" {
			rules = append(rules, r)
		}
	}
	return rules
}

// nftWords is what nft -j prints of the rule of a resource, and where.
func nftWords(r resource.Resource) (family, chain, expr string) {
	match := func(op, left, right string) string {
		return fmt.Sprintf(`{"match":{"op":%q,"left":%s,"right":%s}}`, op, left, right)
	}
	nameOf := func(a netip.Addr) string {
		if a.Is4() {
			return "ip"
		}
		return "ip6"
	}
	var words []string
	switch r := r.(type) {
	case resource.Mark:
		family, chain = nameOf(r.To.Addr()), "marks"
		switch {
		case r.To.IsSingleIP():
			words = append(words, match("==", payloadField(family, "daddr"), fmt.Sprintf("%q", r.To.Addr())))
		case r.To.Bits() > 0:
			words = append(words, match("==", payloadField(family, "daddr"), fmt.Sprintf(`{"prefix":{"addr":%q,"len":%d}}`, r.To.Addr(), r.To.Bits())))
		}
		switch {
		case r.Protocol == 0:
		case r.Last == 0:
			words = append(words, match("==", `{"meta":{"key":"l4proto"}}`, fmt.Sprintf("%q", r.Protocol)))
		case r.First == r.Last:
			words = append(words, match("==", payloadField(r.Protocol.String(), "dport"), fmt.Sprint(r.First)))
		default:
			words = append(words, match("==", payloadField(r.Protocol.String(), "dport"), fmt.Sprintf(`{"range":[%d,%d]}`, r.First, r.Last)))
		}
		words = append(words, fmt.Sprintf(`{"mangle":{"key":{"meta":{"key":"mark"}},"value":%d}}`, r.Mark))
	case resource.SourceNAT:
		family, chain = nameOf(r.First), "source"
		if vip := r.Service.Addr; vip.IsValid() {
			words = append(words, match("==", `{"meta":{"key":"l4proto"}}`, fmt.Sprintf("%q", r.Service.Protocol)),
				match("!=", payloadField(family, "daddr"), fmt.Sprintf("%q", vip)), match("==", `{"ct":{"key":"daddr","dir":"original"}}`, fmt.Sprintf("%q", vip)))
			if r.Service.Port != 0 {
				words = append(words, match("==", `{"ct":{"key":"proto-dst","dir":"original"}}`, fmt.Sprint(r.Service.Port)))
			}
			words = append(words, match("!", `{"ct":{"key":"status"}}`, `"dnat"`))
		} else {
			words = append(words, match("==", `{"meta":{"key":"mark"}}`, fmt.Sprint(r.Service.Mark)))
		}
		to := fmt.Sprintf("%q", r.First)
		switch both := netip.PrefixFrom(r.First, r.First.BitLen()-1); {
		case r.First == r.Last:
		case both.Masked().Addr() == r.First && r.First.Next() == r.Last:
			to = fmt.Sprintf(`{"prefix":{"addr":%q,"len":%d}}`, r.First, both.Bits())
		default:
			to = fmt.Sprintf(`{"range":[%q,%q]}`, r.First, r.Last)
		}
		words = append(words, `{"snat":{"addr":`+to+`}}`)
	case resource.MSS:
		family, chain = nameOf(r.From), "mss"
		words = append(words, match("==", payloadField(family, "saddr"), fmt.Sprintf("%q", r.From)),
			match("==", `{"&":[`+payloadField("tcp", "flags")+`,"syn"]}`, `"syn"`),
			fmt.Sprintf(`{"mangle":{"key":{"tcp option":{"name":"maxseg","field":"size"}},"value":%d}}`, r.Size))
	}
	return family, chain, "[" + strings.Join(words, ",") + "]"
}

func payloadField(protocol, field string) string {
	return fmt.Sprintf(`{"payload":{"protocol":%q,"field":%q}}`, protocol, field)
}

// expectNft compares what nft(8) lists in our tables with the rules of resources.
func expectNft(t *testing.T, want resource.Set) {
	t.Helper()
	line := func(family, chain, comment string, expr any) string {
		text, err := json.Marshal(expr) // with sorted keys
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join([]string{family, chain, comment, string(text)}, " ")
	}
	wanted, listed := map[string]bool{}, map[string]bool{}
	for _, r := range want.All() {
		family, chain, words := nftWords(r)
		var expr any
		if err := json.Unmarshal([]byte(words), &expr); err != nil {
			t.Fatalf("%v: %s", err, words)
		}
		comment := "lvsctl: " + r.String()
		wanted[line(family, chain, comment[:min(len(comment), 127)], expr)] = true
	}
	rules := nftRules(t)
	for _, r := range rules {
		listed[line(r.Family, r.Chain, r.Comment, r.Expr)] = true
	}
	if diff := cmp.Diff(wanted, listed); diff != "" || len(rules) != want.Len() {
		t.Errorf("nft -j list ruleset has %d rules for %d (-want +got):\n%s", len(rules), want.Len(), diff)
	}
	expectMarkOrder(t, want, rules)
}

// expectRuleset compares what nft(8) lists of everything.
func expectRuleset(t *testing.T, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(run(t, "nft list ruleset"))); diff != "" {
		t.Errorf("nft list ruleset (-want +got):\n%s", diff)
	}
}

// load has nft(8) read a script.
func load(t *testing.T, script string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rules.nft")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "nft -f "+file)
}

// creations and removals are the changes for all of a set.
func creations(set resource.Set) (changes []resource.Change) {
	for _, r := range set.Sorted() {
		changes = append(changes, create(r))
	}
	return changes
}

func removals(set resource.Set) (changes []resource.Change) {
	for _, r := range set.Sorted() {
		changes = append(changes, remove(r))
	}
	return changes
}

var (
	webService = resource.AddrService(resource.TCP, addr("192.0.2.1"), 80)
	webMark    = resource.Mark{To: prefix("192.0.2.1/32"), Protocol: resource.TCP, First: 80, Last: 80, Mark: 7}
	webNAT     = resource.SourceNAT{Service: webService, First: addr("10.0.0.1"), Last: addr("10.0.0.4")}
	webMSS     = resource.MSS{From: addr("192.0.2.1"), Size: 1400}
)

// What we make of each kind, as an administrator sees it.
func TestKernelListing(t *testing.T) {
	namespace(t)
	set := resource.NewSet(webMark, webNAT, webMSS)
	for range 2 { // a second time, nothing changes
		change(t, creations(set)...)
		expectRuleset(t, `
table ip lvsctl {
	chain marks {
		ip daddr 192.0.2.1 tcp dport 80 meta mark set 0x00000007 comment "lvsctl: tcp to 192.0.2.1 port 80 fwmark 7"
	}

	chain source {
		type nat hook postrouting priority srcnat - 1; policy accept;
		meta l4proto tcp ip daddr != 192.0.2.1 ct original ip daddr 192.0.2.1 ct original proto-dst 80 ct status ! dnat snat to 10.0.0.1-10.0.0.4 comment "lvsctl: tcp 192.0.2.1:80 source 10.0.0.1-10.0.0.4"
	}

	chain mss {
		type filter hook output priority mangle; policy accept;
		ip saddr 192.0.2.1 tcp flags & syn == syn tcp option maxseg size set 1400 comment "lvsctl: from 192.0.2.1 size 1400"
	}

	chain prerouting {
		type filter hook prerouting priority mangle; policy accept;
		jump marks comment "lvsctl: marks for what comes in"
	}

	chain output {
		type filter hook output priority mangle; policy accept;
		oif "lo" jump marks comment "lvsctl: marks for what this host sends to itself"
	}
}`)
		expectRead(t, webMark, webNAT, webMSS)
	}
	// Each chain goes with its last rule, and the table with the last chain.
	change(t, remove(webMark))
	if list := run(t, "nft list ruleset"); strings.Contains(list, "jump") || strings.Count(list, "chain") != 2 {
		t.Errorf("after the last mark:\n%s", list)
	}
	change(t, remove(webNAT), remove(webMSS))
	expectRuleset(t, "")
	change(t, remove(webMark), remove(webNAT), remove(webMSS)) // gone already
	expectRuleset(t, "")
	if got := read(t, webMark, webNAT, webMSS); got.Len() != 0 {
		t.Errorf("read %v", got)
	}
}

// Random rules come, change and go; nft(8) and we agree all the time, and in the end
// nothing is left.
func TestKernelRandom(t *testing.T) {
	namespace(t)
	rng := rand.New(rand.NewPCG(rand.Uint64(), 1))
	set := randomRules(rng, 60)
	change(t, creations(set)...)
	for range 6 {
		changes := randomChanges(rng, set)
		change(t, changes...)
		expectRead(t, set.Sorted()...)
		expectNft(t, set)
		if t.Failed() {
			t.Fatalf("after %v:\n%s", changes, run(t, "nft list ruleset"))
		}
	}
	change(t, removals(set)...)
	expectRuleset(t, "")
}

// expectMarkOrder looks for marks whose packets another one takes away that fits less.
func expectMarkOrder(t *testing.T, set resource.Set, rules []nftRule) {
	t.Helper()
	byComment := map[string]resource.Mark{}
	for _, r := range set.All() {
		if m, ok := r.(resource.Mark); ok {
			byComment["lvsctl: "+m.String()] = m
		}
	}
	for i, early := range rules {
		for _, late := range rules[i+1:] {
			if early.Chain == "marks" && early.Family == late.Family && early.Chain == late.Chain && within(byComment[early.Comment], byComment[late.Comment]) {
				t.Errorf("%s comes before %s", early.Comment, late.Comment)
			}
		}
	}
}

// Administrators save what nft(8) lists and load it at boot. What comes back is ours all
// the same.
func TestKernelReload(t *testing.T) {
	namespace(t)
	rng := rand.New(rand.NewPCG(rand.Uint64(), 2))
	set := randomRules(rng, 100)
	far := addr("fdff:ffff:ffff:ffff:ffff:ffff:ffff:fffe") // the longest comment there is
	set.Add(resource.SourceNAT{Service: resource.AddrService(resource.SCTP, far, 65535), First: far, Last: far.Next()})
	change(t, creations(set)...)
	list := run(t, "nft list ruleset")
	run(t, "nft flush ruleset")
	load(t, list)
	if diff := cmp.Diff(list, run(t, "nft list ruleset")); diff != "" {
		t.Errorf("nft(8) lists it differently now (-want +got):\n%s", diff)
	}
	expectRead(t, set.Sorted()...)
	change(t, removals(set)...)
	expectRuleset(t, "")
}

// Somebody throws everything away: nothing is read, and everything can be made again.
func TestKernelFlush(t *testing.T) {
	namespace(t)
	rs := []resource.Resource{webMark, webNAT, webMSS}
	change(t, create(webMark), create(webNAT), create(webMSS))
	run(t, "nft flush ruleset")
	if got := read(t, rs...); got.Len() != 0 {
		t.Errorf("read %v", got)
	}
	change(t, create(webMark), create(webNAT), create(webMSS))
	expectRead(t, rs...)
	expectNft(t, resource.NewSet(rs...))
}

// What others have, in tables of their own and in ours, stays byte for byte, handles
// included.
func TestKernelOthers(t *testing.T) {
	namespace(t)
	tests := []struct{ name, script string }{
		{"tables of theirs", `
			table inet filter { chain input { type filter hook input priority 0; policy accept; tcp dport 22 accept; }; }
			table ip nat { chain post { type nat hook postrouting priority 100; oifname "wan" masquerade; }; }
			table ip lvsctl2 { chain marks { meta mark set 7; }; }
			table inet lvsctl { chain marks { ip daddr 192.0.2.1 tcp dport 80 meta mark set 7; }; }
			table ip6 mangle { set s { type ipv6_addr; elements = { 2001:db8::1 }; }; }
			table arp lvsctl { }`},
		{"chain of theirs in our table", `table ip lvsctl { chain theirs { type filter hook input priority 0; ip saddr 192.0.2.9 drop; }; }`},
		{"set in our table", `table ip lvsctl { set s { type ipv4_addr; elements = { 192.0.2.9 }; }; }`},
		{"counter in our table", `table ip lvsctl { counter c { }; }`},
		{"rules in our chains", `table ip lvsctl {
			chain marks { ip daddr 192.0.2.1 tcp dport 80 counter meta mark set 7; };
			chain prerouting { type filter hook prerouting priority -150; ip saddr 192.0.2.9 return; jump marks comment "lvsctl: marks for what comes in"; }
			chain output { type filter hook output priority -150; oif "lo" jump marks; }
			chain source { type nat hook postrouting priority 99; ip saddr 10.0.0.0/8 oifname "wan" masquerade; }
			chain mss { type filter hook output priority -150; tcp flags syn tcp option maxseg size set rt mtu; }; }`},
		{"rules beside the way to our marks", `table ip lvsctl {
			chain prerouting { type filter hook prerouting priority -150; ip saddr 192.0.2.9 return; }
			chain output { type filter hook output priority -150; ip saddr 192.0.2.9 return; }; }`},
		{"chain that jumps to our marks", `table ip lvsctl { chain marks { }; chain theirs { type filter hook forward priority 0; jump marks; }; }`},
		{"marks of ours that nobody asked for", `table ip lvsctl {
			chain marks { ip daddr 192.0.2.7 meta mark set 3; ip daddr 192.0.2.0/24 tcp dport 80 meta mark set 3; }
			chain prerouting { type filter hook prerouting priority -150; jump marks; }
			chain output { type filter hook output priority -150; oif "lo" jump marks; }; }`},
	}
	rs := []resource.Resource{webMark, webNAT, webMSS}
	for _, test := range tests {
		t.Log(test.name)
		run(t, "nft flush ruleset")
		load(t, test.script)
		before := run(t, "nft -a list ruleset")
		change(t, create(webMark), create(webNAT), create(webMSS))
		if diff := cmp.Diff(resource.NewSet(rs...), read(t, rs...), alike, resourcetest.AsMaps); diff != "" {
			t.Errorf("read (-want +got):\n%s", diff)
		}
		during := run(t, "nft -a list ruleset")
		for line := range strings.Lines(before) {
			if !strings.Contains(during, line) {
				t.Errorf("while ours are there, this is missing: %s", line)
			}
		}
		changed := webMark
		changed.Mark = 8
		change(t, update(webMark, changed))
		change(t, remove(changed), remove(webNAT), remove(webMSS))
		if diff := cmp.Diff(before, run(t, "nft -a list ruleset")); diff != "" {
			t.Errorf("after ours have gone (-want +got):\n%s", diff)
		}
	}
}

// What somebody changes by hand shows, and making the objects again puts it right.
func TestKernelEdited(t *testing.T) {
	namespace(t)
	wide := resource.Mark{To: prefix("192.0.2.0/24"), Mark: 1}
	other := webMark
	other.Mark = 9
	all := []resource.Resource{wide, webMark, webNAT, webMSS}
	tests := []struct {
		name, script string // H is the handle of the web's mark
		want         []resource.Resource
	}{
		{"nothing", "", all},
		{"another mark", `replace rule ip lvsctl marks handle H ip daddr 192.0.2.1 tcp dport 80 meta mark set 9`, []resource.Resource{wide, other, webNAT, webMSS}},
		{"another port", `replace rule ip lvsctl marks handle H ip daddr 192.0.2.1 tcp dport 81 meta mark set 7`, []resource.Resource{wide, webNAT, webMSS}},
		{"with a counter", `replace rule ip lvsctl marks handle H ip daddr 192.0.2.1 tcp dport 80 counter meta mark set 7`, []resource.Resource{wide, webNAT, webMSS}},
		{"with one more that few know", `replace rule ip lvsctl marks handle H ip daddr 192.0.2.1 tcp dport 80 meta mark set 7 notrack`, []resource.Resource{wide, webNAT, webMSS}},
		{"without a comment", `replace rule ip lvsctl marks handle H ip daddr 192.0.2.1 tcp dport 80 meta mark set 7`, all},
		{"deleted", `delete rule ip lvsctl marks handle H`, []resource.Resource{wide, webNAT, webMSS}},
		{"chain flushed", `flush chain ip lvsctl source`, []resource.Resource{wide, webMark, webMSS}},
		{"put ahead of its place", "delete rule ip lvsctl marks handle H\ninsert rule ip lvsctl marks ip daddr 192.0.2.1 tcp dport 80 meta mark set 7", []resource.Resource{powerless(wide), webMark, webNAT, webMSS}},
		{"another one after it", `add rule ip lvsctl marks ip daddr 192.0.2.1 tcp dport 80 meta mark set 9`, []resource.Resource{wide, powerless(webMark), webNAT, webMSS}},
		{"the way to the marks cut", `flush chain ip lvsctl prerouting`, []resource.Resource{powerless(wide), powerless(webMark), webNAT, webMSS}},
		{"the other way to the marks cut", `delete chain ip lvsctl output`, []resource.Resource{powerless(wide), powerless(webMark), webNAT, webMSS}},
		{"table put to sleep", `add table ip lvsctl { flags dormant; }`, []resource.Resource{powerless(wide), powerless(webMark), powerless(webNAT), powerless(webMSS)}},
		{"chain that drops", `add chain ip lvsctl mss { type filter hook output priority -150; policy drop; }`, []resource.Resource{wide, webMark, webNAT, powerless(webMSS)}},
		{"table flushed", `flush table ip lvsctl`, nil},
		{"table deleted", `delete table ip lvsctl`, nil},
	}
	for _, test := range tests {
		t.Log(test.name)
		run(t, "nft flush ruleset")
		change(t, create(wide), create(webMark), create(webNAT), create(webMSS))
		load(t, strings.ReplaceAll(test.script, "H", markHandle(t)))
		if diff := cmp.Diff(resource.NewSet(test.want...), read(t, all...), alike, resourcetest.AsMaps); diff != "" {
			t.Errorf("read (-want +got):\n%s", diff)
		}
		live := read(t, all...)
		var changes []resource.Change
		for _, r := range all {
			if live.Get(r.Key()) == nil {
				changes = append(changes, create(r))
			} else if live.Get(r.Key()) != r {
				changes = append(changes, update(live.Get(r.Key()), r))
			}
		}
		change(t, changes...)
		if diff := cmp.Diff(resource.NewSet(all...), read(t, all...), alike, resourcetest.AsMaps); diff != "" {
			t.Errorf("read after making them again (-want +got):\n%s", diff)
		}
		change(t, remove(wide), remove(webMark), remove(webNAT), remove(webMSS))
		if got := read(t, all...); got.Len() > 0 {
			t.Errorf("left over: %v", got)
		}
	}
}

// markHandle finds the handle of the web's mark.
func markHandle(t *testing.T) string {
	t.Helper()
	for line := range strings.Lines(run(t, "nft -a list chain ip lvsctl marks")) {
		if rule, handle, ok := strings.Cut(line, "# handle "); ok && strings.Contains(rule, "dport 80") {
			return strings.TrimSpace(handle)
		}
	}
	t.Fatal("there is no mark for the web")
	return ""
}

// All changes are made or none, and the one that cannot be made is named.
func TestKernelTogether(t *testing.T) {
	namespace(t)
	strange := "table ip lvsctl {\n\tchain source {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n\t}\n}\n"
	load(t, strange)
	changes := []resource.Change{create(webMark), create(webMSS), create(webNAT), create(resource.MSS{From: addr("2001:db8::1"), Size: 1400})}
	expectFailure(t, 2, "chain source of table ip lvsctl: somebody made it differently", changes...)
	expectRuleset(t, strange)

	// The table belongs to a program, and the kernel keeps everybody else out.
	run(t, "nft flush ruleset")
	owner := exec.Command("nft", "-i")
	in, err := owner.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	defer owner.Wait()
	defer in.Close()
	fmt.Fprintln(in, "add table ip6 lvsctl { flags owner; }")
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(run(t, "nft list ruleset"), "owner"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no table with an owner")
		}
	}
	owned := run(t, "nft list ruleset")
	expectFailure(t, 3, "operation not permitted", changes...)
	expectRuleset(t, owned)
	invalid := webNAT
	invalid.First = addr("2001:db8::1")
	expectFailure(t, 2, "there can be no such rule", append(changes[:2:2], create(invalid))...)
	expectRuleset(t, owned)
}

// Others may change nftables at any time.
func TestKernelRace(t *testing.T) {
	namespace(t)
	noise := exec.Command("bash", "-c", "while :; do nft add table ip noise; nft add chain ip noise c; nft delete table ip noise; done")
	if err := noise.Start(); err != nil {
		t.Fatal(err)
	}
	defer noise.Wait()
	defer noise.Process.Kill()
	rng := rand.New(rand.NewPCG(rand.Uint64(), 3))
	set := resource.NewSet()
	for range 25 {
		changes := randomChanges(rng, set)
		change(t, changes...)
		expectRead(t, set.Sorted()...)
	}
}

// Thousands of rules cost in proportion to their number, and one more costs one look at
// the others.
func TestKernelMany(t *testing.T) {
	namespace(t)
	extra := resource.Mark{To: prefix("10.0.0.3/32"), Protocol: resource.TCP, First: 80, Last: 81, Mark: 2}
	took := func(changes ...resource.Change) time.Duration {
		start := time.Now()
		change(t, changes...)
		return time.Since(start)
	}
	best := func(n int) (all, one time.Duration) {
		set := manyMarks(n)
		all, one = time.Hour, time.Hour
		for range 3 {
			all = min(all, took(creations(set)...))
			one = min(one, took(create(extra)))
			expectRead(t, append(set.Sorted(), extra)...)
			change(t, append(removals(set), remove(extra))...)
			expectRuleset(t, "")
		}
		return all, one
	}
	const few, lots = 500, 4000
	fewAll, fewOne := best(few)
	lotsAll, lotsOne := best(lots)
	t.Logf("%d rules: %v, and one more %v; %d rules: %v, and one more %v", few, fewAll, fewOne, lots, lotsAll, lotsOne)
	if most := 24.0; lotsAll.Seconds() > most*fewAll.Seconds() || lotsOne.Seconds() > most*fewOne.Seconds() { // 64 would be quadratic
		t.Errorf("8 times as many rules take %.1f times as long, and one more %.1f times", lotsAll.Seconds()/fewAll.Seconds(), lotsOne.Seconds()/fewOne.Seconds())
	}
}

// manyMarks is one mark each for n addresses.
func manyMarks(n int) resource.Set {
	set := resource.NewSet()
	for i := range n {
		to := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		set.Add(resource.Mark{To: netip.PrefixFrom(to, 32), Protocol: resource.TCP, First: 80, Last: 80, Mark: 1})
	}
	return set
}
