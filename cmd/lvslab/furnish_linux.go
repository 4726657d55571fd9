package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// mount is one call of mount(2).
type mount struct {
	source, target, fstype string
	flags                  uintptr
	options                string
}

// mountAll mounts in order, making the mount points where it can.
func mountAll(mounts []mount) error {
	for _, m := range mounts {
		if err := os.MkdirAll(m.target, 0o755); err != nil {
			return fmt.Errorf("make mount point: %w", err)
		}
		if err := unix.Mount(m.source, m.target, m.fstype, m.flags, m.options); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	return nil
}

const (
	noExecDevSuid = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	shareOptions  = "trans=virtio,version=9p2000.L,msize=512000,"
)

// furnish makes the machine's files the root file system and prepares everything
// that a program expects to find on a running system.
func furnish(j job) error {
	if err := switchRoot(j.Hot); err != nil {
		return err
	}
	if err := mountSystem(); err != nil {
		return err
	}
	modules := mount{j.Modules, filepath.Join("/lib/modules", j.Release), "", unix.MS_BIND, ""}
	if err := mountAll([]mount{modules}); err != nil {
		return err
	}
	for i, dir := range j.Writable {
		shared := mount{fmt.Sprintf("w%d", i), dir, "9p", 0, shareOptions + "cache=mmap"}
		if err := mountAll([]mount{shared}); err != nil {
			return err
		}
	}
	if err := setEnvironment(j.Env); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte("lvslab")); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	if err := raiseLimits(); err != nil {
		return err
	}
	return linkUp("lo")
}

// switchRoot puts a writable layer in memory over the machine's root file system
// and makes the result this system's root. The move onto / matters: a plain
// chroot would leave the kernel's own helpers, modprobe among them, behind. Files that are hot
// are in that layer from the beginning.
func switchRoot(hot []string) error {
	err := mountAll([]mount{
		{"root", "/lower", "9p", unix.MS_RDONLY, shareOptions + "cache=loose"},
		{"tmpfs", "/upper", "tmpfs", 0, "mode=755"},
	})
	if err != nil {
		return err
	}
	for _, dir := range []string{"/upper/work", "/upper/files"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return fmt.Errorf("make overlay: %w", err)
		}
	}
	if err := warm(hot, "/lower", "/upper/files"); err != nil {
		return err
	}
	err = mountAll([]mount{
		{"overlay", "/root", "overlay", 0, "lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work"},
		{"/dev", "/root/dev", "", unix.MS_MOVE, ""},
		{"/proc", "/root/proc", "", unix.MS_MOVE, ""},
	})
	if err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(moduleDir), os.Remove("/init"), os.Remove(jobFile)); err != nil {
		return fmt.Errorf("free memory: %w", err)
	}
	if err := os.Chdir("/root"); err != nil {
		return fmt.Errorf("switch root: %w", err)
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("switch root: %w", err)
	}
	if err := unix.Chroot("."); err != nil {
		return fmt.Errorf("switch root: %w", err)
	}
	return os.Chdir("/")
}

// mountSystem mounts the kernel's file systems and the ones that start empty.
func mountSystem() error {
	err := mountAll([]mount{
		{"sysfs", "/sys", "sysfs", noExecDevSuid, ""},
		{"cgroup2", "/sys/fs/cgroup", "cgroup2", noExecDevSuid, ""},
		{"devpts", "/dev/pts", "devpts", unix.MS_NOSUID | unix.MS_NOEXEC, "ptmxmode=666,mode=620,gid=5"},
		{"tmpfs", "/dev/shm", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
		{"tmpfs", "/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=755"},
	})
	if err != nil {
		return err
	}
	links := map[string]string{
		"/dev/fd": "/proc/self/fd", "/dev/stdin": "fd/0", "/dev/stdout": "fd/1", "/dev/stderr": "fd/2",
	}
	for name, target := range links {
		if err := os.Symlink(target, name); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("furnish /dev: %w", err)
		}
	}
	return os.Mkdir("/run/lock", 0o1777)
}

// setEnvironment makes env this process's whole environment.
func setEnvironment(env []string) error {
	os.Clearenv()
	for _, word := range env {
		name, value, _ := strings.Cut(word, "=")
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set environment: %w", err)
		}
	}
	return nil
}

// raiseLimits allows as many open files as a service manager would; the kernel
// gives process 1 very few.
func raiseLimits() error {
	limit := unix.Rlimit{Cur: 1 << 16, Max: 1 << 20}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise limit of open files: %w", err)
	}
	return nil
}

// linkUp brings a network interface up.
func linkUp(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("bring up %s: %w", name, err)
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(name)
	if err != nil {
		return fmt.Errorf("bring up %s: %w", name, err)
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
		return fmt.Errorf("bring up %s: %w", name, err)
	}
	return nil
}
