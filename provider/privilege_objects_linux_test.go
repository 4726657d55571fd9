package provider

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// trialOf is what a need is tried on. Files are in a directory of its own.
func trialOf(t *testing.T, n need, dir string) trial {
	t.Helper()
	switch n.kind {
	case resource.KindMark, resource.KindSourceNAT, resource.KindMSS:
		return filterTrial(n.kind)
	case resource.KindTimeout, resource.KindSyncDaemon, resource.KindService, resource.KindDestination:
		return balancerTrial(n.kind)
	case resource.KindDirectory, resource.KindFile, resource.KindBlock:
		return fileTrial(t, n, dir)
	case resource.KindModule, resource.KindSysctl, resource.KindUnit, resource.KindExport, resource.KindMount:
		return systemTrial(n, dir)
	}
	return networkTrial(n.kind)
}

// networkTrial is for what iproute2 can do, too.
func networkTrial(kind resource.Kind) trial {
	switch kind {
	case resource.KindLink:
		dummy := func(name string) resource.Link { return resource.Link{Name: name, Type: resource.LinkDummy} }
		return trial{
			setUp: "ip link add there type dummy", judge: "ip -d link", shows: []string{"new"},
			found: []resource.Resource{dummy("there")}, changes: []resource.Change{create(dummy("new")), remove(dummy("there"))},
		}
	case resource.KindLinkSetting:
		mtu := func(value string) resource.LinkSetting {
			return resource.LinkSetting{Link: "eth0", Name: resource.LinkMTU, Value: value}
		}
		return trial{
			judge: "ip link show eth0", shows: []string{"mtu 1400"},
			found: []resource.Resource{mtu("1500")}, changes: []resource.Change{update(mtu("1500"), mtu("1400"))},
		}
	case resource.KindFOU:
		port := func(n uint16) resource.FOU { return resource.FOU{Family: resource.IPv4, Port: n, GUE: true} }
		return trial{
			setUp: "ip fou add port 5555 gue", judge: "ip fou show", shows: []string{"5556"},
			found: []resource.Resource{port(5555)}, changes: []resource.Change{create(port(5556)), remove(port(5555))},
		}
	case resource.KindAddress:
		vip := func(n string) resource.Address { return resource.Address{Link: "eth0", Prefix: prefix(n)} }
		return trial{
			setUp: "ip addr add 192.0.2.20/32 dev eth0", judge: "ip addr", shows: []string{"192.0.2.21"},
			found: []resource.Resource{vip("192.0.2.20/32")}, changes: []resource.Change{create(vip("192.0.2.21/32")), remove(vip("192.0.2.20/32"))},
		}
	case resource.KindRoute:
		to := func(p, source string) resource.Route {
			return resource.Route{Table: 254, Prefix: prefix(p), Source: addr(source), Link: "eth0", Scope: resource.ScopeLink, Protocol: resource.ProtocolStatic}
		}
		there, gone := to("198.51.100.0/24", "192.0.2.10"), to("203.0.113.0/24", "192.0.2.10")
		edited := there
		edited.Source = addr("192.0.2.11")
		return trial{
			setUp: "ip addr add 192.0.2.11/32 dev eth0; for p in 198.51.100.0 203.0.113.0; do ip route add $p/24 dev eth0 proto static src 192.0.2.10; done",
			judge: "ip route", shows: []string{"198.51.101.0", "src 192.0.2.11"},
			found:   []resource.Resource{there, gone},
			changes: []resource.Change{create(to("198.51.101.0/24", "192.0.2.10")), update(there, edited), remove(gone)},
		}
	}
	rule := func(table uint32) resource.Rule {
		return resource.Rule{Family: resource.IPv4, Priority: 1000, Mark: table, Table: table}
	}
	return trial{
		setUp: "ip rule add fwmark 7 priority 1000 table 7", judge: "ip rule", shows: []string{"lookup 8"},
		found: []resource.Resource{rule(7)}, changes: []resource.Change{create(rule(8)), remove(rule(7))},
	}
}

