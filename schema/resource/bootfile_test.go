package resource

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a file of sysctl.d sets, whoever wrote it.
func TestFileSysctls(t *testing.T) {
	ours := []Sysctl{{Name: "net.ipv4.conf.eth0/5.arp_ignore", Value: "1"}, {Name: "net.ipv4.tcp_rmem", Value: "4096 131072 6291456"}, {Name: "kernel.domainname", Value: ""}}
	tests := []struct {
		name string
		file File
		want []Sysctl
	}{
		{"ours", SysctlFile("web", ours), ours},
		{"of others", File{Path: "/etc/sysctl.d/x.conf", Content: "; no\n#net.a=1\n\nnet/ipv4/conf/eth0.5/rp_filter=2\nnet.b\n =3\n  -net.c  =  4 5 \n-net.ipv4.conf.*.x\nnet.d=6"},
			[]Sysctl{{Name: "net.ipv4.conf.eth0/5.rp_filter", Value: "2"}, {Name: "net.c", Value: "4 5"}, {Name: "net.d", Value: "6"}}},
		{"elsewhere", File{Path: "/etc/x.conf", Content: "net.a = 1\n"}, nil},
		{"below", File{Path: "/etc/sysctl.d/x/y.conf", Content: "net.a = 1\n"}, nil},
		{"not read", File{Path: "/etc/sysctl.d/x.conf.bak", Content: "net.a = 1\n"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.file.Sysctls()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
