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
	diags := d.checkForgotten(snapshots)
	directors, realServers := map[*schema.Host]bool{}, map[*schema.Host]bool{} // seen so far
	for _, c := range cfg.Clusters {
		for _, h := range c.Directors {
			snap, ok := snapshots[h.Name]
			if !ok {
				continue
			}
			if !directors[h] {
				directors[h] = true
				diags = diags.Extend(checkDirector(h, snap.Facts))
			}
			diags = diags.Extend(checkSchedulers(c, h, snap.Facts))
		}
		for _, rs := range managedServers(c) {
			if snap, ok := snapshots[rs.Host.Name]; ok && !realServers[rs.Host] {
				realServers[rs.Host] = true
				diags = diags.Extend(checkRealServer(rs.Host, snap.Facts))
			}
		}
	}
	return diags
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

// checkDirector finds what a director lacks whatever its clusters are.
func checkDirector(h *schema.Host, facts resource.Facts) hcl.Diagnostics {
	var diags hcl.Diagnostics
	if len(facts.Schedulers) == 0 {
		diags = diags.Append(&hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Kernel without IPVS",
			Detail: fmt.Sprintf("The kernel of director %s (%s) has no ip_vs module, neither built in nor below /lib/modules/%s. "+
				"Install the distribution's standard kernel, or the package with its extra modules, and try again.",
				h.Name, facts.Kernel, facts.Kernel),
			Subject: h.Range.Ptr(),
		})
	}
	switch {
	case slices.Contains(facts.Down, h.Interface):
		diags = diags.Append(linkDown(hcl.DiagWarning, h, h.Interface, "The director holds the VIP there, and nobody can reach it."))
	case !slices.Contains(facts.Links, h.Interface):
		diags = diags.Append(&hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "No such network interface",
			Detail: fmt.Sprintf("Host %s has no interface %q. It has: %s. The interface is where the director holds the VIP.",
				h.Name, h.Interface, strings.Join(facts.Links, ", ")),
			Subject: h.Range.Ptr(),
		})
	}
	return diags
}

// checkRealServer finds a real server that could not hold the VIP.
func checkRealServer(h *schema.Host, facts resource.Facts) hcl.Diagnostics {
	if !slices.Contains(facts.Down, "lo") {
		return nil
	}
	return hcl.Diagnostics{linkDown(hcl.DiagError, h, "lo",
		"The real server holds the VIP there, and the kernel takes no route through an interface that is down.")}
}

// linkDown reports an interface that is there but down.
func linkDown(severity hcl.DiagnosticSeverity, h *schema.Host, link, why string) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: severity,
		Summary:  "Network interface is down",
		Detail:   fmt.Sprintf("The interface %q of host %s is down. %s Bring it up first: ip link set %s up.", link, h.Name, why, link),
		Subject:  h.Range.Ptr(),
	}
}

// checkSchedulers finds algorithms that a director's kernel does not have.
func checkSchedulers(c *schema.Cluster, director *schema.Host, facts resource.Facts) hcl.Diagnostics {
	if len(facts.Schedulers) == 0 {
		return nil // it has no IPVS at all
	}
	var diags hcl.Diagnostics
	for _, svc := range c.Services {
		if !slices.Contains(facts.Schedulers, svc.Algorithm) {
			diags = diags.Append(&hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "Algorithm not available",
				Detail: fmt.Sprintf("Service %q uses the algorithm %q, which the kernel of director %s (%s) does not have. It has: %s.",
					svc.Name, svc.Algorithm, director.Name, facts.Kernel, strings.Join(facts.Schedulers, ", ")),
				Subject: svc.AlgorithmAt.Ptr(),
			})
		}
	}
	return diags
}
