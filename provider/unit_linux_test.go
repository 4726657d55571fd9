package provider

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// Units are tested against a real systemd, and systemctl is the judge.
func TestUnits(t *testing.T) {
	if !topo.InSystemd(t) {
		return
	}
	m, err := Open("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	patient := *m // for services that end by themselves, which takes long on a busy machine
	patient.drivers = maps.Clone(m.drivers)
	patient.drivers[resource.KindUnit] = unitDriver{settle: time.Minute}
	for _, test := range []struct {
		name string
		on   *Machine
		run  func(*testing.T, *Machine)
	}{
		{"started and stopped", m, testUnitRunning},
		{"does not start", &patient, testUnitFails},
		{"keeps failing", &patient, testUnitLoops},
		{"starts others", m, testUnitCompanions},
		{"oneshot", m, testUnitOneshot},
		{"not there", m, testUnitNotThere},
		{"comes with a file", m, testUnitComes},
		{"file removed while it runs", m, testUnitWithoutFile},
		{"enabled and disabled", m, testUnitEnabled},
		{"cannot be enabled", m, testUnitNotEnabled},
		{"reloaded", m, testUnitReloaded},
		{"outdated", m, testUnitOutdated},
		{"restarted", m, testUnitRestarted},
		{"does not come back", &patient, testUnitBroken},
		{"reload fails", m, testUnitReloadFails},
		{"own file changed", m, testUnitRewritten},
		{"no end", m, testUnitNoEnd},
		{"daemon-reload", m, testReloadSystemd},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, test.on) })
	}
}

const sleeps = "[Service]\nExecStart=sleep 1000\n[Install]\nWantedBy=multi-user.target\n"

// unitFile writes a unit's file.
func unitFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join("/etc/systemd/system", name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// systemctl is what the command prints, whatever its exit code.
func systemctl(args ...string) string {
	out, _ := exec.Command("systemctl", args...).CombinedOutput() // is-active and the like fail to say no
	return strings.TrimSpace(string(out))
}

// expectShow compares a property of a unit with what systemctl says.
func expectShow(t *testing.T, unit, property, want string) {
	t.Helper()
	if got := systemctl("show", "--value", "-p", property, unit); got != want {
		t.Errorf("%s of %s is %q, want %q", property, unit, got, want)
	}
}

// setting is a unit's setting with a value.
func setting(name, setting, value string) resource.Unit {
	return resource.Unit{Name: name, Setting: setting, Value: value}
}

func running(name, value string) resource.Unit {
	return setting(name, resource.UnitRunning, value)
}

// expectUnits compares what the machine finds of settings with them.
func expectUnits(t *testing.T, m *Machine, want ...resource.Resource) {
	t.Helper()
	expectStates(t, m, keysOf(want), resource.NewSet(want...))
}

// expectNoUnits demands that the machine has none of the settings.
func expectNoUnits(t *testing.T, m *Machine, rs ...resource.Resource) {
	t.Helper()
	expectStates(t, m, keysOf(rs), resource.NewSet())
}

func expectStates(t *testing.T, m *Machine, keys []resource.Key, want resource.Set) {
	t.Helper()
	found, err := m.Find(keys)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, found, resourcetest.AsMaps); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

// failing is the error of the one change that sets a unit.
func failing(t *testing.T, m *Machine, want resource.Unit) string {
	t.Helper()
	out := m.Apply(t.Context(), []resource.Change{create(want)})
	if len(out.Failures) != 1 {
		t.Fatalf("%s: no failure", want)
	}
	return out.Failures[0].Err.Error()
}

// expectError demands that setting a unit fails with all of the given parts in its error.
func expectError(t *testing.T, m *Machine, want resource.Unit, parts ...string) {
	t.Helper()
	got := failing(t, m, want)
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("%s: %s\nwithout %q", want, got, part)
		}
	}
}

