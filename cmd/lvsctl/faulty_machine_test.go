package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/command"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/host"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Faults on purpose.
//
// The test binary that plays lvsctl in sessions has a machine under it at which things go
// wrong when the environment says so. All agents of a run count the steps that they carry
// out in one file, so that a fault is for the N-th step of the run, whichever host has it,
// the steps of a rollback included. A step that was counted is not counted again: each
// fault happens once. So it is, in files of their own, with the hosts that are told that an
// apply begins or has ended.

const (
	faultsEnv = "LVSCTL_TEST_FAULTS" // faults as in fault.String, between commas
	countEnv  = "LVSCTL_TEST_COUNT"  // the file in which steps are counted, a byte each
)

// What a step leaves in the file.
const (
	countedStep = '+'
	emptyStep   = '=' // it changes nothing but the ledger
)

// A faultKind is what goes wrong.
type faultKind string

const (
	killAgent  faultKind = "kill-agent"  // the agent that carries out the step
	killLvsctl faultKind = "kill-lvsctl" // the lvsctl that started it; the agent lives on
	killBoth   faultKind = "kill-both"   // as where lvsctl changes its own machine
	closePipe  faultKind = "close-pipe"  // the agent lives on and is not heard any more
	killSSHD   faultKind = "kill-sshd"   // the session in which the agent runs
	cutLink    faultKind = "cut-link"    // nothing gets through between lvsctl and the agent, and nobody says so
	unanswered faultKind = "unanswered"  // a change is made, and nobody knows
	// All others are the name of an error that a change fails with.
)

// errnos are the errors that a change can fail with.
var errnos = map[faultKind]syscall.Errno{
	"EPERM": syscall.EPERM, "EBUSY": syscall.EBUSY, "ENOBUFS": syscall.ENOBUFS, "EIO": syscall.EIO,
}

// failure tells whether the fault is one change that fails, and how.
func (k faultKind) failure() (error, bool) {
	if k == unanswered {
		return syscall.ETIMEDOUT, true
	}
	err, is := errnos[k]
	return err, is
}

// A fault is what goes wrong at which step of a run, counted from 0, or when which host is
// told that an apply begins or has ended.
type fault struct {
	kind faultKind
	when string // "before", in the "mid"dle of the step, or "after"; and, with a hyphen, what is told
	step int
}

// What hosts are told.
const (
	theStart = "start"
	theEnd   = "end"
)

// telling is what a host is told when the fault happens, nothing if it carries out a step.
func (f fault) telling() string {
	_, what, _ := strings.Cut(f.when, "-")
	return what
}

// String is the fault as the environment has it.
func (f fault) String() string { return fmt.Sprintf("%s:%s:%d", f.kind, f.when, f.step) }

// killsLvsctl tells whether lvsctl is gone after it.
func (f fault) killsLvsctl() bool { return f.kind == killLvsctl || f.kind == killBoth }

// losesAgent tells whether lvsctl hears nothing more of the host.
func (f fault) losesAgent() bool { return f.kind == killAgent || f.kind == closePipe }

func parseFault(text string) (f fault, err error) {
	fields := strings.Split(text, ":")
	if len(fields) != 3 {
		return f, fmt.Errorf("fault %q", text)
	}
	f.kind, f.when = faultKind(fields[0]), fields[1]
	f.step, err = strconv.Atoi(fields[2])
	return f, err
}

// fits tells whether it can happen at a step: where nothing is changed no change can fail.
func (f fault) fits(changes int) bool {
	_, fails := f.kind.failure()
	return f.telling() == "" && (changes > 0 || !fails)
}

// made is how many of the changes of a step are made before it happens. Those that kill are
// late rather than early in the middle of an odd number: a step of one change has been made
// then, and nobody has said so.
func (f fault) made(changes int) int {
	_, fails := f.kind.failure()
	switch {
	case f.when == "before":
		return 0
	case f.when == "after" && fails:
		return changes - 1
	case f.when == "after":
		return changes
	case fails:
		return changes / 2
	}
	return (changes + 1) / 2
}

// A faultyMachine is a machine at which things go wrong.
type faultyMachine struct {
	host.Machine
	faults []fault
	count  string
}

// openFaulty is a [host.Opener]. Without faults in the environment the machine is as usual.
func openFaulty(version string) (host.Machine, error) {
	if os.Getenv(countEnv) == "" {
		return host.OpenAnnouncing(version)
	}
	machine, err := host.OpenMachine(version)
	if err != nil {
		return nil, err
	}
	return &faultyMachine{machine, faultsToCome(), os.Getenv(countEnv)}, nil
}

// faultsToCome are those in the environment.
func faultsToCome() (list []fault) {
	for text := range strings.SplitSeq(os.Getenv(faultsEnv), ",") {
		if text == "" {
			continue
		}
		f, err := parseFault(text)
		if err != nil {
			panic(err)
		}
		list = append(list, f)
	}
	return list
}

