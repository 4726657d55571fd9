package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
	"golang.org/x/sys/unix"
)

// self is a file that belongs to who runs the test.
func self(t *testing.T, path, content string, mode resource.Mode) resource.File {
	t.Helper()
	owner, err := ownerName(uint32(os.Geteuid()))
	if err != nil {
		t.Fatal(err)
	}
	group, err := groupName(uint32(os.Getegid()))
	if err != nil {
		t.Fatal(err)
	}
	return resource.File{Path: path, Content: resource.Text(content), Mode: mode, Owner: owner, Group: group}
}

// plant writes a file without lvsctl.
func plant(t *testing.T, path, content string, mode uint32) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// carry has a driver carry out changes that all have to succeed.
func carry(t *testing.T, d driver, changes ...resource.Change) {
	t.Helper()
	if err := d.apply(changes).Err(changes); err != nil {
		t.Fatal(err)
	}
}

// refuses has a driver fail at one change, and with that text.
func refuses(t *testing.T, d driver, text string, c resource.Change) {
	t.Helper()
	expectOutcome(t, d.apply([]resource.Change{c}), 1, map[int]string{0: text})
}

// expectThere compares what a driver reads of objects with these, and nothing with those
// that are not there.
func expectThere(t *testing.T, d driver, want ...resource.Resource) {
	t.Helper()
	snap := &resource.Snapshot{Live: resource.NewSet()}
	if err := d.read(keysOf(want), snap); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(resource.NewSet(want...), snap.Live, alike, resourcetest.AsMaps); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

// expectNone makes sure that a driver finds nothing.
func expectNone(t *testing.T, d driver, r resource.Resource) {
	t.Helper()
	snap := &resource.Snapshot{Live: resource.NewSet()}
	if err := d.read([]resource.Key{r.Key()}, snap); err != nil || snap.Live.Len() != 0 {
		t.Errorf("read %v, %v, and nothing is there", snap.Live, err)
	}
}

// listing is all that a directory and what is below it has, but for times and numbers of
// inodes.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var stat unix.Stat_t
		if err := unix.Lstat(path, &stat); err != nil {
			return err
		}
		to, _ := os.Readlink(path)
		fmt.Fprintf(&b, "%s %07o %d:%d %d %q %q\n", path, stat.Mode, stat.Uid, stat.Gid, stat.Nlink, to, attributesOf(t, path))
		if e.Type().IsRegular() {
			text, err := os.ReadFile(path)
			b.Write(append(text, '\n'))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// attributesOf lists the extended attributes of a file with their values.
func attributesOf(t *testing.T, path string) (list []string) {
	t.Helper()
	buffer := make([]byte, 4096)
	n, err := unix.Llistxattr(path, buffer)
	if err != nil && !errors.Is(err, unix.ENOTSUP) {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(buffer[:max(n, 0)]), "\x00"), "\x00") {
		if name == "" {
			continue
		}
		value := make([]byte, 4096)
		n, err := unix.Lgetxattr(path, name, value)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, name+"="+string(value[:n]))
	}
	slices.Sort(list)
	return list
}

func inode(t *testing.T, path string) uint64 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Ino
}

// A file is made, replaced when its content changes, and changed in place otherwise.
func TestFile(t *testing.T) {
	defer unix.Umask(unix.Umask(0o077))
	dir, d := t.TempDir(), fileDriver{}
	one := self(t, dir+"/a file", "one\n", 0o644)
	expectNone(t, d, one)
	carry(t, d, create(one))
	expectThere(t, d, one)
	first := inode(t, one.Path)
	for _, mode := range []resource.Mode{0, 0o600, 0o4755, 0o2755, 0o1777, 0o7777, 0o444} {
		other := one
		other.Mode = mode
		carry(t, d, update(one, other))
		expectThere(t, d, other)
		if inode(t, one.Path) != first {
			t.Fatalf("mode %s: the file was replaced", mode)
		}
	}
	for _, text := range []string{"", "two", "\x00\xff\r\n", strings.Repeat("x", resource.MaxFile)} {
		other := self(t, one.Path, text, 0o4751)
		before := inode(t, one.Path)
		held, err := os.Open(one.Path) // or its number may be given to the new one
		if err != nil {
			t.Fatal(err)
		}
		carry(t, d, update(one, other))
		expectThere(t, d, other)
		if inode(t, one.Path) == before {
			t.Error("the file was written over")
		}
		held.Close()
	}
	carry(t, d, remove(one), remove(one)) // it is gone the second time
	expectNone(t, d, one)
	expectEmpty(t, dir)
}

func expectEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("%s has %v, %v", dir, entries, err)
	}
}

