package resource

import (
	"strings"
	"testing"
)

func TestExportOptions(t *testing.T) {
	tests := map[string]string{
		"":                                       "",
		"ro":                                     "",
		"ro,sync,wdelay,hide,nocrossmnt,secure":  "",
		"root_squash,no_all_squash,acl,no_pnfs":  "",
		"no_subtree_check,secure_locks,auth_nlm": "",
		"sync,rw":                                "rw",
		"rw,rw":                                  "rw",
		"rw,no_root_squash,async":                "async,no_root_squash,rw",
		"no_auth_nlm":                            "insecure_locks",
		"insecure_locks,no_auth_nlm":             "insecure_locks",
		"subtree_check,security_label,nordirplus": "nordirplus,security_label,subtree_check",
		"fsid=root":                              "fsid=0",
		"fsid=0x10":                              "fsid=16",
		"fsid=-1":                                "fsid=4294967295",
		"fsid=1234567890ABCDEF:1234567890abcdef": "fsid=12345678-90ab-cdef-1234-567890abcdef",
		"fsid=7,fsid=1234567890abcdef1234567890ab-cdef": "fsid=12345678-90ab-cdef-1234-567890abcdef,fsid=7",
		"anonuid=65534,anongid=65534":                   "",
		"anonuid=-2,anongid=0100":                       "anongid=100,anonuid=4294967294",
		"mp":                                            "mountpoint",
		"mp=":                                           "mountpoint",
		"mp=/srv":                                       "mountpoint=/srv",
		"mountpoint=/srv":                               "mountpoint=/srv",
		"refer=/a@b+c:/d@e":                             "refer=/a@b+c:/d@e",
		"replicas=/a@[2001:db8::1]":                     "replicas=/a@[2001:db8::1]",
		"sec=sys":                                       "",
		"sec=unix,rw":                                   "rw",
		"sec=krb5:sys,rw":                               "rw,sec=krb5:sys",
		"rw,sec=krb5":                                   "rw,sec=krb5",
		"sec=krb5,rw,sec=sys,ro":                        "sec=krb5,rw,sec=sys,ro",
		"sec=krb5,rw,sec=sys":                           "rw,sec=krb5:sys", // as exportfs, which has a flavour begin with what was said before
		"async,sec=krb5i:krb5p,rw,sec=null,ro,all_squash": "async,sec=krb5i:krb5p,rw,no_all_squash,sec=none,ro,all_squash",
		// What is said before any flavour holds for those that say nothing else.
		"ro,sec=sys,rw": "rw",
		// What /var/lib/nfs/etab has.
		"rw,sync,wdelay,hide,nocrossmnt,secure,root_squash,no_all_squash,no_subtree_check,secure_locks,acl,no_pnfs,fsid=7,anonuid=65534,anongid=65534,sec=sys,rw,secure,root_squash,no_all_squash":                                         "fsid=7,rw",
		"ro,async,no_wdelay,nohide,crossmnt,insecure,no_root_squash,all_squash,subtree_check,insecure_locks,no_acl,pnfs,anonuid=-2,anongid=5,sec=krb5,rw,insecure,no_root_squash,all_squash,sec=sys,ro,insecure,no_root_squash,all_squash": "all_squash,anongid=5,anonuid=4294967294,async,crossmnt,insecure,insecure_locks,no_acl,no_root_squash,no_wdelay,nohide,pnfs,subtree_check,sec=krb5,rw,sec=sys,ro",
		// What exportfs -v has.
		"sync,wdelay,hide,no_subtree_check,sec=sys,rw,secure,root_squash,no_all_squash": "rw",
	}
	for text, want := range tests {
		got, err := ExportOptions(split(text))
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestExportOptionsRefused(t *testing.T) {
	tests := map[string]string{
		"":                                      `"" is not an option`,
		"rx":                                    `"rx" is not an option of an export`,
		"rw=1":                                  `"rw=1" is not an option of an export`,
		" rw":                                   `" rw" is not an option`,
		"sec":                                   `"sec" is not an option`,
		"fsid":                                  `"fsid" is not an option`,
		"squash_uids=0-15":                      "is not an option",
		"rw,ro":                                 `"rw" and "ro" contradict each other`,
		"auth_nlm,insecure_locks":               `"secure_locks" and "insecure_locks" contradict`,
		"sec=sys,rw,ro":                         "contradict",
		"sync,sec=sys,async":                    "contradict",
		"sec=spkm":                              `"spkm" is not a security flavour`,
		"sec=":                                  `"" is not a security flavour`,
		"sec=sys:unix":                          `the security flavour "sys" is there twice`,
		"sec=sys,sec=sys":                       "twice",
		"fsid=":                                 "32 hexadecimal digits",
		"fsid=1_0":                              "32 hexadecimal digits",
		"fsid=4294967296":                       "32 hexadecimal digits",
		"fsid=12345678901234567890123456789012": "32 hexadecimal digits", // a number that is too large, to exportfs
		"fsid=1,fsid=2":                         `there can be only one "fsid"`,
		"anonuid=root":                          "number of a user",
		"anonuid=-1":                            "number of a user",
		"anongid=4294967296":                    "number of a user",
		"anongid=4294967295":                    "number of a user",
		"mp=srv":                                "absolute path",
		"mp=/opt/x y":                           `there can be no ' ' in it`, // exportfs loses its whole table
		"mp=/opt/(x)":                           `there can be no '(' in it`,
		"mp=/opt/x\ny":                          "there can be no",
		"refer=/a":                              "PATH@HOST",
		"refer=a@b":                             "PATH@HOST",
		"refer=/a@":                             "PATH@HOST",
		"refer=/a@b,replicas=/a@c":              `only one "refer or replicas"`,
		"refer=/" + strings.Repeat("x", 160) + "@h": "longer than the 160 bytes",
	}
	for text, want := range tests {
		got, err := ExportOptions(strings.Split(text, ","))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v; want …%s…", text, got, err, want)
		}
	}
}

// What is written is read as the same again, and nothing in it ends an entry of the
// server's table.
func FuzzExportOptions(f *testing.F) {
	f.Add("rw,sec=krb5:sys,no_root_squash,sec=none,ro,fsid=root")
	f.Add("mp=/srv,refer=/a@b:/c@d,anonuid=-2,async,fsid=1234567890abcdef:1234567890abcdef")
	f.Fuzz(func(t *testing.T, text string) {
		first, err := ExportOptions(strings.Split(text, ","))
		if err != nil {
			return
		}
		if again, err := ExportOptions(split(first)); err != nil || again != first {
			t.Errorf("%q: %q, and then %q, %v", text, first, again, err)
		}
		if strings.ContainsAny(first, " \t\n()\"#\\") {
			t.Errorf("%q: %q", text, first)
		}
	})
}

func TestExportsLine(t *testing.T) {
	tests := []struct{ path, client, options, want string }{
		{"/opt/kgc", "192.168.80.0/24", "rw", "/opt/kgc 192.168.80.0/24(no_subtree_check,rw)"},
		{"/opt/kgc", "*", "", "/opt/kgc *(no_subtree_check)"},
		{"/opt/a b#\"c\\", "2001:db8::/64", "rw,subtree_check", `/opt/a\040b\043\042c\134 2001:db8::/64(rw,subtree_check)`},
		{"/srv", "@web", "sec=krb5,rw,sec=sys,ro", "/srv @web(no_subtree_check,sec=krb5,rw,sec=sys,ro)"},
	}
	for _, tt := range tests {
		if got := ExportsLine(tt.path, tt.client, tt.options); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}

// split is the list of which a text is made.
func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
