package agent

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// A machine is what a shell finds on the other side: programs, and what was copied there.
type machine struct {
	t    *testing.T
	bin  string // programs that are found before all others
	keep string // where copies are
	self Program
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	dir := t.TempDir()
	m := &machine{t: t, bin: filepath.Join(dir, "bin"), keep: filepath.Join(dir, "var/lib/lvsctl/agent")}
	for _, d := range []string{m.bin, filepath.Join(dir, "var/lib")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	original := installScript
	installScript = strings.ReplaceAll(installScript, "/var/lib/lvsctl/agent", m.keep)
	if installScript == original {
		t.Fatal("the script keeps its copies somewhere else")
	}
	t.Cleanup(func() { installScript = original })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m.self = NewProgram(self, "1.2.0")
	m.has("id", "echo 0")
	return m
}

// has puts a shell script in the place of a program.
func (m *machine) has(program, script string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.bin, program), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// shell is a login there.
func (m *machine) shell() Shell {
	path := m.bin + ":" + os.Getenv("PATH")
	return Shell{Argv: []string{"env", "TEST_AGENT=good", "PATH=" + path, "sh", "-c"}, Silence: 20 * time.Second, Program: m.self}
}

// reach logs in and has a word with the agent.
func (m *machine) reach(s Shell) error {
	m.t.Helper()
	h, err := s.Dial(m.t.Context())
	if err != nil {
		return err
	}
	if _, err := h.Read(m.t.Context(), []resource.Key{service.Key()}); err != nil {
		m.t.Errorf("read: %v", err)
	}
	return h.Close()
}

// copies lists what was copied there, with its permissions.
func (m *machine) copies() []string {
	var list []string
	_ = filepath.WalkDir(filepath.Dir(m.keep), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		list = append(list, fmt.Sprint(strings.TrimPrefix(path, filepath.Dir(m.keep)), " ", info.Mode().Perm()))
		return err
	})
	return list
}

// The program is copied once, where nobody else can look or write, and found again.
func TestShellCopies(t *testing.T) {
	m := newMachine(t)
	if err := m.reach(m.shell()); err != nil {
		t.Fatal(err)
	}
	hash, _, err := m.self.digest()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{" -rwx------", "/agent -rwx------", "/agent/" + hash[:16] + " -rwx------", "/agent/" + hash[:16] + "/lvsctl -rwx------"}
	if got := m.copies(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("there is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	m.has("head", "echo it was asked for again >&2; exit 1")
	if err := m.reach(m.shell()); err != nil {
		t.Errorf("the second time: %v", err)
	}
}

func TestShellRepairsCopy(t *testing.T) {
	m := newMachine(t)
	hash, _, err := m.self.digest()
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(m.keep, hash[:16], "lvsctl")
	if err := os.MkdirAll(filepath.Dir(copied), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, []byte("#!/bin/sh\necho half of it\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := m.reach(m.shell()); err != nil {
		t.Error(err)
	}
}

// What is installed is used where it is the same release or the same file.
func TestShellInstalled(t *testing.T) {
	for _, test := range []struct {
		name, installed, ours string
		used                  bool
	}{
		{"same release", "1.2.0", "1.2.0", true},
		{"older release", "1.1.9", "1.2.0", false},
		{"release that begins alike", "1.2.01", "1.2.0", false},
		{"builds without a name", "devel", "devel", false},
		{"builds that are not committed", "1.2.0-3-gabc-dirty", "1.2.0-3-gabc-dirty", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMachine(t)
			m.self.Version = test.ours
			m.has("lvsctl", fmt.Sprintf(`case $1 in version) echo "lvsctl %s (go1.26, linux/amd64)" ;; agent) touch %s/used; exec %s ;; esac`, test.installed, m.bin, m.self.Path))
			if err := m.reach(m.shell()); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(m.bin, "used")); (err == nil) != test.used {
				t.Errorf("what is installed was used: %v", err == nil)
			}
			if copied := len(m.copies()) > 0; copied == test.used {
				t.Errorf("it was copied: %v", copied)
			}
		})
	}
	t.Run("same file", func(t *testing.T) {
		m := newMachine(t)
		m.self.Version = "devel"
		if err := os.Symlink(m.self.Path, filepath.Join(m.bin, "lvsctl")); err != nil {
			t.Fatal(err)
		}
		if err := m.reach(m.shell()); err != nil || len(m.copies()) > 0 {
			t.Errorf("%v, copies %v", err, m.copies())
		}
	})
}

// Who is not root becomes it, or it is said what was in the way.
func TestShellSudo(t *testing.T) {
	for name, sudo := range map[string]string{
		"allowed": `test "$1 $2" = "-n --" || exit 9; shift 2; printf '#!/bin/sh\necho 0\n' >` + "%s/id; exec \"$@\"",
		"refused": "echo 'sudo: a password is required' >&2; exit 1",
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.has("id", "echo 1000")
			m.has("sudo", strings.ReplaceAll(sudo, "%s", m.bin))
			err := m.reach(m.shell())
			if want := "no agent answered: exit status 1: sudo: a password is required"; name == "refused" && fmt.Sprint(err) != want {
				t.Errorf("got %v, want %s", err, want)
			} else if name == "allowed" && err != nil {
				t.Error(err)
			}
		})
	}
}