// A symbolic link stays what it is, whatever becomes of the file that it leads to.
func TestFileLinks(t *testing.T) {
	dir, d := t.TempDir(), fileDriver{}
	real := filepath.Join(dir, "real")
	if err := errors.Join(os.Mkdir(real, 0o755), os.Symlink("real/file", dir+"/link"), os.Symlink(dir+"/link", real+"/chain"), os.Symlink("real", dir+"/parent")); err != nil {
		t.Fatal(err)
	}
	plant(t, real+"/file", "old", 0o640)
	for i, path := range []string{dir + "/link", real + "/chain", dir + "/parent/file", dir + "/parent/chain"} {
		expectThere(t, d, self(t, path, string(must(os.ReadFile(real+"/file"))), 0o640))
		want := self(t, path, strings.Repeat("new", i+1), 0o640)
		carry(t, d, update(want, want))
		expectThere(t, d, want, self(t, real+"/file", string(want.Content), 0o640))
	}
	fresh := self(t, dir+"/parent/fresh", "fresh", 0o600)
	carry(t, d, create(fresh))
	expectThere(t, d, fresh, self(t, real+"/fresh", "fresh", 0o600))
	carry(t, d, remove(self(t, dir+"/link", "", 0))) // whoever made the link also made the file
	if _, err := os.Lstat(dir + "/link"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the link is still there: %v", err)
	}
	expectThere(t, d, self(t, real+"/file", "newnewnewnew", 0o640))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// What is not a file of a size that can be managed is said to be what it is, and stays.
func TestFileRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(
		os.Mkdir(dir+"/dir", 0o755), unix.Mkfifo(dir+"/pipe", 0o600), os.Symlink("/dev/null", dir+"/device"),
		os.Symlink("nowhere", dir+"/dangling"), os.Symlink("loop", dir+"/loop"), os.Symlink("nowhere/", dir+"/lost"),
	); err != nil {
		t.Fatal(err)
	}
	plant(t, dir+"/large", strings.Repeat("x", resource.MaxFile+1), 0o600)
	plant(t, dir+"/file", "content", 0o600)
	before := listing(t, dir)
	tests := []struct {
		path, read, write string // what the errors say; nothing for a file that is not there
	}{
		{dir + "/dir", "/dir is a directory, not a file", "the same"},
		{dir + "/pipe", "/pipe is a named pipe, not a file", "the same"},
		{dir + "/device", "/device is a device, not a file", "the same"},
		{dir + "/dangling", "/dangling is a symbolic link to nowhere, which is not there: make that, or remove the link", "the same"},
		{dir + "/loop", "too many links", "the same"},
		{dir + "/large", "/large has 1048577 bytes, and no more than 1048576 can be managed", "the same"},
		{dir + "/file/x", "/file/x: not a directory", "the same"},
		{dir + "/none/x", "", "there is no directory " + dir + "/none for it: add a block directory \"" + dir + "/none\""},
		{dir + "/none/none/x", "", "there is no directory " + dir + "/none/none for it"},
		{dir + "/lost/x", "", "/lost is a symbolic link to nowhere/, which is not there"},
		{dir + "/dir/../x", "is not an absolute path without detours", "the same"},
		{"x", "is not an absolute path without detours", "the same"},
	}
	for _, test := range tests {
		t.Run(strings.TrimPrefix(test.path, dir), func(t *testing.T) {
			if test.write == "the same" {
				test.write = test.read
			}
			f := self(t, test.path, "new", 0o644)
			b := resource.Block{Path: test.path, Name: "a", Comment: "#"}
			for _, r := range []resource.Resource{f, b} {
				d := map[bool]driver{true: fileDriver{}, false: blockDriver{}}[r == f]
				if test.path == dir+"/large" && r == b {
					continue // what stands around a block may be larger
				}
				if test.read == "" {
					expectNone(t, d, r)
				} else if err := d.read([]resource.Key{r.Key()}, &resource.Snapshot{Live: resource.NewSet()}); err == nil || !strings.Contains(err.Error(), test.read) {
					t.Errorf("read: %v, want …%s…", err, test.read)
				}
				refuses(t, d, test.write, create(r))
			}
		})
	}
	if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
		t.Errorf("what was there changed (-before +after):\n%s", diff)
	}
	refuses(t, fileDriver{}, "remove "+dir+"/dir: is a directory", remove(self(t, dir+"/dir", "", 0)))
	refuses(t, fileDriver{}, "x would have 1048577 bytes", create(self(t, dir+"/x", strings.Repeat("x", resource.MaxFile+1), 0)))
}

