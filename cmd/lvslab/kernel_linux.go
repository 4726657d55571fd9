package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// defaultKernel is the package that follows the distribution's kernel. The full
// flavour is needed: the one made for clouds has no 9p.
const defaultKernel = "linux-image-amd64"

// kernel is an unpacked kernel package: nothing of it is installed.
type kernel struct {
	release string // as uname -r says inside
	image   string // path of the uncompressed image
	modules string // path of the directory that belongs at /lib/modules/<release>
}

// kernelPackage is the package the guest's kernel comes from.
func kernelPackage() string {
	if name := os.Getenv("LVSLAB_KERNEL"); name != "" {
		return name
	}
	return defaultKernel
}

// kernelDir is where the package of that name is unpacked.
func (l *lab) kernelDir(pkg string) string { return filepath.Join(l.cache, "kernel", pkg) }

// findKernel returns the kernel that is in the cache already.
func (l *lab) findKernel() (*kernel, error) { return openKernel(l.kernelDir(kernelPackage())) }

// openKernel looks at an unpacked kernel package.
func openKernel(dir string) (*kernel, error) {
	image, release, err := packedImage(dir)
	if err != nil {
		return nil, err
	}
	k := &kernel{
		release: release,
		image:   unpackedImage(image),
		modules: filepath.Join(dir, "lib", "modules", release),
	}
	for _, path := range []string{k.image, filepath.Join(k.modules, "modules.dep.bin")} {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("kernel is incomplete: %w", err)
		}
	}
	return k, nil
}

// packedImage finds the compressed image of the one kernel below dir, and the
// kernel's release in its name.
func packedImage(dir string) (image, release string, err error) {
	const prefix = "vmlinuz-"
	images, err := filepath.Glob(filepath.Join(dir, "boot", prefix+"*"))
	if err != nil {
		return "", "", err
	}
	if len(images) != 1 {
		return "", "", fmt.Errorf("%s holds %d kernel images, not one", dir, len(images))
	}
	return images[0], strings.TrimPrefix(filepath.Base(images[0]), prefix), nil
}

// fetchKernel downloads the kernel package and unpacks it into the cache. The
// directory appears under its name only when it is complete.
func (l *lab) fetchKernel() (*kernel, error) {
	final := l.kernelDir(kernelPackage())
	parent := filepath.Dir(final)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, fmt.Errorf("create cache: %w", err)
	}
	if err := sweep(parent, ".unpack-*"); err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp(parent, ".unpack-*")
	if err != nil {
		return nil, fmt.Errorf("create cache: %w", err)
	}
	defer os.RemoveAll(temp)
	if err := l.unpackKernel(kernelPackage(), temp); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(final); err != nil {
		return nil, fmt.Errorf("replace broken kernel: %w", err)
	}
	if err := os.Rename(filepath.Join(temp, "root"), final); err != nil {
		return nil, fmt.Errorf("keep kernel: %w", err)
	}
	return openKernel(final)
}

// unpackKernel downloads package pkg, or what it depends on if it is a meta
// package, into dir and unpacks it to dir/root.
func (l *lab) unpackKernel(pkg, dir string) error {
	if err := l.aptKnows(pkg); err != nil {
		return err
	}
	name, err := resolveKernel(pkg)
	if err != nil {
		return err
	}
	l.logf("downloading %s", name)
	if err := l.aptRetry(dir, "download", "-q", name); err != nil {
		return fmt.Errorf("download kernel: %w", err)
	}
	debs, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil || len(debs) != 1 {
		return fmt.Errorf("download kernel: %d packages arrived, not one", len(debs))
	}
	l.logf("unpacking %s", filepath.Base(debs[0]))
	root := filepath.Join(dir, "root")
	if err := command("dpkg", "-x", debs[0], root); err != nil {
		return fmt.Errorf("unpack kernel: %w", err)
	}
	image, release, err := packedImage(root)
	if err != nil {
		return fmt.Errorf("unpack kernel: %w", err)
	}
	if err := unpackImage(image); err != nil {
		return fmt.Errorf("unpack kernel image: %w", err)
	}
	if err := command("depmod", "-b", root, release); err != nil {
		return fmt.Errorf("index kernel modules: %w", err)
	}
	return nil
}

// aptKnows makes sure that the package lists name pkg, refreshing them if not.
func (l *lab) aptKnows(pkg string) error {
	if out, err := exec.Command("apt-cache", "show", pkg).Output(); err == nil && len(out) > 0 {
		return nil
	}
	l.logf("refreshing package lists")
	return apt("", "update", "-q")
}

// resolveKernel follows a meta package to the kernel image it depends on.
func resolveKernel(pkg string) (string, error) {
	out, err := exec.Command("apt-cache", "depends", "--important", pkg).Output()
	if err != nil {
		return "", fmt.Errorf("ask for kernel package %s: %w", pkg, exitText(err))
	}
	for line := range strings.Lines(string(out)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: ")
		if ok && strings.HasPrefix(name, "linux-image-") {
			return name, nil
		}
	}
	return pkg, nil
}

// sweep removes what an interrupted run left in dir.
func sweep(dir, pattern string) error {
	old, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return err
	}
	for _, path := range old {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove left-over: %w", err)
		}
	}
	return nil
}

// command runs a program to its end; its words become part of the error.
func command(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, lastLines(out, 15))
	}
	return nil
}

// exitText adds to err what the program said on standard error.
func exitText(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, lastLines(exit.Stderr, 5))
	}
	return err
}
