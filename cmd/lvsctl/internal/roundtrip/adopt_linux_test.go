package roundtrip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/adopt"
	"github.com/lvsctl/lvsctl/cmd/lvsctl/internal/host"
	"github.com/lvsctl/lvsctl/cmd/lvslab/topo"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/provider/agent"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// TestAdoptTables makes so many tables, several of them at the same time.
const (
	adoptedTables = 200
	sideBySide    = 20
)

// Any table that ipvsadm can make can be adopted: what is written of it changes nothing on
// the host, and nothing is left out. Once it is applied, a second plan is empty.
func TestAdoptTables(t *testing.T) {
	at := topo.New(t, topo.Prefix()).Host("lb", topo.NIC("eth0", "front", own4.String()+"/24", own6.String()+"/64"))
	hs := hosts{"lb": at}
	loadModules(t)
	if out, err := at.RunInput(givenVIPs(), "ip", "-batch", "-"); err != nil {
		t.Fatalf("ip: %v %s", err, out)
	}
	modes := map[string]int{}
	for seed := range uint64(adoptedTables / sideBySide) {
		h := &hand{Rand: rand.New(rand.NewPCG(seed, 1))}
		script := "set -e\n" + h.settings() + "ipvsadm -C\nipvsadm -R <<'END'\n" + h.tables() + "END\n"
		before, err := at.RunInput(script+judge, "sh")
		if err != nil {
			t.Fatalf("seed %d: %v\n%s\n%s", seed, err, before, script)
		}
		text, err := hs.adopted(t, modes)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s\n%s", seed, err, script, text)
		}
		after, err := at.RunInput("rm -rf "+stateDir+"\n"+judge, "sh")
		if err != nil || after != before {
			t.Fatalf("seed %d: %v: ipvsadm said\n%s\nand says\n%s", seed, err, before, after)
		}
	}
	t.Logf("clusters: %v", modes)
	for _, mode := range []string{"dr", "nat", "tun", "services only"} {
		if modes[mode] == 0 {
			t.Errorf("no cluster is written as %s", mode)
		}
	}
}

// judge prints all that ipvsadm knows of a table.
const judge = "ipvsadm -Sn\nipvsadm -Ln --thresholds\n"

// adopted adopts the host lb, applies what was written, and counts clusters by how they
// are written.
func (hs hosts) adopted(t *testing.T, modes map[string]int) (text string, err error) {
	desc, err := hs.describe(t.Context(), "lb")
	if err != nil {
		return "", err
	}
	if len(desc.Left) > 0 {
		return string(desc.Config), fmt.Errorf("left out: %v", desc.Left)
	}
	a, err := hs.apply(t.Context(), string(desc.Config), false)
	if err != nil {
		return string(desc.Config), err
	}
	if a.plan.Touches() {
		err = errors.New("the plan changes something on the host")
	}
	if left := planner.Make(a.desired, a.after).Steps; len(left) > 0 {
		err = fmt.Errorf("the second plan is not empty: %v", left)
	}
	for _, c := range a.config.Clusters {
		if c.ServicesOnly {
			modes["services only"]++
		} else {
			modes[string(c.Mode)]++
		}
	}
	return string(desc.Config), err
}

// describe adopts a host as if lvsctl had never been there.
func (hs hosts) describe(ctx context.Context, name string) (desc *adopt.Description, err error) {
	at := hs[name]
	var opened agent.Host
	at.Inside(func() { opened, err = host.Open(host.OpenMachine, stateDir, "roundtrip") })
	if err != nil {
		return nil, err
	}
	v := visited{opened, at}
	read := func(ctx context.Context, keys []resource.Key) (*resource.Snapshot, error) {
		snap, err := v.Read(ctx, keys)
		if err == nil {
			snap.Ledger = resource.Ledger{}
		}
		return snap, err
	}
	desc, err = adopt.Describe(ctx, adopt.Subject{Name: name, Reach: schema.Reach{Netns: name}}, read)
	return desc, errors.Join(err, v.Close())
}

// hand makes tables as people and their scripts do, in the words of ipvsadm-restore.
type hand struct {
	*rand.Rand
	number int // of the table that is being made
	lines  []string
}

// handVIPs are the addresses of services in one of the tables that are side by side. The host
// has some of them alone in their prefix, some are its own, and some it does not have.
func handVIPs(table int) (given, others []string) {
	given = []string{
		fmt.Sprintf("192.0.2.%d", 100+2*table), fmt.Sprintf("192.0.2.%d", 101+2*table),
		fmt.Sprintf("2001:db8::%d", 100+2*table), fmt.Sprintf("2001:db8::%d", 101+2*table),
	}
	others = []string{fmt.Sprintf("10.99.%d.1", table), fmt.Sprintf("2001:db8:99::%d", 1+table)}
	if table == 0 {
		others = append(others, "127.0.0.1", own4.String(), own6.String())
	}
	return given, others
}

// givenVIPs are the commands of ip(8) that give the host its VIPs.
func givenVIPs() string {
	var b strings.Builder
	for table := range sideBySide {
		given, _ := handVIPs(table)
		for _, vip := range given {
			fmt.Fprintf(&b, "address add %s dev eth0\n", vip)
		}
	}
	return b.String()
}

func oneOf[T any](h *hand, choices ...T) T { return choices[h.IntN(len(choices))] }

