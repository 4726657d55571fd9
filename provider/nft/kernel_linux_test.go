package nft

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/nftables/expr"
	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// The first thread of a process never ends. A test that ran on it would keep its network
// namespace in use for good, so it is given to the main goroutine.
func init() { runtime.LockOSThread() }

// namespace puts the test into a network namespace of its own. The test's goroutine keeps
// its thread, and the thread dies with it, so nothing has to be undone.
//
// Where that cannot be had, or there is no nftables, the test is skipped, but not in the
// lab (LVSLAB=1), which is there to run it.
func namespace(t *testing.T) {
	t.Helper()
	giveUp := t.Fatalf
	if os.Getenv("LVSLAB") != "1" {
		giveUp = func(format string, args ...any) {
			t.Helper()
			t.Skipf("NOT TESTED AGAINST A KERNEL, use go test -exec 'lvslab run': "+format, args...)
		}
	}
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		giveUp("unshare: %v", err)
	}
	if _, err := Read("lvsctl"); err != nil {
		giveUp("%v", err)
	}
}

// nft runs nft(8).
func nft(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("nft", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("nft %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func read(t *testing.T) Ruleset {
	t.Helper()
	rs, err := Read("lvsctl")
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

// commit carries out operations that all have to be possible.
func commit(t *testing.T, ops ...Op) {
	t.Helper()
	if err := Commit(read(t).Generation, ops); err != nil {
		t.Fatal(err)
	}
}

// on fills in the table.
func on(family resource.Family, ops ...Op) []Op {
	for i := range ops {
		ops[i].Family, ops[i].Table = family, "lvsctl"
	}
	return ops
}

var (
	output = Hook{Type: "filter", Number: unix.NF_INET_LOCAL_OUT, Priority: -150}
	jump   = Rule{Exprs: []Expr{&expr.Verdict{Kind: expr.VerdictJump, Chain: "marks"}}, Comment: "go there"}
	mark   = Rule{Exprs: []Expr{
		&expr.Immediate{Register: 1, Data: []byte{7, 0, 0, 0}}, &expr.Meta{Key: expr.MetaKeyMARK, SourceRegister: true, Register: 1},
	}}
)

// expectRuleset compares what nft(8) lists.
func expectRuleset(t *testing.T, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(nft(t, "list", "ruleset"))); diff != "" {
		t.Errorf("nft list ruleset (-want +got):\n%s", diff)
	}
}

func TestKernelTables(t *testing.T) {
	namespace(t)
	if rs := read(t); len(rs.Tables) != 0 {
		t.Errorf("there is nothing, but: %+v", rs)
	}
	commit(t, on(resource.IPv4,
		Op{Verb: AddTable}, Op{Verb: AddChain, Chain: "marks"}, Op{Verb: AddChain, Chain: "out", Hook: output},
		Op{Verb: AddRule, Chain: "out", Rule: jump}, Op{Verb: AddRule, Chain: "marks", Rule: mark},
	)...)
	commit(t, on(resource.IPv6, Op{Verb: AddTable})...)
	expectRuleset(t, `
table ip lvsctl {
	chain marks {
		meta mark set 0x00000007
	}

	chain out {
		type filter hook output priority mangle; policy accept;
		jump marks comment "go there"
	}
}
table ip6 lvsctl {
}`)

	// What else there can be in a table counts as a use of it.
	for _, words := range []string{
		"add table ip other", "add chain ip other marks", "add rule ip other marks accept",
		"add set ip lvsctl s { type ipv4_addr; }", "add counter ip lvsctl c", "add table ip6 lvsctl { flags dormant; }",
		"add rule ip lvsctl marks counter", "add chain ip lvsctl out { policy drop; }",
	} {
		nft(t, strings.Fields(words)...)
	}
	got := read(t)
	handles := clearHandles(t, &got)
	want := []Table{
		{Family: resource.IPv4, Name: "lvsctl", Uses: 4, Chains: []Chain{
			{Name: "marks", Uses: 3, Rules: []Rule{{Exprs: mark.Exprs}, {}}},
			{Name: "out", Hook: output, Drop: true, Uses: 1, Rules: []Rule{{Exprs: jump.Exprs}}},
		}},
		{Family: resource.IPv6, Name: "lvsctl", Dormant: true},
	}
	if diff := cmp.Diff(want, got.Tables); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}

	counter := handles[1]
	commit(t, on(resource.IPv4, Op{Verb: AddRule, Chain: "marks", Rule: jump2("a"), Before: counter}, Op{Verb: AddRule, Chain: "marks", Rule: jump2("b"), Before: counter},
		Op{Verb: AddRule, Chain: "marks", Rule: jump2("c")}, Op{Verb: DeleteRule, Chain: "marks", Rule: Rule{Handle: handles[0]}},
		Op{Verb: AddChain, Chain: "out", Hook: output})...)
	commit(t, on(resource.IPv6, Op{Verb: AddTable})...)
	list := nft(t, "list", "ruleset")
	if !inOrder(list, `comment "a"`, `comment "b"`, "counter", `comment "c"`) || strings.Contains(list, "0x00000007") ||
		strings.Contains(list, "dormant") || strings.Contains(list, "policy drop") {
		t.Errorf("after the changes:\n%s", list)
	}
	commit(t, on(resource.IPv4, Op{Verb: DeleteChain, Chain: "out"}, Op{Verb: DeleteChain, Chain: "marks"})...)
	commit(t, on(resource.IPv6, Op{Verb: DeleteTable})...)
	commit(t, on(resource.IPv4, Op{Verb: DeleteTable})...)
	expectRuleset(t, "table ip other {\n\tchain marks {\n\t\taccept\n\t}\n}")
}

// jump2 is a rule that does nothing, with a name.
func jump2(name string) Rule {
	return Rule{Exprs: []Expr{&expr.Verdict{Kind: expr.VerdictContinue}}, Comment: name}
}

// clearHandles takes the handles out of all rules and returns them in order.
func clearHandles(t *testing.T, rs *Ruleset) (handles []uint64) {
	t.Helper()
	for _, table := range rs.Tables {
		for _, c := range table.Chains {
			for i := range c.Rules {
				if c.Rules[i].Handle == 0 {
					t.Errorf("a rule of chain %s has no handle", c.Name)
				}
				handles = append(handles, c.Rules[i].Handle)
				c.Rules[i].Handle = 0
			}
		}
	}
	return handles
}

// inOrder tells whether words come one after the other in a text.
func inOrder(text string, words ...string) bool {
	for _, word := range words {
		_, rest, found := strings.Cut(text, word)
		if !found {
			return false
		}
		text = rest
	}
	return true
}

// A transaction is carried out as a whole or not at all, and the first operation that
// cannot be done is named, be there ever so many.
func TestKernelRefused(t *testing.T) {
	namespace(t)
	first := on(resource.IPv4, Op{Verb: AddTable}, Op{Verb: AddChain, Chain: "marks"}, Op{Verb: AddRule, Chain: "marks", Rule: mark})
	many := slices.Clone(first)
	for range 5000 {
		many = append(many, on(resource.IPv4, Op{Verb: DeleteRule, Chain: "marks", Rule: Rule{Handle: 999999}})...)
	}
	tests := []struct {
		name  string
		ops   []Op
		index int
		want  error
	}{
		{"no such rule", append(first[:3:3], on(resource.IPv4, Op{Verb: DeleteRule, Chain: "marks", Rule: Rule{Handle: 999}}, Op{Verb: AddRule, Chain: "marks", Rule: mark})...), 3, unix.ENOENT},
		{"the first", on(resource.IPv4, Op{Verb: DeleteTable}), 0, unix.ENOENT},
		{"no such type of chain", append(first[:2:2], on(resource.IPv4, Op{Verb: AddChain, Chain: "x", Hook: Hook{"telepathy", 3, 0}})...), 2, ErrLacking},
		{"chain in use", append(first[:3:3], on(resource.IPv4, Op{Verb: AddChain, Chain: "out", Hook: output}, Op{Verb: AddRule, Chain: "out", Rule: jump}, Op{Verb: DeleteChain, Chain: "marks"})...), 5, unix.EBUSY},
		{"thousands", many, 3, unix.ENOENT},
	}
	for _, test := range tests {
		err := Commit(read(t).Generation, test.ops)
		var refused *OpError
		if !errors.As(err, &refused) || refused.Index != test.index || !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want operation %d: %v", test.name, err, test.index, test.want)
		}
		expectRuleset(t, "")
	}
}

