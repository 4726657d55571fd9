package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// Least privilege.
//
// The kernel has divided the rights of root into capabilities, and much of what lvsctl does
// takes one of them and nothing else. Files and systemd go by the user instead. [needs] has
// what each kind takes; an error that comes of a right that is lacking names it.

// A capability is one of the parts that the rights of root are divided into, see
// capabilities(7).
type capability uintptr

// asRoot stands among capabilities for the user root, whom nothing can stand in for.
const asRoot capability = 1 << 8

// String names the capability as systemd and capabilities(7) do.
func (c capability) String() string {
	switch c {
	case asRoot:
		return "the user root"
	case unix.CAP_CHOWN:
		return "CAP_CHOWN"
	case unix.CAP_DAC_OVERRIDE:
		return "CAP_DAC_OVERRIDE"
	case unix.CAP_DAC_READ_SEARCH:
		return "CAP_DAC_READ_SEARCH"
	case unix.CAP_FOWNER:
		return "CAP_FOWNER"
	case unix.CAP_FSETID:
		return "CAP_FSETID"
	case unix.CAP_NET_ADMIN:
		return "CAP_NET_ADMIN"
	case unix.CAP_NET_RAW:
		return "CAP_NET_RAW"
	case unix.CAP_SYS_ADMIN:
		return "CAP_SYS_ADMIN"
	case unix.CAP_SYS_MODULE:
		return "CAP_SYS_MODULE"
	}
	return fmt.Sprintf("capability %d", uintptr(c))
}

// A runAs is the user that a process runs as, as far as that counts.
type runAs uint8

const (
	anyUser runAs = iota
	rootUser
	otherUser // than root
)

// String names the user in the table of the documentation.
func (u runAs) String() string { return [...]string{"any", "root", "another"}[u] }

// A need is what it takes to read objects of a kind, and to change them: capabilities of
// a process that runs as a user.
type need struct {
	kind   resource.Kind
	which  string // of the objects, where that makes a difference
	user   runAs
	read   []capability
	change []capability
}

// Sets of capabilities that several kinds take.
var (
	none      []capability
	onlyRoot  = []capability{asRoot}
	network   = []capability{unix.CAP_NET_ADMIN}
	lookInto  = []capability{unix.CAP_DAC_READ_SEARCH}
	mounts    = []capability{unix.CAP_SYS_ADMIN}
	giveAway  = []capability{unix.CAP_CHOWN, unix.CAP_FOWNER}
	anyFile   = []capability{unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER}
	anyMounts = []capability{unix.CAP_DAC_READ_SEARCH, unix.CAP_SYS_ADMIN}
)

// Which objects a need is about.
const (
	belowNet   = "below `net`"
	elsewhere  = "all others"
	rootsOwn   = "of root, in a directory of root"
	givenAway  = "of another user, in a directory of root"
	closedAway = "of another user, in a directory that is closed to all but that user"
	belowMount = "below a mount of lvsctl"
	withSetID  = "with a set-group-ID bit and a group that lvsctl is not in"
)

