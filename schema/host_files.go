package schema

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// path is a text that is the path of a file, empty where it is none.
func (c *content) path(at hcl.Range, s string) string {
	problem := ""
	switch {
	case !strings.HasPrefix(s, "/"):
		problem = "is not an absolute path: it has to begin with a slash"
	case path.Clean(s) != s:
		problem = "is not written in the shortest way: write " + strconv.Quote(path.Clean(s))
	case strings.ContainsFunc(s, unicode.IsControl):
		problem = "has a character that cannot be printed"
	case len(s) > 4095:
		problem = "is longer than a path can be"
	}
	if problem != "" {
		c.fail(at, "Invalid path", "%q %s.", s, problem)
		return ""
	}
	return s
}

// labelPath is the name of the block, which is a path.
func (c *content) labelPath() string { return c.path(c.block.LabelRanges[0], c.label()) }

// fileMode is an argument that is permissions.
func (c *content) fileMode(name string) resource.Mode {
	s, ok := c.str(name)
	if !ok {
		return 0
	}
	n, err := strconv.ParseUint(s, 8, 16)
	if err != nil || n > 0o7777 || len(s) < 3 {
		c.fail(c.at(name), "Invalid permissions", `The argument %q must be permissions in octal, as in "0644", and this is %q.`, name, s)
		return 0
	}
	return resource.Mode(n)
}

// ownership is who owns a file.
func (c *content) ownership() (owner, group string) {
	return c.userName("owner"), c.userName("group")
}

// userName is an argument that names a user or a group.
func (c *content) userName(name string) string {
	s, _ := c.str(name)
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == ':' || r == '/' }) {
		c.fail(c.at(name), "Invalid "+name, "%q cannot be the name of a user or a group.", s)
		return ""
	}
	return s
}

// text is an argument that is what a file holds.
func (c *content) text(name string) resource.Text {
	s, _ := c.str(name)
	if len(s) > resource.MaxFile {
		c.fail(c.at(name), "Too much content", "The content has %d bytes, and %d are kept at most. Bring larger files there in another way.", len(s), resource.MaxFile)
		return ""
	}
	return resource.Text(s)
}

// hostFile reads one file block.
func (c *content) hostFile(*Host) []resource.Resource {
	before := c.errors
	f := resource.File{Path: c.labelPath(), Mode: c.fileMode("mode")}
	f.Content = c.text("content")
	f.Owner, f.Group = c.ownership()
	if c.errors > before || f.Path == "" {
		return nil
	}
	return []resource.Resource{f}
}

