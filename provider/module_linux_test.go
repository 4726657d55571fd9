package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// loaded tells whether lsmod lists a module.
func loaded(t *testing.T, name string) bool {
	t.Helper()
	for line := range strings.Lines(run(t, "lsmod")) {
		if strings.Fields(line)[0] == name {
			return true
		}
	}
	return false
}

func TestKernelModules(t *testing.T) {
	m := kernel(t)
	wrr := resource.Module{Name: "ip_vs_wrr"}
	run(t, "modprobe -r ip_vs_wrr")
	if got := read(t, m, wrr); got.Len() != 0 {
		t.Fatalf("read %v, but it is not loaded", got)
	}
	apply(t, m, create(wrr))
	if !loaded(t, wrr.Name) {
		t.Error("lsmod does not list it")
	}
	expectRead(t, m, wrr)
	apply(t, m, create(wrr)) // loaded already
	fails(t, m, "cannot delete a module", remove(wrr))
	run(t, "modprobe -r ip_vs_wrr")
	if got := read(t, m, wrr); got.Len() != 0 {
		t.Errorf("read %v after it was unloaded", got)
	}
}

func TestKernelModuleFails(t *testing.T) {
	m := kernel(t)
	none := resource.Module{Name: "no_such_module"}
	if got := read(t, m, none); got.Len() != 0 {
		t.Errorf("read %v", got)
	}
	fails(t, m, "modprobe: exit status 1: modprobe: FATAL: Module no_such_module not found", create(none))
	// A name is never taken for an option.
	fails(t, m, "modprobe: FATAL: Module", create(resource.Module{Name: "--help"}))
}

// What is built into the kernel is present, whether or not it shows in /sys/module.
func TestKernelModuleBuiltIn(t *testing.T) {
	m := kernel(t)
	hidden, dashed := 0, 0
	for line := range strings.Lines(run(t, "cat /lib/modules/"+strings.TrimSpace(run(t, "uname -r"))+"/modules.builtin")) {
		file := strings.TrimSuffix(filepath.Base(strings.TrimSpace(line)), ".ko")
		name := strings.ReplaceAll(file, "-", "_")
		if _, err := os.Stat("/sys/module/" + name); err == nil || hidden > 3 && (dashed > 0 || name == file) {
			continue
		}
		hidden++
		if name != file {
			dashed++
		}
		expectRead(t, m, resource.Module{Name: name})
	}
	if hidden == 0 || dashed == 0 {
		t.Errorf("the kernel has %d built-in modules that do not show, %d of them with a dash", hidden, dashed)
	}
}
