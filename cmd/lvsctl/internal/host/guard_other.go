//go:build !linux

package host

import (
	"context"
	"errors"
	"io"
)

// Guard watches over an apply on a machine that runs Linux.
func Guard(context.Context, Opener, string, string, io.Writer) error { return errors.ErrUnsupported }

// AnnounceAgain announces addresses of a machine that runs Linux.
func AnnounceAgain(context.Context, io.Reader, string) error { return errors.ErrUnsupported }
