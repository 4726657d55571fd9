package provider

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

func blockIn(path, name, content string) resource.Block {
	return resource.Block{Path: path, Name: name, Comment: "#", Content: resource.Text(content)}
}

// A block makes its file if there is none, and the last of several takes it away again.
func TestBlock(t *testing.T) {
	dir, d := t.TempDir(), blockDriver{}
	path := dir + "/a file"
	a, b := blockIn(path, "a", "one\n\ntwo\n"), blockIn(path, "b", "")
	expectNone(t, d, a)
	carry(t, d, create(a))
	expectThere(t, d, a)
	expectNone(t, d, b)
	made := self(t, path, "# BEGIN lvsctl a, which made this file\none\n\ntwo\n# END lvsctl a\n", 0o644)
	if os.Geteuid() == 0 {
		made.Owner, made.Group = "root", "root"
	}
	expectThere(t, fileDriver{}, made)
	other := blockIn(path, "a", "three\n")
	other.Comment = "//"
	carry(t, d, create(b), update(a, other))
	expectThere(t, d, other, b)
	carry(t, d, remove(other))
	expectNone(t, d, a)
	expectThere(t, d, b)
	carry(t, d, remove(other), remove(b), remove(b)) // some are gone already
	expectEmpty(t, dir)
}

// What others put into a file that was made for a block stays, and so does a file that was
// there and empty, and a link that others made.
func TestBlockLeaves(t *testing.T) {
	dir, d := t.TempDir(), blockDriver{}
	carry(t, d, create(blockIn(dir+"/made", "a", "x\n")), create(blockIn(dir+"/moved", "a", "x\n")))
	plant(t, dir+"/made", "theirs"+string(must(os.ReadFile(dir+"/made"))), 0o644)
	plant(t, dir+"/made", "theirs\n"+strings.TrimPrefix(string(must(os.ReadFile(dir+"/made"))), "theirs"), 0o600)
	plant(t, dir+"/empty", "", 0o600)
	if err := errors.Join(os.Rename(dir+"/moved", dir+"/target"), os.Symlink("target", dir+"/moved")); err != nil {
		t.Fatal(err)
	}
	carry(t, d, create(blockIn(dir+"/empty", "a", "x\n")))
	for path, want := range map[string]string{"made": "theirs\n", "empty": "", "moved": ""} {
		carry(t, d, remove(blockIn(dir+"/"+path, "a", "x\n")))
		if text, err := os.ReadFile(dir + "/" + path); err != nil || string(text) != want {
			t.Errorf("%s has %q, %v, want %q", path, text, err, want)
		}
	}
	if to, err := os.Readlink(dir + "/moved"); err != nil || to != "target" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
}

// What could not be found again as it is is not written, and neither is a file in which
// the markers are not what they should be.
func TestBlockRefuses(t *testing.T) {
	dir, d := t.TempDir(), blockDriver{}
	path := dir + "/file"
	plant(t, path, "x\n# BEGIN lvsctl torn\n", 0o644)
	before := listing(t, dir)
	comment := func(c string) resource.Block {
		return resource.Block{Path: path, Name: "a", Comment: c}
	}
	for _, test := range []struct {
		block resource.Block
		want  string
	}{
		{blockIn(path, "torn", ""), path + ": line 2: block torn begins here and has no end"},
		{blockIn(path, "", ""), `"" cannot be the name of a block: it is one word`},
		{blockIn(path, "two\twords", ""), `cannot be the name of a block`},
		{blockIn(path, "a\nb", ""), `cannot be the name of a block`},
		{comment(""), `"" cannot begin the comments around a block`},
		{comment("rem"), `"rem" cannot begin the comments around a block: they begin with signs, such as # or //`},
		{comment("# "), "cannot begin the comments"},
		{comment("#\n"), "cannot begin the comments"},
		{blockIn(path, "a", "no end"), "the last line of a block has to end"},
		{blockIn(path, "a", "x\n; END lvsctl b\r\ny\n"), `line 2 of its content is "; END lvsctl b", which looks like the edge of a block`},
	} {
		refuses(t, d, test.want, create(test.block))
	}
	const why = "/file: line 2: block torn begins here and has no end"
	torn := blockIn(path, "torn", "")
	if err := d.read([]resource.Key{torn.Key()}, &resource.Snapshot{Live: resource.NewSet()}); err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("read: %v", err)
	}
	refuses(t, d, why, remove(torn))
	if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	carry(t, d, create(blockIn(path, "a", "y\n")), remove(blockIn(path, "a", ""))) // another block is no trouble
	if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// What stands around a block can be longer than what can be managed as a file.
func TestBlockLarge(t *testing.T) {
	path := t.TempDir() + "/file"
	text := strings.Repeat("x", 3*resource.MaxFile)
	plant(t, path, text, 0o644)
	a := blockIn(path, "a", "y\n")
	carry(t, blockDriver{}, create(a))
	expectThere(t, blockDriver{}, a)
	carry(t, blockDriver{}, remove(a))
	if got := must(os.ReadFile(path)); string(got) != text {
		t.Errorf("it has %d bytes now, had %d", len(got), len(text))
	}
}

