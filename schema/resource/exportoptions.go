package resource

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An exportSwitch is an option of exports(5) that is either as it is by default or not.
type exportSwitch struct {
	word, standard string // standard is the default, and has no word in some
	byFlavour      bool   // whether it can differ from one security flavour to the next
}

var exportSwitches = [...]exportSwitch{
	{"rw", "ro", true},
	{"no_root_squash", "root_squash", true},
	{"all_squash", "no_all_squash", true},
	{"insecure", "secure", true},
	{"async", "sync", false},
	{"no_wdelay", "wdelay", false},
	{"nohide", "hide", false},
	{"crossmnt", "nocrossmnt", false},
	{"subtree_check", "no_subtree_check", false},
	{"insecure_locks", "secure_locks", false},
	{"no_acl", "acl", false},
	{"pnfs", "no_pnfs", false},
	{"security_label", "", false},
	{"nordirplus", "", false},
}

// exportAliases are other words for the same.
var exportAliases = map[string]string{"no_auth_nlm": "insecure_locks", "auth_nlm": "secure_locks", "mp": "mountpoint"}

// exportFlavours are the security flavours that the NFS server knows, by their names and
// other names.
var exportFlavours = map[string]string{
	"sys": "sys", "unix": "sys", "none": "none", "null": "none", "krb5": "krb5", "krb5i": "krb5i", "krb5p": "krb5p",
}

const (
	// nobody is the user and group that exportfs squashes to by default.
	nobody = "65534"
	// maxExportOptions is how many bytes of options there can be. exportfs reads no more
	// than 511 of a client with its options, the defaults that it adds among them, and
	// stops reading its table there.
	maxExportOptions = 160
)

// exportOptions are the options of an export while they are read, one after the other, as
// exportfs does.
type exportOptions struct {
	on       exportState       // for flavours to come
	flavours []exportFlavour   // in the order of preference
	values   map[string]string // name and value of what has one
	active   []int             // the flavours of the last "sec="
	said     map[int]string    // switches that were set, and the words; those by flavour since the last "sec=" alone
}

// An exportState says which switches are not as by default.
type exportState [len(exportSwitches)]bool

// An exportFlavour is a security flavour with the switches that hold for it.
type exportFlavour struct {
	name string
	on   exportState
}

// ExportOptions checks options of exports(5), of nfs-utils 2.6, and writes them in one
// way: without defaults, each by one name, sorted, with commas between them. Two lists
// result in the same string exactly when an NFS server would do the same. The full list
// that the server shows is one too.
//
// Options that follow "sec=" hold for the flavours of that alone. If they differ between
// flavours, they stand behind all others.
//
// Errors name the option.
func ExportOptions(list []string) (string, error) {
	o := exportOptions{values: map[string]string{}, said: map[int]string{}}
	for _, option := range list {
		if err := o.add(option); err != nil {
			return "", err
		}
	}
	text := o.String()
	if len(text) > maxExportOptions {
		return "", fmt.Errorf("the options are longer than the %d bytes that the server can keep", maxExportOptions)
	}
	return text, nil
}

// add reads one more option.
func (o *exportOptions) add(option string) error {
	name, value, valued := strings.Cut(option, "=")
	if alias, ok := exportAliases[name]; ok {
		name = alias
	}
	for i, s := range exportSwitches {
		if !valued && name != "" && (name == s.word || name == s.standard) {
			return o.set(i, name)
		}
	}
	if name == "sec" && valued {
		return o.addFlavours(value)
	}
	read, ok := exportValues[name]
	if !ok || !valued && name != "mountpoint" {
		return fmt.Errorf("%q is not an option of an export", option)
	}
	value, err := read(value)
	if err != nil {
		return fmt.Errorf("%q: %w", option, err)
	}
	if name == "fsid" && strings.Contains(value, "-") {
		name = "uuid as fsid"
	}
	return o.setValue(name, value)
}

// set turns a switch, for the flavours that are being described and those to come.
func (o *exportOptions) set(i int, word string) error {
	if said, ok := o.said[i]; ok && said != word {
		return fmt.Errorf("%q and %q contradict each other", said, word)
	}
	o.said[i] = word
	o.on[i] = word == exportSwitches[i].word
	for _, f := range o.active {
		o.flavours[f].on[i] = o.on[i]
	}
	return nil
}

func (o *exportOptions) setValue(name, value string) error {
	if name == "refer" || name == "replicas" {
		value, name = name+"="+value, "refer or replicas" // the server has one of them
	}
	if said, ok := o.values[name]; ok && said != value {
		return fmt.Errorf("there can be only one %q", name)
	}
	o.values[name] = value
	return nil
}

// addFlavours reads the value of "sec=". A flavour begins with what was said before.
func (o *exportOptions) addFlavours(value string) error {
	o.active = nil
	for i, s := range exportSwitches {
		if s.byFlavour {
			delete(o.said, i)
		}
	}
	for word := range strings.SplitSeq(value, ":") {
		name, ok := exportFlavours[word]
		if !ok {
			return fmt.Errorf("%q is not a security flavour of an export", word)
		}
		if slices.ContainsFunc(o.flavours, func(f exportFlavour) bool { return f.name == name }) {
			return fmt.Errorf("the security flavour %q is there twice", name)
		}
		o.active = append(o.active, len(o.flavours))
		o.flavours = append(o.flavours, exportFlavour{name, o.on})
	}
	return nil
}

