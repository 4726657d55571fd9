package topo

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Snapshot describes everything about the host that a converger could change, as
// other tools than ours see it: links, addresses, routes of all tables, rules, FOU
// ports, kernel parameters, IPVS with timeouts and sync daemons, nftables, mounts, what
// is exported by NFS and whether its server and rpcbind listen, the files of /etc and
// /var/lib that differ from the machine's, except the books of lvsctl and of the NFS
// server, and those of the host's own root directory, /opt, /srv, /mnt and /var. It has one "key = value" a line, and is the same for the
// same state, so that two snapshots can be compared as text. What a module brings
// along when it is loaded is in it too: tunl0 and its parameters with ipip, on every
// host.
func (h *Host) Snapshot() string {
	h.net.t.Helper()
	unordered := []func() ([]string, error){
		func() ([]string, error) { return h.ipLines("-4") },
		func() ([]string, error) { return h.ipLines("-6") },
		func() ([]string, error) { return h.within(readSettings) },
		func() ([]string, error) { return h.within(h.readMounts) },
		func() ([]string, error) { return h.within(ownFiles) },
		h.exports,
		h.nfsServers,
		h.fouPorts,
		h.ipvsServices,
		h.ipvsThresholds,
		h.ipvsSettings,
	}
	for _, l := range h.layers {
		unordered = append(unordered, l.changes)
	}
	parts, err := together(append(unordered, h.nftRules))
	if err != nil {
		h.net.t.Fatalf("%s: snapshot: %v", h.Name, err)
	}
	last := len(parts) - 1 // rules have an order
	lines := slices.Concat(parts[:last]...)
	slices.Sort(lines)
	return strings.Join(append(lines, parts[last]...), "\n") + "\n"
}

// nftRules has a line for each line of the rule set.
func (h *Host) nftRules() ([]string, error) {
	if has, err := h.tells(hasTables); !has || err != nil {
		return nil, err
	}
	return h.outputLines("nft", "nft", "--stateless", "list", "ruleset")
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

// tells puts a question to the host's network.
func (h *Host) tells(question func() (bool, error)) (answer bool, err error) {
	err = inNetwork(h.network, func() (err error) {
		answer, err = question()
		return err
	})
	return answer, err
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
