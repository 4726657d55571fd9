// Package shared tests runs of lvsctl that share a lock, with a real etcd. It is a package of its
// own so that what plays lvsctl in other tests starts without a server in it.
package shared

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/command"
	"github.com/lvsctl/lvsctl/state/etcd"
	"github.com/lvsctl/lvsctl/state/etcd/etcdtest"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/tools/txtar"
)

// TestMain makes the test binary act as lvsctl when it is called so.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lvsctl": func() {
		os.Exit(command.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}})
}

// A sharing is a directory with a fleet of one host, and an etcd that its runs share.
type sharing struct {
	*testing.T
	dir    string
	server *etcdtest.Server
	config etcd.Config
	env    []string
}

// etcdPassword must not be seen anywhere.
const etcdPassword = "lvsctllvsctl"

// newSharing makes one whose etcd wants TLS, certificates and logins.
func newSharing(t *testing.T) *sharing {
	t.Helper()
	s := &sharing{T: t, dir: t.TempDir(), server: etcdtest.StartTLS(t)}
	s.server.EnableAuth(t, map[string]string{"lvsctl": "lvsctl/"})
	cert, key := s.server.Pair(t, "client")
	s.config = etcd.Config{
		Endpoints: []string{s.server.URL}, Prefix: "lvsctl/web", Username: "lvsctl", Password: etcdPassword,
		CAFile: s.server.CA, CertFile: cert, KeyFile: key, TTL: time.Minute, Timeout: 10 * time.Second,
	}
	archive, err := txtar.ParseFile("testdata/fleet.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		s.write(f.Name, string(f.Data))
	}
	s.env = append(os.Environ(), "LVSCTL_VAR_etcd_password="+etcdPassword, "LVSCTL_VAR_etcd="+
		`{ url = "`+s.server.URL+`", ca = "`+s.server.CA+`", cert = "`+cert+`", key = "`+key+`" }`)
	t.Cleanup(func() { s.hush() })
	return s
}

func (s *sharing) write(name, text string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

// read is what stands in a file, nothing if there is none.
func (s *sharing) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(s.dir, name))
	return string(text)
}

func (s *sharing) remove(name string) { _ = os.Remove(filepath.Join(s.dir, name)) }

// hush demands that the password went nowhere.
func (s *sharing) hush() {
	files, _ := filepath.Glob(filepath.Join(s.dir, "*"))
	for _, f := range files {
		if text, _ := os.ReadFile(f); bytes.Contains(text, []byte(etcdPassword)) {
			s.Errorf("the password is in %s", filepath.Base(f))
		}
	}
}

// A run is lvsctl at work.
type run struct {
	*exec.Cmd
	site     *sharing
	out, err bytes.Buffer
	ended    chan struct{}
}

// soon is how long anything may take, on a machine that has more to do.
const soon = time.Minute

// start starts lvsctl.
func (s *sharing) start(args ...string) *run {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 2*soon)
	r := &run{Cmd: exec.CommandContext(ctx, "lvsctl", args...), site: s, ended: make(chan struct{})}
	r.Dir, r.Env, r.Stdout, r.Stderr = s.dir, s.env, &r.out, &r.err
	if err := r.Start(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(cancel)
	go func() {
		defer close(r.ended)
		_ = r.Wait()
	}()
	return r
}

// run runs lvsctl to its end.
func (s *sharing) run(args ...string) *run {
	s.Helper()
	r := s.start(args...)
	<-r.ended
	return r
}

// expect demands how a run ends and what it says in the end, as regular expressions.
func (r *run) expect(code int, says ...string) {
	r.site.Helper()
	select {
	case <-r.ended:
	case <-time.After(soon):
		_ = r.Process.Kill()
		<-r.ended
	}
	said := r.out.String() + r.err.String()
	if got := r.ProcessState.ExitCode(); got != code {
		r.site.Fatalf("%s: exit %d, want %d\n%s", r.Args, got, code, said)
	}
	for _, want := range says {
		if !regexp.MustCompile(want).MatchString(strings.Join(strings.Fields(said), " ")) {
			r.site.Errorf("%s: no %q in\n%s", r.Args, want, said)
		}
	}
	if strings.Contains(said, etcdPassword) {
		r.site.Errorf("%s: it says the password", r.Args)
	}
}

// until waits for something.
func (s *sharing) until(what string, is func() bool) {
	s.Helper()
	for start := time.Now(); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Since(start) > soon {
			s.Fatalf("%s: not within %v", what, soon)
		}
	}
}

// atWork starts an apply that stays in its first step for as long as there is a file "hold".
func (s *sharing) atWork(args ...string) *run {
	s.Helper()
	s.remove("applied")
	s.write("hold", "")
	r := s.start(append([]string{"apply", "--auto-approve"}, args...)...)
	s.until("the first step", func() bool {
		select {
		case <-r.ended:
			r.expect(0, "a step")
		default:
		}
		return s.read("applied") != ""
	})
	return r
}

const (
	lockedBy   = `the shared lock in etcd, lvsctl/web: locked by \S+@\S+ since \S+ \S+ UTC \(pid \d+: lvsctl apply --auto-approve\)`
	momentForm = `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`
)

