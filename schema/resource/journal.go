package resource

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// An Apply says which apply it is that changes a host: who made it, when and how. One
// that goes to several hosts is the same on all of them.
type Apply struct {
	ID      string    `json:"id"`      // tells it from all others
	Who     string    `json:"who"`     // user@machine
	Command string    `json:"command"` // the command line
	Since   time.Time `json:"since"`
	// Within is how long the host waits after the last change to hear that all is well. If
	// nobody says so, it takes the apply back by itself. Zero: it does not wait.
	Within time.Duration `json:"within,omitempty"` // ns
	Hosts  []string      `json:"hosts"`            // that take part, by their names in the config, sorted
	// Destroys says that it gives everything up. A host that has forgotten it has been told
	// that it ended, and so it was carried out on all of them.
	Destroys bool `json:"destroys,omitempty"`
	// Imports says that it changes no more than what is ours. There is nothing to go on with
	// if it is cut off.
	Imports bool `json:"imports,omitempty"`
	// Reverts says that it takes back what the apply of this ID did so far.
	Reverts bool `json:"reverts,omitempty"`
	// Boots says that it sets up again what went when the host booted.
	Boots bool `json:"boots,omitempty"`
	// Overrides names the policies that it was against and that its maker overrode, sorted.
	Overrides []string `json:"overrides,omitempty"`
	// Fence is of the shared lock that it was made under; nil where there was none.
	Fence *Fence `json:"fence,omitempty"`
}

// A Fence tells the holders of a shared lock apart by when they got it, so that those who
// lost it, and do not know yet, are kept out.
type Fence struct {
	Lock  string `json:"lock"`  // which one
	Token int64  `json:"token"` // larger for each holder
}

// Before tells whether f is of an earlier holder of the same lock than g. With one of them nil
// nobody can tell, and it is not.
func (f *Fence) Before(g *Fence) bool {
	return f != nil && g != nil && f.Lock == g.Lock && f.Token < g.Token
}

// Overriding says which policies the apply overrode, to follow its command line; empty for
// none.
func (a Apply) Overriding() string {
	switch len(a.Overrides) {
	case 0:
		return ""
	case 1:
		return ", overriding policy " + a.Overrides[0]
	}
	return ", overriding policies " + strings.Join(a.Overrides, ", ")
}

// Ending is how an apply went.
type Ending string

// The endings. An apply that is under way, or was cut off, has none.
const (
	Applied  Ending = "applied"
	Kept     Ending = "kept"     // it failed, and what was done is left
	Reverted Ending = "reverted" // all is as it was at its start
	// Rebooted is for an apply that was under way when its host booted. What it touched went
	// with that, but for what outlives a boot.
	Rebooted Ending = "rebooted"
	// Destroyed is for an apply that gave everything up. It leaves nothing behind, not even
	// what it would take to undo it.
	Destroyed Ending = "destroyed"
)

// A Journal is what a host remembers of its last apply, which is all that it takes to
// undo it. An apply that was not ended is continued by the next one, so that undoing goes
// back to where the first of them began.
type Journal struct {
	Apply  Apply
	Ending Ending
	Note   string // why it was reverted or kept, for people
	// Began says that it began a step here. One that did not may have something in Was all
	// the same: what those did that it was to go on with.
	Began bool
	Was   *ByKey[Was]
	// Steps are, as they were, those that the claims in Was name, and those that the apply
	// gave other edges.
	Steps map[string][]Edge
}

// Ended tells whether the apply came to an end after which another one starts anew.
func (j *Journal) Ended() bool { return j.Ending.Final() }

// Final tells whether an apply that went like this is not gone on with.
func (e Ending) Final() bool { return e == Applied || e == Reverted || e == Destroyed }

// Was is what a host had of an object before an apply touched it.
type Was struct {
	Claimed bool
	Claim   Claim // if Claimed
	// Live is the object's state, nil where it was not there. Of what was not ours it is
	// known only where it was imported: anything else goes back to the prior state of its
	// new claim.
	Live Resource
}

// A Last is what there is to say about a host's last apply, without what it changed.
type Last struct {
	Apply  Apply  `json:"apply"`
	Ending Ending `json:"ending,omitempty"`
	Note   string `json:"note,omitempty"`
	// Touched is how many objects can be put back to what they were.
	Touched int `json:"touched,omitempty"`
}

// Last is the journal's summary.
func (j *Journal) Last() *Last {
	return &Last{Apply: j.Apply, Ending: j.Ending, Note: j.Note, Touched: j.Was.Len()}
}

