package topo

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// exports has a line for each directory that is exported.
func (h *Host) exports() ([]string, error) {
	table, err := h.within(func() ([]string, error) {
		text, err := os.ReadFile("/var/lib/nfs/etab")
		return []string{string(text)}, err
	})
	if err != nil || table[0] == "" {
		return nil, err
	}
	return h.outputLines("export", "exportfs", "-s")
}

// nfsPorts are those of the kernel's NFS server and of rpcbind, as /proc/net writes them.
var nfsPorts = []string{":0801", ":006F"}

// nfsServers has a line for each address at which the NFS server or rpcbind listens.
func (h *Host) nfsServers() (lines []string, err error) {
	err = inNetwork(h.network, func() error {
		for _, table := range []string{"tcp", "tcp6"} {
			text, err := os.ReadFile("/proc/thread-self/net/" + table)
			if err != nil {
				return err
			}
			for line := range strings.Lines(string(text)) {
				// the socket's number, its address, the other one, its state
				f := strings.Fields(line)
				if len(f) > 3 && f[3] == "0A" && slices.ContainsFunc(nfsPorts, func(p string) bool { return strings.HasSuffix(f[1], p) }) {
					lines = append(lines, "listens = "+table+" "+f[1])
				}
			}
		}
		return nil
	})
	return lines, err
}

// ownFiles lists what is in the host's own directories: all of it, as far as nothing is
// mounted on it.
func ownFiles() (lines []string, err error) {
	own, err := device("/")
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir("/", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if dev, err := device(path); err != nil || dev != own {
				return cmp.Or(err, fs.SkipDir)
			}
		}
		have, err := describe(path)
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("file %s = %s", path, have))
		return nil
	})
	return lines, err
}

// device is the number of the file system that path is on. The server of one that is
// mounted there is not asked: it may be away.
func device(path string) ([2]uint32, error) {
	var info unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW|unix.AT_STATX_DONT_SYNC, unix.STATX_TYPE, &info)
	return [2]uint32{info.Dev_major, info.Dev_minor}, err
}