// filterTrial is for rules of nftables.
func filterTrial(kind resource.Kind) trial {
	const judge = "nft list ruleset"
	switch kind {
	case resource.KindMark:
		mark := func(port uint16, mark uint32) resource.Mark {
			return resource.Mark{To: prefix("192.0.2.1/32"), Protocol: resource.TCP, First: port, Last: port, Mark: mark}
		}
		return trial{
			judge: judge, there: []resource.Resource{mark(80, 1), mark(81, 1)}, shows: []string{"dport 82", "0x00000005"},
			changes: []resource.Change{create(mark(82, 1)), update(mark(80, 1), mark(80, 5)), remove(mark(81, 1))},
		}
	case resource.KindSourceNAT:
		nat := func(port uint16) resource.SourceNAT {
			return resource.SourceNAT{Service: resource.AddrService(resource.TCP, addr("192.0.2.1"), port), First: addr("192.0.2.10"), Last: addr("192.0.2.10")}
		}
		return trial{
			judge: judge, there: []resource.Resource{nat(1080)}, shows: []string{"1081"},
			changes: []resource.Change{create(nat(1081)), remove(nat(1080))},
		}
	}
	mss := func(from string, size uint16) resource.MSS { return resource.MSS{From: addr(from), Size: size} }
	return trial{
		judge: judge, there: []resource.Resource{mss("192.0.2.2", 1400)}, shows: []string{"192.0.2.3", "1360"},
		changes: []resource.Change{create(mss("192.0.2.3", 1300)), update(mss("192.0.2.2", 1400), mss("192.0.2.2", 1360))},
	}
}

// balancerTrial is for what IPVS has.
func balancerTrial(kind resource.Kind) trial {
	web := service("192.0.2.1:80")
	switch kind {
	case resource.KindTimeout:
		tcp := func(seconds uint32) resource.Timeout {
			return resource.Timeout{Name: resource.TimeoutTCP, Seconds: seconds}
		}
		return trial{
			setUp: "ipvsadm --set 900 0 0", judge: "ipvsadm -L --timeout", shows: []string{"600"},
			found: []resource.Resource{tcp(900)}, changes: []resource.Change{update(tcp(900), tcp(600))},
		}
	case resource.KindSyncDaemon:
		daemon := func(role resource.SyncRole) resource.SyncDaemon {
			return resource.SyncDaemon{Role: role, Interface: "eth0", ID: 1, MaxLen: 1472, Group: addr("224.0.0.81"), Port: 8848, TTL: 1}
		}
		return trial{
			judge: "ipvsadm -L --daemon", there: []resource.Resource{daemon(resource.SyncMaster)}, shows: []string{"backup sync daemon"},
			changes: []resource.Change{create(daemon(resource.SyncBackup)), remove(daemon(resource.SyncMaster))},
		}
	case resource.KindService:
		edited := web
		edited.Scheduler = "wlc"
		return trial{
			setUp: "modprobe ip_vs_wlc; ipvsadm -A -t 192.0.2.1:80 -s rr", judge: "ipvsadm -Sn", shows: []string{"192.0.2.1:81", "-s wlc"},
			found: []resource.Resource{web}, changes: []resource.Change{create(service("192.0.2.1:81")), update(web, edited)},
		}
	}
	there, gone := realServer(web, "192.0.2.2:80"), realServer(web, "192.0.2.4:80")
	edited := there
	edited.Weight = 5
	return trial{
		setUp: "for n in 2 4; do ipvsadm -a -t 192.0.2.1:80 -r 192.0.2.$n:80 -g; done", judge: "ipvsadm -Sn", shows: []string{"192.0.2.3:80", "-w 5"},
		found: []resource.Resource{there, gone}, changes: []resource.Change{create(realServer(web, "192.0.2.3:80")), update(there, edited), remove(gone)},
	}
}