// A transaction that was made for an older state is not carried out.
func TestKernelStale(t *testing.T) {
	namespace(t)
	generation := read(t).Generation
	nft(t, "add", "table", "ip", "other")
	if err := Commit(generation, on(resource.IPv4, Op{Verb: AddTable})); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v", err)
	}
	expectRuleset(t, "table ip other {\n}")
}

func TestKernelNothing(t *testing.T) {
	namespace(t)
	before := read(t).Generation
	if err := Commit(before+7, nil); err != nil {
		t.Error(err)
	}
	if after := read(t).Generation; after != before {
		t.Errorf("generation %d became %d", before, after)
	}
}

// A large transaction fits through the socket, both ways.
func TestKernelLarge(t *testing.T) {
	namespace(t)
	const n = 20000
	ops := on(resource.IPv4, Op{Verb: AddTable}, Op{Verb: AddChain, Chain: "marks"})
	for range n {
		ops = append(ops, on(resource.IPv4, Op{Verb: AddRule, Chain: "marks", Rule: mark})...)
	}
	start := time.Now()
	commit(t, ops...)
	added := time.Now()
	rs := read(t)
	t.Logf("%d rules: added in %v, read in %v", n, added.Sub(start), time.Since(added))
	if got := rs.Tables[0].Chains[0]; len(got.Rules) != n || got.Uses != n {
		t.Errorf("%d rules, %d uses", len(got.Rules), got.Uses)
	}
}
