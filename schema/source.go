package schema

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// A Variable is a value given from outside, as with --var NAME=VALUE. For a variable
// of type string the value is taken as it is; for any other it is an HCL expression.
type Variable struct {
	Name, Value string
}

// Sources is the text that a config was made from.
type Sources struct {
	files map[string]*hcl.File
	vars  map[string]string
}

// Files returns the files by name, as [hcl.NewDiagnosticTextWriter] wants them.
func (s *Sources) Files() map[string]*hcl.File { return s.files }

// Digest is the SHA-256 of everything that the config depends on: names and contents
// of the files, and the values of variables from outside. The order in which they were
// given does not matter.
func (s *Sources) Digest() [sha256.Size]byte {
	h := sha256.New()
	hashCount(h, len(s.files))
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		hashText(h, []byte(name))
		hashText(h, s.files[name].Bytes)
	}
	for _, name := range slices.Sorted(maps.Keys(s.vars)) {
		hashText(h, []byte(name))
		hashText(h, []byte(s.vars[name]))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// hashText adds a text with its length, so that no two lists of texts look alike.
func hashText(h hash.Hash, text []byte) {
	hashCount(h, len(text))
	h.Write(text)
}

func hashCount(h hash.Hash, n int) {
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
}
