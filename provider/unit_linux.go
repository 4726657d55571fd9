package provider

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// unitDriver reads and sets units of systemd, and without systemd those few that lvsctl
// can do without it.
//
// A unit runs if it is active, or about to be. A service counts as started when it has
// stayed up for a moment, and one that did not is stopped, so that systemd does not go on
// trying what lvsctl has reported as failed. A oneshot service that does not remain after
// it has run cannot be wanted running: it never is for long.
//
// What a unit has read of its files is known from a note below /run, which goes with the
// boot, as what the unit has read does.
type unitDriver struct {
	settle time.Duration // how long a service has to stay up to count as started
}

// settleTime is for services of which systemd only knows that a process was made, and not
// that it found its files and ports.
const settleTime = 500 * time.Millisecond

func (unitDriver) read(keys []resource.Key, snap *resource.Snapshot) error {
	if len(keys) == 0 {
		return nil
	}
	if !systemdRuns() {
		return readSubstitutes(keys, snap)
	}
	s, err := openSystemd()
	if err != nil {
		return err
	}
	defer s.close()
	states := map[string]unitState{}
	for _, k := range keys {
		name, setting, _ := strings.Cut(k.Name, " ")
		u, known := states[name]
		if !known {
			if u, err = s.unit(name); err != nil {
				return err
			}
			states[name] = u
		}
		live, there, err := s.setting(u, setting)
		if err != nil {
			return err
		}
		if there {
			snap.Live.Add(live)
		}
	}
	return nil
}

// setting is one setting, if the unit has it.
func (s *systemd) setting(u unitState, name string) (live resource.Unit, there bool, err error) {
	live = resource.Unit{Name: u.name, Setting: name}
	switch name {
	case resource.UnitRunning:
		live.Value = yesNo(u.running())
		if !u.running() {
			var left bool
			if left, err = s.companionsLeft(u.name); left {
				live.Value = resource.UnitLeft
			}
		}
		return live, u.exists(), err
	case resource.UnitEnabled:
		live.Value = yesNo(u.enabled())
		return live, u.file != "", nil
	case resource.UnitFiles:
		n, err := readUnitNote(u.name)
		live.Value, live.Reads = n.Value, n.Reads
		return live, u.exists(), err
	}
	return live, false, fmt.Errorf("read unit %s: unknown setting %q", u.name, name)
}

func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

func (d unitDriver) apply(changes []resource.Change) resource.Outcome {
	if !systemdRuns() {
		return inTurn(changes, applySubstitute)
	}
	s, err := openSystemd()
	if err != nil {
		return resource.Outcome{Attempted: 1, Failures: []resource.Failure{{Err: err}}}
	}
	defer s.close()
	setter := unitSetter{s, d.settle, map[string]bool{}}
	out := inTurn(changes, func(c resource.Change) error {
		u, ok := c.After.(resource.Unit)
		if !ok {
			return errUnsupported(c)
		}
		if u.Setting == resource.UnitRunning && u.Value == "no" && c.Action == resource.Restore {
			return setter.giveBack(u.Name)
		}
		return setter.set(u)
	})
	for i, f := range out.Failures {
		out.Failures[i].Unknown = errors.Is(f.Err, errNoEnd)
	}
	return out
}

// unitSetter carries out the changes of one call.
type unitSetter struct {
	*systemd
	settle  time.Duration
	started map[string]bool // units that were started just now, and so with the files as they are
}

// set brings a unit to what is wanted of it.
func (s unitSetter) set(want resource.Unit) error {
	u, err := s.fresh(want.Name)
	if err != nil {
		return err
	}
	switch {
	case want.Setting == resource.UnitRunning && want.Value == "yes":
		s.started[want.Name] = !u.running()
		return s.start(u)
	case want.Setting == resource.UnitRunning:
		if err := s.stop(u); err != nil || want.Value != "no" {
			return err
		}
		return forgetCompanions(want.Name) // whatever runs now is meant to
	case want.Setting == resource.UnitEnabled:
		return s.enable(u, want.Value == "yes")
	case want.Setting == resource.UnitFiles:
		if u.running() && !s.started[want.Name] {
			if err := outdate(want); err != nil {
				return err
			}
			if err := s.refresh(u); err != nil {
				return err
			}
		}
		return writeUnitNote(want)
	}
	return fmt.Errorf("set unit %s: unknown setting %q", want.Name, want.Setting)
}

// fresh is the state of a unit whose files systemd has read as they are. Whoever wrote
// them has systemd read them again, unless it was cut off in between.
func (s *systemd) fresh(name string) (unitState, error) {
	u, err := s.unit(name)
	if err != nil || !u.outdated {
		return u, err
	}
	if err := s.reload(); err != nil {
		return u, err
	}
	return s.unit(name)
}