func testUnitRunning(t *testing.T, m *Machine) {
	const name = "run.service"
	unitFile(t, name, sleeps)
	expectUnits(t, m, running(name, "no"))
	apply(t, m, update(running(name, "no"), running(name, "yes")))
	expectShow(t, name, "ActiveState", "active")
	expectUnits(t, m, running(name, "yes"))
	pid := systemctl("show", "--value", "-p", "MainPID", name)
	apply(t, m, create(running(name, "yes")))
	expectShow(t, name, "MainPID", pid) // what runs is not started again
	apply(t, m, update(running(name, "yes"), running(name, "no")))
	expectShow(t, name, "ActiveState", "inactive")
	apply(t, m, create(running(name, "no")))
	expectUnits(t, m, running(name, "no"))
}

func testUnitFails(t *testing.T, m *Machine) {
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"fails.service":   {"[Service]\nExecStart=sh -c 'exit 3'\n", []string{"start fails.service: it did not stay up: it is failed", "result exit-code", "exit code 3", "journalctl -u fails.service"}},
		"ends.service":    {"[Service]\nExecStart=true\n", []string{"did not stay up: it is inactive (dead)"}},
		"dies.service":    {"[Service]\nExecStart=sh -c 'kill -SEGV $$$$'\n", []string{"did not stay up", "killed by signal 11"}},
		"missing.service": {"[Service]\nType=exec\nExecStart=/no/such/program\n", []string{`systemd says "failed"`, "exit code 203"}},
		"unmet.service":   {"[Unit]\nConditionPathExists=/no/such/file\n[Service]\nExecStart=sleep 1000\n", []string{"did not stay up: it is inactive (dead)", "a condition in its file is not met"}},
		"needs.service":   {"[Unit]\nRequires=fails.service\nAfter=fails.service\n[Service]\nType=exec\nExecStart=/no/such/program\n", []string{"start needs.service"}},
		"bad.service":     {"[Service]\nType=simple\n", []string{"cannot read the unit bad.service (bad-setting)"}},
	} {
		unitFile(t, name, test.text)
		expectError(t, m, running(name, "yes"), test.want...)
		expectUnits(t, m, running(name, "no"))
	}
}

// A service that systemd would start again and again is left alone by it once lvsctl has
// said that it failed, and reads as not running while systemd waits for the next try.
func testUnitLoops(t *testing.T, m *Machine) {
	unitFile(t, "loop.service", "[Service]\nExecStart=sh -c 'sleep 0.1; exit 1'\nRestart=always\nRestartSec=0\n[Unit]\nStartLimitIntervalSec=0\n")
	expectError(t, m, running("loop.service", "yes"), "did not stay up", "journalctl -u loop.service")
	time.Sleep(time.Second)
	if state := systemctl("is-active", "loop.service"); state != "inactive" && state != "failed" {
		t.Errorf("a second later it is %s", state)
	}
	unitFile(t, "wait.service", "[Service]\nExecStart=false\nRestart=always\nRestartSec=600\n")
	systemctl("start", "wait.service")
	for systemctl("show", "--value", "-p", "SubState", "wait.service") != "auto-restart" {
		time.Sleep(100 * time.Millisecond)
	}
	expectUnits(t, m, running("wait.service", "no"))
}

