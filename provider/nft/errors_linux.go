package nft

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// What the kernel's errors mean.
var (
	// ErrNotThere says that the kernel has no nf_tables, not even as a module to load.
	ErrNotThere = errors.New("the kernel has no nftables (module nf_tables)")
	// ErrLacking says that the kernel has nf_tables, but not a part that a chain or rule
	// needs.
	ErrLacking = errors.New("the kernel lacks a module of nftables for this (nft_chain_nat, nft_nat, nft_ct)")
	// ErrPermission says that CAP_NET_ADMIN is lacking. It is needed even to read.
	ErrPermission = errors.New("nftables needs CAP_NET_ADMIN")
	// ErrChanged says that others changed nftables meanwhile.
	ErrChanged = errors.New("others keep changing nftables")
	// ErrNoAnswer says that the kernel's answer got lost, so whether it did what it was
	// asked to is unknown.
	ErrNoAnswer = errors.New("no answer from the kernel")
)

// An OpError is an operation that could not be carried out.
type OpError struct {
	Index int // in the list of operations
	Err   error
}

// Error implements error.
func (e *OpError) Error() string { return fmt.Sprintf("operation %d: %v", e.Index, e.Err) }

// Unwrap leads to the reason.
func (e *OpError) Unwrap() error { return e.Err }

// explain names an error that answers a connection, the first question or a transaction
// as a whole.
func explain(err error) error {
	var errno unix.Errno
	if errors.As(err, &errno) {
		err = errno // the rest are the library's words
	}
	switch {
	case errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EINVAL):
		return fmt.Errorf("%w: %w", ErrNotThere, err)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: %w", ErrPermission, err)
	case errors.Is(err, unix.ERESTART):
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return err
}
