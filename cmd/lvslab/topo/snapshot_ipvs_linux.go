package topo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// tableHeader is how many lines /proc/net/ip_vs has where there is no service.
const tableHeader = 3

// hasServices tells whether the calling thread's network has an IPVS service.
func hasServices() (has bool, err error) {
	table, err := os.ReadFile("/proc/thread-self/net/ip_vs")
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return strings.Count(string(table), "\n") > tableHeader, err
}

// ipvsServices has a line for each service and destination.
func (h *Host) ipvsServices() (lines []string, err error) {
	if has, err := h.tells(hasServices); !has || err != nil {
		return nil, err
	}
	return h.outputLines("ipvs", "ipvsadm", "-Sn")
}

// ipvsSettings has a line for each timeout and sync daemon, none where there is neither a
// daemon nor a timeout that was ever changed.
func (h *Host) ipvsSettings() ([]string, error) {
	if idle, err := h.tells(idleIPVS); idle || err != nil {
		return nil, err
	}
	daemons, err := h.outputLines("ipvs daemon", "ipvsadm", "-Ln", "--daemon")
	if err != nil {
		return nil, err
	}
	timeouts, err := h.outputLines("ipvs timeout", "ipvsadm", "-Ln", "--timeout")
	return append(daemons, timeouts...), err
}

// ipvsThresholds has a line for each destination that has connection thresholds:
// "ipvsadm -Sn" leaves them out.
func (h *Host) ipvsThresholds() (lines []string, err error) {
	if has, err := h.tells(hasServices); !has || err != nil {
		return nil, err
	}
	out, err := h.RunErr("ipvsadm", "-Ln", "--thresholds")
	if err != nil {
		return nil, err
	}
	return thresholdLines(out), nil
}

// thresholdLines reads the list in which destinations, after an arrow, follow their
// service. Behind a destination's thresholds there are counters, which change by
// themselves.
func thresholdLines(list string) (lines []string) {
	var service string
	for line := range strings.Lines(list) {
		fields := strings.Fields(line)
		switch {
		case len(fields) < 2:
		case fields[0] != "->":
			service = strings.Join(fields[:2], " ")
		case len(fields) >= 4 && (fields[2] != "0" || fields[3] != "0"):
			lines = append(lines, fmt.Sprintf("ipvs threshold %s %s = upper %s, lower %s",
				service, fields[1], fields[2], fields[3]))
		}
	}
	return lines
}
