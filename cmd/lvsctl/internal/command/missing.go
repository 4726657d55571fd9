package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/fleet"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
)

// Hosts that cannot be reached are a finding like others: the rest is read and planned, and
// what depends on them is left out. What changes hosts does not begin then, unless it was told
// to go on.

// miss goes on without the hosts that an error says cannot be reached, if the command can do
// with the others.
func (s *session) miss(err error) error {
	lost, rest := fleet.Unreachable(err)
	if rest != nil || len(lost) == 0 || !s.partial {
		return err
	}
	for _, h := range lost {
		s.fleet.Leave(h.Host)
	}
	if s.fleet.Empty() {
		return err
	}
	for _, h := range lost {
		s.unreached = append(s.unreached, h)
		s.warnings = append(s.warnings, s.unreachable(h))
	}
	s.desired = s.desired.Without(s.missing())
	return nil
}

// missing lists the hosts that could not be reached, sorted.
func (s *session) missing() []string {
	names := make([]string, len(s.unreached))
	for i, h := range s.unreached {
		names[i] = h.Host
	}
	slices.Sort(names)
	return names
}

// unreachable is the finding that a host cannot be reached.
func (s *session) unreachable(h *fleet.HostError) *hcl.Diagnostic {
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summaryUnreachable, Detail: h.Error() + "."}
	if s.skip {
		d.Severity = hcl.DiagWarning
	}
	if i := slices.IndexFunc(s.config.Hosts, func(c *schema.Host) bool { return c.Name == h.Host }); i >= 0 {
		d.Subject = s.config.Hosts[i].Range.Ptr()
	}
	return d
}

// tellMissing prints, for people, why hosts could not be reached.
func (s *session) tellMissing() {
	if !s.tells() {
		return
	}
	s.printer(s.err).Diagnostics(s.sources.Files(), slices.DeleteFunc(slices.Clone(s.warnings), func(d *hcl.Diagnostic) bool { return !isUnreachable(d) }))
}

// summaryUnreachable is the summary of findings about hosts that cannot be reached.
const summaryUnreachable = "Unreachable host"

func isUnreachable(d *hcl.Diagnostic) bool { return d.Summary == summaryUnreachable }

// incomplete is how a command ends that did its work without some hosts, nil where none is
// missing.
func (s *session) incomplete() error {
	if len(s.unreached) == 0 {
		return nil
	}
	s.tellMissing()
	return &exit{code: exitUnreachable}
}

// refuseMissing keeps what changes hosts from beginning without some, unless it was told to.
func (s *session) refuseMissing() error {
	if len(s.unreached) == 0 {
		return nil
	}
	s.tellMissing()
	if s.skip {
		return nil
	}
	return &exit{exitUnreachable, errors.New("nothing was done, as " + cannotBeReached(s.missing()) + ". With --skip-unreachable it goes on without what depends on that")}
}

// notWhole is how an apply ends that went well without some hosts, nil where none is missing.
func (s *session) notWhole(plan *planner.Plan) error {
	if len(s.unreached) == 0 {
		return nil
	}
	left := ""
	if n := len(plan.LeftOut); n > 0 {
		left = fmt.Sprintf(", and of what depends on that %d %s left", n, map[bool]string{true: "step is", false: "steps are"}[n == 1])
	}
	return &exit{exitUnreachable, errors.New(cannotBeReached(s.missing()) + left + ". Apply again when that is over")}
}

func cannotBeReached(hosts []string) string {
	return strings.Join(hosts, ", ") + " cannot be reached"
}