// settings are commands for those of the kernel that decide whether a cluster is one of a
// mode, and for some others.
func (h *hand) settings() string {
	redirects := h.IntN(2)
	return fmt.Sprintf("sysctl -qw net.ipv4.ip_forward=%d net.ipv6.conf.all.forwarding=%d net.ipv4.conf.all.send_redirects=%d "+
		"net.ipv4.conf.default.send_redirects=%[3]d net.ipv4.conf.eth0.send_redirects=%[3]d net.ipv4.conf.eth0.rp_filter=%d "+
		"net.ipv4.conf.all.arp_ignore=%d net.ipv4.vs.expire_nodest_conn=%d net.ipv4.vs.conn_reuse_mode=%d\n"+
		"ipvsadm --set %d %d %d\n",
		h.IntN(2), h.IntN(2), redirects, h.IntN(3), h.IntN(2), h.IntN(2), h.IntN(2), 900+h.IntN(2), 120+h.IntN(2), 300+h.IntN(2))
}

// tables are the tables that are side by side.
func (h *hand) tables() string {
	h.lines = nil
	for h.number = range sideBySide {
		h.table()
	}
	return strings.Join(h.lines, "\n") + "\n"
}

// table writes one of them.
func (h *hand) table() {
	taken := map[string]bool{}
	usual := oneOf(h, "-g", "-m", "-i")
	for range 1 + h.IntN(6) {
		selector, six := h.selector()
		if !taken[selector] {
			taken[selector] = true
			h.service(selector, six, usual)
		}
	}
}

// selector is what selects the packets of a service, and whether they are IPv6.
func (h *hand) selector() (words string, six bool) {
	if h.IntN(5) == 0 {
		six = h.IntN(2) == 0
		words = fmt.Sprintf("-f %d", 1000*h.number+oneOf(h, 1, 7, 999))
		if six {
			words += " -6"
		}
		return words, six
	}
	given, others := handVIPs(h.number)
	vip := oneOf(h, append(given, others...)...)
	six = strings.Contains(vip, ":")
	return oneOf(h, "-t ", "-t ", "-u ", "--sctp-service ") + endpoint(vip, oneOf(h, 0, 53, 80, 443, 8080, 65535)), six
}

func endpoint(addr string, port int) string {
	if strings.Contains(addr, ":") {
		return fmt.Sprintf("[%s]:%d", addr, port)
	}
	return fmt.Sprintf("%s:%d", addr, port)
}

// service writes a service with its real servers, most of which are reached the usual way.
func (h *hand) service(selector string, six bool, usual string) {
	scheduler := oneOf(h, "rr", "wrr", "lc", "wlc", "sh", "mh", "sed", "nq", "dh", "fo", "ovf", "lblc", "lblcr")
	line := "-A " + selector + " -s " + scheduler
	udp, marked := strings.HasPrefix(selector, "-u"), strings.HasPrefix(selector, "-f")
	if h.IntN(2) == 0 || !marked && strings.HasSuffix(selector, ":0") {
		line += fmt.Sprintf(" -p %d", 1+h.IntN(86400))
		switch {
		case h.IntN(2) == 0:
		case six:
			line += fmt.Sprintf(" -M %d", 1+h.IntN(128))
		default:
			line += " -M " + oneOf(h, "255.255.255.0", "255.255.255.255", "255.0.0.0", "255.255.254.0")
		}
		if udp && h.IntN(3) == 0 {
			line += " --pe sip"
		}
	}
	if udp && h.IntN(3) == 0 {
		line += " -o"
	}
	if h.IntN(4) == 0 {
		flags := map[string]string{"sh": "sh-port", "mh": "mh-fallback,mh-port"}[scheduler]
		if flags == "" {
			flags = oneOf(h, "flag-1", "flag-2,flag-3")
		}
		line += " -b " + flags
	}
	h.lines = append(h.lines, line)
	n := oneOf(h, 0, 1, 2, 3, 8)
	for i := range n {
		h.server(selector, six, marked, i, usual)
	}
}

// server writes a real server.
func (h *hand) server(selector string, six, marked bool, i int, usual string) {
	addr := fmt.Sprintf("192.0.2.%d", 10+i)
	if six {
		addr = fmt.Sprintf("2001:db8::%d", 10+i)
	}
	way := usual
	if h.IntN(6) == 0 {
		way = oneOf(h, "-g", "-m", "-i")
	}
	if way == "-i" && h.IntN(4) == 0 { // a tunnel carries either family in the other
		addr = oneOf(h, fmt.Sprintf("198.51.100.%d", 10+i), fmt.Sprintf("2001:db8:2::%d", 10+i))
	}
	port := selector[strings.LastIndexByte(selector, ':')+1:]
	switch {
	case marked:
		port = oneOf(h, "0", "80")
	case way == "-m" && h.IntN(2) == 0 && port != "0":
		port = oneOf(h, "8080", "81")
	}
	where := addr + ":" + port
	if strings.Contains(addr, ":") {
		where = "[" + addr + "]:" + port
	}
	line := fmt.Sprintf("-a %s -r %s %s -w %d", selector, where, way, oneOf(h, 1, 1, 1, 0, 5, 65535))
	if way == "-i" {
		line += oneOf(h, "", " --tun-type ipip", " --tun-type gue --tun-port 6080 --tun-nocsum", " --tun-type gue --tun-port 6081 --tun-remcsum", " --tun-type gre --tun-csum")
	}
	if h.IntN(6) == 0 {
		line += fmt.Sprintf(" -x %d -y %d", 100+h.IntN(100), h.IntN(100))
	}
	h.lines = append(h.lines, line)
}