// start starts a unit and sees to it that it stays up.
func (s unitSetter) start(u unitState) error {
	if u.running() {
		return nil
	}
	if err := u.usable(); err != nil {
		return err
	}
	if u.kind == "oneshot" && !u.remains {
		return fmt.Errorf("%s cannot be kept running: it is a oneshot service that is over when it has done its work (Type=oneshot without RemainAfterExit=yes)", u.name)
	}
	if err := s.noteCompanions(u.name); err != nil {
		return fmt.Errorf("start %s: %w", u.name, err)
	}
	if err := s.run(s.conn.StartUnitContext, u.name, 0); err != nil {
		return errors.Join(fmt.Errorf("start %s: %w", u.name, err), s.giveUp(u.name), s.stopCompanions(u.name))
	}
	return nil
}

// run carries out a job after which a unit has to be up, and to stay so for a moment
// without more restarts than it had.
func (s unitSetter) run(call jobCall, name string, restarts int) error {
	result, err := s.job(call, name)
	if err != nil {
		return err
	}
	for end := time.Now().Add(s.settle); ; time.Sleep(s.settle / 10) {
		u, err := s.unit(name)
		switch {
		case err != nil:
			return err
		case result != "done":
			return fmt.Errorf("systemd says %q: %s", result, u.fate())
		case !u.running() || u.restarts > restarts:
			return fmt.Errorf("it did not stay up: %s", u.fate())
		case !strings.HasSuffix(name, ".service") || time.Now().After(end):
			return nil
		}
	}
}

// giveUp stops a unit that did not come up, without waiting for it.
func (s *systemd) giveUp(name string) error {
	ctx, cancel := answer()
	defer cancel()
	if _, err := s.conn.StopUnitContext(ctx, name, "replace", nil); err != nil {
		return fmt.Errorf("stop %s: %w", name, err)
	}
	return nil
}

// stop stops a unit.
func (s *systemd) stop(u unitState) error {
	if !u.exists() {
		return nil
	}
	result, err := s.job(s.conn.StopUnitContext, u.name)
	if err == nil && result != "done" {
		err = fmt.Errorf("systemd says %q", result)
	}
	if err != nil {
		return fmt.Errorf("stop %s: %w", u.name, err)
	}
	return nil
}

// refresh has a running unit read its files again: it is reloaded if it can be and if
// that is enough, and otherwise restarted.
func (s unitSetter) refresh(u unitState) error {
	call, what := s.conn.ReloadOrRestartUnitContext, "reload"
	if u.rewritten() {
		call, what = s.conn.RestartUnitContext, "restart"
	}
	err := s.run(call, u.name, u.restarts)
	if err == nil {
		return nil
	}
	if after, asked := s.unit(u.name); asked == nil && what == "reload" && after.running() && after.reloadResult != "success" {
		err = fmt.Errorf("%w (reloading: %s; the unit goes on with what it had)", err, after.reloadResult)
	}
	return fmt.Errorf("%s %s: %w", what, u.name, err)
}

// enable has a unit started at boot from now on, or not any more. It is the unit's own
// name that counts there, whatever alias it is wanted by.
func (s *systemd) enable(u unitState, yes bool) error {
	if u.enabled() == yes {
		return nil
	}
	if err := u.installable(yes); err != nil {
		return err
	}
	ctx, cancel := answer()
	defer cancel()
	var err error
	if yes {
		_, _, err = s.conn.EnableUnitFilesContext(ctx, []string{u.id}, false, false)
	} else {
		_, err = s.conn.DisableUnitFilesContext(ctx, []string{u.id}, false)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", enabling(yes), u.name, err)
	}
	if err := s.reload(); err != nil {
		return err
	}
	after, err := s.unit(u.id)
	if err == nil && after.enabled() != yes {
		err = fmt.Errorf("%s %s: systemd did so, and the unit is %q", enabling(yes), u.name, after.file)
	}
	return err
}

func enabling(yes bool) string {
	if yes {
		return "enable"
	}
	return "disable"
}

// usable tells why a unit cannot be started, if so.
func (u unitState) usable() error {
	switch u.load {
	case "not-found":
		return fmt.Errorf("there is no unit %s: systemd finds no file for it", u.name)
	case "masked":
		return fmt.Errorf("%s is masked, so that nobody can start it; \"systemctl unmask %s\" lifts that", u.name, u.name)
	case "error", "bad-setting":
		return fmt.Errorf("systemd cannot read the unit %s (%s): \"systemd-analyze verify %s\" says why", u.name, u.load, u.name)
	}
	return nil
}

