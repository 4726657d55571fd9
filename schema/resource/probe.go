package resource

import (
	"strings"
	"time"
)

// A Probe asks a cluster something as one of its clients would. Exactly one of HTTP, TCP
// and Command is set.
type Probe struct {
	HTTP    string   `json:"http,omitempty"`    // a URL that is fetched
	TCP     string   `json:"tcp,omitempty"`     // HOST:PORT that is connected to
	Command []string `json:"command,omitempty"` // a program with its arguments, that must exit 0

	Status   int    `json:"status,omitempty"`   // of the answer to HTTP; 0 is any from 200 to 399
	Contains string `json:"contains,omitempty"` // what the answer to HTTP must have in its body

	Timeout time.Duration `json:"timeout"` // of one try, ns
	Tries   int           `json:"tries"`   // how many may be made until one passes
}

// String says what is asked.
func (p Probe) String() string {
	switch {
	case p.HTTP != "":
		return p.HTTP
	case p.TCP != "":
		return "tcp " + p.TCP
	}
	return strings.Join(p.Command, " ")
}

// A ProbeOutcome is what became of a probe.
type ProbeOutcome struct {
	Failure string        `json:"failure,omitempty"` // why the last try failed; empty if it passed
	Tries   int           `json:"tries"`             // that were made
	Took    time.Duration `json:"took"`              // the last try, ns
}

// Passed tells whether one of the tries did.
func (o ProbeOutcome) Passed() bool { return o.Failure == "" }
