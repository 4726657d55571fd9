package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// The files in the ledger's directory.
const (
	ledgerFile = "ledger"
	backupFile = "ledger.bak" // the log as it was when it was last written anew
	freshFile  = "ledger.new" // a log being written anew; never read
)

// A disk is what the ledger needs of a file system. Tests make it fail.
type disk interface {
	Open(name string, flag int) (file, error) // creates with mode 0600
	Stat(name string) (fs.FileInfo, error)
	Mkdir(name string) error // with mode 0700, and its parents
	Rename(from, to string) error
	Link(from, to string) error
	Remove(name string) error
}

// A file is what the ledger needs of an open file or directory.
type file interface {
	io.ReadWriteCloser
	Stat() (fs.FileInfo, error)
	Sync() error
	Truncate(size int64) error
	// Reserve makes room for so many bytes beyond the end, where the file system can.
	Reserve(bytes int64) error
}

var (
	_ disk = osDisk{}
	_ file = osFile{}
)

type osFile struct{ *os.File }

// Reserve implements file.
func (f osFile) Reserve(bytes int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	err = reserve(f.File, info.Size(), bytes)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return os.NewSyscallError("fallocate", err)
}

// osDisk is the file system of the host.
type osDisk struct{}

func (osDisk) Open(name string, flag int) (file, error) {
	f, err := os.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, err // not f, which would be a file that is not nil
	}
	return osFile{f}, nil
}

func (osDisk) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }
func (osDisk) Rename(from, to string) error          { return os.Rename(from, to) }
func (osDisk) Link(from, to string) error            { return os.Link(from, to) }
func (osDisk) Remove(name string) error              { return os.Remove(name) }

func (osDisk) Mkdir(name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(name, 0o700); !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Stat(name)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", name)
	}
	return err
}

// readFile returns a file's content, and which file it was.
func readFile(d disk, name string) ([]byte, fs.FileInfo, error) {
	f, err := d.Open(name, os.O_RDONLY|unix.O_NONBLOCK) // a pipe by that name would not answer
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is not a regular file", name)
	}
	data := make([]byte, 0, info.Size()+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case errors.Is(err, io.EOF):
			return data, info, nil
		case err != nil:
			return nil, nil, err
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

// writeFresh creates or overwrites a file with content that is safely on disk when
// it returns, and leaves it open for appending. On an error no file is left.
func writeFresh(d disk, name string, content []byte) (file, error) {
	f, err := d.Open(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return nil, err
	}
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	if err != nil {
		f.Close()
		_ = d.Remove(name)
		return nil, err
	}
	return f, nil
}

// syncDir makes the names in a directory durable: files created, renamed, removed.
func syncDir(d disk, dir string) error {
	f, err := d.Open(dir, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// removeFile removes a file that need not be there.
func removeFile(d disk, name string) error {
	if err := d.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
