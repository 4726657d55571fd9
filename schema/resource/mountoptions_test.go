package resource

import (
	"strings"
	"testing"
)

func TestMountOptions(t *testing.T) {
	tests := map[string]string{
		"":                            "",
		"defaults":                    "",
		"defaults,ro":                 "ro",
		"vers=4.2,ro,noatime,soft":    "vers=4.2,ro,noatime,soft",
		"rsize=65536,wsize=65536":     "rsize=65536,wsize=65536",
		"vers=4,minorversion=2":       "vers=4,minorversion=2",
		"x-systemd.automount,retry=1": "x-systemd.automount,retry=1",
		"nolock,nosuid,nodev,noexec":  "nolock,nosuid,nodev,noexec",
	}
	for text, want := range tests {
		if got, err := MountOptions(split(text)); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
	refused := []struct{ text, want string }{
		{" ", "not an option"}, {"a;ro,b", "no ','"}, {"ro rw", "no ' '"}, {"-t", "not an option"}, {"=x", "not an option"},
		{"context=\"a:b\"", "no '\"'"}, {"a\nb", "no '\\n'"}, {"a\\040", "not an option"},
		{"ro;rw", `"ro" and "rw" say`}, {"ro;ro", `"ro" is there twice`}, {"suid;nosuid", "contradict"}, {"hard;softerr", "contradict"},
		{"vers=3;nfsvers=3", "contradict"}, {"vers=3;v4.2", "contradict"}, {"atime;noatime", "contradict"}, {"tcp;proto=udp", "contradict"},
		{"timeo=5;timeo=6", "contradict"}, {"remount", "cannot be asked for"}, {"noauto", "elsewhere"}, {"_netdev", "added where"},
		{"bg", "later time"}, {"addr=192.0.2.1", "follows from the source"},
	}
	for _, tt := range refused {
		list := strings.Split(tt.text, ";")
		if got, err := MountOptions(list); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %q, %v; want …%s…", list, got, err, tt.want)
		}
	}
	if got, err := MountOptions([]string{""}); err == nil {
		t.Errorf("nothing as an option: %q", got)
	}
}

// What passes can be one field of fstab(5), and passes again.
func FuzzMountOptions(f *testing.F) {
	f.Add("vers=4.2,ro,defaults")
	f.Add("nosuid,x-a=\\040")
	f.Fuzz(func(t *testing.T, text string) {
		first, err := MountOptions(strings.Split(text, ","))
		if err != nil {
			return
		}
		if again, err := MountOptions(split(first)); err != nil || again != first {
			t.Errorf("%q: %q, then %q, %v", text, first, again, err)
		}
		line := FstabLine(Mount{Source: "a:/b c", Target: "/d\te", Type: "nfs", Options: first}, false)
		if n := len(strings.Fields(line)); n != 6 {
			t.Errorf("%q has %d fields", line, n)
		}
	})
}

const shown = "relatime,rw,vers=4.2,rsize=262144,wsize=262144,namlen=255,hard,proto=tcp,timeo=600,retrans=2,sec=sys,clientaddr=192.0.2.2,local_lock=none,addr=192.0.2.1"

func nfsMount(options string) Mount {
	return Mount{Target: "/var/www/html", Source: "192.0.2.1:/opt/kgc", Type: "nfs", Options: options}
}

