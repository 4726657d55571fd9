package agent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// TestMain makes the test binary be an agent of some character when it is asked to.
func TestMain(m *testing.M) {
	if character := os.Getenv("TEST_AGENT"); character != "" {
		os.Exit(beAgent(character))
	}
	os.Exit(m.Run())
}

func beAgent(character string) int {
	switch character {
	case "good":
		if err := Serve(context.Background(), &fakeHost{}, "1.0", os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	case "chatty":
		fmt.Println("Last login: Tue")
	case "silent":
		time.Sleep(time.Minute)
	case "future":
		fmt.Println(`{"agent":"lvsctl","protocol":99,"version":"9.9"}`)
	case "complaining":
		fmt.Fprintln(os.Stderr, "sudo: a password is required\x1b[2J")
		return 1
	case "slow", "stuck":
		return beSlow(character == "stuck")
	case "dying":
		fmt.Printf(`{"agent":"lvsctl","protocol":%d,"version":"1.0"}`+"\n", protocol)
		fmt.Fprintln(os.Stderr, "out of memory")
		return 3
	case "babbling":
		fmt.Printf(`{"agent":"lvsctl","protocol":%d,"version":"1.0"}`+"\n", protocol)
		for chunk := strings.Repeat("x", 1<<20); ; {
			if _, err := fmt.Print(chunk); err != nil {
				return 1
			}
		}
	case "lying":
		fmt.Printf(`{"agent":"lvsctl","protocol":%d,"version":"1.0"}`+"\n", protocol)
		fmt.Println(`{"outcome":{"attempted":5,"failures":[{"index":-1,"error":"no"}]}}`)
		time.Sleep(time.Minute)
	}
	return 0
}

// beSlow is an agent that takes longer to read than may pass without a word, and is heard of
// meanwhile, or not.
func beSlow(stuck bool) int {
	if stuck {
		fmt.Printf(`{"agent":"lvsctl","protocol":%d,"version":"1.0"}`+"\n", protocol)
		time.Sleep(time.Minute)
		return 0
	}
	if err := Serve(context.Background(), &slowHost{}, "1.0", os.Stdin, os.Stdout); err != nil {
		return 1
	}
	return 0
}

type slowHost struct{ fakeHost }

func (h *slowHost) Read(ctx context.Context, keys []resource.Key) (*resource.Snapshot, error) {
	time.Sleep(5 * time.Second)
	return h.fakeHost.Read(ctx, keys)
}

// fakeHost has one service, and fails every deletion.
type fakeHost struct {
	locked, waits, confirmed bool

	apply   *resource.Apply
	changes int
	ending  string
	name    string
}

var service = resource.Service{ServiceKey: resource.MarkService(resource.IPv6, 7), Scheduler: "rr", Netmask: 128}

func (h *fakeHost) Read(_ context.Context, keys []resource.Key) (*resource.Snapshot, error) {
	if len(keys) == 0 {
		return nil, errors.New("nothing asked for")
	}
	return &resource.Snapshot{
		Facts:  resource.Facts{Kernel: "6.1"},
		Live:   resource.NewSet(service),
		Ledger: resource.Ledger{Claims: resource.NewClaims(resource.Claim{Want: service, Step: "s"})},
	}, nil
}

func (h *fakeHost) Connections(_ context.Context, keys []resource.Key) (resource.Counts, error) {
	switch len(keys) {
	case 0:
		return nil, errors.New("nothing asked for")
	case 1:
		return nil, nil
	}
	return resource.Counts{keys[1]: {Active: 3}}, nil
}

// Ask answers with what it was asked.
func (h *fakeHost) Ask(_ context.Context, addresses []resource.Address) ([]resource.Neighbour, error) {
	var heard []resource.Neighbour
	for _, a := range addresses {
		heard = append(heard, resource.Neighbour{Hardware: a.String()})
	}
	if len(addresses) > 3 {
		heard = heard[1:]
	}
	return heard, nil
}

func (h *fakeHost) Lock(_ context.Context, by Holder, _ time.Duration) error {
	if h.locked {
		return &Error{Locked, "locked by " + by.Who}
	}
	h.locked = true
	return nil
}

func (h *fakeHost) Apply(_ context.Context, step resource.Step) (resource.Outcome, error) {
	var out resource.Outcome
	for i, c := range step.Changes {
		out.Attempted++
		if c.Action == resource.Delete {
			out.Failures = append(out.Failures, resource.Failure{Index: i, Err: errors.New("busy")})
			break
		}
	}
	return out, nil
}

func (h *fakeHost) Unlock(context.Context) ([]string, error) {
	if h.locked {
		return nil, &Error{Locked, "locked by you"}
	}
	return []string{"a name"}, nil
}

// Probe answers with what it was asked.
func (h *fakeHost) Probe(_ context.Context, probes []resource.Probe) ([]resource.ProbeOutcome, error) {
	var outcomes []resource.ProbeOutcome
	for _, p := range probes {
		outcomes = append(outcomes, resource.ProbeOutcome{Failure: fmt.Sprintf("%+v", p), Tries: p.Tries, Took: p.Timeout})
	}
	if len(probes) > 3 {
		outcomes = outcomes[1:]
	}
	return outcomes, nil
}

func (h *fakeHost) Close() error { return nil }

func (h *fakeHost) Start(_ context.Context, name string, apply resource.Apply, changes int) error {
	if !h.locked {
		return errors.New("not locked")
	}
	h.name, h.apply, h.changes = name, &apply, changes
	return nil
}

func (h *fakeHost) End(_ context.Context, ending resource.Ending, note string) error {
	h.ending = fmt.Sprint(ending, ": ", note)
	return nil
}

func (h *fakeHost) Journal(context.Context) (*resource.Journal, error) {
	if h.apply == nil {
		return nil, nil
	}
	was := resource.Was{Claimed: true, Claim: resource.Claim{Want: service, Step: "s"}}
	journal := &resource.Journal{Apply: *h.apply, Note: fmt.Sprint(h.name, " ", h.changes, " ", h.ending), Was: resource.NewByKey[resource.Was]()}
	journal.Was.Put(service.Key(), was)
	return journal, nil
}

func (h *fakeHost) Alive(context.Context) error {
	h.changes++
	return nil
}

func (h *fakeHost) Await(context.Context) error {
	h.waits = true
	return nil
}

func (h *fakeHost) Confirmed(context.Context) (bool, error) { return h.confirmed, nil }

func (h *fakeHost) Confirm(context.Context) (*resource.Apply, error) {
	if !h.waits {
		return nil, nil
	}
	h.confirmed = true
	return h.apply, nil
}

// dial starts an agent of the given character.
func dialCharacter(t *testing.T, ctx context.Context, character string) (Host, error) { //nolint:revive // t comes first in tests
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	silence := patience
	if slices.Contains([]string{"silent", "slow", "stuck"}, character) {
		silence = 2 * time.Second
	}
	return dial(ctx, []string{"env", "TEST_AGENT=" + character, self}, silence, (*remote).greet)
}

func TestConversation(t *testing.T) {
	ctx := t.Context()
	h, err := dialCharacter(t, ctx, "good")
	if err != nil {
		t.Fatal(err)
	}
	snap, err := h.Read(ctx, []resource.Key{service.Key()})
	if err != nil {
		t.Fatal(err)
	}
	want, _ := (&fakeHost{}).Read(ctx, []resource.Key{service.Key()})
	equal := cmp.Comparer(func(a, b resource.Resource) bool { return a == b })
	keys := cmp.Comparer(func(a, b resource.Key) bool { return a == b })
	if diff := cmp.Diff(want, snap, equal, keys, resourcetest.AsMaps); diff != "" {
		t.Errorf("snapshot (-sent +received):\n%s", diff)
	}
	if _, err := h.Read(ctx, nil); err == nil || err.Error() != "nothing asked for" {
		t.Errorf("read of nothing: %v", err)
	}
	if removed, err := h.Unlock(ctx); err != nil || len(removed) != 1 || removed[0] != "a name" {
		t.Errorf("unlock: %v, %v", removed, err)
	}
	other := resource.MarkService(resource.IPv4, 7)
	both := []resource.Key{{Kind: resource.KindDestination, Service: service.ServiceKey}, {Kind: resource.KindDestination, Service: other}}
	if counts, err := h.Connections(ctx, both); err != nil || len(counts) != 1 || counts[both[1]].Active != 3 {
		t.Errorf("connections: %v, %v", counts, err)
	}
	if counts, err := h.Connections(ctx, both[:1]); err != nil || len(counts) != 0 {
		t.Errorf("connections where there are none: %v, %v", counts, err)
	}
	if _, err := h.Connections(ctx, nil); err == nil || err.Error() != "nothing asked for" {
		t.Errorf("connections of nothing: %v", err)
	}
	vip := resource.Address{Link: "eth0", Prefix: netip.MustParsePrefix("192.0.2.1/32")}
	if heard, err := h.Ask(ctx, []resource.Address{vip, vip}); err != nil || len(heard) != 2 || heard[0].Hardware != vip.String() {
		t.Errorf("asked: %v, %v", heard, err)
	}
	if heard, err := h.Ask(ctx, make([]resource.Address, 4)); err == nil {
		t.Errorf("an answer to another question: %v", heard)
	}
	if err := h.Lock(ctx, Holder{Who: "me"}, 0); err != nil {
		t.Error(err)
	}
	var held *Error
	if _, err := h.Unlock(ctx); !errors.As(err, &held) || held.Code != Locked {
		t.Errorf("unlock of a lock that is held: %v", err)
	}
	if err := h.Lock(ctx, Holder{Who: "me"}, 0); !errors.As(err, &held) || held.Code != Locked {
		t.Errorf("second lock: %v", err)
	}
	out, err := h.Apply(ctx, resource.Step{Changes: []resource.Change{
		{Action: resource.Create, After: service}, {Action: resource.Delete, Before: service}, {Action: resource.Create, After: service},
	}})
	if err != nil || out.Attempted != 2 || !out.TookEffect(0) || out.TookEffect(1) || out.TookEffect(2) || out.Failures[0].Err.Error() != "busy" {
		t.Errorf("apply: %+v, %v", out, err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

// What a probe says arrives as it was, and so does what became of it.
func TestProbes(t *testing.T) {
	h, err := dialCharacter(t, t.Context(), "good")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	probes := []resource.Probe{
		{HTTP: "http://192.0.2.1/", Status: 200, Contains: "web", Timeout: 3 * time.Second, Tries: 3},
		{TCP: "[2001:db8::1]:80", Timeout: time.Millisecond, Tries: 1},
		{Command: []string{"curl", "-f", "a b"}, Timeout: time.Hour, Tries: 100},
	}
	want, _ := (&fakeHost{}).Probe(t.Context(), probes)
	got, err := h.Probe(t.Context(), probes)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-sent +received):\n%s", diff)
	}
	_, err = h.Probe(t.Context(), make([]resource.Probe, 4))
	if err == nil || err.Error() != "the agent answered with 3 outcomes of 4 probes" {
		t.Errorf("an outcome is missing: %v", err)
	}
}

// Who works is waited for, and who hangs is not.
func TestSilence(t *testing.T) {
	for character, want := range map[string]string{"slow": "", "stuck": "lost the agent: nothing was heard for 2s"} {
		t.Run(character, func(t *testing.T) {
			t.Parallel()
			h, err := dialCharacter(t, t.Context(), character)
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			_, err = h.Read(t.Context(), []resource.Key{service.Key()})
			if got := fmt.Sprint(err); want != "" && got != want || want == "" && err != nil {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

// Whatever is at the other end of the pipe, it can neither hang nor crash us, and the
// error says what it was.
func TestBadAgents(t *testing.T) {
	for character, want := range map[string]string{
		"chatty":      "no agent answered: invalid character",
		"silent":      "no agent answered: nothing was heard for 2s",
		"future":      "no agent answered: lvsctl 9.9 there speaks protocol 99, this one 5: install the same version on both",
		"complaining": `no agent answered: exit status 1: sudo: a password is required\x1b[2J`,
	} {
		t.Run(character, func(t *testing.T) {
			_, err := dialCharacter(t, t.Context(), character)
			var lost *Error
			if !errors.As(err, &lost) || lost.Code != Unreachable || !strings.HasPrefix(lost.Message, want) {
				t.Errorf("got %v\nwant %s…", err, want)
			}
		})
	}
	for character, want := range map[string]string{
		"dying":    "lost the agent: ",
		"babbling": "lost the agent: it says more than",
		"lying":    "outcome of 5 changes for 1",
	} {
		t.Run(character, func(t *testing.T) {
			h, err := dialCharacter(t, t.Context(), character)
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.Apply(t.Context(), resource.Step{Changes: []resource.Change{{Action: resource.Create, After: service}}})
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %v\nwant %s…", err, want)
			}
		})
	}
}

// An agent that answers another question is not believed that there are no connections.
func TestNoCounts(t *testing.T) {
	h, err := dialCharacter(t, t.Context(), "lying")
	if err != nil {
		t.Fatal(err)
	}
	counts, err := h.Connections(t.Context(), []resource.Key{service.Key()})
	if err == nil || counts != nil {
		t.Errorf("got %v, %v", counts, err)
	}
	_ = h.Close()
}

// A context that ends does not wait for an answer, except that of an apply.
func TestCancel(t *testing.T) {
	h, err := dialCharacter(t, t.Context(), "lying")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Read(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	_ = h.Close()
}

// What is started to reach a host may itself have started something that holds the pipe.
// It ends with it, and an interruption is told apart from a host that is not there.
func TestHangingReach(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	start := time.Now()
	_, err := Dial(ctx, []string{"sh", "-c", "sleep 60; true"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a cancellation", err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

// The life of an apply, at the other end of a pipe.
func TestApplyAtTheOtherEnd(t *testing.T) {
	ctx := t.Context()
	h, err := dialCharacter(t, ctx, "good")
	if err != nil {
		t.Fatal(err)
	}
	apply := resource.Apply{ID: "one", Who: "me@here", Since: time.Unix(1700000000, 0).UTC(), Within: time.Minute, Overrides: []string{"capacity"}}
	if j, err := h.Journal(ctx); j != nil || err != nil {
		t.Errorf("journal of a host that nobody changed: %v, %v", j, err)
	}
	if err := h.Start(ctx, "lb", apply, 7); err == nil || err.Error() != "not locked" {
		t.Errorf("start without a lock: %v", err)
	}
	if a, err := h.Confirm(ctx); a != nil || err != nil {
		t.Errorf("it waits for %v, %v", a, err)
	}
	if yes, err := h.Confirmed(ctx); yes || err != nil {
		t.Errorf("confirmed: %v, %v", yes, err)
	}
	for _, err := range []error{h.Lock(ctx, Holder{}, 0), h.Start(ctx, "lb", apply, 6), h.Alive(ctx), h.Await(ctx)} {
		if err != nil {
			t.Error(err)
		}
	}
	if a, err := h.Confirm(ctx); a == nil || !reflect.DeepEqual(*a, apply) || err != nil {
		t.Errorf("it waits for %v, %v", a, err)
	}
	if yes, err := h.Confirmed(ctx); !yes || err != nil {
		t.Errorf("confirmed: %v, %v", yes, err)
	}
	if err := h.End(ctx, resource.Reverted, "for the test"); err != nil {
		t.Error(err)
	}
	j, err := h.Journal(ctx)
	if err != nil || !reflect.DeepEqual(j.Apply, apply) || j.Note != "lb 7 reverted: for the test" || j.Was.Get(service.Key()).Claim.Want != service || j.Was.Get(service.Key()).Live != nil {
		t.Errorf("journal %+v, %v", j, err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}
