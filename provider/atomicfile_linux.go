package provider

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// A file is never written over: a new one is made beside it and renamed into its place.
// Whoever reads it meanwhile, and whatever goes wrong, there is the old one or the new
// one, whole. A symbolic link stays, and the file that it leads to is replaced.
//
// That cannot be done to a file with several names, as the others would keep the old
// one, nor to one that something is mounted on. Both are refused.

// fileState is what a file is to be.
type fileState struct {
	content  []byte
	mode     resource.Mode
	uid, gid uint32
}

// putFile gives the file at a path a state, and makes it if it is not there. What has the
// content already keeps it, and only gets mode and owner. old is the file as it was read
// before, nil for one that was not there.
func putFile(path string, want fileState, old *standing) error {
	if old == nil {
		target, err := newPlace(path)
		if err != nil {
			return err
		}
		return replaceFile(target, want, nil)
	}
	if bytes.Equal(old.content, want.content) {
		return old.setOwnerAndMode(want.uid, want.gid, want.mode)
	}
	if old.stat.Nlink > 1 {
		return fmt.Errorf("%s has %d names (hard links), and only this one would get the new content", old.path, old.stat.Nlink)
	}
	if err := changeable(old.path); err != nil {
		return err
	}
	return replaceFile(old.path, want, old)
}

// replaceFile makes a new file and puts it where target is.
func replaceFile(target string, want fileState, old *standing) error {
	dir, err := os.Open(filepath.Dir(target))
	if err != nil {
		return fmt.Errorf("open directory %s: %w", filepath.Dir(target), cause(err))
	}
	defer dir.Close()
	if err := changeable(dir.Name()); err != nil {
		return err
	}
	sweep(dir)
	tmp, err := newFile(dir.Name(), want, old)
	if err != nil {
		return fmt.Errorf("write the new %s: %w", target, err)
	}
	defer tmp.Close()
	if err := renameOver(tmp.Name(), target, old); err != nil {
		os.Remove(tmp.Name())
		return err
	}
	return syncDir(dir)
}

// unfinished is what the names of files begin with that are not in their place yet.
const unfinished = ".lvsctl-unfinished-"

// newFile makes a file in a directory that is on disk with all that it should have. Until
// it has its mode nobody else can read it. It is locked as long as it is open.
func newFile(dir string, want fileState, old *standing) (*os.File, error) {
	f, err := os.CreateTemp(dir, unfinished+"*")
	if err != nil {
		return nil, cause(err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err != nil && !errors.Is(err, unix.ENOLCK) && !errors.Is(err, unix.ENOTSUP) { // no locks on that file system
		err = fmt.Errorf("lock it: %w", err)
	} else {
		err = fill(f, want, old)
	}
	if err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, err
	}
	return f, nil
}

// fill gives a new file its content and all else. A change of owner takes the set-ID bits
// and the capabilities away, so these come later; a change of mode changes the mask of an
// ACL, and comes last.
func fill(f *os.File, want fileState, old *standing) error {
	if _, err := f.Write(want.content); err != nil {
		return cause(err)
	}
	if err := unix.Fchown(int(f.Fd()), int(want.uid), int(want.gid)); err != nil {
		return takes(fmt.Errorf("set its owner: %w", err), unix.CAP_CHOWN)
	}
	if old != nil {
		if err := copyAttributes(int(f.Fd()), int(old.file.Fd())); err != nil {
			return err
		}
	}
	if err := setMode(int(f.Fd()), want.mode); err != nil {
		return fmt.Errorf("set its mode: %w", err)
	}
	if err := f.Sync(); err != nil {
		return cause(err)
	}
	return nil
}

// sealed are extended attributes that vouch for the content and go with it. The kernel
// makes them anew.
var sealed = []string{"security.ima", "security.evm"}

// maxAttribute is how long an extended attribute, or the list of their names, can be
// (linux/limits.h).
const maxAttribute = 1 << 16

// copyAttributes gives a new file the extended attributes of the old one: ACLs, labels,
// and what users noted.
func copyAttributes(to, from int) error {
	names, err := attributeNames(from)
	if err != nil {
		return fmt.Errorf("list extended attributes: %w", err)
	}
	for _, name := range names {
		if slices.Contains(sealed, name) {
			continue
		}
		value := make([]byte, maxAttribute)
		n, err := unix.Fgetxattr(from, name, value)
		if errors.Is(err, unix.ENODATA) {
			continue // gone meanwhile
		}
		if err == nil {
			err = unix.Fsetxattr(to, name, value[:n], 0)
		}
		if err != nil {
			return fmt.Errorf("copy extended attribute %s: %w", name, err)
		}
	}
	return nil
}

// attributeNames lists the extended attributes of a file.
func attributeNames(fd int) ([]string, error) {
	list := make([]byte, maxAttribute)
	n, err := unix.Flistxattr(fd, list)
	if errors.Is(err, unix.ENOTSUP) || n == 0 && err == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimRight(string(list[:n]), "\x00"), "\x00"), nil
}

// renameOver puts a new file in the place of the old one, unless somebody else changed
// that since it was read.
func renameOver(tmp, target string, old *standing) error {
	if err := old.unchanged(target); err != nil {
		return err
	}
	err := os.Rename(tmp, target)
	switch {
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%s cannot be replaced, as something is mounted on it: %w", target, unix.EBUSY)
	case err != nil:
		return fmt.Errorf("put the new %s in place: %w", target, cause(err))
	}
	return nil
}

// syncDir has a directory on disk with the names that are in it.
func syncDir(dir *os.File) error {
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("write directory %s to disk: %w; %w", dir.Name(), cause(err), errPartly)
	}
	return nil
}

// sweep removes new files that never got to their place, as whoever wrote them was
// killed. Nobody holds their locks.
func sweep(dir *os.File) {
	left, _ := filepath.Glob(filepath.Join(escapeGlob(dir.Name()), unfinished+"[0-9]*"))
	for _, name := range left {
		f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
		if err != nil {
			continue
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			os.Remove(name)
		}
		f.Close()
	}
}

// escapeGlob writes a path so that no sign in it means more than itself.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// removeFile removes what is at a path, if it is a file or a symbolic link. The file that
// a link leads to belongs to whoever made the link. What is gone already is gone.
func removeFile(path string) error {
	if err := changeable(path, filepath.Dir(path)); err != nil {
		return err
	}
	err := unix.Unlink(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%s cannot be removed, as something is mounted on it: %w", path, err)
	case err != nil:
		return fmt.Errorf("remove %s: %w", path, err)
	}
	return syncParent(path)
}

// syncParent has the directory of a path on disk.
func syncParent(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("open directory %s: %w; %w", filepath.Dir(path), cause(err), errPartly)
	}
	defer dir.Close()
	return syncDir(dir)
}

// changeable refuses files and directories that their administrator has locked with
// chattr(1). The kernel says no more of it than that an operation is not permitted, and
// what was begun in a directory that can only be added to could not be removed.
func changeable(paths ...string) error {
	for _, path := range paths {
		var stat unix.Statx_t
		err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, 0, &stat)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return fmt.Errorf("look at %s: %w", path, err)
		case stat.Attributes&unix.STATX_ATTR_IMMUTABLE != 0:
			return fmt.Errorf("%s is locked against changes (chattr +i): %w", path, unix.EPERM)
		case stat.Attributes&unix.STATX_ATTR_APPEND != 0:
			return fmt.Errorf("%s can only be added to (chattr +a): %w", path, unix.EPERM)
		}
	}
	return nil
}

// cause is an error of the kernel without what Go says around it, such as the name of a
// file that nobody knows.
func cause(err error) error {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}
