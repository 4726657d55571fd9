package resource

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// mountOpposites are the options of mount(8) and nfs(5) that are either one or the other,
// where the one is not the other with "no" before it. The kernel shows the first of each
// only, or both.
var mountOpposites = [][2]string{
	{"ro", "rw"}, {"sync", "async"}, {"softerr", "hard"}, {"soft", "hard"}, {"soft", "softerr"}, {"bg", "fg"},
	{"noatime", "relatime"}, {"strictatime", "relatime"}, {"strictatime", "noatime"},
}

// mountFlags are the options that belong to one mount and not to the file system, without
// "no" before them: they can be changed while it is used.
var mountFlags = []string{"ro", "rw", "suid", "dev", "exec", "atime", "diratime", "relatime", "strictatime", "symfollow"}

// mountRefused are options that cannot be asked for, and why.
var mountRefused = map[string]string{
	"remount":  "it says how a mount is changed",
	"bind":     "a file system is mounted, not a directory",
	"rbind":    "a file system is mounted, not a directory",
	"move":     "a file system is mounted, not a directory",
	"auto":     "whether it is mounted at boot is said elsewhere",
	"noauto":   "whether it is mounted at boot is said elsewhere",
	"_netdev":  "it is added where it is needed",
	"nofail":   "it is added where it is needed",
	"bg":       "what cannot be mounted now would be mounted at some later time",
	"fake":     "nothing would be mounted",
	"addr":     "it follows from the source",
	"user":     "it is for mounts that users make",
	"users":    "it is for mounts that users make",
	"nouser":   "it is for mounts that users make",
	"loop":     "devices are not set up",
	"defaults": "", // means nothing
}

// MountOptions checks options for mount(8), and writes them with commas between them, in
// their order and without "defaults". It refuses what cannot be an option, what says
// something twice or contradicts something else, and what follows from other arguments.
// Which options a file system knows is not checked.
//
// Errors name the option.
func MountOptions(list []string) (string, error) {
	var words []string
	said := map[string]string{}
	for _, option := range list {
		if err := plainMountOption(option); err != nil {
			return "", err
		}
		name, _, _ := strings.Cut(option, "=")
		if why, ok := mountRefused[name]; ok {
			if why == "" {
				continue
			}
			return "", fmt.Errorf("%q cannot be asked for: %s", option, why)
		}
		topic := mountTopic(option)
		if other, ok := said[topic]; ok {
			if other == option {
				return "", fmt.Errorf("%q is there twice", option)
			}
			return "", fmt.Errorf("%q and %q say the same thing in two ways, or contradict each other", other, option)
		}
		said[topic] = option
		words = append(words, option)
	}
	return strings.Join(words, ","), nil
}