// blockMarker is a line that begins or ends a block in a file.
var blockMarker = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^\S+ (BEGIN|END) lvsctl .*$`)
})

// hostFileBlock reads one file_block block.
func (c *content) hostFileBlock(*Host) []resource.Resource {
	before := c.errors
	b := resource.Block{Path: c.labelPath()}
	b.Name, _ = c.str("name")
	b.Comment, _ = c.str("comment")
	b.Content = c.text("content")
	switch {
	case checkBlockName(b.Name) != "":
		c.fail(c.at("name"), "Invalid name", "%q cannot be the name of a block. %s.", b.Name, checkBlockName(b.Name))
	case b.Comment == "" || strings.ContainsFunc(b.Comment, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPunct(r) && !unicode.IsSymbol(r) }):
		c.fail(c.at("comment"), "Invalid comment", `%q cannot be what begins a comment. It is punctuation, such as "#", "//", ";" or "--".`, b.Comment)
	case strings.ContainsRune(string(b.Content), 0):
		c.fail(c.at("content"), "Invalid content", "The lines have a byte that is zero, and are no text.")
	case blockMarker().MatchString(string(b.Content)):
		c.fail(c.at("content"), "Invalid content", "One of the lines looks like those that lvsctl puts around a block: %q.", strings.TrimSpace(blockMarker().FindString(string(b.Content))))
	}
	if b.Content != "" && !strings.HasSuffix(string(b.Content), "\n") {
		b.Content += "\n"
	}
	if c.errors > before || b.Path == "" {
		return nil
	}
	return []resource.Resource{b}
}

// checkBlockName says what is wrong with the name of a block in a file, if anything.
func checkBlockName(s string) string {
	if s == "" || len(s) > 100 || strings.ContainsFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./", r)
	}) {
		return "It has letters, digits, and - _ . /, 100 at most"
	}
	return ""
}

// hostDirectory reads one directory block.
func (c *content) hostDirectory(*Host) []resource.Resource {
	p := c.labelPath()
	if d := c.directory(p); d != nil && p != "" {
		return []resource.Resource{*d}
	}
	return nil
}

// directory reads what a directory is to be, nil where it is wrong.
func (c *content) directory(p string) *resource.Directory {
	before := c.errors
	d := &resource.Directory{Path: p, Mode: c.fileMode("mode")}
	d.Owner, d.Group = c.ownership()
	if c.errors > before {
		return nil
	}
	return d
}

// unitTypes are the suffixes of units that can be started.
var unitTypes = []string{".service", ".socket", ".target", ".timer", ".path", ".mount", ".automount", ".swap", ".slice"}

// hostUnit reads one unit block, on a host with files that units may read.
func (c *content) hostUnit(files []Setting) []resource.Resource {
	name := c.label()
	if !isUnit(name) {
		c.failLabel(`%q is not the name of a unit. It ends in its type, as in "nginx.service".`, name)
		return nil
	}
	before := c.errors
	var list []resource.Resource
	for _, s := range []struct{ arg, setting string }{{"enabled", resource.UnitEnabled}, {"running", resource.UnitRunning}} {
		if v, ok := c.value(s.arg); ok {
			list = append(list, resource.Unit{Name: name, Setting: s.setting, Value: map[bool]string{true: "yes", false: "no"}[v.True()]})
		}
	}
	if paths, ok := c.strings("reload_on"); ok {
		list = append(list, resource.Unit{
			Name: name, Setting: resource.UnitFiles, Value: resource.Fingerprint(c.contents(paths, files)...), Reads: strings.Join(paths, "\n"),
		})
	}
	if len(list) == 0 && c.errors == before {
		c.fail(c.header(), "Nothing to do", "The block says nothing about the unit %q. Add running, enabled or reload_on.", name)
	}
	return list
}

// isUnit tells whether a text can be the name of a unit that can be started.
func isUnit(name string) bool {
	typed := slices.ContainsFunc(unitTypes, func(suffix string) bool { return strings.HasSuffix(name, suffix) && len(name) > len(suffix) })
	return typed && len(name) <= 255 && !strings.ContainsFunc(name, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(`:-_.\@`, r)
	})
}

// contents is what the files hold that a unit reads, as the host block has it.
func (c *content) contents(paths []string, files []Setting) []resource.Text {
	var texts []resource.Text
	for _, p := range paths {
		before := len(texts)
		for _, f := range files {
			switch r := f.Resource.(type) {
			case resource.File:
				if r.Path == p {
					texts = append(texts, r.Content)
				}
			case resource.Block:
				if r.Path == p {
					texts = append(texts, r.Content)
				}
			}
		}
		if len(texts) == before {
			c.fail(c.at("reload_on"), "Unknown file", "The host has no file or file_block block for %q, so that lvsctl would not know when it changes.", p)
		}
	}
	return texts
}

// hostMount reads one mount block of a host.
func (c *content) hostMount(*Host) []resource.Resource {
	before := c.errors
	m := resource.Mount{Target: c.labelPath(), Options: c.mountOptions(), Force: c.boolean("force")}
	m.Source, _ = c.str("source")
	m.Type, _ = c.str("type")
	for arg, s := range map[string]string{"source": m.Source, "type": m.Type} {
		if s == "" || strings.HasPrefix(s, "-") || strings.ContainsFunc(s, unicode.IsControl) {
			c.fail(c.at(arg), "Invalid "+arg, "%q cannot be the %s of a mount.", s, arg)
		}
	}
	if strings.HasPrefix(m.Type, "nfs") && m.Type != "nfs" {
		c.fail(c.at("type"), "Invalid type", `All versions of NFS are of type "nfs" here. Add the version to the options, as in "vers=4.2".`)
	}
	if c.errors > before || m.Target == "" {
		return nil
	}
	list := []resource.Resource{m}
	if c.atBoot() {
		list = append(list, resource.Block{Path: resource.Fstab, Name: "mount" + m.Target, Comment: "#", Content: resource.Text(resource.FstabLine(m, false) + "\n")})
	}
	return list
}

// atBoot tells whether something is mounted at boot.
func (c *content) atBoot() bool { return !c.given("boot") || c.boolean("boot") }

// mountOptions is the argument that has the options of a mount, in one text.
func (c *content) mountOptions(more ...string) string {
	list, _ := c.strings("options")
	options, err := resource.MountOptions(append(list, more...))
	if err != nil {
		c.fail(c.at("options"), "Invalid options", "The options of the mount cannot be: %s.", err)
	}
	return options
}
