package state

import (
	"os"

	"golang.org/x/sys/unix"
)

// reserve allocates blocks beyond the end of a file, whose size stays.
func reserve(f *os.File, from, bytes int64) error {
	for {
		err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, from, bytes)
		if err != unix.EINTR {
			return err
		}
	}
}
