package roundtrip

import (
	"slices"
	"testing"
)

// Of two snapshots only what the kernel decides by itself may differ.
func TestSettled(t *testing.T) {
	tests := []struct {
		name        string
		before, now string
		differ      bool
	}{
		{"the same", "sysctl net/ipv4/ip_forward = 1\n", "sysctl net/ipv4/ip_forward = 1\n", false},
		{"a setting", "sysctl net/ipv4/ip_forward = 1\n", "sysctl net/ipv4/ip_forward = 0\n", true},
		{"a setting of an interface", "sysctl net/ipv4/conf/old/rp_filter = 1\n", "sysctl net/ipv4/conf/old/rp_filter = 0\n", true},
		{"a setting of an interface made anew", "sysctl net/ipv4/conf/new/rp_filter = 1\n", "sysctl net/ipv4/conf/new/rp_filter = 0\n", false},
		{"an address that is gone", "address new 10.0.0.1 24 = {\"local\":\"10.0.0.1\"}\n", "", true},
		{"a link-local address that is gone", "address old fe80::1 64 = {}\n", "", true},
		{"a link-local address of an interface made anew", "address new fe80::1 64 = {}\n", "address new fe80::2 64 = {}\n", false},
		{"its route", "route6 local local fe80::1 new = {}\n", "route6 local local fe80::2 new = {}\n", false},
		{"another route", "route6 main unicast 2001:db8::/64 new = {}\n", "", true},
		{"the hardware address of a dummy made anew",
			`link new = {"address":"02::01","mtu":1500,"linkinfo":{"info_kind":"dummy"}}` + "\n",
			`link new = {"address":"02::02","mtu":1500,"linkinfo":{"info_kind":"dummy"}}` + "\n", false},
		{"the MTU of a dummy made anew",
			`link new = {"address":"02::01","mtu":1500,"linkinfo":{"info_kind":"dummy"}}` + "\n",
			`link new = {"address":"02::02","mtu":1400,"linkinfo":{"info_kind":"dummy"}}` + "\n", true},
		{"the MTU of a tunnel made anew", `link new = {"mtu":1480,"ttl":1}` + "\n", `link new = {"mtu":1422,"ttl":1}` + "\n", false},
		{"the MTU of another tunnel", `link old = {"mtu":1480,"ttl":1}` + "\n", `link old = {"mtu":1422,"ttl":1}` + "\n", true},
		{"the end of a tunnel made anew", `link new = {"address":"10.0.0.1","permaddr":"::1"}` + "\n", `link new = {"address":"10.0.0.2","permaddr":"::2"}` + "\n", true},
		{"the primary address", "address old 10.0.0.1 24 = {\"scope\":\"global\",\"secondary\":true}\n", "address old 10.0.0.1 24 = {\"scope\":\"global\"}\n", false},
		{"the source of a route of the kernel", `route4 main unicast 10.0.0.0/24 old = {"dev":"old","prefsrc":"10.0.0.1","protocol":"kernel"}` + "\n",
			`route4 main unicast 10.0.0.0/24 old = {"dev":"old","prefsrc":"10.0.0.2","protocol":"kernel"}` + "\n", false},
		{"the source of another route", `route4 main unicast 10.0.0.0/24 old = {"dev":"old","prefsrc":"10.0.0.1","protocol":"static"}` + "\n",
			`route4 main unicast 10.0.0.0/24 old = {"dev":"old","prefsrc":"10.0.0.2","protocol":"static"}` + "\n", true},
		{"the order of rules", "nft = table ip lvsctl {\nnft = \tchain a {\nnft = \t\tone\nnft = \t\ttwo\nnft = \t}\nnft = }\n",
			"nft = table ip lvsctl {\nnft = \tchain a {\nnft = \t\ttwo\nnft = \t\tone\nnft = \t}\nnft = }\n", false},
		{"the chain of a rule", "nft = table ip lvsctl {\nnft = \tchain a {\nnft = \t\tone\nnft = \t}\nnft = }\n",
			"nft = table ip lvsctl {\nnft = \tchain b {\nnft = \t\tone\nnft = \t}\nnft = }\n", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			anew := map[string]bool{"new": true}
			if differ := !slices.Equal(settled(test.before, anew), settled(test.now, anew)); differ != test.differ {
				t.Errorf("differ: %v, want %v", differ, test.differ)
			}
		})
	}
}
