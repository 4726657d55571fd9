package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// directoryDriver makes directories and never removes what others put into them.
type directoryDriver struct{}

func (directoryDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	for _, k := range keys {
		d, there, err := readDirectory(k.Name)
		if err != nil {
			return fmt.Errorf("read directory: %w", err)
		}
		if there {
			snap.Live.Add(d)
		}
	}
	return nil
}

func (directoryDriver) apply(changes []resource.Change) resource.Outcome {
	return eachFile(changes, func(c resource.Change) error {
		switch d := c.After.(type) {
		case resource.Directory:
			return makeDirectory(d)
		case nil:
			return removeDirectory(c.Key().Name)
		}
		return errUnsupported(c)
	})
}

// readDirectory reads a directory, if there is one.
func readDirectory(path string) (d resource.Directory, there bool, err error) {
	s, err := standDirectory(path)
	if s == nil || err != nil {
		return d, false, err
	}
	defer s.close()
	d = resource.Directory{Path: path, Mode: s.mode()}
	d.Owner, d.Group, err = s.owner()
	return d, true, err
}

// standDirectory opens the directory at a path, if there is one. Where something is mounted
// on it that comes over the network, or that we have mounted, that is the directory below:
// the other one is somebody else's, and its server may not answer.
func standDirectory(path string) (*standing, error) {
	parent, err := resolve(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	covered, err := covered(filepath.Join(parent, filepath.Base(path)))
	if err != nil {
		return nil, err
	}
	if covered {
		return standBelow(parent, path)
	}
	return stand(path, unix.S_IFDIR)
}

// covered tells whether something is mounted on a directory that hides it from us.
func covered(path string) (bool, error) {
	info, err := topMount(path)
	if err != nil || info == nil {
		return false, err
	}
	note, err := readMountNote(path)
	return note != nil || shownMount(info).Network(), err
}

// standBelow opens a directory that something is mounted on. A copy of the mount that its
// parent is in, without those on top of it, shows it (open_tree(2), Linux 5.2).
func standBelow(parent, path string) (*standing, error) {
	tree, err := unix.OpenTree(unix.AT_FDCWD, parent, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return nil, takes(fmt.Errorf("look below the mount at %s: %w", path, err), unix.CAP_SYS_ADMIN)
	}
	defer func() { _ = unix.Close(tree) }()
	fd, err := unix.Openat(tree, filepath.Base(path), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("look below the mount at %s: %w", path, err)
	}
	s := &standing{path: path, file: os.NewFile(uintptr(fd), path)}
	if err := unix.Fstat(fd, &s.stat); err != nil {
		s.close()
		return nil, fmt.Errorf("look below the mount at %s: %w", path, err)
	}
	return s, nil
}

// makeDirectory makes a directory be as it should. What it stands in has to be there.
func makeDirectory(d resource.Directory) error {
	uid, gid, err := ownerNumbers(d.Owner, d.Group)
	if err != nil {
		return err
	}
	s, err := standDirectory(d.Path)
	if err != nil {
		return err
	}
	if s != nil {
		defer s.close()
		return s.setOwnerAndMode(uid, gid, d.Mode)
	}
	return newDirectory(d, uid, gid)
}

// newDirectory makes a directory, which nobody else can enter until it has its owner. If
// it cannot get that, it is gone again.
func newDirectory(d resource.Directory, uid, gid uint32) error {
	target, err := newPlace(d.Path)
	if err != nil {
		return err
	}
	if err := changeable(filepath.Dir(target)); err != nil {
		return err
	}
	if err := unix.Mkdir(target, 0o700); err != nil {
		return fmt.Errorf("make directory %s: %w", target, err)
	}
	s, err := stand(target, unix.S_IFDIR)
	if err == nil {
		defer s.close()
		err = s.setOwnerAndMode(uid, gid, d.Mode)
	}
	if err != nil {
		return errors.Join(err, unix.Rmdir(target))
	}
	return syncParent(target)
}

// removeDirectory removes a directory if that can be done without taking something from
// others: one with something in it stays, and so does one that something is mounted on,
// and one in whose place a symbolic link stands now.
func removeDirectory(path string) error {
	if err := changeable(path, filepath.Dir(path)); err != nil {
		return err
	}
	err := unix.Rmdir(path)
	for _, stays := range []error{fs.ErrNotExist, unix.ENOTEMPTY, unix.EEXIST, unix.EBUSY, unix.ENOTDIR} {
		if errors.Is(err, stays) {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("remove directory %s: %w", path, err)
	}
	return syncParent(path)
}
