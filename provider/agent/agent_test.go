package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
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

// fakeHost has one service, and fails every deletion.
type fakeHost struct{ locked bool }

var service = resource.Service{ServiceKey: resource.MarkService(resource.IPv6, 7), Scheduler: "rr", Netmask: 128}

func (h *fakeHost) Read(_ context.Context, keys []resource.Key) (*resource.Snapshot, error) {
	if len(keys) == 0 {
		return nil, errors.New("nothing asked for")
	}
	return &resource.Snapshot{
		Facts:  resource.Facts{Kernel: "6.1"},
		Live:   resource.NewSet(service),
		Ledger: resource.Ledger{Claims: map[resource.Key]resource.Claim{service.Key(): {Want: service, Step: "s"}}},
	}, nil
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

func (h *fakeHost) Close() error { return nil }

// dial starts an agent of the given character.
func dial(t *testing.T, ctx context.Context, character string) (Host, error) { //nolint:revive // t comes first in tests
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Dial(ctx, []string{"env", "TEST_AGENT=" + character, self})
}

func TestConversation(t *testing.T) {
	ctx := t.Context()
	h, err := dial(t, ctx, "good")
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
	if diff := cmp.Diff(want, snap, equal, keys); diff != "" {
		t.Errorf("snapshot (-sent +received):\n%s", diff)
	}
	if _, err := h.Read(ctx, nil); err == nil || err.Error() != "nothing asked for" {
		t.Errorf("read of nothing: %v", err)
	}
	if err := h.Lock(ctx, Holder{Who: "me"}, 0); err != nil {
		t.Error(err)
	}
	var held *Error
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

// Whatever is at the other end of the pipe, it can neither hang nor crash us, and the
// error says what it was.
func TestBadAgents(t *testing.T) {
	for character, want := range map[string]string{
		"chatty":      "no agent answered: invalid character",
		"silent":      "no agent answered: nothing was heard",
		"future":      "no agent answered: lvsctl 9.9 there speaks protocol 99, this one 1: install the same version on both",
		"complaining": `no agent answered: exit status 1: sudo: a password is required\x1b[2J`,
	} {
		t.Run(character, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			_, err := dial(t, ctx, character)
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
			h, err := dial(t, t.Context(), character)
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

// A context that ends does not wait for an answer, except that of an apply.
func TestCancel(t *testing.T) {
	h, err := dial(t, t.Context(), "lying")
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
