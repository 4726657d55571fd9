package provider

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// moduleDriver loads kernel modules with modprobe, which knows dependencies, aliases
// and the administrator's options.
type moduleDriver struct{}

func (moduleDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	for _, k := range keys {
		present, err := modulePresent(k.Name)
		if err != nil {
			return fmt.Errorf("look for module %s: %w", k.Name, err)
		}
		if present {
			snap.Live.Add(resource.Module{Name: k.Name})
		}
	}
	return nil
}

func (moduleDriver) apply(changes []resource.Change) resource.Outcome {
	return inTurn(changes, func(c resource.Change) error {
		m, ok := c.After.(resource.Module)
		if c.Action != resource.Create || !ok {
			return errUnsupported(c)
		}
		out, err := exec.Command("modprobe", "--", m.Name).CombinedOutput()
		if err != nil {
			return fmt.Errorf("modprobe: %w: %s", err, bytes.TrimSpace(out))
		}
		return nil
	})
}

// modulePresent tells whether a module is loaded or built into the kernel.
func modulePresent(name string) (bool, error) {
	_, err := os.Stat(filepath.Join("/sys/module", name))
	switch {
	case err == nil:
		return true, nil
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	return builtIn(name)
}

// builtIn looks for a module that is part of the kernel and has no parameters: such a
// one has no directory in /sys/module.
func builtIn(name string) (bool, error) {
	release, err := kernelRelease()
	if err != nil {
		return false, err
	}
	list, err := os.ReadFile(filepath.Join("/lib/modules", release, "modules.builtin"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(string(list)) {
		file := strings.TrimSuffix(filepath.Base(strings.TrimSpace(line)), ".ko")
		if strings.ReplaceAll(file, "-", "_") == name {
			return true, nil
		}
	}
	return false, nil
}