// Of two runs one works, and the other one is refused or waits, for as long as it may.
func TestSharedLock(t *testing.T) {
	s := newSharing(t)
	s.run("history").expect(0, `^No apply is known\.$`)
	s.run("unlock").expect(0, `shared lock in etcd, lvsctl/web nobody holds the lock lb1 nobody`)
	s.run("plan", "--out", "saved.plan").expect(0, `Plan: 0 to add`)
	if s.read("asked") == "" || strings.Contains(s.read("asked"), `"lock"`) {
		t.Error("a plan takes a lock")
	}
	first := s.atWork()
	asked := s.read("asked")
	s.run("apply", "--auto-approve").expect(3, lockedBy)
	s.run("apply", "saved.plan").expect(3, lockedBy)
	s.run("rollback", "--auto-approve").expect(3, lockedBy)
	s.run("destroy", "--auto-approve", "--lock-timeout", "300ms").expect(3, lockedBy)
	if more := strings.TrimPrefix(s.read("asked"), asked); strings.Contains(more, `"lock"`) || strings.Contains(more, `"start"`) {
		t.Errorf("who is refused asks the host to be locked: %s", more)
	}
	s.run("unlock").expect(3, `shared lock in etcd, lvsctl/web: locked by `, `A lock that is held is not taken away`)
	s.run("history").expect(0, `^`+momentForm+` under way \S+@\S+ lb1 lvsctl apply --auto-approve$`)
	s.run("plan").expect(0, `Plan: `)
	second := s.start("apply", "--auto-approve", "--lock-timeout", "1m")
	time.Sleep(time.Second)
	s.remove("hold")
	first.expect(0, `Done: 0 added, 0 changed, 1 drained`)
	second.expect(0)
	if !strings.Contains(s.read("asked"), `"fence":{"lock":"etcd `) {
		t.Error("the host has not heard of the lock")
	}
	s.run("rollback", "--auto-approve").expect(0, `Rolled back`)
	s.run("history").expect(0, `reverted \S+@\S+ lb1 lvsctl rollback --auto-approve .*applied \S+@\S+ lb1 lvsctl apply --auto-approve$`)
	s.run("history", "-n", "1", "--json", "--host", "lb1").expect(0, `"outcome": "reverted"`, `"reverts": true`)
}

// Who is killed holds nothing once its lease has ended.
func TestSharedLockKilled(t *testing.T) {
	s := newSharing(t)
	first := s.atWork()
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-first.ended
	killed := time.Now()
	s.remove("hold")
	s.remove("applied")
	s.run("apply", "--auto-approve", "--lock-timeout", "1m").expect(0, `Done: 0 added, 0 changed, 1 drained`)
	t.Logf("the next one was done after %v, with a lease of 3s", time.Since(killed))
	s.run("history").expect(0, `applied \S+ lb1 .* cut off \S+ lb1 lvsctl apply --auto-approve$`)
}

// Who was stopped for longer than its lease lives begins no other step, and takes nothing back.
func TestSharedLockLost(t *testing.T) {
	for _, test := range []struct {
		name, flag, says string
		kept             bool
	}{
		{"rollback", "--on-failure=rollback", `What was done is left and recorded\. Apply again to go on, or "lvsctl rollback" to go back`, true},
		{"confirm", "--confirm-within=5m", `What was done the hosts take back by themselves, after 5m0s without a confirmation`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSharing(t)
			first := s.atWork(test.flag)
			if err := first.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			b, err := etcd.Open(t.Context(), s.config)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			s.until("the lock is free", func() bool {
				holder, err := b.Inspect(t.Context())
				return err == nil && holder == nil
			})
			s.remove("hold")
			if err := first.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			first.expect(6, `Error: the apply was stopped: .*the lock was lost: `, `Nothing more was begun, and nothing was taken back: another run may be at work by now`, test.says)
			if steps := strings.Count(s.read("applied"), "step"); steps != 1 {
				t.Errorf("it carried out %d steps", steps)
			}
			if kept := strings.Contains(s.read("asked"), `{"end":{"ending":"kept"`); kept != test.kept {
				t.Errorf("ended as kept: %t\n%s", kept, s.read("asked"))
			}
			s.run("history").expect(0, `cut off \S+ lb1 lvsctl apply`)
		})
	}
}

// Without the place that all share nothing is done.
func TestSharedLockUnreachable(t *testing.T) {
	s := newSharing(t)
	s.env = append(s.env, "LVSCTL_VAR_etcd_password=hush")
	s.run("apply", "--auto-approve").expect(1, `Error: the backend cannot be used: etcd at https://\S+: the login of "lvsctl" is refused`, `Nothing was done$`)
	s.env = append(s.env, "LVSCTL_VAR_etcd_password="+etcdPassword)
	s.server.Stop()
	s.run("apply", "--auto-approve").expect(1, `the backend cannot be used: etcd at https://\S+: it cannot be reached: .*connection refused Nothing was done$`)
	s.run("unlock").expect(1, `it cannot be reached`)
	s.run("history").expect(1, `it cannot be reached`)
	s.run("plan").expect(0, `Plan: `)
	if asked := s.read("asked"); strings.Contains(asked, `"lock"`) || strings.Contains(asked, `"start"`) {
		t.Errorf("the host was asked for more than its state: %s", asked)
	}
}

// Without a backend block the history is what the hosts remember.
func TestHistoryOfHosts(t *testing.T) {
	s := newSharing(t)
	text := s.read("main.hcl")
	before, rest, _ := strings.Cut(text, "backend ")
	_, after, _ := strings.Cut(rest, "\n}\n")
	s.write("main.hcl", before+after)
	s.run("history").expect(0, `^2026-11-20 10:13:42 UTC applied ann@desk lb1 lvsctl apply, overriding policy capacity$`)
	s.run("history", "-n", "-1").expect(1, `-n -1: want a number of applies`)
}