// String writes the options in the one way.
func (o *exportOptions) String() string {
	flavours := o.flavours
	if len(flavours) == 0 {
		flavours = []exportFlavour{{"sys", o.on}}
	}
	var words []string
	var differing []int
	for i, s := range exportSwitches {
		on := o.on[i]
		if s.byFlavour {
			on = flavours[0].on[i]
			if slices.ContainsFunc(flavours, func(f exportFlavour) bool { return f.on[i] != on }) {
				differing = append(differing, i)
				continue
			}
		}
		if on {
			words = append(words, s.word)
		}
	}
	groups := flavourGroups(flavours, differing)
	if len(differing) == 0 && groups[0] != "sec=sys" {
		words = append(words, groups[0])
	}
	words = append(words, o.valueWords()...)
	slices.Sort(words)
	if len(differing) > 0 {
		words = append(words, groups...)
	}
	return strings.Join(words, ",")
}

// flavourGroups writes the flavours that follow each other and have the same switches
// together, with those switches that are not the same for all.
func flavourGroups(flavours []exportFlavour, differing []int) []string {
	var groups []string
	for i, f := range flavours {
		words := f.words(differing)
		if last := len(groups) - 1; i > 0 && words == flavours[i-1].words(differing) {
			groups[last] = strings.TrimSuffix(groups[last], words) + ":" + f.name + words
		} else {
			groups = append(groups, "sec="+f.name+words)
		}
	}
	return groups
}

// words writes some switches of a flavour, each with a comma before it.
func (f exportFlavour) words(switches []int) string {
	var b strings.Builder
	for _, i := range switches {
		if f.on[i] {
			b.WriteString("," + exportSwitches[i].word)
		} else {
			b.WriteString("," + exportSwitches[i].standard)
		}
	}
	return b.String()
}

// valueWords writes the options that have values, unless they are the default.
func (o *exportOptions) valueWords() []string {
	var words []string
	for name, value := range o.values {
		switch name {
		case "refer or replicas":
			words = append(words, value)
		case "uuid as fsid":
			words = append(words, "fsid="+value)
		case "mountpoint":
			words = append(words, strings.TrimSuffix(name+"="+value, "="))
		case "anonuid", "anongid":
			if value != nobody {
				words = append(words, name+"="+value)
			}
		default:
			words = append(words, name+"="+value)
		}
	}
	return words
}

// exportValues check the values of options, and write each in one way.
var exportValues = map[string]func(string) (string, error){
	"anonuid":    exportID,
	"anongid":    exportID,
	"fsid":       exportFSID,
	"mountpoint": exportPath,
	"refer":      exportLocations,
	"replicas":   exportLocations,
}

// exportID reads a number of a user or group, which may be written as negative.
func exportID(value string) (string, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if id := uint32(n); err != nil || n < -1<<31 || n >= 1<<32 || id == 1<<32-1 {
		return "", errors.New("it takes the number of a user or group")
	}
	return strconv.FormatUint(uint64(uint32(n)), 10), nil
}

// exportFSID reads what identifies a file system: "root", a number as in C, or the 32
// hexadecimal digits of a UUID. Those with dashes are UUIDs, and no others.
func exportFSID(value string) (string, error) {
	if value == "root" {
		return "0", nil
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(value, "_", "?"), 0, 64)
	if err == nil && n >= -1<<31 && n < 1<<32 {
		return strconv.FormatUint(uint64(uint32(n)), 10), nil
	}
	digits := strings.ToLower(strings.NewReplacer("-", "", ":", "", ".", "").Replace(value))
	if len(digits) != 32 || strings.Trim(digits, "0123456789abcdef") != "" || digits == value && strings.Trim(digits, "0123456789") == "" {
		return "", errors.New("it takes \"root\", a number, or the 32 hexadecimal digits of a UUID")
	}
	return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-"), nil
}

// exportPath reads an absolute path, or nothing.
func exportPath(value string) (string, error) {
	if value != "" && value[0] != '/' {
		return "", errors.New("it takes an absolute path")
	}
	return value, plainExportValue(value)
}

// exportLocations reads where else a file system is.
func exportLocations(value string) (string, error) {
	for i, place := range strings.Split(value, ":/") {
		path, hosts, ok := strings.Cut(place, "@")
		if !ok || hosts == "" || path == "" || i == 0 && path[0] != '/' {
			return "", errors.New("it takes PATH@HOST, with colons between several")
		}
	}
	return value, plainExportValue(value)
}

// plainExportValue refuses what exportfs writes into its table as it is and cannot read
// any more: the whole table is lost then.
func plainExportValue(value string) error {
	for _, r := range value {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`,()"#\`, r) {
			return fmt.Errorf("there can be no %q in it", r)
		}
	}
	return nil
}

// ExportsLine is the line of exports(5), without its end, that exports path to a client.
// The options are those of [ExportOptions].
func ExportsLine(path, client, options string) string {
	if !slices.Contains(strings.Split(options, ","), "subtree_check") {
		options = strings.TrimSuffix("no_subtree_check,"+options, ",") // exportfs warns if neither is said
	}
	return exportsEscape(path) + " " + exportsEscape(client) + "(" + options + ")"
}

// exportsEscape writes a word of exports(5) so that it stays one.
func exportsEscape(word string) string {
	var b strings.Builder
	for _, c := range []byte(word) {
		if c <= ' ' || c == 0x7f || strings.IndexByte(`"#\()`, c) >= 0 {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
