//go:build !linux

package host

import (
	"errors"

	"github.com/lvsctl/lvsctl/provider/agent"
)

// OpenLocal opens the machine itself, which must run Linux.
func OpenLocal(string, string) (agent.Host, error) {
	return nil, &agent.Error{Code: agent.Unreachable, Message: errors.ErrUnsupported.Error() + ": a host of a cluster must run Linux"}
}
