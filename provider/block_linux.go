package provider

import (
	"fmt"
	"os"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// blockDriver reads and writes blocks in files that belong to others; blocktext.go says
// what they look like.
type blockDriver struct{}

// maxAround is how many bytes the file around a block can have. It is read as a whole.
const maxAround = 64 << 20

func (blockDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	for _, k := range keys {
		b, there, err := readBlock(blockOf(k))
		if err != nil {
			return fmt.Errorf("read block: %w", err)
		}
		if there {
			snap.Live.Add(b)
		}
	}
	return nil
}

func (blockDriver) apply(changes []resource.Change) resource.Outcome {
	return changeFiles(changes, func(c resource.Change) error {
		switch b := c.After.(type) {
		case resource.Block:
			return writeBlock(b)
		case nil:
			return removeBlock(blockOf(c.Key()))
		}
		return errUnsupported(c)
	})
}

// blockOf is the file and the name of a block.
func blockOf(k resource.Key) (path, name string) {
	at := strings.LastIndexByte(k.Name, ' ')
	return k.Name[:max(at, 0)], k.Name[at+1:]
}

// readBlock reads a block, if it is there.
func readBlock(path, name string) (b resource.Block, there bool, err error) {
	file, err := standingFile(path, maxAround)
	if file == nil || err != nil {
		return b, false, err
	}
	defer file.close()
	span, found, err := findBlock(file.content, name)
	if !found || err != nil {
		return b, false, inFile(path, err)
	}
	return resource.Block{Path: path, Name: name, Comment: span.begin.comment, Content: resource.Text(file.content[span.body:span.bodyEnd])}, true, nil
}

// inFile says in which file something is wrong.
func inFile(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", path, err)
}

// writeBlock makes a block be as it should. One that is new comes to the end of its file,
// and makes that if there is none.
func writeBlock(b resource.Block) error {
	if err := checkBlock(b); err != nil {
		return err
	}
	file, err := standingFile(b.Path, maxAround)
	if err != nil {
		return err
	}
	defer file.close()
	want := file.state()
	want.content, err = setBlock(want.content, b.Name, b.Comment, string(b.Content), file == nil)
	if err != nil {
		return inFile(b.Path, err)
	}
	return putFile(b.Path, want, file)
}

// state is what a file is now; one that is not there would be made for everybody to read.
func (s *standing) state() fileState {
	if s == nil {
		return fileState{mode: 0o644}
	}
	return fileState{content: s.content, mode: s.mode(), uid: s.stat.Uid, gid: s.stat.Gid}
}

// removeBlock takes a block out of its file, and removes the file if that was made for
// blocks and nothing else is left in it. Who has put a symbolic link in its place wants
// something there.
func removeBlock(path, name string) error {
	file, err := standingFile(path, maxAround)
	if file == nil || err != nil {
		return err
	}
	defer file.close()
	rest, made, err := cutBlock(file.content, name)
	switch {
	case err != nil:
		return inFile(path, err)
	case made && !isLink(path):
		return removeFile(path)
	}
	want := file.state()
	want.content = rest
	return putFile(path, want, file)
}

// isLink tells whether a symbolic link is at a path.
func isLink(path string) bool {
	_, err := os.Readlink(path)
	return err == nil
}
