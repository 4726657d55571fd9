package resource

import (
	"cmp"
	"fmt"
	"strconv"
	"time"
)

// Action is what a change does.
type Action uint8

// The actions. Adopt and Forget touch the ledger alone, never the host.
const (
	Create  Action = 1 + iota
	Update         // edited in place
	Replace        // deleted and created again under the same key
	Delete
	Restore // given up: back to what stood there before us
	Adopt   // it is there as wanted already: only remember that
	Forget  // ours, but gone or as before already: only stop remembering. After is what is there
)

var actionNames = [...]string{Create: "create", Update: "update", Replace: "replace", Delete: "delete", Restore: "restore", Adopt: "adopt", Forget: "forget"}

// String returns the action's name.
func (a Action) String() string {
	if a == 0 || int(a) >= len(actionNames) {
		return fmt.Sprintf("action(%d)", uint8(a))
	}
	return actionNames[a]
}

// MarshalText implements [encoding.TextMarshaler].
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (a *Action) UnmarshalText(text []byte) error {
	for i, name := range actionNames {
		if i > 0 && name == string(text) {
			*a = Action(i)
			return nil
		}
	}
	return fmt.Errorf("unknown action %q", text)
}

// TouchesHost tells actions that change the host from those that only change what
// its ledger remembers.
func (a Action) TouchesHost() bool { return a != Adopt && a != Forget }

// Releases tells actions after which the object is no longer ours.
func (a Action) Releases() bool { return a == Delete || a == Restore || a == Forget }

// A Change takes one object on one host from one state to another. It is data: it
// can be shown, written to a file, sent to another machine, and inverted.
type Change struct {
	Action Action
	Before Resource // nil where nothing stood
	After  Resource // nil where nothing will stand
	Reason Reason
	Source Source // the config line that wants it; zero for removals
	// Cuts counts the connections that a removed destination was serving when the
	// plan was made. They cannot be brought back.
	Cuts  Connections
	Drain Drain // what a removed destination waits for before it goes
	// Claim is what the ledger is to say of the object afterwards, where that does not
	// follow from the change: who undoes an apply puts back the claims that were there.
	Claim *Claim
}

// A Drain says what a destination that is removed waits for, once its weight is 0 and it
// gets no new connections. The zero value is that it goes at once.
type Drain struct {
	Within time.Duration `json:"within"` // for which it waits at the most, ns
	// Inactive has it wait for connections that are not active, too: those of UDP never are.
	Inactive bool `json:"inactive,omitempty"`
	// Persistent has it wait for persistence templates, too: while there is one, its client
	// comes back to this destination, whatever the weight.
	Persistent bool `json:"persistent,omitempty"`
}

// Left is how many of the connections of a destination are waited for.
func (d Drain) Left(c Connections) uint64 {
	left := uint64(c.Active)
	if d.Inactive {
		left += uint64(c.Inactive)
	}
	if d.Persistent {
		left += uint64(c.Persistent)
	}
	return left
}

// A Source is a place in the config.
type Source struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// String writes the place as file:line, or nothing for no place.
func (s Source) String() string {
	if s.File == "" {
		return ""
	}
	return s.File + ":" + strconv.Itoa(s.Line)
}

// Reason says why a change is needed.
type Reason string

// The reasons, worded as they are printed.
const (
	NewInConfig       Reason = "new in config"
	ChangedInConfig   Reason = "changed in config"
	RemovedFromConfig Reason = "removed from config"
	ChangedOnHost     Reason = "changed on the host"
	SharedWithOthers  Reason = "others have put destinations in it"
	RemovedOnHost     Reason = "removed on the host"
	ThereBefore       Reason = "was there before lvsctl"
	Destroying        Reason = "destroy"
	WithItsLink       Reason = "its interface is made anew"
	Draining          Reason = "no new connections before it is removed"
	Meanwhile         Reason = "new connections would be refused meanwhile"
	Leaving           Reason = "clients that use a port again would not be answered"
	Remounting        Reason = "no connections while something else is mounted"
	RollingOut        Reason = "no connections while it is changed"
	RollingBack       Reason = "rollback"
	FilesWritten      Reason = "a file that it reads is written"
	LostAtBoot        Reason = "lost when the host booted"
	Imported          Reason = "imported"
	ImportedToGo      Reason = "imported, the next apply deletes it"
	Reordered         Reason = "reordered" // the object is as it was, but the order of taking it down changed
)

// Passing tells reasons of changes that are gone when the plan is done.
func (r Reason) Passing() bool {
	return r == Meanwhile || r == Leaving || r == Draining || r.PutsAside()
}

// PutsAside tells reasons of changes by which a real server is out of service for a while.
func (r Reason) PutsAside() bool { return r == Remounting || r == RollingOut }

// Claims tells changes after which the object is ours.
func (c Change) Claims() bool { return c.Claim != nil || !c.Action.Releases() }

// Imports tells changes that make an object ours which is there, as if we had made it.
func (c Change) Imports() bool {
	return c.Action == Adopt && c.Claim != nil && c.Claim.Prior == nil && c.Before != nil
}

// Key is the key of the object that the change is about.
func (c Change) Key() Key {
	if c.After != nil {
		return c.After.Key()
	}
	return c.Before.Key()
}

