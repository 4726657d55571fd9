// Package wholefile writes files that are never half there: whoever reads one meanwhile, and
// whatever goes wrong, finds the old one or the new one.
package wholefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Write puts a new file in the place of the one at a path, if there is one. It is on disk
// before it gets the name.
func Write(path string, text []byte, mode fs.FileMode) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".lvsctl-unfinished-*") // for its owner alone
	if err != nil {
		return about(path, err)
	}
	defer os.Remove(temp.Name()) // after a rename there is nothing to remove
	_, err = temp.Write(text)
	if err == nil {
		err = temp.Chmod(mode)
	}
	if err == nil {
		err = temp.Sync()
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return about(path, err)
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return about(path, err)
	}
	return nil
}

// about names the file in an error, and not the one beside it that nobody knows.
func about(path string, err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at):
		err = at.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return &fs.PathError{Op: "write", Path: path, Err: err}
}

// A Kind is a kind of files that lvsctl writes where it is told to. They replace each other
// and empty files, and nothing else.
type Kind struct {
	What   string                 // one of them, as in "a saved plan"
	Ending string                 // of a good name for one
	Mode   fs.FileMode            // of them all
	Is     func(path string) bool // tells whether a file is one
}

// Write is [Write], unless the file would be taken for config there, or something else
// would be lost.
func (k Kind) Write(path string, text []byte) error {
	if err := k.mayReplace(path); err != nil {
		return err
	}
	return Write(path, text, k.Mode)
}

// mayReplace tells why there must not be such a file at a path.
func (k Kind) mayReplace(path string) error {
	if strings.HasSuffix(path, ".hcl") || strings.HasSuffix(path, ".hcl.json") {
		return fmt.Errorf("%s would be read as config: give it another name, such as %s%s", path, strings.TrimSuffix(path, filepath.Ext(path)), k.Ending)
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is there already, and is not a regular file", path)
	case info.Size() > 0 && !k.Is(path):
		return fmt.Errorf("%s is there already, and is not %s: it is not overwritten", path, k.What)
	}
	return nil
}
