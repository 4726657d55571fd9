package state

import (
	"fmt"
	"maps"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// The journal.
//
// To undo an apply it takes what the ledger said at its start, and what was there then of
// the objects that it touched. Both are known when a step begins, and so the ledger's log
// is the journal as well: the append that claims what a step will make says first what
// its objects were, and is on disk before any of them is touched.
//
// Only what an object was when the apply first touched it counts. That makes an apply
// that was cut off easy to go on with: the next one adds what it is the first to touch,
// and undoing it goes back to where the first one began.
//
// An object that nobody claimed has a claim with its prior state once it is touched,
// which says all there is to say. So an object of which the journal says nothing, and
// which is claimed while an apply is under way, was not claimed before. One that is
// imported is the exception: it was there, and its claim says that nothing was.

// Start says that an apply begins. If the last one was not ended, or is the one that it
// takes back, the journal goes on; else a new one begins and the last can no longer be
// undone, unless the apply is taken back before it did anything. On a disk that has room for so few more changes that the apply could be stuck
// half-way, it fails.
func (s *Store) Start(apply resource.Apply, changes int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.start(apply, changes); err != nil {
		return fmt.Errorf("record the start of the apply: %w", err)
	}
	return nil
}

func (s *Store) start(apply resource.Apply, changes int) error {
	if apply.Fence.Before(s.image.fence) {
		return fmt.Errorf("another run has got the shared lock since, and has been here (%s, its number is %d and ours %d): ours was lost", apply.Fence.Lock, s.image.fence.Token, apply.Fence.Token)
	}
	if err := s.repair(); err != nil {
		return err
	}
	if news := s.news(); len(news) > 0 { // by themselves: an append that begins an apply starts with it
		if err := s.commit(news); err != nil {
			return err
		}
	}
	if err := s.commit([]record{{word: wordApply, says: apply}}); err != nil {
		return err
	}
	return s.reserve(changes)
}

// What the log grows by at the most: a line for what an object was, its claim, and its
// release, and all of that again if it is undone.
const (
	growthPerApply  = 64 << 10
	growthPerChange = 1 << 10
)

// reserve keeps room on the disk for an apply and for undoing it. Not every file system
// can do that.
func (s *Store) reserve(changes int) error {
	if err := s.openLog(); err != nil {
		return err
	}
	return s.file.Reserve(growthPerApply + int64(changes)*growthPerChange)
}

// End says how the apply went. Nothing of lvsctl stays on a host where it has nothing any
// more and nothing to go back to. A host where a kept apply did nothing yet remembers it: it
// is undone, or gone on with, on all of its hosts.
func (s *Store) End(ending resource.Ending, note string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.end(ending, note); err != nil {
		return fmt.Errorf("record the end of the apply: %w", err)
	}
	return nil
}

func (s *Store) end(ending resource.Ending, note string) error {
	if s.image.journal == nil {
		return fmt.Errorf("no apply was started")
	}
	j := s.image.journal
	nothing := ending == resource.Destroyed || ending == resource.Reverted || ending == resource.Applied && (j.Was.Len() == 0 || j.Apply.Boots)
	settled := s.image.lost.Len() == 0 || settles(j.Apply, ending)
	resumes := ending == resource.Reverted && s.image.resumes()
	if s.image.claims.Len() == 0 && nothing && settled && !resumes {
		return s.removeAll()
	}
	if err := s.repair(); err != nil {
		return err
	}
	if err := s.commit([]record{{word: wordDone, says: doneBody{ending, note}}}); err != nil {
		return err
	}
	s.giveBack()
	s.compactIfWorthwhile()
	return nil
}

// giveBack gives up the room that was reserved. It is taken again or not used: nothing
// depends on it.
func (s *Store) giveBack() {
	if s.file != nil {
		_ = s.file.Truncate(s.image.print.Size)
	}
}

// Journal is what is known of the last apply, nil if none is remembered. After the host
// booted there is nothing left to undo, but of an apply that was under way then.
func (s *Store) Journal() *resource.Journal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.image.journal == nil {
		return nil
	}
	j := *s.image.journal
	j.Was = j.Was.Clone()
	j.Steps = maps.Clone(j.Steps)
	maps.Copy(j.Steps, s.image.pastSteps())
	return &j
}

// open begins a journal or goes on with the one that is there.
func (m *image) open(apply resource.Apply) {
	if apply.Fence == nil {
		apply.Fence = m.fence // what was seen last stays known, also to a log that is written anew
	}
	m.fence = apply.Fence
	if m.journal == nil || m.journal.Ended() && m.journal.Apply.ID != apply.ID {
		m.former = m.journal
		m.journal = &resource.Journal{Was: resource.NewByKey[resource.Was](), Steps: map[string][]resource.Edge{}}
		m.moves = resource.NewMoves()
	}
	if m.journal.Apply.ID != apply.ID {
		m.journal.Began = false
	}
	m.journal.Apply, m.journal.Ending, m.journal.Note = apply, "", ""
}

