// Package agent puts a host at the end of a pipe.
//
// A host is a few verbs: read, count, lock, apply. The machine lvsctl runs on implements
// them in process. Any other is the same program, started as "lvsctl agent" with its
// standard input and output connected: through ip netns exec, nsenter, or ssh. What
// starts it is an argv prefix; the conversation is the same for all.
//
// The agent says one line of greeting. After that each request is one line of JSON and
// so is its response, one at a time. While the agent works on a response it says an empty
// line now and then: who hears nothing for a while knows that it, or the way to it, hangs.
// Who is behind a network says empty lines too, all the time, once it has asked the agent to
// mind that: an agent that hears nothing for a while ends as if its input did, and does not
// hold a lock for somebody who is gone. Standard error is for the human. The agent ends when
// its input does; a request that has begun is finished first.
package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Host is one machine that lvsctl manages.
type Host interface {
	// Read returns the state of the objects that keys name and of those in the host's
	// ledger, of all IPVS objects, and facts. It changes nothing and needs no lock.
	Read(ctx context.Context, keys []resource.Key) (*resource.Snapshot, error)
	// Connections returns what the destinations that keys name are serving. Those that serve
	// nobody, or are not there, are left out.
	Connections(ctx context.Context, keys []resource.Key) (resource.Counts, error)
	// Ask asks the other machines on the segments of interfaces who has addresses, all at
	// once. It changes nothing and needs no lock. What is heard is in the order of the
	// addresses.
	Ask(ctx context.Context, addresses []resource.Address) ([]resource.Neighbour, error)
	// Lock keeps others from changing the host until Close. It fails with [Locked].
	Lock(ctx context.Context, by Holder, timeout time.Duration) error
	// Start says that an apply begins, which is going to make so many changes here, and by
	// what name the config knows the host. The host must be locked. It fails, with nothing done, where the apply could not be undone, and
	// with [Locked] while the host waits for another one to be confirmed.
	Start(ctx context.Context, name string, apply resource.Apply, changes int) error
	// End says how the apply that was started went, and why.
	End(ctx context.Context, ending resource.Ending, note string) error
	// Journal returns what it takes to undo the last apply, nil if there is none.
	Journal(ctx context.Context) (*resource.Journal, error)
	// Alive says that the apply that was started goes on, even if it does nothing here.
	Alive(ctx context.Context) error
	// Await makes the host wait to hear that all is well after the apply that was started,
	// which asked for that.
	Await(ctx context.Context) error
	// Confirmed tells whether somebody has said so.
	Confirmed(ctx context.Context) (bool, error)
	// Confirm says that all is well after an apply that is not this session's. It needs no
	// lock and tells which apply that is; nil if the host does not wait for any.
	Confirm(ctx context.Context) (*resource.Apply, error)
	// Apply carries out a step and records it in the ledger. The host must be locked.
	// The error is about the ledger or the link; what became of the changes is in the
	// outcome.
	Apply(ctx context.Context, step resource.Step) (resource.Outcome, error)
	// Unlock removes what a holder of the lock that died left behind, and says what that
	// was, a few words each. A lock that is held is not touched: it fails with [Locked].
	Unlock(ctx context.Context) (removed []string, err error)
	// Probe asks the cluster what probes are about, from the host, all at once. It changes
	// nothing and needs no lock. The outcomes are in the order of the probes.
	Probe(ctx context.Context, probes []resource.Probe) ([]resource.ProbeOutcome, error)
	// Close ends the session and gives up the lock.
	Close() error
}

// A Holder says who holds a lock.
type Holder struct {
	Who     string `json:"who"`     // user@machine
	Command string `json:"command"` // the command line
}

// Code tells the errors apart that travel from an agent and mean something to the
// caller.
type Code string

// The codes.
const (
	Failed      Code = "failed"      // the host could not do it
	Locked      Code = "locked"      // somebody else holds the lock
	Unreachable Code = "unreachable" // there is no conversation with the host
)

// An Error is what a host answers instead of a result.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// protocol is the version of the conversation. Both ends must speak the same.
const protocol = 5

// beat is how often an agent at work is heard of, and who minds that it is.
const beat = time.Second

// greeting is the agent's first line.
type greeting struct {
	Agent    string `json:"agent"` // always "lvsctl"
	Protocol int    `json:"protocol"`
	Version  string `json:"version"`
}

// check refuses a greeting of anything but an agent that can be talked to.
func (g greeting) check() error {
	switch {
	case g.Agent != "lvsctl":
		return fmt.Errorf("not an lvsctl agent")
	case g.Protocol != protocol:
		return fmt.Errorf("lvsctl %s there speaks protocol %d, this one %d: install the same version on both", g.Version, g.Protocol, protocol)
	}
	return nil
}

// A request asks for exactly one thing.
type request struct {
	Read  *readRequest   `json:"read,omitempty"`
	Count *countRequest  `json:"count,omitempty"`
	Who   *whoRequest    `json:"who,omitempty"`
	Lock  *lockRequest   `json:"lock,omitempty"`
	Start *startRequest  `json:"start,omitempty"`
	Apply *resource.Step `json:"apply,omitempty"`
	End   *endRequest    `json:"end,omitempty"`
	Probe *probeRequest  `json:"probe,omitempty"`
	Mind  *mindRequest   `json:"mind,omitempty"`
	Ask   question       `json:"ask,omitempty"`
}

// A question is a request that needs no words.
type question string

const (
	askJournal   question = "journal"
	askAlive     question = "alive"
	askAwait     question = "await"
	askConfirmed question = "confirmed"
	askConfirm   question = "confirm"
	askUnlock    question = "unlock"
)

type startRequest struct {
	Name    string         `json:"name"`
	Apply   resource.Apply `json:"apply"`
	Changes int            `json:"changes"`
}

type endRequest struct {
	Ending resource.Ending `json:"ending"`
	Note   string          `json:"note,omitempty"`
}

type readRequest struct {
	Keys []resource.Key `json:"keys"`
}

type countRequest struct {
	Keys []resource.Key `json:"keys"`
}

type whoRequest struct {
	Addresses []resource.Address `json:"addresses"`
}

type lockRequest struct {
	By      Holder        `json:"by"`
	Timeout time.Duration `json:"timeout"` // ns
}

// mindRequest has the agent end when it hears nothing for so long.
type mindRequest struct {
	Silence time.Duration `json:"silence"` // ns
}

type probeRequest struct {
	Probes []resource.Probe `json:"probes"`
}

// A response carries what was asked for, or an error, or, for an apply, both.
type response struct {
	Snapshot *resource.Snapshot      `json:"snapshot,omitempty"`
	Counts   *resource.Counts        `json:"counts,omitempty"`
	Heard    []resource.Neighbour    `json:"heard,omitempty"`
	Outcome  *resource.Outcome       `json:"outcome,omitempty"`
	Journal  *resource.Journal       `json:"journal,omitempty"`
	Apply    *resource.Apply         `json:"apply,omitempty"`
	Yes      bool                    `json:"yes,omitempty"`
	Removed  []string                `json:"removed,omitempty"`
	Probed   []resource.ProbeOutcome `json:"probed,omitempty"`
	Error    *Error                  `json:"error,omitempty"`
}
