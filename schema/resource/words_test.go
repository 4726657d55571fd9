package resource

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }
func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// What people read of each kind: the words of the object in its state, those of its
// key, and its attributes.
func TestWords(t *testing.T) {
	web := AddrService(TCP, addr("192.0.2.1"), 80)
	dns6 := AddrService(UDP, addr("2001:db8::1"), 53)
	full4, full6 := FullNetmask(IPv4), FullNetmask(IPv6)
	tests := []struct {
		resource               Resource
		words, key, attributes string
	}{
		{Module{"ip_vs_rr"}, "ip_vs_rr", "module ip_vs_rr", ""},
		{Sysctl{"net.ipv4.conf.eth0/100.arp_ignore", "1"}, "net.ipv4.conf.eth0/100.arp_ignore = 1", "sysctl net.ipv4.conf.eth0/100.arp_ignore", "value=1"},
		{Sysctl{"net.ipv4.tcp_rmem", "4096\t87380"}, "net.ipv4.tcp_rmem = 4096\t87380", "sysctl net.ipv4.tcp_rmem", "value=4096\t87380"},

		{Address{Link: "lo", Prefix: prefix("192.0.2.1/32")}, "192.0.2.1/32 on lo", "address 192.0.2.1/32 on lo", "label= scope=global deprecated="},
		{Address{Link: "eth0", Prefix: prefix("192.0.2.1/24"), Label: "eth0:1", Scope: 254}, "192.0.2.1/24 on eth0 label eth0:1 scope host", "address 192.0.2.1/24 on eth0", "label=eth0:1 scope=host deprecated="},
		{Address{Link: "lo", Prefix: prefix("2001:db8::1/128"), Scope: 253}, "2001:db8::1/128 on lo scope link", "address 2001:db8::1/128 on lo", "label= scope=link deprecated="},
		{Address{Link: "lo", Prefix: prefix("fec0::1/64"), Scope: 200}, "fec0::1/64 on lo scope site", "address fec0::1/64 on lo", "label= scope=site deprecated="},
		{Address{Link: "lo", Prefix: prefix("2001:db8::1/128"), Deprecated: true}, "2001:db8::1/128 on lo deprecated", "address 2001:db8::1/128 on lo", "label= scope=global deprecated=yes"},
		{Address{Link: "lo", Prefix: prefix("10.0.0.1/8"), Scope: 7}, "10.0.0.1/8 on lo scope 7", "address 10.0.0.1/8 on lo", "label= scope=7 deprecated="},

		{Route{Table: TableMain, Prefix: prefix("192.0.2.1/32"), Link: "lo", Scope: ScopeLink, Protocol: ProtocolStatic},
			"192.0.2.1/32 dev lo", "route 192.0.2.1/32", "dev=lo via= src= scope=link proto=4 beyond="},
		{Route{Table: TableMain, Prefix: prefix("0.0.0.0/0"), Gateway: addr("192.0.2.254"), Metric: 5, Link: "eth0", Source: addr("192.0.2.7")},
			"default metric 5 via 192.0.2.254 dev eth0 src 192.0.2.7", "route default metric 5", "dev=eth0 via=192.0.2.254 src=192.0.2.7 scope=global proto=0 beyond="},
		{Route{Table: 100, Prefix: prefix("::/0"), Gateway: addr("fe80::1"), Metric: DefaultMetricIPv6, Link: "eth0"},
			"default (IPv6) table 100 metric 1024 via fe80::1 dev eth0", "route default (IPv6) table 100 metric 1024", "dev=eth0 via=fe80::1 src= scope=global proto=0 beyond="},

		{Link{Name: "dummy0", Type: LinkDummy}, "dummy0 type dummy", "link dummy0", "type=dummy parent= local= remote= key= inner= vlan= ttl= checksum="},
		{Link{Name: "gre1", Type: LinkGRE, Parent: "eth0", Local: addr("192.0.2.1"), Remote: addr("192.0.2.2"), GREKey: 9, TTL: 64},
			"gre1 type gre parent eth0 local 192.0.2.1 remote 192.0.2.2 key 9 ttl 64", "link gre1", "type=gre parent=eth0 local=192.0.2.1 remote=192.0.2.2 key=9 inner= vlan= ttl=64 checksum="},
		{Link{Name: "t6", Type: LinkIP6Tnl, Local: addr("2001:db8::1"), Inner: IPv4},
			"t6 type ip6tnl local 2001:db8::1 inner ipv4", "link t6", "type=ip6tnl parent= local=2001:db8::1 remote= key= inner=ipv4 vlan= ttl= checksum="},
		{Link{Name: "eth0.7", Type: LinkVLAN, Parent: "eth0", VLAN: 7}, "eth0.7 type vlan parent eth0 vlan 7", "link eth0.7", "type=vlan parent=eth0 local= remote= key= inner= vlan=7 ttl= checksum="},
		{LinkSetting{"tunl0", LinkState, "up"}, "tunl0 state up", "link-setting tunl0 state", "value=up"},
		{FOU{Family: IPv4, Port: 6080, GUE: true}, "port 6080 gue", "fou port 6080", "inside=gue"},
		{FOU{Family: IPv6, Port: 5555, Protocol: 4}, "port 5555 (IPv6) ipproto 4", "fou port 5555 (IPv6)", "inside=ipproto 4"},
		{Timeout{TimeoutTCPFin, 30}, "tcpfin 30s", "timeout tcpfin", "seconds=30"},
		{Rule{Family: IPv4, Priority: 100, From: prefix("10.0.0.1/32"), Table: 88}, "100: from 10.0.0.1/32 table 88", "rule 100: from 10.0.0.1/32", "table=88"},
		{Rule{Family: IPv4, Priority: 1000, From: prefix("10.0.0.1/32"), Protocol: TCP, SourcePort: 80, Table: 100},
			"1000: from 10.0.0.1/32 ipproto tcp sport 80 table 100", "rule 1000: from 10.0.0.1/32 ipproto tcp sport 80", "table=100"},
		{Rule{Family: IPv6, Priority: 9, To: prefix("2001:db8::/32"), Mark: 7, Mask: 0xff, Interface: "eth0", Table: 254},
			"9: from all to 2001:db8::/32 fwmark 0x7/0xff iif eth0 (IPv6) table 254", "rule 9: from all to 2001:db8::/32 fwmark 0x7/0xff iif eth0 (IPv6)", "table=254"},
		{Mark{To: prefix("192.0.2.1/32"), Protocol: TCP, First: 80, Last: 80, Mark: 7}, "tcp to 192.0.2.1 port 80 fwmark 7", "mark tcp to 192.0.2.1 port 80", "fwmark=7"},
		{Mark{To: prefix("2001:db8::/64"), Protocol: UDP, First: 5000, Last: 5010, Mark: 1}, "udp to 2001:db8::/64 port 5000-5010 fwmark 1", "mark udp to 2001:db8::/64 port 5000-5010", "fwmark=1"},
		{Mark{To: prefix("192.0.2.0/24"), Mark: 1}, "to 192.0.2.0/24 fwmark 1", "mark to 192.0.2.0/24", "fwmark=1"},
		{SourceNAT{Service: web, First: addr("10.0.0.1"), Last: addr("10.0.0.1")}, "tcp 192.0.2.1:80 source 10.0.0.1", "source-nat tcp 192.0.2.1:80", "source=10.0.0.1"},
		{SourceNAT{Service: MarkService(IPv4, 7), First: addr("10.0.0.1"), Last: addr("10.0.0.4")}, "fwmark 7 source 10.0.0.1-10.0.0.4", "source-nat fwmark 7", "source=10.0.0.1-10.0.0.4"},
		{MSS{From: addr("192.0.2.1"), Size: 1440}, "from 192.0.2.1 size 1440", "mss from 192.0.2.1", "size=1440"},
		{SyncDaemon{Role: SyncMaster, Interface: "eth1", ID: 7, MaxLen: 1472, Group: addr("224.0.0.81"), Port: 8848, TTL: 1},
			"master interface eth1 id 7 group 224.0.0.81 port 8848 ttl 1 max length 1472", "sync-daemon master", "interface=eth1 id=7 group=224.0.0.81 port=8848 ttl=1 max length=1472"},

		{Service{ServiceKey: web, Scheduler: "rr", Netmask: full4}, "tcp 192.0.2.1:80 rr", "service tcp 192.0.2.1:80", "algorithm=rr flags= persistence= engine="},
		{Service{ServiceKey: dns6, Scheduler: "rr", Flags: FlagOnePacket, Netmask: full6}, "udp [2001:db8::1]:53 rr one-packet", "service udp [2001:db8::1]:53", "algorithm=rr flags=one-packet persistence= engine="},
		{Service{ServiceKey: MarkService(IPv4, 7), Scheduler: "wlc", Flags: FlagPersistent, Timeout: 300, Netmask: 0xfffe0000},
			"fwmark 7 wlc persistent 300s netmask 255.254.0.0", "service fwmark 7", "algorithm=wlc flags= persistence=300s netmask 255.254.0.0 engine="},
		{Service{ServiceKey: MarkService(IPv6, 1<<32-1), Scheduler: "sh", Flags: FlagPersistent | FlagSched1 | FlagSched2, Timeout: 1, Netmask: 64},
			"fwmark 4294967295 (IPv6) sh persistent 1s netmask /64 sh-fallback sh-port", "service fwmark 4294967295 (IPv6)", "algorithm=sh flags=sh-fallback,sh-port persistence=1s netmask /64 engine="},
		{Service{ServiceKey: AddrService(SCTP, addr("192.0.2.1"), 0), Scheduler: "mh", Flags: FlagSched1 | FlagSched3, Netmask: full4},
			"sctp 192.0.2.1:0 mh mh-fallback flag-3", "service sctp 192.0.2.1:0", "algorithm=mh flags=mh-fallback,flag-3 persistence= engine="},
		{Service{ServiceKey: web, Scheduler: "rr", Flags: FlagSched1 | FlagSched2, Netmask: full4}, "tcp 192.0.2.1:80 rr flag-1 flag-2", "service tcp 192.0.2.1:80", "algorithm=rr flags=flag-1,flag-2 persistence= engine="},
		{Service{ServiceKey: dns6, Scheduler: "rr", Flags: FlagPersistent, Timeout: 60, Netmask: full6, Engine: "sip"}, "udp [2001:db8::1]:53 rr persistent 60s engine sip", "service udp [2001:db8::1]:53", "algorithm=rr flags= persistence=60s engine=sip"},

		{Destination{Service: web, Addr: addr("10.0.0.1"), Port: 80, Forward: ForwardDirect, Weight: 1},
			"tcp 192.0.2.1:80 → 10.0.0.1:80 dr weight 1", "destination tcp 192.0.2.1:80 → 10.0.0.1:80", "method=dr weight=1 upper threshold=0 lower threshold=0"},
		{Destination{Service: dns6, Addr: addr("2001:db8::2"), Port: 5353, Forward: ForwardMasquerade, Weight: 0, UpperThreshold: 9, LowerThreshold: 3},
			"udp [2001:db8::1]:53 → [2001:db8::2]:5353 masq weight 0 upper 9 lower 3", "destination udp [2001:db8::1]:53 → [2001:db8::2]:5353", "method=masq weight=0 upper threshold=9 lower threshold=3"},
		{Destination{Service: MarkService(IPv6, 7), Addr: addr("2001:db8::2"), Forward: ForwardTunnel, Weight: 1},
			"fwmark 7 (IPv6) → [2001:db8::2]:0 tunnel ipip weight 1", "destination fwmark 7 (IPv6) → [2001:db8::2]:0", "method=tunnel ipip weight=1 upper threshold=0 lower threshold=0"},
		{Destination{Service: web, Addr: addr("10.0.0.1"), Port: 80, Forward: ForwardTunnel, Weight: 1, TunnelType: TunnelGUE, TunnelPort: 6080, TunnelFlags: TunnelRemoteChecksum},
			"tcp 192.0.2.1:80 → 10.0.0.1:80 tunnel gue port 6080 remcsum weight 1", "destination tcp 192.0.2.1:80 → 10.0.0.1:80", "method=tunnel gue port 6080 remcsum weight=1 upper threshold=0 lower threshold=0"},
		{Destination{Service: web, Addr: addr("10.0.0.1"), Port: 80, Forward: ForwardTunnel, Weight: 1, TunnelType: TunnelGRE, TunnelFlags: TunnelChecksum},
			"tcp 192.0.2.1:80 → 10.0.0.1:80 tunnel gre csum weight 1", "destination tcp 192.0.2.1:80 → 10.0.0.1:80", "method=tunnel gre csum weight=1 upper threshold=0 lower threshold=0"},
		{Destination{Service: web, Addr: addr("10.0.0.1"), Port: 80, Forward: ForwardLocal, Weight: 1},
			"tcp 192.0.2.1:80 → 10.0.0.1:80 local weight 1", "destination tcp 192.0.2.1:80 → 10.0.0.1:80", "method=local weight=1 upper threshold=0 lower threshold=0"},
		{Destination{Service: web, Addr: addr("10.0.0.1"), Port: 80, Forward: ForwardBypass, Weight: 1},
			"tcp 192.0.2.1:80 → 10.0.0.1:80 bypass weight 1", "destination tcp 192.0.2.1:80 → 10.0.0.1:80", "method=bypass weight=1 upper threshold=0 lower threshold=0"},
	}
	for _, test := range tests {
		t.Run(test.words, func(t *testing.T) {
			if diff := cmp.Diff(test.words, test.resource.String()); diff != "" {
				t.Errorf("String (-want +got):\n%s", diff)
			}
			key := test.resource.Key()
			if diff := cmp.Diff(test.key, key.String()); diff != "" {
				t.Errorf("Key (-want +got):\n%s", diff)
			}
			if want := strings.TrimPrefix(test.key, key.Kind.String()+" "); key.Words() != want {
				t.Errorf("Words: got %q, want %q", key.Words(), want)
			}
			if diff := cmp.Diff(test.attributes, attributes(test.resource)); diff != "" {
				t.Errorf("Attributes (-want +got):\n%s", diff)
			}
		})
	}
}