func TestMountServes(t *testing.T) {
	readOnly := strings.Replace(shown, "rw,", "ro,", 1)
	tests := []struct {
		wanted, live string
		want         bool
	}{
		{"", shown, true},
		{"", readOnly, false},
		{"rw", shown, true},
		{"ro", shown, false},
		{"ro", readOnly, true},
		{"rw", readOnly, false},
		{"vers=4.2", shown, true},
		{"vers=4", shown, true},
		{"nfsvers=4.2", shown, true},
		{"v4.2", shown, true},
		{"vers=4,minorversion=2", shown, true},
		{"vers=4,minorversion=1", shown, false},
		{"vers=4.1", shown, false},
		{"vers=3", shown, false},
		{"vers=4.2", strings.Replace(shown, "4.2", "4.0", 1), false},
		{"vers=4", strings.Replace(shown, "4.2", "4.0", 1), true},
		{"hard", shown, true},
		{"soft", shown, false},
		{"soft", strings.Replace(shown, "hard", "soft", 1), true},
		{"hard", strings.Replace(shown, "hard", "soft", 1), false},
		{"tcp", shown, true},
		{"udp", shown, false},
		{"proto=tcp6", shown, false},
		{"timeo=600", shown, true},
		{"timeo=50", shown, false},
		{"rsize=1048576", shown, true},
		{"rsize=65536", shown, false},
		{"rsize=x", shown, false},
		{"noatime", shown, false},
		{"relatime", shown, true},
		{"suid,dev,exec,async,cto,lock", shown, true},
		{"nosuid", shown, false},
		{"suid", "nosuid," + shown, false},
		{"nosuid", "nosuid," + shown, true},
		{"lock", "nolock," + shown, false},
		{"nolock", shown, false},
		{"fsc", shown, false},
		{"retry=0,x-systemd.automount,intr", shown, true},
		{"sec=krb5", shown, false},
	}
	for _, tt := range tests {
		if got := nfsMount(tt.wanted).Serves(nfsMount(tt.live)); got != tt.want {
			t.Errorf("%q by %q: %v", tt.wanted, tt.live, got)
		}
	}
	for _, live := range []Mount{
		{Target: "/x", Source: "192.0.2.1:/opt/kgc", Type: "nfs", Options: shown},
		{Target: "/var/www/html", Source: "192.0.2.9:/opt/kgc", Type: "nfs", Options: shown},
		{Target: "/var/www/html", Source: "192.0.2.1:/opt/kgc", Type: "ext4", Options: shown},
	} {
		if nfsMount("").Serves(live) {
			t.Errorf("%s serves", live)
		}
	}
}

func TestMountInPlace(t *testing.T) {
	tests := []struct {
		from, to string
		want     bool
	}{
		{"rw", "ro", true},
		{"vers=4.2", "ro,vers=4.2", true},
		{"vers=4.2,soft", "soft,nosuid,noexec,noatime,vers=4.2", true},
		{"vers=4.2", "vers=3", false},
		{"ro", "rw,soft", false},
		{"", "nolock", false},
	}
	for _, tt := range tests {
		if got := nfsMount(tt.from).InPlace(nfsMount(tt.to)); got != tt.want {
			t.Errorf("%q to %q: %v", tt.from, tt.to, got)
		}
	}
	other := nfsMount("")
	other.Source = "192.0.2.9:/opt/kgc"
	if nfsMount("").InPlace(other) {
		t.Error("another source in place")
	}
	forced := nfsMount("")
	forced.Force = true
	if !nfsMount("").InPlace(forced) {
		t.Error("force is no matter of the kernel")
	}
}

func TestFstabLine(t *testing.T) {
	tests := []struct {
		m      Mount
		noauto bool
		want   string
	}{
		{nfsMount("vers=4.2,ro"), false, "192.0.2.1:/opt/kgc /var/www/html nfs vers=4.2,ro,_netdev,nofail 0 0"},
		{nfsMount(""), true, "192.0.2.1:/opt/kgc /var/www/html nfs noauto,_netdev,nofail 0 0"},
		{Mount{Target: "/a b", Source: "/dev/sd#1", Type: "ext4"}, false, `/dev/sd\0431 /a\040b ext4 defaults 0 0`},
		{Mount{Target: "/a\tb\\", Source: "x", Type: "tmpfs", Options: "size=1m"}, false, `x /a\011b\134 tmpfs size=1m 0 0`},
	}
	for _, tt := range tests {
		if got := FstabLine(tt.m, tt.noauto); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}

func TestMountFlagged(t *testing.T) {
	tests := []struct{ asked, before, now, want string }{
		{"vers=4.2", "rw,vers=4.2,hard", "ro,vers=4.2,hard", "vers=4.2,ro"},
		{"rw,vers=4.2", "rw,vers=4.2,hard", "ro,vers=4.2,hard", "vers=4.2,ro"},
		{"ro,vers=4.2", "ro,vers=4.2,hard", "rw,vers=4.2,hard", "vers=4.2,rw"},
		{"nosuid,noatime", "nosuid,noatime,rw,hard", "relatime,rw,hard", "relatime"},
		{"soft", "rw,soft", "nodev,rw,soft", "soft,nodev"},
		{"soft", "rw,soft", "rw,soft", "soft"},
	}
	for _, tt := range tests {
		if got, ok := nfsMount(tt.asked).Flagged(tt.before, tt.now); !ok || got.Options != tt.want {
			t.Errorf("%+v: %q, %v", tt, got.Options, ok)
		}
	}
	if got, ok := nfsMount("").Flagged("rw,hard", "rw,soft"); ok {
		t.Errorf("soft is a flag: %s", got)
	}
}
