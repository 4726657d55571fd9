package topo

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// sysctlTrees are the kernel parameters a snapshot reads, below /proc/sys.
var sysctlTrees = []string{
	"net/ipv4/conf", "net/ipv4/vs", "net/ipv4/ip_forward", "net/ipv4/ip_nonlocal_bind",
	"net/ipv6/conf", "net/ipv6/ip_nonlocal_bind",
}

// ownState is where the tool under test keeps its books. They are not part of
// what it does to a host.
const ownState = "/var/lib/lvsctl/"

// readSettings reads the kernel parameters of the calling thread's network. Some
// cannot be read, and some are not there: both are nothing to compare.
func readSettings() (lines []string, err error) {
	for _, tree := range sysctlTrees {
		err := filepath.WalkDir(filepath.Join("/proc/sys", tree), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return nil //nolint:nilerr // not there, or not readable: nothing to compare
			}
			if value, ok := readSetting(path); ok {
				lines = append(lines, "sysctl "+strings.TrimPrefix(path, "/proc/sys/")+" = "+value)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// readSetting reads a kernel parameter with as few calls as can be: there are
// hundreds of them.
func readSetting(path string) (value string, ok bool) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", false
	}
	defer unix.Close(fd)
	var buf [4096]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil {
		return "", false
	}
	return strings.TrimSpace(string(buf[:n])), true
}

// readMounts reads the mounts of the calling thread.
func readMounts() (lines []string, err error) {
	text, err := os.ReadFile("/proc/thread-self/mounts")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) >= 4 {
			lines = append(lines, fmt.Sprintf("mount %s = %s %s %s", f[1], f[2], f[0], f[3]))
		}
	}
	return lines, nil
}

// changes lists what the host has changed in its view of a directory. A file
// that was copied up but is still as on the machine has not changed.
func (l layer) changes() (lines []string, err error) {
	root := fmt.Sprintf("/proc/self/fd/%d/", l.upper.Fd())
	err = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.Join(l.dir, strings.TrimPrefix(path, root))
		if strings.HasPrefix(name+"/", ownState) {
			return filepath.SkipDir
		}
		have, err := describe(path)
		if err != nil {
			return err
		}
		before, err := describe(name)
		if err == nil && before == have {
			return nil
		}
		lines = append(lines, "file "+name+" = "+have)
		return nil
	})
	return lines, err
}

// describe tells a file's type, mode and content in a line.
func describe(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	switch {
	case info.Mode()&fs.ModeCharDevice != 0: // how an overlay notes a removal
		return "removed", nil
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		return "link to " + target, err
	case info.Mode().IsRegular():
		data, err := os.ReadFile(path)
		return fmt.Sprintf("%v sha256:%x", info.Mode(), sha256.Sum256(data)), err
	}
	return info.Mode().String(), nil
}
