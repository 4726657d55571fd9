package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"
)

// Units that come along.
//
// systemd starts with a unit what it needs, and leaves that running when the unit is stopped.
// With the NFS server that is several daemons, of which rpcbind can be reached from the
// network. When lvsctl gives up a unit that it had running, it stops what came along: units
// that did not run before, that nobody has enabled, and that no running unit wants.

// companions are the units that come along with some, in the order in which to stop them, after
// the unit itself unless that is among them.
var companions = map[string][]string{
	"nfs-server.service": {
		"rpc-statd-notify.service", "rpc-statd.service", "nfs-idmapd.service", "nfs-mountd.service", "nfsdcld.service",
		"rpc_pipefs.target", "run-rpc_pipefs.mount", "var-lib-nfs-rpc_pipefs.mount", "proc-fs-nfsd.mount",
		"rpcbind.service", "rpcbind.socket",
	},
	// mount(8) starts the first two, which ask rpcbind to forget them when they end.
	"rpcbind.service": {"rpc-statd-notify.service", "rpc-statd.service", "rpcbind.service", "rpcbind.socket"},
}

// clientUnits are those of them that mounts of this host may need, which systemd does not
// know, by the type of the mount: before NFS 4 there are daemons for locks.
var clientUnits = map[string][]string{
	"nfs":  {"rpc-statd-notify.service", "rpc-statd.service", "rpcbind.service", "rpcbind.socket"},
	"nfs4": {"nfs-idmapd.service", "rpc_pipefs.target", "run-rpc_pipefs.mount", "var-lib-nfs-rpc_pipefs.mount"},
}

// companionNotes is where it is noted which companions of a unit ran before it was started,
// in a file for each unit. It is empty after a boot.
const companionNotes = runDirectory + "/companions"

func companionNote(unit string) string { return filepath.Join(companionNotes, unit+".json") }

// noteCompanions notes which companions of a unit run before it is started for the first time.
func (s *systemd) noteCompanions(unit string) error {
	path := companionNote(unit)
	if _, err := os.Stat(path); err == nil || companions[unit] == nil {
		return nil
	}
	running := []string{}
	for _, name := range companions[unit] {
		u, err := s.unit(name)
		if err != nil {
			return err
		}
		if u.running() {
			running = append(running, name)
		}
	}
	return writeRunFile(path, running)
}

// giveBack stops a unit that lvsctl had running, and what came along with it.
func (s unitSetter) giveBack(unit string) error {
	u, err := s.fresh(unit)
	if err != nil {
		return err
	}
	if !slices.Contains(companions[unit], unit) {
		if err := s.stop(u); err != nil {
			return err
		}
	}
	return s.stopCompanions(unit)
}

// stopCompanions stops what came along with a unit that is stopped now.
func (s *systemd) stopCompanions(unit string) error {
	if companions[unit] == nil {
		return nil
	}
	spared, err := sparedCompanions(unit)
	if err != nil {
		return err
	}
	for _, name := range companions[unit] {
		u, goes, err := s.goesAlong(name, unit, spared)
		if err != nil {
			return err
		}
		if !goes {
			continue
		}
		if err := s.stop(u); err != nil {
			return fmt.Errorf("what came along with %s: %w", unit, err)
		}
	}
	return forgetCompanions(unit)
}

// companionsLeft tells whether a unit that is stopped has companions that lvsctl started along
// with it and that would go with it.
func (s *systemd) companionsLeft(unit string) (bool, error) {
	if _, err := os.Stat(companionNote(unit)); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	spared, err := sparedCompanions(unit)
	if err != nil {
		return false, err
	}
	for _, name := range companions[unit] {
		if _, goes, err := s.goesAlong(name, unit, spared); err != nil || goes {
			return goes, err
		}
	}
	return false, nil
}

// goesAlong tells whether a companion is to be stopped with its unit, and how it is. That the
// unit runs is no reason not to: a socket that goes with it may have started it again. Neither
// is that it is enabled until the next boot: mount(8) does so with what it starts, for a
// target, and targets need nobody.
func (s *systemd) goesAlong(name, unit string, spared []string) (u unitState, goes bool, err error) {
	u, err = s.unit(name)
	if err == nil && name == unit {
		return u, u.running(), nil
	}
	if err != nil || !u.running() || u.file == "enabled" || slices.Contains(spared, name) {
		return u, false, err
	}
	needed, err := s.anyRuns(slices.DeleteFunc(u.wantedBy, func(by string) bool { return by == unit || strings.HasSuffix(by, ".target") }))
	return u, !needed && err == nil, err
}

// sparedCompanions are those that ran before, and those that mounts of this host may need.
func sparedCompanions(unit string) (spared []string, err error) {
	text, err := os.ReadFile(companionNote(unit))
	if err == nil {
		err = json.Unmarshal(text, &spared)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read what ran before %s: %w", unit, err)
	}
	mounts, err := mountinfo.GetMounts(mountinfo.FSTypeFilter("nfs", "nfs4"))
	if err != nil {
		return nil, err
	}
	for _, m := range mounts {
		spared = append(spared, clientUnits[m.FSType]...)
	}
	return spared, nil
}

// anyRuns tells whether one of some units runs.
func (s *systemd) anyRuns(names []string) (bool, error) {
	for _, name := range names {
		u, err := s.unit(name)
		if err != nil || u.running() {
			return err == nil, err
		}
	}
	return false, nil
}

// forgetCompanions forgets what ran before a unit. With the last note the directory goes.
func forgetCompanions(unit string) error {
	if err := os.Remove(companionNote(unit)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return removeIfEmpty(companionNotes)
}