func attributes(r Resource) string {
	var words []string
	for _, a := range r.Attributes() {
		words = append(words, a.Name+"="+a.Value)
	}
	return strings.Join(words, " ")
}

// Numbers without a name are still printed as something.
func TestNamesOfNumbers(t *testing.T) {
	tests := []struct {
		value fmt.Stringer
		want  string
	}{
		{KindModule, "module"}, {KindDestination, "destination"}, {Kind(0), "kind(0)"}, {Kind(99), "kind(99)"},
		{Create, "create"}, {Forget, "forget"}, {Action(0), "action(0)"}, {Action(99), "action(99)"},
		{TCP, "tcp"}, {UDP, "udp"}, {SCTP, "sctp"}, {Protocol(1), "proto1"},
		{ForwardMasquerade, "masq"}, {ForwardBypass, "bypass"}, {Forward(7), "forward7"},
		{TunnelIPIP, "ipip"}, {TunnelType(9), "tunnel9"},
		{Source{}, ""}, {Source{"a/b.hcl", 12}, "a/b.hcl:12"},
		{StepRef{"lb1", "web: services"}, "lb1: web: services"},
	}
	for _, test := range tests {
		if got := test.value.String(); got != test.want {
			t.Errorf("%#v: got %q, want %q", test.value, got, test.want)
		}
	}
}

// A dot in an interface's name is not one of the separators of the sysctl.
func TestSysctlPath(t *testing.T) {
	tests := []struct{ name, want string }{
		{"net.ipv4.ip_forward", "net/ipv4/ip_forward"},
		{"net.ipv4.conf.eth0/100.arp_ignore", "net/ipv4/conf/eth0.100/arp_ignore"},
		{"net.ipv4.conf.br0/4/2.arp_ignore", "net/ipv4/conf/br0.4.2/arp_ignore"},
		{LinkSysctl("net.ipv4.conf", "eth0", "arp_ignore"), "net/ipv4/conf/eth0/arp_ignore"},
		{LinkSysctl("net.ipv4.conf", "eth0.100", "arp_ignore"), "net/ipv4/conf/eth0.100/arp_ignore"},
		{LinkSysctl("net.ipv6.conf", "all", "forwarding"), "net/ipv6/conf/all/forwarding"},
	}
	for _, test := range tests {
		if got := (Sysctl{Name: test.name}).Path(); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}
