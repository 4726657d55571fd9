package schema

import (
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

var backendSpec = define(blockSpec{
	Type: "backend", Labels: []string{"type"}, Single: true,
	Doc: `where runs of lvsctl keep out of each other's way and note what they did, beside the hosts themselves: "etcd"`,
	Attrs: []attrSpec{
		{Name: "endpoints", Kind: kindStrings, Required: true, Example: `["https://192.0.2.1:2379"]`, Doc: "the URLs of the etcd servers, all of one cluster"},
		{Name: "prefix", Kind: kindString, Default: "lvsctl", Doc: "what the names of all keys begin with, one for each fleet"},
		{Name: "username", Kind: kindString, Doc: "who logs in, nobody where it is omitted"},
		{Name: "password", Kind: kindString, Doc: "the password for the username, which may be sensitive"},
		{Name: "ca_file", Kind: kindString, Doc: "the PEM file of the authorities that vouch for the servers, relative to the file with the block; those of the system where it is omitted"},
		{Name: "cert_file", Kind: kindString, Doc: "the PEM file of the certificate to show to the servers, likewise"},
		{Name: "key_file", Kind: kindString, Doc: "the PEM file of the key for the certificate, likewise"},
		{Name: "ttl", Kind: kindDuration, Default: "15s", Doc: "how long a run that died, or lost the servers, keeps others out"},
		{Name: "timeout", Kind: kindDuration, Default: "5s", Doc: "how long the servers may take to answer"},
	},
})

// Bounds of the times of a backend. Leases are counted in seconds, and etcd makes none
// shorter than its servers need to elect a leader.
const (
	minTTL            = 2 * time.Second
	maxTTL            = time.Hour
	minBackendTimeout = 100 * time.Millisecond
	maxBackendTimeout = time.Minute
)

// A Backend is an etcd where runs of lvsctl share a lock and a history.
type Backend struct {
	Endpoints []string // URLs, all of http or all of https
	Prefix    string   // of the names of keys, without a slash at either end
	Username  string   // empty: nobody logs in
	Password  Secret
	CAFile    string // PEM; empty: the system's
	CertFile  string // PEM; empty: none, and no KeyFile either
	KeyFile   string
	TTL       time.Duration // of the lock's lease, whole seconds
	Timeout   time.Duration // of one request
	Range     hcl.Range
}

// A Secret is text that does not get printed by accident.
type Secret string

// String implements [fmt.Stringer], and hides the text.
func (Secret) String() string { return "(sensitive)" }

// GoString implements [fmt.GoStringer], and hides the text.
func (Secret) GoString() string { return "(sensitive)" }

// loadBackend reads the backend block, if there is one.
func (l *loader) loadBackend(blocks hcl.Blocks, s *scope) {
	for i, block := range blocks {
		if i > 0 {
			l.fail(block.DefRange, "Duplicate backend block", "There is one backend block at most, and another is at %s. Remove one of the two.", place(blocks[0].DefRange))
			continue
		}
		c := l.content(backendSpec, block, s)
		if label := c.label(); label != "etcd" {
			l.fail(block.LabelRanges[0], "Unknown backend", `There is no backend %q. The one that there is is "etcd"; without a backend block runs are kept apart by the hosts alone.`, label)
		}
		l.backend = c.backend()
	}
}

// backend reads one backend block.
func (c *content) backend() *Backend {
	b := &Backend{
		Endpoints: c.endpoints(), Prefix: c.keyPrefix(), Password: c.secret("password"),
		CAFile: c.nearFile("ca_file"), CertFile: c.nearFile("cert_file"), KeyFile: c.nearFile("key_file"),
		TTL: c.duration("ttl", minTTL, maxTTL), Timeout: c.duration("timeout", minBackendTimeout, maxBackendTimeout),
		Range: c.header(),
	}
	b.Username, _ = c.str("username")
	c.together("username", "password")
	c.together("cert_file", "key_file")
	if b.TTL%time.Second != 0 {
		c.fail(c.at("ttl"), "Invalid duration", "The argument \"ttl\" must be whole seconds, since etcd counts leases in them.")
	}
	if len(b.Endpoints) == 0 || !strings.HasPrefix(b.Endpoints[0], "http://") {
		return b
	}
	for _, name := range []string{"ca_file", "cert_file"} {
		if c.given(name) {
			c.fail(c.at(name), "Argument without use", "The argument %q is for endpoints with https, and these are without.", name)
		}
	}
	return b
}

// together reports one of two arguments that is there without the other.
func (c *content) together(one, other string) {
	if !c.has(one) {
		one, other = other, one
	}
	if c.has(one) && !c.has(other) && !c.misspelt(other) {
		c.fail(c.at(one), "Missing argument", "The argument %q has no use without %q.", one, other)
	}
}

// endpoints is the argument that lists servers.
func (c *content) endpoints() []string {
	list, ok := c.strings("endpoints")
	if !ok {
		return nil
	}
	if len(list) == 0 {
		c.fail(c.at("endpoints"), "No endpoint", "The list is empty. Name at least one server of the etcd cluster.")
		return nil
	}
	var urls []string
	for _, e := range list {
		u, ok := serverURL(e)
		switch {
		case strings.Contains(e, "@"):
			c.sources.hide(c.at("endpoints"))
			c.fail(c.at("endpoints"), "Invalid endpoint", "An endpoint has an @ in it. Who logs in, and with which password, are arguments of their own.")
		case !ok:
			c.fail(c.at("endpoints"), "Invalid endpoint", `%q is not the URL of an etcd server. It is written like "https://192.0.2.1:2379": with http or https and a port, and nothing after it.`, e)
		case slices.Contains(urls, u):
			c.fail(c.at("endpoints"), "Duplicate endpoint", "%q is in this list twice. Remove one of the two.", e)
		case len(urls) > 0 && strings.HasPrefix(u, "https:") != strings.HasPrefix(urls[0], "https:"):
			c.fail(c.at("endpoints"), "Mixed endpoints", "Some endpoints are with https and others are not. A connection that is not protected undoes the protection of all.")
		default:
			urls = append(urls, u)
		}
	}
	return urls
}

// serverURL is the URL of a server in the one way that it is written.
func serverURL(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", false
	}
	if u.Hostname() == "" || u.Port() == "" {
		return "", false
	}
	host := u.Hostname()
	if a, err := netip.ParseAddr(host); err == nil {
		host = a.String()
	}
	return u.Scheme + "://" + net.JoinHostPort(host, u.Port()), true
}

var prefixForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[\w.-]+(/[\w.-]+)*$`)
})

// keyPrefix is the argument that the names of keys begin with.
func (c *content) keyPrefix() string {
	s, ok := c.str("prefix")
	s = strings.Trim(s, "/")
	if ok && !prefixForm().MatchString(s) {
		c.fail(c.at("prefix"), "Invalid prefix", `The prefix is words of letters, digits and any of _ . - with slashes between them, as in "lvsctl/web".`)
	}
	return s
}

// nearFile is an argument that names a file, relative to that which it is written in.
func (c *content) nearFile(name string) string {
	s, ok := c.str(name)
	switch {
	case !ok:
		return ""
	case s == "" || strings.ContainsAny(s, "\n\r\x00"):
		c.fail(c.at(name), "Invalid file name", "%q cannot be the name of a file.", s)
		return ""
	case filepath.IsAbs(s):
		return s
	}
	return filepath.Join(filepath.Dir(c.at(name).Filename), s)
}

// secret is an argument that is a string which may be sensitive. Where it is written out, it
// is not shown.
func (c *content) secret(name string) Secret {
	attr := c.attrs[name]
	if attr == nil {
		return ""
	}
	if _, diags := hcl.AbsTraversalForExpr(attr.Expr); diags.HasErrors() {
		c.sources.hide(attr.Expr.Range())
	}
	v, diags := c.scope.evalHidden(attr.Expr)
	c.add(diags...)
	v, _ = v.UnmarkDeep()
	switch {
	case diags.HasErrors():
		return ""
	case v.IsNull() || !v.IsWhollyKnown():
		c.unknown++
		return ""
	}
	text, err := convert.Convert(v, cty.String)
	if err != nil {
		c.fail(attr.Expr.Range(), "Wrong type of value", "The argument %q must be a string, and this is something else.", name)
		return ""
	}
	return Secret(text.AsString())
}
