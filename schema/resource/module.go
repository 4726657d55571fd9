package resource

// A Module is a kernel module that is loaded. It is never unloaded again: others may
// have come to use it since, and an idle module changes nothing.
type Module struct {
	Name string `json:"name"` // with underscores, as in /proc/modules
}

// Key implements [Resource].
func (m Module) Key() Key { return Key{Kind: KindModule, Name: m.Name} }

// Attributes implements [Resource]; a module has none.
func (m Module) Attributes() []Attribute { return nil }

// String implements [Resource].
func (m Module) String() string { return m.Name }
