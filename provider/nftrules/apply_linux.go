package nftrules

import (
	"errors"

	"github.com/lvsctl/lvsctl/provider/nft"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// attempts is how often a transaction is made for tables that others keep changing.
const attempts = 20

// Read returns all marks, source NAT and MSS of the network namespace that the calling
// thread is in. A rule that is there but not in force is a resource without the attributes
// that count: fwmark 0, no source, size 0. It can make the kernel load nf_tables.
func Read() (resource.Set, error) {
	rs, err := nft.Read(tableName)
	if err != nil {
		return resource.Set{}, err
	}
	all := resource.NewSet()
	for _, family := range families {
		for _, r := range understand(family, rs).live().All() {
			all.Add(r)
		}
	}
	return all, nil
}

// Apply makes changes of marks, source NAT and MSS in one transaction: the kernel carries
// out all of them or none, and after a failure none was attempted. What is to be deleted
// may be gone, and what is to be created may be there. When others change nftables between
// our look and the transaction, it looks again.
func Apply(changes []resource.Change) resource.Outcome {
	var err error
	for range attempts {
		if err = apply(changes); !errors.Is(err, nft.ErrChanged) {
			break
		}
	}
	return outcome(err, len(changes))
}

// apply makes changes to the tables as they are now.
func apply(changes []resource.Change) error {
	rs, err := nft.Read(tableName)
	if err != nil {
		return err
	}
	tx, err := newTransaction(rs, changes)
	if err != nil {
		return err
	}
	err = nft.Commit(rs.Generation, tx.ops)
	var refused *nft.OpError
	if errors.As(err, &refused) {
		return &changeError{tx.causes[refused.Index], refused.Err}
	}
	return err
}

// outcome is what became of n changes that were made together.
func outcome(err error, n int) resource.Outcome {
	var failed *changeError
	switch {
	case err == nil:
		return resource.Outcome{Attempted: n}
	case errors.As(err, &failed):
		return resource.Outcome{Failures: []resource.Failure{{Index: failed.index, Err: failed.err}}}
	case !errors.Is(err, nft.ErrNoAnswer):
		return resource.Outcome{Failures: []resource.Failure{{Index: 0, Err: err}}}
	}
	out := resource.Outcome{Attempted: n}
	for i := range n {
		out.Failures = append(out.Failures, resource.Failure{Index: i, Err: err, Unknown: true})
	}
	return out
}