// fileTrial is for directories, files and blocks, of root and of the user daemon.
func fileTrial(t *testing.T, n need, dir string) trial {
	t.Helper()
	owner, place, mode := "root", 0, os.FileMode(0o755)
	switch n.which {
	case belowMount:
		return coveredTrial(t, dir)
	case givenAway:
		owner = "daemon"
	case closedAway:
		owner, place, mode = "daemon", daemon, 0o700
	}
	plantDirectory(t, dir, place, mode)
	if n.which == withSetID {
		f := resource.File{Path: dir + "/new", Content: "new\n", Mode: 0o2755, Owner: "root", Group: "daemon"}
		return trial{dir: dir, changes: []resource.Change{create(f)}, shows: []string{"new 0102755 0:1 "}}
	}
	id := map[string]int{"root": 0, "daemon": daemon}[owner]
	switch n.kind {
	case resource.KindDirectory:
		return directoryTrial(t, dir, owner, id)
	case resource.KindFile:
		return wholeFileTrial(t, dir, owner, id)
	}
	plantFile(t, dir+"/there", "# BEGIN lvsctl old\nold\n# END lvsctl old\n", id)
	b := func(name, content string) resource.Block {
		return resource.Block{Path: dir + "/there", Name: name, Comment: "#", Content: resource.Text(content)}
	}
	return trial{
		dir: dir, found: []resource.Resource{b("old", "old\n")}, deny: 1, shows: []string{"edited"},
		changes: []resource.Change{create(b("new", "new\n")), update(b("new", "new\n"), b("new", "edited\n")), remove(b("old", "old\n"))},
	}
}

func directoryTrial(t *testing.T, dir, owner string, id int) trial {
	t.Helper()
	d := func(name string, mode resource.Mode) resource.Directory {
		return resource.Directory{Path: dir + "/" + name, Mode: mode, Owner: owner, Group: owner}
	}
	plantDirectory(t, dir+"/there", id, 0o755)
	plantDirectory(t, dir+"/gone", id, 0o755)
	return trial{
		dir: dir, found: []resource.Resource{d("there", 0o755)}, deny: 1,
		changes: []resource.Change{create(d("new", 0o750)), update(d("there", 0o755), d("there", 0o700)), remove(d("gone", 0o755))},
		shows:   []string{fmt.Sprintf("new 0040750 %[1]d:%[1]d ", id), fmt.Sprintf("there 0040700 %[1]d:%[1]d ", id)},
	}
}

func wholeFileTrial(t *testing.T, dir, owner string, id int) trial {
	t.Helper()
	f := func(name, content string) resource.File {
		return resource.File{Path: dir + "/" + name, Content: resource.Text(content), Mode: 0o644, Owner: owner, Group: owner}
	}
	plantFile(t, dir+"/there", "old\n", id)
	plantFile(t, dir+"/gone", "old\n", id)
	return trial{
		dir: dir, found: []resource.Resource{f("there", "old\n")}, deny: 2,
		changes: []resource.Change{create(f("new", "new\n")), update(f("there", "old\n"), f("there", "edited\n")), remove(f("gone", "old\n"))},
		shows:   []string{fmt.Sprintf("new 0100644 %[1]d:%[1]d ", id), "edited"},
	}
}

// daemon is the number of the user daemon and of its group.
const daemon = 1

func plantDirectory(t *testing.T, path string, id int, mode os.FileMode) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(path, mode), os.Chown(path, id, id), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

func plantFile(t *testing.T, path, content string, id int) {
	t.Helper()
	plant(t, path, content, 0o644)
	if err := os.Chown(path, id, id); err != nil {
		t.Fatal(err)
	}
}

