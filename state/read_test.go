package state

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// compacted makes a ledger with a backup and appends after its snapshot.
func compacted(t testing.TB, dir string) *Store {
	t.Helper()
	s := open(t, dir)
	s.SetBoot("boot-1")
	for id := range 6 {
		carryOut(t, s, step(fmt.Sprint("step ", id/2), change(resource.Create, nil, object(id, 1))))
	}
	if err := s.compact(); err != nil {
		t.Fatal(err)
	}
	carryOut(t, s, step("later", change(resource.Update, object(1, 1), object(1, 2)), change(resource.Delete, object(2, 1), nil)))
	carryOut(t, s, step("last", change(resource.Update, object(3, 1), object(3, 2)), change(resource.Delete, object(4, 1), nil)))
	return s
}

// read returns a file of the ledger.
func read(t testing.TB, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// startOf is the offset of the n-th line (from 0) with the given word, from the end
// if n is negative.
func startOf(data []byte, word string, n int) int {
	var at []int
	pos := 0
	for l := range bytes.Lines(data) {
		if bytes.HasPrefix(l[checksumLen+1:], []byte(word+" ")) {
			at = append(at, pos)
		}
		pos += len(l)
	}
	if n < 0 {
		n += len(at)
	}
	return at[n]
}

// garbled are the ways in which the byte at a position may change.
func garbled(data []byte, at int) [][]byte {
	var out [][]byte
	for _, b := range []byte{data[at] ^ 1, data[at] ^ 0x20, data[at] ^ 0x80, 0, '\n'} {
		if b != data[at] {
			v := slices.Clone(data)
			v[at] = b
			out = append(out, v)
		}
	}
	return append(out, slices.Delete(slices.Clone(data), at, at+1), slices.Insert(slices.Clone(data), at, 'x'))
}

func TestGarbageIsRecognised(t *testing.T) {
	dir := t.TempDir()
	compacted(t, dir)
	data := read(t, dir, ledgerFile)
	last := startOf(data, wordFinish, -1)
	for at := range data {
		for _, bad := range garbled(data, at) {
			m, err := parse(bad)
			switch {
			case at < last-1 && !errors.Is(err, ErrDamaged):
				t.Fatalf("byte %d, before the last append: %v", at, err)
			case err == nil && !m.stale:
				t.Fatalf("byte %d, in the last append: not noticed", at)
			}
		}
	}
}

func TestLinesOutOfPlace(t *testing.T) {
	dir := t.TempDir()
	compacted(t, dir)
	data := read(t, dir, ledgerFile)
	lines := slices.Collect(bytes.Lines(data))
	last := bytes.Count(data[:startOf(data, wordFinish, -1)], []byte{'\n'})
	for i := range last {
		missing := bytes.Join(slices.Delete(slices.Clone(lines), i, i+1), nil)
		doubled := bytes.Join(slices.Insert(slices.Clone(lines), i, lines[i]), nil)
		swapped := slices.Clone(lines)
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		for what, bad := range map[string][]byte{"missing": missing, "doubled": doubled, "swapped": bytes.Join(swapped, nil)} {
			if m, err := parse(bad); err == nil && !m.stale {
				t.Errorf("line %d %s: not noticed", i+1, what)
			}
		}
	}
}

// TestRescue damages every byte in turn, with the backup at hand.
func TestRescue(t *testing.T) {
	dir := t.TempDir()
	s := compacted(t, dir)
	data, backup := read(t, dir, ledgerFile), read(t, dir, backupFile)
	end, last := startOf(data, wordEnd, 0), startOf(data, wordFinish, -1)
	for at := range data[:last] {
		bad := slices.Clone(data)
		bad[at] ^= 1
		m := rescueFrom(backup, bad)
		if (m != nil) != (at < end-1) { // without its newline, the line before takes the end along
			t.Fatalf("byte %d: rescued %v, the snapshot ends at %d", at, m != nil, end)
		}
		if m != nil {
			equal(t, resource.Ledger{BootID: m.boot, Claims: m.claims, Steps: m.referenced()}, s.Ledger())
		}
	}
	bad := slices.Clone(data)
	bad[end/2] ^= 1
	for at := range backup {
		wrong := slices.Clone(backup)
		wrong[at] ^= 1
		if rescueFrom(wrong, bad) != nil {
			t.Fatalf("rescued by a backup with a wrong byte %d", at)
		}
	}
}

func TestRescuedLedger(t *testing.T) {
	dir := t.TempDir()
	want := compacted(t, dir).Ledger()
	data := read(t, dir, ledgerFile)
	data[3] ^= 1
	data = append(data, "torn"...)
	write(t, dir, ledgerFile, data)
	s := open(t, dir)
	equal(t, s.Ledger(), want)
	path := filepath.Join(dir, ledgerFile)
	notice := []string{path + " is damaged; " + path + ".bak and the changes recorded since stand in for it, and nothing is lost. " +
		"It will be written anew with the next change"}
	if diff := cmp.Diff(notice, s.Notices()); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	carryOut(t, s, step("next", change(resource.Create, nil, object(9, 1))))
	again := open(t, dir)
	equal(t, again.Ledger(), s.Ledger())
	if len(again.Notices()) != 0 {
		t.Errorf("notices after it was written anew: %q", again.Notices())
	}
	if _, err := os.Stat(path + ".bak"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a backup that does not fit is there: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	raw := func(lines ...string) []byte { return []byte(strings.Join(lines, "")) }
	sum := func(lines ...string) []byte {
		var out []byte
		for _, l := range lines {
			digits := checksum(int64(len(out)), []byte(" "+l))
			out = append(append(append(append(out, digits[:]...), ' '), l...), '\n')
		}
		return out
	}
	zeros := func(data []byte, part string) []byte {
		before, _, found := bytes.Cut(data, []byte(part))
		if !found {
			t.Fatalf("no %q in the log", part)
		}
		clear(data[len(before):][:len(part)])
		return data
	}
	const header, end = `ledger {"format":"lvsctl-ledger","version":1}`, `end {}`
	const advice = "; put the file back from a backup of the host, or remove it together with ledger.bak and apply again: " +
		"what is as the config wants it is then adopted, but what stood there before lvsctl is no longer known"
	tests := []struct {
		name string
		data []byte
		is   error
		want string
	}{
		{"empty", nil, ErrDamaged, "the ledger is damaged: it is empty" + advice},
		{"something else", raw("hello\n"), ErrDamaged, "the ledger is damaged: line 1 is not the start of a ledger" + advice},
		{"no header", sum(end), ErrDamaged, "the ledger is damaged: line 1 is not the start of a ledger" + advice},
		{"unknown format", sum(`ledger {"format":"other","version":1}`, end), ErrDamaged, "the ledger is damaged: line 1 is not the start of a ledger" + advice},
		{"newer", sum(`ledger {"format":"lvsctl-ledger","version":5}`, `news {}`), ErrNewer,
			"the ledger was written by a newer lvsctl: it has format version 5, this one knows 4; use that version or a later one on this host"},
		{"version 0", sum(`ledger {"format":"lvsctl-ledger"}`), ErrDamaged, "the ledger is damaged: there is no format version 0" + advice},
		{"header alone", sum(header), ErrDamaged, "the ledger is damaged: its first part has no end" + advice},
		{"unknown record", sum(header, end, `begin "a"`, `news {}`), ErrDamaged, `the ledger is damaged: line 4: unknown record "news"` + advice},
		{"unknown kind", sum(header, end, `begin "a"`, `claim {"want":{"kind":"moon","state":{}}}`), ErrDamaged,
			`the ledger is damaged: line 4: unknown kind of resource "moon"` + advice},
		{"an end without an apply", sum(header, end, `done {"ending":"applied"}`), ErrDamaged, `the ledger is damaged: line 3: done outside of an apply` + advice},
		{"zeros within", zeros(sum(header, end, `begin "a"`, `begin "b"`), `"a"`), ErrDamaged, "the ledger is damaged: line 3, at byte 71, is not as it was written" + advice},
		{"zeros at the end", zeros(sum(header, end, `begin "a"`, `begin "b"`, `boot "b"`), `begin "b"`), nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, ledgerFile, tt.data)
			_, err := Open(dir)
			if tt.is == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			want := "read " + filepath.Join(dir, ledgerFile) + ": " + tt.want
			if !errors.Is(err, tt.is) || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

func TestBackupAlone(t *testing.T) {
	dir := t.TempDir()
	compacted(t, dir)
	if err := os.Remove(filepath.Join(dir, ledgerFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrDamaged) {
		t.Errorf("open: %v", err)
	}
}

func TestNoRight(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := t.TempDir()
	compacted(t, dir)
	if err := os.Chmod(filepath.Join(dir, ledgerFile), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, os.ErrPermission) {
		t.Errorf("open: %v", err)
	}
}

// FuzzParse reads logs of any content: no panic, and what passes can be written anew.
func FuzzParse(f *testing.F) {
	dir := f.TempDir()
	compacted(f, dir)
	data := read(f, dir, ledgerFile)
	f.Add(data)
	f.Add(data[:len(data)-20])
	f.Add(read(f, dir, backupFile))
	f.Add([]byte("\n"))
	backup := read(f, dir, backupFile)
	f.Fuzz(func(t *testing.T, data []byte) {
		rescueFrom(backup, data)
		rewritten(t, data)
	})
}

// FuzzLines reads logs with any lines whose checksums are right.
func FuzzLines(f *testing.F) {
	dir := f.TempDir()
	compacted(f, dir)
	var bare []byte
	for l := range bytes.Lines(read(f, dir, ledgerFile)) {
		bare = append(bare, l[checksumLen+1:]...)
	}
	f.Add(bare)
	f.Add([]byte(`claim {"want":{"kind":"route","state":null}}`))
	f.Add([]byte(`release {"kind":"destination","service":{"family":"ipv6"}}`))
	f.Fuzz(func(t *testing.T, bare []byte) {
		var data []byte
		for l := range bytes.Lines(bare) {
			text := append([]byte{' '}, bytes.TrimSuffix(l, []byte{'\n'})...)
			digits := checksum(int64(len(data)), text)
			data = append(append(append(data, digits[:]...), text...), '\n')
		}
		rewritten(t, data)
	})
}

// rewritten demands that a log that can be read says the same when written anew. What
// is compared has been written once before: JSON that we do not write can say one thing
// in several ways.
func rewritten(t *testing.T, data []byte) {
	m, err := parse(data)
	if err != nil {
		return
	}
	var logs [3][]byte
	for i := range logs {
		b := (&Store{image: m}).snapshot(nil)
		if b.err != nil {
			return // a name that is not UTF-8
		}
		logs[i] = b.buf.Bytes()
		if m, err = parse(logs[i]); err != nil || m.stale {
			t.Fatalf("written anew: %v\n%s", err, logs[i])
		}
	}
	if !bytes.Equal(logs[1], logs[2]) {
		t.Fatalf("written anew twice:\n%s\n%s", logs[1], logs[2])
	}
}
