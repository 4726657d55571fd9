// Package state keeps what lvsctl remembers on a host: the ledger, which says what
// objects are ours and what stood there before us, and the lock, which keeps two
// applies apart.
//
// # What a claim means
//
// Live state is the truth, and the ledger never competes with it. A [resource.Claim]
// does not say "this object exists"; it says "if this object exists, lvsctl may have
// made it so, and Prior is what stood there before lvsctl came". All of crash safety
// rests on this reading, because it makes a claim too many harmless and only a claim
// too few dangerous:
//
//   - Claimed and there as wanted: ours. The ordinary case.
//   - Claimed and there in another state: ours, and somebody or some crash changed
//     it. The config decides what becomes of it.
//   - Claimed, had no prior, and not there: the change was never made, or was
//     undone, or the host was booted since. Nothing is left to remove; what the
//     config does not want is forgotten.
//   - Claimed and there as in Prior: we never got to it, or have put it back
//     already. Giving it up is forgetting it.
//   - Not claimed but there: somebody else's. We keep our hands off it, which is why
//     an object of ours must never get here.
//
// # The order of writing
//
// The ledger says things in the order in which being interrupted does no harm. A step is
// carried out between two calls:
//
//	Begin   claims all that the step will make or change, before it is touched
//	…       the changes are made
//	Finish  lets go of what the step gave up, and takes back what was claimed for a
//	        change that did not happen
//
// Each call is one write and one fsync, however many changes the step has. At every
// instant in between, an object that we might have made is claimed:
//
//   - Before Begin returns nothing has been touched. What of its claims reached the
//     disk is a claim too many.
//   - Between Begin and Finish any part of the changes may have happened. What was to
//     be made is claimed, and what was to be given up is still claimed.
//   - During Finish the same holds, line by line.
//
// Prior is taken from the object's first claim and carried along by all later ones,
// so "before us" does not become "before our last change". Want is the newest wish,
// even if a crash kept it from being carried out: the next plan compares the config
// with the host, not with Want, so it notices. A full disk or a read-only file system
// shows in Begin, while nothing has been touched yet. If it shows in Finish, the
// claims of what was given up stay, and the next apply forgets them.
//
// The ledger's records belong to the steps that made them, because taking things
// down later needs the order in which they were put up. A step's edges are written
// when it claims something; a step that only gives up objects may be ordered the
// other way round and leaves the edges as they are. A step that no claim refers to
// any more is not part of the ledger.
//
// # The file
//
// The ledger is a log of lines (log.go has their form), so a step costs what it
// changes and not what the host holds. Every so often the log is written anew with
// what is still true, in a file of its own that then takes the log's name; the log
// up to there stays as ledger.bak (write.go). When the last claim is released, all of
// this is removed: a host that has nothing of ours has no ledger.
//
// What an apply was the first to touch stands in the log too, until the next apply
// begins: it is what undoing takes (journal.go).
//
// Most of what claims are about goes when the host boots, and so do they (reboot.go).
//
// Reading takes no lock and creates nothing. Writing takes the host's [Lock], which
// the caller holds from before [Open] until after [Store.Close]; a store that finds
// the file changed by somebody else refuses to write.
//
// A crash may leave the last write incomplete. That is no damage: what had not
// reached the disk had not been acted on, so it is left out, and a notice says so.
// Anything else that does not check out is damage, and read.go says when the backup
// can stand in for it.
package state

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// A Store is a host's ledger, open for reading and, while the caller holds the
// host's [Lock], for writing. Its methods may be called from several goroutines.
type Store struct {
	mu      sync.Mutex
	disk    disk
	dir     string
	image   *image // what is on disk, as of the last successful write
	file    file   // the log open for appending, nil before the first write
	begun   *begun // the step between Begin and Finish
	host    string // to be recorded with the next step or apply, empty where it stays
	notices []string
	minimum int // lines below which the log is never written anew
}

