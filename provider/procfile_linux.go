package provider

import (
	"io/fs"
	"slices"

	"golang.org/x/sys/unix"
)

// readKernelFile reads a file that the kernel makes up, such as those of /proc. There may be
// hundreds to read: it does without what [os.ReadFile] does for files of other kinds.
func readKernelFile(path string) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() { _ = unix.Close(fd) }()
	text := make([]byte, 0, 512)
	for {
		free := text[len(text):cap(text)]
		n, err := unix.Read(fd, free)
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		text = text[:len(text)+n]
		if n < len(free) {
			return text, nil
		}
		text = slices.Grow(text, len(text))
	}
}
