package resource

import "strings"

// A Sysctl is a kernel setting under /proc/sys. It always exists, so it is never
// created or deleted: taking it over remembers its value, giving it up restores it.
type Sysctl struct {
	// Name is dotted as for sysctl(8), where a slash stands for a dot within a
	// name: "net.ipv4.conf.eth0/100.arp_ignore".
	Name  string `json:"name"`
	Value string `json:"value"` // without the final newline, fields separated by one blank
}

// Key implements [Resource].
func (s Sysctl) Key() Key { return Key{Kind: KindSysctl, Name: s.Name} }

// Attributes implements [Resource].
func (s Sysctl) Attributes() []Attribute { return []Attribute{{"value", s.Value}} }

// String implements [Resource].
func (s Sysctl) String() string { return s.Name + " = " + s.Value }

// swapDots exchanges the two separators of a sysctl's name.
var swapDots = strings.NewReplacer(".", "/", "/", ".")

// Path is the sysctl's file below /proc/sys.
func (s Sysctl) Path() string { return swapDots.Replace(s.Name) }

// LinkSysctl names the setting of one network interface (or of "all" or "default")
// in a family of settings such as "net.ipv4.conf", however the interface is called.
func LinkSysctl(family, link, setting string) string {
	return family + "." + strings.ReplaceAll(link, ".", "/") + "." + setting
}
