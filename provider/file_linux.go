package provider

import (
	"fmt"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// fileDriver reads and writes regular files, whole.
type fileDriver struct{}

func (fileDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	for _, k := range keys {
		f, there, err := readFile(k.Name)
		if err != nil {
			return fmt.Errorf("read file: %w", err)
		}
		if there {
			snap.Live.Add(f)
		}
	}
	return nil
}

func (fileDriver) apply(changes []resource.Change) resource.Outcome {
	return changeFiles(changes, func(c resource.Change) error {
		switch f := c.After.(type) {
		case resource.File:
			return writeFile(f)
		case nil:
			return removeFile(c.Key().Name)
		}
		return errUnsupported(c)
	})
}

// readFile reads a file, if there is one.
func readFile(path string) (f resource.File, there bool, err error) {
	s, err := standingFile(path, resource.MaxFile)
	if s == nil || err != nil {
		return f, false, err
	}
	defer s.close()
	f = resource.File{Path: path, Content: resource.Text(s.content), Mode: s.mode()}
	f.Owner, f.Group, err = s.owner()
	return f, true, err
}

// writeFile makes a file be as it should.
func writeFile(f resource.File) error {
	if len(f.Content) > resource.MaxFile {
		return fmt.Errorf("%s would have %d bytes, and no more than %d can be managed", f.Path, len(f.Content), resource.MaxFile)
	}
	uid, gid, err := ownerNumbers(f.Owner, f.Group)
	if err != nil {
		return err
	}
	old, err := standingFile(f.Path, resource.MaxFile)
	if err != nil {
		return err
	}
	defer old.close()
	return putFile(f.Path, fileState{content: []byte(f.Content), mode: f.Mode, uid: uid, gid: gid}, old)
}
