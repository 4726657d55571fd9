package state

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// When the backup is safe
//
// ledger.bak is the log as it was when it was last written anew. It knows nothing of
// what happened since, so by itself it is not safe to use: objects made since would
// pass for somebody else's and stay for good, and objects given up since would pass
// for ours, to be removed although somebody else may have put them there again.
//
// But the log's snapshot says the same as the backup it was made from. So where all
// the damage is within the snapshot, the backup takes the snapshot's place, and the
// appends that follow, all of them good, make up for its age. The result is exactly
// what the log said. The snapshot's last line carries the backup's fingerprint, and
// nothing but that very file will do.
//
// In every other case, such as damage to an append, or a log that is gone, opening
// the ledger is an error, and a person has to decide.

// Errors that [Open] wraps, with the file and what to do about it.
var (
	ErrDamaged = errors.New("the ledger is damaged")
	ErrNewer   = errors.New("the ledger was written by a newer lvsctl")
)

// image is what a log says, and what file it is.
type image struct {
	claims  *resource.ByKey[resource.Claim]
	steps   map[string][]resource.Edge
	lost    *resource.ByKey[resource.Claim] // on what went when the host booted, see reboot.go
	boot    string                          // the one that the image is of
	noted   string                          // the one that the file knows of
	host    string                          // by which name the config knows it
	journal *resource.Journal               // nil where no apply is remembered
	moves   *resource.Moves                 // of the journal, while the apply is under way
	former  *resource.Journal               // of the apply before, in case the one under way does nothing
	fence   *resource.Fence                 // of the last apply that had one

	info   fs.FileInfo // nil where there is no file
	print  fingerprint // of the whole file
	lines  int         // in the file, one for each of several in a line
	stale  bool        // the file must be written anew before anything is appended
	old    bool        // so must it, as an earlier version wrote it
	notice string      // what the user should hear about the file
}

func newImage() *image {
	return &image{
		claims: resource.NewByKey[resource.Claim](),
		steps:  make(map[string][]resource.Edge),
		lost:   resource.NewByKey[resource.Claim](),
	}
}

// apply adds what one record says.
func (m *image) apply(r *record) {
	switch r.word {
	case wordBoot:
		m.startUp(r.text)
		m.noted = r.text
	case wordHost:
		m.host = r.text
	case wordLost:
		m.lost.Put(r.key(), r.claim)
	case wordStep:
		if m.journaling() {
			m.moves.Overwrite(r.text, m.steps[r.text])
		}
		m.steps[r.text] = r.after
	case wordClaim:
		key := r.key()
		if m.journaling() {
			m.remember(resource.WasEntry{Key: key})
			if old, held := m.claims.Find(key); held {
				m.moves.Move(old.Step, r.claim.Step)
			}
		}
		m.claims.Put(key, r.claim)
	case wordRelease:
		m.claims.Delete(r.key())
	case wordApply:
		m.open(r.says.(resource.Apply))
	case wordBegin:
		if m.journaling() {
			m.journal.Began = true
		}
	case wordWas:
		m.remember(r.says.(resource.WasEntry))
	case wordPast:
		m.journal.Steps[r.text] = r.after
		m.moves.Overwrite(r.text, r.after)
	case wordDone:
		m.close(r.says.(doneBody))
	case wordClaims, wordWere, wordReleases:
		m.applyGroup(r)
	}
}

// replayed is how many lines are decoded at a time.
const replayed = 4096

// replay adds what lines say.
func (m *image) replay(lines []line) error {
	for lines := range slices.Chunk(lines, replayed) {
		records, err := decodeAll(lines)
		if err != nil {
			return err
		}
		for i := range records {
			if w := records[i].word; m.journal == nil && (w == wordPast || w == wordDone) {
				return fmt.Errorf("line %d: %s outside of an apply", lines[i].number, w)
			}
			m.apply(&records[i])
			m.lines++
			if g, many := records[i].says.(group); many {
				m.lines += len(g.servers) - 1
			}
		}
	}
	return nil
}

// referenced is a copy of the steps that claims refer to, lost ones too.
func (m *image) referenced() map[string][]resource.Edge {
	steps := make(map[string][]resource.Edge)
	for _, claims := range []*resource.ByKey[resource.Claim]{m.claims, m.lost} {
		last := "" // many claims in a row are of one step
		for _, c := range claims.All() {
			if c.Step == last && last != "" {
				continue
			}
			last = c.Step
			if _, have := steps[c.Step]; have {
				continue
			}
			if after, known := m.steps[c.Step]; known {
				steps[c.Step] = slices.Clone(after)
			}
		}
	}
	return steps
}

// load reads the ledger in a directory. A reader does not hold the lock, so a log
// with anything wrong in it is read again for as long as it changes: it may have been
// caught in the middle of a write.
func load(d disk, dir string) (*image, error) {
	const attempts, pause = 10, 10 * time.Millisecond
	for attempt := 1; ; attempt++ {
		before, _ := d.Stat(filepath.Join(dir, ledgerFile))
		m, err := loadOnce(d, dir)
		if attempt == attempts || err == nil && !m.stale {
			return m, err
		}
		time.Sleep(pause)
		after, _ := d.Stat(filepath.Join(dir, ledgerFile))
		if unchanged(before, after) {
			return m, err
		}
	}
}

