package view

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// An ExplainDocument is how a cluster works, as JSON.
type ExplainDocument struct {
	FormatVersion string        `json:"format_version"`
	Cluster       string        `json:"cluster"`
	Mode          schema.Mode   `json:"mode"`
	VIPs          []string      `json:"vips"`
	Directors     []string      `json:"directors"`
	Services      []ServiceJSON `json:"services"`
	Ways          []WayJSON     `json:"ways"`
	Shares        []ShareJSON   `json:"shares"`
	Steps         []StepJSON    `json:"steps"`
	Probes        []ProbeJSON   `json:"probes"`
	Diagnostics   []Diagnostic  `json:"diagnostics"`
}

// A ServiceJSON is a service of a cluster.
type ServiceJSON struct {
	Name      string   `json:"name"`
	Keys      []string `json:"keys"` // as IPVS knows it
	Algorithm string   `json:"algorithm"`
	Behaviour []string `json:"behaviour"` // sentences
}

// A WayJSON is how packets get to one kind of real server, and the answers back.
type WayJSON struct {
	Mode     schema.Mode  `json:"mode"`
	Tunnel   string       `json:"tunnel,omitempty"` // of mode tun: ipip, gue or gre
	Local    bool         `json:"local"`            // the director itself
	Service  string       `json:"service"`
	Director string       `json:"director"`
	Hops     []HopJSON    `json:"hops"`
	Servers  []ServerJSON `json:"servers"` // the hops are those to the first
	Needs    string       `json:"needs"`   // what somebody else sets up on those that are not managed
}

// A HopJSON is a packet on one stretch of its way.
type HopJSON struct {
	From      string          `json:"from"`
	To        string          `json:"to"`
	Answer    bool            `json:"answer"`
	Packet    planner.Packet  `json:"packet"`
	Outer     *planner.Packet `json:"outer,omitempty"` // what it is wrapped in
	Rewritten []string        `json:"rewritten"`       // "source", "destination"
	Why       string          `json:"why"`
}

// A ServerJSON is a real server.
type ServerJSON struct {
	Name    string   `json:"name,omitempty"`
	Pool    string   `json:"pool,omitempty"`
	Host    string   `json:"host,omitempty"` // where it is managed
	Address string   `json:"address"`
	Ports   []uint16 `json:"ports"`   // that are not the services' own
	Weights []uint32 `json:"weights"` // that it has behind one service or another
}

// A StepJSON is what is set up together.
type StepJSON struct {
	Host    string          `json:"host"`
	Name    string          `json:"name"`
	After   []resource.Edge `json:"after"`
	Objects []WantedJSON    `json:"objects"`
}

// A WantedJSON is an object that is set up.
type WantedJSON struct {
	Address string            `json:"address"` // as in plans
	Kind    resource.Kind     `json:"kind"`
	State   resource.Resource `json:"state"`
	Range   resource.Source   `json:"range"`
}

// NewExplainDocument converts an explanation.
func NewExplainDocument(e *planner.Explanation, diags hcl.Diagnostics) ExplainDocument {
	c := e.Cluster
	doc := ExplainDocument{
		FormatVersion: formatVersion, Cluster: c.Name, Mode: c.Mode, VIPs: addresses(c.VIPs), Directors: hostNames(c.Directors),
		Services: servicesJSON(c.Services), Ways: []WayJSON{}, Shares: sharesJSON(c), Steps: []StepJSON{}, Probes: probesJSON(c),
		Diagnostics: DiagnosticsJSON(diags),
	}
	for i := range e.Ways {
		doc.Ways = append(doc.Ways, wayJSON(&e.Ways[i]))
	}
	for _, s := range e.Steps {
		doc.Steps = append(doc.Steps, stepJSON(s))
	}
	return doc
}

func servicesJSON(services []*schema.Service) []ServiceJSON {
	list := make([]ServiceJSON, len(services))
	for i, s := range services {
		list[i] = ServiceJSON{s.Name, keyWords(s), s.Algorithm, planner.Behaviour(s)}
	}
	return list
}

func wayJSON(w *planner.Way) WayJSON {
	out := WayJSON{
		Mode: w.Mode, Tunnel: tunnelName(w.Kind), Local: w.Local, Service: w.Service.Name, Director: w.Director.Name,
		Hops: []HopJSON{}, Servers: []ServerJSON{}, Needs: w.Needs,
	}
	for _, h := range w.Hops {
		out.Hops = append(out.Hops, HopJSON{h.From, h.To, h.Answer, h.Packet, h.Outer, append([]string{}, h.Rewritten...), h.Why})
	}
	for _, s := range w.Alike {
		out.Servers = append(out.Servers, serverJSON(s))
	}
	return out
}

func serverJSON(s *planner.Server) ServerJSON {
	out := ServerJSON{Name: s.Name, Pool: s.Pool, Address: s.Addr.String(), Ports: append([]uint16{}, s.Ports...), Weights: s.Weights}
	if s.Host != nil {
		out.Host = s.Host.Name
	}
	return out
}

func stepJSON(s planner.DesiredStep) StepJSON {
	out := StepJSON{s.Host, s.Name, slices.Clone(s.After), []WantedJSON{}}
	if out.After == nil {
		out.After = []resource.Edge{}
	}
	for _, o := range s.Objects {
		out.Objects = append(out.Objects, WantedJSON{address(s.Host, o.State.Key()), o.State.Key().Kind, o.State, o.Source})
	}
	return out
}