// plainMountOption refuses what mount(8) would not take as one option.
func plainMountOption(option string) error {
	if option == "" || option[0] == '=' || option[0] == '-' {
		return fmt.Errorf("%q is not an option of a mount", option)
	}
	for _, r := range option {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`,"'\`, r) {
			return fmt.Errorf("%q is not an option of a mount: there can be no %q in it", option, r)
		}
	}
	return nil
}

// mountTopic is what an option says something about. There can be one option about it.
func mountTopic(option string) string {
	name, _, valued := strings.Cut(option, "=")
	if version := nfsVersion(option); version != "" {
		return "version"
	}
	switch strings.TrimPrefix(name, "no") {
	case "ro", "rw":
		return "writing"
	case "sync", "async":
		return "syncing"
	case "soft", "hard", "softerr":
		return "hardness"
	case "atime", "relatime", "strictatime":
		return "times"
	case "bg", "fg":
		return "background"
	case "tcp", "udp", "rdma", "proto":
		return "protocol"
	}
	if valued {
		return name
	}
	return strings.TrimPrefix(name, "no")
}

// nfsVersion is the version of NFS that an option asks for, none if it is about something
// else.
func nfsVersion(option string) string {
	name, value, valued := strings.Cut(option, "=")
	switch {
	case name == "vers" || name == "nfsvers":
		return value
	case !valued && len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789.") == "":
		return name[1:]
	}
	return ""
}

// LocksByProgram tells mounts of NFS versions that lock files by a program of their own,
// rpc.statd(8), unless they do not lock files with the server at all.
func (m Mount) LocksByProgram() bool {
	options := optionsOf(m.Options)
	old := slices.ContainsFunc(options, func(o string) bool { v := nfsVersion(o); return v == "2" || v == "3" })
	return m.Type == "nfs" && old && !slices.Contains(options, "nolock")
}

// optionsOf are the options of a mount, one by one.
func optionsOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// IsMountFlag tells the options that belong to one mount and not to its file system.
func IsMountFlag(option string) bool {
	return slices.Contains(mountFlags, option) || slices.Contains(mountFlags, strings.TrimPrefix(option, "no"))
}

// InPlace tells whether a mount can become another one while it is used: if they differ
// in nothing but flags that belong to the one mount, such as "ro" and "nosuid". Otherwise
// it takes an unmount.
func (m Mount) InPlace(to Mount) bool {
	if m.Target != to.Target || m.Source != to.Source || m.Type != to.Type {
		return false
	}
	return slices.Equal(ofFileSystem(m.Options), ofFileSystem(to.Options))
}

// ofFileSystem are the options that are not flags of the one mount, sorted.
func ofFileSystem(options string) []string {
	words := slices.DeleteFunc(optionsOf(options), IsMountFlag)
	slices.Sort(words)
	return words
}

// Flagged is m after flags of the one mount were changed, from what the kernel showed of
// it to what it shows now: all else is as it was asked for. It is false if anything else
// is different, too.
func (m Mount) Flagged(before, now string) (Mount, bool) {
	if !slices.Equal(ofFileSystem(before), ofFileSystem(now)) {
		return m, false
	}
	had, has := optionsOf(before), optionsOf(now)
	came := slices.DeleteFunc(has, func(o string) bool { return slices.Contains(had, o) })
	has = optionsOf(now)
	words := slices.DeleteFunc(optionsOf(m.Options), func(o string) bool {
		gone := IsMountFlag(o) && slices.Contains(had, o) && !slices.Contains(has, o)
		return gone || slices.ContainsFunc(came, func(c string) bool { return contradicts(o, c) })
	})
	for _, o := range came {
		if !slices.Contains(words, o) {
			words = append(words, o)
		}
	}
	m.Options = strings.Join(words, ",")
	return m, true
}

// Serves tells whether a mount that somebody else made does all that m asks for. The
// options of live are all that the kernel knows of it.
func (m Mount) Serves(live Mount) bool {
	if m.Target != live.Target || m.Source != live.Source || m.Type != live.Type {
		return false
	}
	shown := optionsOf(live.Options)
	return !slices.ContainsFunc(optionsOf(m.Options), func(option string) bool { return !shows(shown, option) }) &&
		(slices.Contains(optionsOf(m.Options), "ro") || !slices.Contains(shown, "ro"))
}

// shows tells whether what the kernel shows of a mount is as an option asks for.
func shows(shown []string, option string) bool {
	if slices.Contains(shown, option) {
		return true
	}
	name, value, valued := strings.Cut(option, "=")
	switch {
	case unseenMountOption(name):
		return true
	case nfsVersion(option) != "":
		return showsVersion(shown, nfsVersion(option))
	case name == "minorversion":
		return slices.Contains(shown, "vers=4."+value)
	case name == "tcp" || name == "udp" || name == "rdma":
		return slices.Contains(shown, "proto="+name)
	case name == "rsize" || name == "wsize":
		return showsAtMost(shown, name, value) // the server may want less
	case valued:
		return false
	}
	return slices.Contains(mountDefaults, name) && !slices.ContainsFunc(shown, func(s string) bool { return contradicts(s, name) })
}

// unseenMountOption tells the options that are for mount(8) and mount.nfs(8) alone, or
// that the kernel takes and forgets.
func unseenMountOption(name string) bool {
	return name == "retry" || name == "fg" || name == "intr" || name == "nointr" || name == "comment" || name == "mounthost" ||
		strings.HasPrefix(name, "x-")
}

// showsVersion tells whether a mount has the version of NFS that was asked for. Of version
// 4, any minor one is.
func showsVersion(shown []string, version string) bool {
	return slices.ContainsFunc(shown, func(s string) bool {
		have := nfsVersion(s)
		return have == version || version == "4" && strings.HasPrefix(have, "4.") || version+".0" == have
	})
}

func showsAtMost(shown []string, name, value string) bool {
	most, err := strconv.ParseUint(value, 10, 64)
	return err == nil && slices.ContainsFunc(shown, func(s string) bool {
		have, ok := strings.CutPrefix(s, name+"=")
		n, err := strconv.ParseUint(have, 10, 64)
		return ok && err == nil && n <= most
	})
}

// mountDefaults are options of which the kernel only shows that they are not so.
var mountDefaults = []string{
	"rw", "suid", "dev", "exec", "async", "atime", "diratime", "norelatime", "nostrictatime", "symfollow",
	"ac", "cto", "lock", "acl", "rdirplus", "resvport", "sharecache",
}

// contradicts tells whether of two options only one can hold.
func contradicts(a, b string) bool {
	if a == "no"+b || b == "no"+a {
		return true
	}
	return slices.ContainsFunc(mountOpposites, func(pair [2]string) bool {
		return pair == [2]string{a, b} || pair == [2]string{b, a}
	})
}

// FstabLine is the line of fstab(5), without its end, that has a mount made at boot, or
// only known to mount(8). A boot does not wait for a server that is away.
func FstabLine(m Mount, noauto bool) string {
	options := optionsOf(m.Options)
	if noauto {
		options = append(options, "noauto")
	}
	if m.Network() {
		options = append(options, "_netdev", "nofail")
	}
	if len(options) == 0 {
		options = []string{"defaults"}
	}
	return strings.Join([]string{
		fstabEscape(m.Source), fstabEscape(m.Target), fstabEscape(m.Type), fstabEscape(strings.Join(options, ",")), "0", "0",
	}, " ")
}

// Network tells mounts that need the network.
func (m Mount) Network() bool {
	return slices.Contains([]string{"nfs", "cifs", "smb3", "ceph", "9p", "afs", "glusterfs"}, m.Type)
}

// fstabEscape writes a field of fstab(5) so that it stays one.
func fstabEscape(field string) string {
	return strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`, "#", `\043`).Replace(field)
}
