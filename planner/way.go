package planner

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// The way of a packet.
//
// A packet goes from a client to a director and from there to a real server, and the
// answer goes back. What is written on it on each stretch is what tells the modes apart.
// Each mode has a function beside its recipe that follows one packet; here is what they
// have in common.

// A Way is how a packet gets from a client to a real server, and the answer back.
type Way struct {
	Kind
	Service  *schema.Service
	Director *schema.Host
	Server   *schema.RealServer // the one whose addresses the hops have
	Alike    []*Server          // all that are reached in this way, the one of Server first
	Hops     []Hop
	// Needs is what somebody else has to set up on those that are not managed; empty is
	// nothing.
	Needs string
}

// A Hop is a packet on one stretch of its way.
type Hop struct {
	From, To string // machines: "client", a host or another real server
	Answer   bool   // whether this is the answer, on its way back
	Packet   Packet
	Outer    *Packet // what Packet is wrapped in; nil outside of tunnels
	// Rewritten says which sides of the packet are not as they were on the hop before:
	// "source", "destination".
	Rewritten []string
	Why       string // sentences: what happens, and why the packet looks and goes like that
}

// A Packet is what is written on one.
type Packet struct {
	Source      Endpoint `json:"source"`
	Destination Endpoint `json:"destination"`
}

// back is the answer to a packet.
func (p Packet) back() Packet { return Packet{p.Destination, p.Source} }

// An Endpoint is one side of a packet. What a config cannot know is a word in capitals.
type Endpoint struct {
	Address string `json:"address"`
	Port    string `json:"port,omitempty"` // empty where packets have none
}

// The words for what is not known.
const (
	unknownClient = "CLIENT" // the client's address
	unknownPort   = "PORT"   // the client's port
	anyPort       = "ANY"
	// unknownDirector is the director's address of the family that its host block names
	// none of.
	unknownDirector = "DIRECTOR"
)

// clientName is the machine that a packet comes from.
const clientName = "client"

// String writes the endpoint as ADDRESS:PORT, an IPv6 address in brackets.
func (e Endpoint) String() string {
	switch {
	case e.Port == "":
		return e.Address
	case strings.Contains(e.Address, ":"):
		return "[" + e.Address + "]:" + e.Port
	}
	return e.Address + ":" + e.Port
}

// endpoint is an address with a port, of which 0 is any.
func endpoint(addr netip.Addr, port uint16) Endpoint {
	if port == 0 {
		return Endpoint{addr.String(), anyPort}
	}
	return Endpoint{addr.String(), strconv.Itoa(int(port))}
}

// waysOf follows a packet to one real server of each kind that a cluster has, in the
// order of the config.
func waysOf(c *schema.Cluster) []Way {
	var ways []Way
	byKind := map[Kind]int{}
	for _, s := range servers(c) {
		i, known := byKind[s.Kind]
		if !known {
			i = len(ways)
			byKind[s.Kind] = i
			ways = append(ways, Way{Kind: s.Kind})
		}
		ways[i].Alike = append(ways[i].Alike, s)
	}
	for i := range ways {
		ways[i].follow(c)
	}
	return ways
}

// follow chooses a real server, one that is managed if there is any, and follows a packet
// to it.
func (way *Way) follow(c *schema.Cluster) {
	first := max(0, slices.IndexFunc(way.Alike, func(s *Server) bool { return s.Host != nil }))
	chosen := way.Alike[first]
	way.Alike = slices.Insert(slices.Delete(way.Alike, first, first+1), 0, chosen)
	way.Service, way.Server, way.Director = chosen.Services[0], chosen.RealServer, c.Directors[0]
	if chosen.Director != nil {
		way.Director = chosen.Director
	}
	w := newWalk(c, way)
	if way.Local {
		localWay(w)
	} else {
		recipes[way.Mode].way(w)
	}
	way.Hops, way.Needs = w.hops, w.needs
}

// A walk is a packet that is being followed.
type walk struct {
	cluster  *schema.Cluster
	director *schema.Host
	kind     Kind
	rs       *schema.RealServer
	server   string // what it is called
	asked    Packet // as the client sends it
	words    *strings.Replacer
	hops     []Hop
	needs    string
}