// To rename a new file over one with several names would leave the old one under the others.
func TestFileHardLinks(t *testing.T) {
	dir, d := t.TempDir(), fileDriver{}
	old := self(t, dir+"/file", "old\n", 0o600)
	plant(t, old.Path, "old\n", 0o600)
	if err := os.Link(old.Path, dir+"/other"); err != nil {
		t.Fatal(err)
	}
	const why = "/file has 2 names (hard links), and only this one would get the new content"
	refuses(t, d, why, update(old, self(t, old.Path, "new", 0o600)))
	refuses(t, blockDriver{}, why, create(resource.Block{Path: old.Path, Name: "a", Comment: "#"}))
	expectThere(t, d, old, self(t, dir+"/other", "old\n", 0o600))
	open := self(t, old.Path, "old\n", 0o644)
	carry(t, d, update(old, open)) // both have that
	expectThere(t, d, open, self(t, dir+"/other", "old\n", 0o644))
	carry(t, d, remove(open))
	expectThere(t, d, self(t, dir+"/other", "old\n", 0o644))
}

// Users and groups are called by their names, and by numbers only where they have none.
func TestFileOwners(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	d := fileDriver{}
	path := t.TempDir() + "/file"
	plain := self(t, path, "x", 0o4755)
	owned := func(owner, group string) resource.File {
		f := plain
		f.Owner, f.Group = owner, group
		return f
	}
	carry(t, d, create(owned("daemon", "bin")))
	expectThere(t, d, owned("daemon", "bin"))
	if got := strings.TrimSpace(run(t, "stat --format %U:%G:%a "+path)); got != "daemon:bin:4755" {
		t.Errorf("stat says %s", got)
	}
	before := inode(t, path)
	carry(t, d, update(plain, owned("4000000001", "4000000002"))) // in place, and with its set-ID bit
	expectThere(t, d, owned("4000000001", "4000000002"))
	if inode(t, path) != before {
		t.Error("the file was replaced")
	}
	for _, test := range []struct{ owner, group, want string }{
		{"0", "root", `user "0" is called "root" here: write that`},
		{"root", "0", `group "0" is called "root" here: write that`},
		{"root", "007", `group "007" is called`},
		{"nobody-of-that-name", "root", `there is no user "nobody-of-that-name"`},
		{"root", "", `there is no group ""`},
		{"-1", "root", `there is no user "-1"`},
		{"4294967295", "root", `there is no user "4294967295"`},
		{"0x0", "root", `there is no user "0x0"`},
	} {
		refuses(t, d, test.want, update(plain, owned(test.owner, test.group)))
		refuses(t, directoryDriver{}, test.want, create(resource.Directory{Path: path + ".d", Owner: test.owner, Group: test.group}))
	}
	expectThere(t, d, owned("4000000001", "4000000002"))
}

// acl is an access control list as the kernel keeps it: user::rw-, user:1234:r--,
// group::r--, mask::r--, other::---.
const acl = "\x02\x00\x00\x00" +
	"\x01\x00\x06\x00\xff\xff\xff\xff" + "\x02\x00\x04\x00\xd2\x04\x00\x00" + "\x04\x00\x04\x00\xff\xff\xff\xff" +
	"\x10\x00\x04\x00\xff\xff\xff\xff" + "\x20\x00\x00\x00\xff\xff\xff\xff"