// needs are the least rights for each kind. They were measured: TestPrivilege tries that
// each of them is enough, and that nothing of it can be left out. The table in
// docs/operations.md has the same rows.
var needs = []need{
	{resource.KindModule, "", anyUser, none, []capability{unix.CAP_SYS_MODULE}},
	{resource.KindLink, "", anyUser, none, network},
	{resource.KindLinkSetting, "", anyUser, none, network},
	{resource.KindFOU, "", anyUser, none, network},
	{resource.KindSysctl, belowNet, rootUser, none, none},
	{resource.KindSysctl, belowNet, otherUser, none, network},
	{resource.KindSysctl, elsewhere, rootUser, none, none},
	{resource.KindSysctl, elsewhere, otherUser, none, onlyRoot},
	{resource.KindTimeout, "", anyUser, network, network},
	{resource.KindAddress, "", anyUser, none, network},
	{resource.KindRoute, "", anyUser, none, network},
	{resource.KindRule, "", anyUser, none, network},
	{resource.KindMark, "", anyUser, network, network},
	{resource.KindSourceNAT, "", anyUser, network, network},
	{resource.KindMSS, "", anyUser, network, network},
	{resource.KindDirectory, rootsOwn, rootUser, none, none},
	{resource.KindDirectory, rootsOwn, otherUser, none, anyFile},
	{resource.KindDirectory, givenAway, rootUser, none, giveAway},
	{resource.KindDirectory, closedAway, anyUser, lookInto, anyFile},
	{resource.KindDirectory, belowMount, rootUser, mounts, mounts},
	{resource.KindDirectory, belowMount, otherUser, anyMounts, []capability{unix.CAP_DAC_READ_SEARCH, unix.CAP_FOWNER, unix.CAP_SYS_ADMIN}},
	{resource.KindFile, rootsOwn, rootUser, none, none},
	{resource.KindFile, rootsOwn, otherUser, none, anyFile},
	{resource.KindFile, givenAway, rootUser, none, giveAway},
	{resource.KindFile, closedAway, anyUser, lookInto, anyFile},
	{resource.KindFile, withSetID, rootUser, none, []capability{unix.CAP_CHOWN, unix.CAP_FSETID}},
	{resource.KindBlock, rootsOwn, rootUser, none, none},
	{resource.KindBlock, rootsOwn, otherUser, none, anyFile},
	{resource.KindBlock, givenAway, rootUser, none, giveAway},
	{resource.KindBlock, closedAway, anyUser, lookInto, anyFile},
	{resource.KindUnit, "", rootUser, none, none},
	{resource.KindUnit, "", otherUser, lookInto, onlyRoot},
	{resource.KindExport, "", rootUser, mounts, none},
	{resource.KindExport, "", otherUser, anyMounts, []capability{unix.CAP_DAC_OVERRIDE}},
	{resource.KindMount, "", rootUser, none, mounts},
	{resource.KindMount, "", otherUser, lookInto, []capability{unix.CAP_DAC_OVERRIDE, unix.CAP_SYS_ADMIN}},
	{resource.KindSyncDaemon, "", anyUser, network, network},
	{resource.KindService, "", anyUser, network, network},
	{resource.KindDestination, "", anyUser, network, network},
}

// lacking names in an error about objects of a kind what the process lacks of the
// capabilities that these can take, if it failed for lack of rights.
func lacking(err error, kind resource.Kind, changes bool) error {
	switch kind {
	case resource.KindDirectory, resource.KindFile, resource.KindBlock:
		return lackingForFiles(err, changes)
	case resource.KindSysctl:
		return err // who writes it knows
	}
	var caps []capability
	for _, n := range needs {
		switch {
		case n.kind != kind, n.user == rootUser && os.Geteuid() != 0, n.user == otherUser && os.Geteuid() == 0:
		case changes:
			caps = append(caps, n.change...)
		default:
			caps = append(caps, n.read...)
		}
	}
	return takes(err, caps...)
}

// lackingForFiles does so for files, of which the kernel says in one way that their
// permissions are in the way. For all else, those who do it know what it takes.
func lackingForFiles(err error, changes bool) error {
	switch {
	case !errors.Is(err, unix.EACCES):
		return err
	case changes:
		return takes(err, unix.CAP_DAC_OVERRIDE)
	}
	return takes(err, unix.CAP_DAC_READ_SEARCH)
}

// denied tells errors that come of a lack of rights, and do not say so already. Programs
// have words for it alone.
func denied(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	if strings.Contains(text, "CAP_") || errors.As(err, new(*rightsError)) {
		return false
	}
	text = strings.ToLower(text)
	return errors.Is(err, fs.ErrPermission) || strings.Contains(text, "not permitted") ||
		strings.Contains(text, "permission denied") || strings.Contains(text, "superuser") ||
		strings.Contains(text, "access denied") || strings.Contains(text, "authentication required")
}

// takes names in an error those of some capabilities that the process lacks. If it has
// all of them, or the error is about something else, the error stays as it is.
func takes(err error, caps ...capability) error {
	if !denied(err) {
		return err
	}
	var words []string
	for _, c := range caps {
		if !hasCapability(c) && !slices.Contains(words, c.String()) {
			words = append(words, c.String())
		}
	}
	if len(words) == 0 {
		return err
	}
	slices.Sort(words)
	return &rightsError{err, strings.Join(words, " and ")}
}

// A rightsError is an error that comes of a lack of rights.
type rightsError struct {
	err  error
	lack string
}

// Error implements error.
func (e *rightsError) Error() string { return e.err.Error() + ": this takes " + e.lack }

// Unwrap leads to the error as the kernel put it.
func (e *rightsError) Unwrap() error { return e.err }

// hasCapability tells whether this thread has a capability. One that cannot be found out
// it is taken to have, so that nothing is said of it.
func hasCapability(c capability) bool {
	if c == asRoot {
		return os.Geteuid() == 0
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return true
	}
	return data[c/32].Effective&(1<<(c%32)) != 0
}