// A Past apply is one in a history of them. One without an ending is under way, or was cut off.
type Past struct {
	Apply   Apply     `json:"apply"`
	Ending  Ending    `json:"ending,omitempty"`
	Note    string    `json:"note,omitempty"`    // why it was reverted or kept
	Ended   time.Time `json:"ended,omitzero"`    // zero where that is not known
	Running bool      `json:"running,omitempty"` // who makes it holds the lock still
}

// Moves are the changes of order that an apply has made so far. What it did not get to was
// set up before them, and has to be taken down as it was.
type Moves struct {
	Past  map[string][]Edge   `json:"past,omitempty"`  // by step, all that it came after before
	Moved map[string][]string `json:"moved,omitempty"` // by step, those that got objects of it
}

// Overwrite notes that a step gets other edges.
func (m *Moves) Overwrite(step string, old []Edge) {
	for _, e := range old {
		if !slices.Contains(m.Past[step], e) {
			m.Past[step] = append(m.Past[step], e)
		}
	}
}

// Move notes that an object of one step becomes one of another.
func (m *Moves) Move(from, to string) {
	if from != to && !slices.Contains(m.Moved[from], to) {
		m.Moved[from] = append(m.Moved[from], to)
	}
}

// Of is all that a step came after before.
func (m *Moves) Of(step string) []Edge {
	if m == nil {
		return nil
	}
	return m.Past[step]
}

// Heirs are a step, those that got objects of it, those that got objects of them, and so
// on.
func (m *Moves) Heirs(step string) []string {
	list := []string{step}
	for i := 0; i < len(list); i++ {
		for _, next := range m.Moved[list[i]] {
			if !slices.Contains(list, next) {
				list = append(list, next)
			}
		}
	}
	return list
}

// Clone returns a copy.
func (m *Moves) Clone() *Moves { return &Moves{maps.Clone(m.Past), maps.Clone(m.Moved)} }

// NewMoves returns moves of an apply that begins.
func NewMoves() *Moves { return &Moves{map[string][]Edge{}, map[string][]string{}} }

type wasJSON struct {
	Key   Key    `json:"key"`
	Claim *Claim `json:"claim,omitempty"`
	Live  *Boxed `json:"live,omitempty"` // where it differed from the claim, or without one
	Gone  bool   `json:"gone,omitempty"` // claimed, but not there
}

// A WasEntry is one entry of a journal, as it is written.
type WasEntry struct {
	Key Key
	Was
}

// MarshalJSON implements [json.Marshaler].
func (e WasEntry) MarshalJSON() ([]byte, error) {
	v := wasJSON{Key: e.Key}
	if e.Claimed {
		v.Claim = &e.Claim
		v.Gone = e.Live == nil
	}
	if e.Live != nil && (!e.Claimed || e.Live != e.Claim.Want) {
		v.Live = &Boxed{e.Live}
	}
	return json.Marshal(v)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (e *WasEntry) UnmarshalJSON(data []byte) error {
	var v wasJSON
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*e = WasEntry{Key: v.Key}
	if v.Claim != nil {
		e.Was = Was{Claimed: true, Claim: *v.Claim, Live: v.Claim.Want}
	}
	switch {
	case v.Claim != nil && v.Claim.Want.Key() != v.Key, v.Live != nil && v.Live.Resource != nil && v.Live.Key() != v.Key:
		return fmt.Errorf("what %s was is another object", v.Key)
	case v.Gone:
		e.Live = nil
	case v.Live != nil:
		e.Live = v.Live.Resource
	}
	return nil
}

type journalJSON struct {
	Apply  Apply             `json:"apply"`
	Ending Ending            `json:"ending,omitempty"`
	Note   string            `json:"note,omitempty"`
	Began  bool              `json:"began,omitempty"`
	Was    []WasEntry        `json:"was"`
	Steps  map[string][]Edge `json:"steps,omitempty"`
}

// Entries lists what objects were, in the order of their keys.
func (j *Journal) Entries() []WasEntry {
	list := make([]WasEntry, 0, j.Was.Len())
	for key, was := range j.Was.Sorted() {
		list = append(list, WasEntry{key, was})
	}
	return list
}

// MarshalJSON implements [json.Marshaler].
func (j Journal) MarshalJSON() ([]byte, error) {
	return json.Marshal(journalJSON{j.Apply, j.Ending, j.Note, j.Began, j.Entries(), j.Steps})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (j *Journal) UnmarshalJSON(data []byte) error {
	var v journalJSON
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*j = Journal{Apply: v.Apply, Ending: v.Ending, Note: v.Note, Began: v.Began, Was: NewByKey[Was](), Steps: v.Steps}
	for _, e := range v.Was {
		j.Was.Put(e.Key, e.Was)
	}
	return nil
}
