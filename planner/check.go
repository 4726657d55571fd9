package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Check finds what a config asks of hosts that cannot give it: what their kernels
// lack, and what is not there. It runs before a plan is made, so that nothing is
// touched for a config that cannot work.
func Check(cfg *schema.Config, d *Desired, snapshots map[string]*resource.Snapshot) hcl.Diagnostics {
	c := checker{snapshots: snapshots, seen: map[string]bool{}}
	c.diags = d.checkForgotten(snapshots)
	for _, cluster := range cfg.Clusters {
		for _, h := range cluster.Directors {
			c.director(cluster, h)
		}
		for _, rs := range managedServers(cluster) {
			c.realServer(cluster, rs.Host)
		}
	}
	c.routes(d)
	return c.diags
}

// Notices are what hosts have to say that is no fault of the config: about their ledgers,
// and that they were rebooted.
func Notices(snapshots map[string]*resource.Snapshot) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(snapshots)) {
		snap := snapshots[name]
		for _, text := range snap.Notices {
			diags = diags.Append(&hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Ledger of host " + name, Detail: text})
		}
		if last := snap.Ledger.BootID; last != "" && last != snap.Facts.BootID && len(snap.Ledger.Claims) > 0 {
			diags = diags.Append(&hcl.Diagnostic{
				Severity: hcl.DiagWarning,
				Summary:  "Host was rebooted",
				Detail:   fmt.Sprintf("Host %s was rebooted since the last apply. What is missing there went with the reboot, and the next apply sets it up again.", name),
			})
		}
	}
	return diags
}

// A checker gathers findings about hosts. Two clusters that need the same of a host
// find its lack once.
type checker struct {
	snapshots map[string]*resource.Snapshot
	seen      map[string]bool
	diags     hcl.Diagnostics
}

// find adds a finding about a host.
func (c *checker) find(severity hcl.DiagnosticSeverity, at *hcl.Range, summary, format string, args ...any) {
	d := &hcl.Diagnostic{Severity: severity, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: at}
	if !c.seen[d.Error()] {
		c.seen[d.Error()] = true
		c.diags = c.diags.Append(d)
	}
}

// director finds what a director lacks.
func (c *checker) director(cluster *schema.Cluster, h *schema.Host) {
	snap, ok := c.snapshots[h.Name]
	if !ok {
		return
	}
	c.link(h, snap.Facts, cluster.VIPInterface(h), hcl.DiagWarning, "The director holds the VIP there, and nobody can reach it.")
	if len(snap.Facts.Schedulers) == 0 {
		c.find(hcl.DiagError, h.Range.Ptr(), "Kernel without IPVS",
			"The kernel of director %s (%s) has no ip_vs module, neither built in nor below /lib/modules/%s. "+
				"Install the distribution's standard kernel, or the package with its extra modules, and try again.",
			h.Name, snap.Facts.Kernel, snap.Facts.Kernel)
		return
	}
	for _, svc := range cluster.Services {
		if !slices.Contains(snap.Facts.Schedulers, svc.Algorithm) {
			c.find(hcl.DiagError, svc.AlgorithmAt.Ptr(), "Algorithm not available",
				"Service %q uses the algorithm %q, which the kernel of director %s (%s) does not have. It has: %s.",
				svc.Name, svc.Algorithm, h.Name, snap.Facts.Kernel, strings.Join(snap.Facts.Schedulers, ", "))
		}
	}
}

// realServer finds what a managed real server lacks.
func (c *checker) realServer(cluster *schema.Cluster, h *schema.Host) {
	snap, ok := c.snapshots[h.Name]
	if !ok {
		return
	}
	const noRoute = "The kernel takes no route through an interface that is down."
	switch cluster.Mode {
	case schema.DR:
		c.link(h, snap.Facts, "lo", hcl.DiagError, noRoute)
		c.answersForVIP(cluster, h, snap)
	case schema.NAT:
		c.link(h, snap.Facts, h.Interface, hcl.DiagError, noRoute)
	}
}

// answersForVIP finds a real server in direct routing that has the VIP where ARP is
// answered for it. What is ours goes away by itself.
func (c *checker) answersForVIP(cluster *schema.Cluster, h *schema.Host, snap *resource.Snapshot) {
	for _, a := range snap.Facts.Addresses {
		if _, ours := snap.Ledger.Claims[a.Key()]; a.Prefix.Addr() == cluster.VIP && a.Link != "lo" && !ours {
			c.find(hcl.DiagError, h.Range.Ptr(), "Real server answers for the VIP",
				"Host %s has the VIP on %s, where it answers for it whatever its ARP settings are, and clients would reach it past the director. Remove it: ip addr del %s dev %s.",
				h.Name, a.Link, a.Prefix, a.Link)
		}
	}
}

// routes finds routes in the place of wanted ones that could not be put back.
func (c *checker) routes(d *Desired) {
	for _, s := range d.steps {
		snap, ok := c.snapshots[s.Host]
		if !ok {
			continue
		}
		for _, key := range s.keys {
			found, is := snap.Live[key].(resource.Route)
			if w := d.wants[s.Host][key]; is && found.Beyond != "" {
				c.find(hcl.DiagError, lineOf(w.source), "A route is in the way",
					"Host %s has the route %s, and the config needs %s in its place. lvsctl could not put it back as it is. Remove it by hand first.",
					s.Host, found, w.state)
			}
		}
	}
}

// link finds an interface that is missing or down; why says what is wrong with the
// latter.
func (c *checker) link(h *schema.Host, facts resource.Facts, link string, down hcl.DiagnosticSeverity, why string) {
	switch {
	case !slices.Contains(facts.Links, link):
		c.find(hcl.DiagError, h.Range.Ptr(), "No such network interface",
			"Host %s has no interface %q. It has: %s.", h.Name, link, strings.Join(facts.Links, ", "))
	case slices.Contains(facts.Down, link):
		c.find(down, h.Range.Ptr(), "Network interface is down",
			"The interface %q of host %s is down. %s Bring it up first: ip link set %s up.", link, h.Name, why, link)
	}
}

// checkForgotten finds hosts that others remember as part of a cluster and that the
// config no longer has: nobody will take down what was set up there.
func (d *Desired) checkForgotten(snapshots map[string]*resource.Snapshot) hcl.Diagnostics {
	forgotten := map[string]bool{}
	for _, snap := range snapshots {
		for _, edges := range snap.Ledger.Steps {
			for _, e := range edges {
				if _, known := slices.BinarySearch(d.Hosts, e.Step.Host); !known {
					forgotten[e.Step.Host] = true
				}
			}
		}
	}
	var diags hcl.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(forgotten)) {
		diags = diags.Append(&hcl.Diagnostic{
			Severity: hcl.DiagWarning,
			Summary:  "Host no longer in the configuration",
			Detail: fmt.Sprintf("The host %q was part of a cluster and is not in the configuration any more. What lvsctl set up there stays. "+
				"To take it down, put the host block back without its use in clusters, apply, and then remove it.", name),
		})
	}
	return diags
}
