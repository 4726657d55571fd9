package resource

import "strconv"

// The names of the timeouts of IPVS.
const (
	TimeoutTCP    = "tcp"    // of established connections, 900 s unless set
	TimeoutTCPFin = "tcpfin" // of connections that one side has closed, 120 s unless set
	TimeoutUDP    = "udp"    // since the last datagram, 300 s unless set
)

// A Timeout is how long IPVS remembers idle connections of one sort, in all services of
// a network namespace. Like a sysctl it always exists.
type Timeout struct {
	Name    string `json:"name"`
	Seconds uint32 `json:"seconds"` // at least 1
}

// Key implements [Resource].
func (t Timeout) Key() Key { return Key{Kind: KindTimeout, Name: t.Name} }

// Attributes implements [Resource].
func (t Timeout) Attributes() []Attribute {
	return []Attribute{{"seconds", strconv.FormatUint(uint64(t.Seconds), 10)}}
}

// String implements [Resource].
func (t Timeout) String() string {
	return t.Name + " " + strconv.FormatUint(uint64(t.Seconds), 10) + "s"
}
