package main

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
)

// bootModules are what init needs to reach the machine's root file system and
// the runner. Everything else is loaded on demand from there.
var bootModules = []string{"virtio_pci", "virtio_console", "9p", "9pnet_virtio", "overlay"}

const (
	jobFile   = "/job.json"
	moduleDir = "/modules"
)

// job tells the guest's init what to run. It travels in the initial file system.
type job struct {
	Probe    bool     // only show that the guest boots; run nothing
	Args     []string // the program and its arguments
	Env      []string
	Dir      string   // working directory
	Writable []string // directories shared read-write, tagged w0, w1, ...
	Emulated bool     // processors are
	Hot      []string // files of the machine to have in memory
	Release  string   // kernel release
	Modules  string   // the machine's path of that kernel's modules
	Load     []string // module files in moduleDir, in the order to load
}

// buildInitramfs returns the initial file system: this program as init, the
// modules it loads, and the job. It completes the job.
func buildInitramfs(k *kernel, j job) ([]byte, error) {
	self, err := readSelf()
	if err != nil {
		return nil, err
	}
	files, err := bootFiles(k)
	if err != nil {
		return nil, err
	}
	j.Release, j.Modules, j.Hot = k.release, k.modules, hotFiles(k.modules)
	var out bytes.Buffer
	archive := cpioWriter{w: &out}
	for _, dir := range []string{"dev", "proc", "lower", "upper", "root", "modules"} {
		archive.dir(dir)
	}
	archive.file("init", 0o755, self)
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(k.modules, file))
		if err != nil {
			return nil, fmt.Errorf("read kernel module: %w", err)
		}
		archive.file(path.Join("modules", path.Base(file)), 0o644, data)
		j.Load = append(j.Load, path.Base(file))
	}
	text, err := json.Marshal(j)
	if err != nil {
		return nil, fmt.Errorf("encode job: %w", err)
	}
	archive.file("job.json", 0o600, text)
	if err := archive.close(); err != nil {
		return nil, fmt.Errorf("write initramfs: %w", err)
	}
	return out.Bytes(), nil
}

// bootFiles returns the module files that the guest loads first.
func bootFiles(k *kernel) ([]string, error) {
	f, err := os.Open(filepath.Join(k.modules, "modules.dep"))
	if err != nil {
		return nil, fmt.Errorf("read module dependencies: %w", err)
	}
	defer f.Close()
	deps, err := parseModuleDeps(f)
	if err != nil {
		return nil, err
	}
	return deps.order(bootModules...), nil
}

// readSelf returns this program's file, which must not need a dynamic linker:
// there is none when the guest starts it.
func readSelf() ([]byte, error) {
	data, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return nil, fmt.Errorf("read own program: %w", err)
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("read own program: %w", err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return nil, errors.New("this program is not static: build it with CGO_ENABLED=0")
		}
	}
	return data, nil
}
