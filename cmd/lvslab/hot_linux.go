package main

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// The guest asks the machine whenever it opens one of the machine's files or follows one of
// its symbolic links, and waits for the answer. To start a program takes a dozen of these. So
// what tests start again and again is in the guest's memory from the beginning.

// hotPrograms are what tests and lvsctl start.
var hotPrograms = []string{
	"ip", "ipvsadm", "nft", "nsenter", "modprobe", "sysctl", "exportfs", "mount", "umount", "mount.nfs",
	"sh", "bash", "cat", "env", "grep", "ls", "mkdir", "mv", "rm", "sed", "sleep", "systemctl",
}

// hotFiles are those programs, the libraries that they need, and what is known of the
// kernel's modules; and the symbolic links on the way to them.
func hotFiles(modules string) []string {
	found := map[string]bool{}
	for _, name := range hotPrograms {
		if path, err := exec.LookPath(name); err == nil { // it may not be installed
			addProgram(found, path)
		}
	}
	lists, _ := filepath.Glob(filepath.Join(modules, "modules.*"))
	for _, path := range append(lists, "/etc/ld.so.cache") {
		addFile(found, path)
	}
	files := make([]string, 0, len(found))
	for path := range found {
		files = append(files, path)
	}
	slices.Sort(files)
	return files
}

// libraryDirs are where libraries are looked for.
var libraryDirs = []string{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu/systemd", "/lib64"}

// addProgram adds a program or a library, and the libraries that it needs. What is no ELF
// file needs none.
func addProgram(found map[string]bool, path string) {
	if known := !addFile(found, path); known {
		return
	}
	program, err := elf.Open(path)
	if err != nil {
		return
	}
	defer program.Close()
	libraries, _ := program.ImportedLibraries()
	for _, library := range libraries {
		for _, dir := range libraryDirs {
			addProgram(found, filepath.Join(dir, library))
		}
	}
}

// addFile adds a file and the symbolic links on the way to it. It tells whether there is such
// a file that was not known.
func addFile(found map[string]bool, path string) bool {
	at, rest := "/", strings.Split(path, "/")
	var way []string
	for len(rest) > 0 && len(way) < 20 {
		next := filepath.Join(at, rest[0])
		info, err := os.Lstat(next)
		switch {
		case err != nil:
			return false
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(next)
			if err != nil {
				return false
			}
			way = append(way, next)
			if filepath.IsAbs(target) {
				at = "/"
			}
			rest = append(strings.Split(target, "/"), rest[1:]...)
		case info.Mode().IsRegular() && len(rest) == 1:
			way = append(way, next)
			added := !found[next]
			for _, path := range way {
				found[path] = true
			}
			return added
		default:
			at, rest = next, rest[1:]
		}
	}
	return false
}

// warm copies files from the machine's file system to what lies over it.
func warm(files []string, lower, upper string) error {
	for _, path := range files {
		if err := copyUp(path, lower, upper); err != nil {
			return fmt.Errorf("copy %s to memory: %w", path, err)
		}
	}
	return nil
}

// copyUp copies a file or a symbolic link with its directories.
func copyUp(path, lower, upper string) error {
	if err := copyDirs(filepath.Dir(path), lower, upper); err != nil {
		return err
	}
	info, err := os.Lstat(lower + path)
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(lower + path)
		return cmp.Or(err, os.Symlink(target, upper+path))
	}
	from, err := os.Open(lower + path)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(upper+path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close(), likeness(upper+path, info))
}

// copyDirs makes the directories that lead to a file. Where there are two, that of the upper
// layer says whose it is.
func copyDirs(dir, lower, upper string) error {
	if _, err := os.Lstat(upper + dir); err == nil || dir == "/" {
		return err
	}
	if err := copyDirs(filepath.Dir(dir), lower, upper); err != nil {
		return err
	}
	info, err := os.Lstat(lower + dir)
	if err != nil {
		return err
	}
	return cmp.Or(os.Mkdir(upper+dir, 0o700), likeness(upper+dir, info))
}

// likeness gives a copy the owner, the mode and the time of what it is a copy of.
func likeness(path string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return errors.New("no owner")
	}
	return cmp.Or(os.Lchown(path, int(stat.Uid), int(stat.Gid)), os.Chmod(path, info.Mode()), os.Chtimes(path, info.ModTime(), info.ModTime()))
}
