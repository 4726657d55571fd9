// Command lvslab gives tests and demonstrations a Linux kernel with IPVS.
//
// Few development machines run a kernel that has IPVS, and changing the kernel
// of a machine to run a test is out of the question. lvslab therefore boots a
// stock distribution kernel in an emulator, with the machine's own root file
// system as a read-only lower layer, and runs one program in it:
//
//	lvslab run ipvsadm -Ln
//	go test -exec 'lvslab run' ./provider/...
//
// The program sees the same files, working directory, arguments and environment
// as it would on the machine, and LVSLAB=1 besides; it runs as root, and nothing
// it does outlives it but what it writes below the directories of --writable.
// Its output, its input and its exit code pass through. The guest has no network
// but the loopback.
//
// Environment:
//
//	LVSLAB_CACHE     where the kernel is kept, /var/cache/lvslab unless set
//	LVSLAB_KERNEL    the kernel's package, linux-image-amd64 unless set
//	LVSLAB_TIMEOUT   when to end the guest, 10m unless set
//	LVSLAB_MEMORY    the guest's memory in MiB, 2048 unless set
//	LVSLAB_CPUS      the guest's processors, 2 unless set
//	LVSLAB_KVM       hardware virtualisation: auto, on or off
//	LVSLAB_WRITABLE  directories that the program may change, between colons
//
// Exit codes other than the program's own: 2 for wrong usage, 124 when the guest
// was ended at the timeout, 125 when the lab failed, 126 and 127 when the program
// cannot be started, 128 and the number of the signal that killed it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// Exit codes of the runner itself; any other code is the program's own.
const (
	exitUsage   = 2
	exitTimeout = 124 // as timeout(1) does
	exitTrouble = 125 // the lab failed, not the program
)

const usage = `usage:
  lvslab setup                     install what the lab needs and fetch its kernel
  lvslab run [flags] PROG ARGS...  run PROG in a guest that has IPVS
  lvslab serve [flags]             serve a fixed text over HTTP, TCP or UDP
Each has -h.
`

// exitError carries the code that the process ends with; a nil err prints nothing.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func main() {
	if os.Getpid() == 1 && os.Args[0] == "/init" {
		guestMain()
		return
	}
	os.Exit(report(dispatch(os.Args[1:])))
}

// dispatch runs the sub-command that args name.
func dispatch(args []string) error {
	if len(args) == 0 {
		return &exitError{exitUsage, fmt.Errorf("no command given\n%s", strings.TrimSpace(usage))}
	}
	switch args[0] {
	case "setup":
		return setupCommand(args[1:])
	case "run":
		return runCommand(args[1:])
	case "serve":
		return serveCommand(args[1:])
	case "help", "-h", "-help", "--help":
		fmt.Print(usage)
		return nil
	}
	return &exitError{exitUsage, fmt.Errorf("unknown command %q\n%s", args[0], usage)}
}

// parseFlags parses args for a sub-command that is used as synopsis says. A
// request for help ends the command with success.
func parseFlags(flags *flag.FlagSet, synopsis string, args []string) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Printf("usage: %s\n", synopsis)
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
		return &exitError{code: 0}
	}
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("%w (%s -h shows the flags)", err, flags.Name())}
	}
	return nil
}

// report prints err for a person and returns the exit code it stands for.
func report(err error) int {
	if err == nil {
		return 0
	}
	code := exitTrouble
	var exit *exitError
	if errors.As(err, &exit) {
		if exit.err == nil {
			return exit.code
		}
		code = exit.code
	}
	fmt.Fprintf(os.Stderr, "lvslab: %v\n", err)
	return code
}
