package resource

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// The settings of units.
const (
	UnitRunning = "running" // "yes" or "no"
	UnitEnabled = "enabled" // "yes" or "no": whether it is started at boot
	// UnitFiles is what the files were that the unit last read, as [Fingerprint] has it.
	// To set it is to have the unit reload.
	UnitFiles = "files"
)

// UnitOutdated is the value of [UnitFiles] where a file was written that the unit has not
// read since, or nobody knows whether it has.
const UnitOutdated = "outdated"

// UnitLeft is the value of [UnitRunning] for a unit that does not run, while others do that
// lvsctl had started along with it.
const UnitLeft = "no, others left"

// A Unit is one setting of a unit of systemd. Like a sysctl it is there as long as the
// unit is: taking it over remembers its value, giving it up restores it.
//
// Where there is no systemd, only those units have one setting, [UnitRunning], for which
// lvsctl knows how to do without: those of the NFS server.
type Unit struct {
	Name    string `json:"name"` // with its suffix, as in "nfs-server.service"
	Setting string `json:"setting"`
	Value   string `json:"value"`
	// Reads are the paths of the files that the unit reads, of [UnitFiles] alone, one a line.
	Reads string `json:"reads,omitempty"`
}

// Key implements [Resource].
func (u Unit) Key() Key { return Key{Kind: KindUnit, Name: u.Name + " " + u.Setting} }

// Attributes implements [Resource].
func (u Unit) Attributes() []Attribute {
	if u.Setting == UnitFiles {
		return []Attribute{{"value", u.Value}, {"reads", strings.ReplaceAll(u.Reads, "\n", " ")}}
	}
	return []Attribute{{"value", u.Value}}
}

// WithoutSystemd tells settings that lvsctl can read and set where there is no systemd.
func (u Unit) WithoutSystemd() bool {
	return u.Setting == UnitRunning && (u.Name == "nfs-server.service" || u.Name == "rpcbind.service")
}

// Fingerprint is a short word for what some files hold, in their order. It is another
// one as soon as a byte of them is.
func Fingerprint(contents ...Text) string {
	hash := sha256.New()
	var length [8]byte
	for _, c := range contents {
		binary.BigEndian.PutUint64(length[:], uint64(len(c))) // where one ends and the next begins
		hash.Write(length[:])
		hash.Write([]byte(c))
	}
	return hex.EncodeToString(hash.Sum(nil)[:6])
}

// String implements [Resource].
func (u Unit) String() string { return u.Name + " " + u.Setting + " " + u.Value }