// A unit that lvsctl had running and gives up takes along those that it started, unless they
// ran before, somebody else has begun to need them, or they are enabled. One that somebody
// wants stopped takes none along.
func testUnitCompanions(t *testing.T, m *Machine) {
	const name = "main.service"
	companions[name] = []string{"along.service", "before.service", "needed.service", "kept.service"}
	t.Cleanup(func() { delete(companions, name) })
	unitFile(t, name, "[Unit]\nWants=along.service before.service needed.service kept.service\n"+sleeps)
	unitFile(t, "user.service", "[Unit]\nWants=needed.service\n"+sleeps)
	for _, unit := range companions[name] {
		unitFile(t, unit, sleeps)
	}
	start := func(t *testing.T) {
		t.Helper()
		apply(t, m, update(running(name, "no"), running(name, "yes")))
		for _, unit := range companions[name] {
			expectShow(t, unit, "ActiveState", "active")
		}
	}
	states := func(t *testing.T, want ...string) {
		t.Helper()
		for i, unit := range companions[name] {
			expectShow(t, unit, "ActiveState", want[i])
		}
	}
	apply(t, m, create(running("before.service", "yes")))
	apply(t, m, create(setting("kept.service", resource.UnitEnabled, "yes")))
	start(t)
	apply(t, m, create(running("user.service", "yes")))
	restore := resource.Change{Action: resource.Restore, Before: running(name, "yes"), After: running(name, "no")}
	apply(t, m, restore)
	states(t, "inactive", "active", "active", "active")
	if _, err := os.Stat(companionNotes); err == nil {
		t.Error("what ran before is not forgotten")
	}

	// Stopped by hand, or by an apply that was cut off there, it is not given up yet. Healed in
	// between, what ran before all that counts.
	systemctl("stop", "kept.service")
	start(t)
	systemctl("stop", name)
	expectUnits(t, m, running(name, resource.UnitLeft))
	start(t)
	systemctl("stop", name)
	apply(t, m, resource.Change{Action: resource.Restore, Before: running(name, resource.UnitLeft), After: running(name, "no")})
	states(t, "inactive", "active", "active", "active")
	expectUnits(t, m, running(name, "no"))

	start(t)
	apply(t, m, update(running(name, "yes"), running(name, "no")))
	states(t, "active", "active", "active", "active")
	expectUnits(t, m, running(name, "no"))

	// One that does not start leaves nothing behind.
	systemctl("stop", "along.service")
	unitFile(t, name, "[Unit]\nWants=along.service\n[Service]\nType=exec\nExecStart=/no/such/program\n")
	systemctl("daemon-reload")
	expectError(t, m, running(name, "yes"), "start main.service")
	expectShow(t, "along.service", "ActiveState", "inactive")
}

// What a unit has read is outdated as soon as other bytes are in one of its files, and not
// with other permissions.
func testUnitOutdated(t *testing.T, m *Machine) {
	const name = "reads.service"
	unitFile(t, name, sleeps)
	read := resource.Unit{Name: name, Setting: resource.UnitFiles, Value: "1", Reads: "/etc/other\n/etc/reads.conf"}
	file := resource.File{Path: "/etc/reads.conf", Content: "one\n", Mode: 0o644, Owner: "root", Group: "root"}
	apply(t, m, create(running(name, "yes")), create(file), create(read))
	expectUnits(t, m, read)
	closed := file
	closed.Mode = 0o600
	apply(t, m, update(file, closed), create(resource.File{Path: "/etc/reads", Content: "one\n", Mode: 0o644, Owner: "root", Group: "root"}))
	expectUnits(t, m, read)
	outdated := read
	outdated.Value = resource.UnitOutdated
	apply(t, m, create(resource.Block{Path: file.Path, Name: "more", Comment: "#", Content: "two\n"}))
	expectUnits(t, m, outdated)
	apply(t, m, update(outdated, read))
	expectUnits(t, m, read)
}

func testUnitOneshot(t *testing.T, m *Machine) {
	unitFile(t, "once.service", "[Service]\nType=oneshot\nExecStart=touch /run/once\n")
	expectError(t, m, running("once.service", "yes"), "is a oneshot service", "RemainAfterExit=yes")
	if _, err := os.Stat("/run/once"); err == nil {
		t.Error("it was started all the same")
	}
	unitFile(t, "stays.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=touch /run/stays\n")
	apply(t, m, create(running("stays.service", "yes")))
	expectShow(t, "stays.service", "SubState", "exited")
	expectUnits(t, m, running("stays.service", "yes"))
	unitFile(t, "some.socket", "[Socket]\nListenStream=/run/some\n")
	unitFile(t, "some.service", sleeps)
	apply(t, m, create(running("some.socket", "yes")))
	expectShow(t, "some.socket", "ActiveState", "active")
}

func testUnitNotThere(t *testing.T, m *Machine) {
	const name = "nothing.service"
	settings := []resource.Resource{running(name, "yes"), setting(name, resource.UnitEnabled, "yes"), setting(name, resource.UnitFiles, "1")}
	expectNoUnits(t, m, settings...)
	expectError(t, m, running(name, "yes"), "there is no unit nothing.service")
	expectError(t, m, setting(name, resource.UnitEnabled, "yes"), "there is no unit nothing.service")
	apply(t, m, create(running(name, "no")))
}

