package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/lvsctl/lvsctl/schema"
	"github.com/lvsctl/lvsctl/schema/resource"
)

// Check finds what a config asks of hosts that cannot give it: what their kernels
// lack, and what is not there. It runs before a plan is made, so that nothing is
// touched for a config that cannot work.
func Check(cfg *schema.Config, snapshots map[string]*resource.Snapshot) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, c := range cfg.Clusters {
		for _, director := range c.Directors {
			snap, ok := snapshots[director.Name]
			if !ok {
				continue
			}
			if d := checkLink(director, snap.Facts); d != nil {
				diags = append(diags, d)
			}
			diags = append(diags, checkSchedulers(c, director, snap.Facts)...)
		}
	}
	return diags
}

// checkLink finds a director without the interface that the config names.
func checkLink(h *schema.Host, facts resource.Facts) *hcl.Diagnostic {
	if slices.Contains(facts.Links, h.Interface) {
		return nil
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "No such network interface",
		Detail: fmt.Sprintf("Host %s has no interface %q. It has: %s. The interface is where the director holds the VIP.",
			h.Name, h.Interface, strings.Join(facts.Links, ", ")),
		Subject: h.Range.Ptr(),
	}
}

// checkSchedulers finds algorithms that a director's kernel does not have.
func checkSchedulers(c *schema.Cluster, director *schema.Host, facts resource.Facts) hcl.Diagnostics {
	if len(facts.Schedulers) == 0 {
		return hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Kernel without IPVS",
			Detail: fmt.Sprintf("The kernel of director %s (%s) has no ip_vs module, neither built in nor below /lib/modules/%s. "+
				"Install the distribution's standard kernel, or the package with its extra modules, and try again.",
				director.Name, facts.Kernel, facts.Kernel),
			Subject: director.Range.Ptr(),
		}}
	}
	var diags hcl.Diagnostics
	for _, svc := range c.Services {
		if !slices.Contains(facts.Schedulers, svc.Algorithm) {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "Algorithm not available",
				Detail: fmt.Sprintf("Service %q uses the algorithm %q, which the kernel of director %s (%s) does not have. It has: %s.",
					svc.Name, svc.Algorithm, director.Name, facts.Kernel, strings.Join(facts.Schedulers, ", ")),
				Subject: svc.Range.Ptr(),
			})
		}
	}
	return diags
}