// Blocks come to, change in and go from files that others wrote, in any order. Nothing
// else in the files changes meanwhile, and in the end nothing has changed at all: not a
// byte, nor the mode, the owner, an attribute or a link.
func TestBlocksLeaveNoTrace(t *testing.T) {
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	contents := 200
	if os.Getenv("LVSLAB") == "1" {
		contents = 15 // emulated, they take minutes
	}
	scratch := inMemory(t)
	places := map[string]func(t *testing.T, dir, file string) string{
		"file":  func(_ *testing.T, _, file string) string { return file },
		"link":  linked,
		"chain": chained,
	}
	for i := range contents {
		text := foreignText(random)
		for name, place := range places {
			dir := filepath.Join(scratch, "d")
			file := filepath.Join(dir, "sub", "file")
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			plant(t, file, text, []uint32{0o644, 0o600, 0o4755, 0o444, 0o2640, 0}[random.IntN(6)])
			if random.IntN(4) > 0 {
				note(t, file)
			}
			path := place(t, dir, file)
			before := listing(t, dir)
			if err := shuffle(path, text, random); err != nil {
				t.Fatalf("content %d of seed %d, %s: %v", i, seed, name, err)
			}
			if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
				t.Fatalf("content %d of seed %d, %s: %.200q (-before +after):\n%.2000s", i, seed, name, text, diff)
			}
			os.RemoveAll(dir)
		}
	}
}

// inMemory is a directory that costs no disk the time to write it, where there is one.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "lvsctl-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// linked is a symbolic link to a file.
func linked(t *testing.T, dir, file string) string {
	if err := os.Symlink(file, dir+"/link"); err != nil {
		t.Fatal(err)
	}
	return dir + "/link"
}

// chained is a relative symbolic link to a relative one to a file, by way of a link to its
// directory.
func chained(t *testing.T, dir, _ string) string {
	if err := errors.Join(os.Symlink("sub", dir+"/also"), os.Symlink("file", dir+"/sub/inner"), os.Symlink("also/inner", dir+"/outer")); err != nil {
		t.Fatal(err)
	}
	return dir + "/outer"
}

// foreignText is what a file of others may have: lines of all sorts, of which the last may
// lack its end.
func foreignText(random *rand.Rand) string {
	lines := []string{
		"", "", "plain", "\t# comment", "x # BEGIN lvsctl a", "# BEGIN lvsctl a and more", "# END lvsctl  a", "#BEGIN lvsctl b", " # END lvsctl c",
		"\xff\xfe\x80", "nul\x00nul", "\r", "ä→🙂", strings.Repeat("long ", 5000), "# BEGIN lvsctl others", "# END lvsctl others", "; END lvsctl someone",
	}
	ends := [][]string{{"\n"}, {"\r\n"}, {"\n", "\r\n", "\r"}}[random.IntN(3)]
	var b strings.Builder
	for range random.IntN(7) {
		b.WriteString(lines[random.IntN(len(lines))] + ends[random.IntN(len(ends))])
	}
	if random.IntN(2) == 0 {
		b.WriteString(lines[random.IntN(len(lines))])
	}
	return b.String()
}

// shuffle puts blocks into a file, edits them and takes them out, and looks after each
// time whether they and nothing else are what they should be.
func shuffle(path, text string, random *rand.Rand) error {
	names := []string{"a", "b", "c"}
	want := map[string]resource.Block{}
	for round := range 9 {
		name := names[random.IntN(len(names))]
		block := resource.Block{Path: path, Name: name, Comment: []string{"#", ";"}[random.IntN(2)], Content: blockContent(random)}
		c := create(block)
		if _, there := want[name]; there && random.IntN(2) == 0 || round > 5 {
			c = remove(block)
		}
		if round > 5 {
			c = remove(blockIn(path, names[round-6], ""))
			name = names[round-6]
		}
		if err := (blockDriver{}).apply([]resource.Change{c}).Err([]resource.Change{c}); err != nil {
			return err
		}
		delete(want, name)
		if c.After != nil {
			want[name] = block
		}
		if err := expectBlocks(path, text, names, want); err != nil {
			return fmt.Errorf("after %s %s: %w", c.Action, c.Key(), err)
		}
		if round == 5 {
			random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		}
	}
	return nil
}

// blockContent is what a block may have.
func blockContent(random *rand.Rand) resource.Text {
	return []resource.Text{"", "\n", "x\n", "x\r\ny\n", "\x00\n", "see # END lvsctl a\n"}[random.IntN(6)]
}

// expectBlocks compares the blocks of a file, and what else is in it.
func expectBlocks(path, text string, names []string, want map[string]resource.Block) error {
	left, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, name := range names {
		got, there, err := readBlock(path, name)
		if err != nil {
			return err
		}
		if got != want[name] {
			return fmt.Errorf("block %s is %v (%t), want %v", name, got, there, want[name])
		}
		if span, found, _ := findBlock(left, name); found {
			left = slices.Concat(left[:span.from], left[span.to:])
		}
	}
	if unended := lastLine([]byte(text)) > 0; !bytes.Equal(left, []byte(text)) && (!unended || string(left) != text+"\n") {
		return fmt.Errorf("around the blocks is %q, want %q", left, text)
	}
	return nil
}