// One that is named is started as it is, whatever its path has in it.
func TestShellAgent(t *testing.T) {
	m := newMachine(t)
	s := m.shell()
	s.Agent = filepath.Join(t.TempDir(), "it's $(touch there); \"lvsctl\"")
	if err := os.Symlink(m.self.Path, s.Agent); err != nil {
		t.Fatal(err)
	}
	if err := m.reach(s); err != nil || len(m.copies()) > 0 {
		t.Errorf("%v, copies %v", err, m.copies())
	}
	s.Agent = "/nowhere/lvsctl"
	if err := m.reach(s); err == nil || !strings.Contains(err.Error(), "/nowhere/lvsctl") {
		t.Errorf("one that is not there: %v", err)
	}
}

// What goes wrong is said, and leaves nothing behind.
func TestShellFailures(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*machine)
		want    string
	}{
		"disk full": {func(m *machine) { m.has("head", "echo 'head: error writing: No space left on device' >&2; exit 1") },
			"no agent answered: lvsctl cannot be copied there: head: error writing: No space left on device"},
		"damaged on the way": {func(m *machine) { m.has("head", `command -p head "$@"; printf x`) },
			"no agent answered: lvsctl was damaged on its way there"},
		"other system": {func(m *machine) { m.has("uname", "test $1 = -s && echo Linux || echo armv7l") },
			"no agent answered: it runs Linux_armv7l, which this lvsctl is not for: install lvsctl 1.2.0 there"},
		"no directory": {func(m *machine) { m.has("mkdir", "echo 'mkdir: read-only file system' >&2; exit 1") },
			"no agent answered: lvsctl cannot be copied there: mkdir: read-only file system"},
		"escape sequences": {func(m *machine) { m.has("mkdir", `printf '\033[2Jgone\n' >&2; exit 1`) },
			`no agent answered: lvsctl cannot be copied there: \x1b[2Jgone`},
		"other key": {func(m *machine) {
			m.has("id", `echo '@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
Offending ED25519 key in /root/.ssh/known_hosts:3
Host key verification failed.' >&2; kill $PPID`)
		}, "no agent answered: signal: terminated: its host key is not the one in /root/.ssh/known_hosts:3: it was installed anew, or is another machine. Make sure which, and only then replace the key there"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			test.prepare(m)
			if err := m.reach(m.shell()); fmt.Sprint(err) != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if left := m.copies(); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// A shell that greets is talked over, unless it does not come to an end.
func TestShellNoise(t *testing.T) {
	for before, want := range map[string]string{
		"echo Last login: Tuesday":                    "<nil>",
		"yes Welcome":                                 "no agent answered: it says something else",
		"while :; do printf Welcome; done":            "no agent answered: it says more than 16384 bytes at once",
		"echo lvsctl: do it yourself":                 "no agent answered: do it yourself",
		`printf 'lvsctl: refused \033]0;title\007\n'`: `no agent answered: \x1b]0;title\x07`,
	} {
		t.Run(before, func(t *testing.T) {
			m := newMachine(t)
			s := m.shell()
			s.Argv = append(s.Argv, before+`; eval "$0"`)
			if err := m.reach(s); fmt.Sprint(err) != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}
