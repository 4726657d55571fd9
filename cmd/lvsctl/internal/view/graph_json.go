package view

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/planner"
	"github.com/lvsctl/lvsctl/schema"
)

// A GraphDocument is a topology as JSON, with all real servers.
type GraphDocument struct {
	FormatVersion string        `json:"format_version"`
	Clusters      []ClusterJSON `json:"clusters"`
	Idle          []string      `json:"idle"` // hosts without a part in any cluster
	Diagnostics   []Diagnostic  `json:"diagnostics"`
}

// A ClusterJSON is one cluster with what is behind it.
type ClusterJSON struct {
	Name      string         `json:"name"`
	Mode      schema.Mode    `json:"mode"`
	VIPs      []string       `json:"vips"`
	Services  []ServiceJSON  `json:"services"`
	Directors []DirectorJSON `json:"directors"`
	Groups    []GroupJSON    `json:"groups"`
	Shares    []ShareJSON    `json:"shares"`
}

// A DirectorJSON is a host with the VIPs.
type DirectorJSON struct {
	Host      string `json:"host"`
	Address   string `json:"address"`
	Interface string `json:"interface"` // for the VIPs
}

// A GroupJSON is real servers that packets of the same services reach in the same way.
type GroupJSON struct {
	Mode     schema.Mode  `json:"mode"`
	Tunnel   string       `json:"tunnel,omitempty"` // of mode tun: ipip, gue or gre
	Local    bool         `json:"local"`            // directors of the cluster themselves
	Services []string     `json:"services"`
	Servers  []ServerJSON `json:"servers"`
}

// NewGraphDocument converts a topology.
func NewGraphDocument(t *planner.Topology, diags hcl.Diagnostics) GraphDocument {
	doc := GraphDocument{formatVersion, []ClusterJSON{}, hostNames(t.Idle), DiagnosticsJSON(diags)}
	for _, c := range t.Clusters {
		out := ClusterJSON{
			Name: c.Name, Mode: c.Mode, VIPs: addresses(c.VIPs),
			Services: servicesJSON(c.Services), Directors: []DirectorJSON{}, Groups: []GroupJSON{}, Shares: sharesJSON(c.Cluster),
		}
		for _, h := range c.Directors {
			out.Directors = append(out.Directors, DirectorJSON{h.Name, h.Address.String(), c.VIPInterface(h)})
		}
		for _, g := range c.Groups {
			out.Groups = append(out.Groups, groupJSON(g))
		}
		doc.Clusters = append(doc.Clusters, out)
	}
	return doc
}

func groupJSON(g planner.Group) GroupJSON {
	out := GroupJSON{Mode: g.Mode, Tunnel: tunnelName(g.Kind), Local: g.Local, Services: []string{}, Servers: []ServerJSON{}}
	for _, s := range g.Services {
		out.Services = append(out.Services, s.Name)
	}
	for _, s := range g.Servers {
		out.Servers = append(out.Servers, serverJSON(s))
	}
	return out
}

// tunnelName is what packets are wrapped in, empty outside of mode tun.
func tunnelName(k planner.Kind) string {
	if k.Mode != schema.TUN {
		return ""
	}
	return k.Tunnel.Type.String()
}
