package topo

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Snapshot describes everything about the host that a converger could change, as
// other tools than ours see it: links, addresses, routes, rules, kernel
// parameters, IPVS, nftables, mounts, and the files of /etc and /var/lib that
// differ from the machine's, except lvsctl's own books in /var/lib/lvsctl. It has
// one "key = value" a line, and is the same for the same state, so that two
// snapshots can be compared as text.
func (h *Host) Snapshot() string {
	h.net.t.Helper()
	unordered := []func() ([]string, error){
		func() ([]string, error) { return h.ipLines("-4") },
		func() ([]string, error) { return h.ipLines("-6") },
		func() ([]string, error) { return h.within(readSettings) },
		func() ([]string, error) { return h.within(readMounts) },
		func() ([]string, error) { return h.outputLines("ipvs", "ipvsadm", "-Sn") },
		func() ([]string, error) { return h.outputLines("ipvs daemon", "ipvsadm", "-Ln", "--daemon") },
		func() ([]string, error) { return h.outputLines("ipvs timeout", "ipvsadm", "-Ln", "--timeout") },
	}
	for _, l := range h.layers {
		unordered = append(unordered, l.changes)
	}
	ordered := func() ([]string, error) { return h.outputLines("nft", "nft", "--stateless", "list", "ruleset") }
	parts, err := together(append(unordered, ordered))
	if err != nil {
		h.net.t.Fatalf("%s: snapshot: %v", h.Name, err)
	}
	last := len(parts) - 1 // rules have an order
	lines := slices.Concat(parts[:last]...)
	slices.Sort(lines)
	return strings.Join(append(lines, parts[last]...), "\n") + "\n"
}

// together runs the functions side by side, since starting a command is slow
// where the kernel is emulated, and returns their results in order.
func together(list []func() ([]string, error)) ([][]string, error) {
	results, errs := make([][]string, len(list)), make([]error, len(list))
	turns := make(chan struct{}, runtime.NumCPU()+1)
	var running sync.WaitGroup
	for i, f := range list {
		running.Go(func() {
			turns <- struct{}{}
			results[i], errs[i] = f()
			<-turns
		})
	}
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// within runs f inside the host.
func (h *Host) within(f func() ([]string, error)) (lines []string, err error) {
	err = onThread(func() (err error) {
		if err := h.enter(); err != nil {
			return err
		}
		lines, err = f()
		return err
	})
	return lines, err
}

// outputLines has a line for each line of a command's output.
func (h *Host) outputLines(label, name string, args ...string) (lines []string, err error) {
	out, err := h.RunErr(name, args...)
	for line := range strings.Lines(out) {
		if line = strings.TrimRight(line, " \n"); line != "" {
			lines = append(lines, fmt.Sprintf("%s = %s", label, line))
		}
	}
	return lines, err
}
