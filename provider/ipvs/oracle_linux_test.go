package ipvs

import (
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// ipvsadm(8) is the judge of what the kernel holds, and the renderers below say in its
// words what we wanted. They share nothing with what is under test.

// run runs a command in the network namespace of the calling thread.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// saved is what ipvsadm -Sn prints, as sorted lines.
func saved(t testing.TB) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(run(t, "ipvsadm", "-S", "-n")) {
		lines = append(lines, strings.TrimSpace(line))
	}
	slices.Sort(lines)
	return lines
}

// expect compares what ipvsadm prints with lines in any order.
func expect(t testing.TB, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, saved(t)); diff != "" {
		t.Errorf("ipvsadm -Sn (-want +got):\n%s", diff)
	}
}

// which writes the options that select a service.
func which(k resource.ServiceKey) string {
	if k.Mark != 0 {
		if k.Family == resource.IPv6 {
			return fmt.Sprintf("-f %d -6", k.Mark)
		}
		return fmt.Sprintf("-f %d", k.Mark)
	}
	option := map[resource.Protocol]string{6: "-t", 17: "-u", 132: "--sctp-service"}[k.Protocol]
	return option + " " + netip.AddrPortFrom(k.Addr, k.Port).String()
}

// serviceLine writes a service as ipvsadm -Sn does.
func serviceLine(s resource.Service) string {
	line := "-A " + which(s.ServiceKey) + " -s " + s.Scheduler
	if s.Flags&1 != 0 {
		line += fmt.Sprintf(" -p %d", s.Timeout)
		switch m := s.Netmask; {
		case s.Family == resource.IPv6 && m != 128:
			line += fmt.Sprintf(" -M %d", m)
		case s.Family == resource.IPv4 && m != 0xffffffff:
			line += fmt.Sprintf(" -M %d.%d.%d.%d", m>>24, m>>16&255, m>>8&255, m&255)
		}
	}
	if s.Engine != "" {
		line += " --pe " + s.Engine
	}
	if s.Flags&4 != 0 {
		line += " -o"
	}
	names := [3]string{"flag-1", "flag-2", "flag-3"}
	if s.Scheduler == "sh" || s.Scheduler == "mh" {
		names[0], names[1] = s.Scheduler+"-fallback", s.Scheduler+"-port"
	}
	var flags []string
	for i, bit := range []resource.ServiceFlags{8, 16, 32} {
		if s.Flags&bit != 0 {
			flags = append(flags, names[i])
		}
	}
	if flags != nil {
		line += " -b " + strings.Join(flags, ",")
	}
	return line
}

// destinationLine writes a destination as ipvsadm -Sn does, which forgets thresholds.
func destinationLine(d resource.Destination) string {
	line := fmt.Sprintf("-a %s -r %v %s -w %d", which(d.Service), netip.AddrPortFrom(d.Addr, d.Port),
		[]string{"-m", "-l", "-i", "-g", "-b"}[d.Forward], d.Weight)
	if d.Forward != resource.ForwardTunnel {
		return line
	}
	checksum := []string{"nocsum", "csum", "remcsum"}[d.TunnelFlags]
	switch d.TunnelType {
	case resource.TunnelIPIP:
		line += " --tun-type ipip"
	case resource.TunnelGUE:
		line += fmt.Sprintf(" --tun-type gue --tun-port %d --tun-%s", d.TunnelPort, checksum)
	case resource.TunnelGRE:
		line += " --tun-type gre --tun-" + checksum
	}
	return line
}

// expectThresholds compares what ipvsadm says of the destinations' thresholds with
// what they were added with.
func expectThresholds(t testing.TB, ops []Op) {
	t.Helper()
	var want []string
	for _, op := range ops {
		if d, ok := op.Object.(resource.Destination); ok {
			want = append(want, fmt.Sprintf("%v %d %d", netip.AddrPortFrom(d.Addr, d.Port), d.UpperThreshold, d.LowerThreshold))
		}
	}
	var got []string
	for line := range strings.Lines(run(t, "ipvsadm", "-L", "-n", "--thresholds")) {
		if words := strings.Fields(line); words[0] == "->" && len(words) == 6 {
			got = append(got, strings.Join(words[1:4], " "))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ipvsadm -Ln --thresholds (-want +got):\n%s", diff)
	}
}

// lines writes operations that add objects as ipvsadm -Sn does.
func lines(ops []Op) (list []string) {
	for _, op := range ops {
		switch r := op.Object.(type) {
		case resource.Service:
			list = append(list, serviceLine(r))
		case resource.Destination:
			list = append(list, destinationLine(r))
		}
	}
	return list
}
