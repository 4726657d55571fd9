package provider

import (
	"fmt"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// inTurn carries out changes one after the other and stops at the first that fails.
func inTurn(changes []resource.Change, do func(resource.Change) error) resource.Outcome {
	for i, c := range changes {
		if err := do(c); err != nil {
			return resource.Outcome{Attempted: i + 1, Failures: []resource.Failure{{Index: i, Err: err}}}
		}
	}
	return resource.Outcome{Attempted: len(changes)}
}

// errUnsupported is what a driver answers to an action that its kind does not have.
// The planner never asks for one.
func errUnsupported(c resource.Change) error {
	return fmt.Errorf("cannot %s a %s", c.Action, c.Key().Kind)
}