// A unit whose file an earlier step wrote is found when its own step begins, with the
// state that giving it up has to bring back.
func testUnitComes(t *testing.T, m *Machine) {
	const name = "comes.service"
	want := []resource.Resource{running(name, "no"), setting(name, resource.UnitEnabled, "no"), setting(name, resource.UnitFiles, "")}
	expectNoUnits(t, m, want...)
	unitFile(t, name, sleeps)
	expectUnits(t, m, want...)
}

// A unit that runs is there, even if its file is not, and can be stopped.
func testUnitWithoutFile(t *testing.T, m *Machine) {
	const name = "lost.service"
	unitFile(t, name, sleeps)
	apply(t, m, create(running(name, "yes")))
	if err := os.Remove("/etc/systemd/system/" + name); err != nil {
		t.Fatal(err)
	}
	if err := reloadSystemd(); err != nil {
		t.Fatal(err)
	}
	expectShow(t, name, "LoadState", "not-found")
	expectUnits(t, m, running(name, "yes"))
	apply(t, m, update(running(name, "yes"), running(name, "no")))
	expectShow(t, name, "ActiveState", "inactive")
	expectNoUnits(t, m, running(name, "no"))
}

func testUnitEnabled(t *testing.T, m *Machine) {
	const name = "boots.service"
	unitFile(t, name, sleeps)
	off, on := setting(name, resource.UnitEnabled, "no"), setting(name, resource.UnitEnabled, "yes")
	expectUnits(t, m, off)
	apply(t, m, update(off, on))
	if state := systemctl("is-enabled", name); state != "enabled" {
		t.Errorf("is-enabled: %s", state)
	}
	expectShow(t, "multi-user.target", "ActiveState", "active")
	if !strings.Contains(systemctl("show", "--value", "-p", "Wants", "multi-user.target"), name) {
		t.Error("systemd has not read it")
	}
	expectShow(t, name, "ActiveState", "inactive") // enabling starts nothing
	expectUnits(t, m, on)
	apply(t, m, update(on, off))
	if state := systemctl("is-enabled", name); state != "disabled" {
		t.Errorf("is-enabled: %s", state)
	}
	expectUnits(t, m, off)

	systemctl("enable", "--runtime", name)
	expectUnits(t, m, off) // it is not enabled after a boot
	apply(t, m, update(off, on))
	if state := systemctl("is-enabled", name); state != "enabled" {
		t.Errorf("is-enabled after it was until the next boot: %s", state)
	}

	systemctl("disable", "--runtime", name)
	if err := os.Symlink("boots.service", "/etc/systemd/system/other.service"); err != nil {
		t.Fatal(err)
	}
	if err := reloadSystemd(); err != nil {
		t.Fatal(err)
	}
	alias := setting("other.service", resource.UnitEnabled, "yes")
	expectUnits(t, m, alias)
	apply(t, m, update(alias, setting("other.service", resource.UnitEnabled, "no")))
	if state := systemctl("is-enabled", name); state != "disabled" {
		t.Errorf("is-enabled after its alias was disabled: %s", state)
	}
}