// begun is a step between Begin and Finish.
type begun struct {
	step   resource.Step
	before resource.Ledger // the claims on the step's objects as they stood before Begin
}

// compactFrom is the number of lines from which on writing the log anew is worth it.
const compactFrom = 1024

// Open reads the ledger in directory dir, by custom /var/lib/lvsctl. A host without
// one has an empty ledger; nothing is created before the first Begin. What the
// user should know about the file is in [Store.Notices]. Errors are [ErrDamaged],
// [ErrNewer], or the system's.
func Open(dir string) (*Store, error) { return openStore(osDisk{}, dir) }

// openStore is Open on any disk.
func openStore(d disk, dir string) (*Store, error) {
	img, err := load(d, dir)
	if err != nil {
		return nil, err
	}
	s := &Store{disk: d, dir: dir, image: img, minimum: compactFrom}
	if img.notice != "" {
		s.notices = append(s.notices, img.notice)
	}
	return s, nil
}

// Ledger returns a copy of what the ledger says now.
func (s *Store) Ledger() resource.Ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	ledger := resource.Ledger{
		BootID: s.image.noted,
		Claims: s.image.claims.Clone(),
		Steps:  s.image.referenced(),
		Host:   s.image.host,
	}
	if s.image.lost.Len() > 0 {
		ledger.Lost = s.image.lost.Clone()
	}
	if s.image.journal != nil {
		ledger.Last = s.image.journal.Last()
		if s.image.journaling() {
			ledger.Moves = s.image.moves.Clone()
		}
	}
	return ledger
}

// BootID is the boot during which the ledger was last written.
func (s *Store) BootID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.image.noted
}

// Empty tells whether nothing is ours, nor was before the host booted.
func (s *Store) Empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.image.claims.Empty() && s.image.lost.Empty()
}

// Notices lists what happened to the ledger's files that the user should hear about,
// one sentence each.
func (s *Store) Notices() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notices)
}

// SetBoot says which boot of the host this is. If the ledger is of another one, what it
// claims went, but for what outlives a boot. It is recorded with the next step or apply.
func (s *Store) SetBoot(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.image.startUp(id)
}

// SetHost says by which name the config knows the host. It is recorded with the next step
// or apply.
func (s *Store) SetHost(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = name
}

// Begin claims every object that step will make or change, and returns when the
// claims are safely on disk. Only then may the step be carried out; after an error
// it must not be. One step can be under way at a time.
func (s *Store) Begin(step resource.Step) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(step); err != nil {
		return fmt.Errorf("record step %q: %w", step.Name, err)
	}
	return nil
}

func (s *Store) begin(step resource.Step) error {
	if s.begun != nil {
		return fmt.Errorf("step %q is not finished yet", s.begun.step.Name)
	}
	if err := checkChanges(step.Changes); err != nil {
		return err
	}
	next := &begun{step, resource.Ledger{Claims: resource.NewByKey[resource.Claim]()}}
	if len(step.Changes) == 0 {
		s.begun = next
		return nil
	}
	records := s.announce(next)
	if err := s.repair(); err != nil {
		return err
	}
	if err := s.commit(records); err != nil {
		return err
	}
	s.begun = next
	return nil
}

// checkChanges refuses changes that cannot be recorded.
func checkChanges(changes []resource.Change) error {
	for i, c := range changes {
		switch {
		case c.Before == nil && c.After == nil:
			return fmt.Errorf("change %d is about no object", i)
		case c.After == nil && c.Claim == nil && !c.Action.Releases():
			return fmt.Errorf("%s %s: no state to reach", c.Action, c.Key())
		}
	}
	return nil
}

