package provider

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
	"golang.org/x/sys/unix"
)

// A trial is what a need is tried on.
type trial struct {
	need
	setUp   string              // what others do before, in lines of a shell script
	judge   string              // prints the objects as others see them
	dir     string              // or where they are
	there   []resource.Resource // is made before, by us, and read
	found   []resource.Resource // is there before, made by others, and read
	changes []resource.Change
	deny    int      // how many of the changes take all of the rights, 0 for all
	shows   []string // in what the judge prints once the changes are made, and not before
}

// TestPrivilege tries for each kind that what it needs is enough, and that nothing of it can
// be left out: the error then says what is lacking, and the object stays as it is. Everything
// is done by processes that have these rights and no others.
func TestPrivilege(t *testing.T) {
	if !topo.InSystemd(t) {
		return
	}
	m, err := Open("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	trials := newTrials(t, m)
	before := judgeAll(t, trials)
	denials := denialsOf(trials)
	inProcesses(t, denials)
	denied := judgeAll(t, trials)
	reads := partsOf(trials, func(tr *trial) task { return tr.task(tr.read, tr.keys(), nil) })
	byRoot := partsOf(trials, func(tr *trial) task { return task{Caps: every(), Read: tr.keys()} })
	inProcesses(t, slices.Concat(reads, byRoot))
	changes := partsOf(trials, func(tr *trial) task {
		if slices.Contains(tr.change, asRoot) {
			return tr.task(none, nil, nil)
		}
		return tr.task(tr.change, nil, tr.changes)
	})
	inProcesses(t, changes)
	after := judgeAll(t, trials)
	t.Run("address that others are told of", tryAnnouncing)
	for i, tr := range trials {
		t.Run(tr.name(), func(t *testing.T) {
			if diff := gocmp.Diff(before[i], denied[i]); diff != "" {
				t.Errorf("who may not change it did (-before +after):\n%s", diff)
			}
			for _, p := range denials {
				if p.trial == tr {
					p.expectDenied(t)
				}
			}
			reads[i].expectRead(t, byRoot[i])
			changes[i].expectDone(t)
			tr.expectShown(t, before[i], after[i])
		})
	}
}

// tryAnnouncing: to tell other machines of an address takes CAP_NET_RAW besides. Without
// it the address is there all the same, and a notice says what is lacking.
func tryAnnouncing(t *testing.T) {
	shell(t, "ip link add eth1 type veth peer name eth2; ip link set eth1 up; ip link set eth2 up")
	of := func(ip string, caps ...capability) *part {
		vip := resource.Address{Link: "eth1", Prefix: prefix(ip)}
		return &part{do: task{User: nobody, Caps: caps, Changes: []resource.Change{create(vip)}}}
	}
	without, with := of("192.0.2.30/32", unix.CAP_NET_ADMIN), of("192.0.2.31/32", unix.CAP_NET_ADMIN, unix.CAP_NET_RAW)
	inProcesses(t, []*part{without, with})
	with.expectDone(t)
	a := without.attempts[0]
	if a.Err != "" || len(a.Notices) != 1 || !strings.HasSuffix(a.Notices[0], ": this takes CAP_NET_RAW") {
		t.Errorf("without CAP_NET_RAW: %+v", a)
	}
	there := shell(t, "ip addr show dev eth1")
	if !strings.Contains(there, "192.0.2.30/32") || !strings.Contains(there, "192.0.2.31/32") {
		t.Errorf("the addresses are not there:\n%s", there)
	}
}

// newTrials makes what is needed for a trial of each need.
func newTrials(t *testing.T, m *Machine) []*trial {
	t.Helper()
	setUp := []string{"rm /run/systemd/system/dbus.service /run/systemd/system/dbus.socket", "systemctl daemon-reload", "systemctl start dbus.service", "modprobe -a ip_vs ip_vs_rr fou nf_tables", "ip link set lo up", "ip link add eth0 type dummy", "ip link set eth0 up", "ip addr add 192.0.2.10/24 dev eth0"}
	var trials []*trial
	for i, n := range needs {
		tr := trialOf(t, n, fmt.Sprintf("/srv/privilege%d", i))
		tr.need = n
		trials, setUp = append(trials, &tr), append(setUp, tr.setUp)
	}
	shell(t, strings.Join(setUp, "\n"))
	t.Cleanup(func() { shell(t, "modprobe -r nlmon; sysctl -qw kernel.panic=0") }) // all else goes with the host
	for _, tr := range trials {
		for _, r := range tr.there {
			apply(t, m, create(r))
		}
	}
	return trials
}

// name is that of the need.
func (n need) name() string {
	return strings.TrimSpace(n.kind.String()+" "+n.which) + ", " + n.user.String()
}

// keys are those of what is read.
func (tr *trial) keys() []resource.Key { return keysOf(slices.Concat(tr.there, tr.found)) }

// judgeAll is what others see of the objects of each trial. Several can have one judge.
func judgeAll(t *testing.T, trials []*trial) []string {
	t.Helper()
	const mark = "== next =="
	var judges, lines []string
	for _, tr := range trials {
		if tr.dir == "" && !slices.Contains(judges, tr.judge) {
			judges, lines = append(judges, tr.judge), append(lines, tr.judge, "echo; echo "+mark)
		}
	}
	said := strings.Split(shell(t, strings.Join(lines, "\n")), mark)
	if len(said) != len(judges)+1 {
		t.Fatalf("%d answers of %d judges", len(said)-1, len(judges))
	}
	seen := make([]string, len(trials))
	for i, tr := range trials {
		if tr.dir != "" {
			seen[i] = listing(t, tr.dir)
		} else {
			seen[i] = said[slices.Index(judges, tr.judge)]
		}
	}
	return seen
}

// expectShown checks what others see once the changes are made.
func (tr *trial) expectShown(t *testing.T, before, after string) {
	t.Helper()
	if slices.Contains(tr.change, asRoot) {
		return
	}
	for _, want := range tr.shows {
		if !strings.Contains(after, want) || strings.Contains(before, want) {
			t.Errorf("%q is there before, or not afterwards (-before +after):\n%s", want, gocmp.Diff(before, after))
		}
	}
	if len(tr.shows) == 0 || len(tr.keys()) == 0 && tr.which != withSetID {
		t.Error("nothing is tried")
	}
}

// task is one for a process that has some capabilities.
func (n need) task(caps []capability, keys []resource.Key, changes []resource.Change) task {
	do := task{User: nobody, Caps: caps, Read: keys, Changes: changes}
	if n.user == rootUser {
		do.User = 0
	}
	return do
}

// denialsOf are the needs of trials without each part of them.
func denialsOf(trials []*trial) []*part {
	var parts []*part
	for _, tr := range trials {
		changes := tr.changes
		if tr.deny > 0 {
			changes = changes[:tr.deny]
		}
		for _, lack := range tr.read {
			parts = append(parts, &part{trial: tr, lack: lack.String(), do: tr.task(without(tr.read, lack), tr.keys(), nil)})
		}
		for _, lack := range tr.change {
			parts = append(parts, &part{trial: tr, lack: lack.String(), do: tr.task(without(tr.change, lack), nil, changes)})
		}
	}
	return parts
}

// without are capabilities but for one.
func without(caps []capability, lack capability) []capability {
	return slices.DeleteFunc(slices.Clone(caps), func(c capability) bool { return c == lack })
}

// expectDenied demands that nothing of a part succeeded, and that it is said why.
func (p *part) expectDenied(t *testing.T) {
	t.Helper()
	for _, a := range p.attempts {
		if !strings.HasSuffix(a.Err, ": this takes "+p.lack) && !strings.Contains(a.Err, "needs "+p.lack) {
			t.Errorf("%s: %q does not say that it takes %s", p.do, a.Err, p.lack)
		}
	}
}

// expectRead demands that a part read what root with all rights does.
func (p *part) expectRead(t *testing.T, byRoot *part) {
	t.Helper()
	for i, a := range p.attempts {
		if diff := gocmp.Diff(byRoot.attempts[i].Live, a.Live, alike, resourcetest.AsMaps); diff != "" || a.Err != "" {
			t.Errorf("%s: %q (-all rights +these):\n%s", p.do, a.Err, diff)
		}
		for _, k := range p.do.Read {
			if a.Live.Get(k) == nil {
				t.Errorf("%s: %s is not found", p.do, k)
			}
		}
	}
}

// expectDone demands that all of a part succeeded.
func (p *part) expectDone(t *testing.T) {
	t.Helper()
	for i, a := range p.attempts {
		if a.Err != "" || len(a.Notices) > 0 {
			t.Errorf("%s: change %d: %s %q", p.do, i, a.Err, a.Notices)
		}
	}
}

var rewritePage = flag.Bool("update", false, "rewrite the table in docs/operations.md")

// TestPrivilegePage: the page has a row for each need, with -update by itself.
func TestPrivilegePage(t *testing.T) {
	const page, header = "../docs/operations.md", "| kind | objects | user | to read | to change |\n|---|---|---|---|---|\n"
	var want strings.Builder
	for _, n := range needs {
		fmt.Fprintf(&want, "| `%s` | %s | %s | %s | %s |\n", n.kind, cmp.Or(n.which, "all"), n.user, listed(n.read), listed(n.change))
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), header)
	if !ok {
		t.Fatal("no table of what each kind needs")
	}
	got, rest, _ := strings.Cut(rest, "\n\n")
	if *rewritePage {
		if err := os.WriteFile(page, []byte(before+header+want.String()+"\n"+rest), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(want.String(), got+"\n"); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// listed writes capabilities for a table.
func listed(caps []capability) string {
	words := make([]string, len(caps))
	for i, c := range caps {
		words[i] = c.String()
	}
	return cmp.Or(strings.Join(words, ", "), "nothing")
}

// TestPrivilegeKinds: no kind is forgotten.
func TestPrivilegeKinds(t *testing.T) {
	for kind := resource.KindModule; kind <= resource.KindDestination; kind++ {
		if !slices.ContainsFunc(needs, func(n need) bool { return n.kind == kind }) {
			t.Errorf("nothing is said of what a %s needs", kind)
		}
	}
}