func testUnitNotEnabled(t *testing.T, m *Machine) {
	enabled := func(name, value string) resource.Unit { return setting(name, resource.UnitEnabled, value) }
	unitFile(t, "static.service", "[Service]\nExecStart=sleep 1000\n")
	expectUnits(t, m, enabled("static.service", "no"))
	expectError(t, m, enabled("static.service", "yes"), "cannot enable static.service: its file has no [Install] section")

	unitFile(t, "masked.service", sleeps)
	os.Remove("/etc/systemd/system/masked.service")
	systemctl("mask", "masked.service")
	expectUnits(t, m, enabled("masked.service", "no"), running("masked.service", "no"))
	expectError(t, m, enabled("masked.service", "yes"), "masked.service is masked", "systemctl unmask masked.service")
	expectError(t, m, running("masked.service", "yes"), "masked.service is masked", "systemctl unmask masked.service")

	const generator = "#!/bin/sh\nmkdir $1/multi-user.target.wants\nprintf '[Service]\\nExecStart=sleep 1000\\n' | tee $1/made.service >$1/idle.service\n" +
		"ln -s ../made.service $1/multi-user.target.wants/made.service\n"
	if err := os.MkdirAll("/etc/systemd/system-generators", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("/etc/systemd/system-generators/made", []byte(generator), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := reloadSystemd(); err != nil {
		t.Fatal(err)
	}
	if state := systemctl("is-enabled", "made.service"); state != "generated" {
		t.Fatalf("is-enabled: %s", state)
	}
	expectUnits(t, m, enabled("made.service", "yes"), enabled("idle.service", "no"))
	expectError(t, m, enabled("made.service", "no"), "cannot disable made.service", "generated")
	expectError(t, m, enabled("idle.service", "yes"), "cannot enable idle.service", "generated")
}

// reloads is a service that notes in a file that it was reloaded.
func reloads(name string) string {
	return fmt.Sprintf("[Service]\nExecStart=sleep 1000\nExecReload=sh -c 'echo reloaded >>/run/%s.log'\n", name)
}

// expectReloads compares how often that happened.
func expectReloads(t *testing.T, name string, want int) {
	t.Helper()
	text, err := os.ReadFile("/run/" + name + ".log")
	if got := strings.Count(string(text), "\n"); got != want || err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s was reloaded %d times, want %d (%v)", name, got, want, err)
	}
}

func files(name, value string) resource.Unit { return setting(name, resource.UnitFiles, value) }

func testUnitReloaded(t *testing.T, m *Machine) {
	const name = "reloads.service"
	unitFile(t, name, reloads(name))
	expectUnits(t, m, files(name, ""))
	apply(t, m, update(files(name, ""), files(name, "one")))
	expectReloads(t, name, 0) // it does not run, and reads its files when it starts
	expectShow(t, name, "ActiveState", "inactive")
	expectUnits(t, m, files(name, "one"))
	apply(t, m, create(running(name, "yes")), update(files(name, "one"), files(name, "two")))
	expectReloads(t, name, 0) // it has just been started
	apply(t, m, update(files(name, "two"), files(name, "three")))
	expectReloads(t, name, 1)
	expectUnits(t, m, files(name, "three"), running(name, "yes"))
	apply(t, m, update(files(name, "three"), files(name, ""))) // given up
	expectReloads(t, name, 2)
	expectUnits(t, m, files(name, ""))
	if _, err := os.Stat(unitNotes); err == nil {
		t.Error("something is left of the notes")
	}
}

// A service that cannot be reloaded is restarted.
func testUnitRestarted(t *testing.T, m *Machine) {
	const name = "restarts.service"
	unitFile(t, name, sleeps)
	apply(t, m, create(running(name, "yes")))
	pid := systemctl("show", "--value", "-p", "MainPID", name)
	apply(t, m, create(files(name, "one")))
	if now := systemctl("show", "--value", "-p", "MainPID", name); now == pid || now == "0" {
		t.Errorf("its process was %s and is %s", pid, now)
	}
	expectUnits(t, m, files(name, "one"), running(name, "yes"))
}

// What a service has read that does not come back is not noted.
func testUnitBroken(t *testing.T, m *Machine) {
	const name = "broken.service"
	unitFile(t, name, "[Service]\nType=exec\nExecStart=sleep 1000\n")
	systemctl("start", name)
	unitFile(t, name, "[Service]\nExecStart=sh -c 'exit 4'\n")
	expectError(t, m, files(name, "two"), "restart broken.service: it did not stay up", "exit code 4")
	expectUnits(t, m, files(name, resource.UnitOutdated), running(name, "no"))
}

// Nobody knows what a service has read whose reload failed.
func testUnitReloadFails(t *testing.T, m *Machine) {
	const name = "refuses.service"
	unitFile(t, name, "[Service]\nExecStart=sleep 1000\nExecReload=sh -c 'exit 5'\n")
	apply(t, m, create(running(name, "yes")))
	expectError(t, m, files(name, "one"), `reload refuses.service: systemd says "failed"`, "reloading: exit-code", "journalctl -u refuses.service")
	expectShow(t, name, "ActiveState", "active")
	expectUnits(t, m, files(name, resource.UnitOutdated), running(name, "yes"))
}

// To reload a service does not change what systemd runs: when its own file was changed, it
// is restarted. That systemd was not told of the file yet makes no difference.
func testUnitRewritten(t *testing.T, m *Machine) {
	const name = "rewritten.service"
	unitFile(t, name, reloads(name))
	apply(t, m, create(running(name, "yes")))
	time.Sleep(20 * time.Millisecond)
	unitFile(t, name, strings.ReplaceAll(reloads(name), "1000", "2000"))
	expectShow(t, name, "NeedDaemonReload", "yes")
	apply(t, m, create(files(name, "one")))
	expectReloads(t, name, 0)
	pid := systemctl("show", "--value", "-p", "MainPID", name)
	if line, err := os.ReadFile("/proc/" + pid + "/cmdline"); err != nil || string(line) != "sleep\x002000\x00" {
		t.Errorf("it runs %q (%v)", line, err)
	}
	apply(t, m, update(files(name, "one"), files(name, "two")))
	expectReloads(t, name, 1)
	expectShow(t, name, "MainPID", pid)
}

// A job that does not come to an end is not waited for for ever.
func testUnitNoEnd(t *testing.T, _ *Machine) {
	s, err := openSystemd()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	s.jobLimit = 500 * time.Millisecond
	setter := unitSetter{s, settleTime, map[string]bool{}}
	unitFile(t, "slow.service", "[Service]\nType=notify\nExecStart=sleep 1000\n")
	err = setter.set(running("slow.service", "yes"))
	if !errors.Is(err, errNoEnd) || !strings.Contains(err.Error(), "start slow.service: not done after 500ms, it is activating (start); see journalctl -u slow.service") {
		t.Errorf("start: %v", err)
	}
	for deadline := time.Now().Add(10 * time.Second); systemctl("is-active", "slow.service") == "activating"; {
		if time.Now().After(deadline) {
			t.Fatal("it is still being started")
		}
	}
	unitFile(t, "clings.service", "[Service]\nExecStart=sleep 1000\nExecStop=sleep 1000\n")
	systemctl("start", "clings.service")
	err = setter.set(running("clings.service", "no"))
	if !errors.Is(err, errNoEnd) || !strings.Contains(err.Error(), "stop clings.service: not done after 500ms, it is deactivating (stop)") {
		t.Errorf("stop: %v", err)
	}
}

func testReloadSystemd(t *testing.T, _ *Machine) {
	unitFile(t, "named.service", "[Unit]\nDescription=before\n"+sleeps)
	systemctl("start", "named.service")
	unitFile(t, "named.service", "[Unit]\nDescription=after\n"+sleeps)
	expectShow(t, "named.service", "Description", "before")
	if err := reloadSystemd(); err != nil {
		t.Fatal(err)
	}
	expectShow(t, "named.service", "Description", "after")
}

// Without systemd, few units can be done without.
func TestKernelUnitsWithoutSystemd(t *testing.T) {
	m := kernel(t)
	if systemdRuns() {
		t.Skip("NOT TESTED: there is systemd on this machine")
	}
	ssh := running("ssh.service", "yes")
	atBoot := setting("nfs-server.service", resource.UnitEnabled, "yes")
	expectUnits(t, m, running("nfs-server.service", "no"))
	expectNoUnits(t, m, ssh, atBoot, files("nfs-server.service", "1"))
	expectError(t, m, ssh, "there is no systemd on this host, so lvsctl does not manage the unit ssh.service")
	expectError(t, m, atBoot, "there is no systemd on this host, so lvsctl does not manage the unit nfs-server.service")
	if err := reloadSystemd(); err != nil {
		t.Errorf("daemon-reload: %v", err)
	}
	for name := range substitutes {
		if !running(name, "yes").WithoutSystemd() {
			t.Errorf("%s is done without, and planners do not know", name)
		}
	}
}

// The name of a unit is never taken for a path.
func TestUnitNotes(t *testing.T) {
	for _, name := range []string{"", "..", "../x.service", "a/b.service", "/etc/passwd"} {
		if path, err := unitNote(name); err == nil {
			t.Errorf("%q: %s", name, path)
		}
	}
	if path, err := unitNote("getty@tty1.service"); err != nil || path != unitNotes+"/getty@tty1.service" {
		t.Errorf("%s, %v", path, err)
	}
}
