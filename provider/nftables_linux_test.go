package provider

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lvsctl/lvsctl/provider/nft"
	"github.com/lvsctl/lvsctl/schema/resource"
)

var (
	webService = resource.AddrService(resource.TCP, addr("192.0.2.1"), 80)
	webMark    = resource.Mark{To: prefix("192.0.2.1/32"), Protocol: resource.TCP, First: 80, Last: 80, Mark: 7}
	webNAT     = resource.SourceNAT{Service: webService, First: addr("10.0.0.1"), Last: addr("10.0.0.4")}
	webMSS     = resource.MSS{From: addr("192.0.2.1"), Size: 1400}
)

// Rules of all kinds that follow each other are one transaction, and what was not asked
// for is not read.
func TestKernelNftables(t *testing.T) {
	m := kernel(t)
	sysctl := resource.Sysctl{Name: "net.ipv4.conf.eth0.arp_ignore", Value: "1"}
	other := resource.MSS{From: addr("192.0.2.2"), Size: 1400}
	apply(t, m, create(webMark), create(sysctl), create(webNAT), create(webMSS), create(other))
	expectRead(t, m, webMark, webNAT, webMSS)
	if list := run(t, "nft list ruleset"); strings.Count(list, "lvsctl: ") != 6 {
		t.Errorf("nft list ruleset:\n%s", list)
	}
	invalid := resource.SourceNAT{Service: webService}
	changes := []resource.Change{update(sysctl, resource.Sysctl{Name: sysctl.Name, Value: "2"}), remove(webMark), create(invalid), remove(webMSS)}
	expectOutcome(t, m.Apply(t.Context(), changes), 1, map[int]string{2: "there can be no such rule"})
	expectRead(t, m, webMark, webNAT, webMSS)
	apply(t, m, remove(webMark), remove(webNAT), remove(webMSS), remove(other))
	if list := run(t, "nft list ruleset"); list != "" {
		t.Errorf("left over:\n%s", list)
	}
}

// Reading does not load nf_tables, nor does deleting what cannot be there.
func TestKernelNftablesLoadNothing(t *testing.T) {
	m := kernel(t)
	unloadNft(t)
	if got := read(t, m, webMark, webNAT, webMSS); got.Len() != 0 {
		t.Errorf("read %v", got)
	}
	apply(t, m, remove(webMark), remove(webNAT), remove(webMSS))
	if loaded(t, "nf_tables") {
		t.Error("nf_tables has been loaded")
	}
}

// Where the kernel has no nftables, or not all of it, that is what the error says.
func TestKernelNftablesNotThere(t *testing.T) {
	m := kernel(t)
	unloadNft(t)
	forbid := func(module string) {
		t.Helper()
		dir := "/run/modprobe.d"
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "lvsctl-test.conf")
		if err := os.WriteFile(file, []byte("install "+module+" /bin/false\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Remove(file) })
	}
	forbid("nf_tables")
	changes := []resource.Change{create(webMark), create(webNAT)}
	expectOutcome(t, m.Apply(t.Context(), changes), 0, map[int]string{0: nft.ErrNotThere.Error()})
	forbid("nft_chain_nat")
	expectOutcome(t, m.Apply(t.Context(), changes), 0, map[int]string{1: nft.ErrLacking.Error()})
	if list := run(t, "nft list ruleset"); list != "" {
		t.Errorf("left over:\n%s", list)
	}
}

// unloadNft removes nf_tables and what builds on it. Namespaces of tests that ended hold
// on to them for a while.
func unloadNft(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); loaded(t, "nf_tables"); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nf_tables cannot be unloaded:\n%s", run(t, "lsmod"))
		}
		for line := range strings.Lines(run(t, "lsmod")) {
			if name := strings.Fields(line)[0]; strings.HasPrefix(name, "nft_") || name == "nf_tables" {
				exec.Command("modprobe", "-r", name).Run() // fails as long as it is in use
			}
		}
	}
}
