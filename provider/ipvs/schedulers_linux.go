package ipvs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"strings"
)

// AvailableSchedulers lists those of [Schedulers] that a kernel of the given release
// (uname -r) offers: because the running kernel has them, or because they are among
// the modules installed for that release. It is sorted. Where no modules are installed,
// as in most containers, only what the running kernel has is found.
func AvailableSchedulers(kernelRelease string) ([]string, error) {
	list, err := availableSchedulers(os.DirFS("/"), kernelRelease)
	if err != nil {
		return nil, fmt.Errorf("find ipvs schedulers: %w", err)
	}
	return list, nil
}

// availableSchedulers is AvailableSchedulers below any root.
func availableSchedulers(root fs.FS, release string) ([]string, error) {
	modules := make(map[string]bool)
	for _, name := range []string{"modules.builtin", "modules.dep"} {
		if err := addModules(modules, root, path.Join("lib/modules", release, name)); err != nil {
			return nil, err
		}
	}
	var list []string
	for _, name := range Schedulers {
		module := "ip_vs_" + name
		if _, err := fs.Stat(root, "sys/module/"+module); err == nil || modules[module] {
			list = append(list, name)
		}
	}
	return list, nil
}

// addModules adds the IPVS modules that a file of depmod(8) lists, one path a line, in
// modules.dep with a colon and what the module needs. There may be no such file.
func addModules(modules map[string]bool, root fs.FS, name string) error {
	text, err := fs.ReadFile(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for line := range linesWith(text, "vs_") { // a path has fewer letters v than i, each of which would be a stop
		file, _, _ := strings.Cut(line, ":")
		module, _, _ := strings.Cut(path.Base(file), ".ko") // .ko, .ko.xz, .ko.zst, …
		if strings.HasPrefix(module, "ip_vs_") {
			modules[module] = true
		}
	}
	return err
}

// linesWith goes through the lines that have a word in them: a few of thousands, which are
// not looked at one by one.
func linesWith(text []byte, word string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			at := bytes.Index(text, []byte(word))
			if at < 0 {
				return
			}
			start := bytes.LastIndexByte(text[:at], '\n') + 1
			line, rest, _ := bytes.Cut(text[start:], []byte("\n"))
			if !yield(string(line)) {
				return
			}
			text = rest
		}
	}
}
