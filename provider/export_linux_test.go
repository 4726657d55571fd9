package provider

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

const etabTail = "rw,sync,wdelay,hide,nocrossmnt,secure,root_squash,no_all_squash,no_subtree_check,secure_locks,acl,no_pnfs,anonuid=65534,anongid=65534,sec=sys,rw,secure,root_squash,no_all_squash"

func TestReadExportTable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "etab")
	if got, err := readExportTable(file); got != nil || err != nil {
		t.Errorf("no file: %v, %v", got, err)
	}
	text := "/opt/a\\040b\\134\t*(" + etabTail + ")\n/opt/kgc\tfd00::/64(ro,fsid=7,sec=sys,ro)\n/opt/kgc\t*.example.com(ro,later=1)\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	table, err := readExportTable(file)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range table {
		got = append(got, e.path+" to "+e.client+" "+e.canonical())
	}
	want := []string{`/opt/a b\ to * rw`, "/opt/kgc to fd00::/64 fsid=7", "/opt/kgc to *.example.com ro,later=1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exports (-want +got):\n%s", diff)
	}
	for _, line := range []string{"x", "/opt", "/opt\t*", "/opt\t*(ro", "/opt\t(ro)", "opt\t*(ro)", "/opt *(ro)"} {
		if e, err := parseExport(line); err == nil {
			t.Errorf("%q is read as %v", line, e)
		}
	}
}

func TestFindExport(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink("real", link); err != nil {
		t.Fatal(err)
	}
	real := filepath.Join(dir, "real")
	if err := os.Mkdir(real, 0o700); err != nil {
		t.Fatal(err)
	}
	table := []tableExport{{real, "Web1.example.com", "ro"}, {"/gone", "*", "rw"}}
	for _, tt := range []struct {
		path, client string
		want         bool
	}{{real, "web1.example.com", true}, {link, "web1.example.com", true}, {real, "*", false}, {"/gone", "*", true}, {dir, "*", false}} {
		if _, got := findExport(table, tt.path, tt.client); got != tt.want {
			t.Errorf("%s to %s: %v", tt.path, tt.client, got)
		}
	}
}

func TestExportArgument(t *testing.T) {
	for client, want := range map[string]string{
		"*":               "*:/srv",
		"192.168.80.0/24": "192.168.80.0/24:/srv",
		"2001:db8::/64":   "[2001:db8::]/64:/srv",
		"2001:db8::1":     "[2001:db8::1]:/srv",
		"web[1-9].lan":    "web[1-9].lan:/srv",
		"@web":            "@web:/srv",
	} {
		if got := exportArgument(client, "/srv"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestUnescapeOctal(t *testing.T) {
	for text, want := range map[string]string{`/a\040b`: "/a b", `\134`: `\`, `\04`: `\04`, `\999`: `\999`, `\777`: `\777`, ``: "", `x\`: `x\`} {
		if got := resource.UnescapeOctal(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
