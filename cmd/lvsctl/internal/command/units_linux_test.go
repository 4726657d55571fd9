package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The units of the examples are units to systemd, with and without what can be added
// to them. It finds names and values that it does not know, and programs that are not there.
func TestUnitsVerify(t *testing.T) {
	const service = "lvsctl-drift.service"
	dir := t.TempDir()
	units, err := filepath.Glob(examplesDir + "cron/lvsctl-*.*")
	if err != nil || len(units) == 0 {
		t.Fatal("no units", err)
	}
	for i, unit := range units {
		copyExample(t, unit, filepath.Join(dir, filepath.Base(unit)))
		units[i] = filepath.Join(dir, filepath.Base(unit))
	}
	verify(t, units...)
	if err := os.Mkdir(filepath.Join(dir, service+".d"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ssh.conf", "mounts.conf"} {
		dropIn := filepath.Join(dir, service+".d", name)
		copyExample(t, examplesDir+"cron/"+name, dropIn)
		verify(t, filepath.Join(dir, service))
		if err := os.Remove(dropIn); err != nil {
			t.Fatal(err)
		}
	}
}

// copyExample copies a unit, with a program that is there in the place of lvsctl.
func copyExample(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, []byte(strings.ReplaceAll(string(text), "=/usr/local/bin/lvsctl ", "="+self+" ")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// verify has systemd read units. What it only warns of is wrong, too.
func verify(t *testing.T, units ...string) {
	t.Helper()
	out, err := exec.Command("systemd-analyze", append([]string{"verify", "--man=no"}, units...)...).CombinedOutput()
	if err != nil || strings.Contains(string(out), "lvsctl") {
		t.Errorf("%v\n%s", err, out)
	}
}

// The test above would notice.
func TestUnitsVerifyRefuses(t *testing.T) {
	text, err := os.ReadFile(examplesDir + "cron/lvsctl-drift.timer")
	if err != nil {
		t.Fatal(err)
	}
	for old, bad := range map[string]string{"FixedRandomDelay": "FixedDelay", "*:0/10": "every ten minutes", "[Timer]": "[Clock]"} {
		unit := filepath.Join(t.TempDir(), "lvsctl-bad.timer")
		if err := os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), old, bad)), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
		if err == nil && !strings.Contains(string(out), "lvsctl") {
			t.Errorf("%s is nothing to mention: %s", bad, out)
		}
	}
}
