package command

import (
	"context"
	"errors"

	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/state"
)

// codeOf is the exit code for an error.
func codeOf(err error) int {
	var e *exit
	var host *agent.Error
	var held *state.HeldError
	switch {
	case errors.As(err, &e):
		return e.code
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &held), errors.As(err, &host) && host.Code == agent.Locked:
		return exitLocked
	case errors.As(err, &host) && host.Code == agent.Unreachable:
		return exitUnreachable
	default:
		return exitError
	}
}
