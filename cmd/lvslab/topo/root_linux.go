package topo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// ownDirectories are those that every host has for itself, in memory: what is put there
// is seen by no other host. What the machine has in them shows through. An NFS server of
// version 4 exports the way to what it exports, too, beginning with the root directory,
// and neither an overlay nor 9p can be exported.
var ownDirectories = []string{"/", "/opt", "/srv", "/mnt", "/var"}

// hidden are what hosts do not see of the machine: it would not be a host's own.
var hidden = []string{"/var/www"}

// mountRoot gives the host a root directory of its own, with the machine's directories
// and the host's views in it.
func mountRoot() error {
	const root = "/run/lvslab-root"
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", root, "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mount memory on %s: %w", root, err)
	}
	if err := plant(root, "/"); err != nil {
		return fmt.Errorf("lay own root directory: %w", err)
	}
	const old = "/mnt"
	if err := unix.PivotRoot(root, root+old); err != nil {
		return fmt.Errorf("change root directory: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	// What the machine has in /mnt was laid under its old root directory.
	if err := unix.Unmount(old, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the machine's root directory: %w", err)
	}
	return os.Remove(root)
}

// plant makes what the machine has in one of the host's own directories appear below
// root.
func plant(root, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case slices.Contains(hidden, path):
		case e.Type()&os.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err := errors.Join(err, os.Symlink(target, root+path)); err != nil {
				return err
			}
		case e.IsDir():
			if err := plantDirectory(root, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// plantDirectory makes one directory appear, with all that is mounted below it. Only the
// root directory that is being made is mounted below /run.
func plantDirectory(root, path string) error {
	if err := os.Mkdir(root+path, 0o755); err != nil {
		return err
	}
	if slices.Contains(ownDirectories, path) {
		return plant(root, path)
	}
	flags := uintptr(unix.MS_BIND | unix.MS_REC)
	if path == "/run" {
		flags = unix.MS_BIND
	}
	if err := unix.Mount(path, root+path, "", flags, ""); err != nil {
		return fmt.Errorf("bind %s: %w", path, err)
	}
	return nil
}
