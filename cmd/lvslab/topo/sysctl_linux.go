package topo

import (
	"fmt"
	"os"
	"path/filepath"
)

// setting is a kernel parameter: its path below /proc/sys, and its value.
type setting struct{ path, value string }

// set writes kernel parameters of the host's network.
func (h *Host) set(settings ...setting) error {
	return inNetwork(h.network, func() error { return writeSettings(settings) })
}

// writeSettings writes kernel parameters of the calling thread's network.
func writeSettings(settings []setting) error {
	for _, s := range settings {
		if err := os.WriteFile(filepath.Join("/proc/sys", s.path), []byte(s.value), 0o644); err != nil {
			return fmt.Errorf("set kernel parameter: %w", err)
		}
	}
	return nil
}