// remember notes what an object was, if the apply is the first to touch it.
func (m *image) remember(e resource.WasEntry) {
	if !m.journaling() {
		return
	}
	m.journal.Was.LoadOrStore(e.Key, e.Was)
}

// journaling tells whether an apply is under way.
func (m *image) journaling() bool { return m.journal != nil && !m.journal.Ended() }

// close ends the apply. One that was taken back leaves nothing to undo, and neither does
// one that set up again what went when the host booted.
func (m *image) close(done doneBody) {
	if settles(m.journal.Apply, done.Ending) {
		m.lost.Clear()
	}
	m.journal.Ending, m.journal.Note = done.Ending, done.Note
	switch {
	case done.Ending == resource.Reverted && m.resumes():
		m.journal = m.former
		m.journal.Apply.Fence = m.fence
	case done.Ending == resource.Reverted:
		m.journal.Was.Clear()
		clear(m.journal.Steps)
	case done.Ending == resource.Applied && m.journal.Apply.Boots:
		m.journal = nil
	}
	m.former = nil
}

// resumes tells whether the apply under way did nothing on this host, so that the one before
// it can be undone still.
func (m *image) resumes() bool {
	return m.former != nil && m.former.Was.Len() > 0 && !m.journal.Began && m.journal.Was.Len() == 0
}

// pastSteps are the edges, as they were before the apply, of the steps that made the
// claims of before.
func (m *image) pastSteps() map[string][]resource.Edge {
	steps := make(map[string][]resource.Edge)
	for _, was := range m.journal.Was.All() {
		name := was.Claim.Step
		if _, have := steps[name]; have || !was.Claimed {
			continue
		}
		after, overwritten := m.journal.Steps[name]
		if !overwritten {
			after = m.steps[name]
		}
		steps[name] = slices.Clone(after)
	}
	return steps
}

// past lists the records of what a step is the first to touch in this apply.
func (s *Store) past(step resource.Step) []record {
	if !s.image.journaling() {
		return nil
	}
	var records []record
	first := func(key resource.Key, live func(resource.Claim) resource.Resource) {
		claim, held := s.image.claims.Find(key)
		if _, known := s.image.journal.Was.Find(key); known || !held {
			return
		}
		was := resource.Was{Claimed: true, Claim: claim, Live: live(claim)}
		records = append(records, record{word: wordWas, says: resource.WasEntry{Key: key, Was: was}})
	}
	for _, c := range step.Changes {
		first(c.Key(), func(claim resource.Claim) resource.Resource { return before(c, claim) })
		_, held := s.image.claims.Find(c.Key())
		if _, known := s.image.journal.Was.Find(c.Key()); !held && !known && c.Imports() {
			records = append(records, record{word: wordWas, says: resource.WasEntry{Key: c.Key(), Was: resource.Was{Live: c.Before}}})
		}
	}
	for _, key := range s.onLinks(step.Changes) {
		first(key, func(claim resource.Claim) resource.Resource { return claim.Want })
	}
	after, has := s.image.steps[step.Name]
	if _, known := s.image.journal.Steps[step.Name]; has && !known && !slices.Equal(after, step.After) {
		records = append(records, record{word: wordPast, text: step.Name, after: after})
	}
	return records
}

// before is the state of an object of ours before a change.
func before(c resource.Change, claim resource.Claim) resource.Resource {
	switch {
	case c.Action == resource.Forget:
		return c.After
	case c.Reason == resource.WithItsLink:
		return claim.Want // it went with its link, as part of this apply
	}
	return c.Before
}

// onLinks lists what is ours on interfaces that go or are made anew by some changes, and
// so goes without a change of its own.
func (s *Store) onLinks(changes []resource.Change) []resource.Key {
	gone := map[string]bool{}
	for _, c := range changes {
		if l, is := c.Before.(resource.Link); is && c.Action.TouchesHost() {
			gone[l.Name] = true
		}
	}
	if len(gone) == 0 {
		return nil
	}
	on := map[resource.Key]bool{}
	for more := true; more; {
		more = false
		for key, claim := range s.image.claims.All() {
			if on[key] || !gone[resource.LinkOf(claim.Want)] {
				continue
			}
			on[key] = true
			if l, is := claim.Want.(resource.Link); is {
				gone[l.Name], more = true, true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(on), resource.Key.Compare)
}

// journalRecords is the journal as part of a log that is written anew.
func (m *image) journalRecords() []record {
	j := m.journal
	if j == nil {
		return nil
	}
	records := []record{{word: wordApply, says: j.Apply}}
	if j.Began {
		records = append(records, record{word: wordBegin})
	}
	for _, name := range slices.Sorted(maps.Keys(j.Steps)) {
		records = append(records, record{word: wordPast, text: name, after: j.Steps[name]})
	}
	for _, e := range j.Entries() {
		records = append(records, record{word: wordWas, says: e})
	}
	if j.Ending != "" {
		records = append(records, record{word: wordDone, says: doneBody{j.Ending, j.Note}})
	}
	return records
}
