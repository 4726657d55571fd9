package resource

// Fstab is the file with what is mounted at boot, see fstab(5).
const Fstab = "/etc/fstab"

// A Mount is a file system that is mounted.
type Mount struct {
	Target string `json:"target"` // where: absolute and clean
	Source string `json:"source"` // what, as in "192.0.2.1:/opt/pages"
	Type   string `json:"type"`   // of the file system; "nfs" is all versions of NFS
	// Options are those of mount(8) and nfs(5) that were asked for, in that order and with
	// commas between them. Of what was mounted by others, and of what is not any more as it
	// was asked for, they are all that the kernel knows.
	Options string `json:"options,omitempty"`
	// Force has it unmounted even if somebody uses it: those get errors from then on, or
	// see what is not there any more.
	Force bool `json:"force,omitempty"`
}

// Key implements [Resource].
func (m Mount) Key() Key { return Key{Kind: KindMount, Name: m.Target} }

// Attributes implements [Resource].
func (m Mount) Attributes() []Attribute {
	return []Attribute{{"source", m.Source}, {"type", m.Type}, {"options", m.Options}, {"force", yes(m.Force)}}
}

// String implements [Resource].
func (m Mount) String() string {
	s := m.Target + " from " + m.Source + " type " + m.Type
	if m.Options != "" {
		s += " (" + m.Options + ")"
	}
	if m.Force {
		s += " force"
	}
	return s
}
