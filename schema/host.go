package schema

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// hostAttrs are what can be referred to of a host.
var hostAttrs = []string{"name", "address", "interface"}

// loadHosts reads all host blocks, and makes them what host.NAME refers to.
func (l *loader) loadHosts(blocks hcl.Blocks, s *scope) *root {
	r := &root{
		name: "host", noun: "host", misread: l.misread, values: map[string]cty.Value{},
		attrs: hostAttrs, repeated: map[string]bool{}, noKey: map[hcl.Range]*hcl.Diagnostic{},
	}
	l.hosts = map[string]*hostDecl{}
	var names namespace
	for _, block := range blocks {
		name := block.Labels[0]
		readings := l.readings(&names, block, s)
		values := make(map[string]cty.Value, len(readings.list))
		for _, reading := range readings.list {
			h := l.host(reading.block, reading.scope)
			l.hosts[h.Name] = h
			l.hostList = append(l.hostList, h)
			values[strings.TrimPrefix(h.Name, name+".")] = hostValue(h)
		}
		switch {
		case readings.repeated && readings.known:
			r.values[name], r.repeated[name] = cty.ObjectVal(values), true
		case readings.repeated:
			r.values[name], r.repeated[name] = cty.DynamicVal, true
		case readings.known:
			r.values[name] = values[name]
		default:
			l.misreadBlock(block.Labels, nil)
		}
	}
	return r
}

// A hostDecl is a host with the block that declares it.
type hostDecl struct {
	*Host
	content *content
	broken  bool // has errors, so that what seems missing may be among them
}

// host reads one host block.
func (l *loader) host(block *hcl.Block, s *scope) *hostDecl {
	before := l.trouble()
	c := l.content(hostSpec, block, s)
	h := &Host{Name: c.label(), Ignores: c.ignores, Range: c.header()}
	h.Address = c.addr("address")
	h.Interface = c.interfaceName("interface")
	h.Reach = c.reach(h.Address)
	if c.given("persist") {
		persist := c.boolean("persist")
		h.Persist = &persist
	}
	h.IPVS = c.ipvsSettings()
	for _, s := range c.settings(h) {
		if strings.HasPrefix(s.Resource.Key().Name, IPVSSettings) {
			h.IPVS = append(h.IPVS, s)
		} else {
			h.Settings = append(h.Settings, s)
		}
	}
	return &hostDecl{h, c, l.trouble() > before}
}

// hostValue is what a reference to a host stands for in expressions.
func hostValue(h *hostDecl) cty.Value {
	address := cty.UnknownVal(cty.String)
	if h.Address.IsValid() {
		address = cty.StringVal(h.Address.String())
	}
	link := cty.NullVal(cty.String)
	if h.Interface != "" {
		link = cty.StringVal(h.Interface)
	} else if h.content.has("interface") {
		link = cty.UnknownVal(cty.String)
	}
	return cty.ObjectVal(map[string]cty.Value{
		"name": cty.StringVal(h.Name), "address": address, "interface": link,
	})
}

// reach reads how a host is reached: exactly one of its ways.
func (c *content) reach(address netip.Addr) Reach {
	var r Reach
	before := c.errors
	r.Local = c.boolean("local")
	r.Netns = c.netns("netns")
	r.Command = c.command("command")
	r.SSH = c.ssh(address)

	given := c.reachGiven(r)
	switch {
	case len(given) == 0 && c.errors == before && !c.misspelt("local") && !c.misspelt("netns") && !c.misspelt("command"):
		c.fail(c.header(), "Missing way to reach the host", `lvsctl must know how to get there. Write one of local = true (the machine it runs on), ssh {} (another machine), netns = "NAME" (a network namespace of this machine) or command = ["PROGRAM", …] (anything else that starts an agent).`)
	case len(given) > 1:
		d := problem(given[1].at, "Conflicting arguments", "A host is reached in exactly one way, and this one has %s. Remove all but one.", list(names(given)))
		d.Context = hcl.RangeOver(given[0].at, given[1].whole).Ptr()
		c.add(d)
	}
	return r
}

// A way is one way to reach a host, and where it is written.
type way struct {
	name  string
	at    hcl.Range // of the name
	whole hcl.Range
}

func names(ways []way) []string {
	list := make([]string, len(ways))
	for i, w := range ways {
		list[i] = w.name
	}
	return list
}

// reachGiven lists the ways to reach a host that are written.
func (c *content) reachGiven(r Reach) []way {
	var given []way
	for _, name := range []string{"local", "netns", "command"} {
		if c.given(name) && (name != "local" || r.Local) {
			given = append(given, way{name, c.attrs[name].NameRange, c.attrs[name].Range})
		}
	}
	if i := slices.IndexFunc(c.blocks, func(b *hcl.Block) bool { return b.Type == sshSpec.Type }); i >= 0 {
		given = append(given, way{sshSpec.Type, c.blocks[i].DefRange, c.blocks[i].DefRange})
	}
	return given
}

// netns is an argument that names a network namespace.
func (c *content) netns(name string) string {
	s, ok := c.str(name)
	if ok && (s == "" || s == "." || s == ".." || strings.ContainsAny(s, "/\x00")) {
		c.fail(c.at(name), "Invalid network namespace", "%q is not the name of a network namespace. It is a file name below /var/run/netns, without a slash: see ip netns list.", s)
		return ""
	}
	return s
}

// command is an argument that is a program with its arguments.
func (c *content) command(name string) []string {
	argv, ok := c.strings(name)
	if ok && (len(argv) == 0 || argv[0] == "") {
		c.fail(c.at(name), "Empty command", `The first string of a command is the program to run, as in ["ssh", "lb1"].`)
		return nil
	}
	return argv
}

// interfaceName is an argument that names a network interface.
func (c *content) interfaceName(name string) string {
	s, ok := c.str(name)
	if !ok {
		return ""
	}
	if problem := checkInterface(s); problem != "" {
		c.fail(c.at(name), "Invalid interface name", "%s", problem)
		return ""
	}
	return s
}

// checkInterface says what is wrong with the name of a network interface, if anything:
// the rules of dev_valid_name in the kernel's net/core/dev.c.
func checkInterface(s string) string {
	base, _, alias := strings.Cut(s, ":")
	switch {
	case alias:
		return fmt.Sprintf("%q is an alias as ifconfig makes them, and addresses belong to the interface itself: write %q.", s, base)
	case s == "" || s == "." || s == ".." || strings.ContainsAny(s, "/ \t\n\v\f\r\x00"):
		return fmt.Sprintf("%q cannot be the name of a network interface. Names have no slash and no space: see ip link.", s)
	case len(s) > 15:
		return fmt.Sprintf("%q has %d bytes, and Linux allows an interface name 15.", s, len(s))
	}
	return ""
}
