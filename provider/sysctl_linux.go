package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// sysctlDriver reads and writes /proc/sys, of which everything below net belongs to
// the network namespace of the process.
type sysctlDriver struct{}

func (sysctlDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	for _, k := range keys {
		s := resource.Sysctl{Name: k.Name}
		path, err := sysctlFile(s)
		if err != nil {
			return err
		}
		value, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read sysctl: %w", err)
		}
		s.Value = strings.Join(strings.Fields(string(value)), " ")
		snap.Live.Add(s)
	}
	return nil
}

func (sysctlDriver) apply(changes []resource.Change) resource.Outcome {
	return inTurn(changes, func(c resource.Change) error {
		s, ok := c.After.(resource.Sysctl)
		if !ok {
			return errUnsupported(c)
		}
		path, err := sysctlFile(s)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		// The newline is for an empty value: to write nothing would change nothing.
		_, err = f.WriteString(s.Value + "\n")
		return err
	})
}

// sysctlFile is the file of a sysctl. A name that leads out of /proc/sys is refused.
func sysctlFile(s resource.Sysctl) (string, error) {
	path := s.Path()
	if !filepath.IsLocal(path) {
		return "", fmt.Errorf("sysctl %q: not a name below /proc/sys", s.Name)
	}
	return filepath.Join("/proc/sys", path), nil
}
