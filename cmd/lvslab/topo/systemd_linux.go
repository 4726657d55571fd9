package topo

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Systemd has the host run systemd, as process 1 of process, control group, host name
// and IPC namespaces of its own. It has reached multi-user.target when Host returns. What
// is enabled on the machine is not enabled there; units that only a real machine needs
// are masked, D-Bus and the login manager among them, and so are generators.
func Systemd() HostOption {
	return HostOption{orderSystemd, func(h *Host) error {
		if err := h.inMounts(h.forgetUnits); err != nil {
			return fmt.Errorf("prepare units: %w", err)
		}
		if err := h.inMounts(func() error { return unix.Unmount(groupsDir, unix.MNT_DETACH) }); err != nil {
			return fmt.Errorf("make room for control groups: %w", err)
		}
		return h.boot()
	}}
}

// Reboot ends everything that runs in the host, as a power cut would. A host with systemd
// is booted again with an empty /run and another boot id, and with nothing of NFS. Its network
// stays as it is: what a real boot takes away there is for the test to take away. One without
// gets a new network as well, with what Host gave it.
func (h *Host) Reboot() {
	h.net.t.Helper()
	if h.systemd == nil {
		h.net.must(h.powerCycle())
		return
	}
	h.dropShares()
	h.stopNFS()
	h.net.must(h.halt())
	h.net.must(h.inMounts(unboot))
	h.net.must(h.boot())
}

// systemd is the process 1 of a host.
type systemd struct {
	processes *os.File // the process namespace
	console   *os.File // what was printed there, in memory
	ended     chan struct{}
}

// bootLimit is how long systemd may take to come up, on a busy machine that emulates
// another one.
const bootLimit = 2 * time.Minute

// groupsDir is where the control groups are.
const groupsDir = "/sys/fs/cgroup"

// bootScript is the rest of the way to systemd, from within its process namespace.
const bootScript = `
mount -t proc proc /proc &&
mount --bind ` + bootIDFile + ` ` + bootID + ` &&
exec unshare --cgroup sh -c '
mount -t cgroup2 cgroup2 ` + groupsDir + ` &&
exec /lib/systemd/systemd --unit=multi-user.target'`

const bootIDFile = "/run/lvslab-boot-id"

// boot starts systemd and waits until it is up.
func (h *Host) boot() (err error) {
	if err := h.inMounts(maskUnits); err != nil {
		return fmt.Errorf("mask units: %w", err)
	}
	console, err := memoryFile("console")
	if err != nil {
		return err
	}
	group, err := h.makeGroup()
	if err != nil {
		console.Close()
		return err
	}
	defer group.Close()
	cmd := exec.Command("sh", "-c", bootScript)
	cmd.Dir, cmd.Env = "/", []string{"PATH=" + os.Getenv("PATH"), "container=lvslab"}
	cmd.Stdout, cmd.Stderr = console, console
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid: true, UseCgroupFD: true, CgroupFD: int(group.Fd()),
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
	}
	if err := h.StartCmd(cmd); err != nil {
		console.Close()
		return fmt.Errorf("start systemd: %w", err)
	}
	h.systemd = &systemd{console: console, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // it only ends by being killed, or its console says why
		close(h.systemd.ended)
	}()
	h.systemd.processes, err = pin(fmt.Sprintf("/proc/%d/ns/pid", cmd.Process.Pid), filepath.Join(processPins, h.Name))
	if err != nil {
		return err
	}
	if err := h.awaitSystemd(); err != nil {
		return fmt.Errorf("boot: %w\n%s", err, content(console))
	}
	return nil
}

// awaitSystemd waits until systemd can be asked, and then until it says that it is up.
func (h *Host) awaitSystemd() error {
	deadline := time.Now().Add(bootLimit)
	for {
		err := h.inMounts(func() error {
			_, err := os.Stat("/run/systemd/private")
			return err
		})
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || time.Now().After(deadline) {
			return fmt.Errorf("systemd does not come up: %w", err)
		}
		select {
		case <-h.systemd.ended:
			return errors.New("systemd ended")
		case <-time.After(20 * time.Millisecond):
		}
	}
	if _, err := h.RunErr("systemctl", "is-system-running", "--wait"); err != nil {
		failed, _ := h.RunErr("systemctl", "--failed", "--no-legend", "--plain")
		return fmt.Errorf("%w\n%s", err, failed)
	}
	return nil
}

// halt kills systemd, and with it everything in its process namespace.
func (h *Host) halt() error {
	if h.systemd == nil {
		return nil
	}
	if err := killAll(h.network); err != nil {
		return err
	}
	<-h.systemd.ended
	h.systemd.console.Close()
	if h.systemd.processes != nil {
		h.systemd.processes.Close()
	}
	h.systemd = nil
	return errors.Join(unpin(filepath.Join(processPins, h.Name)), h.removeGroup())
}

// group is the control group of what systemd runs in the host.
func (h *Host) group() string { return filepath.Join(groupsDir, "lvslab-"+h.Name) }

