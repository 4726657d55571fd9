package planfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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

// Write writes the file at once, readable by its owner alone. It replaces another saved
// plan or an empty file, and nothing else.
func (f *File) Write(path string) error {
	if err := mayReplace(path); err != nil {
		return err
	}
	text, err := f.Encode()
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".lvsctl-plan-*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // after a rename there is nothing to remove
	_, err = temp.Write(text)
	if err == nil {
		err = temp.Sync()
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// mayReplace refuses to write a plan where it would be taken for config, or where
// something else would be lost.
func mayReplace(path string) error {
	if strings.HasSuffix(path, ".hcl") || strings.HasSuffix(path, ".hcl.json") {
		return fmt.Errorf("%s would be read as config: give the plan another name, such as %s.plan", path, strings.TrimSuffix(path, filepath.Ext(path)))
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is there already, and is not a regular file", path)
	case info.Size() > 0 && !Is(path):
		return fmt.Errorf("%s is there already, and is not a saved plan: it is not overwritten", path)
	}
	return nil
}
