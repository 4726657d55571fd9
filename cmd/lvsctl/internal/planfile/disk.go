package planfile

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/wholefile"
)

// Is tells whether a path is that of a saved plan, from how the file begins and ends.
// A path that cannot be read is none.
func Is(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, min(int64(headSize), info.Size()))
	tail := make([]byte, min(int64(tailSize), info.Size()))
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	if _, err := f.ReadAt(tail, info.Size()-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	return looksLike(head, tail)
}

// Read reads a file. Beside those of [Decode] it has the errors of reading.
func Read(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := Decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// kind is what files with plans are, to whoever writes one.
var kind = wholefile.Kind{What: "a saved plan", Ending: ".plan", Mode: 0o600, Is: Is}

// Write writes the file at once, readable by its owner alone. It replaces another saved
// plan or an empty file, and nothing else.
func (f *File) Write(path string) error {
	text, err := f.Encode()
	if err != nil {
		return err
	}
	return kind.Write(path, text)
}
