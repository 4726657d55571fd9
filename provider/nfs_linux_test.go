package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// inHost runs f with the machine that a host of a topology is.
func inHost(t *testing.T, h *topo.Host, f func(m *Machine)) {
	t.Helper()
	h.Inside(func() {
		m, err := Open("1.2.3")
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		f(m)
	})
}

// nfsHosts are a server with two directories, a client, and a server that never answers.
func nfsHosts(t *testing.T) (server, client *topo.Host) {
	t.Helper()
	n := topo.New(t)
	server = n.Host("nfs", topo.NIC("eth0", "lan", "10.0.0.1/24", "fd00::1/64"))
	client = n.Host("client", topo.NIC("eth0", "lan", "10.0.0.2/24", "fd00::2/64"))
	server.Run("sh", "-ec", "mkdir -p -m 777 /opt/kgc '/opt/a b'; echo kgc >/opt/kgc/index.html; echo ab >'/opt/a b/index.html'; ln -s kgc /opt/link")
	client.Run("mkdir", "-p", "/var/www/html")
	return server, client
}

// daemons are the names of the processes of a host that have to do with NFS.
func daemons(h *topo.Host) string {
	out, _ := h.RunErr("sh", "-c", `pgrep -l --ns $$ --nslist net "^(rpc|nfs)" | cut -d " " -f 2 | sort | tr "\n" " "`)
	return strings.TrimSpace(out)
}

func startServer(t *testing.T, h *topo.Host) {
	t.Helper()
	h.Inside(func() {
		if err := startNFSServer(); err != nil {
			t.Fatal(err)
		}
	})
}

func stopServer(t *testing.T, h *topo.Host) {
	t.Helper()
	h.Inside(func() {
		if err := stopNFSServer(); err != nil {
			t.Fatal(err)
		}
	})
}

func expectRunning(t *testing.T, h *topo.Host, want bool) {
	t.Helper()
	h.Inside(func() {
		if got, err := nfsServerRunning(); err != nil || got != want {
			t.Errorf("running: %v, %v; want %v", got, err, want)
		}
	})
}

// The server is started once, also when a former start got stuck, and everything that was
// started goes with it.
func TestKernelNFSServer(t *testing.T) {
	server, _ := nfsHosts(t)
	before := server.Snapshot()
	expectRunning(t, server, false)
	startServer(t, server)
	expectRunning(t, server, true)
	const all = "nfsdcld rpc.mountd rpc.statd rpcbind"
	if got := daemons(server); got != all {
		t.Errorf("started %q, want %q", got, all)
	}
	if got := server.Run("cat", "/proc/fs/nfsd/threads"); got != "8\n" {
		t.Errorf("threads: %q", got)
	}
	server.Run("sh", "-c", "pkill -x --ns $$ --nslist net rpc.mountd")
	server.Run("umount", "/proc/fs/nfsd") // by which the kernel ends the threads
	expectRunning(t, server, false)
	startServer(t, server)
	startServer(t, server)
	if got := daemons(server); got != all {
		t.Errorf("started again: %q, want %q", got, all)
	}
	stopServer(t, server)
	stopServer(t, server)
	expectRunning(t, server, false)
	if got := daemons(server); got != "" {
		t.Errorf("left behind: %q", got)
	}
	if diff := cmp.Diff(before, server.Snapshot()); diff != "" {
		t.Errorf("start and stop changed (-before +after):\n%s", diff)
	}

	server.Inside(func() {
		if err := startRPCBind(); err != nil {
			t.Fatal(err)
		}
	})
	startServer(t, server)
	stopServer(t, server)
	if got := daemons(server); got != "rpcbind" {
		t.Errorf("%q runs, and rpcbind ran before", got)
	}
	server.Inside(func() {
		if err := stopRPCBind(); err != nil || rpcbindRunning() {
			t.Errorf("rpcbind runs still: %v", err)
		}
	})
	if diff := cmp.Diff(before, server.Snapshot()); diff != "" {
		t.Errorf("rpcbind changed (-before +after):\n%s", diff)
	}
}

func TestNFSToolMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := tool{"rpc.no-such", "nfs-kernel-server", time.Second}.run()
	if want := "rpc.no-such is not installed: Debian has it in the package nfs-kernel-server"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// A tool that takes too long is killed with what it has started, and a daemon that it
// leaves behind holds nothing up.
func TestToolTimeout(t *testing.T) {
	file := filepath.Join(t.TempDir(), "late")
	sh := tool{"sh", "dash", 300 * time.Millisecond}
	_, err := sh.run("-c", "(sleep 1; echo >"+file+") & wait")
	if err == nil || !strings.Contains(err.Error(), "did not end in time") {
		t.Errorf("got %v", err)
	}
	time.Sleep(1200 * time.Millisecond)
	if _, err := os.Stat(file); err == nil {
		t.Error("what it started goes on")
	}
	sh.timeout = 10 * time.Second
	began := time.Now()
	text, err := sh.run("-c", "sleep 5 & echo sh: done; echo also >&2")
	if err != nil || text != "done; also" || time.Since(began) > 4*time.Second {
		t.Errorf("%q, %v after %v", text, err, time.Since(began))
	}
	if _, err := sh.run("-c", "echo why >&2; exit 3"); err == nil || err.Error() != "sh: why" {
		t.Errorf("got %v", err)
	}
}