// lvsctl is the program that sessions run.
func lvsctl() {
	os.Exit(command.Program{Machine: openFaulty, Serving: serveFaulty}.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Apply implements [host.Machine].
func (m *faultyMachine) Apply(ctx context.Context, changes []resource.Change) resource.Outcome {
	mark := byte(countedStep)
	if len(changes) == 0 {
		mark = emptyStep
	}
	step := countIn(m.count, mark)
	i := slices.IndexFunc(m.faults, func(f fault) bool { return f.step == step && f.fits(len(changes)) })
	if i < 0 {
		return m.Machine.Apply(ctx, changes)
	}
	f := m.faults[i]
	made := f.made(len(changes))
	out := m.Machine.Apply(ctx, changes[:made])
	if len(out.Failures) > 0 {
		return out
	}
	if err, fails := f.kind.failure(); fails {
		return m.fail(ctx, f.kind, made, err, changes)
	}
	f.happen()
	rest := m.Machine.Apply(ctx, changes[made:])
	for _, failure := range rest.Failures {
		failure.Index += made
		out.Failures = append(out.Failures, failure)
	}
	out.Attempted = made + rest.Attempted
	return out
}

// countIn adds to a file in which something is counted, and returns the number, from 0, of
// what was counted.
func countIn(name string, mark byte) int {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := f.Write([]byte{mark}); err != nil {
		panic(err)
	}
	end, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		panic(err)
	}
	return int(end) - 1
}

// fail is what becomes of a step of which one change fails, after those before it were made.
func (m *faultyMachine) fail(ctx context.Context, kind faultKind, at int, err error, changes []resource.Change) resource.Outcome {
	failure := resource.Failure{Index: at, Err: err}
	if kind == unanswered {
		if out := m.Machine.Apply(ctx, changes[at:at+1]); len(out.Failures) > 0 {
			panic(out.Failures[0].Err)
		}
		failure.Unknown = true
	}
	return resource.Outcome{Attempted: at + 1, Failures: []resource.Failure{failure}}
}

// happen ends what the fault is to end. It returns if this process lives on.
func (f fault) happen() {
	switch f.kind {
	case closePipe:
		_ = os.Stdin.Close()
		_ = os.Stdout.Close()
		return
	case killSSHD:
		killParent()
		return
	case cutLink:
		askForCut(os.Getenv(countEnv))
		return
	}
	if f.kind != killAgent {
		killParent()
	}
	if f.kind != killLvsctl {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// Files by which an agent has the link to it cut, beside the one in which steps are counted.
const (
	cutWanted = ".cut" // has the agent's address
	cutDone   = ".is-cut"
)

// askForCut has somebody else cut the link, and returns when that is done.
func askForCut(count string) {
	to := strings.Fields(os.Getenv("SSH_CONNECTION"))
	if err := os.WriteFile(count+cutWanted, []byte(to[2]), 0o600); err != nil {
		panic(err)
	}
	for range 10_000 {
		if _, err := os.Stat(count + cutDone); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	panic("the link is not cut")
}

// killParent kills the lvsctl that started this agent, and returns when it is dead.
func killParent() {
	parent := os.Getppid()
	for _ = syscall.Kill(parent, syscall.SIGKILL); os.Getppid() == parent; {
		time.Sleep(time.Millisecond)
	}
}

// A faultyHost is a host at which things go wrong when it is told that an apply begins or
// has ended.
type faultyHost struct {
	agent.Host
	faults []fault
	count  string
	parent int // the lvsctl that started this agent
}

// serveFaulty is what an agent serves. Without faults in the environment it is as usual.
func serveFaulty(h agent.Host) agent.Host {
	if os.Getenv(countEnv) == "" {
		return h
	}
	return &faultyHost{h, faultsToCome(), os.Getenv(countEnv), os.Getppid()}
}

// Start implements [agent.Host].
func (h *faultyHost) Start(ctx context.Context, name string, apply resource.Apply, changes int) error {
	return h.told(theStart, func() error { return h.Host.Start(ctx, name, apply, changes) })
}

// End implements [agent.Host].
func (h *faultyHost) End(ctx context.Context, ending resource.Ending, note string) error {
	return h.told(theEnd, func() error { return h.Host.End(ctx, ending, note) })
}

// told has a host take note of what it is told. Hosts may be told at once: those that come
// before the one with the fault are done first, and those that come after it hear nothing if
// lvsctl is killed.
func (h *faultyHost) told(what string, takeNote func() error) error {
	asked, done := h.count+"."+what, h.count+"."+what+"-done"
	place := countIn(asked, countedStep)
	for _, f := range h.faults {
		switch {
		case f.telling() != what:
		case f.step == place:
			for counted(done) < place {
				time.Sleep(time.Millisecond)
			}
			return f.meet(takeNote)
		case f.step < place && f.killsLvsctl():
			for os.Getppid() == h.parent {
				time.Sleep(time.Millisecond)
			}
			return errors.New("nobody asks any more")
		}
	}
	defer countIn(done, countedStep)
	return takeNote()
}

// counted is how much was counted in a file.
func counted(name string) int {
	data, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		panic(err)
	}
	return len(data)
}

// meet is how a host takes note of something when the fault happens.
func (f fault) meet(takeNote func() error) error {
	failure, fails := f.kind.failure()
	if strings.HasPrefix(f.when, "after") {
		if err := takeNote(); err != nil || fails {
			return errors.Join(err, failure)
		}
		f.happen()
		return nil
	}
	if fails {
		return failure
	}
	f.happen()
	return takeNote()
}
