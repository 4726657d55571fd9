package state

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
	"github.com/lvsctl/lvsctl/schema/resource/resourcetest"
)

// What the tests here put on a host.
var (
	vip     = resource.Module{Name: "vip"} // goes with a boot
	other   = resource.Module{Name: "other"}
	note    = resource.File{Path: "/etc/note", Content: "new\n"} // does not
	noteWas = resource.File{Path: "/etc/note", Content: "old\n"}
	quiet   = resource.Sysctl{Name: "net.ipv4.conf.all.arp_ignore", Value: "1"}
	loud    = resource.Sysctl{Name: quiet.Name, Value: "0"}
	keeper  = resource.SysctlFile("web", []resource.Sysctl{quiet})
	pages   = resource.Mount{Target: "/srv/my pages", Source: "192.0.2.1:/pages", Type: "nfs", Options: "ro"}
	fstab   = resource.Block{Path: resource.Fstab, Name: "pages", Comment: "#", Content: resource.Text(resource.FstabLine(pages, false) + "\n")}
	share   = resource.Export{Path: "/srv/my pages", Client: "192.0.2.0/24", Options: "rw"}
	exports = resource.ExportsFile("web", resource.Text(resource.ExportsLine("/srv", "*", "ro")+"\n"+resource.ExportsLine(share.Path, share.Client, share.Options)+"\n"))
)

