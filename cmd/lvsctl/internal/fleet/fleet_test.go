package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// network is a set of hosts in memory. It keeps a log of what was asked of them.
type network struct {
	mu    sync.Mutex
	log   []string
	fails map[string]error // by "verb host"

	journals  map[string]*resource.Journal
	confirmed map[string]bool
	waits     map[string]*resource.Apply
	// serving is what a destination serves, nil for nothing.
	serving func(host string, key resource.Key) resource.Connections
	// onApply is called within an apply.
	onApply func(ctx context.Context, host, step string)
}

func (n *network) note(words ...string) error {
	line := words[0]
	for _, w := range words[1:] {
		line += " " + w
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log = append(n.log, line)
	return n.fails[line]
}

// taken returns the log so far and begins a new one. Where hosts are asked at once their
// order means nothing: sort it.
func (n *network) taken(sort bool) []string {
	log := n.log
	n.log = nil
	if sort {
		slices.Sort(log)
	}
	return log
}

func (n *network) connect(_ context.Context, h *schema.Host) (agent.Host, error) {
	if err := n.note("connect", h.Name); err != nil {
		return nil, err
	}
	return &fakeHost{n, h.Name}, nil
}

type fakeHost struct {
	*network
	name string
}

var _ agent.Host = (*fakeHost)(nil)

func (h *fakeHost) Read(_ context.Context, keys []resource.Key) (*resource.Snapshot, error) {
	if err := h.note("read", h.name); err != nil {
		return nil, err
	}
	return &resource.Snapshot{Facts: resource.Facts{Kernel: h.name + " was asked for " + keys[0].Name}}, nil
}

func (h *fakeHost) Connections(ctx context.Context, keys []resource.Key) (resource.Counts, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := h.fails["count "+h.name]; err != nil {
		return nil, err
	}
	counts := resource.Counts{}
	for _, k := range keys {
		if c := h.serving(h.name, k); c != (resource.Connections{}) {
			counts[k] = c
		}
	}
	return counts, nil
}

// Ask answers that everybody is at who asks.
func (h *fakeHost) Ask(_ context.Context, addresses []resource.Address) ([]resource.Neighbour, error) {
	if err := h.fails["ask "+h.name]; err != nil {
		return nil, err
	}
	var heard []resource.Neighbour
	for _, a := range addresses {
		heard = append(heard, resource.Neighbour{Hardware: a.String() + " at " + h.name})
	}
	return heard, nil
}

func (h *fakeHost) Lock(_ context.Context, by agent.Holder, timeout time.Duration) error {
	if by.Who != "me" || timeout != time.Minute && timeout != relock {
		return fmt.Errorf("lock by %v within %v", by, timeout)
	}
	return h.note("lock", h.name)
}

func (h *fakeHost) Apply(ctx context.Context, step resource.Step) (resource.Outcome, error) {
	if h.onApply != nil {
		h.onApply(ctx, h.name, step.Name)
	}
	out := resource.Outcome{Attempted: len(step.Changes)}
	err := h.note("apply", h.name, step.Name)
	if err != nil && errors.Is(err, errOutcome) {
		out.Failures = []resource.Failure{{Index: 1, Err: err}}
		return out, nil
	}
	return out, err
}

func (h *fakeHost) Unlock(context.Context) ([]string, error) {
	return []string{"a name on " + h.name}, h.note("unlock", h.name)
}

func (h *fakeHost) Close() error { return h.note("close", h.name) }

func (h *fakeHost) Start(_ context.Context, name string, apply resource.Apply, changes int) error {
	return h.note("start", name, apply.ID, fmt.Sprint(changes))
}

func (h *fakeHost) End(_ context.Context, ending resource.Ending, note string) error {
	return h.note("end", h.name, string(ending), note)
}

func (h *fakeHost) Journal(context.Context) (*resource.Journal, error) {
	return h.journals[h.name], h.note("journal", h.name)
}

func (h *fakeHost) Alive(context.Context) error { return h.note("alive", h.name) }

func (h *fakeHost) Await(context.Context) error { return h.note("await", h.name) }

func (h *fakeHost) Confirmed(context.Context) (bool, error) {
	return h.confirmed[h.name], h.note("confirmed", h.name)
}

func (h *fakeHost) Confirm(context.Context) (*resource.Apply, error) {
	return h.waits[h.name], h.note("confirm", h.name)
}

// One lock that is held keeps no other host from being unlocked.
func TestUnlock(t *testing.T) {
	held := errors.New("locked by you")
	n := &network{fails: map[string]error{"unlock web1": held}}
	f := connected(t, n)
	got := f.Unlock(t.Context())
	expect(t, "unlock", []string{"unlock lb1", "unlock web1", "unlock web2"}, n.taken(true))
	for i, name := range []string{"lb1", "web1", "web2"} {
		if got[i].Host != name || got[i].Removed[0] != "a name on "+name {
			t.Errorf("%s: got %+v", name, got[i])
		}
		if errors.Is(got[i].Err, held) != (name == "web1") {
			t.Errorf("%s: %v", name, got[i].Err)
		}
	}
}

// errOutcome is a failure of a change, others are failures of the host.
var errOutcome = errors.New("device or resource busy")

func hosts(names ...string) (list []*schema.Host) {
	for _, name := range names {
		list = append(list, &schema.Host{Name: name})
	}
	return list
}

// connected is a fleet of three hosts, given out of order.
func connected(t *testing.T, n *network) *Fleet {
	t.Helper()
	f, err := Connect(t.Context(), n.connect, hosts("web2", "lb1", "web1"), Options{AtOnce: 10})
	if err != nil {
		t.Fatal(err)
	}
	n.taken(true)
	return f
}

func expect(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestConnect(t *testing.T) {
	n := &network{}
	f, err := Connect(t.Context(), n.connect, hosts("web2", "lb1", "web1"), Options{AtOnce: 10})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "connect", []string{"connect lb1", "connect web1", "connect web2"}, n.taken(true))
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	expect(t, "close", []string{"close lb1", "close web1", "close web2"}, n.taken(true))
}

// All that cannot be reached are named, and what was opened is closed again.
func TestConnectFails(t *testing.T) {
	lost := &agent.Error{Code: agent.Unreachable, Message: "no route to host"}
	n := &network{fails: map[string]error{"connect web2": lost, "connect lb1": errors.New("permission denied")}}
	f, err := Connect(t.Context(), n.connect, hosts("web2", "lb1", "web1"), Options{AtOnce: 10})
	if f != nil {
		t.Error("a fleet that is not whole")
	}
	if err == nil || err.Error() != "lb1: permission denied\nweb2: no route to host" {
		t.Errorf("got %v", err)
	}
	if got := (*agent.Error)(nil); !errors.As(err, &got) || got != lost {
		t.Errorf("the code got lost: %v", err)
	}
	expect(t, "log", []string{"close web1", "connect lb1", "connect web1", "connect web2"}, n.taken(true))
}

// All hosts are connected at once: one that hangs does not hold up the others.
func TestConnectAtOnce(t *testing.T) {
	var together sync.WaitGroup
	together.Add(3)
	n := &network{}
	connect := func(ctx context.Context, h *schema.Host) (agent.Host, error) {
		together.Done()
		together.Wait() // for ever, unless all three come here
		return n.connect(ctx, h)
	}
	if _, err := Connect(t.Context(), connect, hosts("a", "b", "c"), Options{AtOnce: 10}); err != nil {
		t.Error(err)
	}
}

func TestCloseFails(t *testing.T) {
	n := &network{fails: map[string]error{"close web1": errors.New("exit status 1"), "close lb1": errors.New("killed")}}
	f := connected(t, n)
	if err := f.Close(); err == nil || err.Error() != "lb1: killed\nweb1: exit status 1" {
		t.Errorf("got %v", err)
	}
	expect(t, "close", []string{"close lb1", "close web1", "close web2"}, n.taken(true))
}

func TestRead(t *testing.T) {
	n := &network{}
	f := connected(t, n)
	keys := func(host string) []resource.Key { return []resource.Key{{Name: "keys of " + host}} }
	snaps, err := f.Read(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, snap := range snaps {
		got[name] = snap.Facts.Kernel
	}
	want := map[string]string{
		"lb1": "lb1 was asked for keys of lb1", "web1": "web1 was asked for keys of web1", "web2": "web2 was asked for keys of web2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("snapshots (-want +got):\n%s", diff)
	}

	n.fails = map[string]error{"read web2": errors.New("damaged"), "read lb1": errors.New("busy")}
	if _, err := f.Read(t.Context(), keys); err == nil || err.Error() != "lb1: read: busy\nweb2: read: damaged" {
		t.Errorf("got %v", err)
	}
}

// Locks are taken one after the other in the order of the names, so that two runs cannot
// wait for each other; and none is taken after one that is held.
// Hosts are asked what they were to ask, others not, and those that are lost are named.
func TestAsk(t *testing.T) {
	n := &network{}
	f := connected(t, n)
	vip := func(s string) resource.Address {
		return resource.Address{Link: "eth0", Prefix: netip.MustParsePrefix(s)}
	}
	heard, err := f.Ask(t.Context(), map[string][]resource.Address{"lb1": {vip("192.0.2.1/32"), vip("192.0.2.2/32")}, "web2": {vip("192.0.2.3/32")}})
	want := map[string][]resource.Neighbour{
		"lb1":  {{Hardware: "192.0.2.1/32 on eth0 at lb1"}, {Hardware: "192.0.2.2/32 on eth0 at lb1"}},
		"web2": {{Hardware: "192.0.2.3/32 on eth0 at web2"}},
	}
	if diff := cmp.Diff(want, heard); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	n.fails = map[string]error{"ask lb1": errors.New("lost")}
	if _, err := f.Ask(t.Context(), map[string][]resource.Address{"lb1": {vip("192.0.2.1/32")}}); err == nil || err.Error() != "lb1: ask who has an address: lost" {
		t.Errorf("got %v", err)
	}
}

func TestLock(t *testing.T) {
	n := &network{}
	f := connected(t, n)
	me := agent.Holder{Who: "me"}
	if err := f.Lock(t.Context(), me, time.Minute); err != nil {
		t.Error(err)
	}
	expect(t, "lock", []string{"lock lb1", "lock web1", "lock web2"}, n.taken(false))

	held := &agent.Error{Code: agent.Locked, Message: "locked by you"}
	n.fails = map[string]error{"lock web1": held}
	err := f.Lock(t.Context(), me, time.Minute)
	var which *HostError
	if !errors.As(err, &which) || which.Host != "web1" || err.Error() != "web1: locked by you" || !errors.Is(err, held) {
		t.Errorf("got %v", err)
	}
	expect(t, "lock", []string{"lock lb1", "lock web1"}, n.taken(false))
}

// progress logs what it is told.
type progress struct{ log []string }

func (p *progress) StepStarted(s resource.Step) { p.log = append(p.log, "started "+s.String()) }

func (p *progress) StepDone(s resource.Step, out resource.Outcome, err error) {
	p.log = append(p.log, fmt.Sprintf("done %s: %d of %d, %v", s, out.Attempted, len(s.Changes), err))
}

var phases = map[resource.Phase]string{resource.Begun: "begun", resource.Waiting: "waiting", resource.Over: "over", resource.Stopped: "stopped"}

func (p *progress) Draining(w resource.Wait) {
	p.log = append(p.log, fmt.Sprintf("%s %s: %d left, %s", phases[w.Phase], w.Step, w.Left, w.AtMost))
}

// plan has four steps of two changes each.
func plan() *planner.Plan {
	p := &planner.Plan{}
	for _, ref := range []resource.StepRef{{Host: "web1", Name: "a"}, {Host: "lb1", Name: "b"}, {Host: "web1", Name: "c"}, {Host: "lb1", Name: "d"}} {
		p.Steps = append(p.Steps, resource.Step{StepRef: ref, Changes: []resource.Change{
			{Action: resource.Create, After: resource.Module{Name: "m"}}, {Action: resource.Delete, Before: resource.Sysctl{Name: "s"}},
		}})
	}
	return p
}

func TestApply(t *testing.T) {
	all := []string{"apply web1 a", "apply lb1 b", "apply web1 c", "apply lb1 d"}
	tests := []struct {
		name     string
		fails    map[string]error
		applied  []string
		progress []string
		want     string
	}{
		{
			name: "all goes well", applied: all,
			progress: []string{
				"started web1: a", "done web1: a: 2 of 2, <nil>", "started lb1: b", "done lb1: b: 2 of 2, <nil>",
				"started web1: c", "done web1: c: 2 of 2, <nil>", "started lb1: d", "done lb1: d: 2 of 2, <nil>",
			},
		},
		{
			name: "a change fails", fails: map[string]error{"apply lb1 b": errOutcome}, applied: all[:2],
			progress: []string{
				"started web1: a", "done web1: a: 2 of 2, <nil>",
				"started lb1: b", "done lb1: b: 2 of 2, delete sysctl s: device or resource busy",
			},
			want: "lb1: b: delete sysctl s: device or resource busy",
		},
		{
			name: "the host fails", fails: map[string]error{"apply web1 a": errors.New("lost the agent")}, applied: all[:1],
			progress: []string{"started web1: a", "done web1: a: 2 of 2, lost the agent"},
			want:     "web1: a: lost the agent",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n, p := &network{fails: test.fails}, &progress{}
			err := connected(t, n).Apply(t.Context(), plan(), p)
			if (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
				t.Errorf("got %v, want %q", err, test.want)
			}
			expect(t, "applied", test.applied, n.taken(false))
			expect(t, "progress", test.progress, p.log)
		})
	}
}

// When the context ends, the step in flight is finished as if nothing had happened, and
// no other is begun.
func TestApplyCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n, p := &network{}, &progress{}
	n.onApply = func(inner context.Context, _, step string) {
		if step == "b" {
			cancel()
		}
		if inner.Err() != nil {
			t.Errorf("step %s is interrupted", step)
		}
	}
	if err := connected(t, n).Apply(ctx, plan(), p); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	expect(t, "applied", []string{"apply web1 a", "apply lb1 b"}, n.taken(false))
	expect(t, "progress", []string{
		"started web1: a", "done web1: a: 2 of 2, <nil>", "started lb1: b", "done lb1: b: 2 of 2, <nil>",
	}, p.log)
}
