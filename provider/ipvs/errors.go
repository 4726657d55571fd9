package ipvs

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// What the kernel's error numbers mean. An error of the kernel wraps one of these,
// where there is a name for it, and the [syscall.Errno] it came as.
var (
	// ErrNotLoaded says that the kernel has no IPVS, or not yet: the module ip_vs is
	// missing or not loaded. It is an [fs.ErrNotExist].
	ErrNotLoaded error = &named{"the kernel module ip_vs is not loaded", fs.ErrNotExist}
	// ErrPermission says that CAP_NET_ADMIN is lacking in the initial user namespace,
	// which IPVS asks for even to be read. It is an [fs.ErrPermission].
	ErrPermission error = &named{"ipvs needs CAP_NET_ADMIN", fs.ErrPermission}
	// ErrExist says that a service or destination with that key, or a sync daemon of
	// that role, is there already. It is an [fs.ErrExist].
	ErrExist error = &named{"exists already", fs.ErrExist}
	// ErrNoService says that there is no service with that key, be it the object of
	// the operation or the service of a destination. It is an [fs.ErrNotExist].
	ErrNoService error = &named{"no such service", fs.ErrNotExist}
	// ErrNoDestination says that the service is there but has no such destination. It
	// is an [fs.ErrNotExist].
	ErrNoDestination error = &named{"no such destination", fs.ErrNotExist}
	// ErrNoScheduler says that the kernel has no scheduler, or no persistence engine,
	// of the name that a service asks for, not even as a module to load.
	ErrNoScheduler error = &named{"no such scheduler or persistence engine", nil}
	// ErrNoDaemon says that no sync daemon of that role is running.
	ErrNoDaemon error = &named{"no such sync daemon", fs.ErrNotExist}
	// ErrRange says that a destination's numbers are out of range: a lower threshold
	// above the upper one, or a weight of 2³¹ or more.
	ErrRange error = &named{"threshold or weight out of range", nil}
	// ErrInvalid says that the values do not go together, or that they cannot even be
	// put into a message; ip_vs_add_service and ip_vs_add_dest in the kernel's
	// net/netfilter/ipvs/ip_vs_ctl.c have the rules. One is about the host: in a network
	// namespace that never had an IPv4 address, not even on lo, IPv4 destinations are
	// invalid, because none looks like a unicast address.
	ErrInvalid error = &named{"invalid", fs.ErrInvalid}
)

// Trouble in talking to the kernel.
var (
	// ErrNoAnswer says that the kernel's answer got lost, so whether it did what it was
	// asked to is unknown. Read the table again.
	ErrNoAnswer = errors.New("no answer from the kernel")
	// ErrInterrupted says that the table kept changing while it was read.
	ErrInterrupted = errors.New("the table changed while it was read")
	// ErrMalformed says that a message from the kernel cannot be understood.
	ErrMalformed = errors.New("malformed netlink message")
)

// A named error belongs to one of the classes of package fs, where one fits.
type named struct {
	text  string
	class error
}

// Error implements error.
func (e *named) Error() string { return e.text }

// Unwrap leads to the class.
func (e *named) Unwrap() error { return e.class }

// A kernelError is an error number of the kernel's, translated.
type kernelError struct {
	name   error // nil where the number says all there is to say
	errno  syscall.Errno
	detail string // the kernel's own words, mostly none
}

// Error names the error in our words and the kernel's.
func (e *kernelError) Error() string {
	text := e.errno.Error()
	if e.detail != "" {
		text += ": " + e.detail
	}
	if e.name == nil {
		return text
	}
	return e.name.Error() + " (" + text + ")"
}

// Unwrap leads to the name and to the number.
func (e *kernelError) Unwrap() []error {
	if e.name == nil {
		return []error{e.errno}
	}
	return []error{e.name, e.errno}
}

// explain translates the error number that a command was answered with.
func explain(cmd uint8, errno int32, detail string) error {
	e := &kernelError{errno: syscall.Errno(errno), detail: detail}
	switch e.errno {
	case syscall.EPERM:
		e.name = ErrPermission
	case syscall.EEXIST:
		e.name = ErrExist
	case syscall.ERANGE:
		e.name = ErrRange
	case syscall.EINVAL:
		e.name = ErrInvalid
	case syscall.ESRCH:
		e.name = ErrNoService
		if isDaemonCommand(cmd) {
			e.name = ErrNoDaemon
		}
	case syscall.ENOENT:
		switch cmd {
		case cmdNewService, cmdSetService:
			e.name = ErrNoScheduler
		case cmdNewDest, cmdSetDest, cmdDelDest:
			e.name = ErrNoDestination
		}
	}
	return e
}

// isDaemonCommand tells the commands about sync daemons.
func isDaemonCommand(cmd uint8) bool { return cmd >= cmdNewDaemon && cmd <= cmdGetDaemon }

// invalid is an error for an operation that cannot be encoded.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}
