package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
)

// How long systemd may take. A job is waited for a little longer than the 90 seconds
// that systemd itself gives a unit to start or stop if its file does not say otherwise,
// so that it is systemd who says what went wrong.
const (
	answerLimit = 20 * time.Second
	jobLimit    = 2 * time.Minute
)

// errNoEnd is a job that is still under way after its time.
var errNoEnd = errors.New("not done")

// systemd is a connection to process 1, through the socket that it keeps for root. That
// is there from early in the boot on, whether a D-Bus daemon runs or not. Others are answered
// by way of D-Bus alone, and can only ask there.
type systemd struct {
	conn     *dbus.Conn
	cancel   context.CancelFunc
	jobLimit time.Duration
}

// openSystemd connects to systemd.
func openSystemd() (*systemd, error) {
	ctx, cancel := context.WithCancel(context.Background())
	late := time.AfterFunc(answerLimit, cancel) // cuts the connection that is not made by then
	dial := dbus.NewSystemdConnectionContext
	if os.Geteuid() != 0 {
		dial = dbus.NewSystemConnectionContext
	}
	conn, err := dial(ctx)
	if err == nil {
		// The answer to this shows that the connection on which systemd tells of jobs is up.
		// Else the end of a short job could be missed.
		err = conn.Subscribe()
	}
	if !late.Stop() && err == nil {
		err = context.DeadlineExceeded
	}
	if err != nil {
		if conn != nil {
			conn.Close()
		}
		cancel()
		return nil, connectError(err)
	}
	return &systemd{conn, cancel, jobLimit}, nil
}

// connectError says why there is no connection to systemd.
func connectError(err error) error {
	err = fmt.Errorf("connect to systemd: %w", err)
	if os.Geteuid() != 0 {
		err = &rightsError{err, "the user root, or a D-Bus daemon that answers"}
	}
	return err
}

func (s *systemd) close() {
	s.conn.Close()
	s.cancel()
}

// answer is the context for a question to systemd.
func answer() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), answerLimit)
}

// reloadSystemd has systemd read the files of all units again. Where there is no systemd
// there is nothing to do.
func reloadSystemd() error {
	if !systemdRuns() {
		return nil
	}
	s, err := openSystemd()
	if err != nil {
		return err
	}
	defer s.close()
	return s.reload()
}

// reload has systemd read the files of all units again.
func (s *systemd) reload() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.jobLimit) // generators run
	defer cancel()
	if err := s.conn.ReloadContext(ctx); err != nil {
		return fmt.Errorf("have systemd read its units again: %w", err)
	}
	return nil
}

// A jobCall asks systemd for a job on a unit, as the methods of [dbus.Conn] do.
type jobCall func(ctx context.Context, name, mode string, done chan<- string) (int, error)

// job has systemd do something with a unit and returns its result, "done" if it went
// well.
func (s *systemd) job(call jobCall, name string) (result string, err error) {
	done := make(chan string, 1)
	ctx, cancel := answer()
	defer cancel()
	if _, err := call(ctx, name, "replace", done); err != nil {
		return "", err
	}
	select {
	case result := <-done:
		return result, nil
	case <-time.After(s.jobLimit):
		return "", s.noEnd(name)
	}
}

// noEnd says in what state a unit is whose job does not come to an end.
func (s *systemd) noEnd(name string) error {
	u, err := s.unit(name)
	if err != nil {
		return fmt.Errorf("%w after %v; %w", errNoEnd, s.jobLimit, err)
	}
	return fmt.Errorf("%w after %v, it is %s (%s); see journalctl -u %s", errNoEnd, s.jobLimit, u.active, u.sub, name)
}

