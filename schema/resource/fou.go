package resource

import "strconv"

// A FOU is a UDP port on which the kernel takes packets out of UDP ("foo over UDP"):
// the receiving side of tunnels of type GUE.
type FOU struct {
	Family   Family `json:"family"`
	Port     uint16 `json:"port"`
	GUE      bool   `json:"gue"`                // whether a GUE header says what is inside
	Protocol uint8  `json:"protocol,omitempty"` // what is inside where nothing says so, by its IANA number
}

// Key implements [Resource].
func (f FOU) Key() Key {
	return Key{Kind: KindFOU, Service: ServiceKey{Family: f.Family}, Port: f.Port}
}

// Attributes implements [Resource].
func (f FOU) Attributes() []Attribute {
	return []Attribute{{"inside", f.inside()}}
}

// String implements [Resource].
func (f FOU) String() string { return f.Key().Words() + " " + f.inside() }

func (f FOU) inside() string {
	if f.GUE {
		return "gue"
	}
	return "ipproto " + strconv.Itoa(int(f.Protocol))
}

// fouWords writes what identifies a port.
func fouWords(k Key) string {
	s := "port " + strconv.Itoa(int(k.Port))
	if k.Service.Family == IPv6 {
		s += " (IPv6)"
	}
	return s
}
