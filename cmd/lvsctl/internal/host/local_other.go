//go:build !linux

package host

import (
	"errors"

	"github.com/lvsctl/lvsctl/provider/agent"
)

// errNotLinux is what becomes of a host that lvsctl cannot change.
var errNotLinux = &agent.Error{Code: agent.Unreachable, Message: errors.ErrUnsupported.Error() + ": a host of a cluster must run Linux"}

// OpenMachine opens the machine itself, which must run Linux.
func OpenMachine(string) (Machine, error) { return nil, errNotLinux }

// OpenAnnouncing is OpenMachine.
func OpenAnnouncing(string) (Machine, error) { return nil, errNotLinux }

// Open opens the machine itself as a host, which must run Linux.
func Open(Opener, string, string) (agent.Host, error) { return nil, errNotLinux }

// Name is the name by which a config knows the machine, which must run Linux.
func Name(string) (string, error) { return "", errNotLinux }
