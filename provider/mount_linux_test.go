package provider

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
	"github.com/lvsctl/lvsctl/schema/resource"
)

func nfsMount(source, options string) resource.Mount {
	return resource.Mount{Target: "/var/www/html", Source: source, Type: "nfs", Options: options}
}

// sharing are hosts of which one exports two directories.
func sharing(t *testing.T) (server, client *topo.Host) {
	t.Helper()
	server, client = nfsHosts(t)
	startServer(t, server)
	server.Run("exportfs", "-o", "rw,fsid=7,no_subtree_check", "10.0.0.0/24:/opt/kgc")
	server.Run("exportfs", "-o", "rw,fsid=8,no_subtree_check", "10.0.0.0/24:/opt/a b")
	return server, client
}

// mountLine is the line of mountinfo for what is mounted last at a place.
func mountLine(t *testing.T, h *topo.Host) string {
	t.Helper()
	last := ""
	for line := range strings.Lines(h.Run("cat", "/proc/self/mountinfo")) {
		if strings.Contains(line, " /var/www/html ") {
			last = line
		}
	}
	return last
}

func expectMounted(t *testing.T, h *topo.Host, words ...string) {
	t.Helper()
	line := mountLine(t, h)
	for _, w := range words {
		if !strings.Contains(line, w) {
			t.Errorf("%q is not in %q", w, line)
		}
	}
}

// What was asked for is what is read, until somebody changes it.
func TestKernelMount(t *testing.T) {
	_, client := sharing(t)
	before := client.Snapshot()
	kgc, blank := nfsMount("10.0.0.1:/opt/kgc", "vers=4.2,nosuid"), nfsMount("10.0.0.1:/opt/a b", "vers=4.2,nosuid")
	inHost(t, client, func(m *Machine) {
		apply(t, m, create(kgc))
		expectRead(t, m, kgc)
		apply(t, m, create(kgc)) // again, as after a crash
	})
	expectMounted(t, client, " nfs4 10.0.0.1:/opt/kgc ", "vers=4.2", "nosuid", "rw,")
	if got := client.Run("grep", "-c", " /var/www/html ", "/proc/self/mountinfo"); got != "1\n" {
		t.Errorf("mounted %s times", got)
	}
	if got := client.Run("cat", "/var/www/html/index.html"); got != "kgc\n" {
		t.Errorf("read %q", got)
	}

	// Remounted by hand.
	client.Run("mount", "-o", "remount,ro,nosuid", "/var/www/html")
	readOnly := nfsMount("10.0.0.1:/opt/kgc", "vers=4.2,nosuid,ro")
	reader := client.Start("sh", "-c", "exec 3</var/www/html/index.html; cd /; exec sleep 1000")
	inHost(t, client, func(m *Machine) {
		expectRead(t, m, readOnly)
		apply(t, m, update(readOnly, kgc)) // in place: it is in use
		expectRead(t, m, kgc)
	})
	client.Run("sh", "-c", "echo 1 >/var/www/html/one")

	// Another one in its place: not while it is in use, and not if it is not there.
	inHost(t, client, func(m *Machine) {
		fails(t, m, "unmount /var/www/html: it is in use: sleep (pid", update(kgc, blank))
		fails(t, m, ") has /var/www/html/index.html open", remove(kgc))
		expectRead(t, m, kgc)
	})
	reader.Signal(9)
	reader.Wait()
	inHost(t, client, func(m *Machine) {
		fails(t, m, "10.0.0.1:/opt/kgc is mounted there again", update(kgc, nfsMount("10.0.0.1:/opt/none", "vers=4.2,nosuid")))
		expectRead(t, m, kgc)
		apply(t, m, update(kgc, blank))
		expectRead(t, m, blank)
	})
	if got := client.Run("cat", "/var/www/html/index.html"); got != "ab\n" {
		t.Errorf("read %q", got)
	}

	// Mounted by others.
	client.Run("umount", "/var/www/html")
	client.Run("mount", "-t", "nfs", "-o", "vers=4.2,soft", "10.0.0.1:/opt/kgc", "/var/www/html")
	inHost(t, client, func(m *Machine) {
		foreign, ok := read(t, m, kgc).Get(kgc.Key()).(resource.Mount)
		if !ok || !nfsMount("10.0.0.1:/opt/kgc", "vers=4.2,soft").Serves(foreign) || kgc.Serves(foreign) {
			t.Errorf("read %s", foreign)
		}
		fails(t, m, "something else is mounted on /var/www/html: 10.0.0.1:/opt/kgc type nfs", remove(blank))
		apply(t, m, update(foreign, kgc), update(kgc, foreign), remove(foreign), remove(foreign))
	})
	if diff := cmp.Diff(before, client.Snapshot()); diff != "" {
		t.Errorf("after all (-before +after):\n%s", diff)
	}
}

