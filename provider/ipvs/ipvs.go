// Package ipvs talks to the kernel's load balancer (Linux Virtual Server) over its
// generic netlink family "IPVS".
//
// A [Client] reads the table of virtual services and their destinations, changes it
// in batches, and handles what else the family offers: timeouts, counters, sync
// daemons. Talking, encoding and decoding are apart: what is said stands in
// encode.go and decode.go and compiles everywhere, how a conversation goes in
// conn.go and batch.go, written against a transport that tests replace by a kernel of
// their own, and the socket in socket_linux.go.
//
// Two things are worth knowing about the kernel's side. Everything is looked up by
// key, there are no handles: whoever else changes the table is simply seen at the next
// read. And all commands are carried out within the system call that sends them, so
// that an answer is ready to be received when the call returns.
package ipvs

import (
	"fmt"
	"strings"

	"github.com/lvsctl/lvsctl/schema/resource"
)

// Schedulers are the names of the scheduling algorithms of the kernel's own tree,
// sorted. A given kernel may lack some: see AvailableSchedulers.
var Schedulers = []string{
	"dh", "fo", "lblc", "lblcr", "lc", "mh", "nq", "ovf", "rr", "sed", "sh", "twos", "wlc", "wrr",
}

// A Destination is a real server as it is in the kernel, with what it is serving. Its counters
// are left out: nobody asks for them, and there are tens of thousands.
type Destination struct {
	resource.Destination
	resource.Connections
}

// An Entry of the kernel's table is one service with its destinations, in the
// kernel's order.
type Entry struct {
	Service      resource.Service
	Stats        Stats
	Destinations []Destination
}

// Info is what IPVS says about itself.
type Info struct {
	Version       string // such as "1.2.1", unchanged for many years of kernels
	ConnTableSize uint32 // buckets of the connection hash table, 2 to the module parameter conn_tab_bits
}

// Timeouts are the seconds after which idle connections are forgotten, one setting
// for all services of a network namespace. Persistence has its own, per service.
type Timeouts struct {
	TCP    uint32 // established connections, 900 unless set
	TCPFin uint32 // connections that were closed by one side, 120 unless set
	UDP    uint32 // since the last datagram, 300 unless set
}

// Verb is what an [Op] does.
type Verb uint8

// The verbs. Editing replaces all attributes of an object but its key; of a
// destination the kernel keeps connections and counters. Deleting a service deletes
// its destinations.
const (
	Add Verb = 1 + iota
	Edit
	Delete
)

// String returns the verb in lower case.
func (v Verb) String() string {
	switch v {
	case Add:
		return "add"
	case Edit:
		return "edit"
	case Delete:
		return "delete"
	}
	return fmt.Sprintf("verb(%d)", uint8(v))
}

// An Op is one change to the table. The object is a [resource.Service] or a
// [resource.Destination], by value; of one to delete only the key is looked at. It is
// an interface because that is how changes carry their objects, so that a list of
// changes becomes a list of operations without an allocation for each.
type Op struct {
	Verb   Verb
	Object resource.Resource
}

// A Failure says why one operation of a list was not done.
type Failure struct {
	Index int // in the list that was to be applied
	Err   error
}

// check finds what cannot be put into a message, or would come back different from
// how it was sent. All else is for the kernel to judge.
func (op Op) check() error {
	if op.command() == 0 {
		return invalid("cannot %v a %T", op.Verb, op.Object)
	}
	switch r := op.Object.(type) {
	case resource.Service:
		if op.Verb == Delete {
			return checkKey(&r.ServiceKey)
		}
		return checkService(&r)
	case resource.Destination:
		return checkDestination(&r)
	}
	return nil
}

// command is the kernel's command for the operation, 0 if there is none.
func (op Op) command() uint8 {
	if op.Verb < Add || op.Verb > Delete {
		return 0
	}
	switch op.Object.(type) {
	case resource.Service:
		return [...]uint8{Add: cmdNewService, Edit: cmdSetService, Delete: cmdDelService}[op.Verb]
	case resource.Destination:
		return [...]uint8{Add: cmdNewDest, Edit: cmdSetDest, Delete: cmdDelDest}[op.Verb]
	}
	return 0
}

// checkService finds what cannot be said about a service.
func checkService(s *resource.Service) error {
	if strings.IndexByte(s.Scheduler, 0) >= 0 || strings.IndexByte(s.Engine, 0) >= 0 {
		return invalid("scheduler %q or engine %q with a NUL byte", s.Scheduler, s.Engine)
	}
	if rest := s.Flags &^ resource.FlagsSettable; rest != 0 {
		return invalid("service flags %#x cannot be set", uint32(rest))
	}
	return checkKey(&s.ServiceKey)
}

// checkKey finds what cannot be said about which service is meant.
func checkKey(k *resource.ServiceKey) error {
	switch {
	case k.Family != resource.IPv4 && k.Family != resource.IPv6:
		return invalid("address family %d", k.Family)
	case k.Mark != 0 && (k.Addr.IsValid() || k.Port != 0 || k.Protocol != 0):
		return invalid("service with firewall mark %d and an address, port or protocol", k.Mark)
	case k.Mark != 0:
		return nil
	case !k.Addr.IsValid():
		return invalid("service without address and firewall mark")
	case k.Addr.Zone() != "":
		return invalid("service address %v with a zone", k.Addr)
	case resource.FamilyOf(k.Addr) != k.Family:
		return invalid("service address %v is not of family %d", k.Addr, k.Family)
	}
	return nil
}

// checkDestination finds what cannot be said about a destination.
func checkDestination(d *resource.Destination) error {
	if !d.Addr.IsValid() || d.Addr.Zone() != "" {
		return invalid("destination address %v", d.Addr)
	}
	if uint32(d.Forward)&^fwdMask != 0 {
		return invalid("forwarding method %d", d.Forward)
	}
	return checkKey(&d.Service)
}
