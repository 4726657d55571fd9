package provider

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// mounted is a new mount of a file system. The options are those of mount(8).
func mounted(t *testing.T, options ...string) string {
	t.Helper()
	dir := t.TempDir()
	run(t, strings.Join(append([]string{"mount"}, append(options, dir)...), " "))
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// ext4 is a new file system of some MiB, on which chattr(1) works. Its image is in dir, and
// takes room there only as it is written to.
func ext4(t *testing.T, dir string) string {
	t.Helper()
	image := filepath.Join(dir, "image")
	run(t, "modprobe loop")
	run(t, "truncate --size 16M "+image)
	run(t, "mkfs.ext4 -q -O ^has_journal "+image)
	return mounted(t, "-o", "loop", image)
}

// ownMounts gives the test's thread mounts of its own.
func ownMounts(t *testing.T) {
	t.Helper()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		t.Fatal(err)
	}
	run(t, "mount --make-rprivate /")
}

// A fault is a reason for which files cannot be changed.
type fault struct {
	name    string
	prepare func(t *testing.T, dir string) // brings it about in a directory with "file" and "directory"
	want    map[string]string              // what the error of each kind of change says; nothing for none
}

// faults are all but full disks.
func faults() []fault {
	const locked, added, mounted = "is locked against changes (chattr +i)", "can only be added to (chattr +a)", "as something is mounted on it"
	chattr := func(flag, name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { run(t, "chattr "+flag+" "+dir+"/"+name) }
	}
	onFile := func(text string) map[string]string {
		return map[string]string{"content": text, "mode": text, "owner": text, "block": text, "remove": text, "remove block": text}
	}
	inDirectory := func(text, inPlace string) map[string]string {
		return map[string]string{
			"content": text, "mode": inPlace, "owner": inPlace, "block": text, "remove": text, "remove block": text,
			"new": text, "new block": text, "new directory": text, "remove directory": text,
		}
	}
	return []fault{
		{"a locked file", chattr("+i", "file"), onFile("/file " + locked)},
		{"a file that can only be added to", chattr("+a", "file"), onFile("/file " + added)},
		{"a locked directory", chattr("+i", "."), inDirectory("/d "+locked, "")},
		{"a directory that can only be added to", chattr("+a", "."), inDirectory("/d "+added, "")},
		{"a file system that can only be read", func(t *testing.T, dir string) {
			run(t, "mount --bind "+dir+" "+dir)
			run(t, "mount -o remount,bind,ro "+dir)
		}, inDirectory("read-only file system", "read-only file system")},
		{"something mounted on it", func(t *testing.T, dir string) {
			plant(t, dir+"/../over", kept, 0o640)
			run(t, "mount --bind "+dir+"/../over "+dir+"/file")
			run(t, "mount -t tmpfs none "+dir+"/directory")
		}, map[string]string{
			"content": "/file cannot be replaced, " + mounted, "block": "/file cannot be replaced, " + mounted,
			"remove block": "/file cannot be replaced, " + mounted, "remove": "/file cannot be removed, " + mounted,
			"mode": "", "owner": "", "remove directory": "",
		}},
	}
}

// TestKernelFileFaults has changes fail in all ways that file systems know. Then what was
// there is there, and nothing else is.
func TestKernelFileFaults(t *testing.T) {
	kernel(t)
	ownMounts(t)
	disk := ext4(t, t.TempDir())
	for i, f := range faults() { // no subtests: they would run with other mounts
		dir := filepath.Join(disk, fmt.Sprint(i), "d")
		if err := os.MkdirAll(dir+"/directory", 0o755); err != nil {
			t.Fatal(err)
		}
		plant(t, dir+"/file", kept, 0o640)
		note(t, dir+"/file")
		f.prepare(t, dir)
		kinds := slices.Collect(maps.Keys(f.want))
		slices.SortFunc(kinds, func(a, b string) int { return strings.Compare(f.want[b], f.want[a]) }) // those that do not fail come last
		for _, kind := range kinds {
			t.Logf("%s: %s", f.name, kind)
			tryFault(t, kind, f.want[kind], dir)
		}
	}
}

