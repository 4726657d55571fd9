package main

import (
	"bytes"
	"fmt"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCpioReadsBack writes an archive and reads it with a reader of the test's own.
func TestCpioReadsBack(t *testing.T) {
	var out bytes.Buffer
	archive := cpioWriter{w: &out}
	archive.dir("dev")
	archive.file("dev/odd", 0o600, []byte("12345"))
	archive.file("init", 0o755, []byte("1234"))
	archive.file("empty", 0o644, nil)
	if err := archive.close(); err != nil {
		t.Fatal(err)
	}
	want := []string{"1 dev 40755 ", "2 dev/odd 100600 12345", "3 init 100755 1234", "4 empty 100644 ", "0 TRAILER!!! 0 "}
	got, err := readCpio(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestCpioKeepsFirstError(t *testing.T) {
	archive := cpioWriter{w: &failingWriter{room: 100}}
	archive.dir("dev")
	if err := archive.close(); err == nil || err.Error() != "full" {
		t.Errorf("got %v, want full", err)
	}
}

type failingWriter struct{ room int }

func (w *failingWriter) Write(data []byte) (int, error) {
	if w.room -= len(data); w.room < 0 {
		return 0, fmt.Errorf("full")
	}
	return len(data), nil
}

// readCpio lists "inode name mode content" of a newc archive.
func readCpio(data []byte) (entries []string, err error) {
	for offset := 0; offset < len(data); {
		field := func(i int) int {
			n, e := strconv.ParseUint(string(data[offset+6+8*i:][:8]), 16, 32)
			if e != nil {
				err = e
			}
			return int(n)
		}
		if string(data[offset:][:6]) != "070701" {
			return nil, fmt.Errorf("no magic at %d", offset)
		}
		inode, mode, size, nameSize := field(0), field(1), field(6), field(11)
		name := data[offset+110:][:nameSize]
		if name[nameSize-1] != 0 {
			return nil, fmt.Errorf("name %q does not end", name)
		}
		start := align(offset + 110 + nameSize)
		entries = append(entries, fmt.Sprintf("%d %s %o %s", inode, name[:nameSize-1], mode, data[start:][:size]))
		offset = align(start + size)
	}
	return entries, err
}

func align(n int) int { return (n + 3) / 4 * 4 }
