package schema

import (
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// A shareDecl is a share with the block that declares it.
type shareDecl struct {
	*Share
	content *content
	mounts  []*content // of its Mounts
}

// shares reads the nfs_share blocks of a cluster.
func (c *content) shares() []*shareDecl {
	var shares []*shareDecl
	var names namespace
	for _, block := range c.blocks {
		if block.Type != shareSpec.Type {
			continue
		}
		for _, r := range c.readings(&names, block, c.scope).list {
			shares = append(shares, c.share(r))
		}
	}
	return shares
}

// share reads one nfs_share block.
func (c *content) share(in reading) *shareDecl {
	b := c.inner(shareSpec, in.block, in.scope)
	s := &shareDecl{content: b, Share: &Share{Name: b.label(), Ignores: b.ignores, Range: b.header()}}
	if h := b.hostRef("server"); h != nil {
		s.Server, s.Address = h.Host, h.Address
	}
	if a := b.addr("address"); a.IsValid() {
		s.Address = a
	}
	if p, ok := b.str("path"); ok {
		s.Path = b.path(b.at("path"), p)
	}
	s.Clients = b.shareClients()
	s.Options = b.exportOptions()
	if d := b.only(shareDirectorySpec); d != nil {
		s.Directory = d.directory(s.Path)
	}
	for _, block := range b.blocks {
		if block.Type == shareMountSpec.Type {
			m := b.inner(shareMountSpec, block, b.scope)
			s.mounts = append(s.mounts, m)
			s.Mounts = append(s.Mounts, m.shareMount())
		}
	}
	return s
}

// shareClients is who may mount a share.
func (c *content) shareClients() []string {
	list, ok := c.strings("clients")
	if ok && len(list) == 0 {
		c.fail(c.at("clients"), "No clients", `Nobody could mount the share. Name networks such as "192.0.2.0/24", or "*" for everyone.`)
	}
	for i, client := range list {
		if problem := checkClient(client); problem != "" {
			c.fail(c.at("clients"), "Invalid client", "%q %s.", client, problem)
		} else if slices.Contains(list[:i], client) {
			c.fail(c.at("clients"), "Duplicate client", "%q is there twice. Remove one of the two.", client)
		}
	}
	return list
}

// checkClient says what is wrong with who may mount a share, if anything.
func checkClient(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r > unicode.MaxASCII || strings.ContainsRune(`()"'\,#`, r)
	}) || s[0] == '-' {
		return `is no client of an NFS server: that is a network, an address, a name, a pattern such as "*.example.org", a netgroup such as "@web", or "*"`
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err == nil && p != p.Masked():
		return "has bits set beyond its prefix length: write \"" + p.Masked().String() + `"`
	case err != nil && strings.Contains(s, "/"):
		return "is not a network, which is an address with a prefix length"
	case err != nil && strings.Trim(s, "0123456789.") == "":
		if _, err := netip.ParseAddr(s); err != nil {
			return "is not an IP address"
		}
	}
	return ""
}

// exportOptions is the argument that has the options of an export, in one text.
func (c *content) exportOptions() string {
	list, _ := c.strings("options")
	options, err := resource.ExportOptions(list)
	if err != nil {
		c.fail(c.at("options"), "Invalid options", "The options of the export cannot be: %s.", err)
	}
	return options
}

// shareMount reads one mount block of a share.
func (c *content) shareMount() *ShareMount {
	m := &ShareMount{Target: c.labelPath(), Boot: c.atBoot(), Force: c.boolean("force"), Range: c.header()}
	for _, h := range c.hostRefs("hosts") {
		m.Hosts = append(m.Hosts, h.Host)
	}
	var more []string
	if c.boolean("read_only") {
		more = append(more, "ro")
	}
	if v, ok := c.str("version"); ok && c.word("version", v) != "" {
		more = append(more, "vers="+v)
	}
	m.Options = c.mountOptions(more...)
	if m.Target == "/" {
		c.fail(c.block.LabelRanges[0], "Invalid path", "Nothing can be mounted in the place of the root directory.")
	}
	return m
}

func (s *shareDecl) blocks() []*content { return []*content{s.content} }

// shares goes through all shares with their clusters.
func (f *finder) shares(yield func(*clusterDecl, *shareDecl) bool) {
	for _, c := range f.clusters {
		for _, s := range c.shares {
			if !yield(c, s) {
				return
			}
		}
	}
}

// has tells whether an export has an option that is not the default.
func (s *Share) has(option string) bool {
	return slices.Contains(strings.Split(s.Options, ","), option)
}

// checkOpenShare: who comes as root writes what he likes, and so does everyone.
func checkOpenShare(f *finder) {
	for _, s := range f.shares {
		if s.Path == "" || s.Server == nil {
			continue
		}
		switch at := s.content.at("options"); {
		case s.has("no_root_squash"):
			f.find(s, at, "With no_root_squash whoever is root on a client is root in %s, and can leave programs there that run as root elsewhere.", s.Path)
		case s.has("rw") && slices.Contains(s.Clients, "*"):
			f.find(s, at, "Every machine that reaches %s can write to %s.", s.Server.Name, s.Path)
		}
	}
}

// checkShareClients: the server refuses whom it does not know.
func checkShareClients(f *finder) {
	for _, s := range f.shares {
		for i, m := range s.Mounts {
			for _, h := range m.Hosts {
				if s.refuses(h.Address) {
					f.find(s, s.mounts[i].at("hosts"), "The host %q has the address %s, which is none of the share's clients: %s. The server would refuse it.", h.Name, h.Address, list(s.Clients))
				}
			}
		}
	}
}

// refuses tells whether an address is surely none of the clients. Of names it cannot be
// told, nor of a host that mounts from an address of the other family: it has another one
// there.
func (s *Share) refuses(a netip.Addr) bool {
	if !a.IsValid() || len(s.Clients) == 0 || a.Is4() != s.Address.Is4() {
		return false
	}
	for _, client := range s.Clients {
		if p, err := netip.ParsePrefix(client); err == nil {
			if p.Contains(a) {
				return false
			}
			continue
		}
		if addr, err := netip.ParseAddr(client); err != nil || addr == a {
			return false
		}
	}
	return true
}

// checkOwnShare: a server that mounts from itself waits for itself when memory gets short.
func checkOwnShare(f *finder) {
	for _, s := range f.shares {
		for i, m := range s.Mounts {
			if s.Server != nil && slices.Contains(m.Hosts, s.Server) {
				f.find(s, s.mounts[i].at("hosts"), "The host %q mounts its own share. It can come to wait for itself when memory is short: let it use %s as it is, or a bind mount.", s.Server.Name, s.Path)
			}
		}
	}
}

// checkMountTwice: the second hides the first.
func checkMountTwice(f *finder) {
	type at struct{ host, target string }
	first := map[at]hcl.Range{}
	for _, s := range f.shares {
		for i, m := range s.Mounts {
			for _, h := range m.Hosts {
				p := at{h.Name, m.Target}
				if there, taken := first[p]; taken && m.Target != "" {
					f.find(s, s.mounts[i].header(), "The host %q mounts another share there already, at %s. The second would hide the first.", h.Name, place(there))
					continue
				}
				first[p] = s.mounts[i].header()
			}
		}
	}
}
