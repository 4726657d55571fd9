package planner

import (
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// An Explanation says how a cluster works: which way packets take, and what is set up for
// that.
type Explanation struct {
	Cluster *schema.Cluster
	Ways    []Way         // one for each kind of real server
	Steps   []DesiredStep // of this cluster alone, as on hosts that have nothing yet
	Besides []string      // hosts of the cluster whose own blocks ask for more, which comes first
}

// A DesiredStep is a step of a config with all that it sets up.
type DesiredStep struct {
	resource.StepRef
	Server  string          // the real server that the step is for on another host, empty for none
	After   []resource.Edge // the steps that come first, of those that set something up
	Objects []Object
}

// An Object is one that a step sets up, and the place in the config that wants it.
type Object struct {
	State  resource.Resource
	Source resource.Source
}

// Explain says how a cluster works. It shares nothing with other clusters there: what two
// of them need is part of the explanation of each.
func Explain(c *schema.Cluster) *Explanation {
	e := &Explanation{Cluster: c, Ways: waysOf(c)}
	alone := &schema.Config{Clusters: []*schema.Cluster{c}}
	persist := false
	for _, h := range hostsOf(c) {
		alone.Hosts = append(alone.Hosts, &schema.Host{Name: h.Name, Persist: &persist})
		if len(h.IPVS)+len(h.Settings) > 0 {
			e.Besides = append(e.Besides, h.Name)
		}
	}
	d, _ := Want(alone) // what conflicts, conflicts in the whole config too
	e.Steps = d.Steps()
	return e
}

// hostsOf lists the hosts that have a part in a cluster: directors, then real servers, then
// those that only share something or mount it.
func hostsOf(c *schema.Cluster) []*schema.Host {
	var list []*schema.Host
	known := map[*schema.Host]bool{nil: true}
	add := func(hosts ...*schema.Host) {
		for _, h := range hosts {
			if !known[h] {
				known[h] = true
				list = append(list, h)
			}
		}
	}
	add(c.Directors...)
	for _, s := range servers(c) {
		add(s.Host)
	}
	for _, share := range c.Shares {
		add(share.Server)
		for _, m := range share.Mounts {
			add(m.Hosts...)
		}
	}
	return list
}

// Steps lists the steps that set something up, in the order in which that happens on hosts
// that have nothing yet.
func (d *Desired) Steps() []DesiredStep {
	var list []DesiredStep
	for _, s := range d.steps {
		if s.empty() {
			continue
		}
		step := DesiredStep{StepRef: s.StepRef, Server: s.server, After: s.edges}
		for key := range s.but(nil) {
			w := d.wants[s.Host].Get(key)
			step.Objects = append(step.Objects, Object{w.state, w.source})
		}
		list = append(list, step)
	}
	return list
}