// kept is what the file has that cannot be changed.
const kept = "# BEGIN lvsctl old\n# END lvsctl old\nkept\n"

// tryFault tries one kind of change where it fails, or not.
func tryFault(t *testing.T, kind, want, dir string) {
	t.Helper()
	d, c := changeOf(t, kind, dir)
	before := listing(t, dir)
	err := d.apply([]resource.Change{c}).Err([]resource.Change{c})
	if want == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want …%s…", err, want)
	}
	if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// changeOf is a change of some kind of what is in a directory.
func changeOf(t *testing.T, kind, dir string) (driver, resource.Change) {
	t.Helper()
	file := self(t, dir+"/file", kept, 0o640)
	old := blockIn(dir+"/file", "old", "")
	directory := resource.Directory{Path: dir + "/directory", Mode: 0o755, Owner: file.Owner, Group: file.Group}
	after := file
	switch kind {
	case "content":
		after.Content = "other\n"
	case "mode":
		after.Mode = 0o600
	case "owner":
		after.Owner = "daemon"
	case "remove":
		return fileDriver{}, remove(file)
	case "new":
		after.Path = dir + "/new"
		return fileDriver{}, create(after)
	case "block":
		return blockDriver{}, update(old, blockIn(dir+"/file", "old", "other\n"))
	case "remove block":
		return blockDriver{}, remove(old)
	case "new block":
		return blockDriver{}, create(blockIn(dir+"/new", "new", "x\n"))
	case "remove directory":
		return directoryDriver{}, remove(directory)
	case "new directory":
		directory.Path = dir + "/fresh"
		return directoryDriver{}, create(directory)
	default:
		t.Fatal(kind)
	}
	return fileDriver{}, update(file, after)
}

// TestKernelFileFull has a disk be full: at once, when the content is written, when it has
// to be on disk, and when there is no room for another file.
func TestKernelFileFull(t *testing.T) {
	kernel(t)
	ownMounts(t)
	small := mounted(t, "-t", "tmpfs", "-o", "size=128k", "none")
	few := mounted(t, "-t", "tmpfs", "-o", "nr_inodes=3", "none")
	below := mounted(t, "-t", "tmpfs", "-o", "size=8m", "none")
	thin := ext4(t, below) // believes in room that is not there
	if err := exhaust(below + "/filler"); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{small: "no space left on device", few: "no space left on device", thin: "input/output error"} {
		old := self(t, dir+"/file", "old\n", 0o644)
		plant(t, old.Path, "old\n", 0o644)
		if dir == few {
			plant(t, dir+"/other", "", 0o644)
		}
		var names []string
		for _, e := range must(os.ReadDir(dir)) {
			names = append(names, e.Name())
		}
		large := strings.Repeat("x", resource.MaxFile-1) + "\n"
		refuses(t, fileDriver{}, "write the new "+old.Path+": "+want, update(old, self(t, old.Path, large, 0o644)))
		refuses(t, fileDriver{}, "write the new "+dir+"/new: "+want, create(self(t, dir+"/new", large, 0o644)))
		refuses(t, blockDriver{}, "write the new "+old.Path+": "+want, create(blockIn(old.Path, "a", large)))
		expectThere(t, fileDriver{}, old)
		for _, e := range must(os.ReadDir(dir)) {
			if !slices.Contains(names, e.Name()) {
				t.Errorf("%s: %s is left", want, e.Name())
			}
		}
	}
}

// exhaust takes all the room that is left in a file system.
func exhaust(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return nil
		}
	}
}

// A directory that something is mounted on stays, and that is no failure.
func TestKernelDirectoryMounted(t *testing.T) {
	kernel(t)
	ownMounts(t)
	dir := mounted(t, "-t", "tmpfs", "none")
	f := self(t, dir, "", 0o755)
	d := resource.Directory{Path: dir, Mode: f.Mode, Owner: f.Owner, Group: f.Group}
	carry(t, directoryDriver{}, update(d, d), remove(d))
	expectThere(t, directoryDriver{}, d)
}
