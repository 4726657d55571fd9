package planfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// What the file says of itself. A version that is not known is not read: it may mean
// something by what would be passed over.
const (
	formatName    = "lvsctl-plan"
	formatVersion = 1
)

// What is wrong with a file that cannot be read.
var (
	ErrNotPlan = errors.New("not a saved plan")
	ErrDamaged = errors.New("the saved plan is damaged: it is not as it was written. Make it again, with lvsctl plan --out")
)

// A VersionError is about a file of another version of the format.
type VersionError struct {
	Version int
	Lvsctl  string // the version of lvsctl that wrote it
}

// Error implements error.
func (e *VersionError) Error() string {
	return fmt.Sprintf("a saved plan of format version %d, written by lvsctl %s; this lvsctl reads version %d. Use the same lvsctl for both, or make the plan again, with lvsctl plan --out",
		e.Version, e.Lvsctl, formatVersion)
}

// header is how files of all versions begin.
type header struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Lvsctl  string `json:"lvsctl"`
}

// document is the file.
type document struct {
	header
	File
	Checksum string `json:"sha256,omitempty"`
}

// The end of the file: the checksum between two texts.
const (
	beforeSum = ",\n  \"sha256\": \""
	afterSum  = "\"\n}\n"
	sumSize   = 2 * sha256.Size
)

// Encode is the text of the file.
func (f *File) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(document{header: header{formatName, formatVersion, f.Lvsctl}, File: *f}, "", "  ")
	if err != nil {
		return nil, err
	}
	return seal(bytes.TrimSuffix(text, []byte("\n}"))), nil
}

// seal ends a text with its checksum.
func seal(text []byte) []byte {
	text = append(text, beforeSum...)
	sum := sha256.Sum256(text)
	text = hex.AppendEncode(text, sum[:])
	return append(text, afterSum...)
}

// sealed tells whether a text is as it was when it was sealed.
func sealed(text []byte) bool {
	end := len(text) - len(afterSum) - sumSize - len(beforeSum)
	return end >= 0 && bytes.Equal(seal(bytes.Clone(text[:end])), text)
}

// Decode reads the text of a file. The errors are [ErrNotPlan], [ErrDamaged] and
// [*VersionError].
func Decode(text []byte) (*File, error) {
	if !looksLike(text, text) {
		return nil, ErrNotPlan
	}
	var h header
	if err := json.Unmarshal(text, &h); err != nil {
		return nil, ErrDamaged
	}
	if h.Format == formatName && h.Version != formatVersion {
		return nil, &VersionError{h.Version, h.Lvsctl}
	}
	if h.Format != formatName || !sealed(text) {
		return nil, ErrDamaged
	}
	var doc document
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("a saved plan that this lvsctl cannot read, written by lvsctl %s: %w", h.Lvsctl, err)
	}
	f := &doc.File
	f.Lvsctl = h.Lvsctl
	if err := f.check(); err != nil {
		return nil, err
	}
	return f, nil
}

// check refuses what no lvsctl writes.
func (f *File) check() error {
	if f.Plan == nil || f.Config.Files == nil || f.Basis == nil {
		return ErrDamaged
	}
	hosts := map[string]bool{}
	for _, h := range f.Plan.Hosts {
		if _, known := f.Basis[h.Name]; !known || hosts[h.Name] {
			return ErrDamaged
		}
		hosts[h.Name] = true
	}
	for _, s := range f.Plan.Steps {
		if !hosts[s.Host] || (len(s.Changes) == 0) == (len(s.Probes) == 0) || s.Wave < 0 || s.Wave > len(f.Plan.Waves) {
			return ErrDamaged
		}
	}
	if len(f.Basis) != len(hosts) {
		return ErrDamaged
	}
	return nil
}

// Both ends of a file are enough to tell that it is one, or what is left of one.
const headSize, tailSize = 256, len(beforeSum) + sumSize + len(afterSum)

// looksLike tells from the beginning and the end of a text whether it is a saved plan,
// be it damaged or laid out in another way. No config can look like one.
func looksLike(head, tail []byte) bool {
	head, tail = head[:min(len(head), headSize)], tail[max(0, len(tail)-tailSize):]
	compact := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, string(head))
	if strings.HasPrefix(compact, `{"format":"`+formatName+`"`) {
		return true
	}
	return bytes.HasPrefix(tail, []byte(beforeSum)) && bytes.HasSuffix(tail, []byte(afterSum))
}
