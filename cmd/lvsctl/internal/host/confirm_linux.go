package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/state"
	"golang.org/x/sys/unix"
)

// Confirm or revert.
//
// An apply that asks for it starts a guard on each host: a process of its own, in a session
// of its own, that outlives the apply, its terminal and its link. The guard takes the apply
// back unless it hears in time that all is well.
//
// They talk through files in the host's state directory. "confirm" says which apply it is
// and how long to wait; its time of modification is when the apply last did something, and
// the guard holds a lock on it for as long as it lives. "ready" is there when the apply has
// done all it had to. Who confirms renames "confirm" to "confirmed", which only one can
// do, and only while the guard has not taken it away.

const (
	waitFile      = "confirm"
	readyFile     = "ready"
	confirmedFile = "confirmed"
)

// A wait is what stands in the file "confirm".
type wait struct {
	Name  string         `json:"name"` // of the host, in the config
	Apply resource.Apply `json:"apply"`
}

// readWait reads it; nil if the host does not wait.
func readWait(dir string) (*wait, error) {
	data, err := os.ReadFile(filepath.Join(dir, waitFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	w := &wait{}
	if err := json.Unmarshal(data, w); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, waitFile), err)
	}
	return w, nil
}

// guarded tells whether a guard lives.
func guarded(dir string) bool {
	f, err := os.Open(filepath.Join(dir, waitFile))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// mayStart refuses an apply while the host waits for another one to be confirmed. Who takes
// back the one that it waits for stays guarded while doing so. What a guard left that is
// no more is taken away.
func (l *local) mayStart(apply resource.Apply) error {
	if !guarded(l.dir) {
		l.endWait()
		return nil
	}
	switch w, err := readWait(l.dir); {
	case err != nil:
		return err
	case w != nil && w.Apply.ID != apply.ID:
		return &agent.Error{Code: agent.Locked, Message: fmt.Sprintf(
			"waiting to hear that the apply of %s since %s is well: see lvsctl confirm and lvsctl rollback",
			w.Apply.Who, w.Apply.Since.UTC().Format("2006-01-02 15:04:05 MST"))}
	}
	return nil
}

// concludeConfirmed ends an apply that was confirmed, and whose end the machine did not live
// to record. It comes before the ledger hears that the machine has booted: from then on the
// apply would be one that was not finished.
func (l *local) concludeConfirmed(store *state.Store) error {
	data, err := os.ReadFile(filepath.Join(l.dir, confirmedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var w wait
	if err == nil {
		err = json.Unmarshal(data, &w)
	}
	j := store.Journal()
	if err != nil || j == nil || j.Ended() || j.Apply.ID != w.Apply.ID {
		return err
	}
	return store.End(resource.Applied, "")
}

// endWait ends the wait for a confirmation, and with it the guard.
func (l *local) endWait() {
	for _, name := range []string{waitFile, readyFile, confirmedFile} {
		_ = os.Remove(filepath.Join(l.dir, name))
	}
}

// guardReady is how long a guard may take to start.
const guardReady = 20 * time.Second

// guard starts a guard and returns when it watches.
func (l *local) guard(name string, apply resource.Apply) error {
	data, err := json.Marshal(wait{name, apply})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(l.dir, waitFile), data, 0o600); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(l.dir)
	if err != nil {
		return err
	}
	hears, says, err := os.Pipe()
	if err != nil {
		return err
	}
	defer hears.Close()
	cmd := exec.Command(self, "agent", "--state-dir", dir, "--guard")
	cmd.Dir = "/"
	cmd.Stdout = says
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	says.Close()
	if err != nil {
		return fmt.Errorf("start the guard: %w", err)
	}
	go func() { _ = cmd.Wait() }() // it may outlive us
	_ = hears.SetReadDeadline(time.Now().Add(guardReady))
	if _, err := io.ReadFull(hears, make([]byte, len(guardWatches))); err != nil {
		_ = cmd.Process.Kill()
		l.endWait()
		return fmt.Errorf("the guard that would take the apply back did not start: %w", err)
	}
	return nil
}

// guardWatches is the guard's first and only word.
const guardWatches = "watching\n"

// touch tells the guard that the apply is at work.
func (l *local) touch() {
	if l.store == nil {
		return // it is somebody else's
	}
	now := time.Now()
	_ = os.Chtimes(filepath.Join(l.dir, waitFile), now, now)
}

// maxStep is how long one step can take: a service may take its time to start.
const maxStep = 5 * time.Minute

// atWork tells the guard that a step is at work, again and again until it is done. One that
// takes too long is stuck.
func (l *local) atWork() (done func()) {
	l.touch()
	ctx, cancel := context.WithTimeout(context.Background(), maxStep)
	var ended sync.WaitGroup
	ended.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
				l.touch()
			}
		}
	})
	return func() {
		cancel()
		ended.Wait()
		l.touch()
	}
}

// Alive implements [agent.Host].
func (l *local) Alive(context.Context) error {
	l.touch()
	return nil
}

// Await implements [agent.Host].
func (l *local) Await(context.Context) error {
	if l.store == nil {
		return errUnlocked
	}
	if !guarded(l.dir) {
		return errors.New("the guard is gone: nobody would take the apply back")
	}
	if err := os.WriteFile(filepath.Join(l.dir, readyFile), nil, 0o600); err != nil {
		return err
	}
	l.touch()
	return nil
}

// Confirmed implements [agent.Host].
func (l *local) Confirmed(context.Context) (bool, error) {
	_, err := os.Stat(filepath.Join(l.dir, confirmedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Confirm implements [agent.Host].
func (l *local) Confirm(context.Context) (*resource.Apply, error) {
	w, err := readWait(l.dir)
	if err != nil || w == nil || !guarded(l.dir) {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(l.dir, readyFile)); err != nil {
		return nil, fmt.Errorf("the apply of %s since %s has not done all it has to yet", w.Apply.Who, w.Apply.Since.UTC().Format(time.TimeOnly))
	}
	err = os.Rename(filepath.Join(l.dir, waitFile), filepath.Join(l.dir, confirmedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("too late: the apply is being taken back")
	}
	return &w.Apply, err
}
