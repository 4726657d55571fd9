package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/fleet"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/state"
	"golang.org/x/sys/unix"
)

const (
	// guardLooks is how often a guard looks around.
	guardLooks = 100 * time.Millisecond
	// guardGrace is how long after its time a guard leaves it to an apply that lives to
	// take itself back: that one knows the order over all hosts.
	guardGrace = 5 * time.Second
)

// A guard watches over an apply that has to be confirmed.
type guard struct {
	open         Opener
	dir, version string
	wait         *wait
	file         *os.File // "confirm", locked
	parent       int      // who started it, as a pidfd; negative if it is gone
	parentPID    int
}

// Guard watches over the apply that the state directory says has to be confirmed, says so,
// and takes it back if nobody confirms it in time. It returns when the apply is over.
func Guard(ctx context.Context, open Opener, dir, version string, out io.Writer) error {
	g := &guard{open: open, dir: dir, version: version, parentPID: os.Getppid()}
	var err error
	if g.parent, err = unix.PidfdOpen(g.parentPID, 0); err != nil {
		g.parent = -1
	}
	if g.wait, err = readWait(dir); err != nil {
		return err
	}
	if g.wait == nil {
		return errors.New("there is no apply to watch over")
	}
	if g.file, err = os.Open(filepath.Join(dir, waitFile)); err != nil {
		return err
	}
	defer g.file.Close()
	if err := unix.Flock(int(g.file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("lock %s: %w", g.file.Name(), err)
	}
	if _, err := io.WriteString(out, guardWatches); err != nil {
		return err
	}
	for g.timeRunsOut() {
		if again, err := g.takeBack(ctx); !again || err != nil {
			return err
		}
	}
	return nil
}

// timeRunsOut waits for the apply to be over or its time to be up, and tells which. The
// time counts from the last thing that the apply did.
func (g *guard) timeRunsOut() bool {
	var last time.Time
	start := time.Now()
	for time.Since(start) < g.wait.Apply.Within {
		info, err := os.Stat(g.file.Name())
		if errors.Is(err, fs.ErrNotExist) {
			return false
		}
		if err == nil && !info.ModTime().Equal(last) {
			last, start = info.ModTime(), time.Now()
		}
		time.Sleep(min(guardLooks, g.wait.Apply.Within))
	}
	return true
}

// takeBack takes the apply back, unless it is over before the lock can be had, or goes on
// all the same: then it has its time again.
func (g *guard) takeBack(ctx context.Context) (again bool, err error) {
	l, err := openLocal(g.open, g.dir, g.version)
	if err != nil {
		return false, err
	}
	defer func() { _ = l.Close() }()
	if again, err = g.lock(ctx, l); again || err != nil || l.store == nil {
		return again, err
	}
	l.endWait()
	j := l.store.Journal()
	if j == nil || j.Ended() || j.Apply.ID != g.wait.Apply.ID {
		return false, nil
	}
	note := fmt.Sprintf("nobody confirmed it within %v", g.wait.Apply.Within)
	if err := g.rollBack(ctx, l, note); err != nil {
		return false, errors.Join(err, l.store.End(resource.Kept, note+", and it could not be taken back: "+err.Error()))
	}
	return false, nil
}

// rollBack takes the apply back as lvsctl would, by this host alone, and says why.
func (g *guard) rollBack(ctx context.Context, l *local, note string) error {
	name, apply := g.wait.Name, g.wait.Apply
	apply.Within = 0 // nobody watches over the guard
	self := func(context.Context, *schema.Host) (agent.Host, error) { return l, nil }
	f, err := fleet.Connect(ctx, self, []*schema.Host{{Name: name}}, fleet.Options{})
	if err != nil {
		return err
	}
	execute := func(ctx context.Context, plan *planner.Plan) error { return f.Apply(ctx, plan, silent{}) }
	return f.RollBack(ctx, g.holder(), apply, []string{name}, note, 0, execute)
}

// holder is who the guard locks the host as.
func (g *guard) holder() agent.Holder {
	return agent.Holder{Who: "lvsctl", Command: "take back the apply of " + g.wait.Apply.Who}
}

// silent is a [fleet.Progress] that nobody reads.
type silent struct{}

func (silent) StepStarted(resource.Step)                       {}
func (silent) StepDone(resource.Step, resource.Outcome, error) {}
func (silent) Draining(resource.Wait)                          {}

// lock locks the host, unless the apply is over. Who started the guard and still lives gets
// some time to take the apply back, and is then ended: it cannot hear or is stuck. One that
// does something is not.
func (g *guard) lock(ctx context.Context, l *local) (again bool, err error) {
	last, err := g.file.Stat()
	if err != nil {
		return false, err
	}
	for start := time.Now(); ; time.Sleep(guardLooks) {
		switch now, err := os.Stat(g.file.Name()); {
		case errors.Is(err, fs.ErrNotExist):
			return false, nil
		case err == nil && !now.ModTime().Equal(last.ModTime()):
			return true, nil
		}
		err := l.Lock(ctx, g.holder(), 0)
		var held *agent.Error
		if err == nil || !errors.As(err, &held) || held.Code != agent.Locked {
			return false, err
		}
		holder, locked, _ := state.Inspect(g.dir)
		if time.Since(start) > guardGrace && locked && holder.PID == g.parentPID && g.parent >= 0 {
			_ = unix.PidfdSendSignal(g.parent, unix.SIGKILL, nil, 0)
		}
	}
}
