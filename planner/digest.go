package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"slices"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// A Digest is a SHA-256. As text it is in lower-case hexadecimal.
type Digest [sha256.Size]byte

// String returns the digest as sha256sum prints it.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText implements [encoding.TextMarshaler].
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Digest) UnmarshalText(text []byte) error {
	if n := hex.DecodedLen(len(text)); n != len(d) {
		return fmt.Errorf("a digest of %d bytes, and not %d", n, len(d))
	}
	_, err := hex.Decode(d[:], text)
	return err
}

// A Basis is what a plan for one host was made from. As long as it stays as it is, so
// does the plan for a config.
type Basis struct {
	Live   Digest `json:"live"`   // of the objects in scope: those that are wanted, and ours
	Ledger Digest `json:"ledger"` // of what lvsctl remembers there
}

// Basis is the basis of plans for a host. Objects of others are not in it, nor is what
// the host says about itself.
func (d *Desired) Basis(host string, snap *resource.Snapshot) Basis {
	scope := make(map[resource.Key]bool, d.wants[host].Len()+snap.Ledger.Claims.Len())
	for key := range d.wants[host].All() {
		scope[key] = true
	}
	for key := range snap.Ledger.Claims.All() {
		scope[key] = true
	}
	live, ledger := newDigester(), newDigester()
	for _, key := range slices.SortedFunc(maps.Keys(scope), resource.Key.Compare) {
		live.object(key, snap.Live.Get(key))
	}
	for _, claim := range snap.Ledger.Sorted() {
		key := claim.Want.Key()
		ledger.object(key, claim.Want)
		ledger.object(key, claim.Prior)
		ledger.add(claim.Step)
	}
	for _, name := range slices.Sorted(maps.Keys(snap.Ledger.Steps)) {
		ledger.add(name)
		ledger.add(snap.Ledger.Steps[name])
	}
	return Basis{live.sum(), ledger.sum()}
}

// Digest is that of all that is asked of the hosts: objects with their states, and steps
// with their order. Where in the config it is asked for does not matter.
func (d *Desired) Digest() Digest {
	sum := newDigester()
	sum.add(d.Hosts)
	sum.add(d.parting)
	for _, s := range d.steps {
		sum.add(resource.Step{StepRef: s.StepRef, After: s.edges})
		for key := range s.but(nil) {
			w := d.wants[s.Host].Get(key)
			sum.object(key, w.state)
			sum.add(w.loose)
		}
	}
	return sum.sum()
}

// A digester hashes values by their JSON, one a line, which no two lists have in common.
type digester struct {
	hash hash.Hash
	enc  *json.Encoder
}

func newDigester() *digester {
	h := sha256.New()
	return &digester{h, json.NewEncoder(h)}
}

// add hashes a value that can be written as JSON, as all that hosts are told and say can.
func (d *digester) add(v any) {
	if err := d.enc.Encode(v); err != nil {
		panic(fmt.Sprintf("digest: %v", err))
	}
}

// object adds the state of an object, nil where it is not there.
func (d *digester) object(key resource.Key, state resource.Resource) {
	if state == nil {
		d.add(key)
		return
	}
	d.add(key.Kind)
	d.add(state)
}

func (d *digester) sum() Digest { return Digest(d.hash.Sum(nil)) }