// booted opens the ledger in dir on a host that has just booted. Written anew and read
// again it says the same.
func booted(t *testing.T, dir, boot string) *Store {
	t.Helper()
	s := open(t, dir)
	s.SetBoot(boot)
	copied := t.TempDir()
	data, err := os.ReadFile(filepath.Join(dir, ledgerFile))
	if err == nil {
		err = os.WriteFile(filepath.Join(copied, ledgerFile), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	anew := open(t, copied)
	anew.SetBoot(boot)
	if err := anew.compact(); err != nil {
		t.Fatal(err)
	}
	again := open(t, copied)
	again.SetBoot(boot)
	want := s.Ledger()
	got := again.Ledger()
	want.BootID, want.Moves, got.Moves = boot, nil, nil // a log written anew has more compact ones
	equal(t, got, want)
	if diff := cmp.Diff(s.Journal(), again.Journal(), resourcetest.AsMaps); diff != "" {
		t.Fatalf("journal (-want +got):\n%s", diff)
	}
	return s
}

// apply carries out steps as one apply, which ends as it says, and does not for "".
func apply(t *testing.T, s *Store, a resource.Apply, ending resource.Ending, steps ...resource.Step) {
	t.Helper()
	if err := s.Start(a, 1); err != nil {
		t.Fatal(err)
	}
	for _, st := range steps {
		carryOut(t, s, st)
	}
	if ending == "" {
		return
	}
	if err := s.End(ending, ""); err != nil {
		t.Fatal(err)
	}
}

// said is what a ledger says in short.
func said(l resource.Ledger) string {
	lost := strings.ReplaceAll(claimed(resource.Ledger{Claims: l.Lost}), "\n", "; ")
	ending := "no apply"
	if l.Last != nil {
		ending = fmt.Sprintf("%s %q", l.Last.Apply.ID, l.Last.Ending)
	}
	return fmt.Sprintf("claims: %s\nlost: %s\nlast: %s", strings.ReplaceAll(claimed(l), "\n", "; "), lost, ending)
}

// What a host has after it booted, by what happened before.
func TestReboot(t *testing.T) {
	one := resource.Apply{ID: "one"}
	two := resource.Apply{ID: "two"}
	again := resource.Apply{ID: "boot", Boots: true}
	create := func(r resource.Resource) resource.Change { return change(resource.Create, nil, r) }
	first := func(t *testing.T, s *Store) {
		apply(t, s, one, resource.Applied, step("a", create(vip), change(resource.Update, noteWas, note)))
	}
	const lostVIP = "claims: /etc/note 0000 : (1 line) < /etc/note 0000 : (1 line) @ a\nlost: vip < nothing @ a\n"
	keptShares := share.String() + " < nothing @ b; " + pages.String() + " < nothing @ a"
	tests := []struct {
		name   string
		before func(*testing.T, *Store)
		after  func(*testing.T, *Store) // the boot, nil for nothing
		want   string
	}{
		{"done", first, nil, lostVIP + "last: no apply"},
		{"destroyed", func(t *testing.T, s *Store) {
			first(t, s)
			apply(t, s, two, "", step("a", change(resource.Delete, vip, nil)))
		}, nil, lostVIP + `last: two "rebooted"`},
		{"cut off", func(t *testing.T, s *Store) {
			first(t, s)
			apply(t, s, two, "", step("b", create(other)), step("a", change(resource.Update, note, noteWas)))
		}, nil, lostVIP + `last: two "rebooted"`},
		{"kept", func(t *testing.T, s *Store) {
			first(t, s)
			apply(t, s, two, resource.Kept, step("b", create(other)))
		}, nil, strings.Replace(lostVIP, "vip <", "other < nothing @ b; vip <", 1) + "last: no apply"},
		{"the first one cut off", func(t *testing.T, s *Store) {
			apply(t, s, one, "", step("a", create(vip), create(note)))
		}, nil, "claims: /etc/note 0000 : (1 line) < nothing @ a\nlost: \n" + `last: one "rebooted"`},
		{"settings that a file of ours keeps", func(t *testing.T, s *Store) {
			apply(t, s, one, resource.Applied, step("a", change(resource.Update, loud, quiet)), step("k", create(keeper)))
		}, nil, "claims: net.ipv4.conf.all.arp_ignore = 1 < net.ipv4.conf.all.arp_ignore = 0 @ a; " + keeper.String() + " < nothing @ k\nlost: \nlast: no apply"},
		// They are ours, and so is that lvsctl boot looks after them.
		{"a mount and an export that files of ours keep", func(t *testing.T, s *Store) {
			apply(t, s, one, resource.Applied, step("a", create(pages), create(fstab)), step("b", create(share), create(exports)))
		}, nil, "claims: " + exports.String() + " < nothing @ b; " + fstab.String() + " < nothing @ a; " + keptShares +
			"\nlost: " + keptShares + "\nlast: no apply"},
		// As systemd has mounted it, lvsctl boot finds it with all options that the kernel knows.
		{"a mount that a file of ours has made again before", func(t *testing.T, s *Store) {
			apply(t, s, one, resource.Applied, step("a", create(pages), create(fstab)))
			found := pages
			found.Options = "ro,relatime,vers=4.2"
			apply(t, s, two, resource.Applied, step("a", change(resource.Adopt, found, found)))
		}, nil, "claims: " + fstab.String() + " < nothing @ a; " + strings.Replace(pages.String(), "(ro)", "(ro,relatime,vers=4.2)", 1) + " < nothing @ a" +
			"\nlost: " + strings.Replace(pages.String(), "(ro)", "(ro,relatime,vers=4.2)", 1) + " < nothing @ a\nlast: no apply"},
		{"a mount and an export that nobody keeps", func(t *testing.T, s *Store) {
			apply(t, s, one, resource.Applied, step("a", create(pages)), step("b", create(share)))
		}, nil, "claims: \nlost: " + keptShares + "\nlast: no apply"},
		{"a mount that an apply which was cut off has changed", func(t *testing.T, s *Store) {
			apply(t, s, one, resource.Applied, step("a", create(pages), create(fstab)))
			apply(t, s, two, "", step("a", change(resource.Replace, pages, resource.Mount{Target: pages.Target, Source: pages.Source, Type: "nfs", Options: "rw"})))
		}, nil, "claims: " + fstab.String() + " < nothing @ a; " + strings.Replace(pages.String(), "(ro)", "(rw)", 1) + " < nothing @ a" +
			"\nlost: " + pages.String() + ` < nothing @ a` + "\nlast: two \"rebooted\""},
		{"set up again", first, func(t *testing.T, s *Store) {
			apply(t, s, again, resource.Applied, step("a", create(vip)))
		}, strings.Replace(strings.Replace(lostVIP, "\nlost: vip < nothing @ a", "\nlost: ", 1), "claims: ", "claims: vip < nothing @ a; ", 1) + "last: no apply"},
		{"set up again in part", first, func(t *testing.T, s *Store) {
			apply(t, s, again, resource.Kept, step("a", create(vip)))
		}, strings.Replace(lostVIP, "claims: ", "claims: vip < nothing @ a; ", 1) + `last: boot "kept"`},
		{"an apply since", first, func(t *testing.T, s *Store) {
			apply(t, s, two, resource.Applied, step("b", create(other)))
		}, "claims: other < nothing @ b; /etc/note 0000 : (1 line) < /etc/note 0000 : (1 line) @ a\nlost: \nlast: two \"applied\""},
		{"an apply since, taken back", first, func(t *testing.T, s *Store) {
			apply(t, s, two, resource.Reverted, step("b", create(other)), step("b", change(resource.Delete, other, nil)))
		}, lostVIP + `last: two "reverted"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			s.SetBoot("boot-1")
			test.before(t, s)
			s = booted(t, dir, "boot-2")
			if id := s.Ledger().BootID; id != "boot-1" {
				t.Errorf("written during %s", id)
			}
			if test.after != nil {
				test.after(t, s)
			}
			if diff := cmp.Diff(test.want, said(s.Ledger())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if test.after == nil {
				return
			}
			read := open(t, dir)
			read.SetBoot("boot-2")
			equal(t, read.Ledger(), s.Ledger())
		})
	}
}

// A host that boots once more before all is set up again has still lost the same.
func TestRebootTwice(t *testing.T) {
	create := func(r resource.Resource) resource.Change { return change(resource.Create, nil, r) }
	for _, a := range []resource.Apply{{ID: "boot", Boots: true}, {ID: "two"}} {
		for _, ending := range []resource.Ending{"", resource.Reverted} {
			t.Run(a.ID+string(ending), func(t *testing.T) {
				dir := t.TempDir()
				s := open(t, dir)
				s.SetBoot("boot-1")
				apply(t, s, resource.Apply{ID: "one"}, resource.Applied, step("a", create(vip)), step("b", create(other)))
				s = booted(t, dir, "boot-2")
				lost := s.Ledger().Lost
				if a.Boots && ending != "" {
					return // settles it
				}
				steps := []resource.Step{step("a", create(vip))}
				if ending != "" {
					steps = append(steps, step("a", change(resource.Delete, vip, nil)))
				}
				apply(t, s, a, ending, steps...)
				s = booted(t, dir, "boot-3")
				if diff := cmp.Diff(lost, s.Ledger().Lost, resourcetest.AsMaps); diff != "" {
					t.Errorf("lost (-want +got):\n%s", diff)
				}
				if a.Boots && s.Journal() != nil {
					t.Errorf("journal %+v", s.Journal())
				}
			})
		}
	}
}

// What an apply that was cut off did to files is still in its journal after the boot, and
// is undone by the one that sets up again what went.
func TestRebootJournal(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	s.SetBoot("boot-1")
	apply(t, s, resource.Apply{ID: "one"}, "", step("a", change(resource.Create, nil, vip), change(resource.Create, nil, note)))
	s = booted(t, dir, "boot-2")
	want := map[resource.Key]resource.Was{note.Key(): {}}
	if diff := cmp.Diff(want, maps.Collect(s.Journal().Was.All())); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	s.SetHost("lb1")
	apply(t, s, resource.Apply{ID: "one", Boots: true, Reverts: true}, "", step("a", change(resource.Delete, note, nil)))
	if l := open(t, dir).Ledger(); l.Host != "lb1" || l.BootID != "boot-2" {
		t.Errorf("host %q of boot %q", l.Host, l.BootID)
	}
	s = booted(t, dir, "boot-3") // and once more
	if j := s.Journal(); j == nil || j.Ending != resource.Rebooted || !j.Apply.Boots || !j.Apply.Reverts {
		t.Errorf("journal %+v", j)
	}
	if err := s.Start(resource.Apply{ID: "one", Boots: true, Reverts: true}, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.End(resource.Reverted, "rebooted"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, ledgerFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a ledger is left: %v", err)
	}
}
