package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// probeTime is how long a guest may take to boot on hardware virtualisation; a
// healthy one needs a fraction of it. Nested virtualisation is known to hang.
const probeTime = 5 * time.Second

// useKVM decides whether the guest runs on hardware virtualisation. What a trial
// boot has shown is remembered until the machine reboots or a version changes.
func (l *lab) useKVM(mode string, k *kernel) (bool, error) {
	switch mode {
	case "on":
		return true, nil
	case "off":
		return false, nil
	case "auto":
	default:
		return false, &exitError{exitUsage, fmt.Errorf("kvm: %q is none of auto, on, off", mode)}
	}
	if unix.Access("/dev/kvm", unix.R_OK|unix.W_OK) != nil {
		return false, nil
	}
	key, err := probeKey(k)
	if err != nil {
		return false, err
	}
	if works, known := l.probed(k, key); known {
		return works, nil
	}
	unlock, err := l.lock("kvm")
	if err != nil {
		return false, err
	}
	defer unlock()
	if works, known := l.probed(k, key); known {
		return works, nil
	}
	works := l.probe(k)
	if err := os.WriteFile(l.probeFile(k), fmt.Appendf(nil, "%s\n%v\n", key, works), 0o644); err != nil {
		return false, fmt.Errorf("remember hardware virtualisation: %w", err)
	}
	return works, nil
}

// probeKey names everything that the outcome of a trial boot depends on.
func probeKey(k *kernel) (string, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read boot id: %w", err)
	}
	path, err := exec.LookPath(qemuProgram)
	if err != nil {
		return "", fmt.Errorf("find emulator: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("find emulator: %w", err)
	}
	return fmt.Sprintf("boot %s emulator %d-%d kernel %s",
		strings.TrimSpace(string(boot)), info.Size(), info.ModTime().Unix(), k.release), nil
}

// probeFile is where the outcome for a kernel is remembered.
func (l *lab) probeFile(k *kernel) string { return filepath.Join(l.cache, "kvm-probe-"+k.release) }

// probed returns what an earlier trial boot under the same key has shown.
func (l *lab) probed(k *kernel, key string) (works, known bool) {
	text, err := os.ReadFile(l.probeFile(k))
	if err != nil {
		return false, false
	}
	outcome, ok := strings.CutPrefix(string(text), key+"\n")
	return outcome == "true\n", ok
}

// probe boots a guest that runs nothing.
func (l *lab) probe(k *kernel) bool {
	initrd, err := buildInitramfs(k, job{Probe: true})
	if err == nil {
		err = run(machine{kernel: k, initrd: initrd, kvm: true, memory: 512, cpus: 2}, probeTime)
	}
	if err == nil {
		return true
	}
	reason := err
	var exit *exitError
	if errors.As(err, &exit) && exit.err != nil {
		reason = exit.err
	}
	first, _, _ := strings.Cut(reason.Error(), "\n")
	l.logf("hardware virtualisation does not work here, emulating from now on: %s", first)
	return false
}
