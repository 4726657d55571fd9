package resource

import (
	"fmt"
)

// MaxFile is how many bytes of a file can be managed, and so be kept to be put back.
const MaxFile = 1 << 20

// A File is a regular file with all that is in it. A symbolic link stands for the file
// that it leads to.
type File struct {
	Path    string `json:"path"` // absolute and clean
	Content Text   `json:"content"`
	Mode    Mode   `json:"mode"`
	Owner   string `json:"owner"` // by name; a number, if the user has none
	Group   string `json:"group"` // the same
}

// Key implements [Resource].
func (f File) Key() Key { return Key{Kind: KindFile, Name: f.Path} }

// Attributes implements [Resource].
func (f File) Attributes() []Attribute {
	return []Attribute{{"content", string(f.Content)}, {"mode", f.Mode.String()}, {"owner", f.Owner}, {"group", f.Group}}
}

// String implements [Resource].
func (f File) String() string {
	return fmt.Sprintf("%s %s %s:%s (%s)", f.Path, f.Mode, f.Owner, f.Group, f.Content.lines())
}

// Mode is the permissions of a file as chmod(2) takes them, with the set-ID and sticky
// bits.
type Mode uint16

// String writes the mode in octal, as chmod(1) takes it.
func (m Mode) String() string { return fmt.Sprintf("%04o", uint16(m)) }

// A Directory can have anything in it, which is not ours. One that is given up is removed
// if it is empty, and stays otherwise.
type Directory struct {
	Path  string `json:"path"` // absolute and clean
	Mode  Mode   `json:"mode"`
	Owner string `json:"owner"` // by name; a number, if the user has none
	Group string `json:"group"` // the same
}

// Key implements [Resource].
func (d Directory) Key() Key { return Key{Kind: KindDirectory, Name: d.Path} }

// Attributes implements [Resource].
func (d Directory) Attributes() []Attribute {
	return []Attribute{{"mode", d.Mode.String()}, {"owner", d.Owner}, {"group", d.Group}}
}

// String implements [Resource].
func (d Directory) String() string {
	return fmt.Sprintf("%s %s %s:%s", d.Path, d.Mode, d.Owner, d.Group)
}

// A Block is some lines of ours in a file that belongs to others, between two comments
// that say so. Whoever reads the file takes them for comments. All else in the file is
// left alone.
type Block struct {
	Path    string `json:"path"`    // absolute and clean
	Name    string `json:"name"`    // tells the blocks in one file apart; no blanks
	Comment string `json:"comment"` // what begins a comment in that file, such as "#"
	Content Text   `json:"content"` // whole lines
}

// Key implements [Resource].
func (b Block) Key() Key { return Key{Kind: KindBlock, Name: b.Path + " " + b.Name} }

// Attributes implements [Resource].
func (b Block) Attributes() []Attribute {
	return []Attribute{{"content", string(b.Content)}, {"comment", b.Comment}}
}

// String implements [Resource].
func (b Block) String() string {
	return fmt.Sprintf("%s %s (%s)", b.Path, b.Name, b.Content.lines())
}