func TestKernelExport(t *testing.T) {
	server, _ := nfsHosts(t)
	e := func(path, client, options string) resource.Export {
		return resource.Export{Path: path, Client: client, Options: options}
	}
	lan, blank, ipv6 := e("/opt/kgc", "10.0.0.0/24", "fsid=7,rw"), e("/opt/a b", "*", "async,fsid=8"), e("/opt/kgc", "fd00::/64", "anonuid=7,fsid=7")
	inHost(t, server, func(m *Machine) {
		if got := read(t, m, lan); got.Len() != 0 {
			t.Errorf("no server, and it exports %v", got)
		}
	})
	startServer(t, server)
	before := server.Snapshot()
	inHost(t, server, func(m *Machine) {
		apply(t, m, create(lan), create(blank), create(ipv6), create(lan))
		expectRead(t, m, lan, blank, ipv6)
		readOnly := e("/opt/kgc", "10.0.0.0/24", "fsid=7")
		apply(t, m, update(lan, readOnly))
		expectRead(t, m, readOnly)
		linked := e("/opt/link", "10.0.0.0/24", "fsid=7")
		expectRead(t, m, linked)
	})
	exports := func() string { return strings.Join(strings.Fields(server.Run("exportfs", "-s")), " ") }
	good := exports()
	for _, want := range []string{
		"/opt/kgc 10.0.0.0/24(sync,wdelay,hide,no_subtree_check,fsid=7,sec=sys,ro,secure,root_squash,no_all_squash)",
		"/opt/kgc fd00::/64(sync,wdelay,hide,no_subtree_check,fsid=7,anonuid=7,sec=sys,ro,secure,root_squash,no_all_squash)",
		`*(async,wdelay,hide,no_subtree_check,fsid=8,sec=sys,ro,secure,root_squash,no_all_squash)`,
	} {
		if !strings.Contains(good, want) {
			t.Errorf("exportfs has no %s in\n%s", want, good)
		}
	}
	inHost(t, server, func(m *Machine) {
		fails(t, m, "/opt/none: no such file or directory", create(e("/opt/none", "*", "rw")))
		fails(t, m, "it is not a directory", create(e("/opt/kgc/index.html", "*", "rw")))
		fails(t, m, "does not support NFS export", create(e("/proc", "*", "rw")))
		fails(t, m, "Failed to resolve no-such-host", create(e("/opt/kgc", "no-such-host", "rw")))
		fails(t, m, `unknown keyword "nonsense"`, create(e("/opt/kgc", "10.9.9.9", "nonsense")))
		fails(t, m, "is not a client", create(e("/opt/kgc", "a b", "rw")))
		fails(t, m, `unknown keyword "nonsense"`, update(lan, e("/opt/kgc", "10.0.0.0/24", "nonsense")))
	})
	if diff := cmp.Diff(good, exports()); diff != "" {
		t.Errorf("what failed changed (-before +after):\n%s", diff)
	}
	inHost(t, server, func(m *Machine) {
		apply(t, m, remove(lan), remove(blank), remove(ipv6), remove(ipv6))
		if got := read(t, m, lan, blank, ipv6); got.Len() != 0 {
			t.Errorf("still there: %v", got)
		}
	})
	if diff := cmp.Diff(before, server.Snapshot()); diff != "" {
		t.Errorf("after all (-before +after):\n%s", diff)
	}
	stopServer(t, server)
}

// A client that has something mounted notices at once that it must not write any more,
// and that it may again.
func TestKernelExportTurnsReadOnly(t *testing.T) {
	server, client := nfsHosts(t)
	startServer(t, server)
	rw, ro := resource.Export{Path: "/opt/kgc", Client: "10.0.0.0/24", Options: "fsid=7,rw"}, resource.Export{Path: "/opt/kgc", Client: "10.0.0.0/24", Options: "fsid=7"}
	inHost(t, server, func(m *Machine) { apply(t, m, create(rw)) })
	client.Run("mount", "-t", "nfs", "-o", "vers=4.2", "10.0.0.1:/opt/kgc", "/var/www/html")
	client.Run("sh", "-c", "echo 1 >/var/www/html/one")
	inHost(t, server, func(m *Machine) { apply(t, m, update(rw, ro)) })
	if _, err := client.RunErr("sh", "-c", "echo 2 >/var/www/html/two"); err == nil || !strings.Contains(err.Error(), "Read-only file system") {
		t.Errorf("written to what is read-only: %v", err)
	}
	if got := client.Run("cat", "/var/www/html/one"); got != "1\n" {
		t.Errorf("read %q", got)
	}
	inHost(t, server, func(m *Machine) { apply(t, m, update(ro, rw)) })
	client.Run("sh", "-c", "echo 2 >/var/www/html/two")
	client.Run("umount", "/var/www/html")
	stopServer(t, server)
}