// installable tells why a unit cannot be enabled or disabled, if so.
func (u unitState) installable(yes bool) error {
	if u.load == "not-found" || u.load == "masked" {
		return u.usable()
	}
	switch u.file {
	case "static":
		return fmt.Errorf("cannot %s %s: its file has no [Install] section; other units start it when they need it", enabling(yes), u.name)
	case "generated", "transient":
		return fmt.Errorf("cannot %s %s: its file is made at boot from something else (%s)", enabling(yes), u.name, u.file)
	case "":
		return fmt.Errorf("cannot %s %s: it has no file", enabling(yes), u.name)
	}
	return nil
}

// substitutes are the units that lvsctl can do without where there is no systemd.
var substitutes = map[string]struct {
	running     func() (bool, error)
	start, stop func() error
}{
	"nfs-server.service": {nfsServerRunning, startNFSServer, stopNFSServer},
	"rpcbind.service":    {func() (bool, error) { return rpcbindRunning(), nil }, startRPCBind, stopRPCBind},
}

// readSubstitutes reads units where there is no systemd.
func readSubstitutes(keys []resource.Key, snap *resource.Snapshot) error {
	for _, k := range keys {
		name, setting, _ := strings.Cut(k.Name, " ")
		s, ok := substitutes[name]
		if !ok || setting != resource.UnitRunning {
			continue
		}
		running, err := s.running()
		if err != nil {
			return fmt.Errorf("look for %s: %w", name, err)
		}
		snap.Live.Add(resource.Unit{Name: name, Setting: setting, Value: yesNo(running)})
	}
	return nil
}

// applySubstitute starts or stops a unit where there is no systemd.
func applySubstitute(c resource.Change) error {
	u, ok := c.After.(resource.Unit)
	if !ok {
		return errUnsupported(c)
	}
	s, known := substitutes[u.Name]
	switch {
	case !known || u.Setting != resource.UnitRunning:
		return fmt.Errorf("there is no systemd on this host, so lvsctl does not manage the unit %s", u.Name)
	case u.Value == "yes":
		return s.start()
	}
	return s.stop()
}

// unitNotes is where it is noted what the files were that units have read, in a file
// for each. It is empty after a boot.
const unitNotes = runDirectory + "/units"

// unitNote is where the note of a unit is. The name of a unit is no path.
func unitNote(name string) (string, error) {
	if name == "" || strings.HasPrefix(name, ".") || strings.Contains(name, "/") {
		return "", fmt.Errorf("%q is no name of a unit", name)
	}
	return filepath.Join(unitNotes, name), nil
}

// A unitRead is what a unit has read, as it is noted.
type unitRead struct {
	Value string `json:"value"` // of [resource.UnitFiles]
	Reads string `json:"reads"` // the files, one a line
}

// readUnitNote is what was noted of a unit, empty for nothing.
func readUnitNote(name string) (n unitRead, err error) {
	path, err := unitNote(name)
	if err != nil {
		return n, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &n)
	}
	if err != nil {
		err = fmt.Errorf("read what %s has read: %w", name, err)
	}
	return n, err
}

// writeUnitNote notes what a unit has read. With the last note the directory goes.
func writeUnitNote(u resource.Unit) error {
	path, err := unitNote(u.Name)
	if err != nil {
		return err
	}
	if u.Value != "" {
		return writeRunFile(path, unitRead{u.Value, u.Reads})
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return removeIfEmpty(unitNotes)
}

// outdate notes that nobody knows what a unit has read, until it has read its files again.
func outdate(u resource.Unit) error {
	n, err := readUnitNote(u.Name)
	if err != nil {
		return err
	}
	return writeUnitNote(resource.Unit{Name: u.Name, Value: resource.UnitOutdated, Reads: cmp.Or(u.Reads, n.Reads)})
}

// outdateReaders notes of all units that read one of some files, which are about to be
// written, that they have not read them.
func outdateReaders(paths []string) error {
	notes, err := os.ReadDir(unitNotes)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, note := range notes {
		name := note.Name()
		if strings.HasSuffix(name, halfWritten) {
			continue
		}
		n, err := readUnitNote(name)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(strings.Split(n.Reads, "\n"), func(p string) bool { return slices.Contains(paths, p) }) {
			continue
		}
		if err := outdate(resource.Unit{Name: name}); err != nil {
			return err
		}
	}
	return nil
}

// removeIfEmpty removes a directory with the last file in it.
func removeIfEmpty(dir string) error {
	err := unix.Rmdir(dir)
	if errors.Is(err, unix.ENOTEMPTY) || errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}
