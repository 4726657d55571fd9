// Package agent puts a host at the end of a pipe.
//
// A host is a few verbs: read, lock, apply. The machine lvsctl runs on implements
// them in process. Any other is the same program, started as "lvsctl agent" with its
// standard input and output connected: through ip netns exec, nsenter, or ssh. What
// starts it is an argv prefix; the conversation is the same for all.
//
// The agent says one line of greeting. After that each request is one line of JSON and
// so is its response, one at a time. Standard error is for the human. The agent ends
// when its input does; a request that has begun is finished first.
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
	// Lock keeps others from changing the host until Close. It fails with [Locked].
	Lock(ctx context.Context, by Holder, timeout time.Duration) error
	// Apply carries out a step and records it in the ledger. The host must be locked.
	// The error is about the ledger or the link; what became of the changes is in the
	// outcome.
	Apply(ctx context.Context, step resource.Step) (resource.Outcome, error)
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
const protocol = 1

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
	Lock  *lockRequest   `json:"lock,omitempty"`
	Apply *resource.Step `json:"apply,omitempty"`
}

type readRequest struct {
	Keys []resource.Key `json:"keys"`
}

type lockRequest struct {
	By      Holder        `json:"by"`
	Timeout time.Duration `json:"timeout"` // ns
}

// A response carries what was asked for, or an error, or, for an apply, both.
type response struct {
	Snapshot *resource.Snapshot `json:"snapshot,omitempty"`
	Outcome  *resource.Outcome  `json:"outcome,omitempty"`
	Error    *Error             `json:"error,omitempty"`
}
