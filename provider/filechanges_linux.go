package provider

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// errPartly marks errors after which a change may have taken effect all the same.
var errPartly = errors.New("it may be changed all the same")

// eachFile carries out changes as [inTurn] does, where a failure can be one of which
// nobody knows whether the change took effect.
func eachFile(changes []resource.Change, do func(resource.Change) error) resource.Outcome {
	out := inTurn(changes, do)
	for i, f := range out.Failures {
		out.Failures[i].Unknown = errors.Is(f.Err, errPartly)
	}
	return out
}

// tellSystemd has systemd read its files again. Tests have another.
var tellSystemd = reloadSystemd

// changeFiles carries out changes of files and blocks. Then systemd reads its files again,
// once, if one of them is among those that changed.
func changeFiles(changes []resource.Change, do func(resource.Change) error) resource.Outcome {
	if err := outdateReaders(rewritten(changes)); err != nil {
		err = fmt.Errorf("note that units have not read what is written: %w", err)
		return resource.Outcome{Attempted: 1, Failures: []resource.Failure{{Err: err}}}
	}
	out := eachFile(changes, do)
	last := -1
	for i, c := range changes {
		if out.TookEffect(i) && ofSystemd(pathOf(c)) {
			last = i
		}
	}
	if last < 0 {
		return out
	}
	if err := tellSystemd(); err != nil {
		err = fmt.Errorf("the file is as it should be, but systemd has not read it: %w", err)
		untold := resource.Failure{Index: last, Err: err, Unknown: true}
		out.Failures = append([]resource.Failure{untold}, out.Failures...)
	}
	return out
}

// rewritten lists the files in which other bytes will be.
func rewritten(changes []resource.Change) []string {
	var paths []string
	for _, c := range changes {
		if path := c.Writes(); path != "" {
			paths = append(paths, path)
		}
	}
	return paths
}

// pathOf is the file that a change is about.
func pathOf(c resource.Change) string {
	if k := c.Key(); k.Kind == resource.KindBlock {
		path, _ := blockOf(k)
		return path
	}
	return c.Key().Name
}

// systemdReads are the files and directories that systemd reads when it starts, and again
// only when it is told to: units, and the mounts that it makes units of.
var systemdReads = []string{"/etc/fstab", "/etc/systemd", "/run/systemd", "/usr/lib/systemd", "/lib/systemd", "/usr/local/lib/systemd"}

// ofSystemd tells whether a file, or the one that it leads to, is one that systemd reads.
func ofSystemd(path string) bool {
	paths := []string{path}
	for _, name := range []string{path, filepath.Dir(path)} {
		if target, err := filepath.EvalSymlinks(name); err == nil {
			paths = append(paths, target)
		}
	}
	for _, p := range paths {
		for _, of := range systemdReads {
			if p == of || strings.HasPrefix(p, of+"/") {
				return true
			}
		}
	}
	return false
}