// announce lists the records with which a step begins, and notes in b the claims
// that they come to stand in for.
func (s *Store) announce(b *begun) []record {
	records := make([]record, 0, len(b.step.Changes)+3)
	records = append(records, record{word: wordBegin, text: b.step.Name})
	records = append(records, s.news()...)
	records = append(records, s.past(b.step)...)
	if slices.ContainsFunc(b.step.Changes, resource.Change.Claims) {
		records = append(records, record{word: wordStep, text: b.step.Name, after: slices.Clone(b.step.After)})
	}
	for _, c := range b.step.Changes {
		key := c.Key()
		old, held := s.image.claims.Find(key)
		if held {
			b.before.Claims.Put(key, old)
		}
		if c.Claims() {
			records = append(records, record{word: wordClaim, claim: claimFor(c, b.step.Name, old, held)})
		}
	}
	return records
}

// news lists the records of what the ledger does not say yet about the host.
func (s *Store) news() []record {
	var records []record
	if s.image.boot != s.image.noted {
		records = append(records, record{word: wordBoot, text: s.image.boot})
	}
	if s.host != "" && s.host != s.image.host {
		records = append(records, record{word: wordHost, text: s.host})
	}
	return records
}

// claimFor is the claim that change c of a step leads to, where old is the one that
// the object has, if it has one.
func claimFor(c resource.Change, step string, old resource.Claim, held bool) resource.Claim {
	if c.Claim != nil {
		return *c.Claim
	}
	claim := resource.Claim{Want: c.After, Prior: c.Before, Step: step}
	if held && c.Reason != resource.WithItsLink { // what stood before us went with the old interface
		claim.Prior = old.Prior
	}
	return claim
}

// errNotBegun is Finish's answer without a Begin.
var errNotBegun = errors.New("it was not begun")

// Finish records how the step that was begun went: done tells for each of its
// changes, by index, whether it took effect. Afterwards the ledger is what it was
// before Begin, with the changes that took effect applied to it. Where it is not
// known whether a change took effect, done must answer true for one that makes or
// changes an object and false for one that gives it up, which leaves both claimed.
//
// After an error the ledger still says what Begin made of it; Finish can be called
// again.
func (s *Store) Finish(step resource.Step, done func(i int) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.finish(step, done); err != nil {
		return fmt.Errorf("record the end of step %q: %w", step.Name, err)
	}
	return nil
}

func (s *Store) finish(step resource.Step, done func(i int) bool) error {
	b := s.begun
	if b == nil || b.step.Name != step.Name || len(b.step.Changes) != len(step.Changes) {
		return errNotBegun
	}
	if len(step.Changes) == 0 {
		s.begun = nil
		return nil
	}
	records, left := s.conclude(b, done)
	if !left && !s.image.journaling() {
		if err := s.removeAll(); err != nil {
			return err
		}
		s.begun = nil
		return nil
	}
	if err := s.repair(); err != nil {
		return err
	}
	if err := s.commit(records); err != nil {
		return err
	}
	s.begun = nil
	if !s.image.journaling() { // room is reserved for the log as it is
		s.compactIfWorthwhile()
	}
	return nil
}

// conclude lists the records with which a step ends, and tells whether any claims are left
// then.
func (s *Store) conclude(b *begun, done func(i int) bool) (records []record, left bool) {
	final := b.before.Claims.Clone()
	for i, c := range b.step.Changes {
		key := c.Key()
		switch old, held := final.Find(key); {
		case !done(i):
		case c.Claims():
			final.Put(key, claimFor(c, b.step.Name, old, held))
		default:
			final.Delete(key)
		}
	}
	records = []record{{word: wordFinish, text: b.step.Name}}
	released := make(map[resource.Key]bool)
	for _, c := range b.step.Changes {
		key := c.Key()
		want, keep := final.Find(key)
		have, held := s.image.claims.Find(key)
		switch {
		case keep && (!held || want != have):
			records = append(records, record{word: wordClaim, claim: want})
		case !keep && held && !released[key]:
			released[key] = true
			records = append(records, record{word: wordRelease, claim: have})
		}
	}
	if len(released) == 0 && !s.image.claims.Empty() || !s.image.lost.Empty() {
		return records, true
	}
	return records, s.image.claims.Len() > len(released)
}

// Close closes the file. A step that was not finished stays as Begin recorded it.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}
