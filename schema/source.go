package schema

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Sources is the text that a config was made from.
type Sources struct {
	config map[string]*hcl.File   // files of the config, by name
	inputs []*inputFile           // files with values of variables, in their order
	given  map[string]*given      // values of variables that count, by name
	read   map[string]*textFile   // what functions read, by path
	hidden map[string][]hcl.Range // what is not shown, by name of the file

	variables map[string]bool // that are declared, by name, and whether they are sensitive
}

// forget lets go of what stands in the blocks of files, which takes several times the memory
// of their text. The blocks themselves are named in diagnostics.
func (s *Sources) forget() {
	for _, f := range s.config {
		if body, ok := f.Body.(*hclsyntax.Body); ok {
			body.Attributes = nil
			for _, block := range body.Blocks {
				block.Body = nil
			}
		}
	}
}

// A Given is a value that a variable has from the command line or the environment.
type Given struct {
	Name      string
	Value     string // as it was written; empty where it is sensitive
	Env       bool   // in the environment
	Sensitive bool
}

// Given lists the values of declared variables from the command line and the
// environment that count, in the order of their names.
func (s *Sources) Given() []Given {
	var list []Given
	for _, name := range slices.Sorted(maps.Keys(s.given)) {
		g := s.given[name]
		sensitive, declared := s.variables[name]
		if g.attr != nil || !declared {
			continue
		}
		found := Given{Name: name, Value: g.text, Env: g.env, Sensitive: sensitive}
		if sensitive {
			found.Value = ""
		}
		list = append(list, found)
	}
	return list
}

// Files returns the files by name, as [hcl.NewDiagnosticTextWriter] wants them. Where
// they hold values of sensitive variables they have asterisks.
func (s *Sources) Files() map[string]*hcl.File {
	files := make(map[string]*hcl.File, len(s.config))
	for path, f := range s.read {
		files[path] = &hcl.File{Bytes: f.text}
	}
	for _, f := range s.inputs {
		files[f.name] = f.file
	}
	maps.Copy(files, s.config)
	for name, stretches := range s.hidden {
		files[name] = redacted(files[name], stretches)
	}
	return files
}

// Digest is the SHA-256 of everything that the config depends on: names and contents
// of the files, be they read as config, as values of variables or by functions, and the
// values of variables from elsewhere. The order in which these were given does not
// matter, nor do those that others override.
func (s *Sources) Digest() [sha256.Size]byte {
	h := sha256.New()
	hashCount(h, len(s.config))
	for _, name := range slices.Sorted(maps.Keys(s.config)) {
		hashText(h, []byte(name))
		hashText(h, s.config[name].Bytes)
	}
	hashCount(h, len(s.inputs))
	for _, f := range s.inputs {
		hashText(h, []byte(f.name))
		hashText(h, f.text)
	}
	hashCount(h, len(s.read))
	for _, path := range slices.Sorted(maps.Keys(s.read)) {
		hashText(h, []byte(path))
		hashCount(h, boolInt(s.read[path].err == nil))
		hashText(h, s.read[path].text)
	}
	for _, name := range slices.Sorted(maps.Keys(s.given)) {
		if g := s.given[name]; g.attr == nil {
			hashText(h, []byte(name))
			hashText(h, []byte(g.text))
		}
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
