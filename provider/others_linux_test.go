package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Programs that keep services in IPVS are found by their processes, in this namespace
// alone.
func TestOthers(t *testing.T) {
	const own, other = "net:[1]", "net:[2]"
	type process struct {
		args      []string
		namespace string
		file      string // /etc/keepalived/keepalived.conf
	}
	tests := []struct {
		name      string
		processes []process
		links     []string
		want      []string
	}{
		{"nothing", []process{{[]string{"/usr/sbin/sshd", "-D"}, own, ""}, {nil, own, ""}}, []string{"lo"}, nil},
		{"keepalived", []process{{[]string{"/usr/sbin/keepalived", "-n"}, own, "x\n  virtual_server 10.0.0.1 80 {\n"}}, nil, []string{"keepalived"}},
		{"keepalived for VRRP alone", []process{{[]string{"/usr/sbin/keepalived"}, own, "vrrp_instance a {\n # virtual_server\n}\n"}}, nil, nil},
		{"keepalived told so", []process{{[]string{"keepalived", "--vrrp"}, own, "virtual_server 10.0.0.1 80 {\n"}}, nil, nil},
		{"keepalived with more files", []process{{[]string{"keepalived"}, own, "include conf.d/*\n"}}, nil, []string{"keepalived"}},
		{"keepalived with another file", []process{{[]string{"keepalived", "-f", "/no/such"}, own, ""}}, nil, []string{"keepalived"}},
		{"keepalived elsewhere", []process{{[]string{"keepalived"}, other, "virtual_server 10.0.0.1 80 {\n"}}, nil, nil},
		{"ldirectord, twice", []process{{[]string{"/usr/bin/perl", "/usr/sbin/ldirectord", "start"}, own, ""}, {[]string{"/usr/sbin/ldirectord"}, own, ""}}, nil, []string{"ldirectord"}},
		{"somebody edits it", []process{{[]string{"vi", "x", "ldirectord"}, own, ""}}, nil, nil},
		{"kube-proxy", nil, []string{"eth0", "kube-ipvs0"}, []string{"kube-proxy"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			proc := t.TempDir()
			link := func(dir, target string) {
				if err := os.MkdirAll(filepath.Join(proc, dir), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(target, filepath.Join(proc, dir, "net")); err != nil {
					t.Fatal(err)
				}
			}
			write := func(name, text string) {
				path := filepath.Join(proc, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			link("self/ns", own)
			for i, p := range test.processes {
				dir := string(rune('1' + i))
				link(dir+"/ns", p.namespace)
				line := ""
				if len(p.args) > 0 {
					line = strings.Join(p.args, "\x00") + "\x00"
				}
				write(dir+"/cmdline", line)
				write(dir+"/root/etc/keepalived/keepalived.conf", p.file)
			}
			got, err := others(proc, test.links)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
