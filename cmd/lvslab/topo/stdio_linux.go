package topo

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// A command's streams are files in memory. Pipes would have to be read while it
// runs, and would never end when it leaves a daemon behind.

// standardFiles returns a file with input to read from the start, and two to write.
func standardFiles(input string) (stdin, stdout, stderr *os.File, err error) {
	var files [3]*os.File
	for i, name := range []string{"stdin", "stdout", "stderr"} {
		if files[i], err = memoryFile(name); err != nil {
			closeAll(files[:i]...)
			return nil, nil, nil, err
		}
	}
	if _, err := files[0].WriteString(input); err != nil {
		closeAll(files[:]...)
		return nil, nil, nil, err
	}
	if _, err := files[0].Seek(0, io.SeekStart); err != nil {
		closeAll(files[:]...)
		return nil, nil, nil, err
	}
	return files[0], files[1], files[2], nil
}

// memoryFile returns an empty file without a name.
func memoryFile(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// content is what a memory file holds; where a writer has got to does not matter.
func content(f *os.File) string {
	text, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<30))
	if err != nil {
		return "" // closed: the test has ended
	}
	return string(text)
}

func closeAll(files ...*os.File) {
	for _, f := range files {
		f.Close()
	}
}
