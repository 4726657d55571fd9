package provider

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// A directory is made and changed, and removed only if nothing is in it.
func TestDirectory(t *testing.T) {
	defer unix.Umask(unix.Umask(0o077))
	dir, d := t.TempDir(), directoryDriver{}
	made := func(path string, mode resource.Mode) resource.Directory {
		f := self(t, path, "", mode)
		return resource.Directory{Path: path, Mode: mode, Owner: f.Owner, Group: f.Group}
	}
	one, inner := made(dir+"/one", 0o755), made(dir+"/one/inner", 0o3777)
	refuses(t, d, "there is no directory "+dir+"/one for it: add a block directory \""+dir+"/one\"", create(inner))
	expectNone(t, d, inner)
	carry(t, d, create(one), create(inner))
	expectThere(t, d, one, inner)
	for _, mode := range []resource.Mode{0o700, 0o2775, 0o1777, 0o4755, 0o755} {
		carry(t, d, update(one, made(one.Path, mode)))
		expectThere(t, d, made(one.Path, mode))
	}
	carry(t, d, remove(one)) // inner is in it
	expectThere(t, d, one, inner)
	carry(t, d, remove(inner), remove(inner), remove(one), remove(inner))
	expectEmpty(t, dir)
}

// A symbolic link stands for the directory that it leads to, and is never removed.
func TestDirectoryLink(t *testing.T) {
	dir, d := t.TempDir(), directoryDriver{}
	if err := errors.Join(os.Mkdir(dir+"/real", 0o755), os.Symlink("real", dir+"/link"), os.Symlink("none", dir+"/dangling")); err != nil {
		t.Fatal(err)
	}
	f := self(t, dir+"/link", "", 0o750)
	want := resource.Directory{Path: f.Path, Mode: f.Mode, Owner: f.Owner, Group: f.Group}
	carry(t, d, update(want, want))
	expectThere(t, d, want)
	carry(t, d, remove(want))
	expectThere(t, d, want)
	if to, err := os.Readlink(dir + "/link"); err != nil || to != "real" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	want.Path = dir + "/dangling"
	refuses(t, d, "/dangling is a symbolic link to none, which is not there", create(want))
}

func TestDirectoryRefuses(t *testing.T) {
	dir, d := t.TempDir(), directoryDriver{}
	f := self(t, dir+"/file", "", 0o755)
	plant(t, f.Path, "kept", 0o640)
	want := resource.Directory{Path: f.Path, Mode: f.Mode, Owner: f.Owner, Group: f.Group}
	const why = "/file is a file, not a directory"
	if err := d.read([]resource.Key{want.Key()}, &resource.Snapshot{Live: resource.NewSet()}); err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("read: %v", err)
	}
	refuses(t, d, why, create(want))
	expectThere(t, fileDriver{}, self(t, f.Path, "kept", 0o640))
	want.Path, want.Owner = dir+"/new", "nobody-of-that-name"
	refuses(t, d, "there is no user", create(want))
	if _, err := os.Stat(want.Path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was made all the same: %v", err)
	}
}
