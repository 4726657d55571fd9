package state

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// errChanged means that the file is not the one that was read.
var errChanged = errors.New("the ledger was changed by another process since it was read; nothing was written, run the command again")

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

// commit makes records durable and then true. On an error the ledger says what it
// said before.
func (s *Store) commit(records []record) error {
	if err := s.checkUnchanged(); err != nil {
		return err
	}
	write := s.appendBatch
	b := newBatch(s.image.print.Size)
	if s.image.info == nil {
		write = s.create
		b.add(record{word: wordLedger, says: headerBody{formatName, formatVersion}}, record{word: wordEnd, says: endBody{}})
	}
	if b.add(records...); b.err != nil {
		return b.err
	}
	if err := write(b); err != nil {
		return err
	}
	for i := range records {
		s.image.apply(&records[i])
	}
	return nil
}

// checkUnchanged looks whether the file is still the one that the image is of.
func (s *Store) checkUnchanged() error {
	info, err := s.disk.Stat(s.path(ledgerFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if s.image.info != nil {
			return errChanged
		}
		return nil
	case err != nil:
		return err
	case s.image.info == nil || !os.SameFile(info, s.image.info) || info.Size() != s.image.print.Size:
		return errChanged
	}
	return nil
}

// create makes the directory and in it a log with the lines of b.
func (s *Store) create(b *batch) error {
	if err := s.disk.Mkdir(s.dir); err != nil {
		return err
	}
	if err := syncDir(s.disk, filepath.Dir(s.dir)); err != nil {
		return err
	}
	return s.install(b, false)
}

// appendBatch adds the lines of b to the log. An append that fails is taken back, and
// where that cannot be relied on, the log is written anew before the next one.
func (s *Store) appendBatch(b *batch) error {
	if err := s.openLog(); err != nil {
		return err
	}
	_, err := s.file.Write(b.buf.Bytes())
	if err != nil {
		s.takeBack()
		return err
	}
	if err := s.file.Sync(); err != nil {
		s.takeBack()
		s.image.stale = true // what of the file is on disk now, nobody knows
		return err
	}
	s.image.print.Size += int64(b.buf.Len())
	s.image.print.CRC = crc32.Update(s.image.print.CRC, castagnoli, b.buf.Bytes())
	s.image.lines += b.lines
	return nil
}

// openLog opens the log for appending.
func (s *Store) openLog() error {
	if s.file != nil {
		return nil
	}
	f, err := s.disk.Open(s.path(ledgerFile), os.O_WRONLY|os.O_APPEND)
	if err == nil {
		s.file = f
	}
	return err
}

// takeBack cuts off what a failed write may have left.
func (s *Store) takeBack() {
	if s.file.Truncate(s.image.print.Size) == nil {
		return
	}
	s.image.stale = true
	if info, err := s.file.Stat(); err == nil {
		s.image.print.Size = info.Size()
	}
}

// repair writes the log anew if it cannot be appended to as it is. What is there is
// not worth to be the backup then, and the backup of before does not fit any more.
func (s *Store) repair() error {
	if !s.image.stale && !s.image.old {
		return nil
	}
	if err := s.checkUnchanged(); err != nil {
		return err
	}
	b := s.snapshot(nil)
	if b.err != nil {
		return b.err
	}
	if err := s.install(b, false); err != nil {
		return err
	}
	s.image.noted = s.image.boot
	return removeFile(s.disk, s.path(backupFile))
}

// compactIfWorthwhile writes the log anew if most of it is no longer true. Nothing is
// wrong with a long log, so a failure is only a notice.
func (s *Store) compactIfWorthwhile() {
	live := s.image.claims.Len() + s.image.lost.Len() + len(s.image.steps) + 3 // header, boot, end
	if s.image.journal != nil {
		live += s.image.journal.Was.Len()
	}
	if s.image.lines <= max(2*live, s.minimum) {
		return
	}
	if err := s.compact(); err != nil {
		notice := fmt.Sprintf("%s could not be written anew and goes on growing: %v", s.path(ledgerFile), err)
		if !slices.Contains(s.notices, notice) {
			s.notices = append(s.notices, notice)
		}
	}
}

// compact writes the log anew and keeps the old one as the backup.
func (s *Store) compact() error {
	if s.image.stale {
		return s.repair()
	}
	if err := s.checkUnchanged(); err != nil {
		return err
	}
	backup := s.image.print
	b := s.snapshot(&backup)
	if b.err != nil {
		return b.err
	}
	if err := s.install(b, true); err != nil {
		return err
	}
	s.image.noted = s.image.boot
	return nil
}

// snapshot is the lines of a log that says what is true now.
func (s *Store) snapshot(backup *fingerprint) *batch {
	if s.image.journal != nil {
		maps.Copy(s.image.journal.Steps, s.image.pastSteps())
	}
	s.image.former = nil // a log has one journal
	s.image.steps = s.image.referenced()
	b := newBatch(0)
	b.add(record{word: wordLedger, says: headerBody{formatName, formatVersion}})
	b.add(record{word: wordBoot, text: s.image.boot})
	if s.image.host != "" {
		b.add(record{word: wordHost, text: s.image.host})
	}
	for _, name := range slices.Sorted(maps.Keys(s.image.steps)) {
		b.add(record{word: wordStep, text: name, after: s.image.steps[name]})
	}
	records := make([]record, 0, s.image.claims.Len())
	for _, claim := range s.image.claims.Sorted() {
		records = append(records, record{word: wordClaim, claim: claim})
	}
	b.add(records...)
	for _, claim := range s.image.lost.Sorted() {
		b.add(record{word: wordLost, claim: claim})
	}
	b.add(s.image.journalRecords()...)
	b.add(record{word: wordEnd, says: endBody{backup}})
	return b
}

// install makes the lines of b the log. They are on disk before the log's name
// points to them, and the log's name never points to nothing: the backup is a second
// name for the old log until the new one takes the first.
func (s *Store) install(b *batch, keepBackup bool) error {
	fresh := s.path(freshFile)
	f, err := writeFresh(s.disk, fresh, b.buf.Bytes())
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && keepBackup {
		err = s.linkBackup()
	}
	if err == nil {
		err = s.disk.Rename(fresh, s.path(ledgerFile))
	}
	if err != nil {
		f.Close()
		_ = s.disk.Remove(fresh)
		return err
	}
	if s.file != nil {
		s.file.Close()
	}
	s.file = f
	s.image.info, s.image.print, s.image.lines = info, printOf(b.buf.Bytes()), b.lines
	err = syncDir(s.disk, s.dir)
	s.image.stale, s.image.old = err != nil, false
	return err
}

// linkBackup gives the log its second name.
func (s *Store) linkBackup() error {
	backup := s.path(backupFile)
	if err := removeFile(s.disk, backup); err != nil {
		return err
	}
	return s.disk.Link(s.path(ledgerFile), backup)
}

// removeAll removes the ledger of a host that has nothing of ours any more. Without
// its file the ledger is empty, so the removal is itself the record of it; the backup
// goes first, and for good, as it means nothing without the log.
func (s *Store) removeAll() error {
	if err := s.checkUnchanged(); err != nil {
		return err
	}
	for _, name := range []string{freshFile, backupFile} {
		if err := removeFile(s.disk, s.path(name)); err != nil {
			return err
		}
	}
	if s.image.info != nil {
		if err := syncDir(s.disk, s.dir); err != nil {
			return err
		}
	}
	if err := removeFile(s.disk, s.path(ledgerFile)); err != nil {
		return err
	}
	if s.file != nil {
		s.file.Close()
	}
	boot := s.image.boot
	s.file, s.image = nil, newImage()
	s.image.boot = boot
	if err := syncDir(s.disk, s.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = s.disk.Remove(s.dir) // stays where something else is in it, such as the lock
	return nil
}
