package provider

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// A standing is a file or directory that stands on the host, open for reading.
type standing struct {
	file    *os.File
	path    string // where it really is, after symbolic links
	stat    unix.Stat_t
	content []byte // of a file
}

// standingFile opens and reads the file at a path, or what a symbolic link there leads
// to. It returns nil if there is nothing. At most it reads so many bytes, and refuses a
// file that has more.
func standingFile(path string, limit int64) (*standing, error) {
	s, err := stand(path, unix.S_IFREG)
	if s == nil || err != nil {
		return nil, err
	}
	s.content, err = io.ReadAll(io.LimitReader(s.file, limit+1))
	switch {
	case err != nil:
		err = fmt.Errorf("read %s: %w", path, cause(err))
	case int64(len(s.content)) > limit:
		err = fmt.Errorf("%s has %d bytes, and no more than %d can be managed", path, max(s.stat.Size, limit+1), limit)
	default:
		return s, nil
	}
	s.close()
	return nil, err
}

// stand opens what is at a path, or what a symbolic link there leads to. The type is
// S_IFREG or S_IFDIR; anything else is refused without being opened, which can have
// effects on devices. It returns nil if there is nothing.
func stand(path string, fileType uint32) (*standing, error) {
	target, err := resolve(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := &standing{path: target}
	if err := unix.Lstat(target, &s.stat); err != nil {
		return nil, fmt.Errorf("look at %s: %w", path, err)
	}
	if found := s.stat.Mode & unix.S_IFMT; found != fileType {
		return nil, fmt.Errorf("%s is %s, not %s", path, typeName(found), typeName(fileType))
	}
	if s.file, err = os.OpenFile(target, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, cause(err))
	}
	var opened unix.Stat_t
	if err := unix.Fstat(int(s.file.Fd()), &opened); err != nil || !same(opened, s.stat) {
		s.close()
		return nil, errMeanwhile(path)
	}
	return s, nil
}

// typeName says what a file of a type is.
func typeName(fileType uint32) string {
	switch fileType {
	case unix.S_IFREG:
		return "a file"
	case unix.S_IFDIR:
		return "a directory"
	case unix.S_IFIFO:
		return "a named pipe"
	case unix.S_IFSOCK:
		return "a socket"
	case unix.S_IFBLK, unix.S_IFCHR:
		return "a device"
	}
	return "something else"
}

// resolve follows symbolic links. The error is [fs.ErrNotExist] if there is nothing at
// the path, not even a link.
func resolve(path string) (string, error) {
	if !filepath.IsAbs(path) || filepath.Clean(path) != path {
		return "", fmt.Errorf("%q is not an absolute path without detours", path)
	}
	target, err := filepath.EvalSymlinks(path)
	if err == nil {
		return target, nil
	}
	if to, linkErr := os.Readlink(path); linkErr == nil && errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s is a symbolic link to %s, which is not there: make that, or remove the link", path, to)
	}
	return "", fmt.Errorf("find %s: %w", path, cause(err))
}

// newPlace is where something is made that is not there yet: its directory is.
func newPlace(path string) (string, error) {
	parent := filepath.Dir(path)
	dir, err := resolve(parent)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no directory %s for it: add a block directory %q", parent, parent)
	case err != nil:
		return "", err
	}
	return filepath.Join(dir, filepath.Base(path)), nil
}

// unchanged refuses a path at which there is not what was read. Where nothing was, nothing
// may be.
func (s *standing) unchanged(path string) error {
	var now unix.Stat_t
	err := unix.Lstat(path, &now)
	switch {
	case s == nil && errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("look at %s: %w", path, err)
	case s != nil && err == nil && same(now, s.stat):
		return nil
	}
	return errMeanwhile(path)
}

// same tells whether two looks at a file saw the same one, which nobody changed between
// them.
func same(a, b unix.Stat_t) bool {
	return a.Dev == b.Dev && a.Ino == b.Ino && a.Size == b.Size && a.Ctim == b.Ctim
}

func errMeanwhile(path string) error {
	return fmt.Errorf("somebody else changed %s at the same time", path)
}

// mode is the permissions of a file or directory.
func (s *standing) mode() resource.Mode { return resource.Mode(s.stat.Mode & 0o7777) }

// owner names the owner and the group.
func (s *standing) owner() (owner, group string, err error) {
	if owner, err = ownerName(s.stat.Uid); err != nil {
		return "", "", err
	}
	group, err = groupName(s.stat.Gid)
	return owner, group, err
}

// setOwnerAndMode changes what differs. A change of owner takes the set-ID bits away, so
// it comes first.
func (s *standing) setOwnerAndMode(uid, gid uint32, mode resource.Mode) error {
	owned := s.stat.Uid == uid && s.stat.Gid == gid
	if owned && s.mode() == mode {
		return nil
	}
	if err := changeable(s.path); err != nil {
		return err
	}
	fd := int(s.file.Fd())
	if !owned {
		if err := unix.Fchown(fd, int(uid), int(gid)); err != nil {
			return takes(fmt.Errorf("set the owner of %s: %w", s.path, err), unix.CAP_CHOWN)
		}
	}
	if err := setMode(fd, mode); err != nil {
		return errors.Join(fmt.Errorf("set the mode of %s: %w", s.path, err), s.undoOwner(owned))
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("write %s to disk: %w; %w", s.path, cause(err), errPartly)
	}
	return nil
}

// setMode sets the permissions of an open file or directory. Of a group that the process is
// not in, the kernel drops the set-group-ID bit without a word.
func setMode(fd int, mode resource.Mode) error {
	if err := unix.Fchmod(fd, uint32(mode)); err != nil {
		return takes(err, unix.CAP_FOWNER)
	}
	var now unix.Stat_t
	if err := unix.Fstat(fd, &now); err != nil {
		return err
	}
	if mode&unix.S_ISGID != 0 && now.Mode&unix.S_ISGID == 0 {
		return takes(fmt.Errorf("set the set-group-ID bit: %w", unix.EPERM), unix.CAP_FSETID)
	}
	return nil
}

// undoOwner gives back the owner where a change stopped half-way.
func (s *standing) undoOwner(owned bool) error {
	if owned {
		return nil
	}
	if err := unix.Fchown(int(s.file.Fd()), int(s.stat.Uid), int(s.stat.Gid)); err != nil {
		return fmt.Errorf("give %s back to its owner: %w; %w", s.path, err, errPartly)
	}
	return nil
}

// close lets go of what was opened.
func (s *standing) close() {
	if s != nil {
		s.file.Close()
	}
}