// makeGroup makes the control group, in place of what a crashed run may have left.
func (h *Host) makeGroup() (*os.File, error) {
	if err := h.removeGroup(); err != nil {
		return nil, err
	}
	if err := os.Mkdir(h.group(), 0o755); err != nil {
		return nil, fmt.Errorf("make control group: %w", err)
	}
	return os.Open(h.group())
}

// removeGroup removes the control group with those in it. The kernel takes a moment to
// notice that the processes of one have ended.
func (h *Host) removeGroup() error {
	var groups []string
	err := filepath.WalkDir(h.group(), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			groups = append(groups, path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove control group: %w", err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for i := len(groups) - 1; i >= 0; { // what is inside comes later in the list
		err := unix.Rmdir(groups[i])
		switch {
		case err == nil, errors.Is(err, unix.ENOENT):
			i--
		case !errors.Is(err, unix.EBUSY) || time.Now().After(deadline):
			return fmt.Errorf("remove control group %s: %w", groups[i], err)
		default:
			time.Sleep(5 * time.Millisecond)
		}
	}
	return nil
}

// inMounts runs f on a thread that sees the host's files.
func (h *Host) inMounts(f func() error) error {
	return onThread(func() error {
		if err := h.enter(); err != nil {
			return err
		}
		return f()
	})
}

// forgetUnits takes away what the machine's administrator has set up and enabled, and what is
// mounted there, and gives the host its name.
func (h *Host) forgetUnits() error {
	const dir = "/etc/systemd/system"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	if err := os.WriteFile("/etc/fstab", nil, 0o644); err != nil {
		return err
	}
	return os.WriteFile("/etc/hostname", []byte(h.Name+"\n"), 0o644)
}

// unwantedUnits are those of systemd's own units, and of others that start by
// themselves, that only a real machine needs.
var unwantedUnits = strings.Fields(`
dbus.service dbus.socket systemd-logind.service systemd-user-sessions.service getty.target console-getty.service
dev-hugepages.mount dev-mqueue.mount proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount
sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount
kmod-static-nodes.service modprobe@.service systemd-binfmt.service systemd-firstboot.service
systemd-machine-id-commit.service systemd-modules-load.service systemd-network-generator.service
systemd-pcrphase.service systemd-pcrphase-sysinit.service systemd-pstore.service systemd-random-seed.service
systemd-remount-fs.service systemd-repart.service systemd-sysctl.service systemd-sysusers.service
systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service systemd-tmpfiles-clean.timer
systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-udevd.service
systemd-udev-trigger.service systemd-udevd-control.socket systemd-udevd-kernel.socket
systemd-ask-password-console.path systemd-ask-password-wall.path systemd-initctl.socket
systemd-journal-flush.service tmp.mount`)

// wantedGenerators are those of NFS, without which its units look for each other in
// different places, and the one that has mounted what fstab says.
var wantedGenerators = []string{"nfs-server-generator", "rpc-pipefs-generator", "systemd-fstab-generator"}

// maskUnits keeps the boot short, and gives it an id.
func maskUnits() error {
	if err := writeBootID(); err != nil {
		return err
	}
	generators, err := filepath.Glob("/lib/systemd/system-generators/*")
	if err != nil {
		return err
	}
	generators = slices.DeleteFunc(generators, func(path string) bool { return slices.Contains(wantedGenerators, filepath.Base(path)) })
	for dir, names := range map[string][]string{"system": unwantedUnits, "system-generators": generators} {
		dir = filepath.Join("/run/systemd", dir)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		for _, name := range names {
			if err := os.Symlink("/dev/null", filepath.Join(dir, filepath.Base(name))); err != nil {
				return err
			}
		}
	}
	return nil
}

// unboot takes away what a boot has mounted, and empties /run.
func unboot() error {
	for _, dir := range []string{"/proc", groupsDir, "/run"} {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			return fmt.Errorf("take away %s: %w", dir, err)
		}
	}
	return mountRun()
}

// insideSystemd is set for tests that run in a host with systemd.
const insideSystemd = "LVSLAB_SYSTEMD"

// InSystemd has a test run in a host with systemd. The test begins with it, and ends if
// it is false:
//
//	if !topo.InSystemd(t) {
//		return
//	}
//
// The first time it makes the host and runs the test there, in a process of its own; the
// second time it is true.
func InSystemd(t testing.TB) bool {
	t.Helper()
	if os.Getenv(insideSystemd) == "1" {
		return true
	}
	h := New(t, Prefix()).Host("host", Systemd())
	self, err := os.Executable()
	h.net.must(err)
	pattern := "^" + t.Name() + "$"
	if _, parts, ok := strings.Cut(flag.Lookup("test.run").Value.String(), "/"); ok {
		pattern += "/" + parts
	}
	p := h.Start("env", insideSystemd+"=1", self, "-test.v", "-test.run="+pattern)
	err = p.Wait()
	if err != nil || !strings.Contains(p.Output(), "--- PASS: "+t.Name()) {
		t.Errorf("inside: %v", err)
	}
	t.Logf("inside:\n%s", p.Output())
	return false
}
