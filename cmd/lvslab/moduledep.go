package main

import (
	"bufio"
	"fmt"
	"io"
	"path"
	"strings"
)

// moduleDeps maps a module's file, relative to the module directory, to the
// files that it needs, as depmod wrote them to modules.dep.
type moduleDeps map[string][]string

// parseModuleDeps reads modules.dep.
func parseModuleDeps(r io.Reader) (moduleDeps, error) {
	deps := moduleDeps{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		file, needs, ok := strings.Cut(lines.Text(), ":")
		if !ok {
			return nil, fmt.Errorf("modules.dep: no colon in %q", lines.Text())
		}
		deps[file] = strings.Fields(needs)
	}
	return deps, lines.Err()
}

// order returns the files to load, in this order, to have all the named modules.
// A module that has no file is skipped: it is built into the kernel, or the
// guest's init will miss its effect and say so.
func (d moduleDeps) order(names ...string) []string {
	byName := map[string]string{}
	for file := range d {
		byName[moduleName(file)] = file
	}
	var files []string
	seen := map[string]bool{}
	var visit func(file string)
	visit = func(file string) {
		if seen[file] {
			return
		}
		seen[file] = true
		for _, need := range d[file] {
			visit(need)
		}
		files = append(files, file)
	}
	for _, name := range names {
		if file, ok := byName[moduleName(name)]; ok {
			visit(file)
		}
	}
	return files
}

// moduleName is a module's name as the kernel shows it: no directory, no
// extension, underscores.
func moduleName(file string) string {
	name, _, _ := strings.Cut(path.Base(file), ".")
	return strings.ReplaceAll(name, "-", "_")
}
