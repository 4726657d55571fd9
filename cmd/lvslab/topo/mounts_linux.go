package topo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ownViews are the directories of which every host has a view of its own, on top
// of the machine's.
var ownViews = []string{"/etc", "/var/lib"}

// layer is one such view: what the host has changed is below upper.
type layer struct {
	dir   string
	upper *os.File
}

// newMounts makes the host's mount namespace and pins it. The pin has to be made
// from outside, by a thread that is still in the machine's.
func (h *Host) newMounts() error {
	built, pinned, failed := make(chan int), make(chan struct{}), make(chan error, 1)
	go func() {
		failed <- onThread(func() error {
			if err := h.buildMounts(); err != nil {
				return err
			}
			built <- unix.Gettid()
			<-pinned
			return nil
		})
	}()
	defer close(pinned)
	select {
	case err := <-failed:
		return fmt.Errorf("make mounts of %s: %w", h.Name, err)
	case thread := <-built:
		var err error
		h.mounts, err = pin(fmt.Sprintf("/proc/self/task/%d/ns/mnt", thread), filepath.Join(mountPins, h.Name))
		return err
	}
}

// buildMounts gives the calling thread the host's mounts. They start as a copy
// of the machine's, cut off from them.
func (h *Host) buildMounts() error {
	if err := unix.Setns(int(h.network.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network: %w", err)
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("cut off mounts: %w", err)
	}
	for _, dir := range []string{netPins, mountPins, processPins} { // copied pins would keep other namespaces alive
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("drop pins: %w", err)
		}
	}
	for _, step := range []func() error{h.mountViews, mountRun, mountSys, mountRoot} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// mountViews lays the overlays. Their upper parts are in a memory file system
// that has no place of its own in the end, so that no program stumbles over it.
func (h *Host) mountViews() error {
	if err := mountMemory("/run"); err != nil {
		return err
	}
	for i, dir := range ownViews {
		upper, work := fmt.Sprintf("/run/upper%d", i), fmt.Sprintf("/run/work%d", i)
		if err := errors.Join(os.Mkdir(upper, 0o755), os.Mkdir(work, 0o755)); err != nil {
			return err
		}
		options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", dir, upper, work)
		if err := unix.Mount("overlay", dir, "overlay", 0, options); err != nil {
			return fmt.Errorf("lay own view of %s: %w", dir, err)
		}
		f, err := os.Open(upper)
		if err != nil {
			return err
		}
		h.layers = append(h.layers, layer{dir, f})
	}
	return unix.Unmount("/run", unix.MNT_DETACH)
}

// mountRun starts with an empty /run, as a machine does that has just booted.
func mountRun() error {
	if err := mountMemory("/run"); err != nil {
		return err
	}
	return os.Mkdir("/run/lock", 0o1777)
}

func mountMemory(dir string) error {
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mount memory on %s: %w", dir, err)
	}
	return nil
}

// mountSys shows the host's interfaces in /sys/class/net and keeps the control
// groups where they were.
func mountSys() error { return showSys(false) }

// renewSys does so for a network in the place of another one.
func renewSys() error { return showSys(true) }

func showSys(renew bool) error {
	const groups, aside = "/sys/fs/cgroup", "/run/lvslab-cgroup"
	if err := os.Mkdir(aside, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(groups, aside, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("keep %s: %w", groups, err)
	}
	if renew {
		if err := unix.Unmount("/sys", unix.MNT_DETACH); err != nil {
			return fmt.Errorf("take away /sys: %w", err)
		}
	}
	if err := unix.Mount("sysfs", "/sys", "sysfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /sys: %w", err)
	}
	if err := unix.Mount(aside, groups, "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("keep %s: %w", groups, err)
	}
	return os.Remove(aside)
}
