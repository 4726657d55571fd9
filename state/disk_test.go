package state

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// faultyDisk is the real disk until a given operation, which fails. It checks on the
// way that a file is durable before it takes another's name, and knows what of the
// log a crash could take away.
type faultyDisk struct {
	osDisk
	t *testing.T

	mu     sync.Mutex
	failAt int   // the operation that fails, counted from 1; 0 for none
	dead   bool  // all after it fail too, as after a crash
	err    error // what they fail with
	ops    int
	part   func(n int) int  // how much of a write that fails gets to the disk
	synced map[string]int64 // bytes of the files that are durable, by path
	files  []*faultyFile

	reserve error // how reserving room fails
}

func newFaultyDisk(t *testing.T) *faultyDisk {
	return &faultyDisk{t: t, err: syscall.ENOSPC, synced: make(map[string]int64), part: func(n int) int { return n / 2 }}
}

// next counts an operation and says whether it fails.
func (d *faultyDisk) next() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ops++
	if d.failAt > 0 && (d.ops == d.failAt || d.dead && d.ops > d.failAt) {
		return d.err
	}
	return nil
}

// failNext lets the n-th operation from now fail.
func (d *faultyDisk) failNext(n int, dead bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failAt, d.dead, d.ops = n, dead, 0
}

func (d *faultyDisk) Open(name string, flag int) (file, error) {
	if flag != os.O_RDONLY {
		if err := d.next(); err != nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
	}
	f, err := d.osDisk.Open(name, flag)
	if err != nil {
		return nil, err
	}
	if flag&os.O_TRUNC != 0 {
		d.synced[name] = 0
	}
	ff := &faultyFile{f.(osFile), d, name}
	d.files = append(d.files, ff)
	return ff, nil
}

func (d *faultyDisk) Mkdir(name string) error {
	if err := d.next(); err != nil {
		return err
	}
	return d.osDisk.Mkdir(name)
}

func (d *faultyDisk) Rename(from, to string) error {
	if err := d.next(); err != nil {
		return err
	}
	if info, err := os.Stat(from); err == nil && d.synced[from] != info.Size() {
		d.t.Errorf("%s takes the name %s with %d of %d bytes durable", from, to, d.synced[from], info.Size())
	}
	d.synced[to] = d.synced[from]
	for _, f := range d.files {
		if f.name == from {
			f.name = to
		}
	}
	return d.osDisk.Rename(from, to)
}

func (d *faultyDisk) Link(from, to string) error {
	if err := d.next(); err != nil {
		return err
	}
	return d.osDisk.Link(from, to)
}

func (d *faultyDisk) Remove(name string) error {
	if err := d.next(); err != nil {
		return err
	}
	return d.osDisk.Remove(name)
}

type faultyFile struct {
	osFile
	disk *faultyDisk
	name string // now: a log written anew is renamed
}

func (f *faultyFile) Reserve(bytes int64) error {
	if f.disk.reserve != nil {
		return f.disk.reserve
	}
	return f.osFile.Reserve(bytes)
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if err := f.disk.next(); err != nil {
		n, _ := f.osFile.Write(p[:f.disk.part(len(p))])
		return n, err
	}
	return f.osFile.Write(p)
}

func (f *faultyFile) Sync() error {
	if err := f.disk.next(); err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && !info.IsDir() {
		f.disk.synced[f.name] = info.Size()
	}
	return err
}

func (f *faultyFile) Truncate(size int64) error {
	if err := f.disk.next(); err != nil {
		return err
	}
	f.disk.synced[f.name] = min(size, f.disk.synced[f.name])
	return f.osFile.Truncate(size)
}

// crash does to the log in dir what a power failure might: of what was not durable,
// some is cut off or never written.
func (d *faultyDisk) crash(dir string, rnd *rand.Rand) {
	path := filepath.Join(dir, ledgerFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return
	}
	durable := int(min(d.synced[path], int64(len(data))))
	size := durable + rnd.IntN(len(data)-durable+1)
	data = data[:size]
	if rest := size - durable; rest > 0 && rnd.IntN(3) == 0 {
		from := durable + rnd.IntN(rest)
		clear(data[from : from+rnd.IntN(size-from)])
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		d.t.Fatal(err)
	}
	d.synced[path] = int64(size)
}
