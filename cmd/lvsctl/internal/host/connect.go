// Package host is where the machine and what lvsctl remembers of it come together: a
// host that can be read and changed, here or at the end of a pipe.
package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema"
)

// A Connector opens hosts the way their config says.
type Connector struct {
	Machine  Opener // opens the machine itself
	StateDir string // of the machine itself; network namespaces have theirs beside it
	Version  string
	Program  agent.Program // this one, for other machines
}

// Connect opens a host.
func (c Connector) Connect(ctx context.Context, h *schema.Host) (agent.Host, error) {
	switch {
	case h.Reach.Local:
		return Open(c.Machine, c.StateDir, c.Version)
	case h.Reach.Netns != "":
		argv, err := c.netnsAgent(h.Reach.Netns)
		if err != nil {
			return nil, err
		}
		return agent.Dial(ctx, argv)
	case len(h.Reach.Command) > 0:
		argv := append([]string{}, h.Reach.Command...)
		return agent.DialFar(ctx, append(argv, "lvsctl", "agent"))
	case h.Reach.SSH != nil:
		return c.shell(h.Reach.SSH).Dial(ctx)
	}
	panic("host " + h.Name + " says not how it is reached")
}

// netnsAgent is the command that starts an agent in a network namespace. Where a mount
// namespace of the same name is pinned at /run/mntns, as lab hosts have for a view of
// their own on /etc and /var/lib, the agent enters it too and keeps its state at the
// usual place there. Else all namespaces share the machine's files, and each has a
// state directory of its own.
func (c Connector) netnsAgent(name string) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the running program: %w", err)
	}
	mounts := filepath.Join("/run/mntns", name)
	switch _, err := os.Stat(mounts); {
	case err == nil:
		return []string{"nsenter", "--net=" + filepath.Join("/run/netns", name), "--mount=" + mounts, "--", self, "agent", "--state-dir", c.StateDir}, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return []string{"ip", "netns", "exec", name, self, "agent", "--state-dir", c.StateDir + "@" + name}, nil
}