// unit reads the state of a unit. One that systemd does not know has one, too.
func (s *systemd) unit(name string) (unitState, error) {
	ctx, cancel := answer()
	defer cancel()
	props, err := s.conn.GetAllPropertiesContext(ctx, name)
	if err != nil {
		return unitState{}, fmt.Errorf("ask systemd for %s: %w", name, err)
	}
	p := properties(props)
	return unitState{
		name: name, id: p.text("Id"), load: p.text("LoadState"), active: p.text("ActiveState"), sub: p.text("SubState"), file: p.text("UnitFileState"),
		files:    append([]string{p.text("FragmentPath")}, p.list("DropInPaths")...),
		since:    time.UnixMicro(int64(p.long("ActiveEnterTimestamp"))),
		outdated: p.yes("NeedDaemonReload"),
		wantedBy: slices.Concat(p.list("WantedBy"), p.list("RequiredBy"), p.list("BoundBy")),

		unmet: p.long("ConditionTimestamp") > 0 && !p.yes("ConditionResult"),
		kind:  p.text("Type"), remains: p.yes("RemainAfterExit"),
		result: p.text("Result"), reloadResult: p.text("ReloadResult"),
		exitCode: p.number("ExecMainCode"), exitStatus: p.number("ExecMainStatus"),
		restarts: p.number("NRestarts"),
	}, nil
}

// properties are those of a unit, by name. One that the unit's type does not have is the
// zero value.
type properties map[string]any

func (p properties) text(name string) string   { v, _ := p[name].(string); return v }
func (p properties) list(name string) []string { v, _ := p[name].([]string); return v }
func (p properties) yes(name string) bool      { v, _ := p[name].(bool); return v }
func (p properties) long(name string) uint64   { v, _ := p[name].(uint64); return v }

func (p properties) number(name string) int {
	switch v := p[name].(type) {
	case int32:
		return int(v)
	case uint32:
		return int(v)
	}
	return 0
}

// unitState is what systemd says of a unit.
type unitState struct {
	name     string // as it was asked for
	id       string // its own name: another one, if it was asked for by an alias
	load     string // loaded, not-found, masked, error, bad-setting
	active   string // active, reloading, inactive, failed, activating, deactivating
	sub      string // the same in more detail, which depends on the unit's type
	file     string // enabled, disabled, static, …; empty for one without a file
	files    []string
	since    time.Time // when it was last started
	outdated bool      // systemd has not read its files since they were changed
	wantedBy []string  // units with which it is started

	// The rest is of services alone, but for unmet.
	unmet        bool   // it was not started since it says itself when not to
	kind         string // simple, exec, forking, oneshot, dbus, notify, idle
	remains      bool   // it counts as running when its processes have ended
	result       string // success, exit-code, signal, timeout, …
	reloadResult string
	exitCode     int // how its main process ended, as in waitid(2): 1 exited, 2 killed, 3 dumped
	exitStatus   int // with what exit code, or by what signal
	restarts     int // by systemd itself, since it was last started
}

// exists tells units that systemd knows from those that it does not. One that runs is
// there even if its file was removed.
func (u unitState) exists() bool { return u.load != "not-found" || u.running() }

// running tells whether a unit is up, or is coming up. One that failed and waits for its
// next try is not.
func (u unitState) running() bool {
	switch u.active {
	case "active", "reloading", "refreshing":
		return true
	case "activating":
		return !strings.HasPrefix(u.sub, "auto-restart")
	}
	return false
}

// enabled tells whether a unit is started at boot. One whose file was generated at boot
// is if another unit wants it. What is enabled until the next boot is not.
func (u unitState) enabled() bool {
	return u.file == "enabled" || u.file == "generated" && len(u.wantedBy) > 0
}

// rewritten tells whether a unit's own files were changed since it was last started: to
// reload it would not do then.
func (u unitState) rewritten() bool {
	for _, path := range u.files {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(u.since) {
			return true
		}
	}
	return false
}

// fate says what became of a unit that should run, and where to read more.
func (u unitState) fate() string {
	words := []string{fmt.Sprintf("it is %s (%s)", u.active, u.sub)}
	if u.unmet {
		words = append(words, "a condition in its file is not met")
	}
	if result := cmp.Or(u.result, "success"); result != "success" {
		words = append(words, "result "+result)
	}
	switch u.exitCode {
	case 1:
		words = append(words, fmt.Sprintf("its process ended with exit code %d", u.exitStatus))
	case 2, 3:
		words = append(words, fmt.Sprintf("its process was killed by signal %d", u.exitStatus))
	case 0:
		if u.active == "inactive" && !u.unmet { // systemd forgets the rest of those that did not fail
			words = append(words, "so it ended without an error, or a condition in its file is not met")
		}
	}
	return strings.Join(words, ", ") + "; see journalctl -u " + u.name
}
