package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// sysctlDriver reads and writes /proc/sys, of which everything below net belongs to
// the network namespace of the process.
type sysctlDriver struct{}

func (sysctlDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	for _, k := range keys {
		s, err := readSysctl(k.Name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read sysctl: %w", err)
		}
		snap.Live.Add(settled(s))
	}
	return nil
}

// flipping are settings that the kernel switches by itself between 1 and 2, once a
// second, as memory gets short and there is enough again (update_defense_level in
// net/netfilter/ipvs/ip_vs_ctl.c). Both mean that it does so: 1 that the defence is
// ready, 2 that it is at work.
var flipping = map[string]bool{
	"net.ipv4.vs.drop_entry":  true,
	"net.ipv4.vs.drop_packet": true,
	"net.ipv4.vs.secure_tcp":  true,
}

// settled is a setting as somebody left it, before the kernel switched it.
func settled(s resource.Sysctl) resource.Sysctl {
	if flipping[s.Name] && s.Value == "2" {
		s.Value = "1"
	}
	return s
}

func (sysctlDriver) apply(changes []resource.Change) resource.Outcome {
	return inTurn(changes, func(c resource.Change) error {
		s, ok := c.After.(resource.Sysctl)
		if !ok {
			return errUnsupported(c)
		}
		return setSysctl(s)
	})
}

// sideEffects are settings that the kernel changes along with another one, though
// nobody asked for it: becoming a router or ceasing to be one also decides whether ICMP
// redirects are accepted (inet_forward_change in net/ipv4/devinet.c), which a careful
// administrator has switched off.
var sideEffects = map[string]string{
	"net.ipv4.ip_forward": "net.ipv4.conf.all.accept_redirects",
}

// setSysctl writes a setting, and puts back what that changes beside it.
func setSysctl(s resource.Sysctl) error {
	other, ok := sideEffects[s.Name]
	if !ok {
		return writeSysctl(s)
	}
	before, err := readSysctl(other)
	if err != nil {
		return err
	}
	return errors.Join(writeSysctl(s), writeSysctl(before))
}

func writeSysctl(s resource.Sysctl) error {
	path, err := sysctlFile(s)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return sysctlDenied(path, err)
	}
	defer f.Close()
	// The newline is for an empty value: to write nothing would change nothing.
	_, err = f.WriteString(s.Value + "\n")
	return err
}

// sysctlDenied names in an error what it takes to write the file of a sysctl: those that
// belong to a network go by a capability, the others by the user alone.
func sysctlDenied(path string, err error) error {
	if strings.HasPrefix(path, "/proc/sys/net/") {
		return takes(err, unix.CAP_NET_ADMIN)
	}
	return takes(err, asRoot)
}

func readSysctl(name string) (resource.Sysctl, error) {
	s := resource.Sysctl{Name: name}
	path, err := sysctlFile(s)
	if err != nil {
		return s, err
	}
	value, err := readKernelFile(path)
	s.Value = strings.Join(strings.Fields(string(value)), " ")
	return s, err
}

// sysctlFile is the file of a sysctl. A name that leads out of /proc/sys is refused.
func sysctlFile(s resource.Sysctl) (string, error) {
	path := s.Path()
	if !filepath.IsLocal(path) {
		return "", fmt.Errorf("sysctl %q: not a name below /proc/sys", s.Name)
	}
	return filepath.Join("/proc/sys", path), nil
}
