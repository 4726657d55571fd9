package resource

import (
	"encoding/json"
	"errors"
	"fmt"
)

// An Outcome says how far a list of changes got.
type Outcome struct {
	// Attempted is how many of the changes, from the first, were tried. The rest was
	// not begun.
	Attempted int `json:"attempted"`
	// Failures are those that did not take effect, in order. One that could not even
	// be tried may be among them, beyond Attempted.
	Failures []Failure `json:"failures,omitempty"`
	// Notices are what went wrong beside the changes, for people: none of them failed by it.
	Notices []string `json:"notices,omitempty"`
}

// A Failure is one change that did not take effect.
type Failure struct {
	Index int // in the list of changes
	Err   error
	// Unknown says that nobody answered: the change may have taken effect all the same.
	Unknown bool
}

// TookEffect tells whether the change at index i was made.
func (o Outcome) TookEffect(i int) bool {
	if i >= o.Attempted {
		return false
	}
	for _, f := range o.Failures {
		if f.Index == i {
			return false
		}
	}
	return true
}

// Leaves tells whether a change is to be remembered as made. Where nobody knows, what
// may be ours is remembered and what may be gone is not forgotten.
func (o Outcome) Leaves(i int, c Change) bool {
	for _, f := range o.Failures {
		if f.Index == i && f.Unknown {
			return !c.Action.Releases()
		}
	}
	return o.TookEffect(i)
}

// Err is the first failure, naming its change and the config line that wants it; nil if
// there is none.
func (o Outcome) Err(changes []Change) error {
	if len(o.Failures) == 0 {
		return nil
	}
	f := o.Failures[0]
	c := changes[f.Index]
	if at := c.Source.String(); at != "" {
		return fmt.Errorf("%s %s (%s): %w", c.Action, c.Key(), at, f.Err)
	}
	return fmt.Errorf("%s %s: %w", c.Action, c.Key(), f.Err)
}

type failureJSON struct {
	Index   int    `json:"index"`
	Error   string `json:"error"`
	Unknown bool   `json:"unknown,omitempty"`
}

// MarshalJSON implements [json.Marshaler]. Of the error only its text travels.
func (f Failure) MarshalJSON() ([]byte, error) {
	return json.Marshal(failureJSON{f.Index, f.Err.Error(), f.Unknown})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (f *Failure) UnmarshalJSON(data []byte) error {
	var v failureJSON
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*f = Failure{v.Index, errors.New(v.Error), v.Unknown}
	return nil
}

// Check refuses an outcome that cannot be one of the given changes. It is for outcomes
// that came from another machine.
func (o Outcome) Check(changes []Change) error {
	if o.Attempted < 0 || o.Attempted > len(changes) {
		return fmt.Errorf("outcome of %d changes for %d", o.Attempted, len(changes))
	}
	for _, f := range o.Failures {
		if f.Index < 0 || f.Index >= len(changes) {
			return fmt.Errorf("outcome with a failure of change %d of %d", f.Index, len(changes))
		}
	}
	return nil
}
