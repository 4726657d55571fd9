package ipvs

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestAvailableSchedulers(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	const ipvs = "kernel/net/netfilter/ipvs/"
	tests := []struct {
		name string
		root fstest.MapFS
		want []string
	}{
		{"nothing installed", fstest.MapFS{}, nil},
		{"loaded", fstest.MapFS{"sys/module/ip_vs/refcnt": file(""), "sys/module/ip_vs_wrr/refcnt": file(""), "sys/module/ip_vs_pe_sip/refcnt": file("")}, []string{"wrr"}},
		{"loadable", fstest.MapFS{"lib/modules/6.1.0-1-amd64/modules.dep": file(
			ipvs + "ip_vs_wlc.ko.xz: " + ipvs + "ip_vs.ko.xz kernel/lib/libcrc32c.ko.xz\n" +
				ipvs + "ip_vs.ko.xz: kernel/lib/libcrc32c.ko.xz\n" +
				ipvs + "ip_vs_pe_sip.ko: " + ipvs + "ip_vs_rr.ko\n" +
				ipvs + "ip_vs_dh.ko:\n")}, []string{"dh", "wlc"}},
		{"built in", fstest.MapFS{"lib/modules/6.1.0-1-amd64/modules.builtin": file(ipvs + "ip_vs_mh.ko\n" + ipvs + "ip_vs_rr.ko\n")}, []string{"mh", "rr"}},
		{"another release", fstest.MapFS{"lib/modules/5.10/modules.dep": file(ipvs + "ip_vs_rr.ko:\n")}, nil},
		{"all three", fstest.MapFS{
			"sys/module/ip_vs_sh/refcnt":                file(""),
			"lib/modules/6.1.0-1-amd64/modules.builtin": file(ipvs + "ip_vs_rr.ko\n"),
			"lib/modules/6.1.0-1-amd64/modules.dep":     file(ipvs + "ip_vs_fo.ko.zst:\n" + ipvs + "ip_vs_sh.ko.zst:\n"),
		}, []string{"fo", "rr", "sh"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := availableSchedulers(test.root, "6.1.0-1-amd64")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("schedulers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSchedulersAreSorted(t *testing.T) {
	if !slices.IsSorted(Schedulers) || len(Schedulers) != 14 {
		t.Errorf("schedulers %v", Schedulers)
	}
}
