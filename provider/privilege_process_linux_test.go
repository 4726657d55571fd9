package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource"
	"golang.org/x/sys/unix"
)

// TestMain makes the test binary do tasks with few rights when it is asked to.
func TestMain(m *testing.M) {
	text, asked := os.LookupEnv(tasksVariable)
	if !asked {
		os.Exit(m.Run())
	}
	if err := doTasks(text); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tasksVariable has the tasks in the environment of a process that is to do them.
const tasksVariable = "LVSCTL_TEST_TASKS"

// nobody is the user of processes that are not root.
const nobody = 65534

// A task is what a process of a user with some capabilities is to try. It goes on whatever
// fails.
type task struct {
	User    int               `json:"user"`
	Caps    []capability      `json:"caps"`
	Read    []resource.Key    `json:"read"`
	Changes []resource.Change `json:"changes"`
}

// String says who does the task.
func (do task) String() string { return fmt.Sprintf("user %d with %v", do.User, do.Caps) }

// An attempt is what came of reading all that is to be read, or of one change.
type attempt struct {
	Err     string       `json:"err"`
	Live    resource.Set `json:"live"` // what was read
	Notices []string     `json:"notices"`
}

// A part of a trial is one task, and what came of it.
type part struct {
	trial    *trial
	lack     string // of what the task needs
	do       task
	attempts []attempt
}

// partsOf has one part for each trial.
func partsOf(trials []*trial, of func(*trial) task) []*part {
	parts := make([]*part, len(trials))
	for i, tr := range trials {
		parts[i] = &part{trial: tr, do: of(tr)}
	}
	return parts
}

// inProcesses has parts done, those with the same rights by one process.
func inProcesses(t *testing.T, parts []*part) {
	t.Helper()
	crews := map[string][]*part{}
	var order []string
	for _, p := range parts {
		who := p.do.String()
		if crews[who] == nil {
			order = append(order, who)
		}
		crews[who] = append(crews[who], p)
	}
	for _, who := range order {
		inProcess(t, crews[who])
	}
}

// inProcess has parts done by one process. The capabilities that it can ever have are cut
// down on the thread that starts it, which ends with that.
func inProcess(t *testing.T, parts []*part) {
	t.Helper()
	tasks := make([]task, len(parts))
	for i, p := range parts {
		tasks[i] = p.do
	}
	text, err := json.Marshal(tasks)
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd := exec.Command("/proc/self/exe")
	cmd.Dir, cmd.Env = "/", append(os.Environ(), tasksVariable+"="+string(text))
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = &out, &errs, tasks[0].attributes()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := tasks[0].bound(); err != nil {
			done <- err
			return
		}
		done <- cmd.Run()
	}()
	if err := <-done; err != nil {
		t.Fatalf("%s: %v\n%s", tasks[0], err, &errs)
	}
	var attempts [][]attempt
	if err := json.Unmarshal(out.Bytes(), &attempts); err != nil || len(attempts) != len(parts) {
		t.Fatalf("%v in %s", err, &out)
	}
	for i, p := range parts {
		p.attempts = attempts[i]
	}
}

// attributes are those of a process with the rights of the task. Root has what the bounding
// set has; others have ambient capabilities.
func (do task) attributes() *syscall.SysProcAttr {
	if do.User == 0 {
		return nil
	}
	id := uint32(do.User)
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
	for _, c := range do.Caps {
		attr.AmbientCaps = append(attr.AmbientCaps, uintptr(c))
	}
	return attr
}

// bound takes from this thread, and from what it starts, the chance to get others than the
// capabilities of the task, be it by a program that is root's whoever starts it.
func (do task) bound() error {
	for c := range capability(unix.CAP_LAST_CAP + 1) {
		if slices.Contains(do.Caps, c) {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

// every is all capabilities that the kernel knows.
func every() []capability {
	var all []capability
	for c := range capability(unix.CAP_LAST_CAP + 1) {
		if has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(c), 0, 0, 0); err == nil && has == 1 {
			all = append(all, c)
		}
	}
	return all
}

// doTasks does tasks in this process, which was started with their rights.
func doTasks(text string) error {
	var tasks []task
	if err := json.Unmarshal([]byte(text), &tasks); err != nil {
		return err
	}
	m, err := Open("1.2.3")
	if err != nil {
		return err
	}
	defer m.Close()
	facts, err := m.facts()
	if err != nil {
		return err
	}
	attempts := make([][]attempt, len(tasks))
	for i, do := range tasks {
		if err := do.checkRights(); err != nil {
			return err
		}
		attempts[i] = do.with(m, facts)
	}
	return json.NewEncoder(os.Stdout).Encode(attempts)
}

// with does the task on a machine with these facts.
func (do task) with(m *Machine, facts resource.Facts) []attempt {
	var attempts []attempt
	if len(do.Read) > 0 {
		snap := &resource.Snapshot{Facts: facts, Live: resource.NewSet()}
		err := m.readEach(do.Read, snap)
		attempts = append(attempts, attempt{Err: textOf(err), Live: snap.Live})
	}
	for _, c := range do.Changes {
		changes := []resource.Change{c}
		out := m.Apply(context.Background(), changes)
		attempts = append(attempts, attempt{Err: textOf(out.Err(changes)), Notices: out.Notices})
	}
	return attempts
}

// textOf is what an error says, nothing for none.
func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// checkRights makes sure that the process has the rights of its task and no others.
func (do task) checkRights() error {
	if uid := os.Geteuid(); uid != do.User {
		return fmt.Errorf("user %d, want %d", uid, do.User)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err
	}
	for c := range capability(64) {
		want := slices.Contains(do.Caps, c)
		set, bit := data[c/32], uint32(1)<<(c%32)
		bounding, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(c), 0, 0, 0)
		known := err == nil
		if set.Effective&bit != 0 != want || set.Permitted&bit != 0 != want || known && (bounding == 1) != want {
			return fmt.Errorf("%s: effective %t, permitted %t, bounding %d; want %v", c, set.Effective&bit != 0, set.Permitted&bit != 0, bounding, want)
		}
	}
	return nil
}

// shell runs lines of a shell script as root.
func shell(t *testing.T, lines string) string {
	t.Helper()
	cmd := exec.Command("sh", "-eu")
	cmd.Stdin = strings.NewReader(lines)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", lines, err, out)
	}
	return strings.TrimSpace(string(out))
}