// note gives a file an extended attribute and an ACL.
func note(t *testing.T, path string) {
	t.Helper()
	name := "trusted.lvsctl" // in more file systems than those of users
	if os.Geteuid() != 0 {
		name = "user.lvsctl"
	}
	for name, value := range map[string]string{name: "kept\x00\xff", "system.posix_acl_access": acl} {
		if err := unix.Setxattr(path, name, []byte(value), 0); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// A new file has the extended attributes of the old one, and an ACL follows the mode as
// chmod(1) has it.
func TestFileAttributes(t *testing.T) {
	dir, d := t.TempDir(), fileDriver{}
	old := self(t, dir+"/file", "old", 0o640)
	plant(t, old.Path, "old", 0o640)
	note(t, old.Path)
	want := attributesOf(t, old.Path)
	if len(want) != 2 {
		t.Fatalf("got %q", want)
	}
	same := self(t, old.Path, "new", 0o640)
	carry(t, d, update(old, same))
	expectThere(t, d, same)
	if diff := cmp.Diff(want, attributesOf(t, old.Path)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	closed := self(t, old.Path, "newer", 0o600)
	carry(t, d, update(same, closed))
	expectThere(t, d, closed)
	replaced := attributesOf(t, old.Path)
	plant(t, dir+"/judge", "", 0o640)
	note(t, dir+"/judge")
	run(t, "chmod 600 "+dir+"/judge")
	if diff := cmp.Diff(attributesOf(t, dir+"/judge"), replaced); diff != "" {
		t.Errorf("after chmod 600 (-want +got):\n%s", diff)
	}
}

// A process that is killed while it writes leaves the old file as it was, and what it
// leaves beside it goes with the next write. What others named alike stays.
func TestFileKilled(t *testing.T) {
	if dir := os.Getenv("LVSCTL_KILLED_IN"); dir != "" {
		if _, err := newFile(dir, fileState{content: []byte("half"), uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}, nil); err != nil {
			t.Fatal(err)
		}
		unix.Kill(os.Getpid(), unix.SIGKILL)
		select {}
	}
	dir, d := filepath.Join(t.TempDir(), "[*]"), fileDriver{}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	old := self(t, dir+"/file", "old", 0o644)
	plant(t, old.Path, "old", 0o644)
	plant(t, dir+"/"+unfinished+"symphony", "B minor", 0o644)
	cmd := exec.Command(os.Args[0], "-test.run=^TestFileKilled$")
	cmd.Env = append(os.Environ(), "LVSCTL_KILLED_IN="+dir)
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("%v\n%s", err, out)
	}
	if left := must(os.ReadDir(dir)); len(left) != 3 {
		t.Fatalf("it left %v", left)
	}
	expectThere(t, d, old)

	// One that still works at it is let alone.
	busy, err := newFile(dir, fileState{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	carry(t, d, update(old, self(t, old.Path, "new", 0o644)))
	var names []string
	for _, e := range must(os.ReadDir(dir)) {
		names = append(names, e.Name())
	}
	want := []string{filepath.Base(busy.Name()), unfinished + "symphony", "file"}
	slices.Sort(want)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What somebody else writes while lvsctl does is not lost.
func TestFileMeanwhile(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/file"
	plant(t, path, "old", 0o644)
	s, err := standingFile(path, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	want := s.state()
	want.content = []byte("ours")
	plant(t, path, "theirs", 0o644)
	for name, err := range map[string]error{
		"changed":  putFile(path, want, s),
		"appeared": putFile(path, want, nil),
	} {
		if err == nil || !strings.Contains(err.Error(), "somebody else changed "+path+" at the same time") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := listing(t, dir); !strings.HasSuffix(got, "theirs\n") || strings.Count(got, " 0100644 ") != 1 {
		t.Errorf("there is\n%s", got)
	}
}

// systemd is told once, of all files that it reads, also when a later one fails.
func TestSystemdTold(t *testing.T) {
	dir := t.TempDir()
	defer func(list []string, tell func() error) { systemdReads, tellSystemd = list, tell }(systemdReads, tellSystemd)
	if err := errors.Join(os.Mkdir(dir+"/units", 0o755), os.Symlink("units", dir+"/elsewhere")); err != nil {
		t.Fatal(err)
	}
	systemdReads = []string{dir + "/units", dir + "/fstab"}
	file := func(name string) resource.Change { return create(self(t, dir+"/"+name, "x", 0o644)) }
	block := func(name string) resource.Change {
		return create(resource.Block{Path: dir + "/" + name, Name: "a", Comment: "#"})
	}
	for _, test := range []struct {
		name    string
		driver  driver
		changes []resource.Change
		told    int
	}{
		{"other files", fileDriver{}, []resource.Change{file("x"), file("units.txt")}, 0},
		{"units", fileDriver{}, []resource.Change{file("units/a.service"), file("units/b.service"), file("x")}, 1},
		{"through a link", fileDriver{}, []resource.Change{file("elsewhere/c.service")}, 1},
		{"fstab", blockDriver{}, []resource.Change{block("fstab"), block("other")}, 1},
		{"other blocks", blockDriver{}, []resource.Change{block("other")}, 0},
		{"and then a failure", fileDriver{}, []resource.Change{file("units/d.service"), file("none/e")}, 1},
		{"a failure", fileDriver{}, []resource.Change{file("units/none/e.service")}, 0},
		{"removed", fileDriver{}, []resource.Change{remove(self(t, dir+"/units/a.service", "", 0))}, 1},
	} {
		told := 0
		tellSystemd = func() error { told++; return nil }
		test.driver.apply(test.changes)
		if told != test.told {
			t.Errorf("%s: told %d times, want %d", test.name, told, test.told)
		}
		tellSystemd = func() error { return errors.New("no bus") }
		out := test.driver.apply(test.changes)
		unknown := slices.ContainsFunc(out.Failures, func(f resource.Failure) bool {
			return f.Unknown && strings.Contains(f.Err.Error(), "systemd has not read it: no bus")
		})
		if unknown != (test.told > 0) {
			t.Errorf("%s: failures %v", test.name, out.Failures)
		}
	}
}
