package provider

import (
	"bufio"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// listen starts tcpdump on an interface, and returns what waits for so many announcements
// there, and some time for more, and lists them in tcpdump's words.
func listen(t *testing.T, link string) func(n int) []string {
	t.Helper()
	cmd := exec.Command("tcpdump", "-lnet", "--immediate-mode", "-i", link, "arp or icmp6 or vlan")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan bool)
	cmd.Stderr = &watcher{"listening on", ready}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-ready
	lines := make(chan string)
	go func() {
		for scan := bufio.NewScanner(stdout); scan.Scan(); {
			if announcement.MatchString(scan.Text()) {
				lines <- noise.ReplaceAllString(scan.Text(), "")
			}
		}
		close(lines)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		for range lines {
		}
		_ = cmd.Wait()
	})
	return func(n int) (list []string) {
		for {
			patience := 20 * time.Second
			if len(list) >= n {
				patience = 300 * time.Millisecond
			}
			select {
			case line := <-lines:
				list = append(list, line)
			case <-time.After(patience):
				return list
			}
		}
	}
}

// A watcher tells when a text was written to it.
type watcher struct {
	text  string
	ready chan bool
}

func (w *watcher) Write(b []byte) (int, error) {
	if strings.Contains(string(b), w.text) {
		close(w.ready)
	}
	return len(b), nil
}

// announcement is what tcpdump says of one. An interface also joins multicast groups.
var announcement = regexp.MustCompile(`Request who-has|neighbor advertisement`)

// noise is what says nothing about an announcement.
var noise = regexp.MustCompile(`, length \d+|, ethertype IPv[46] \(0x\w+\)|Ethernet \(len 6\), IPv4 \(len 4\), `)

// wire is an interface "wire" that other machines can be heard on at "end", both up.
func wire(t *testing.T) {
	t.Helper()
	for _, line := range []string{
		"ip link add wire address 02:00:00:00:00:0a type veth peer name end address 02:00:00:00:00:0e",
		"sysctl -qw net.ipv6.conf.end.disable_ipv6=1",
		"ip link set wire addrgenmode none", // nothing is sent for an address of its own
		"ip link set end up", "ip link set wire up",
	} {
		run(t, line)
	}
}

func times(n int, lines ...string) (list []string) {
	for range n {
		list = append(list, lines...)
	}
	return list
}

