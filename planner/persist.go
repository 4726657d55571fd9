package planner

import (
	"fmt"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Life after a reboot.
//
// Where a host is to have its part back after it booted, it needs no config for that: its
// ledger knows all that it had. "lvsctl boot" sets that up again, and a unit of systemd runs
// it. Settings are in sysctl.d besides, and modules in modules-load.d: so they are there
// before the network is, and stay when somebody has sysctl(8) read its files again.
//
// The switches that make a host a router are not in sysctl.d. The kernel changes other
// settings along with them, which nobody would put back, and a host is to pass packets on
// when the rest of its part is there, not before.
//
// All of it is written when everything else on the host is set up, and goes before anything
// else does. So a host that boots in between does not bring up half of its part.

// bootUnit is the name of the unit.
const bootUnit = "lvsctl-boot.service"

// defaultStateDir is the directory of the ledger that lvsctl takes by itself.
const defaultStateDir = "/var/lib/lvsctl"

// A keeping is what the steps of one cluster on a host want that can be kept over reboots.
type keeping struct {
	cluster  string // or "host"
	steps    []*step
	settings []resource.Sysctl
	modules  []resource.Module
}

// persist wants what brings the part of a host back after a reboot, unless that is off.
// A network namespace does not boot, so that it has to be asked for there.
func (d *Desired) persist(h *schema.Host) {
	var keepings []*keeping
	switch {
	case h.Persist == nil && h.Reach.Netns == "", h.Persist != nil && *h.Persist:
		keepings = d.keepings(h.Name)
	}
	if len(keepings) == 0 {
		return
	}
	source := schema.SourceOf(h.Range)
	where := func(f resource.Facts) bool { return h.Persist != nil || f.Systemd }
	var kept []*step
	for _, k := range keepings {
		s := d.step(h, k.cluster, "keep over reboots")
		for _, first := range k.steps {
			s.comesAfter(first, "what does not work yet must not come back")
		}
		if len(k.settings) > 0 {
			d.bootFile(s, resource.SysctlFile(k.cluster, k.settings), source, where)
		}
		if len(k.modules) > 0 {
			d.bootFile(s, resource.ModulesFile(k.cluster, k.modules), source, where)
		}
		kept = append(kept, s)
	}
	unit := d.step(h, "host", "write the unit that runs lvsctl boot")
	for i, s := range kept {
		unit.comesAfter(s, "what does not work yet must not come back")
		for _, first := range keepings[i].steps {
			unit.comesAfter(first, "what does not work yet must not come back")
		}
	}
	alone := !d.startsUnits(h.Name)
	d.bootFile(unit, unitFile(resource.Facts{}, alone), source, where)
	d.fit(unit, unitFile(resource.Facts{}, alone).Key(), func(f resource.Facts) resource.Resource {
		if !where(f) {
			return nil
		}
		return unitFile(f, alone)
	})
	if h.Reach.Netns != "" {
		return // systemd boots the machine, not this part of it
	}
	enabled := d.step(h, "host", "run lvsctl boot when the host boots")
	enabled.comesAfter(unit, "only a unit that is there can be enabled")
	d.wantWhere(enabled, resource.Unit{Name: bootUnit, Setting: resource.UnitEnabled, Value: "yes"}, source, withSystemd)
}

// bootFile wants a file that the system reads when it boots, and the directories that it
// is in.
func (d *Desired) bootFile(s *step, f resource.File, source resource.Source, where func(resource.Facts) bool) {
	d.parents(s, f.Path, source)
	for dir := path.Dir(f.Path); dir != "/"; dir = path.Dir(dir) {
		key := resource.Directory{Path: dir}.Key()
		d.fit(s, key, only(d.wants[s.Host].Get(key).state, where))
	}
	d.wantWhere(s, f, source, where)
}

// keepings lists what a host wants, by cluster, in the order of the steps.
func (d *Desired) keepings(host string) []*keeping {
	var list []*keeping
	of := map[string]*keeping{} // by cluster
	for _, s := range d.steps {
		if s.Host != host || s.empty() {
			continue
		}
		cluster, _, _ := strings.Cut(s.Name, ": ")
		k := of[cluster]
		if k == nil {
			k = &keeping{cluster: cluster}
			of[cluster] = k
			list = append(list, k)
		}
		k.add(s, d.wants[host])
	}
	return list
}

// add adds what a step wants.
func (k *keeping) add(s *step, wants *resource.ByKey[want]) {
	k.steps = append(k.steps, s)
	for _, key := range s.keys {
		switch r := wants.Get(key).state.(type) {
		case resource.Sysctl:
			if !forwards(r) {
				k.settings = append(k.settings, r)
			}
		case resource.Module:
			k.modules = append(k.modules, r)
		}
	}
}

// forwards tells the settings that make a host a router.
func forwards(s resource.Sysctl) bool {
	return s.Name == "net.ipv4.ip_forward" || strings.HasPrefix(s.Name, "net.") && strings.HasSuffix(s.Name, ".forwarding")
}

// startsUnits tells whether a host is to have units running.
func (d *Desired) startsUnits(host string) bool {
	for key, w := range d.wants[host].All() {
		if u, is := w.state.(resource.Unit); is && key.Kind == resource.KindUnit && u.Setting == resource.UnitRunning && u.Value == "yes" {
			return true
		}
	}
	return false
}

// unitFile is the unit that runs lvsctl boot on a host. Where lvsctl starts units itself,
// nothing waits for it: such a unit may come after one that does, and then each would wait
// for the other.
func unitFile(f resource.Facts, alone bool) resource.File {
	program, dir, flag := f.Program, f.StateDir, ""
	if program == "" {
		program = "lvsctl"
	}
	if dir == "" || dir == defaultStateDir {
		dir = defaultStateDir
	} else {
		flag = " --state-dir " + systemdWord(dir)
	}
	before := ""
	if alone {
		before = "Before=keepalived.service remote-fs-pre.target\n"
	}
	return resource.UnitFile(bootUnit, fmt.Sprintf(`[Unit]
Description=Set up again what lvsctl had on this host
Documentation=https://github.com/lvsctl/lvsctl
Wants=network-online.target
After=network-online.target nftables.service systemd-modules-load.service systemd-sysctl.service
%sRequiresMountsFor=%s
ConditionPathExists=%s/ledger

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=%s boot --lock-timeout 2m --wait 2m%s
TimeoutStartSec=15min

[Install]
WantedBy=multi-user.target
`, before, systemdWord(dir), strings.ReplaceAll(dir, "%", "%%"), systemdWord(program), flag))
}

// systemdWord is a word as it stands on a line of a unit (systemd.syntax(7)).
func systemdWord(s string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "$", "$$").Replace(s)
	if quoted == s && !strings.ContainsAny(s, " \t'") {
		return s
	}
	return `"` + quoted + `"`
}

// boots finds hosts that are to have their part back after a reboot and where nobody
// sees to that.
func (c *checker) boots(h *schema.Host) {
	snap, ok := c.snapshots[h.Name]
	if !ok || h.Persist == nil || !*h.Persist || snap.Facts.Systemd && h.Reach.Netns == "" {
		return
	}
	why := "has no systemd"
	if h.Reach.Netns != "" {
		why = "is a network namespace"
	}
	c.find(hcl.DiagWarning, h.Range.Ptr(), "Nothing runs lvsctl boot", "Host %s %s. What persist asks for is written there, but whatever starts it has to run \"lvsctl boot\" itself.", h.Name, why)
}
