package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// defaultCache is where the kernel and what is known about the machine are kept
// unless LVSLAB_CACHE names another directory.
const defaultCache = "/var/cache/lvslab"

// tool is a package and a file that is there once the package is installed. A
// stat is a thousand times faster than asking dpkg.
type tool struct {
	pkg   string
	probe string
}

var tools = []tool{
	{"qemu-system-x86", "/usr/bin/qemu-system-x86_64"},
	{"xz-utils", "/usr/bin/xz"},
	{"kmod", "/usr/sbin/modprobe"},
	{"ipvsadm", "/usr/sbin/ipvsadm"},
	{"iproute2", "/usr/bin/ip"},
	{"nftables", "/usr/sbin/nft"},
	{"net-tools", "/usr/sbin/ifconfig"},
	{"procps", "/usr/sbin/sysctl"},
	{"systemd", "/lib/systemd/systemd"},
	{"dbus", "/usr/bin/dbus-daemon"},
	{"curl", "/usr/bin/curl"},
	{"tcpdump", "/usr/bin/tcpdump"},
	{"keepalived", "/usr/sbin/keepalived"},
	{"nfs-kernel-server", "/usr/sbin/exportfs"},
	{"nfs-common", "/usr/sbin/mount.nfs"},
	{"rpcbind", "/usr/sbin/rpcbind"},
	{"openssh-server", "/usr/sbin/sshd"},
	{"openssh-client", "/usr/bin/ssh"},
	{"sudo", "/usr/bin/sudo"},
	{"gcc", "/usr/bin/gcc"},
	{"libc6-dev", "/usr/include/stdio.h"},
}

// lab is the machine's side of the laboratory: where its files are kept.
type lab struct {
	cache string
	logf  func(format string, args ...any)
}

// newLab reads the environment; it touches nothing.
func newLab() *lab {
	cache := os.Getenv("LVSLAB_CACHE")
	if cache == "" {
		cache = defaultCache
	}
	return &lab{cache: cache, logf: func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "lvslab: "+format+"\n", args...)
	}}
}

// setupCommand is "lvslab setup".
func setupCommand(args []string) error {
	flags := flag.NewFlagSet("lvslab setup", flag.ContinueOnError)
	if err := parseFlags(flags, "lvslab setup", args); err != nil {
		return err
	}
	l := newLab()
	k, err := l.setup()
	if err != nil {
		return err
	}
	_, err = l.useKVM("auto", k)
	return err
}

// setup makes sure that the tools and the kernel are there and returns the
// kernel. It costs a few stats when nothing is missing.
func (l *lab) setup() (*kernel, error) {
	if k, err := l.findKernel(); err == nil && len(missingTools()) == 0 {
		return k, nil
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("setup needs root: it installs packages")
	}
	unlock, err := l.lock("setup")
	if err != nil {
		return nil, err
	}
	defer unlock()
	if pkgs := missingTools(); len(pkgs) > 0 {
		if err := l.install(pkgs); err != nil {
			return nil, err
		}
	}
	if k, err := l.findKernel(); err == nil {
		return k, nil
	}
	return l.fetchKernel()
}

// lock takes the named lock of the cache directory, waiting for whoever holds it.
func (l *lab) lock(name string) (unlock func(), err error) {
	if err := os.MkdirAll(l.cache, 0o755); err != nil {
		return nil, fmt.Errorf("create cache: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(l.cache, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return func() { f.Close() }, nil
}

// missingTools returns the packages whose probe file is not there.
func missingTools() []string {
	var pkgs []string
	for _, t := range tools {
		if _, err := os.Stat(t.probe); err != nil {
			pkgs = append(pkgs, t.pkg)
		}
	}
	return pkgs
}

// install installs pkgs without starting any service they bring. Package lists
// are refreshed only when the install fails with the ones at hand.
func (l *lab) install(pkgs []string) error {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("missing %s, and there is no apt-get to install them with", strings.Join(pkgs, " "))
	}
	restore, err := forbidServices(policyPath)
	if err != nil {
		return err
	}
	defer restore()
	l.logf("installing %s", strings.Join(pkgs, " "))
	args := append([]string{"install", "-y", "-q", "--no-install-recommends", "--"}, pkgs...)
	if err := l.aptRetry("", args...); err != nil {
		return fmt.Errorf("install packages: %w", err)
	}
	if left := missingTools(); len(left) > 0 {
		return fmt.Errorf("installed, but their programs are not where they belong: %s", strings.Join(left, " "))
	}
	return nil
}

// aptRetry runs apt-get in dir; on failure it refreshes the package lists and
// tries once more.
func (l *lab) aptRetry(dir string, args ...string) error {
	if err := apt(dir, args...); err == nil {
		return nil
	}
	l.logf("refreshing package lists")
	if err := apt("", "update", "-q"); err != nil {
		return err
	}
	return apt(dir, args...)
}

// apt runs apt-get, shielded from the terminal's interrupt so that dpkg is never
// torn down halfway.
func apt(dir string, args ...string) error {
	options := []string{"-o", "DPkg::Lock::Timeout=600", "-o", "Dpkg::Use-Pty=0", "-o", "APT::Sandbox::User=root",
		"-o", "Dpkg::Options::=--force-confold"}
	cmd := exec.Command("apt-get", append(options, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, lastLines(out, 15))
	}
	return nil
}

// lastLines returns the last n lines of text.
func lastLines(text []byte, n int) []byte {
	lines := bytes.Split(bytes.TrimRight(text, "\n"), []byte("\n"))
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return bytes.Join(lines, []byte("\n"))
}
