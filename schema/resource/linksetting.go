package resource

// The settings of links.
const (
	LinkState = "state" // "up" or "down"
	LinkMTU   = "mtu"   // bytes
)

// A LinkSetting is one setting of a network interface, whoever made it. Like a sysctl
// it is there as long as the interface is: taking it over remembers its value, giving
// it up restores it.
type LinkSetting struct {
	Link  string `json:"link"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Key implements [Resource].
func (s LinkSetting) Key() Key { return Key{Kind: KindLinkSetting, Name: s.Link + " " + s.Name} }

// Attributes implements [Resource].
func (s LinkSetting) Attributes() []Attribute { return []Attribute{{"value", s.Value}} }

// String implements [Resource].
func (s LinkSetting) String() string { return s.Link + " " + s.Name + " " + s.Value }
