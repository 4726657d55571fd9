package topo

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// sysctlTrees are the kernel parameters a snapshot reads, below /proc/sys.
var sysctlTrees = []string{"net/core", "net/ipv4", "net/ipv6", "net/netfilter"}

// volatileSetting changes by itself.
const volatileSetting = "net/netfilter/nf_conntrack_count"

// books are where the tool under test and the NFS server keep theirs. They are not part
// of what is done to a host.
var books = []string{"/var/lib/lvsctl/", "/var/lib/nfs/"}

// readSettings reads the kernel parameters of the calling thread's network. Some
// cannot be read, and some are not there: both are nothing to compare.
func readSettings() (lines []string, err error) {
	for _, tree := range sysctlTrees {
		found, err := readSettingsIn(unix.AT_FDCWD, "/proc/sys/"+tree, tree)
		if err != nil {
			return nil, err
		}
		lines = append(lines, found...)
	}
	return lines, nil
}

// readSettingsIn reads those of a directory, whose path from the directory at is given. The
// kernel looks up many a word for the whole path of a parameter, and there are hundreds.
func readSettingsIn(at int, path, name string) (lines []string, err error) {
	fd, err := unix.Openat(at, path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil // not there, or not readable: nothing to compare
	}
	dir := os.NewFile(uintptr(fd), path)
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return nil, nil // likewise
	}
	for _, entry := range entries {
		inner := name + "/" + entry.Name()
		if entry.IsDir() {
			found, err := readActive(fd, entry.Name(), inner)
			if err != nil {
				return nil, err
			}
			lines = append(lines, found...)
			continue
		}
		if value, ok := readSetting(fd, entry.Name()); ok && inner != volatileSetting {
			lines = append(lines, "sysctl "+inner+" = "+value)
		}
	}
	return lines, nil
}

// readActive is readSettingsIn but for interfaces that are down; see isIdle.
func readActive(at int, path, name string) ([]string, error) {
	if idle, err := isIdle(name); idle || err != nil {
		return nil, err
	}
	return readSettingsIn(at, path, name)
}

// isIdle tells whether a directory has the IPv6 parameters of an interface that is down.
// The kernel makes those of tunl0 when it first comes up, and keeps them when it goes down.
func isIdle(dir string) (bool, error) {
	parent, link := filepath.Split(dir)
	if parent != "net/ipv6/conf/" && parent != "net/ipv6/neigh/" {
		return false, nil
	}
	text, err := os.ReadFile(filepath.Join("/sys/class/net", link, "flags"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // "all" and "default" are no interfaces
	}
	if err != nil {
		return false, err
	}
	flags, err := strconv.ParseUint(strings.TrimSpace(string(text)), 0, 32)
	return flags&unix.IFF_UP == 0, err
}

// readSetting reads a kernel parameter of a directory with as few calls as can be.
func readSetting(at int, name string) (value string, ok bool) {
	fd, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
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

// mountPort is where mountd of an NFS server listened: another port each time it starts.
var mountPort = regexp.MustCompile(`,mountport=\d+`)

// readMounts reads the mounts of the host, for a thread inside.
func (h *Host) readMounts() (lines []string, err error) {
	text, err := os.ReadFile(h.procOfOne() + "/mounts")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) >= 4 && f[1] != bootID {
			lines = append(lines, fmt.Sprintf("mount %s = %s %s %s", f[1], f[2], f[0], mountPort.ReplaceAllString(f[3], "")))
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
		if slices.ContainsFunc(books, func(dir string) bool { return strings.HasPrefix(name+"/", dir) }) {
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

// describe tells a file's type, mode, owner and content in a line.
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
		return fmt.Sprintf("%v %s sha256:%x", info.Mode(), owner(info), sha256.Sum256(data)), err
	}
	return info.Mode().String() + " " + owner(info), nil
}

// owner is the numbers of a file's user and group.
func owner(info fs.FileInfo) string {
	stat := info.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%d:%d", stat.Uid, stat.Gid)
}