func expectHeard(t *testing.T, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

func on(link, p string) resource.Address { return resource.Address{Link: link, Prefix: prefix(p)} }

const (
	arpFrom  = "02:00:00:00:00:0a > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806): Request who-has "
	ndFrom   = "02:00:00:00:00:0a > 33:33:00:00:00:01: "
	heard1   = arpFrom + "192.0.2.1 tell 192.0.2.1"
	heard2   = arpFrom + "192.0.2.2 tell 192.0.2.2"
	heardSix = ndFrom + "2001:db8::1 > ff02::1: ICMP6, neighbor advertisement, tgt is 2001:db8::1"
)

// What is added is announced five times, several addresses in turn; what goes is not.
func TestKernelAnnounce(t *testing.T) {
	m := kernel(t)
	wire(t)
	heard := listen(t, "end")
	apply(t, m, create(on("wire", "192.0.2.1/32")), create(on("wire", "192.0.2.2/24")), create(on("wire", "2001:db8::1/128")))
	expectHeard(t, times(5, heard1, heard2, heardSix), heard(15))
	apply(t, m, remove(on("wire", "192.0.2.1/32")), remove(on("wire", "192.0.2.2/24")), remove(on("wire", "2001:db8::1/128")))
	apply(t, m, create(on("wire", "192.0.2.2/32")))
	expectHeard(t, times(5, heard2), heard(5))
	labelled := on("wire", "192.0.2.2/32")
	labelled.Label = "wire:0"
	apply(t, m, update(on("wire", "192.0.2.2/32"), labelled)) // it was gone for a moment
	expectHeard(t, times(5, heard2), heard(5))
}

// A VLAN hears of its addresses, and not the network below.
func TestKernelAnnounceVLAN(t *testing.T) {
	m := kernel(t)
	wire(t)
	apply(t, m, create(resource.Link{Name: "wire.7", Type: resource.LinkVLAN, Parent: "wire", VLAN: 7}))
	apply(t, m, update(resource.LinkSetting{Link: "wire.7", Name: resource.LinkState, Value: "down"}, resource.LinkSetting{Link: "wire.7", Name: resource.LinkState, Value: "up"}))
	heard := listen(t, "end")
	apply(t, m, create(on("wire.7", "192.0.2.1/32")))
	expectHeard(t, times(5, "02:00:00:00:00:0a > ff:ff:ff:ff:ff:ff, ethertype 802.1Q (0x8100): vlan 7, p 0, ethertype ARP (0x0806), Request who-has 192.0.2.1 tell 192.0.2.1"), heard(5))
}

// ipStats are the counters of an interface as ip -j -s link prints them.
type ipStats struct {
	Stats struct {
		Sent struct{ Packets int } `json:"tx"`
	} `json:"stats64"`
}

// Nothing is announced where nobody could ask.
func TestKernelAnnounceNot(t *testing.T) {
	tests := []struct {
		name    string
		prepare string
		address resource.Address
	}{
		{"the interface is down", "ip link set wire down", on("wire", "192.0.2.1/32")},
		{"the interface has no ARP", "ip link set wire arp off", on("wire", "192.0.2.1/32")},
		{"ARP is not answered there", "sysctl -qw net.ipv4.conf.wire.arp_ignore=8", on("wire", "192.0.2.1/32")},
		{"ARP is not answered anywhere", "sysctl -qw net.ipv4.conf.all.arp_ignore=8", on("wire", "192.0.2.1/32")},
		{"it is for the host alone", "true", resource.Address{Link: "wire", Prefix: prefix("192.0.2.1/32"), Scope: resource.ScopeHost}},
		{"it is on lo", "true", on("lo", "192.0.2.1/32")},
		{"it is on a dummy", "true", on("eth0", "192.0.2.1/32")},
	}
	m := kernel(t)
	for _, test := range tests { // no subtests: they would run in another namespace
		t.Log(test.name)
		wire(t)
		run(t, test.prepare)
		var asked []resource.Address
		m.AnnounceAgainBy(func(list []resource.Address) error {
			asked = append(asked, list...)
			return nil
		})
		changes := []resource.Change{create(test.address)}
		out := m.Apply(t.Context(), changes)
		if err := out.Err(changes); err != nil || len(out.Notices)+len(asked) > 0 {
			t.Errorf("%v, notices %q, to be announced again: %v", err, out.Notices, asked)
		}
		for _, link := range []string{"wire", "eth0"} {
			if sent := runJSON[[]ipStats](t, "ip -j -s link show "+link)[0].Stats.Sent.Packets; sent > 0 {
				t.Errorf("%d packets went out of %s", sent, link)
			}
		}
		apply(t, m, remove(test.address))
		run(t, "sysctl -qw net.ipv4.conf.all.arp_ignore=0")
		run(t, "ip link del wire")
	}
}

// The second time is somebody else's work. What is not there any more is passed over then.
func TestKernelAnnounceAgain(t *testing.T) {
	m := kernel(t)
	wire(t)
	var again []resource.Address
	m.AnnounceAgainBy(func(list []resource.Address) error {
		again = append(again, list...)
		return nil
	})
	apply(t, m, create(on("lo", "192.0.2.3/32")), create(on("wire", "192.0.2.1/32")), create(on("wire", "192.0.2.2/32")))
	want := []resource.Address{on("wire", "192.0.2.1/32"), on("wire", "192.0.2.2/32")}
	if diff := cmp.Diff(want, again, cmp.Comparer(func(a, b resource.Address) bool { return a == b })); diff != "" {
		t.Errorf("to be announced again (-want +got):\n%s", diff)
	}
	run(t, "ip addr del 192.0.2.1/32 dev wire")
	heard := listen(t, "end")
	if err := m.Announce(again); err != nil {
		t.Error(err)
	}
	expectHeard(t, times(5, heard2), heard(5))
}

// What cannot be announced is there all the same, and that nobody was told is said.
func TestKernelAnnounceFails(t *testing.T) {
	m := kernel(t)
	wire(t)
	run(t, "tc qdisc add dev wire root pfifo limit 0")
	m.AnnounceAgainBy(func([]resource.Address) error { return errors.New("no") })
	changes := []resource.Change{create(on("wire", "192.0.2.1/32")), create(on("lo", "192.0.2.1/32")), create(on("wire", "192.0.2.2/32"))}
	out := m.Apply(t.Context(), changes)
	if err := out.Err(changes); err != nil || out.Attempted != len(changes) {
		t.Errorf("%d attempted: %v", out.Attempted, err)
	}
	want := []string{
		"other machines could not be told that 192.0.2.1, 192.0.2.2 are here now: interface wire: write packet 02:00:00:00:00:0a: sendto: no buffer space available",
		"other machines will not be told a second time that 192.0.2.1, 192.0.2.2 are here now: no",
	}
	if diff := cmp.Diff(want, out.Notices); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	expectAddresses(t, "wire", "192.0.2.1/32 scope global label wire", "192.0.2.2/32 scope global label wire")
}