// unchanged tells whether two looks at a file saw the same; nil is no file.
func unchanged(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

func loadOnce(d disk, dir string) (*image, error) {
	path := filepath.Join(dir, ledgerFile)
	data, info, err := readFile(d, path)
	if errors.Is(err, fs.ErrNotExist) {
		return loadNone(d, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	m, err := parse(data)
	if errors.Is(err, ErrDamaged) {
		if rescued := rescue(d, dir, data); rescued != nil {
			m, err = rescued, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, withAdvice(err))
	}
	m.info = info
	switch {
	case m.notice != "":
		m.notice = path + " " + m.notice
	case m.stale:
		m.notice = path + " ends in an incomplete record, as a crash during a write leaves it; " +
			"it is left out, which is safe: no change is made before its record is complete"
	}
	return m, nil
}

// loadNone is the ledger of a host that has no log. The backup is removed before the
// log and created after it, so a backup alone is nothing that lvsctl leaves behind.
func loadNone(d disk, dir string) (*image, error) {
	backup := filepath.Join(dir, backupFile)
	if _, err := d.Stat(backup); errors.Is(err, fs.ErrNotExist) {
		return newImage(), nil
	} else if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	return nil, fmt.Errorf("%w: %s is gone, but its backup %s is there; "+
		"put the file back from a backup of the host, or remove %s to start over as a host that lvsctl never touched",
		ErrDamaged, filepath.Join(dir, ledgerFile), backupFile, backupFile)
}

// withAdvice adds to an error about a log what can be done about it.
func withAdvice(err error) error {
	if errors.Is(err, ErrNewer) {
		return fmt.Errorf("%w; use that version or a later one on this host", err)
	}
	return fmt.Errorf("%w; put the file back from a backup of the host, or remove it together with %s and apply again: "+
		"what is as the config wants it is then adopted, but what stood there before lvsctl is no longer known",
		err, backupFile)
}

// parse reads a whole log. It knows no file and no backup.
func parse(data []byte) (*image, error) {
	if len(data) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrDamaged)
	}
	lines, gaps := split(data)
	if err := checkHeader(lines, gaps); err != nil {
		return nil, err
	}
	if err := checkGaps(lines, gaps); err != nil {
		return nil, err
	}
	if len(gaps) > 0 {
		lines = lines[:gaps[0].next] // the rest of the append was not durable either
	}
	m := newImage()
	if err := m.replay(lines); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	version := lines[0].version()
	if version < 3 {
		m.lost.Clear() // what was lost is not recorded before version 3, nor that it was found again
	}
	m.old = version < formatVersion
	m.print = printOf(data)
	m.stale = len(gaps) > 0
	return m, nil
}

// printOf is the fingerprint of a file with this content.
func printOf(data []byte) fingerprint {
	return fingerprint{int64(len(data)), crc32.Checksum(data, castagnoli)}
}

// checkHeader looks whether a log starts as it should.
func checkHeader(lines []line, gaps []gap) error {
	if len(gaps) > 0 && gaps[0].at == 0 {
		return fmt.Errorf("%w: line 1 is not the start of a ledger", ErrDamaged)
	}
	header, err := lines[0].decode()
	switch {
	case err != nil || header.word != wordLedger || header.says.(headerBody).Format != formatName:
		return fmt.Errorf("%w: line 1 is not the start of a ledger", ErrDamaged)
	case header.says.(headerBody).Version > formatVersion:
		return fmt.Errorf("%w: it has format version %d, this one knows %d", ErrNewer, header.says.(headerBody).Version, formatVersion)
	case header.says.(headerBody).Version < 1:
		return fmt.Errorf("%w: there is no format version %d", ErrDamaged, header.says.(headerBody).Version)
	}
	return nil
}

// checkGaps tells the traces of a crash, which are no error, from damage.
func checkGaps(lines []line, gaps []gap) error {
	end := snapshotEnd(lines)
	for _, g := range gaps {
		if end < 0 || g.next <= end || !g.fromCrash(lines) {
			return fmt.Errorf("%w: line %d, at byte %d, is not as it was written", ErrDamaged, g.number, g.at)
		}
	}
	if end < 0 {
		return fmt.Errorf("%w: its first part has no end", ErrDamaged)
	}
	return nil
}

// snapshotEnd is the index of the snapshot's last line, or -1.
func snapshotEnd(lines []line) int {
	return slices.IndexFunc(lines, func(l line) bool { return l.word == wordEnd })
}

// fromCrash tells whether the gap is what a crash leaves of the last append.
func (g gap) fromCrash(lines []line) bool {
	return g.torn && !slices.ContainsFunc(lines[g.next:], line.opensAppend)
}

// rescue reads a damaged log with the help of the backup, or returns nil where that
// is not safe.
func rescue(d disk, dir string, data []byte) *image {
	backup, _, err := readFile(d, filepath.Join(dir, backupFile))
	if err != nil {
		return nil
	}
	m := rescueFrom(backup, data)
	if m != nil {
		m.notice = fmt.Sprintf("is damaged; %s and the changes recorded since stand in for it, and nothing is lost. "+
			"It will be written anew with the next change", filepath.Join(dir, backupFile))
	}
	return m
}

// rescueFrom replaces the damaged snapshot of a log by the backup that it was made
// from, if that is all that is wrong with it.
func rescueFrom(backup, data []byte) *image {
	lines, gaps := split(data)
	end := snapshotEnd(lines)
	if end < 0 {
		return nil
	}
	appends := lines[end+1:]
	for _, g := range slices.Backward(gaps) {
		if g.next > end {
			if !g.fromCrash(lines) {
				return nil
			}
			appends = lines[end+1 : g.next]
		}
	}
	r, err := lines[end].decode()
	if end, _ := r.says.(endBody); err != nil || end.Backup == nil || *end.Backup != printOf(backup) {
		return nil
	}
	m, err := parse(backup)
	if err != nil || m.stale {
		return nil
	}
	if err := m.replay(appends); err != nil {
		return nil
	}
	m.print.Size = int64(len(data)) // of the file that is there, to notice when it changes
	m.stale = true
	return m
}
