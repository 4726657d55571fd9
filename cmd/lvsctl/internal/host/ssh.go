package host

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema"
)

// shell is how ssh opens one on a host.
func (c Connector) shell(s *schema.SSH) agent.Shell {
	return agent.Shell{Argv: sshCommand(s), Silence: s.Timeout + grace, Agent: s.Agent, Program: c.Program}
}

// grace is how much longer than ssh lvsctl waits: ssh says what it was waiting for.
const grace = 2 * time.Second

// sshCommand is the command line of ssh without what it is to run. Of an option that is
// given several times the first counts: those that cannot be otherwise come before the
// config's, and others after them.
func sshCommand(s *schema.SSH) []string {
	argv := []string{"ssh", "-T"}
	option := func(format string, args ...any) { argv = append(argv, "-o", fmt.Sprintf(format, args...)) }
	// Nobody is there to answer, and who a host is must be known.
	option("BatchMode=yes")
	option("StrictHostKeyChecking=yes")
	// Nothing but the agent's words goes either way.
	option("ClearAllForwardings=yes")
	option("ForwardAgent=no")
	option("ForwardX11=no")
	option("EscapeChar=none")
	for _, o := range s.Options {
		option("%s", o)
	}
	seconds := int(math.Ceil(s.Timeout.Seconds()))
	option("ConnectTimeout=%d", seconds)
	option("ServerAliveInterval=%d", max(1, seconds/3))
	option("ServerAliveCountMax=3")
	option("LogLevel=ERROR") // without banners
	if s.Identity != "" {
		argv = append(argv, "-i", s.Identity)
		option("IdentitiesOnly=yes")
	}
	if s.Port != 0 {
		argv = append(argv, "-p", strconv.Itoa(int(s.Port)))
	}
	if s.User != "" {
		argv = append(argv, "-l", s.User)
	}
	if s.Jump != "" {
		argv = append(argv, "-J", s.Jump)
	}
	return append(argv, "--", s.Address)
}
