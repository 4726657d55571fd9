package provider

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// expectSettings asks ip(8) for the state and MTU of an interface.
func expectSettings(t *testing.T, link, state string, mtu int) {
	t.Helper()
	got := runJSON[[]struct {
		Flags []string `json:"flags"`
		MTU   int      `json:"mtu"`
	}](t, "ip -j link show dev "+link)[0]
	if up := slices.Contains(got.Flags, "UP"); up != (state == "up") || got.MTU != mtu {
		t.Errorf("%s is up: %v, with an MTU of %d; want it %s with %d", link, up, got.MTU, state, mtu)
	}
}

func TestKernelLinkSettings(t *testing.T) {
	m := kernel(t)
	for _, module := range []string{"ipip", "sit", "ip6_tunnel", "ip_gre", "ip6_gre"} {
		run(t, "modprobe "+module) // makes the link that all packets without a tunnel of their own go to
	}
	run(t, "ip link add link eth0 name eth0.7 type vlan id 7")
	tests := []struct {
		link      string
		mtu, less int
	}{
		{"eth0.7", 1500, 1280}, {"lo", 65536, 1500},
		{"tunl0", 1480, 1400}, {"sit0", 1480, 1400}, {"ip6tnl0", 1452, 1400}, {"gre0", 1476, 1400}, {"ip6gre0", 1448, 1400},
	}
	for _, test := range tests { // no subtests: they would run in another namespace
		t.Log(test.link)
		run(t, "ip link set down dev "+test.link)
		set := func(name, value string) resource.LinkSetting {
			return resource.LinkSetting{Link: test.link, Name: name, Value: value}
		}
		down, up := set(resource.LinkState, "down"), set(resource.LinkState, "up")
		usual, less := set(resource.LinkMTU, fmt.Sprint(test.mtu)), set(resource.LinkMTU, fmt.Sprint(test.less))
		expectRead(t, m, down, usual)
		expectRead(t, m, usual) // and no other is read
		apply(t, m, update(down, up))
		expectSettings(t, test.link, "up", test.mtu)
		expectRead(t, m, up, usual)
		apply(t, m, update(usual, less))
		expectSettings(t, test.link, "up", test.less)
		expectRead(t, m, up, less)
		apply(t, m, resource.Change{Action: resource.Restore, Before: up, After: down}, update(less, usual))
		expectSettings(t, test.link, "down", test.mtu)
		expectRead(t, m, down, usual)
	}
}

func TestKernelLinkSettingFails(t *testing.T) {
	m := kernel(t)
	set := func(link, name, value string) resource.LinkSetting {
		return resource.LinkSetting{Link: link, Name: name, Value: value}
	}
	missing := set("eth9", resource.LinkState, "up")
	if got := read(t, m, missing, set("eth9", "color", "")); got.Len() != 0 {
		t.Errorf("read %v", got)
	}
	fails(t, m, "interface eth9: Link not found", update(missing, missing))
	apply(t, m, remove(missing)) // gone with its interface
	fails(t, m, "cannot delete a link-setting", remove(set("eth0", resource.LinkState, "up")))

	fails(t, m, `unknown setting "color"`, create(set("eth0", "color", "red")))
	fails(t, m, `state "upside" is neither up nor down`, create(set("eth0", resource.LinkState, "upside")))
	for _, value := range []string{"", "-1", "9k", "4294967296"} {
		fails(t, m, fmt.Sprintf("mtu %q is not a number of bytes", value), create(set("eth0", resource.LinkMTU, value)))
	}
	run(t, "ip link add link eth0 name eth0.7 type vlan id 7")
	fails(t, m, "numerical result out of range", create(set("eth0.7", resource.LinkMTU, "9000"))) // more than below
	expectSettings(t, "eth0", "up", 1500)
	expectSettings(t, "eth0.7", "down", 1500)

	// With what is below it, in any order.
	apply(t, m, create(set("eth0.7", resource.LinkMTU, "9000")), create(set("eth0", resource.LinkMTU, "9001")))
	expectSettings(t, "eth0", "up", 9001)
	expectSettings(t, "eth0.7", "down", 9000)
	apply(t, m, create(set("eth0", resource.LinkMTU, "1500")), create(set("eth0.7", resource.LinkMTU, "1400")))
	expectSettings(t, "eth0", "up", 1500)
	expectSettings(t, "eth0.7", "down", 1400)

	_, err := m.Read(t.Context(), keysOf([]resource.Resource{set("eth0", "color", "")}))
	if err == nil || err.Error() != `read setting of interface eth0: unknown setting "color"` {
		t.Errorf("reading an unknown setting: %v", err)
	}
}