// coveredTrial is for a directory that something is mounted on.
func coveredTrial(t *testing.T, dir string) trial {
	t.Helper()
	plantDirectory(t, dir+"/there", 0, 0o755)
	d := func(mode resource.Mode) resource.Directory {
		return resource.Directory{Path: dir + "/there", Mode: mode, Owner: "root", Group: "root"}
	}
	return trial{
		judge: fmt.Sprintf("unshare -m sh -c 'umount %[1]s/there; stat -c %%a %[1]s/there'", dir), shows: []string{"750"},
		there: []resource.Resource{memoryMount(dir+"/there", "size=1m")}, found: []resource.Resource{d(0o755)},
		changes: []resource.Change{update(d(0o755), d(0o750))},
	}
}

// memoryMount is a mount that needs no server.
func memoryMount(target, options string) resource.Mount {
	return resource.Mount{Target: target, Source: "tmpfs", Type: "tmpfs", Options: options}
}

// systemTrial is for what goes by the user root, systemd and programs.
func systemTrial(n need, dir string) trial {
	switch n.kind {
	case resource.KindModule:
		return trial{
			setUp: "modprobe -q -r nlmon || true", judge: "cut -d ' ' -f 1 /proc/modules", shows: []string{"nlmon"},
			found: []resource.Resource{resource.Module{Name: "ip_vs"}}, changes: []resource.Change{create(resource.Module{Name: "nlmon"})},
		}
	case resource.KindSysctl:
		name := map[string]string{belowNet: "net.ipv4.conf.eth0.arp_ignore", elsewhere: "kernel.panic"}[n.which]
		if n.which == belowNet && n.user == otherUser {
			name = "net.ipv4.conf.eth0.arp_announce"
		}
		s := func(value string) resource.Sysctl { return resource.Sysctl{Name: name, Value: value} }
		return trial{
			setUp: "sysctl -qw " + name + "=0", judge: "sysctl " + name, shows: []string{"= 1"},
			found: []resource.Resource{s("0")}, changes: []resource.Change{update(s("0"), s("1"))},
		}
	case resource.KindUnit:
		unit := filepath.Base(dir) + ".service"
		return trial{
			setUp: "printf '[Service]\\nExecStart=sleep 1000\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/" + unit + "; systemctl daemon-reload",
			judge: "systemctl show -p ActiveState -p UnitFileState " + unit, shows: []string{"=active", "=enabled"},
			found: []resource.Resource{running(unit, "no"), setting(unit, resource.UnitEnabled, "no")},
			changes: []resource.Change{
				update(running(unit, "no"), running(unit, "yes")), update(setting(unit, resource.UnitEnabled, "no"), setting(unit, resource.UnitEnabled, "yes")),
			},
		}
	case resource.KindExport:
		e := func(client string) resource.Export {
			return resource.Export{Path: dir, Client: client, Options: "fsid=" + dir[len(dir)-2:]}
		}
		return trial{
			setUp: fmt.Sprintf(`mkdir %[1]s; test -e /proc/fs/nfsd/threads || { mount -t nfsd nfsd /proc/fs/nfsd; rpc.nfsd -N 3 1; }
exportfs -i -o %[2]s 10.0.1.0/24:%[1]s`, dir, e("").Options), judge: "exportfs -s | grep " + dir, shows: []string{"10.0.2.0/24"},
			found: []resource.Resource{e("10.0.1.0/24")}, changes: []resource.Change{create(e("10.0.2.0/24")), remove(e("10.0.1.0/24"))},
		}
	}
	there, gone := memoryMount(dir+"/there", "size=1m"), memoryMount(dir+"/gone", "size=1m")
	return trial{
		setUp: fmt.Sprintf("mkdir -p %[1]s/there %[1]s/gone %[1]s/new", dir), judge: "grep " + dir + " /proc/self/mountinfo", shows: []string{"/new ", " ro,"},
		there:   []resource.Resource{there, gone},
		deny:    1,
		changes: []resource.Change{create(memoryMount(dir+"/new", "size=1m")), update(there, memoryMount(dir+"/there", "size=1m,ro")), remove(gone)},
	}
}
