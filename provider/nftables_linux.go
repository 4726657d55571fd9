package provider

import (
	"slices"

	"github.com/lvsctl/lvsctl/provider/nftrules"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// nftDriver reads and changes marks, source NAT and MSS, which are rules of nftables.
type nftDriver struct{}

func (nftDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	// To ask would load the module, and reading changes nothing.
	if loaded, err := modulePresent("nf_tables"); err != nil || !loaded {
		return err
	}
	all, err := nftrules.Read()
	if err != nil {
		return err
	}
	wanted := newKeySet(keys)
	for k, r := range all.All() {
		if wanted.has(k) {
			snap.Live.Add(r)
		}
	}
	return nil
}

// apply does not load the module either for what is gone without it.
func (nftDriver) apply(changes []resource.Change) resource.Outcome {
	makes := func(c resource.Change) bool { return c.After != nil }
	if loaded, err := modulePresent("nf_tables"); err == nil && !loaded && !slices.ContainsFunc(changes, makes) {
		return resource.Outcome{Attempted: len(changes)}
	}
	return nftrules.Apply(changes)
}
