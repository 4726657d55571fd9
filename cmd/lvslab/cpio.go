package main

import (
	"fmt"
	"io"
)

// File type bits of a cpio entry's mode, as in stat(2).
const (
	cpioDir  = 0o040000
	cpioFile = 0o100000
)

// cpioWriter writes a cpio archive in the "newc" format, which the kernel
// unpacks as its initial file system (Documentation/driver-api/early-userspace).
type cpioWriter struct {
	w      io.Writer
	inode  uint32
	offset int
	err    error
}

// dir adds a directory; its parents must have been added before.
func (c *cpioWriter) dir(name string) { c.entry(name, cpioDir|0o755, nil) }

// file adds a regular file.
func (c *cpioWriter) file(name string, perm uint32, data []byte) {
	c.entry(name, cpioFile|perm, data)
}

// close ends the archive and returns the first error of all writes.
func (c *cpioWriter) close() error {
	c.inode = 0
	c.entry("TRAILER!!!", 0, nil)
	return c.err
}

func (c *cpioWriter) entry(name string, mode uint32, data []byte) {
	if mode != 0 {
		c.inode++
	}
	const owner, links, mtime, device, check = 0, 1, 0, 0, 0
	c.write(fmt.Appendf(nil, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		c.inode, mode, owner, owner, links, mtime, len(data),
		device, device, device, device, len(name)+1, check, name))
	c.pad()
	c.write(data)
	c.pad()
}

// pad fills up to the next multiple of four bytes.
func (c *cpioWriter) pad() { c.write(make([]byte, (4-c.offset%4)%4)) }

func (c *cpioWriter) write(data []byte) {
	if c.err != nil || len(data) == 0 {
		return
	}
	var n int
	n, c.err = c.w.Write(data)
	c.offset += n
}