// newWalk brings a packet from a client to the director: in all modes the same.
func newWalk(c *schema.Cluster, way *Way) *walk {
	vip, port := way.Service.VIPs[0], way.Service.Port
	if len(way.Service.Packets) > 0 {
		port = way.Service.Packets[0].First
	}
	w := &walk{
		cluster: c, director: way.Director, kind: way.Kind, rs: way.Server, server: MachineName(way.Server),
		asked: Packet{Endpoint{unknownClient, unknownPort}, endpoint(vip, port)},
	}
	w.words = strings.NewReplacer("{director}", w.director.Name, "{server}", w.server, "{address}", w.rs.Addr.String(), "{link}", c.VIPInterface(w.director))
	w.hop(Hop{From: clientName, To: w.director.Name, Packet: w.asked, Why: arrival(c, way)})
	return w
}

// arrival says why a packet comes to the director.
func arrival(c *schema.Cluster, way *Way) string {
	why := "{director} has the VIP on {link}. The client, or the last router on its way, asks there who has it, and {director} alone answers."
	switch {
	case c.ServicesOnly:
		why = "Somebody else sees to it that packets for the VIP come to {director}."
	case len(c.Directors) > 1:
		why = "Each of the directors has the VIP. Here the packet comes to {director}, on {link}."
	case way.Service.VIPs[0] == way.Director.Address:
		why = "The VIP is {director}'s own address."
	}
	if way.Service.Mark != 0 {
		why += " There it gets the firewall mark of the service."
	}
	return why
}

// MachineName is what people call a real server: its host, or its own name, or else its
// address.
func MachineName(rs *schema.RealServer) string {
	switch {
	case rs.Host != nil:
		return rs.Host.Name
	case rs.Name != "":
		return rs.Name
	}
	return rs.Addr.String()
}

// send takes the packet from where it is to another machine. In why {director}, {server},
// {address} of the server and {link} of the VIP stand for those of this cluster.
func (w *walk) send(to string, p Packet, why string) {
	w.hop(Hop{From: w.at(), To: to, Packet: p, Why: why})
}

// answer is send for the answer.
func (w *walk) answer(to string, p Packet, why string) {
	w.hop(Hop{From: w.at(), To: to, Answer: true, Packet: p, Why: why})
}

// at is the machine where the packet is.
func (w *walk) at() string { return w.hops[len(w.hops)-1].To }

// hop adds a hop. What differs from the one before was rewritten, unless an answer
// begins there.
func (w *walk) hop(h Hop) {
	h.Why = w.words.Replace(h.Why)
	if n := len(w.hops); n > 0 && w.hops[n-1].Answer == h.Answer {
		before := w.hops[n-1].Packet
		if before.Source != h.Packet.Source {
			h.Rewritten = append(h.Rewritten, "source")
		}
		if before.Destination != h.Packet.Destination {
			h.Rewritten = append(h.Rewritten, "destination")
		}
	}
	w.hops = append(w.hops, h)
}

// listening is where the real server listens when its address is written over the VIP's.
func (w *walk) listening() Endpoint {
	if w.rs.Port == 0 {
		return Endpoint{w.rs.Addr.String(), w.asked.Destination.Port}
	}
	return endpoint(w.rs.Addr, w.rs.Port)
}

// has is what a real server has to have: one that is not managed gets it from others.
func (w *walk) has() string {
	if !w.managed() {
		return "must have"
	}
	return "has"
}

// managed tells whether lvsctl sets up the real server too.
func (w *walk) managed() bool { return w.rs.Host != nil && !w.cluster.ServicesOnly }

// family is that of the VIP.
func (w *walk) family() resource.Family { return w.cluster.Family() }

// localWay follows a packet to a real server that is the director itself: whatever the
// mode, IPVS hands it over without sending it anywhere.
func localWay(w *walk) {
	if w.kind.Mode != schema.Local {
		inside := Packet{w.asked.Source, w.listening()}
		w.send(w.director.Name, inside, "IPVS picks {director} itself, writes its address and port over the VIP's, and hands the packet over without sending it anywhere.")
		w.answer(w.director.Name, inside.back(), "Its server answers the client.")
		w.answer(clientName, w.asked.back(), "On the way out IPVS writes the VIP back, since the client asked nobody else.")
		return
	}
	w.answer(clientName, w.asked.back(), "IPVS picks {director} itself and hands the packet over as it is. The VIP is {director}'s own, so its server takes the packet and answers from there. It must listen on the VIP or on all addresses.")
}

// bypassWay follows a packet that IPVS lets pass.
func bypassWay(w *walk) {
	w.send("its destination", w.asked, "IPVS sends the packet on as it is, to where it is addressed to, by the routes of {director}: {server} stands for no machine. This is for marked packets to addresses that {director} does not have itself.")
	w.answer(clientName, w.asked.back(), "Whoever got it answers the client by its own routes.")
}
