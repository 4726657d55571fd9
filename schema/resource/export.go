package resource

// An Export is a directory that the NFS server shares with some clients, as the server
// really does it. The file from which it does so again after a restart is a [File].
type Export struct {
	Path   string `json:"path"`   // absolute and clean
	Client string `json:"client"` // a network, address, name, pattern of names, netgroup or "*", as in exports(5)
	// Options are those of exports(5) that are not the default, sorted and with commas
	// between them: see [ExportOptions].
	Options string `json:"options"`
}

// Key implements [Resource].
func (e Export) Key() Key { return Key{Kind: KindExport, Name: e.Path + " " + e.Client} }

// Attributes implements [Resource].
func (e Export) Attributes() []Attribute { return []Attribute{{"options", e.Options}} }

// String implements [Resource].
func (e Export) String() string { return e.Path + " to " + e.Client + " (" + e.Options + ")" }