// NFS 3 needs rpcbind on the client, for locks.
func TestKernelMountVersion3(t *testing.T) {
	_, client := sharing(t)
	client.Inside(func() {
		if err := startRPCBind(); err != nil {
			t.Fatal(err)
		}
	})
	v3 := nfsMount("10.0.0.1:/opt/kgc", "vers=3")
	inHost(t, client, func(m *Machine) {
		apply(t, m, create(v3))
		expectRead(t, m, v3)
	})
	expectMounted(t, client, " nfs 10.0.0.1:/opt/kgc ", "vers=3")
	if got := client.Run("cat", "/var/www/html/index.html"); got != "kgc\n" {
		t.Errorf("read %q", got)
	}
	inHost(t, client, func(m *Machine) { apply(t, m, remove(v3)) })
	if line := mountLine(t, client); line != "" {
		t.Errorf("mounted: %s", line)
	}
}

// What cannot be mounted fails within a bound, and leaves nothing behind.
func TestKernelMountFails(t *testing.T) {
	server, client := sharing(t)
	kgc := nfsMount("10.0.0.1:/opt/kgc", "vers=4.2")
	inHost(t, client, func(m *Machine) {
		fails(t, m, "mount 10.0.0.1:/opt/none on /var/www/html: ", create(nfsMount("10.0.0.1:/opt/none", "vers=4.2")))
		none := kgc
		none.Target = "/var/www/none"
		fails(t, m, "the mount point /var/www/none does not exist", create(none))
		none.Target = "/etc/passwd"
		fails(t, m, "the mount point /etc/passwd is not a directory", create(none))
		apply(t, m, create(kgc))
	})
	server.Run("nft", "add table inet silent; add chain inet silent in { type filter hook input priority 0; policy drop; }")
	forced := kgc
	forced.Force = true
	inHost(t, client, func(m *Machine) {
		began := time.Now()
		apply(t, m, update(kgc, forced), remove(forced)) // although its server does not answer
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("unmounting by force took %v", took)
		}
		began = time.Now()
		fails(t, m, "mount 10.0.0.1:/opt/kgc on /var/www/html: ", create(kgc))
		if took := time.Since(began); took > mountTimeout+15*time.Second {
			t.Errorf("failing took %v", took)
		}
	})
	time.Sleep(time.Second)
	if got := client.Run("sh", "-c", "ps axo comm | grep -c '^mount' || true"); got != "0\n" {
		t.Errorf("%s processes are left", strings.TrimSpace(got))
	}
	if line := mountLine(t, client); line != "" {
		t.Errorf("mounted: %s", line)
	}
}

func TestShownOptions(t *testing.T) {
	for _, tt := range []struct{ flags, options, want string }{
		{"rw,relatime", "rw,vers=4.2", "rw,relatime,vers=4.2"},
		{"ro,relatime", "rw,vers=4.2", "ro,relatime,vers=4.2"},
		{"rw,nosuid", "ro", "nosuid,ro"},
		{"rw", "", "rw"},
	} {
		if got := shownOptions(tt.flags, tt.options); got != tt.want {
			t.Errorf("%s and %s: %s, want %s", tt.flags, tt.options, got, tt.want)
		}
	}
}
