package schema

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"
)

// How a host is reached by ssh. Nothing of it is ever read by a shell, here or there: what
// becomes an argument of ssh is checked to be one, and cannot be taken for an option.

var sshSpec = define(blockSpec{
	Type: "ssh", Single: true,
	Doc: "another machine, which the ssh of this one reaches; what is not written is for ~/.ssh/config to say",
	Attrs: []attrSpec{
		{Name: "address", Kind: kindString, Doc: "the name or address that ssh connects to, by default the host's own address"},
		{Name: "user", Kind: kindString, Doc: "who logs in; who is not root there needs sudo without a password"},
		{Name: "port", Kind: kindNumber, Min: 1, Max: maxPort, Doc: "the TCP port of the SSH server"},
		{Name: "identity", Kind: kindString, Doc: `the file with the private key, as in "~/.ssh/deploy"`},
		{Name: "jump", Kind: kindString, Doc: `the host on the way, as in "ops@gate:2222", or several with commas between them`},
		{Name: "options", Kind: kindStrings, Doc: `options of ssh_config(5), as in ["Compression=yes"]`},
		{Name: "timeout", Kind: kindDuration, Default: defaultSilence.String(), Doc: "how long nothing may be heard of the host until it counts as unreachable"},
		{Name: "agent", Kind: kindString, Doc: "the lvsctl that is installed on the host, an absolute path; where it is omitted lvsctl copies itself there if need be"},
	},
})

// Bounds of the time for which a host may say nothing. Agents are heard of every second.
const (
	minSilence     = 5 * time.Second
	defaultSilence = 30 * time.Second
	maxSilence     = time.Hour
)

// ssh reads the ssh block of a host, nil where there is none.
func (c *content) ssh(address netip.Addr) *SSH {
	b := c.only(sshSpec)
	if b == nil {
		return nil
	}
	s := &SSH{
		Address: b.sshWord("address"), User: b.sshWord("user"), Jump: b.sshWord("jump"),
		Identity: b.sshFile(), Options: b.sshOptions(), Agent: b.sshAgent(),
		Port: b.uint16("port"), Timeout: b.duration("timeout", minSilence, maxSilence),
	}
	if !b.given("address") && address.IsValid() {
		s.Address = address.String()
	}
	if strings.ContainsRune(s.User, '@') {
		b.fail(b.at("user"), "Invalid user", "%q has an @ in it, which a user's name has not.", s.User)
	}
	return s
}

// sshLetters are those that names, addresses and users have beside letters and digits.
const sshLetters = "-._:@,[]%/+"

// sshWord is an argument that becomes one of ssh: one word that is no option.
func (c *content) sshWord(name string) string {
	s, ok := c.str(name)
	if !ok {
		return ""
	}
	if !isSSHWord(s) {
		c.fail(c.at(name), "Invalid "+name, "%q cannot be given to ssh. It has letters, digits and any of %s in it, and does not begin with a dash.", s, sshLetters)
		return ""
	}
	return s
}

func isSSHWord(s string) bool {
	return s != "" && s[0] != '-' && !strings.ContainsFunc(s, func(r rune) bool { return !isAlphanumeric(r) && !strings.ContainsRune(sshLetters, r) })
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// ParseSSH reads where ssh is to go as it is written on a command line: an address, behind
// a user and an @ if need be.
func ParseSSH(s string) (*SSH, error) {
	user, address, named := strings.Cut(s, "@")
	if !named {
		user, address = "", s
	}
	if !isSSHWord(address) || strings.ContainsRune(address, '@') || named && !isSSHWord(user) {
		return nil, fmt.Errorf("%q is not where ssh could go: it is written like \"lb1\" or \"deploy@lb1\"", s)
	}
	return &SSH{Address: address, User: user, Timeout: defaultSilence}, nil
}

// sshFile is the argument that names a file here.
func (c *content) sshFile() string {
	s, ok := c.str("identity")
	if ok && (s == "" || s[0] == '-' || strings.ContainsAny(s, "\n\r\x00")) {
		c.fail(c.at("identity"), "Invalid file name", "%q cannot be the name of a file with a key.", s)
		return ""
	}
	return s
}

// sshAgent is the argument that names a program there.
func (c *content) sshAgent() string {
	s, ok := c.str("agent")
	if ok && (!path.IsAbs(s) || strings.ContainsAny(s, "\n\r\x00")) {
		c.fail(c.at("agent"), "Invalid program", `%q is not the path of a program, as in "/usr/local/bin/lvsctl".`, s)
		return ""
	}
	return s
}

// sshRefused says why options of ssh have no place in a config, by their names in lower
// case.
var sshRefused = map[string]string{
	"batchmode":                        "lvsctl has nobody to ask, so that it is always yes",
	"stricthostkeychecking":            "lvsctl always checks the keys of hosts. Put those of new ones into known_hosts, as with ssh-keyscan and a look at what it prints",
	"userknownhostsfile":               "lvsctl always checks the keys of hosts. Put it into ~/.ssh/config if they are kept elsewhere",
	"globalknownhostsfile":             "lvsctl always checks the keys of hosts. Put it into ~/.ssh/config if they are kept elsewhere",
	"nohostauthenticationforlocalhost": "lvsctl always checks the keys of hosts",
	"proxycommand":                     "it is run by a shell. Use jump, or put it into ~/.ssh/config",
	"localcommand":                     "it is run by a shell",
	"permitlocalcommand":               "it is run by a shell",
	"knownhostscommand":                "it is run by a shell. Put it into ~/.ssh/config",
	"remotecommand":                    "what is run there is lvsctl",
	"sessiontype":                      "what is run there is lvsctl",
	"requesttty":                       "a terminal would garble what lvsctl says",
	"forkafterauthentication":          "lvsctl would lose the host",
	"stdinnull":                        "lvsctl would lose the host",
	"user":                             "there is the argument user for it",
	"port":                             "there is the argument port for it",
	"hostname":                         "there is the argument address for it",
	"identityfile":                     "there is the argument identity for it",
	"proxyjump":                        "there is the argument jump for it",
	"connecttimeout":                   "there is the argument timeout for it",
}

// sshOptions are the argument that lists options.
func (c *content) sshOptions() []string {
	options, _ := c.strings("options")
	for _, option := range options {
		name, value, ok := strings.Cut(option, "=")
		why := sshRefused[strings.ToLower(name)]
		switch {
		case !ok || name == "" || value == "" || strings.ContainsFunc(name, func(r rune) bool { return !isAlphanumeric(r) }) || strings.ContainsAny(value, "\n\r\x00"):
			c.fail(c.at("options"), "Invalid option", `%q is not an option of ssh. It is written like "Compression=yes".`, option)
			return nil
		case why != "":
			c.fail(c.at("options"), "Refused option", "The option %s of ssh cannot be set here: %s.", name, why)
			return nil
		}
	}
	return slices.Clone(options)
}