// Writes is the path of the file in which other bytes are after the change, empty for none: its
// permissions may change without that.
func (c Change) Writes() string {
	before, path := textIn(c.Before)
	after, now := textIn(c.After)
	if !c.Action.TouchesHost() || before == after && path == now {
		return ""
	}
	return cmp.Or(path, now)
}

// textIn is what a file has, or a block in one, and the file's path; empty for what is
// neither.
func textIn(r Resource) (text Text, path string) {
	switch r := r.(type) {
	case File:
		return r.Content, r.Path
	case Block:
		return r.Content, r.Path
	}
	return "", ""
}

// Visible tells changes that matter to people from those that only keep the ledger's
// notes on order up to date.
func (c Change) Visible() bool { return c.Reason != Reordered }

// Invert is the change that undoes c on the host.
func (c Change) Invert() Change {
	inverse := Change{Action: c.Action, Before: c.After, After: c.Before, Reason: c.Reason, Source: c.Source}
	switch c.Action {
	case Create:
		inverse.Action = Delete
	case Delete:
		inverse.Action = Create
	}
	return inverse
}

// StepRef names a step: the host it happens on and what it is for. Both together
// are unique in a config.
type StepRef struct {
	Host string `json:"host"`
	Name string `json:"name"`
}

// String writes the reference as "host: name".
func (r StepRef) String() string { return r.Host + ": " + r.Name }

// An Edge orders two steps and says why.
type Edge struct {
	Step StepRef `json:"step"` // the step that comes first
	Why  string  `json:"why"`
}

// A Step is a group of changes on one host that serve one purpose and are made
// together. Steps are what is ordered.
type Step struct {
	StepRef
	After   []Edge   `json:"after,omitempty"`
	Changes []Change `json:"changes"`
	// Stage groups steps that follow each other in a plan: those of one stage on different
	// hosts do not depend on each other, and can be carried out at once. Those of stage 0
	// are carried out alone.
	Stage int `json:"-"`
	// Wave is which of the plan's waves the step belongs to, from 1, and 0 in a plan without.
	Wave int `json:"wave,omitempty"`
	// Probes are what the host asks real servers before the steps that follow take them in. A
	// step with probes has no changes.
	Probes []ServerProbe `json:"probes,omitempty"`
}

// A ServerProbe asks a real server something by its own address.
type ServerProbe struct {
	Server string `json:"server"` // what people call it
	Probe
}

// A Claim is one line of a host's ledger: an object that is ours.
type Claim struct {
	Want  Resource // the state lvsctl last gave it
	Prior Resource // what stood there before lvsctl came, nil for nothing
	Step  string   // name of the step that set it
}

// NewClaims returns claims by the keys of their objects.
func NewClaims(claims ...Claim) *ByKey[Claim] {
	t := NewByKey[Claim]()
	for _, c := range claims {
		t.Put(c.Want.Key(), c)
	}
	return t
}

// A Ledger is what a host remembers of lvsctl's work on it.
type Ledger struct {
	BootID string // the boot during which it was last written
	Claims *ByKey[Claim]
	Steps  map[string][]Edge // the steps that made claims, lost ones too, by name, and what each came after
	// Moves are those of an apply that has not ended, nil for none.
	Moves *Moves
	Last  *Last // the last apply, nil for none that is remembered
	// Lost are the claims of before the host booted on what went with that boot, until an
	// apply has set up what is wanted now, or lvsctl boot has set it up again. What outlives a
	// boot is among Claims.
	Lost *ByKey[Claim]
	Host string // by which name the config knew the host last, empty if it never said
}

// Facts is what a host says about itself.
type Facts struct {
	Version    string   `json:"version"`             // of lvsctl on that host
	Program    string   `json:"program,omitempty"`   // the file that it is, absolute
	StateDir   string   `json:"state_dir,omitempty"` // where its ledger is, absolute
	Kernel     string   `json:"kernel"`
	BootID     string   `json:"boot_id"`
	Schedulers []string `json:"schedulers,omitempty"` // IPVS schedulers it has or can load, sorted; none: no IPVS
	Links      []string `json:"links,omitempty"`      // names of its network interfaces, sorted
	Down       []string `json:"down,omitempty"`       // those of them that are down
	Hardware   []string `json:"hardware,omitempty"`   // their Ethernet addresses, sorted

	Addresses []Address `json:"addresses,omitempty"` // of all of them, in the order of their keys
	// Balancers names programs beside lvsctl that keep services in the host's IPVS, sorted.
	Balancers []string `json:"balancers,omitempty"`
	Systemd   bool     `json:"systemd,omitempty"` // whether systemd is what starts everything else, as in sd_booted(3)
}

// Connections counts what a destination is serving.
type Connections struct {
	Active     uint32 `json:"active"`
	Inactive   uint32 `json:"inactive"`
	Persistent uint32 `json:"persistent"`
}

// Total is how many connections would notice if the destination went away.
func (c Connections) Total() uint64 { return uint64(c.Active) + uint64(c.Inactive) }

// A Snapshot is what one host has to say at one moment: the objects that were asked
// for and all IPVS objects, what its ledger says, and facts about it.
type Snapshot struct {
	Facts       Facts
	Live        Set
	Connections map[Key]Connections // of destinations that have any
	Ledger      Ledger
	Notices     []string // what the user should hear about the ledger's files
}
